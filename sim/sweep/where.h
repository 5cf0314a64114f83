/*
 * where.h: a condition on a scenario, as a study's `where` writes it.
 *
 *     groups.swarm.count < groups.small.count / 2
 *     chain.tempo >= 20 blocks and not (mechanism == 'yuma3' or corpus.else == 'synthetic')
 *
 * A dotted path stands for the value of that key in the point's resolved scenario, a path of a
 * section for the name of its option.  Literals are numbers, with a unit where the key has one,
 * and texts in quotes.  From weak to strong: or; and; not; < <= > >= == !=; + -; * /; minus.
 * Numbers of different units must not meet, but that is the writer's business: both count in the
 * smallest unit (ns, RAO, bytes).
 */
#ifndef SWEEP_WHERE_H
#define SWEEP_WHERE_H

#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>

/* SIM_CONFIG, with the column (from 1) in the message, when `text` is no condition or names what
 * the scenario does not have. */
SIM_CHECKED enum sim_status where_holds(const char *text, const struct config *config,
                                        bool *ret_holds, struct sim_error *err);

#endif
