#include "analysis/metrics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double sum_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

void metrics_sort(double *values, size_t count)
{
    gsl_sort(values, 1, count);
}

double metrics_gini(const double *ascending, size_t count)
{
    double sum = sum_of(ascending, count), weighted = 0;
    if (sum <= 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        weighted += (2.0 * (double)(i + 1) - (double)count - 1.0) * ascending[i];
    return weighted / ((double)count * sum);
}

size_t metrics_nakamoto(const double *ascending, size_t count, double share)
{
    double threshold = share * sum_of(ascending, count), held = 0;
    if (threshold <= 0)
        return 0;
    for (size_t k = 1; k <= count; k++) {
        held += ascending[count - k];
        if (held > threshold)
            return k;
    }
    return count; /* share >= 1 */
}

double metrics_top_share(const double *ascending, size_t count, size_t k)
{
    double sum = sum_of(ascending, count);
    if (sum <= 0)
        return 0;
    if (k > count)
        k = count;
    return sum_of(ascending + count - k, k) / sum;
}

double metrics_hhi(const double *values, size_t count)
{
    double sum = sum_of(values, count), index = 0;
    if (sum <= 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        index += (100.0 * values[i] / sum) * (100.0 * values[i] / sum);
    return index;
}

double metrics_shannon_bits(const double *values, size_t count)
{
    double sum = sum_of(values, count), bits = 0;
    if (sum <= 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (values[i] > 0)
            bits -= values[i] / sum * log2(values[i] / sum);
    return bits;
}

struct keyed {
    uint32_t key;
    uint32_t row;
};

static int keyed_order(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

enum sim_status metrics_sum_by_key(const double *values, const uint32_t *keys, size_t count,
                                   double *ret_sums, size_t *ret_count, struct sim_error *err)
{
    struct keyed *order = malloc((count + 1) * sizeof(*order));
    if (order == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "metrics: out of memory");
    for (size_t i = 0; i < count; i++)
        order[i] = (struct keyed){.key = keys[i], .row = (uint32_t)i};
    qsort(order, count, sizeof(*order), keyed_order);
    size_t sums = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || order[i].key != order[i - 1].key)
            ret_sums[sums++] = 0;
        ret_sums[sums - 1] += values[order[i].row];
    }
    free(order);
    *ret_count = sums;
    return SIM_OK;
}

double metrics_quantile(const double *ascending, size_t count, double q)
{
    return count == 0 ? (double)NAN : gsl_stats_quantile_from_sorted_data(ascending, 1, count, q);
}

struct metrics_interval metrics_t_interval(const double *values, size_t count, double level)
{
    struct metrics_interval interval = {(double)NAN, (double)NAN, (double)NAN};
    if (count == 0)
        return interval;
    interval.estimate = gsl_stats_mean(values, 1, count);
    if (count == 1)
        return interval;
    double error = gsl_stats_sd_m(values, 1, count, interval.estimate) / sqrt((double)count);
    double t = gsl_cdf_tdist_Pinv(0.5 + level / 2, (double)(count - 1));
    interval.low = interval.estimate - t * error;
    interval.high = interval.estimate + t * error;
    return interval;
}

struct metrics_interval metrics_welch_interval(double estimate, double squared_error_a,
                                               size_t count_a, double squared_error_b,
                                               size_t count_b, double level)
{
    SIM_ASSERT(count_a >= 2 && count_b >= 2);
    double a = squared_error_a, b = squared_error_b;
    if (!(a + b > 0)) /* all values alike */
        return (struct metrics_interval){estimate, estimate, estimate};
    double freedom =
        (a + b) * (a + b) / (a * a / (double)(count_a - 1) + b * b / (double)(count_b - 1));
    double half = gsl_cdf_tdist_Pinv(0.5 + level / 2, freedom) * sqrt(a + b);
    return (struct metrics_interval){estimate, estimate - half, estimate + half};
}

static void draw_rows(struct stream *stream, uint32_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rows[i] = (uint32_t)stream_below(stream, count);
}

enum sim_status metrics_bootstrap(metrics_statistic *statistic, const void *context, size_t count,
                                  size_t resamples, double level, struct stream *stream,
                                  struct metrics_interval *ret_interval, struct sim_error *err)
{
    uint32_t *rows = calloc(count + 1, sizeof(*rows));
    double *values = malloc((resamples + 1) * sizeof(*values));
    if (rows == NULL || values == NULL) {
        free(values);
        free(rows);
        return SIM_FAIL(err, SIM_MEMORY, "metrics: out of memory");
    }
    for (size_t i = 0; i < count; i++)
        rows[i] = (uint32_t)i;
    struct metrics_interval interval = {.estimate = statistic(context, rows, count)};
    size_t kept = 0;
    for (size_t r = 0; r < resamples && count > 0; r++) {
        draw_rows(stream, rows, count);
        double value = statistic(context, rows, count);
        if (!isnan(value))
            values[kept++] = value;
    }
    metrics_sort(values, kept);
    interval.low = metrics_quantile(values, kept, 0.5 - level / 2);
    interval.high = metrics_quantile(values, kept, 0.5 + level / 2);
    free(values);
    free(rows);
    *ret_interval = interval;
    return SIM_OK;
}
