/*
 * The epoch in two walks over the matrix, sixteen columns at a time.
 *
 * First walk: consensus of each column, ranks, trust.  Then every column's incentive is known, and
 * the second walk does bonds and dividends of four columns at a time from start to end: everything
 * between a weight and a stored bond stays in the cache.  The numbers are those of
 * yuma_stepwise.c, operation by operation; lanes.h says why doubles may hold them.
 */
#include "mechanism/ascending.h"
#include "mechanism/lanes.h"
#include "mechanism/tile.h"
#include "mechanism/yuma_bonds.h"

#include <inttypes.h>
#include <string.h>

struct fused {
    enum yuma_version version;
    const struct yuma_params *params;
    const struct mechanism_input *input;
    struct mechanism_output *output;
    struct mechanism_scratch *scratch;
    struct yuma_vectors v;
    struct tile_walk walk;
    struct yuma_bonds bonds;
    struct ascending_room room;
    uint32_t (*score)[TILE];
    /* By column, with room for a whole last tile. */
    double *consensus, *incentive, *alpha;
    double *trust;        /* (rows, LANES) sums of clipped weights */
    int64_t *rank_before; /* (n) ranks by weights as set, for trust until 2025 */
    uint64_t *next_bond;  /* (rows) where the row's next stored bond goes */
};

/* Sums of u16 numbers stay below 2^31 and sums of bonds below 2^46. */
enum { FUSED_UID_MAX = 32768 };

/* Whether all shares of stake lie in 0..1: the sum of all stake fits I64F64, or one uid has it
 * all. */
static bool has_sane_stake(const struct mechanism_input *input)
{
    const uint64_t largest = (uint64_t)1 << 63;
    fixed_u128 sum = input->neuron_count;
    uint32_t holders = 0;
    for (uint32_t i = 0; i < input->neuron_count; i++) {
        uint64_t stake = input->stake_rao[i];
        sum += stake < largest ? stake : largest;
        holders += stake != 0 || (input->stake_fraction != NULL && input->stake_fraction[i] != 0);
    }
    return sum < largest || holders <= 1;
}

bool yuma_fused_can(const struct yuma_params *params, const struct mechanism_input *input)
{
    return params->path == YUMA_PATH_SPARSE && input->neuron_count <= FUSED_UID_MAX &&
           has_sane_stake(input);
}

/* --------------------------------------------------------------------------------------- memory */

static bool has_weights(const struct mechanism_input *input, uint32_t uid)
{
    bool may = input->permit[uid] || uid == input->owner_uid;
    return may && input->weights.start[uid] < input->weights.start[uid + 1];
}

/* Rows with weights that may count, or with bonds. */
static uint32_t count_rows(const struct mechanism_input *input)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < input->neuron_count; i++)
        count += has_weights(input, i) || input->bonds.start[i] < input->bonds.start[i + 1];
    return count;
}

static size_t whole_tiles(uint32_t n)
{
    return ((size_t)n + TILE - 1) / TILE * TILE;
}

size_t yuma_fused_scratch_bytes(const struct mechanism_input *input)
{
    uint32_t n = input->neuron_count, rows = count_rows(input);
    /* Copies of rows that come unordered: at worst all; the memory is touched only then. */
    uint64_t entries = input->weights.start[n] + input->bonds.start[n];
    size_t copies = mechanism_scratch_cost(entries, sizeof(uint32_t) + sizeof(uint64_t)) +
                    4 * (size_t)rows * mechanism_scratch_cost(1, 1);
    return yuma_vectors_cost(n) + tile_walk_cost(n, rows) + yuma_bonds_cost(rows) + copies +
           mechanism_scratch_cost(rows, sizeof(uint32_t[TILE])) +
           mechanism_scratch_cost(rows, sizeof(double[LANES])) +
           mechanism_scratch_cost(rows, sizeof(uint64_t)) +
           3 * mechanism_scratch_cost(whole_tiles(n), sizeof(double)) +
           4 * mechanism_scratch_cost(n, sizeof(uint64_t));
}

