/* stake: pay_i = E S_i / sum S.  The chain's security without its purpose: nobody is rated. */
#include "mechanism/baselines.h"
#include "mechanism/shares.h"

static size_t scratch_bytes(const void *params, const struct mechanism_input *input, bool traced)
{
    (void)params;
    (void)traced;
    return mechanism_scratch_cost(input->neuron_count, sizeof(uint64_t));
}

static enum sim_status epoch(const void *params, const struct mechanism_input *input,
                             struct mechanism_output *output, struct mechanism_scratch *scratch,
                             const struct mechanism_trace *trace, struct sim_error *err)
{
    (void)trace;
    (void)err;
    const struct stake_params *p = params;
    uint32_t n = input->neuron_count;
    uint64_t *stake_rao = mechanism_scratch_take(scratch, n, sizeof(*stake_rao));
    for (uint32_t i = 0; i < n; i++)
        stake_rao[i] =
            p->active_only && !shares_is_active(input, i) ? 0 : shares_stake_rao(input, i);
    /* As dividends: those who delegate get their part. */
    struct shares_claims claims = {.rank = stake_rao, .dividends = stake_rao};
    shares_finish(input, &claims, output);
    return SIM_OK;
}

static const struct param_key keys[] = {
    {"active_only", PARAM_BOOL, offsetof(struct stake_params, active_only), NULL, NULL, "false",
     NULL, "Pay only those who have set weights within the activity cut-off."},
};
static const struct param_table table =
    PARAM_TABLE("stake", struct stake_params, keys, "Baseline: pays stake, and nothing else.");

const struct mechanism_ops stake_mechanism = {
    .interface_version = MECHANISM_INTERFACE_VERSION,
    .params = &table,
    .fields = SHARES_FIELDS,
    .weight_one = 65535,
    .fraction_one = UINT64_MAX,
    .scratch_bytes = scratch_bytes,
    .epoch = epoch,
};
