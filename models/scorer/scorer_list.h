/*
 * scorer_list.h: the scorers, for models/registry.
 */
#ifndef SCORER_SCORER_LIST_H
#define SCORER_SCORER_LIST_H

#include "agent/scorer.h"

/* (scorer_list_count) in the order in which they are shown; the first is the default. */
extern const struct scorer_ops *const scorer_list[];
extern const size_t scorer_list_count;

#endif
