#include "mechanism/tile.h"

#include "mechanism/lanes.h"

#include <string.h>

static uint32_t tile_count(uint32_t n)
{
    return n / TILE + (n % TILE != 0);
}

size_t tile_walk_cost(uint32_t n, uint32_t row_count)
{
    return mechanism_scratch_cost(row_count, sizeof(struct tile_row)) +
           mechanism_scratch_cost(row_count, sizeof(uint32_t)) +
           mechanism_scratch_cost(row_count, sizeof(uint16_t)) +
           mechanism_scratch_cost(row_count, sizeof(uint32_t)) +
           2 * mechanism_scratch_cost(row_count, sizeof(uint32_t[TILE])) +
           mechanism_scratch_cost(tile_count(n), sizeof(uint64_t));
}

void tile_walk_take(struct tile_walk *walk, uint32_t n, uint32_t row_count,
                    struct mechanism_scratch *scratch)
{
    walk->n = n;
    walk->rows = mechanism_scratch_zero(scratch, row_count, sizeof(*walk->rows));
    walk->present = mechanism_scratch_take(scratch, row_count, sizeof(*walk->present));
    walk->has_weight = mechanism_scratch_take(scratch, row_count, sizeof(*walk->has_weight));
    walk->present_stake = mechanism_scratch_take(scratch, row_count, sizeof(uint32_t));
    walk->weight = mechanism_scratch_take(scratch, row_count, sizeof(*walk->weight));
    walk->bond = mechanism_scratch_take(scratch, row_count, sizeof(*walk->bond));
    uint64_t *most = mechanism_scratch_zero(scratch, tile_count(n), sizeof(*most));
    for (uint32_t j = 0; j < n; j++)
        if (walk->registered[j] > most[j / TILE])
            most[j / TILE] = walk->registered[j];
    walk->registered_max = most;
    for (uint32_t k = 0; k < tile_count(n); k++)
        if (most[k] > walk->registered_latest)
            walk->registered_latest = most[k];
}

void tile_rewind(struct tile_walk *walk)
{
    for (uint32_t r = 0; r < walk->row_count; r++)
        walk->rows[r].weights.next = walk->rows[r].bonds.next = 0;
}

/* ----------------------------------------------------------------------------------------- fill */

/* Where a row's entries of the tile are: a run of all its columns, single ones, or none. */
enum tile_part { TILE_NONE, TILE_RUN, TILE_SINGLE };

static enum tile_part find_part(struct tile_source *source, uint32_t first, uint32_t n)
{
    if (source->whole) {
        source->next = first;
        return first + TILE <= n ? TILE_RUN : TILE_SINGLE;
    }
    uint32_t next = source->next, left = source->count - next;
    if (left == 0 || source->column[next] >= first + TILE)
        return TILE_NONE;
    if (left >= TILE && source->column[next + TILE - 1] == first + TILE - 1)
        return TILE_RUN;
    return TILE_SINGLE;
}

static uint16_t fill_weights(struct tile_row *row, enum tile_part part, uint32_t first,
                             uint32_t ret[TILE])
{
    struct tile_source *source = &row->weights;
    if (part == TILE_RUN) {
        const uint32_t *from = row->weight + source->next;
        memcpy(ret, from, TILE * sizeof(*ret));
        source->next += TILE;
        return UINT16_MAX;
    }
    uint16_t has = 0;
    memset(ret, 0, TILE * sizeof(*ret));
    for (; part != TILE_NONE && source->next < source->count; source->next++) {
        uint32_t at = source->column[source->next] - first;
        if (at >= TILE)
            break;
        ret[at] = row->weight[source->next];
        has = (uint16_t)(has | 1u << at);
    }
    return has;
}

/* u64 to u32; returns all of them or-ed. */
static inline uint64_t narrow(const uint64_t from[TILE], uint32_t ret[TILE])
{
    __m256i bits = _mm256_setzero_si256();
    for (int c = 0; c < TILE; c += 8) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(from + c));
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(from + c + 4));
        bits = _mm256_or_si256(bits, _mm256_or_si256(a, b));
        __m256 low = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b),
                                       _MM_SHUFFLE(2, 0, 2, 0));
        __m256i words = _mm256_permute4x64_epi64(_mm256_castps_si256(low), _MM_SHUFFLE(3, 1, 2, 0));
        _mm256_store_si256((__m256i *)(void *)(ret + c), words);
    }
    __m128i half = _mm_or_si128(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
    return (uint64_t)(_mm_cvtsi128_si64(half) | _mm_extract_epi64(half, 1));
}

static uint64_t fill_bonds(struct tile_row *row, enum tile_part part, uint32_t first,
                           uint32_t ret[TILE])
{
    struct tile_source *source = &row->bonds;
    uint64_t bits = 0;
    if (part == TILE_RUN) {
        const uint64_t *from = row->bond + source->next;
        source->next += TILE;
        return narrow(from, ret);
    }
    memset(ret, 0, TILE * sizeof(*ret));
    for (; part != TILE_NONE && source->next < source->count; source->next++) {
        uint32_t at = source->column[source->next] - first;
        if (at >= TILE)
            break;
        ret[at] = (uint32_t)row->bond[source->next];
        bits |= row->bond[source->next];
    }
    return bits;
}

