/*
 * The epoch of nakamoto.  I65F63 throughout (base/fixed.h); every product rounds down and every
 * quotient toward zero where the chain's does, and nowhere else.  Names follow
 * docs/mechanisms/nakamoto.md: s share of the active stake, w weight, r rank, t trust, b bond.
 */
#include "mechanism/nakamoto.h"

#include "base/fixed.h"
#include "mechanism/ascending.h"

#include <string.h>

struct nakamoto {
    const struct mechanism_input *input;
    struct mechanism_output *output;
    uint32_t n;
    uint64_t kappa, self_ownership, average; /* 1/kappa, 1/self_ownership, weight of old bonds */
    uint32_t rho;
    uint8_t *active;
    fixed_i128 *share;        /* s, of the active stake; may exceed 1 for inactive ones */
    fixed_i128 *rank, *trust; /* of those who are rated */
    fixed_i128 *consensus, *incentive, *dividends;
    uint64_t *rank_sum,
        *trust_sum;          /* the same while they are summed: at most 1, the share of all */
    uint64_t *bond_total;    /* of a column, rao */
    fixed_i128 active_share; /* sum of s over active ones */
    uint64_t bonds_purchased_rao;
    struct ascending_room weight_room, bond_room;
};

/* A divisor prepared for many quotients: shifted to the left end, with its reciprocal
 * floor((2^128 - 1) / d) - 2^64 (Moeller and Granlund, Improved division by invariant integers,
 * IEEE Transactions on Computers 2011). */
struct divisor {
    uint64_t shifted, inverse;
    unsigned shift;
};

static size_t scratch_bytes(const void *params, const struct mechanism_input *input, bool traced)
{
    (void)params;
    (void)traced;
    size_t n = input->neuron_count;
    return 6 * mechanism_scratch_cost(n, sizeof(fixed_i128)) + mechanism_scratch_cost(n, 1) +
           3 * mechanism_scratch_cost(n, sizeof(uint64_t)) +
           mechanism_scratch_cost(n, sizeof(struct divisor)) +
           2 * (2 * mechanism_scratch_cost(n, sizeof(uint32_t)) +
                2 * mechanism_scratch_cost(n, sizeof(uint64_t)));
}

static struct ascending_room take_room(struct mechanism_scratch *scratch, size_t n)
{
    return (struct ascending_room){
        .column = mechanism_scratch_take(scratch, n, sizeof(uint32_t)),
        .wide = mechanism_scratch_take(scratch, n, sizeof(uint64_t)),
        .narrow = mechanism_scratch_take(scratch, n, sizeof(uint32_t)),
        .slot = mechanism_scratch_zero(scratch, n, sizeof(uint64_t)),
    };
}

static void take_memory(struct nakamoto *e, struct mechanism_scratch *scratch)
{
    fixed_i128 **const vectors[] = {&e->share,     &e->rank,      &e->trust,
                                    &e->consensus, &e->incentive, &e->dividends};
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
        *vectors[i] = mechanism_scratch_zero(scratch, e->n, sizeof(fixed_i128));
    e->active = mechanism_scratch_zero(scratch, e->n, 1);
    e->bond_total = mechanism_scratch_zero(scratch, e->n, sizeof(uint64_t));
    e->rank_sum = mechanism_scratch_zero(scratch, e->n, sizeof(uint64_t));
    e->trust_sum = mechanism_scratch_zero(scratch, e->n, sizeof(uint64_t));
    e->weight_room = take_room(scratch, e->n);
    e->bond_room = take_room(scratch, e->n);
}

/* ------------------------------------------------------------------------------------- voters */

/* floor(log2(stake + 1)). */
static uint64_t log2_of_stake(uint64_t stake_rao)
{
    if (stake_rao == UINT64_MAX)
        return 64;
    return 63 - (uint64_t)__builtin_clzll(stake_rao + 1);
}

static void find_shares(struct nakamoto *e)
{
    const struct mechanism_input *in = e->input;
    uint64_t active_stake_rao = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        e->active[i] = in->block - in->last_update[i] < in->rules.activity_cutoff_blocks;
        e->output->priority[i] += log2_of_stake(in->stake_rao[i]);
        if (e->active[i])
            active_stake_rao += in->stake_rao[i];
    }
    fixed_i128 total = fixed63_from_u64(active_stake_rao);
    for (uint32_t i = 0; i < e->n && total != 0; i++) {
        e->share[i] = fixed63_div(fixed63_from_u64(in->stake_rao[i]), total);
        if (e->active[i])
            e->active_share += e->share[i];
    }
}

