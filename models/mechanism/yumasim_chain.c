/*
 * Validators are the uids that vote: permitted in the epoch before and not inactive.  Servers are
 * the uids that do not, and those that do but are rated by another.  Nobody rates himself, and what
 * was set before a slot changed hands is void.  The originals know none of this: there, validators
 * and servers are other people and all of them stay.
 */
#include "mechanism/yumasim_chain.h"

#include "mechanism/yuma_common.h"

#include <string.h>

static const uint32_t nobody = UINT32_MAX;

/* Sums of 62 bits leave room for products with an emission of 64. */
static const double parts = 0x1p62;

struct entries {
    uint64_t *start;
    uint32_t *column;
    double *value;
};

struct epoch {
    const struct yumasim_variant *variant;
    const struct yumasim_params *params;
    const struct mechanism_input *input;
    struct mechanism_output *output;
    uint32_t n;
    struct yuma_vectors v;                  /* activity and permits, by the chain's rules */
    uint64_t *share;                        /* (n) of all stake, in 2^-64 */
    uint32_t *validator, *server;           /* uids, ascending */
    uint32_t *row, *column;                 /* (n) a uid's place in these, or nobody */
    uint32_t *raw;                          /* (n) one row of weights as stored */
    double *held;                           /* (n) one row of bonds */
    uint64_t *server_part, *validator_part; /* (n) of the emission */
    double *stake, *old_consensus;
    struct entries weights, bonds, old_weights, fresh;
    struct yumasim_input in;
    struct yumasim_output out;
    uint64_t epochs; /* done before this one */
};

/* -------------------------------------------------------------------------------------- memory */

static struct yumasim_size size_bound(const struct mechanism_input *input)
{
    uint32_t n = input->neuron_count, permits = 1; /* the owner's */
    for (uint32_t i = 0; i < n; i++)
        permits += input->permit[i] != 0;
    return (struct yumasim_size){permits > n ? n : permits, n, input->weights.start[n],
                                 input->bonds.start[n], input->bonds.start[n]};
}

static size_t entries_cost(uint32_t rows, uint64_t count)
{
    return mechanism_scratch_cost(rows + 1u, sizeof(uint64_t)) +
           mechanism_scratch_cost(count, sizeof(uint32_t)) +
           mechanism_scratch_cost(count, sizeof(double));
}

size_t yumasim_chain_scratch_bytes(const void *params, const struct mechanism_input *input,
                                   bool traced)
{
    (void)traced;
    uint32_t n = input->neuron_count;
    struct yumasim_size size = size_bound(input);
    return yuma_vectors_cost(n) + yumasim_scratch_bytes(params, &size) +
           5 * mechanism_scratch_cost(n, sizeof(uint32_t)) +
           12 * mechanism_scratch_cost(n, sizeof(double)) + entries_cost(n, size.weights) +
           2 * entries_cost(n, size.bonds) + entries_cost(n, yumasim_bond_room(params, &size));
}

static struct entries take_entries(struct mechanism_scratch *scratch, uint32_t rows, uint64_t count)
{
    struct entries taken = {
        .start = mechanism_scratch_zero(scratch, rows + 1u, sizeof(uint64_t)),
        .column = mechanism_scratch_take(scratch, count, sizeof(uint32_t)),
        .value = mechanism_scratch_take(scratch, count, sizeof(double)),
    };
    return taken;
}

static void take_memory(struct epoch *e, struct mechanism_scratch *scratch)
{
    uint32_t **const uids[] = {&e->validator, &e->server, &e->row, &e->column, &e->raw};
    uint64_t **const words[] = {&e->share, &e->server_part, &e->validator_part};
    double **const numbers[] = {
        &e->held,          &e->stake,     &e->old_consensus,       &e->out.consensus, &e->out.rank,
        &e->out.incentive, &e->out.trust, &e->out.validator_trust, &e->out.dividends};
    for (size_t k = 0; k < sizeof(uids) / sizeof(uids[0]); k++)
        *uids[k] = mechanism_scratch_zero(scratch, e->n, sizeof(uint32_t));
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
        *words[k] = mechanism_scratch_zero(scratch, e->n, sizeof(uint64_t));
    for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
        *numbers[k] = mechanism_scratch_zero(scratch, e->n, sizeof(double));
    struct yumasim_size size = size_bound(e->input);
    e->weights = take_entries(scratch, e->n, size.weights);
    e->bonds = take_entries(scratch, e->n, size.bonds);
    e->old_weights = take_entries(scratch, e->n, size.old_weights);
    e->fresh = take_entries(scratch, e->n, yumasim_bond_room(e->params, &size));
}

