/* benchmark: pays b_j^power, the score in a fixed public test: a market's rival. */
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
    const struct benchmark_params *p = params;
    uint64_t *part = mechanism_scratch_take(scratch, input->neuron_count, sizeof(*part));
    shares_from_reals(input->outside->benchmark_score, input->neuron_count, p->power, part);
    struct shares_claims claims = {.rank = part, .incentive = part};
    shares_finish(input, &claims, output);
    return SIM_OK;
}

static const struct param_key keys[] = {
    {"power", PARAM_REAL, offsetof(struct benchmark_params, power), "0", "1000", "1", NULL,
     "Pay follows the score to this power: 0 pays all of any score alike, a large one the best "
     "only."},
};
static const struct param_table table = PARAM_TABLE(
    "benchmark", struct benchmark_params, keys, "Reference payer: a fixed public test decides.");

const struct mechanism_ops benchmark_mechanism = {
    .interface_version = MECHANISM_INTERFACE_VERSION,
    .params = &table,
    .needs = MECHANISM_NEEDS_BENCHMARK,
    .fields = SHARES_FIELDS,
    .weight_one = 65535,
    .fraction_one = UINT64_MAX,
    .scratch_bytes = scratch_bytes,
    .epoch = epoch,
};