static void take_memory(struct fused *f)
{
    uint32_t n = f->input->neuron_count, rows = count_rows(f->input);
    struct mechanism_scratch *scratch = f->scratch;
    yuma_vectors_take(&f->v, n, scratch);
    f->walk.registered = f->input->block_at_registration;
    tile_walk_take(&f->walk, n, rows, scratch);
    yuma_bonds_take(&f->bonds, rows, scratch);
    f->score = mechanism_scratch_take(scratch, rows, sizeof(uint32_t[TILE]));
    f->trust = mechanism_scratch_zero(scratch, rows, sizeof(double[LANES]));
    f->next_bond = mechanism_scratch_zero(scratch, rows, sizeof(uint64_t));
    double **const columns[] = {&f->consensus, &f->incentive, &f->alpha};
    for (size_t i = 0; i < 3; i++)
        *columns[i] = mechanism_scratch_zero(scratch, whole_tiles(n), sizeof(double));
    f->rank_before = mechanism_scratch_zero(scratch, n, sizeof(int64_t));
    f->room.wide = mechanism_scratch_take(scratch, n, sizeof(uint64_t));
    f->room.slot = mechanism_scratch_zero(scratch, n, sizeof(uint64_t));
}

/* ---------------------------------------------------------------------------------------- rows */

/* Registrations at this block or later void what row uid thinks of the registered. */
static uint64_t weight_limit(const struct fused *f, uint32_t uid)
{
    uint64_t limit = f->input->last_update[uid];
    const uint64_t *commit = f->input->earliest_commit_block;
    if (f->version == YUMA_HEAD_2026 && commit != NULL && commit[uid] < limit)
        limit = commit[uid] + 1;
    return limit;
}

static struct tile_source source_of(const uint32_t *column, uint32_t count, uint32_t n)
{
    return (struct tile_source){.column = column, .count = count, .whole = count == n};
}

static void set_weights(struct fused *f, struct tile_row *row)
{
    const struct mechanism_weights *in = &f->input->weights;
    uint64_t start = in->start[row->uid], count = in->start[row->uid + 1] - start;
    if (!f->v.old_permit[row->uid])
        count = 0;
    const uint32_t *column = in->column + start, *value = in->value + start;
    struct ascending_u32 r = {column, value, ascending_inside(column, count, f->v.n)};
    if (!ascending_is_ordered(column, count)) {
        struct ascending_room room = f->room;
        room.column = mechanism_scratch_take(f->scratch, count, sizeof(uint32_t));
        room.narrow = mechanism_scratch_take(f->scratch, count, sizeof(uint32_t));
        r = ascending_sort_u32(column, value, count, f->v.n, &room);
    }
    row->weights = source_of(r.column, r.count, f->v.n);
    row->weight = r.value;
    row->weight_limit = weight_limit(f, row->uid);
    row->diagonal = row->uid == f->v.owner_uid;
}

static void set_bonds(struct fused *f, struct tile_row *row)
{
    const struct mechanism_bonds *in = &f->input->bonds;
    uint64_t start = in->start[row->uid], count = in->start[row->uid + 1] - start;
    const uint32_t *column = in->column + start;
    const uint64_t *value = in->value + start;
    struct ascending_u64 r = {column, value, ascending_inside(column, count, f->v.n)};
    if (!ascending_is_ordered(column, count)) {
        struct ascending_room room = f->room;
        room.column = mechanism_scratch_take(f->scratch, count, sizeof(uint32_t));
        room.wide = mechanism_scratch_take(f->scratch, count, sizeof(uint64_t));
        r = ascending_sort_u64(column, value, count, f->v.n, &room);
    }
    row->bonds = source_of(r.column, r.count, f->v.n);
    row->bond = r.value;
    row->bond_limit = f->version == YUMA_FINNEY_2023 ? f->input->last_update[row->uid] : UINT64_MAX;
}

/* The weight of a row on itself, 0 if there is none. */
static uint32_t own_weight(const struct tile_row *row)
{
    uint32_t low = 0, high = row->weights.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (row->weights.column[middle] < row->uid)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < row->weights.count && row->weights.column[low] == row->uid;
    return found ? row->weight[low] : 0;
}

