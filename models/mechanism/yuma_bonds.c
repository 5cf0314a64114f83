#include "mechanism/yuma_bonds.h"

#include "mechanism/liquid.h"

size_t yuma_bonds_cost(uint32_t row_count)
{
    return mechanism_scratch_cost(row_count + LIQUID_BATCH, sizeof(double[LANES])) +
           mechanism_scratch_cost(row_count, sizeof(double[LANES]));
}

void yuma_bonds_take(struct yuma_bonds *bonds, uint32_t row_count,
                     struct mechanism_scratch *scratch)
{
    bonds->work = mechanism_scratch_take(scratch, row_count + LIQUID_BATCH, sizeof(double[LANES]));
    bonds->dividends = mechanism_scratch_zero(scratch, row_count, sizeof(double[LANES]));
}

/* ------------------------------------------------------------------------------- one entry each */

/* W of tile row t. */
static inline lanes weight_of(const struct tile_walk *walk,
                              const struct yuma_bonds_columns *columns, uint32_t t)
{
    lanes inverse = lanes_set(walk->rows[walk->present[t]].inverse);
    return lanes_div_u16(lanes_load_u32(walk->weight[t] + columns->first), inverse);
}

static inline lanes old_of(const struct tile_walk *walk, const struct yuma_bonds_columns *columns,
                           uint32_t t)
{
    return lanes_load_u32(walk->bond[t] + columns->first);
}

/* WB: between the weight as set and as clipped. */
static inline lanes blend(const struct yuma_bonds *bonds, const struct yuma_bonds_columns *columns,
                          lanes weight)
{
    lanes clipped = lanes_min(weight, columns->consensus);
    if (bonds->penalty == FIXED_ONE)
        return clipped;
    if (bonds->penalty == 0)
        return weight;
    lanes change = lanes_mul_signed(lanes_set((double)bonds->penalty), lanes_sub(clipped, weight));
    return lanes_add(weight, change);
}

static inline lanes average(struct lanes_factor alpha, struct lanes_factor rest, lanes fresh,
                            lanes old)
{
    return lanes_add(lanes_mul(alpha, fresh), lanes_mul(rest, old));
}

static inline void add_dividends(const struct yuma_bonds *bonds, const struct tile_walk *walk,
                                 uint32_t t, lanes part)
{
    double *sum = bonds->dividends + (size_t)LANES * walk->present[t];
    lanes_store(sum, lanes_add(lanes_load(sum), part));
}

/* An entry is kept if it is above 0, whatever its u16 is. */
static inline void store_code(const struct tile_walk *walk,
                              const struct yuma_bonds_columns *columns, uint32_t t, lanes kept,
                              lanes stored)
{
    lanes code = lanes_where_above(kept, lanes_set(0), lanes_add(stored, lanes_set(1)));
    lanes_store_u32(walk->weight[t] + columns->first, code);
}

static inline double *work_of(const struct yuma_bonds *bonds, uint32_t t)
{
    return bonds->work + (size_t)LANES * t;
}

/* --------------------------------------------------------------------------------- Yuma 2, before
 */

struct column_sums {
    lanes fresh, old;
};

/* dB = A W, to work. */
static struct column_sums find_fresh(const struct yuma_bonds *bonds, const struct tile_walk *walk,
                                     const struct yuma_bonds_columns *columns)
{
    struct column_sums sums = {lanes_set(0), lanes_set(0)};
    for (uint32_t t = 0; t < walk->present_count; t++) {
        lanes stake = lanes_set(walk->rows[walk->present[t]].active_stake);
        lanes blended = blend(bonds, columns, weight_of(walk, columns, t));
        lanes fresh = lanes_mul(lanes_factor_of(stake), blended);
        lanes_store(work_of(bonds, t), fresh);
        sums.fresh = lanes_add(sums.fresh, fresh);
        sums.old = lanes_add(sums.old, old_of(walk, columns, t));
    }
    return sums;
}

/* EB = alpha dB + (1 - alpha) B, both as shares of their columns; to work. */
static struct column_sums average_shares(const struct yuma_bonds *bonds,
                                         const struct tile_walk *walk,
                                         const struct yuma_bonds_columns *columns,
                                         struct column_sums sums, lanes *ret_most)
{
    struct lanes_divisor fresh_sum = lanes_divisor_of(sums.fresh);
    lanes old_inverse = lanes_u16_inverse_of(sums.old), sum = lanes_set(0), most = lanes_set(0);
    struct lanes_factor alpha = lanes_factor_of(columns->alpha);
    struct lanes_factor rest = lanes_factor_of(lanes_sub(lanes_set(LANES_ONE), columns->alpha));
    for (uint32_t t = 0; t < walk->present_count; t++) {
        lanes fresh = lanes_div(lanes_load(work_of(bonds, t)), fresh_sum);
        lanes old = lanes_div_u16(old_of(walk, columns, t), old_inverse);
        lanes averaged = average(alpha, rest, fresh, old);
        lanes_store(work_of(bonds, t), averaged);
        sum = lanes_add(sum, averaged);
        most = lanes_max(most, averaged);
    }
    *ret_most = most;
    return (struct column_sums){.fresh = sum};
}

/* Shares of the column pay dividends; stored is the share of the largest one.  Division by one
 * divisor keeps order, so that one is known before. */
