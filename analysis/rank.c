/* Agreement of two orders: Kendall's tau-b by Knight's algorithm, Spearman's rho by GSL. */
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/metrics.h"

struct pair {
    double x, y;
};

static int pair_order(const void *a, const void *b)
{
    const struct pair *p = a, *q = b;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return p->y < q->y ? -1 : p->y > q->y;
}

/* Sorts by y and returns how many exchanges of neighbours that takes: the discordant pairs. */
static uint64_t merge_sort_by_y(struct pair *pairs, struct pair *scratch, size_t count)
{
    if (count < 2)
        return 0;
    size_t half = count / 2, left = 0, right = half, out = 0;
    uint64_t exchanges = merge_sort_by_y(pairs, scratch, half) +
                         merge_sort_by_y(pairs + half, scratch, count - half);
    while (left < half && right < count) {
        if (pairs[right].y < pairs[left].y) {
            exchanges += half - left;
            scratch[out++] = pairs[right++];
        } else {
            scratch[out++] = pairs[left++];
        }
    }
    memcpy(scratch + out, pairs + left, (half - left) * sizeof(*pairs));
    out += half - left;
    memcpy(pairs, scratch, out * sizeof(*pairs)); /* the rest of the right half is in place */
    return exchanges;
}

enum tie { TIE_X, TIE_Y, TIE_BOTH };

static bool tied(const struct pair *a, const struct pair *b, enum tie tie)
{
    return (tie == TIE_Y || a->x == b->x) && (tie == TIE_X || a->y == b->y);
}

/* Pairs that are tied, over an array sorted so that ties are neighbours. */
static uint64_t tied_pairs(const struct pair *pairs, size_t count, enum tie tie)
{
    uint64_t total = 0, run = 1;
    for (size_t i = 1; i < count; i++) {
        run = tied(&pairs[i], &pairs[i - 1], tie) ? run + 1 : 1;
        total += run - 1;
    }
    return total;
}

/* Scratch holds 2 x count pairs. */
static double tau_b(struct pair *pairs, size_t count)
{
    if (count < 2)
        return (double)NAN;
    uint64_t all = (uint64_t)count * (count - 1) / 2;
    qsort(pairs, count, sizeof(*pairs), pair_order);
    uint64_t ties_x = tied_pairs(pairs, count, TIE_X);
    uint64_t ties_both = tied_pairs(pairs, count, TIE_BOTH);
    uint64_t discordant = merge_sort_by_y(pairs, pairs + count, count);
    uint64_t ties_y = tied_pairs(pairs, count, TIE_Y);
    if (ties_x == all || ties_y == all)
        return (double)NAN;
    double concordant_less_discordant = (double)all - (double)ties_x - (double)ties_y +
                                        (double)ties_both - 2.0 * (double)discordant;
    return concordant_less_discordant / sqrt((double)(all - ties_x)) / sqrt((double)(all - ties_y));
}

enum sim_status metrics_kendall_tau_b(const double *x, const double *y, size_t count,
                                      double *ret_tau, struct sim_error *err)
{
    struct pair *pairs = malloc((2 * count + 1) * sizeof(*pairs));
    if (pairs == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "metrics: out of memory");
    for (size_t i = 0; i < count; i++)
        pairs[i] = (struct pair){x[i], y[i]};
    *ret_tau = tau_b(pairs, count);
    free(pairs);
    return SIM_OK;
}

struct kendall_context {
    const double *x, *y;
    struct pair *pairs; /* (2 count) scratch */
};

static double kendall_statistic(const void *context, const uint32_t *rows, size_t count)
{
    const struct kendall_context *kendall = context;
    for (size_t i = 0; i < count; i++)
        kendall->pairs[i] = (struct pair){kendall->x[rows[i]], kendall->y[rows[i]]};
    return tau_b(kendall->pairs, count);
}

enum sim_status metrics_kendall_interval(const double *x, const double *y, size_t count,
                                         size_t resamples, double level, struct stream *stream,
                                         struct metrics_interval *ret_interval,
                                         struct sim_error *err)
{
    struct kendall_context context = {.x = x, .y = y};
    context.pairs = malloc((2 * count + 1) * sizeof(*context.pairs));
    if (context.pairs == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "metrics: out of memory");
    enum sim_status status = metrics_bootstrap(kendall_statistic, &context, count, resamples, level,
                                               stream, ret_interval, err);
    free(context.pairs);
    return status;
}

static bool all_equal(const double *values, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (values[i] != values[0])
            return false;
    return true;
}

enum sim_status metrics_spearman(const double *x, const double *y, size_t count, double *ret_rho,
                                 struct sim_error *err)
{
    if (count < 2 || all_equal(x, count) || all_equal(y, count)) {
        *ret_rho = (double)NAN;
        return SIM_OK;
    }
    double *work = malloc(2 * count * sizeof(*work));
    if (work == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "metrics: out of memory");
    *ret_rho = gsl_stats_spearman(x, 1, y, 1, count, work);
    free(work);
    return SIM_OK;
}
