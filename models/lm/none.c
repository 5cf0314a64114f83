/*
 * none: no model at all, for runs that are about the chain alone.
 *
 * A neuron without a model holds a uid, announces an axon if it is a miner, sets the weights that
 * its strategy makes and moves its money; it asks nobody, answers nobody and learns nothing.
 */
#include "lm/lm_list.h"

static const struct param_table none_table = PARAM_TABLE_EMPTY(
    "none", "no model: registers, stakes and weights by its strategy, but asks and answers nobody");

static size_t count_nothing(const void *shape)
{
    (void)shape;
    return 0;
}

static uint32_t no_width(const void *shape)
{
    (void)shape;
    return 0;
}

const struct lm_ops lm_none_ops = {
    .table = &none_table, .parameter_count = count_nothing, .hidden_width = no_width};
