/* proportional: the servers' pool is paid by r_j = sum_i s_i w_ij / sum_k w_ik, the validators' by
 * s_i of those who rate anybody.  No median, no bonds: what Yuma consensus adds is the difference.
 */
#include "mechanism/baselines.h"
#include "mechanism/shares.h"

static size_t scratch_bytes(const void *params, const struct mechanism_input *input, bool traced)
{
    (void)params;
    (void)traced;
    return 3 * mechanism_scratch_cost(input->neuron_count, sizeof(uint64_t));
}

static enum sim_status epoch(const void *params, const struct mechanism_input *input,
                             struct mechanism_output *output, struct mechanism_scratch *scratch,
                             const struct mechanism_trace *trace, struct sim_error *err)
{
    (void)trace;
    (void)err;
    const struct proportional_params *p = params;
    uint32_t n = input->neuron_count;
    uint64_t *share = mechanism_scratch_take(scratch, n, sizeof(*share));
    uint64_t *voter = mechanism_scratch_zero(scratch, n, sizeof(*voter));
    uint64_t *rank = mechanism_scratch_zero(scratch, n, sizeof(*rank));
    shares_vote(input, share, voter, rank);
    struct shares_claims claims = {
        .rank = rank, .incentive = rank, .dividends = voter, .validator_share = p->validator_share};
    shares_finish(input, &claims, output);
    return SIM_OK;
}

static const struct param_key keys[] = {
    {"validator_share", PARAM_FRACTION_U16, offsetof(struct proportional_params, validator_share),
     "0", "1", "0.5", NULL,
     "Part of the emission that goes to those who rate, in proportion to stake."},
};
static const struct param_table table =
    PARAM_TABLE("proportional", struct proportional_params, keys,
                "Baseline: pays each its share of the stake-weighted ratings.");

const struct mechanism_ops proportional_mechanism = {
    .interface_version = MECHANISM_INTERFACE_VERSION,
    .params = &table,
    .fields = SHARES_FIELDS,
    .weight_one = 65535,
    .fraction_one = UINT64_MAX,
    .scratch_bytes = scratch_bytes,
    .epoch = epoch,
};
