/*
 * garbage: answers at once with the uniform distribution, which costs nothing and tells nothing.
 */
#include "strategy/strategy_list.h"

static const struct param_table garbage_table =
    PARAM_TABLE_EMPTY("garbage", "answers with the uniform distribution, without a forward pass");

static enum strategy_answer garbage_answer(const void *params, const struct strategy_view *view,
                                           const struct strategy_caller *caller,
                                           struct stream *stream)
{
    (void)params;
    (void)view;
    (void)caller;
    (void)stream;
    return STRATEGY_GUESS;
}

const struct strategy_ops strategy_garbage = {.params = &garbage_table, .answer = garbage_answer};
