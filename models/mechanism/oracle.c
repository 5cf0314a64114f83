/* oracle: pays the truth, v_j^power.  No chain can; it shows what the best payer would bring. */
#include "mechanism/baselines.h"
#include "mechanism/shares.h"

static size_t scratch_bytes(const void *params, const struct mechanism_input *input, bool traced)
{
    (void)params;
    (void)traced;
    return mechanism_scratch_cost(input->neuron_count, sizeof(uint64_t)) +
           mechanism_scratch_cost(input->neuron_count, sizeof(double));
}

static enum sim_status epoch(const void *params, const struct mechanism_input *input,
                             struct mechanism_output *output, struct mechanism_scratch *scratch,
                             const struct mechanism_trace *trace, struct sim_error *err)
{
    (void)trace;
    (void)err;
    const struct oracle_params *p = params;
    const struct mechanism_outside *outside = input->outside;
    uint32_t n = input->neuron_count;
    double *value = mechanism_scratch_take(scratch, n, sizeof(*value));
    uint64_t *part = mechanism_scratch_take(scratch, n, sizeof(*part));
    for (uint32_t i = 0; i < n; i++) {
        bool split = p->split_clones && outside->clones[i] > 1;
        value[i] = split ? outside->true_value[i] / outside->clones[i] : outside->true_value[i];
    }
    shares_from_reals(value, n, p->power, part);
    struct shares_claims claims = {.rank = part, .incentive = part};
    shares_finish(input, &claims, output);
    return SIM_OK;
}

static const struct param_key keys[] = {
    {"power", PARAM_REAL, offsetof(struct oracle_params, power), "0", "1000", "1", NULL,
     "Pay follows value to this power: 0 pays all of any value alike, a large one the best only."},
    {"split_clones", PARAM_BOOL, offsetof(struct oracle_params, split_clones), NULL, NULL, "false",
     NULL, "Uids behind which the same model stands share its value."},
};
static const struct param_table table =
    PARAM_TABLE("oracle", struct oracle_params, keys, "Reference payer: knows what each is worth.");

const struct mechanism_ops oracle_mechanism = {
    .interface_version = MECHANISM_INTERFACE_VERSION,
    .params = &table,
    .needs = MECHANISM_NEEDS_TRUE_VALUE | MECHANISM_NEEDS_CLONES,
    .fields = SHARES_FIELDS,
    .weight_one = 65535,
    .fraction_one = UINT64_MAX,
    .scratch_bytes = scratch_bytes,
    .epoch = epoch,
};
