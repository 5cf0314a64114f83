/*
 * central: one operator measures everybody and pays by what it finds.  In an epoch in which it is
 * corrupt (chance p) a part of the emission goes to its accomplices, all alike, and only the rest
 * by value.  Without accomplices there is nobody to favour.
 */
#include "mechanism/baselines.h"
#include "mechanism/shares.h"

#include "base/fixed.h"
#include "base/stream.h"

#include <math.h>

static size_t scratch_bytes(const void *params, const struct mechanism_input *input, bool traced)
{
    (void)params;
    (void)traced;
    return 3 * mechanism_scratch_cost(input->neuron_count, sizeof(uint64_t)) +
           mechanism_scratch_cost(input->neuron_count, sizeof(double));
}

static bool is_corrupt(const struct mechanism_input *input, double chance)
{
    struct stream dice;
    stream_init(&dice, input->outside->network_dice, STREAM_MECHANISM, 0, 0);
    return stream_uniform(&dice) < chance;
}

/* exp(noise x) with a standard normal x of the neuron's own dice (Box and Muller 1958). */
static double error_factor(uint64_t word, double noise)
{
    struct stream dice;
    stream_init(&dice, word, STREAM_MECHANISM, 0, 0);
    double radius = sqrt(-2 * log1p(-stream_uniform(&dice)));
    return exp(noise * radius * cos(2 * M_PI * stream_uniform(&dice)));
}

static void measure(const struct mechanism_input *input, const struct central_params *params,
                    double *value, uint64_t *ret_part)
{
    const struct mechanism_outside *outside = input->outside;
    for (uint32_t i = 0; i < input->neuron_count; i++) {
        value[i] = outside->true_value[i];
        if (params->noise > 0)
            value[i] *= error_factor(outside->dice[i], params->noise);
    }
    shares_from_reals(value, input->neuron_count, params->power, ret_part);
}

/* claim = skim favour + (1 - skim) claim, all as shares of their sums. */
static void favour(uint64_t *favoured, uint64_t *claim, uint32_t n, uint16_t skim)
{
    shares_normalise(favoured, n, favoured);
    shares_normalise(claim, n, claim);
    for (uint32_t i = 0; i < n; i++)
        claim[i] =
            (uint64_t)(((fixed_u128)favoured[i] * skim + (fixed_u128)claim[i] * (65535u - skim)) /
                       65535);
}

static enum sim_status epoch(const void *params, const struct mechanism_input *input,
                             struct mechanism_output *output, struct mechanism_scratch *scratch,
                             const struct mechanism_trace *trace, struct sim_error *err)
{
    (void)trace;
    (void)err;
    const struct central_params *p = params;
    uint32_t n = input->neuron_count, accomplices = 0;
    double *value = mechanism_scratch_take(scratch, n, sizeof(*value));
    uint64_t *part = mechanism_scratch_take(scratch, n, sizeof(*part));
    uint64_t *claim = mechanism_scratch_take(scratch, n, sizeof(*claim));
    uint64_t *favoured = mechanism_scratch_take(scratch, n, sizeof(*favoured));
    measure(input, p, value, part);
    for (uint32_t i = 0; i < n; i++) {
        claim[i] = part[i];
        favoured[i] = input->outside->accomplice[i];
        accomplices += input->outside->accomplice[i];
    }
    if (accomplices > 0 && is_corrupt(input, p->corruption))
        favour(favoured, claim, n, p->skim);
    struct shares_claims claims = {.rank = part, .incentive = claim};
    shares_finish(input, &claims, output);
    return SIM_OK;
}

static const struct param_key keys[] = {
    {"corruption", PARAM_REAL, offsetof(struct central_params, corruption), "0", "1", "0.1", NULL,
     "p: the chance that the operator is corrupt, drawn anew each epoch."},
    {"skim", PARAM_FRACTION_U16, offsetof(struct central_params, skim), "0", "1", "1", NULL,
     "Part of the emission that a corrupt operator hands to its accomplices (groups marked "
     "attacker)."},
    {"noise", PARAM_REAL, offsetof(struct central_params, noise), "0", "10", "0", NULL,
     "Error of the operator's measurement: standard deviation of the logarithm of value."},
    {"power", PARAM_REAL, offsetof(struct central_params, power), "0", "1000", "1", NULL,
     "Pay follows the measured value to this power."},
};
static const struct param_table table =
    PARAM_TABLE("central", struct central_params, keys,
                "Reference payer: an operator who measures, and is corrupt now and then.");

const struct mechanism_ops central_mechanism = {
    .interface_version = MECHANISM_INTERFACE_VERSION,
    .params = &table,
    .needs = MECHANISM_NEEDS_TRUE_VALUE | MECHANISM_NEEDS_ACCOMPLICES | MECHANISM_NEEDS_DICE,
    .fields = SHARES_FIELDS,
    .weight_one = 65535,
    .fraction_one = UINT64_MAX,
    .scratch_bytes = scratch_bytes,
    .epoch = epoch,
};
