/*
 * mute: leaves a share of its callers waiting until they give up, to save its operations.
 */
#include "strategy/strategy_list.h"

struct mute_params {
    double silence; /* chance that a request is not answered */
};

static const struct param_key mute_keys[] = {
    {"silence", PARAM_REAL, offsetof(struct mute_params, silence), "0", "1", "1", NULL,
     "chance that a request is not answered"},
};
static const struct param_condition mute_conditions[] = {{"silence", "model!=none"}};
static const struct param_table mute_table = PARAM_TABLE_WHEN(
    "mute", struct mute_params, mute_keys, mute_conditions, "answers only some of its callers");

static enum strategy_answer mute_answer(const void *params, const struct strategy_view *view,
                                        const struct strategy_caller *caller, struct stream *stream)
{
    (void)view;
    (void)caller;
    const struct mute_params *mute = params;
    return stream_uniform(stream) < mute->silence ? STRATEGY_REFUSE : STRATEGY_ANSWER;
}

const struct strategy_ops strategy_mute = {.params = &mute_table, .answer = mute_answer};
