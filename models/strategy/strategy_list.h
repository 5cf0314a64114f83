/*
 * strategy_list.h: all strategies, by the names that a scenario uses.
 */
#ifndef STRATEGY_LIST_H
#define STRATEGY_LIST_H

#include "agent/strategy.h"

/* NULL-terminated. */
extern const struct strategy_ops *const strategy_list[];

extern const struct strategy_ops strategy_honest;
extern const struct strategy_ops strategy_mute;
extern const struct strategy_ops strategy_garbage;
extern const struct strategy_ops strategy_cabal;

#endif
