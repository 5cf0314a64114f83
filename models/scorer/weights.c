#include "scorer/weights.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* One candidate; `rank` orders the groups, `dice` breaks ties. */
struct candidate {
    double value; /* what the order goes by */
    double share; /* what the weight is made of */
    uint64_t dice;
    uint32_t uid, rank;
};

size_t weights_scratch_bytes(uint32_t uid_count)
{
    return uid_count * (sizeof(struct candidate) + 2 * sizeof(double));
}

static double *doubles_after(void *scratch, uint32_t uid_count)
{
    return (double *)((struct candidate *)scratch + uid_count);
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- cap and squash -------------------------------------------------------------------------- */

static double sum_of(const double *values, uint32_t count)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

static void share_equally(double *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        values[i] = 1.0 / count;
}

static void divide_by_sum(double *values, uint32_t count)
{
    double sum = sum_of(values, count);
    for (uint32_t i = 0; i < count; i++)
        values[i] /= sum;
}

/*
 * e_i the shares, ascending, C_i their running sums.  Clipping at the share of i leaves it with
 * e_i / ((count - 1 - i) e_i + C_i); k is how many stay below the limit so, and
 * cutoff = (limit C_k - 1e-7) / (1 - limit (count - k)).
 */
static double cap_cutoff(const double *ascending, uint32_t count, double limit)
{
    const double epsilon = 1e-7;
    double running = 0, below_sum = 0;
    uint32_t below = 0;
    for (uint32_t i = 0; i < count; i++) {
        running += ascending[i];
        double left = ascending[i] / ((count - 1 - i) * ascending[i] + running + epsilon);
        if (left < limit) {
            below++;
            below_sum = running;
        }
    }
    return (limit * below_sum - epsilon) / (1 - limit * (count - below));
}

void weights_cap(double *values, uint32_t count, double limit, double *sorted)
{
    if (count * limit <= 1 || !(sum_of(values, count) > 0)) {
        share_equally(values, count);
        return;
    }
    divide_by_sum(values, count);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = values[i];
    qsort(sorted, count, sizeof(*sorted), by_number);
    if (sorted[count - 1] <= limit)
        return;
    double cutoff = cap_cutoff(sorted, count, limit);
    for (uint32_t i = 0; i < count; i++)
        values[i] = fmin(values[i], cutoff);
    divide_by_sum(values, count);
}

void weights_squash(double *values, uint32_t count, double ratio)
{
    double smallest = INFINITY;
    for (uint32_t i = 0; i < count; i++)
        smallest = fmin(smallest, values[i]);
    for (uint32_t i = 0; i < count; i++)
        values[i] -= smallest;
    double sum = sum_of(values, count);
    if (!(sum > 0)) {
        share_equally(values, count);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        values[i] = tanh(values[i] / sum * count) + 1 / (ratio - 1);
    divide_by_sum(values, count);
}

/* ---- choosing -------------------------------------------------------------------------------- */

/* Integers of the chain: floor(65535 x share of the sum); what comes out 0 is left away. */
static void emit(struct scorer_weights *weights, uint32_t count)
{
    double sum = sum_of(weights->shares, count);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t weight = (uint16_t)(65535 * weights->shares[i] / sum);
        if (weight == 0)
            continue;
        weights->uids[kept] = weights->uids[i];
        weights->shares[kept] = weights->shares[i];
        weights->weights_u16[kept++] = weight;
    }
    weights->count = kept;
}

static double quantile(double *values, uint32_t count, double at)
{
    qsort(values, count, sizeof(*values), by_number);
    double place = at * (count - 1);
    uint32_t low = (uint32_t)place;
    uint32_t high = low + 1 < count ? low + 1 : low;
    return values[low] + (place - low) * (values[high] - values[low]);
}

/* NaN is not positive. */
static bool positive(const struct scorer_stats *stats)
{
    return stats->value > 0;
}

void weights_quantile_and_cap(const struct scorer_limits *limits, const struct scorer_stats *stats,
                              uint32_t uid_count, void *scratch, struct scorer_weights *ret_weights)
{
    double *sorted = doubles_after(scratch, uid_count);
    uint32_t count = 0, kept = 0;
    for (uint32_t uid = 0; uid < uid_count; uid++)
        if (positive(&stats[uid]))
            sorted[count++] = stats[uid].value;
    double excluded =
        fmin(limits->exclude_quantile, ((double)count - limits->min_allowed_weights) / count);
    double threshold = count > 0 && excluded > 0 ? quantile(sorted, count, excluded) : 0;
    for (uint32_t uid = 0; uid < uid_count; uid++) {
        if (!positive(&stats[uid]) || stats[uid].value < threshold)
            continue;
        ret_weights->uids[kept] = uid;
        ret_weights->shares[kept++] = stats[uid].value;
    }
    ret_weights->count = 0;
    if (kept == 0)
        return;
    weights_cap(ret_weights->shares, kept, limits->max_weight_limit, sorted);
    emit(ret_weights, kept);
}

static int by_value_then_dice(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return (x->dice > y->dice) - (x->dice < y->dice);
}

static int by_uid(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return (x->uid > y->uid) - (x->uid < y->uid);
}

/* The first `wanted` of the order, squashed and emitted. */
static void squash_first(struct candidate *candidates, uint32_t count, uint32_t wanted,
                         double ratio, struct scorer_weights *ret_weights)
{
    uint32_t kept = wanted < count ? wanted : count;
    qsort(candidates, count, sizeof(*candidates), by_value_then_dice);
    qsort(candidates, kept, sizeof(*candidates), by_uid);
    for (uint32_t i = 0; i < kept; i++) {
        ret_weights->uids[i] = candidates[i].uid;
        ret_weights->shares[i] = candidates[i].share;
    }
    ret_weights->count = 0;
    if (kept == 0)
        return;
    weights_squash(ret_weights->shares, kept, ratio);
    emit(ret_weights, kept);
}

void weights_top(const struct scorer_limits *limits, const struct scorer_stats *stats,
                 uint32_t uid_count, double unasked_value, struct stream *stream, void *scratch,
                 struct scorer_weights *ret_weights)
{
    struct candidate *candidates = scratch;
    for (uint32_t uid = 0; uid < uid_count; uid++) {
        double value = stats[uid].queries > 0 ? stats[uid].value : unasked_value;
        candidates[uid] = (struct candidate){
            .value = value, .share = value, .dice = stream_u64(stream), .uid = uid};
    }
    squash_first(candidates, uid_count, limits->min_allowed_weights, limits->max_min_ratio,
                 ret_weights);
}

void weights_responsive_first(const struct scorer_limits *limits, const struct scorer_stats *stats,
                              uint32_t uid_count, struct stream *stream, void *scratch,
                              struct scorer_weights *ret_weights)
{
    struct candidate *candidates = scratch;
    uint32_t responsive = 0;
    for (uint32_t uid = 0; uid < uid_count; uid++) {
        uint32_t rank = stats[uid].answers > 0 ? 0 : stats[uid].queries > 0 ? 1 : 2;
        candidates[uid] = (struct candidate){
            .share = stats[uid].value, .dice = stream_u64(stream), .uid = uid, .rank = rank};
        responsive += rank == 0;
    }
    uint32_t wanted =
        responsive > limits->min_allowed_weights ? responsive : limits->min_allowed_weights;
    squash_first(candidates, uid_count, wanted, limits->max_min_ratio, ret_weights);
}