/* -------------------------------------------------------------------------------------- voting */

/* w / (2^32 - 1). */
static uint64_t weight_fraction(uint32_t weight)
{
    uint64_t high = (uint64_t)weight << 31;
    return high + high / UINT32_MAX;
}

/* floor((1 - average) r emission / 2^126): the rao that buy a bond.  The chain's product with the
 * emission is exact; the one with (1 - average) rounds down, and so does the amount. */
static uint64_t bond_increment_rao(const struct nakamoto *e, uint64_t rank_increment)
{
    fixed_u128 spent = (fixed_u128)rank_increment * e->input->emission_rao;
    uint64_t fresh = ((uint64_t)1 << 63) - e->average;
    fixed_u128 low = (fixed_u128)(uint64_t)spent * fresh;
    fixed_u128 high = (fixed_u128)(uint64_t)(spent >> 64) * fresh + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 62);
}

/* What i adds to j by weight w; returns the rao by which the bond grows. */
static inline uint64_t vote(struct nakamoto *e, uint64_t share, uint32_t j, uint32_t weight)
{
    uint64_t rank = (uint64_t)(((fixed_u128)share * weight_fraction(weight)) >> 63);
    e->rank_sum[j] += rank;
    e->trust_sum[j] += share;
    return bond_increment_rao(e, rank);
}

static bool bond_is_void(const struct nakamoto *e, uint32_t j)
{
    return e->input->pruned != NULL && e->input->pruned[j];
}

/* floor(average b): every bond decays before it is used, whoever holds it. */
static uint64_t decayed(const struct nakamoto *e, uint64_t bond_rao)
{
    return (uint64_t)(((fixed_u128)bond_rao * e->average) >> 63);
}

/* Row i: old bonds decay, votes add to them; what is not zero is stored, ascending. */
static uint64_t update_row(struct nakamoto *e, uint32_t i, uint64_t count)
{
    const struct mechanism_weights *w = &e->input->weights;
    const struct mechanism_bonds *b = &e->input->bonds;
    struct mechanism_bonds_out *out = &e->output->bonds;
    struct ascending_u64 old =
        ascending_row_u64(b->column + b->start[i], b->value + b->start[i],
                          b->start[i + 1] - b->start[i], e->n, &e->bond_room);
    uint64_t share = e->active[i] ? (uint64_t)e->share[i] : 0;
    bool votes = share != 0;
    struct ascending_u32 rated = {NULL, NULL, 0};
    if (votes)
        rated = ascending_row_u32(w->column + w->start[i], w->value + w->start[i],
                                  w->start[i + 1] - w->start[i], e->n, &e->weight_room);
    for (uint32_t o = 0, r = 0; o < old.count || r < rated.count;) {
        uint32_t old_column = o < old.count ? old.column[o] : UINT32_MAX;
        uint32_t rated_column = r < rated.count ? rated.column[r] : UINT32_MAX;
        uint32_t j = old_column < rated_column ? old_column : rated_column;
        uint64_t bond_rao = 0;
        if (old_column == j) {
            bond_rao = bond_is_void(e, j) ? 0 : decayed(e, old.value[o]);
            o++;
        }
        if (rated_column == j) {
            uint64_t bought_rao = j == i ? 0 : vote(e, share, j, rated.value[r]);
            e->bonds_purchased_rao += bought_rao;
            bond_rao += bought_rao;
            r++;
        }
        if (bond_rao == 0)
            continue;
        e->bond_total[j] += bond_rao;
        out->column[count] = j;
        out->value[count++] = bond_rao;
    }
    return count;
}

static void update_rows(struct nakamoto *e)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        count = update_row(e, i, count);
        e->output->bonds.start[i + 1] = count;
    }
    for (uint32_t j = 0; j < e->n; j++) {
        e->rank[j] = e->rank_sum[j];
        e->trust[j] = e->trust_sum[j];
    }
}

