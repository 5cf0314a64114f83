/*
 * slash: an example of a mechanism that takes.  It pays as `proportional`; whoever serves, is past
 * its grace and is rated below a part of the mean loses stake, the more the less it is rated.  What
 * is taken is burned, or given to the others by their ratings.
 */
#include "mechanism/baselines.h"
#include "mechanism/shares.h"

#include "base/fixed.h"

struct slash {
    const struct mechanism_input *input;
    const struct slash_params *params;
    uint64_t *voter, *rank;
    uint8_t *accused; /* serves, and is past its grace */
    uint64_t limit;   /* ratings below this cost stake */
};

static size_t scratch_bytes(const void *params, const struct mechanism_input *input, bool traced)
{
    (void)params;
    (void)traced;
    return 3 * mechanism_scratch_cost(input->neuron_count, sizeof(uint64_t)) +
           mechanism_scratch_cost(input->neuron_count, 1);
}

/* Who has set weights is a rater and is not rated by everybody: raters lose nothing. */
static void find_limit(struct slash *s)
{
    const struct mechanism_input *in = s->input;
    fixed_u128 sum = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < in->neuron_count; i++) {
        uint64_t since = in->block_at_registration[i];
        bool past_grace = in->block >= since && in->block - since >= s->params->grace_blocks;
        s->accused[i] = in->weights.start[i] == in->weights.start[i + 1] && past_grace;
        if (!s->accused[i])
            continue;
        sum += s->rank[i];
        count++;
    }
    if (count > 0)
        s->limit = (uint64_t)(sum * s->params->threshold / 65535 / count);
}

static bool is_slashed(const struct slash *s, uint32_t i)
{
    return s->accused[i] && s->rank[i] < s->limit;
}

/* rate x stake x (limit - rank) / limit. */
static int64_t penalty_rao(const struct slash *s, uint32_t i)
{
    uint64_t most_rao = shares_part_rao(s->input->stake_rao[i], s->params->rate);
    uint64_t taken_rao = (uint64_t)((fixed_u128)most_rao * (s->limit - s->rank[i]) / s->limit);
    return taken_rao > INT64_MAX ? INT64_MAX : (int64_t)taken_rao;
}

static void take(struct slash *s, struct mechanism_output *output)
{
    fixed_u128 taken_rao = 0, rank_sum = 0;
    for (uint32_t i = 0; i < s->input->neuron_count; i++) {
        if (!is_slashed(s, i)) {
            rank_sum += s->rank[i];
            continue;
        }
        output->stake_change_rao[i] = -penalty_rao(s, i);
        taken_rao += (uint64_t)-output->stake_change_rao[i];
    }
    if (s->params->taken == SLASH_BURNED || rank_sum == 0 || taken_rao > INT64_MAX)
        return;
    for (uint32_t i = 0; i < s->input->neuron_count; i++)
        if (!is_slashed(s, i))
            output->stake_change_rao[i] = (int64_t)(taken_rao * s->rank[i] / rank_sum);
}

static enum sim_status epoch(const void *params, const struct mechanism_input *input,
                             struct mechanism_output *output, struct mechanism_scratch *scratch,
                             const struct mechanism_trace *trace, struct sim_error *err)
{
    (void)trace;
    (void)err;
    uint32_t n = input->neuron_count;
    uint64_t *share = mechanism_scratch_take(scratch, n, sizeof(*share));
    struct slash s = {.input = input,
                      .params = params,
                      .voter = mechanism_scratch_zero(scratch, n, sizeof(uint64_t)),
                      .rank = mechanism_scratch_zero(scratch, n, sizeof(uint64_t)),
                      .accused = mechanism_scratch_zero(scratch, n, 1)};
    shares_vote(input, share, s.voter, s.rank);
    struct shares_claims claims = {.rank = s.rank,
                                   .incentive = s.rank,
                                   .dividends = s.voter,
                                   .validator_share = s.params->validator_share};
    shares_finish(input, &claims, output);
    find_limit(&s);
    take(&s, output);
    return SIM_OK;
}

static const char *const taken_kinds[] = {"burned", "given", NULL};
static const struct param_key keys[] = {
    {"validator_share", PARAM_FRACTION_U16, offsetof(struct slash_params, validator_share), "0",
     "1", "0.5", NULL, "Part of the emission that goes to those who rate, in proportion to stake."},
    {"threshold", PARAM_FRACTION_U16, offsetof(struct slash_params, threshold), "0", "1", "0.25",
     NULL, "Part of the mean rating of those who serve below which stake is lost."},
    {"rate", PARAM_FRACTION_U16, offsetof(struct slash_params, rate), "0", "1", "0.01", NULL,
     "Part of its stake that a neuron without any rating loses an epoch."},
    {"grace", PARAM_BLOCKS, offsetof(struct slash_params, grace_blocks), NULL, NULL, "100 blocks",
     NULL, "Time after registration in which nothing is taken."},
    {"taken", PARAM_ENUM, offsetof(struct slash_params, taken), NULL, NULL, "burned", taken_kinds,
     "What becomes of it: burned, or given to the others by their ratings."},
};
static const struct param_table table =
    PARAM_TABLE("slash", struct slash_params, keys,
                "Example of one that takes: low ratings cost stake; pays as proportional.");

const struct mechanism_ops slash_mechanism = {
    .interface_version = MECHANISM_INTERFACE_VERSION,
    .params = &table,
    .fields = SHARES_FIELDS | MECHANISM_STAKE_CHANGE,
    .weight_one = 65535,
    .fraction_one = UINT64_MAX,
    .scratch_bytes = scratch_bytes,
    .epoch = epoch,
};