/* Sum of a row's weights that count; *bits: all of them or-ed. */
static uint64_t sum_weights(const struct fused *f, const struct tile_row *row, uint32_t *bits)
{
    const uint64_t *registered = f->input->block_at_registration;
    uint64_t sum = 0;
    uint32_t all = 0;
    for (uint32_t k = 0; k < row->weights.count; k++) {
        sum += row->weight[k];
        all |= row->weight[k];
    }
    *bits |= all;
    bool is_void = registered[row->uid] >= row->weight_limit;
    if (!row->diagonal && !is_void)
        sum -= own_weight(row);
    for (uint32_t k = 0; f->walk.registered_latest >= row->weight_limit && k < row->weights.count;
         k++)
        if (registered[row->weights.column[k]] >= row->weight_limit)
            sum -= row->weight[k];
    return sum;
}

static void add_row(struct fused *f, uint32_t uid, uint32_t *bits)
{
    struct tile_row *row = &f->walk.rows[f->walk.row_count];
    *row = (struct tile_row){.uid = uid};
    set_weights(f, row);
    set_bonds(f, row);
    if (row->weights.count == 0 && row->bonds.count == 0)
        return;
    uint64_t sum = sum_weights(f, row, bits);
    row->inverse = sum == 0 ? 0 : LANES_ONE * LANES_HIGH / (double)sum;
    row->active_stake = (double)f->v.active_stake[uid];
    int64_t stake = f->v.median_stake[uid];
    row->median_stake = (uint32_t)(stake == FIXED_ONE ? UINT32_MAX : stake);
    f->walk.row_count++;
}

/* Voters first; all others after them. */
static enum sim_status find_rows(struct fused *f, struct sim_error *err)
{
    uint32_t n = f->v.n, bits = 0;
    for (uint32_t i = 0; i < n; i++) {
        f->walk.voter_total += f->v.median_stake[i] > 0;
        if (f->v.median_stake[i] > 0)
            add_row(f, i, &bits);
    }
    f->walk.voter_count = f->walk.row_count;
    f->walk.voter_stake = fixed_sum(f->v.median_stake, n);
    f->walk.bond_tempo =
        f->version == YUMA_FINNEY_2023 ? UINT64_MAX : yuma_last_tempo(f->version, f->input);
    for (uint32_t i = 0; i < n; i++)
        if (f->v.median_stake[i] == 0)
            add_row(f, i, &bits);
    if (bits > UINT16_MAX)
        return SIM_FAIL(err, SIM_NUMERIC, "a weight is above 65535");
    return SIM_OK;
}

/* ----------------------------------------------------------------------------------- first walk */

/* Ranks of four columns, by clipped weights and by weights as set; trust of the rows. */
static void rank_columns(struct fused *f, int first, lanes *ret_rank, lanes *ret_before)
{
    struct tile_walk *walk = &f->walk;
    lanes consensus = lanes_load(f->consensus + walk->first + first);
    lanes rank = lanes_set(0), before = lanes_set(0);
    bool both = f->version != YUMA_HEAD_2026;
    for (uint32_t t = 0; t < walk->present_count; t++) {
        const struct tile_row *row = &walk->rows[walk->present[t]];
        lanes weight =
            lanes_div_u16(lanes_load_u32(walk->weight[t] + first), lanes_set(row->inverse));
        lanes clipped = lanes_min(weight, consensus);
        double *trust = f->trust + (size_t)LANES * walk->present[t];
        lanes_store(trust, lanes_add(lanes_load(trust), clipped));
        struct lanes_factor stake = lanes_factor_of(lanes_set(row->active_stake));
        rank = lanes_add(rank, lanes_mul(stake, clipped));
        if (both)
            before = lanes_add(before, lanes_mul(stake, weight));
    }
    *ret_rank = rank;
    *ret_before = before;
}

