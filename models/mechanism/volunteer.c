/* volunteer: nobody is paid.  What volunteers do is credited, as projects of volunteers publish it:
 * rank = operations done. */
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
    (void)params;
    (void)trace;
    (void)err;
    uint64_t *credit = mechanism_scratch_take(scratch, input->neuron_count, sizeof(*credit));
    shares_from_reals(input->outside->operations, input->neuron_count, 1, credit);
    struct shares_claims claims = {.rank = credit};
    shares_finish(input, &claims, output);
    return SIM_OK;
}

static const struct param_table table =
    PARAM_TABLE_EMPTY("volunteer", "Baseline: pays nobody; work is credited.");

const struct mechanism_ops volunteer_mechanism = {
    .interface_version = MECHANISM_INTERFACE_VERSION,
    .params = &table,
    .needs = MECHANISM_NEEDS_OPERATIONS,
    .fields = SHARES_FIELDS,
    .weight_one = 65535,
    .fraction_one = UINT64_MAX,
    .scratch_bytes = scratch_bytes,
    .epoch = epoch,
};