/* ----------------------------------------------------------------------------------- who is who */

/* floor(2^64 S_i / sum S): the same for any scale of stakes. */
static void share_stake(struct epoch *e)
{
    const struct mechanism_input *in = e->input;
    fixed_u128 sum = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        bool counts = in->stake_rao[i] >= in->rules.stake_threshold_rao || i == e->v.owner_uid;
        e->share[i] = counts ? in->stake_rao[i] : 0;
        sum += e->share[i];
    }
    for (uint32_t i = 0; i < e->n && sum > 0; i++)
        e->share[i] =
            e->share[i] == sum ? UINT64_MAX : (uint64_t)(((fixed_u128)e->share[i] << 64) / sum);
}

static bool votes(const struct epoch *e, uint32_t uid)
{
    return e->v.old_permit[uid] && !e->v.inactive[uid];
}

static bool weight_counts(const struct epoch *e, uint32_t i, uint32_t j)
{
    const struct mechanism_input *in = e->input;
    if (j >= e->n || (i == j && i != e->v.owner_uid))
        return false;
    if (in->last_update[i] <= in->block_at_registration[j])
        return false;
    return in->earliest_commit_block == NULL ||
           in->earliest_commit_block[i] >= in->block_at_registration[j];
}

/* Registered since the last epoch: what was held by or in the one before is void. */
static bool is_new(const struct epoch *e, uint32_t uid)
{
    const struct mechanism_input *in = e->input;
    return yuma_last_tempo(YUMA_HEAD_2026, in) <= in->block_at_registration[uid] ||
           (in->pruned != NULL && in->pruned[uid]);
}

static bool bond_counts(const struct epoch *e, uint32_t i, uint32_t j)
{
    return j < e->n && !is_new(e, i) && !is_new(e, j);
}

/* Those whom a voter rates or holds bonds in, whether they vote or not. */
static void mark_rated(struct epoch *e, uint32_t i)
{
    const struct mechanism_weights *w = &e->input->weights;
    const struct mechanism_bonds *b = &e->input->bonds;
    for (uint64_t k = w->start[i]; k < w->start[i + 1]; k++)
        if (weight_counts(e, i, w->column[k]) && w->value[k] > 0)
            e->column[w->column[k]] = 0;
    for (uint64_t k = b->start[i]; k < b->start[i + 1]; k++)
        if (bond_counts(e, i, b->column[k]))
            e->column[b->column[k]] = 0;
}

static void find_sides(struct epoch *e)
{
    for (uint32_t i = 0; i < e->n; i++) {
        e->row[i] = nobody;
        e->column[i] = votes(e, i) ? nobody : 0;
    }
    for (uint32_t i = 0; i < e->n; i++)
        if (votes(e, i)) {
            mark_rated(e, i);
            e->row[i] = e->in.validator_count;
            e->stake[e->in.validator_count] = (double)e->share[i];
            e->validator[e->in.validator_count++] = i;
        }
    for (uint32_t j = 0; j < e->n; j++)
        if (e->column[j] != nobody) {
            e->column[j] = e->in.server_count;
            e->server[e->in.server_count++] = j;
        }
}

/* ----------------------------------------------------------------------------------- what they did
 */

static double number_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

/* A lagged variant keeps a row's weights in the lowest bits of its bonds, 2^-36 of their size. */
enum { KEPT_WEIGHT = 65535 };

/* Whatever memory held, a bond is 0..1. */
static double bond_of(const struct epoch *e, uint64_t stored)
{
    double bond = number_of(e->variant->lagged ? stored & ~(uint64_t)KEPT_WEIGHT : stored);
    return bond > 1 ? 1 : bond > 1e-300 ? bond : 0;
}

static void add_entry(struct entries *to, uint32_t row, uint32_t column, double value)
{
    if (value == 0)
        return;
    uint64_t at = to->start[row + 1]++;
    to->column[at] = column;
    to->value[at] = value;
}

static void read_row(struct epoch *e, uint32_t row)
{
    const struct mechanism_weights *w = &e->input->weights;
    const struct mechanism_bonds *b = &e->input->bonds;
    uint32_t i = e->validator[row];
    e->weights.start[row + 1] = e->weights.start[row];
    e->bonds.start[row + 1] = e->bonds.start[row];
    e->old_weights.start[row + 1] = e->old_weights.start[row];
    for (uint64_t k = w->start[i]; k < w->start[i + 1]; k++)
        if (weight_counts(e, i, w->column[k]))
            add_entry(&e->weights, row, e->column[w->column[k]], w->value[k] / 65535.0);
    for (uint64_t k = b->start[i]; k < b->start[i + 1]; k++)
        if (bond_counts(e, i, b->column[k])) {
            uint32_t j = e->column[b->column[k]];
            add_entry(&e->bonds, row, j, bond_of(e, b->value[k]));
            if (e->variant->lagged && e->epochs > 0)
                add_entry(&e->old_weights, row, j, (double)(b->value[k] & KEPT_WEIGHT) / 65535);
        }
}