static void run_relative(const struct yuma_bonds *bonds, const struct tile_walk *walk,
                         const struct yuma_bonds_columns *columns)
{
    lanes most;
    struct column_sums sums = find_fresh(bonds, walk, columns);
    struct lanes_divisor sum =
        lanes_divisor_of(average_shares(bonds, walk, columns, sums, &most).fresh);
    struct lanes_divisor largest = lanes_divisor_of(lanes_div(most, sum));
    struct lanes_factor incentive = lanes_factor_of(columns->incentive);
    for (uint32_t t = 0; t < walk->present_count; t++) {
        lanes averaged = lanes_load(work_of(bonds, t));
        lanes share = lanes_div(averaged, sum);
        add_dividends(bonds, walk, t, lanes_mul(incentive, share));
        store_code(walk, columns, t, averaged, lanes_to_u16(lanes_div(share, largest)));
    }
}

/* ---------------------------------------------------------------------------------------- Yuma 3
 */

/* B: u16 of 65535. */
static inline lanes absolute_old(const struct tile_walk *walk,
                                 const struct yuma_bonds_columns *columns, uint32_t t)
{
    return lanes_div_u16(old_of(walk, columns, t), lanes_set(LANES_ONE / 65535 * LANES_HIGH));
}

/* EB = alpha W + (1 - alpha) B, to work; returns the columns' sums. */
static lanes average_plain(const struct yuma_bonds *bonds, const struct tile_walk *walk,
                           const struct yuma_bonds_columns *columns)
{
    lanes sum = lanes_set(0);
    struct lanes_factor alpha = lanes_factor_of(columns->alpha);
    struct lanes_factor rest = lanes_factor_of(lanes_sub(lanes_set(LANES_ONE), columns->alpha));
    for (uint32_t t = 0; t < walk->present_count; t++) {
        lanes fresh = blend(bonds, columns, weight_of(walk, columns, t));
        lanes averaged = average(alpha, rest, fresh, absolute_old(walk, columns, t));
        lanes_store(work_of(bonds, t), averaged);
        sum = lanes_add(sum, averaged);
    }
    return sum;
}

/* All bits where the row's weight stands in WB: an entry of 0 does, one clipped to 0 does not. */
static inline lanes stands(const struct yuma_bonds *bonds, const struct tile_walk *walk,
                           const struct yuma_bonds_columns *columns, uint32_t t, lanes weight,
                           lanes blended)
{
    const __m256i bit = _mm256_setr_epi64x(1, 2, 4, 8);
    __m256i has = _mm256_set1_epi64x(walk->has_weight[t] >> columns->first);
    lanes there = _mm256_castsi256_pd(_mm256_cmpeq_epi64(_mm256_and_si256(has, bit), bit));
    lanes zero = lanes_set(0);
    if (bonds->penalty == 0)
        return there;
    if (bonds->penalty != FIXED_ONE)
        return _mm256_cmp_pd(blended, zero, _CMP_GT_OQ);
    lanes clipped_away = _mm256_and_pd(_mm256_cmp_pd(weight, zero, _CMP_GT_OQ),
                                       _mm256_cmp_pd(columns->consensus, zero, _CMP_LE_OQ));
    return _mm256_andnot_pd(clipped_away, there);
}

/* The same with an alpha for each bond; a bond whose weight does not stand is lost. */
static lanes average_liquid(const struct yuma_bonds *bonds, const struct tile_walk *walk,
                            const struct yuma_bonds_columns *columns)
{
    const lanes one = lanes_set(LANES_ONE);
    lanes sum = lanes_set(0);
    for (uint32_t t = 0; t < walk->present_count; t++) {
        lanes fresh = blend(bonds, columns, weight_of(walk, columns, t));
        lanes_store(work_of(bonds, t), liquid_exponent(&bonds->alpha, columns->consensus, fresh,
                                                       absolute_old(walk, columns, t)));
    }
    liquid_alphas(&bonds->alpha, bonds->work, walk->present_count);
    for (uint32_t t = 0; t < walk->present_count; t++) {
        lanes weight = weight_of(walk, columns, t), fresh = blend(bonds, columns, weight);
        lanes alpha = lanes_load(work_of(bonds, t));
        lanes averaged = average(lanes_factor_of(alpha), lanes_factor_of(lanes_sub(one, alpha)),
                                 fresh, absolute_old(walk, columns, t));
        averaged =
            _mm256_and_pd(lanes_min(averaged, one), stands(bonds, walk, columns, t, weight, fresh));
        lanes_store(work_of(bonds, t), averaged);
        sum = lanes_add(sum, averaged);
    }
    return sum;
}

static void run_absolute(const struct yuma_bonds *bonds, const struct tile_walk *walk,
                         const struct yuma_bonds_columns *columns)
{
    struct lanes_divisor sum = lanes_divisor_of(
        bonds->liquid ? average_liquid(bonds, walk, columns) : average_plain(bonds, walk, columns));
    struct lanes_factor incentive = lanes_factor_of(columns->incentive);
    for (uint32_t t = 0; t < walk->present_count; t++) {
        lanes averaged = lanes_load(work_of(bonds, t));
        add_dividends(bonds, walk, t, lanes_mul(incentive, lanes_div(averaged, sum)));
        store_code(walk, columns, t, averaged, lanes_to_u16(averaged));
    }
}

void yuma_bonds_run(const struct yuma_bonds *bonds, const struct tile_walk *walk,
                    const struct yuma_bonds_columns *columns)
{
    if (bonds->absolute)
        run_absolute(bonds, walk, columns);
    else
        run_relative(bonds, walk, columns);
}