static void keep_ranks(struct fused *f, uint32_t column, lanes rank, lanes before)
{
    _Alignas(32) double ranks[LANES], befores[LANES];
    lanes_store(ranks, rank);
    lanes_store(befores, before);
    for (uint32_t c = 0; c < LANES && column + c < f->v.n; c++) {
        f->v.rank[column + c] = (int64_t)ranks[c];
        f->v.consensus[column + c] = (int64_t)f->consensus[column + c];
        f->rank_before[column + c] = (int64_t)befores[c];
    }
}

static void find_ranks(struct fused *f)
{
    struct yuma_vectors *v = &f->v;
    int64_t kappa = fixed_from_u16_proportion(f->params->kappa);
    for (uint32_t first = 0; first < v->n; first += TILE) {
        tile_fill(&f->walk, first, false);
        tile_consensus(&f->walk, kappa, f->score, f->consensus + first);
        for (int c = 0; c < TILE; c += LANES) {
            lanes rank, before;
            rank_columns(f, c, &rank, &before);
            keep_ranks(f, first + (uint32_t)c, rank, before);
        }
    }
    for (uint32_t r = 0; r < f->walk.row_count; r++)
        v->validator_trust[f->walk.rows[r].uid] =
            (int64_t)lanes_sum(lanes_load(f->trust + (size_t)LANES * r));
    if (f->version != YUMA_HEAD_2026)
        for (uint32_t j = 0; j < v->n; j++)
            v->trust[j] = fixed_div_safe(v->rank[j], f->rank_before[j]);
    fixed_normalize(v->rank, v->n);
}

/* ---------------------------------------------------------------------------------- second walk */

static void set_bond_rules(struct fused *f)
{
    const struct yuma_params *p = f->params;
    bool head = f->version == YUMA_HEAD_2026;
    f->bonds.absolute = head && p->yuma3;
    f->bonds.liquid =
        f->bonds.absolute && p->liquid_alpha && yuma_any_nonzero(f->v.consensus, f->v.n);
    f->bonds.alpha = yuma_alpha_from(p->alpha_low, p->alpha_high, p->alpha_sigmoid_steepness);
    f->bonds.penalty =
        f->version == YUMA_FINNEY_2023 ? FIXED_ONE : fixed_from_u16_proportion(p->bonds_penalty);
}

/* Incentives, and the weights of fresh bonds, by column. */
static void set_columns(struct fused *f)
{
    uint32_t n = f->v.n;
    int64_t *alpha = f->rank_before, *sorted = (int64_t *)(void *)f->room.slot;
    bool by_column = f->version == YUMA_V2_2025 &&
                     yuma_v2_alphas(f->params, f->v.consensus, n, sorted, alpha, NULL);
    for (uint32_t j = 0; j < n; j++) {
        f->incentive[j] = (double)f->v.rank[j];
        f->alpha[j] = (double)(by_column ? alpha[j] : yuma_bonds_alpha(f->params));
    }
}

/* Where each row's bonds go for now: room for every entry that it may have. */
static enum sim_status reserve_bonds(struct fused *f, struct sim_error *err)
{
    const struct mechanism_input *in = f->input;
    uint64_t *start = f->output->bonds.start, room = 0;
    for (uint32_t i = 0; i < f->v.n; i++) {
        enum yuma_bond_fate fate = yuma_bond_fate(f->version, &f->v, i);
        uint64_t bonds = in->bonds.start[i + 1] - in->bonds.start[i];
        uint64_t weights = f->v.old_permit[i] ? in->weights.start[i + 1] - in->weights.start[i] : 0;
        uint64_t most = bonds + weights < f->v.n ? bonds + weights : f->v.n;
        start[i] = room;
        room += fate == YUMA_BONDS_WRITE ? most : fate == YUMA_BONDS_KEEP ? bonds : 0;
    }
    start[f->v.n] = room;
    for (uint32_t r = 0; r < f->walk.row_count; r++)
        f->next_bond[r] = start[f->walk.rows[r].uid];
    return mechanism_bonds_reserve(&f->output->bonds, room, err);
}

/* Bonds of more entries than this fit no cache. */
enum { CACHED_BONDS_MAX = 1 << 22 };