static void read_memory(struct epoch *e)
{
    const uint64_t *memory = e->input->memory;
    for (uint32_t i = 0; i < e->n && memory != NULL; i++)
        if (memory[i * YUMASIM_WORDS + YUMASIM_EPOCHS] > e->epochs)
            e->epochs = memory[i * YUMASIM_WORDS + YUMASIM_EPOCHS];
    for (uint32_t j = 0; j < e->in.server_count && e->epochs > 0; j++) {
        double before = number_of(memory[e->server[j] * YUMASIM_WORDS + YUMASIM_CONSENSUS]);
        e->old_consensus[j] = before > 1 ? 1 : before > 0 ? before : 0;
    }
}

static struct yumasim_rows rows_of(const struct entries *entries, bool given)
{
    if (!given)
        return (struct yumasim_rows){NULL, NULL, NULL};
    return (struct yumasim_rows){entries->start, entries->column, entries->value};
}

static void read_rows(struct epoch *e)
{
    uint32_t reset = e->params->reset_uid;
    read_memory(e);
    for (uint32_t row = 0; row < e->in.validator_count; row++)
        read_row(e, row);
    bool goes_on = e->epochs > 0;
    e->in.stake = e->stake;
    e->in.weights = rows_of(&e->weights, true);
    e->in.bonds = rows_of(&e->bonds, goes_on || e->bonds.start[e->in.validator_count] > 0);
    e->in.old_weights = rows_of(&e->old_weights, goes_on && e->variant->lagged);
    e->in.old_consensus = goes_on ? e->old_consensus : NULL;
    e->in.reset_server =
        reset < e->n && e->epochs == e->params->reset_epoch ? e->column[reset] : MECHANISM_NO_UID;
}

/* ----------------------------------------------------------------------------------------- paying
 */

static uint64_t part_of(double share, double side)
{
    double part = share * side * parts;
    return part > 0 ? (uint64_t)part : 0;
}

static fixed_u128 add_parts(const struct epoch *e)
{
    fixed_u128 sum = 0;
    for (uint32_t i = 0; i < e->n; i++)
        sum += (fixed_u128)e->server_part[i] + e->validator_part[i];
    return sum;
}

/* Nobody was ranked: stake itself is paid, preferably that of those who vote. */
static void pay_by_stake(struct epoch *e)
{
    bool any = false;
    for (uint32_t i = 0; i < e->n; i++)
        any = any || (votes(e, i) && e->share[i] >> 2 > 0);
    for (uint32_t i = 0; i < e->n; i++)
        e->validator_part[i] = !any || votes(e, i) ? e->share[i] >> 2 : 0;
}

/* Of the emission.  A side that earned nothing leaves its part to the other. */
static double validators_part(const struct epoch *e)
{
    bool earned = false;
    for (uint32_t k = 0; k < e->in.validator_count; k++)
        earned = earned || e->out.dividends[k] > 0;
    return earned ? e->params->validator_share : 0;
}

static uint64_t cut_emission(const struct epoch *e, uint64_t part, fixed_u128 sum)
{
    return sum == 0 ? 0 : (uint64_t)((fixed_u128)e->input->emission_rao * part / sum);
}

static void pay(struct epoch *e)
{
    double xi = validators_part(e);
    for (uint32_t k = 0; k < e->in.server_count; k++)
        e->server_part[e->server[k]] = part_of(e->out.incentive[k], 1 - xi);
    for (uint32_t k = 0; k < e->in.validator_count; k++)
        e->validator_part[e->validator[k]] = part_of(e->out.dividends[k], xi);
    fixed_u128 sum = add_parts(e);
    if (sum == 0) {
        pay_by_stake(e);
        sum = add_parts(e);
    }
    for (uint32_t i = 0; i < e->n; i++) {
        e->output->server_emission_rao[i] = cut_emission(e, e->server_part[i], sum);
        e->output->validator_emission_rao[i] = cut_emission(e, e->validator_part[i], sum);
        e->output->emission_rao[i] = cut_emission(e, e->server_part[i] + e->validator_part[i], sum);
    }
}

