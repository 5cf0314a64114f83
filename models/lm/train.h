/*
 * train.h: one step of learning, for every model alike (struct lm_trainer in agent/lm.h).
 */
#ifndef LM_TRAIN_H
#define LM_TRAIN_H

#include "agent/lm.h"

extern const struct param_table lm_optimiser_table;
extern const struct lm_trainer lm_trainer;

/* The rate of step `step` (from 0), with warm-up and decay. */
double lm_learning_rate(const struct lm_optimiser *optimiser, uint64_t step);

#endif
