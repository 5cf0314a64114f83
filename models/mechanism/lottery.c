/* lottery: the odds are what `proportional` would pay, and a few winners get it all: the same mean,
 * a larger variance. */
#include "mechanism/baselines.h"
#include "mechanism/shares.h"

static size_t scratch_bytes(const void *params, const struct mechanism_input *input, bool traced)
{
    (void)params;
    (void)traced;
    return 4 * mechanism_scratch_cost(input->neuron_count, sizeof(uint64_t)) +
           shares_race_bytes(input);
}

static enum sim_status epoch(const void *params, const struct mechanism_input *input,
                             struct mechanism_output *output, struct mechanism_scratch *scratch,
                             const struct mechanism_trace *trace, struct sim_error *err)
{
    (void)trace;
    (void)err;
    const struct lottery_params *p = params;
    uint32_t n = input->neuron_count;
    uint64_t *share = mechanism_scratch_take(scratch, n, sizeof(*share));
    uint64_t *voter = mechanism_scratch_zero(scratch, n, sizeof(*voter));
    uint64_t *rank = mechanism_scratch_zero(scratch, n, sizeof(*rank));
    uint64_t *won = mechanism_scratch_zero(scratch, n, sizeof(*won));
    shares_vote(input, share, voter, rank);
    shares_race(input, rank, p->draws, scratch, won);
    struct shares_claims claims = {
        .rank = rank, .incentive = won, .dividends = voter, .validator_share = p->validator_share};
    shares_finish(input, &claims, output);
    return SIM_OK;
}

static const struct param_key keys[] = {
    {"validator_share", PARAM_FRACTION_U16, offsetof(struct lottery_params, validator_share), "0",
     "1", "0.5", NULL, "Part of the emission that goes to those who rate, in proportion to stake."},
    {"draws", PARAM_U32, offsetof(struct lottery_params, draws), "1", "4096", "1", NULL,
     "Tickets drawn an epoch, with replacement; each wins the same part of the servers' pool."},
};
static const struct param_table table =
    PARAM_TABLE("lottery", struct lottery_params, keys,
                "Baseline: draws who is paid, with the ratings as odds.");

const struct mechanism_ops lottery_mechanism = {
    .interface_version = MECHANISM_INTERFACE_VERSION,
    .params = &table,
    .needs = MECHANISM_NEEDS_DICE,
    .fields = SHARES_FIELDS,
    .weight_one = 65535,
    .fraction_one = UINT64_MAX,
    .scratch_bytes = scratch_bytes,
    .epoch = epoch,
};