/* Weights on uids registered since, and on oneself, do not count. */
static uint16_t void_weights(const struct tile_walk *walk, const struct tile_row *row,
                             uint32_t weight[TILE], uint16_t has)
{
    uint32_t first = walk->first, self = row->uid - first;
    if (self < TILE && !row->diagonal) {
        weight[self] = 0;
        has = (uint16_t)(has & ~(1u << self));
    }
    if (walk->registered_max[first / TILE] < row->weight_limit)
        return has;
    for (uint32_t c = 0; c < TILE && first + c < walk->n; c++)
        if (walk->registered[first + c] >= row->weight_limit) {
            weight[c] = 0;
            has = (uint16_t)(has & ~(1u << c));
        }
    return has;
}

static void void_bonds(const struct tile_walk *walk, const struct tile_row *row,
                       uint32_t bond[TILE])
{
    uint64_t limit = row->bond_limit < walk->bond_tempo ? row->bond_limit : walk->bond_tempo;
    uint32_t first = walk->first;
    if (walk->registered_max[first / TILE] < limit)
        return;
    for (uint32_t c = 0; c < TILE && first + c < walk->n; c++)
        if (walk->registered[first + c] >= limit)
            bond[c] = 0;
}

/* Rows lie far apart: ask for one before its turn comes. */
enum { ROWS_AHEAD = 12 };

static void fetch_ahead(const struct tile_walk *walk, uint32_t r, bool bonds)
{
    if (r + ROWS_AHEAD >= walk->row_count)
        return;
    const struct tile_row *row = &walk->rows[r + ROWS_AHEAD];
    if (row->weights.next < row->weights.count) {
        __builtin_prefetch(row->weight + row->weights.next);
        if (!row->weights.whole)
            __builtin_prefetch(row->weights.column + row->weights.next);
    }
    if (bonds && row->bonds.next < row->bonds.count) {
        __builtin_prefetch(row->bond + row->bonds.next);
        __builtin_prefetch(row->bond + row->bonds.next + TILE / 2);
        if (!row->bonds.whole)
            __builtin_prefetch(row->bonds.column + row->bonds.next);
    }
}

void tile_fill(struct tile_walk *walk, uint32_t first, bool bonds)
{
    uint32_t t = 0;
    walk->first = first;
    walk->present_voters = 0;
    for (uint32_t r = 0; r < walk->row_count; r++) {
        struct tile_row *row = &walk->rows[r];
        fetch_ahead(walk, r, bonds);
        enum tile_part weight_part = find_part(&row->weights, first, walk->n);
        enum tile_part bond_part = bonds ? find_part(&row->bonds, first, walk->n) : TILE_NONE;
        if (weight_part == TILE_NONE && bond_part == TILE_NONE)
            continue;
        uint16_t has = fill_weights(row, weight_part, first, walk->weight[t]);
        walk->has_weight[t] = void_weights(walk, row, walk->weight[t], has);
        if (bonds) {
            walk->bond_bits |= fill_bonds(row, bond_part, first, walk->bond[t]);
            void_bonds(walk, row, walk->bond[t]);
        }
        walk->present_voters += r < walk->voter_count;
        walk->present_stake[t] = row->median_stake;
        walk->present[t++] = r;
    }
    walk->present_count = t;
}

/* ---------------------------------------------------------------------------------------- write */

static void put(void *to, __m256i x, bool past_cache)
{
    if (past_cache)
        _mm256_stream_si256(to, x);
    else
        _mm256_storeu_si256(to, x);
}

/* All sixteen columns of a row. */
static void write_run(const uint32_t code[TILE], uint32_t first, uint32_t *column, uint64_t *value,
                      bool past_cache)
{
    const __m256i step = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), one = _mm256_set1_epi64x(1);
    for (uint32_t c = 0; c < TILE; c += 8)
        put(column + c, _mm256_add_epi32(_mm256_set1_epi32((int32_t)(first + c)), step),
            past_cache);
    for (uint32_t c = 0; c < TILE; c += 4) {
        __m128i codes = _mm_load_si128((const __m128i *)(const void *)(code + c));
        put(value + c, _mm256_sub_epi64(_mm256_cvtepu32_epi64(codes), one), past_cache);
    }
}

uint64_t tile_write(const uint32_t code[TILE], uint32_t first, struct mechanism_bonds_out *out,
                    uint64_t at, bool past_cache)
{
    uint32_t missing = 0;
    for (int c = 0; c < TILE; c++)
        missing |= (uint32_t)(code[c] == 0);
    if (missing == 0) {
        write_run(code, first, out->column + at, out->value + at, past_cache && at % TILE == 0);
        return at + TILE;
    }
    for (uint32_t c = 0; c < TILE; c++) {
        if (code[c] == 0)
            continue;
        out->column[at] = first + c;
        out->value[at++] = code[c] - 1;
    }
    return at;
}
