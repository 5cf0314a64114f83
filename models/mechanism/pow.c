/*
 * pow: proof of work without a purpose, or with one.  Each block of a tempo is won by one neuron,
 * i with chance h_i / sum h, where h is its work since the last epoch; or everybody is paid its
 * share of the work, as a pool pays.
 */
#include "mechanism/baselines.h"
#include "mechanism/shares.h"

static size_t scratch_bytes(const void *params, const struct mechanism_input *input, bool traced)
{
    (void)params;
    (void)traced;
    return 2 * mechanism_scratch_cost(input->neuron_count, sizeof(uint64_t)) +
           shares_race_bytes(input);
}

static uint32_t blocks_of_tempo(const struct mechanism_input *input)
{
    uint64_t blocks = input->rules.tempo_blocks;
    return blocks == 0 ? 1 : blocks > UINT32_MAX ? UINT32_MAX : (uint32_t)blocks;
}

static enum sim_status epoch(const void *params, const struct mechanism_input *input,
                             struct mechanism_output *output, struct mechanism_scratch *scratch,
                             const struct mechanism_trace *trace, struct sim_error *err)
{
    (void)trace;
    (void)err;
    const struct pow_params *p = params;
    const struct mechanism_outside *outside = input->outside;
    uint32_t n = input->neuron_count;
    uint64_t *work = mechanism_scratch_take(scratch, n, sizeof(*work));
    uint64_t *won = mechanism_scratch_zero(scratch, n, sizeof(*won));
    shares_from_reals(p->work == POW_WORK_HASHES ? outside->hashes : outside->operations, n, 1,
                      work);
    if (p->pay == POW_PAY_BLOCKS)
        shares_race(input, work, blocks_of_tempo(input), scratch, won);
    struct shares_claims claims = {.rank = work,
                                   .incentive = p->pay == POW_PAY_BLOCKS ? won : work};
    shares_finish(input, &claims, output);
    return SIM_OK;
}

static const char *const work_kinds[] = {"hashes", "operations", NULL};
static const char *const pay_kinds[] = {"blocks", "shares", NULL};
static const struct param_key keys[] = {
    {"work", PARAM_ENUM, offsetof(struct pow_params, work), NULL, NULL, "hashes", work_kinds,
     "What counts as work: hashes at the owner's hash rate, or operations that the neuron did for "
     "questions and training (useful work)."},
    {"pay", PARAM_ENUM, offsetof(struct pow_params, pay), NULL, NULL, "blocks", pay_kinds,
     "Draw a winner for each block of a tempo, or pay everybody its share of the work."},
};
static const struct param_table table = PARAM_TABLE(
    "pow", struct pow_params, keys, "Baseline: pays work, drawn block by block or by share.");

const struct mechanism_ops pow_mechanism = {
    .interface_version = MECHANISM_INTERFACE_VERSION,
    .params = &table,
    .needs = MECHANISM_NEEDS_HASHES | MECHANISM_NEEDS_OPERATIONS | MECHANISM_NEEDS_DICE,
    .fields = SHARES_FIELDS,
    .weight_one = 65535,
    .fraction_one = UINT64_MAX,
    .scratch_bytes = scratch_bytes,
    .epoch = epoch,
};
