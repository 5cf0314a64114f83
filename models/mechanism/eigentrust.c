/*
 * eigentrust: t = (1 - a) C^T t + a p (Kamvar, Schlosser and Garcia-Molina 2003).  C is each one's
 * weights as fractions of their row; who rates nobody trusts as p does; p is the stake of each, or
 * all alike.  Everybody is paid its global trust t.
 *
 * In units of 2^-62, all products cut down: n of them are lost an iteration, which no rao shows.
 */
#include "mechanism/baselines.h"
#include "mechanism/shares.h"

#include "base/fixed.h"

#include <string.h>

struct eigentrust {
    const struct mechanism_input *input;
    uint64_t *trust, *next, *pretrusted;
    uint16_t restart;
};

static size_t scratch_bytes(const void *params, const struct mechanism_input *input, bool traced)
{
    (void)params;
    (void)traced;
    return 3 * mechanism_scratch_cost(input->neuron_count, sizeof(uint64_t));
}

static void find_pretrusted(struct eigentrust *e, int kind)
{
    uint32_t n = e->input->neuron_count;
    for (uint32_t i = 0; i < n; i++)
        e->pretrusted[i] = kind == EIGENTRUST_UNIFORM ? 1 : shares_stake_rao(e->input, i);
    shares_normalise(e->pretrusted, n, e->pretrusted);
}

/* next = (1 - a) C^T trust + a p; returns sum |next - trust|. */
static fixed_u128 iterate(struct eigentrust *e)
{
    uint32_t n = e->input->neuron_count;
    uint64_t unspoken = 0; /* trust of those who rate nobody */
    memset(e->next, 0, n * sizeof(*e->next));
    for (uint32_t i = 0; i < n; i++)
        if (e->trust[i] > 0 &&
            (!shares_is_active(e->input, i) || !shares_spread(e->input, i, e->trust[i], e->next)))
            unspoken += e->trust[i];
    fixed_u128 moved = 0;
    for (uint32_t j = 0; j < n; j++) {
        uint64_t p = e->pretrusted[j];
        uint64_t voted = e->next[j] + (uint64_t)((fixed_u128)unspoken * p / SHARES_ONE);
        e->next[j] =
            (uint64_t)(((fixed_u128)(65535u - e->restart) * voted + (fixed_u128)e->restart * p) /
                       65535);
        moved += e->next[j] > e->trust[j] ? e->next[j] - e->trust[j] : e->trust[j] - e->next[j];
    }
    return moved;
}

static enum sim_status epoch(const void *params, const struct mechanism_input *input,
                             struct mechanism_output *output, struct mechanism_scratch *scratch,
                             const struct mechanism_trace *trace, struct sim_error *err)
{
    (void)trace;
    (void)err;
    const struct eigentrust_params *p = params;
    uint32_t n = input->neuron_count;
    struct eigentrust e = {.input = input,
                           .trust = mechanism_scratch_take(scratch, n, sizeof(uint64_t)),
                           .next = mechanism_scratch_take(scratch, n, sizeof(uint64_t)),
                           .pretrusted = mechanism_scratch_take(scratch, n, sizeof(uint64_t)),
                           .restart = p->restart};
    find_pretrusted(&e, p->pretrusted);
    memcpy(e.trust, e.pretrusted, n * sizeof(*e.trust));
    fixed_u128 tolerance = (fixed_u128)(p->tolerance * (double)SHARES_ONE);
    fixed_u128 moved = tolerance + 1;
    for (uint32_t k = 0; k < p->max_iterations && moved > tolerance; k++) {
        moved = iterate(&e);
        uint64_t *swap = e.trust;
        e.trust = e.next;
        e.next = swap;
    }
    struct shares_claims claims = {.rank = e.trust, .incentive = e.trust};
    shares_finish(input, &claims, output);
    return SIM_OK;
}

static const char *const pretrusted_kinds[] = {"stake", "uniform", NULL};
static const struct param_key keys[] = {
    {"restart", PARAM_FRACTION_U16, offsetof(struct eigentrust_params, restart), "0", "1", "0.15",
     NULL, "a: how much everybody trusts the pre-trusted beside its own ratings."},
    {"pretrusted", PARAM_ENUM, offsetof(struct eigentrust_params, pretrusted), NULL, NULL, "stake",
     pretrusted_kinds, "p: in proportion to stake, or all alike (which sybils multiply)."},
    {"tolerance", PARAM_REAL, offsetof(struct eigentrust_params, tolerance), "0", "1", "1e-9", NULL,
     "The iteration ends when trust moves by less than this in sum."},
    {"max_iterations", PARAM_U32, offsetof(struct eigentrust_params, max_iterations), "1", "10000",
     "200", NULL, "The iteration ends here at the latest."},
};
static const struct param_table table =
    PARAM_TABLE("eigentrust", struct eigentrust_params, keys,
                "Baseline: pays global trust, the fixed point of everybody's ratings.");

const struct mechanism_ops eigentrust_mechanism = {
    .interface_version = MECHANISM_INTERFACE_VERSION,
    .params = &table,
    .fields = SHARES_FIELDS,
    .weight_one = 65535,
    .fraction_one = UINT64_MAX,
    .scratch_bytes = scratch_bytes,
    .epoch = epoch,
};