/* --------------------------------------------------------------------------------- who is paid */

static fixed_i128 sum_of(const fixed_i128 *x, uint32_t n)
{
    fixed_i128 sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

static void divide_by(fixed_i128 *x, uint32_t n, fixed_i128 divisor)
{
    for (uint32_t i = 0; i < n; i++)
        x[i] = fixed63_div(x[i], divisor);
}

/* 1 / (1 + exp(-rho (t - 1/kappa))). */
static fixed_i128 consensus_of(const struct nakamoto *e, fixed_i128 trust)
{
    fixed_i128 shifted = trust - (fixed_i128)e->kappa, power;
    fixed_i128 exponent = fixed63_mul(-shifted, fixed63_from_u64(e->rho));
    if (!fixed63_exp(exponent, &power))
        return 0;
    return fixed63_div(FIXED63_ONE, FIXED63_ONE + power);
}

static void find_incentives(struct nakamoto *e)
{
    fixed_i128 rank_sum = sum_of(e->rank, e->n), trust_sum = sum_of(e->trust, e->n);
    if (rank_sum <= 0 || trust_sum <= 0)
        return;
    divide_by(e->rank, e->n, rank_sum);
    divide_by(e->trust, e->n, e->active_share);
    for (uint32_t j = 0; j < e->n; j++) {
        e->consensus[j] = consensus_of(e, e->trust[j]);
        e->incentive[j] = fixed63_mul(e->rank[j], e->consensus[j]);
    }
    fixed_i128 incentive_sum = sum_of(e->incentive, e->n);
    if (incentive_sum != 0)
        divide_by(e->incentive, e->n, incentive_sum);
}

/* Own part of the incentive, all of it where nobody holds bonds. */
static void pay_owners(struct nakamoto *e)
{
    fixed_i128 own = (fixed_i128)e->self_ownership;
    for (uint32_t i = 0; i < e->n; i++) {
        e->dividends[i] = fixed63_mul(e->incentive[i], own);
        if (e->bond_total[i] == 0)
            e->dividends[i] += fixed63_mul(e->incentive[i], FIXED63_ONE - own);
    }
}

static struct divisor divisor_of(uint64_t d)
{
    unsigned shift = d == 0 ? 0 : (unsigned)__builtin_clzll(d);
    uint64_t shifted = d == 0 ? (uint64_t)1 << 63 : d << shift;
    return (struct divisor){shifted, (uint64_t)(~(fixed_u128)0 / shifted), shift};
}

/* floor(x 2^63 / d) for x <= d: their algorithm 4, exact. */
static inline uint64_t quotient(uint64_t x, const struct divisor *d)
{
    uint64_t high = x << d->shift >> 1, low = x << d->shift << 63;
    fixed_u128 estimate = (fixed_u128)d->inverse * high + ((fixed_u128)high << 64 | low);
    uint64_t q = (uint64_t)(estimate >> 64) + 1;
    uint64_t rest = low - q * d->shifted;
    bool too_large = rest > (uint64_t)estimate;
    q -= too_large;
    rest += too_large ? d->shifted : 0;
    return q + (rest >= d->shifted);
}

static inline uint64_t multiply(uint64_t a, uint64_t b)
{
    return (uint64_t)(((fixed_u128)a * b) >> 63);
}

/* The bond holders' part: sum_j incentive_j ((1 - own) (b_ij / bond_total_j)). */
static void pay_holders(struct nakamoto *e, struct mechanism_scratch *scratch)
{
    const struct mechanism_bonds_out *bonds = &e->output->bonds;
    uint64_t lent = ((uint64_t)1 << 63) - e->self_ownership;
    struct divisor *total = mechanism_scratch_take(scratch, e->n, sizeof(*total));
    for (uint32_t j = 0; j < e->n; j++)
        total[j] = divisor_of(e->bond_total[j]);
    for (uint32_t i = 0; i < e->n; i++) {
        fixed_u128 sum = 0;
        for (uint64_t k = bonds->start[i]; k < bonds->start[i + 1]; k++) {
            uint32_t j = bonds->column[k];
            uint64_t held = quotient(bonds->value[k], &total[j]);
            sum += multiply((uint64_t)e->incentive[j], multiply(lent, held));
        }
        e->dividends[i] += (fixed_i128)sum;
    }
}

/* -------------------------------------------------------------------------------------- output */

/* floor(x (2^64 - 1)). */
static void store(const fixed_i128 *x, uint32_t n, uint64_t *ret)
{
    for (uint32_t i = 0; i < n; i++)
        ret[i] = fixed63_to_u64(fixed63_mul(x[i], fixed63_from_u64(UINT64_MAX)));
}

static void store_all(struct nakamoto *e)
{
    struct mechanism_output *out = e->output;
    store(e->rank, e->n, out->rank);
    store(e->trust, e->n, out->trust);
    store(e->consensus, e->n, out->consensus);
    store(e->incentive, e->n, out->incentive);
    store(e->dividends, e->n, out->dividends);
    fixed_i128 emission = fixed63_from_u64(e->input->emission_rao);
    for (uint32_t i = 0; i < e->n; i++) {
        out->active[i] = e->active[i];
        out->emission_rao[i] = fixed63_to_u64(fixed63_mul(emission, e->dividends[i]));
    }
}

static void set_params(struct nakamoto *e, const struct nakamoto_params *params)
{
    e->rho = params->rho;
    e->kappa = ((uint64_t)1 << 63) / params->kappa;
    e->self_ownership = ((uint64_t)1 << 63) / params->self_ownership;
    e->average = (uint64_t)fixed63_div(fixed63_from_u64(params->bonds_moving_average),
                                       fixed63_from_u64(1000000));
}

static enum sim_status epoch(const void *params, const struct mechanism_input *input,
                             struct mechanism_output *output, struct mechanism_scratch *scratch,
                             const struct mechanism_trace *trace, struct sim_error *err)
{
    struct nakamoto e = {.input = input, .output = output, .n = input->neuron_count};
    uint64_t room = input->weights.start[e.n] + input->bonds.start[e.n];
    enum sim_status status = mechanism_bonds_reserve(&output->bonds, room, err);
    if (status != SIM_OK)
        return status;
    set_params(&e, params);
    take_memory(&e, scratch);
    find_shares(&e);
    update_rows(&e);
    find_incentives(&e);
    pay_owners(&e);
    pay_holders(&e, scratch);
    fixed_i128 paid = sum_of(e.dividends, e.n);
    if (paid != 0)
        divide_by(e.dividends, e.n, paid);
    store_all(&e);
    if (trace != NULL)
        trace->wide(trace->context, "total_bonds_purchased", 0, 1,
                    (const uint64_t[2]){e.bonds_purchased_rao, 0});
    return SIM_OK;
}

static const struct param_key keys[] = {
    {"rho", PARAM_U32, offsetof(struct nakamoto_params, rho), "0", "1000000", "10", NULL,
     "Steepness of the sigmoid that turns trust into consensus."},
    {"kappa", PARAM_U32, offsetof(struct nakamoto_params, kappa), "1", NULL, "2", NULL,
     "Trust of 1/kappa of the stake gives a consensus of 1/2."},
    {"self_ownership", PARAM_U32, offsetof(struct nakamoto_params, self_ownership), "1", NULL, "2",
     NULL, "1/self_ownership of its incentive is a neuron's own, the rest its bond holders'."},
    {"bonds_moving_average", PARAM_U32, offsetof(struct nakamoto_params, bonds_moving_average), "0",
     "1000000", "900000", NULL,
     "Weight of the old bonds in the moving average, in parts per million."},
};

static const struct param_table table =
    PARAM_TABLE("nakamoto", struct nakamoto_params, keys,
                "The single network of 2021-2023: trust by sigmoid, bonds in RAO.");

const struct mechanism_ops nakamoto_mechanism = {
    .interface_version = MECHANISM_INTERFACE_VERSION,
    .params = &table,
    .fields = MECHANISM_RANK | MECHANISM_TRUST | MECHANISM_CONSENSUS | MECHANISM_INCENTIVE |
              MECHANISM_DIVIDENDS | MECHANISM_ACTIVE | MECHANISM_PRIORITY,
    .weight_one = UINT32_MAX,
    .fraction_one = UINT64_MAX,
    .bond_unit = MECHANISM_BONDS_RAO,
    .scratch_bytes = scratch_bytes,
    .epoch = epoch,
};
