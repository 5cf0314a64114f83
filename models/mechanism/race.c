/* race: who solves the epoch's puzzle first takes all.  With several winners they share alike;
 * whoever ties with the last of them is one too. */
#include "mechanism/baselines.h"
#include "mechanism/shares.h"

static size_t scratch_bytes(const void *params, const struct mechanism_input *input, bool traced)
{
    (void)params;
    (void)traced;
    return mechanism_scratch_cost(input->neuron_count, sizeof(uint64_t));
}

/* The earliest time later than `after`, with the number of those who have it. */
static int64_t next_time_ns(const struct mechanism_input *input, int64_t after_ns,
                            uint32_t *ret_count)
{
    int64_t next_ns = INT64_MAX;
    *ret_count = 0;
    for (uint32_t i = 0; i < input->neuron_count; i++) {
        int64_t time_ns = input->outside->solve_time_ns[i];
        if (time_ns <= after_ns || time_ns > next_ns)
            continue;
        *ret_count = time_ns < next_ns ? 1 : *ret_count + 1;
        next_ns = time_ns;
    }
    return next_ns;
}

/* The time of the last winner; INT64_MIN where nobody solved it. */
static int64_t last_time_ns(const struct mechanism_input *input, uint32_t winners)
{
    int64_t last_ns = INT64_MIN;
    for (uint32_t found = 0, count; found < winners; found += count) {
        int64_t next_ns = next_time_ns(input, last_ns, &count);
        if (next_ns == INT64_MAX)
            return last_ns;
        last_ns = next_ns;
    }
    return last_ns;
}

static enum sim_status epoch(const void *params, const struct mechanism_input *input,
                             struct mechanism_output *output, struct mechanism_scratch *scratch,
                             const struct mechanism_trace *trace, struct sim_error *err)
{
    (void)trace;
    (void)err;
    const struct race_params *p = params;
    uint32_t n = input->neuron_count;
    uint64_t *won = mechanism_scratch_zero(scratch, n, sizeof(*won));
    int64_t last_ns = last_time_ns(input, p->winners);
    for (uint32_t i = 0; i < n; i++)
        won[i] = input->outside->solve_time_ns[i] <= last_ns;
    struct shares_claims claims = {.rank = won, .incentive = won};
    shares_finish(input, &claims, output);
    return SIM_OK;
}

static const struct param_key keys[] = {
    {"winners", PARAM_U32, offsetof(struct race_params, winners), "1", "65536", "1", NULL,
     "How many of the first solvers are paid, all alike."},
};
static const struct param_table table =
    PARAM_TABLE("race", struct race_params, keys, "Baseline: the first solver takes all.");

const struct mechanism_ops race_mechanism = {
    .interface_version = MECHANISM_INTERFACE_VERSION,
    .params = &table,
    .needs = MECHANISM_NEEDS_SOLVE_TIME,
    .fields = SHARES_FIELDS,
    .weight_one = 65535,
    .fraction_one = UINT64_MAX,
    .scratch_bytes = scratch_bytes,
    .epoch = epoch,
};