/* ---------------------------------------------------------------------------------- what is kept
 */

static uint64_t fraction_of(double x)
{
    return x >= 1 ? UINT64_MAX : x > 0 ? (uint64_t)(x * 0x1p64) : 0;
}

static void store_vectors(struct epoch *e)
{
    struct mechanism_output *out = e->output;
    for (uint32_t k = 0; k < e->in.server_count; k++) {
        uint32_t uid = e->server[k];
        out->consensus[uid] = fraction_of(e->out.consensus[k]);
        out->rank[uid] = fraction_of(e->out.rank[k]);
        out->trust[uid] = fraction_of(e->out.trust[k]);
        out->incentive[uid] = fraction_of(e->out.incentive[k]);
    }
    for (uint32_t k = 0; k < e->in.validator_count; k++) {
        out->validator_trust[e->validator[k]] = fraction_of(e->out.validator_trust[k]);
        out->dividends[e->validator[k]] = fraction_of(e->out.dividends[k]);
    }
    memcpy(out->stake_weight, e->share, e->n * sizeof(*e->share));
    memcpy(out->permit, e->v.new_permit, e->n);
    for (uint32_t i = 0; i < e->n; i++)
        out->active[i] = !e->v.inactive[i];
}

static void store_memory(struct epoch *e)
{
    uint64_t *memory = e->output->memory;
    for (uint32_t i = 0; i < e->n; i++) {
        memory[i * YUMASIM_WORDS + YUMASIM_EPOCHS] = e->epochs + 1;
        memory[i * YUMASIM_WORDS + YUMASIM_CONSENSUS] = 0;
    }
    for (uint32_t k = 0; k < e->in.server_count; k++)
        memory[e->server[k] * YUMASIM_WORDS + YUMASIM_CONSENSUS] = bits_of(e->out.consensus[k]);
}

/* One row of bonds over the servers; a lagged variant's weights come with it. */
static uint64_t store_row(struct epoch *e, uint32_t row, uint64_t at)
{
    struct mechanism_bonds_out *to = &e->output->bonds;
    for (uint64_t k = e->out.bond_start[row]; k < e->out.bond_start[row + 1]; k++)
        e->held[e->out.bond_column[k]] = e->out.bond[k];
    for (uint64_t k = e->weights.start[row]; k < e->weights.start[row + 1]; k++)
        e->raw[e->weights.column[k]] = (uint32_t)(e->weights.value[k] * 65535 + 0.5);
    for (uint32_t j = 0; j < e->in.server_count; j++) {
        uint64_t value = bits_of(e->held[j]);
        if (e->variant->lagged)
            value = (value & ~(uint64_t)KEPT_WEIGHT) | e->raw[j];
        if (value != 0) {
            to->column[at] = e->server[j];
            to->value[at++] = value;
        }
        e->held[j] = 0;
        e->raw[j] = 0;
    }
    return at;
}

static enum sim_status store_bonds(struct epoch *e, struct sim_error *err)
{
    struct mechanism_bonds_out *to = &e->output->bonds;
    uint64_t room = e->out.bond_start[e->in.validator_count] + e->input->weights.start[e->n],
             at = 0;
    enum sim_status status = mechanism_bonds_reserve(to, room, err);
    if (status != SIM_OK)
        return status;
    for (uint32_t i = 0; i < e->n; i++) {
        if (e->row[i] != nobody)
            at = store_row(e, e->row[i], at);
        to->start[i + 1] = at;
    }
    return SIM_OK;
}

enum sim_status yumasim_chain_epoch(const struct yumasim_variant *variant,
                                    const struct yumasim_params *params,
                                    const struct mechanism_input *input,
                                    struct mechanism_output *output,
                                    struct mechanism_scratch *scratch, struct sim_error *err)
{
    static const struct yuma_params permits = {.path = YUMA_PATH_SPARSE};
    struct epoch e = {.variant = variant, .params = params, .input = input, .output = output};
    e.n = input->neuron_count;
    yuma_vectors_take(&e.v, e.n, scratch);
    yuma_begin(YUMA_HEAD_2026, &permits, input, &e.v, scratch, NULL);
    take_memory(&e, scratch);
    share_stake(&e);
    find_sides(&e);
    read_rows(&e);
    e.out.bond_start = e.fresh.start;
    e.out.bond_column = e.fresh.column;
    e.out.bond = e.fresh.value;
    yumasim_step(variant, params, &e.in, &e.out, scratch);
    pay(&e);
    store_vectors(&e);
    store_memory(&e);
    return store_bonds(&e, err);
}