static void write_tile(struct fused *f)
{
    const struct tile_walk *walk = &f->walk;
    struct mechanism_bonds_out *out = &f->output->bonds;
    bool past_cache = out->start[f->v.n] > CACHED_BONDS_MAX;
    for (uint32_t t = 0; t < walk->present_count; t++) {
        uint32_t r = walk->present[t];
        if (f->v.new_permit[walk->rows[r].uid])
            f->next_bond[r] =
                tile_write(walk->weight[t], walk->first, out, f->next_bond[r], past_cache);
    }
}

static void walk_bonds(struct fused *f)
{
    tile_rewind(&f->walk);
    for (uint32_t first = 0; first < f->v.n; first += TILE) {
        tile_fill(&f->walk, first, true);
        for (int c = 0; c < TILE; c += LANES) {
            struct yuma_bonds_columns columns = {
                .consensus = lanes_load(f->consensus + first + c),
                .incentive = lanes_load(f->incentive + first + c),
                .alpha = lanes_load(f->alpha + first + c),
                .first = c,
            };
            yuma_bonds_run(&f->bonds, &f->walk, &columns);
        }
        write_tile(f);
    }
    /* Writes past the cache must not be overtaken by the reader's. */
    _mm_sfence();
}

/* Moves the rows together, and puts those that nobody touched between them. */
static void close_bonds(struct fused *f)
{
    struct mechanism_bonds_out *out = &f->output->bonds;
    uint64_t *end = (uint64_t *)f->rank_before, count = 0;
    memcpy(end, out->start, f->v.n * sizeof(*end));
    for (uint32_t r = 0; r < f->walk.row_count; r++)
        end[f->walk.rows[r].uid] = f->next_bond[r];
    for (uint32_t i = 0; i < f->v.n; i++) {
        uint64_t from = out->start[i], kept = end[i] - from;
        out->start[i] = count;
        if (yuma_bond_fate(f->version, &f->v, i) == YUMA_BONDS_KEEP) {
            yuma_keep_bonds(f->input, i, out, &count);
            continue;
        }
        if (from != count && kept > 0) {
            memmove(out->column + count, out->column + from, kept * sizeof(*out->column));
            memmove(out->value + count, out->value + from, kept * sizeof(*out->value));
        }
        count += kept;
    }
    out->start[f->v.n] = count;
}

static void find_dividends(struct fused *f)
{
    struct yuma_vectors *v = &f->v;
    for (uint32_t r = 0; r < f->walk.row_count; r++) {
        uint32_t uid = f->walk.rows[r].uid;
        int64_t sum = (int64_t)lanes_sum(lanes_load(f->bonds.dividends + (size_t)LANES * r));
        v->dividends[uid] = sum;
        if (f->bonds.absolute) {
            v->dividends[uid] = 0;
            (void)fixed_mul_checked(sum, v->active_stake[uid], &v->dividends[uid]);
        }
    }
    fixed_normalize(v->dividends, v->n);
}

enum sim_status yuma_fused_epoch(enum yuma_version version, const struct yuma_params *params,
                                 const struct mechanism_input *input,
                                 struct mechanism_output *output, struct mechanism_scratch *scratch,
                                 struct sim_error *err)
{
    struct fused f = {
        .version = version, .params = params, .input = input, .output = output, .scratch = scratch};
    take_memory(&f);
    yuma_begin(version, params, input, &f.v, scratch, NULL);
    enum sim_status status = find_rows(&f, err);
    if (status != SIM_OK)
        return status;
    find_ranks(&f);
    set_bond_rules(&f);
    set_columns(&f);
    status = reserve_bonds(&f, err);
    if (status != SIM_OK)
        return status;
    walk_bonds(&f);
    if (f.walk.bond_bits > UINT16_MAX)
        return SIM_FAIL(err, SIM_NUMERIC, "a bond is above 65535");
    close_bonds(&f);
    find_dividends(&f);
    yuma_emit(version, input, &f.v, output, NULL);
    yuma_store(version, &f.v, output, scratch);
    return SIM_OK;
}
