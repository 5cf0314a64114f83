/*
 * metrics.h: how concentrated amounts are, how well two orders agree, and how sure one can be.
 *
 * Pure functions over plain arrays of doubles.  Definitions and what they give at their edges
 * stand at each function; all amounts must be finite and not negative.
 */
#ifndef ANALYSIS_METRICS_H
#define ANALYSIS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/stream.h"

/* ---- concentration; p_i = x_i / sum x.  Nothing there, or all zero: 0. */

/* Ascending. */
void metrics_sort(double *values, size_t count);
/* sum_i (2i - n - 1) x_i / (n sum x), i = 1..n over ascending x (Gini 1912): 0 = all equal,
 * (n-1)/n = one holds all.  `ascending` is sorted by the caller. */
double metrics_gini(const double *ascending, size_t count);
/* The smallest k whose k largest hold more than `share` of the sum (Srinivasan and Lee 2017, with
 * share 0.5). */
size_t metrics_nakamoto(const double *ascending, size_t count, double share);
/* Share of the k largest. */
double metrics_top_share(const double *ascending, size_t count, size_t k);
/* Herfindahl-Hirschman index, sum (100 p_i)^2: 10000 = one holds all. */
double metrics_hhi(const double *values, size_t count);
/* - sum p_i log2 p_i, in bits; log2 n = all equal. */
double metrics_shannon_bits(const double *values, size_t count);
/* Sums the values of equal keys: an owner's neurons become one.  Writes at most `count` sums in
 * the order of ascending key and returns how many. */
SIM_CHECKED enum sim_status metrics_sum_by_key(const double *values, const uint32_t *keys,
                                               size_t count, double *ret_sums, size_t *ret_count,
                                               struct sim_error *err);

/* ---- agreement of two orders */

/* Kendall's tau-b, (C - D) / sqrt((n0 - n1)(n0 - n2)), ties counted out on either side (Kendall
 * 1945), by merge sort in O(n log n) (Knight 1966).  NaN when one side is all ties or n < 2. */
SIM_CHECKED enum sim_status metrics_kendall_tau_b(const double *x, const double *y, size_t count,
                                                  double *ret_tau, struct sim_error *err);
/* Spearman's rank correlation, ties at their mean rank; NaN as above. */
SIM_CHECKED enum sim_status metrics_spearman(const double *x, const double *y, size_t count,
                                             double *ret_rho, struct sim_error *err);

/* ---- intervals */

struct metrics_interval {
    double estimate, low, high;
};

/* Mean of independent replicates with its two-sided Student t interval; `level` e.g. 0.95.  With
 * one value low and high are NaN, with none all three. */
struct metrics_interval metrics_t_interval(const double *values, size_t count, double level);

/* A difference of two means whose squared standard errors come from `count_a` and `count_b`
 * independent values each (>= 2), with Welch's degrees of freedom (Welch 1947). */
struct metrics_interval metrics_welch_interval(double estimate, double squared_error_a,
                                               size_t count_a, double squared_error_b,
                                               size_t count_b, double level);

/* A statistic of the rows whose indices are given (with repetition); NaN rows are left out of the
 * interval. */
typedef double metrics_statistic(const void *context, const uint32_t *rows, size_t count);
/* Percentile bootstrap (Efron 1979): resamples 0..count-1 with replacement `resamples` times from
 * `stream`.  estimate = the statistic of all rows once. */
SIM_CHECKED enum sim_status metrics_bootstrap(metrics_statistic *statistic, const void *context,
                                              size_t count, size_t resamples, double level,
                                              struct stream *stream,
                                              struct metrics_interval *ret_interval,
                                              struct sim_error *err);
/* Kendall's tau-b with its bootstrap interval over pairs. */
SIM_CHECKED enum sim_status metrics_kendall_interval(const double *x, const double *y, size_t count,
                                                     size_t resamples, double level,
                                                     struct stream *stream,
                                                     struct metrics_interval *ret_interval,
                                                     struct sim_error *err);

/* The q-quantile of ascending values, linear between neighbours (type 7); NaN when none. */
double metrics_quantile(const double *ascending, size_t count, double q);

#endif
