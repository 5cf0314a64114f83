#include "analysis/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

static void close_to(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("%.17g, expected %.17g", value, expected);
}

static void gini_of_small_cases_worked_by_hand(void **state)
{
    (void)state;
    /* 1,2,3,4: (-3*1 - 1*2 + 1*3 + 3*4) / (4 * 10) = 10/40. */
    close_to(metrics_gini((const double[]){1, 2, 3, 4}, 4), 0.25);
    close_to(metrics_gini((const double[]){5, 5, 5}, 3), 0);
    close_to(metrics_gini((const double[]){0, 0, 0, 7}, 4), 0.75); /* (n-1)/n */
    close_to(metrics_gini((const double[]){0, 0}, 2), 0);
    close_to(metrics_gini(NULL, 0), 0);
}

static void gini_is_the_mean_difference_over_twice_the_mean(void **state)
{
    (void)state;
    struct stream dice;
    stream_init(&dice, 1, STREAM_TEST, 0, 0);
    double x[50], differences = 0, sum = 0;
    for (int i = 0; i < 50; i++)
        sum += x[i] = stream_uniform(&dice);
    for (int i = 0; i < 50; i++)
        for (int j = 0; j < 50; j++)
            differences += fabs(x[i] - x[j]);
    metrics_sort(x, 50);
    close_to(metrics_gini(x, 50), differences / (50.0 * 50.0) / (2 * sum / 50.0));
}

static void nakamoto_is_the_smallest_group_above_the_share(void **state)
{
    (void)state;
    const double x[] = {10, 15, 25, 50};
    assert_int_equal(metrics_nakamoto(x, 4, 0.5), 2); /* 50 of 100 is not more than half */
    assert_int_equal(metrics_nakamoto(x, 4, 0.49), 1);
    assert_int_equal(metrics_nakamoto(x, 4, 0.9), 4);
    assert_int_equal(metrics_nakamoto((const double[]){1, 1, 1, 1, 1}, 5, 0.5), 3);
    assert_int_equal(metrics_nakamoto((const double[]){0, 0}, 2, 0.5), 0);
    close_to(metrics_top_share(x, 4, 2), 0.75);
    close_to(metrics_top_share(x, 4, 9), 1);
}

static void herfindahl_and_shannon_by_their_definitions(void **state)
{
    (void)state;
    close_to(metrics_hhi((const double[]){1, 1, 1, 1}, 4), 2500);
    close_to(metrics_hhi((const double[]){0, 3}, 2), 10000);
    /* The worked example of the US guidelines: 30, 30, 20 and 20 per cent give 2600. */
    close_to(metrics_hhi((const double[]){30, 30, 20, 20}, 4), 2600);
    close_to(metrics_shannon_bits((const double[]){1, 1, 1, 1}, 4), 2);
    close_to(metrics_shannon_bits((const double[]){2, 1, 1, 0}, 4), 1.5);
}

static void neurons_of_one_owner_are_summed(void **state)
{
    (void)state;
    const double values[] = {1, 2, 3, 4, 5};
    const uint32_t owners[] = {9, 3, 9, 3, 4294967295u};
    double sums[5];
    size_t count = 0;
    struct sim_error err = {0};
    assert_int_equal(metrics_sum_by_key(values, owners, 5, sums, &count, &err), SIM_OK);
    assert_int_equal(count, 3);
    close_to(sums[0], 6);
    close_to(sums[1], 4);
    close_to(sums[2], 5);
}

static double tau_of(const double *x, const double *y, size_t count)
{
    double tau = 0;
    struct sim_error err = {0};
    assert_int_equal(metrics_kendall_tau_b(x, y, count, &tau, &err), SIM_OK);
    return tau;
}

/* The definition, pair by pair. */
static double slow_tau_b(const double *x, const double *y, size_t count)
{
    double score = 0, untied_x = 0, untied_y = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            double dx = (x[i] > x[j]) - (x[i] < x[j]), dy = (y[i] > y[j]) - (y[i] < y[j]);
            score += dx * dy;
            untied_x += dx * dx;
            untied_y += dy * dy;
        }
    return score / sqrt(untied_x) / sqrt(untied_y);
}

static void kendall_tau_of_cases_worked_by_hand(void **state)
{
    (void)state;
    const double up[] = {1, 2, 3, 4, 5}, down[] = {5, 4, 3, 2, 1};
    close_to(tau_of(up, up, 5), 1);
    close_to(tau_of(up, down, 5), -1);
    /* 12,2,1,12,2 against 1,4,7,1,0: the example in SciPy's documentation of kendalltau. */
    close_to(tau_of((const double[]){12, 2, 1, 12, 2}, (const double[]){1, 4, 7, 1, 0}, 5),
             -0.4714045207910316);
    assert_true(isnan(tau_of(up, (const double[]){1, 1, 1, 1, 1}, 5)));
    assert_true(isnan(tau_of(up, up, 1)));
}

static void kendall_tau_by_merging_equals_the_definition_with_ties(void **state)
{
    (void)state;
    struct stream dice;
    stream_init(&dice, 2, STREAM_TEST, 0, 0);
    for (int trial = 0; trial < 300; trial++) {
        size_t count = 2 + stream_below(&dice, 60);
        uint64_t levels = 1 + stream_below(&dice, 12); /* few levels: many ties */
        double x[64], y[64];
        for (size_t i = 0; i < count; i++) {
            x[i] = (double)stream_below(&dice, levels);
            y[i] = (double)stream_below(&dice, levels) + x[i] * (double)(trial % 3);
        }
        double tau = tau_of(x, y, count), expected = slow_tau_b(x, y, count);
        assert_int_equal(isnan(tau), isnan(expected));
        if (!isnan(tau))
            close_to(tau, expected);
    }
}

static void spearman_is_the_correlation_of_ranks(void **state)
{
    (void)state;
    /* 1 - 6 * sum d^2 / (n (n^2 - 1)); d = 0, -1, 1, 0, 0. */
    double rho = 0;
    struct sim_error err = {0};
    const double x[] = {10, 20, 30, 40, 50}, y[] = {1, 3, 2, 400, 9000};
    assert_int_equal(metrics_spearman(x, y, 5, &rho, &err), SIM_OK);
    close_to(rho, 1 - 6.0 * 2.0 / (5.0 * 24.0));
    assert_int_equal(metrics_spearman(x, (const double[]){1, 1, 1, 1, 1}, 5, &rho, &err), SIM_OK);
    assert_true(isnan(rho));
}

static void the_t_interval_is_the_tabulated_one(void **state)
{
    (void)state;
    /* mean 3, sd sqrt(2.5), t(4, 97.5 %) = 2.776445105198. */
    struct metrics_interval interval = metrics_t_interval((const double[]){1, 2, 3, 4, 5}, 5, 0.95);
    close_to(interval.estimate, 3);
    assert_true(fabs(interval.high - (3 + 2.776445105198 * sqrt(0.5))) < 1e-9);
    assert_true(fabs(interval.low - (3 - 2.776445105198 * sqrt(0.5))) < 1e-9);
    assert_true(isnan(metrics_t_interval((const double[]){1}, 1, 0.95).low));
    assert_true(isnan(metrics_t_interval(NULL, 0, 0.95).estimate));
}

static void the_welch_interval_is_the_tabulated_one(void **state)
{
    (void)state;
    /* Alike on both sides: 8 degrees of freedom, t(8, 97.5 %) = 2.306004135204. */
    struct metrics_interval interval = metrics_welch_interval(3, 0.5, 5, 0.5, 5, 0.95);
    close_to(interval.estimate, 3);
    assert_true(fabs(interval.high - (3 + 2.306004135204)) < 1e-9);
    assert_true(fabs(interval.low - (3 - 2.306004135204)) < 1e-9);
    /* One side alone varies: its 4 degrees of freedom. */
    interval = metrics_welch_interval(0, 1, 5, 0, 50, 0.95);
    assert_true(fabs(interval.high - 2.776445105198) < 1e-9);
    interval = metrics_welch_interval(1, 0, 2, 0, 2, 0.95);
    assert_true(interval.low == 1 && interval.high == 1);
}

static void quantiles_lie_between_neighbours(void **state)
{
    (void)state;
    const double x[] = {1, 2, 4, 8};
    close_to(metrics_quantile(x, 4, 0.5), 3);
    close_to(metrics_quantile(x, 4, 0), 1);
    close_to(metrics_quantile(x, 4, 1), 8);
    assert_true(isnan(metrics_quantile(x, 0, 0.5)));
}

static double mean_of_rows(const void *context, const uint32_t *rows, size_t count)
{
    const double *values = context;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[rows[i]];
    return sum / (double)count;
}

static void the_bootstrap_covers_a_known_mean_as_often_as_it_says(void **state)
{
    (void)state;
    struct stream dice;
    struct sim_error err = {0};
    stream_init(&dice, 3, STREAM_TEST, 0, 0);
    int covered = 0, above = 0;
    for (int trial = 0; trial < 400; trial++) {
        double values[60];
        for (int i = 0; i < 60; i++)
            values[i] = stream_uniform(&dice);
        struct metrics_interval interval;
        assert_int_equal(
            metrics_bootstrap(mean_of_rows, values, 60, 200, 0.9, &dice, &interval, &err), SIM_OK);
        covered += interval.low <= 0.5 && 0.5 <= interval.high;
        above += interval.low > 0.5;
    }
    /* 0.9 x 400 = 360, standard deviation 6; the percentile method is a little narrow.  It misses
     * as often to one side as to the other: 20 times, standard deviation 4.4. */
    assert_in_range(covered, 330, 384);
    assert_in_range(above, 7, 38);
    assert_in_range(400 - covered - above, 7, 38);
}

static void the_interval_of_tau_is_seeded_and_holds_the_estimate(void **state)
{
    (void)state;
    struct sim_error err = {0};
    double x[80], y[80];
    struct stream dice;
    stream_init(&dice, 4, STREAM_TEST, 0, 0);
    for (int i = 0; i < 80; i++) {
        x[i] = stream_uniform(&dice);
        y[i] = x[i] + stream_uniform(&dice);
    }
    struct metrics_interval a, b;
    struct stream first, second;
    stream_init(&first, 5, STREAM_TEST, 0, 0);
    stream_init(&second, 5, STREAM_TEST, 0, 0);
    assert_int_equal(metrics_kendall_interval(x, y, 80, 300, 0.95, &first, &a, &err), SIM_OK);
    assert_int_equal(metrics_kendall_interval(x, y, 80, 300, 0.95, &second, &b, &err), SIM_OK);
    assert_true(a.low == b.low && a.high == b.high);
    close_to(a.estimate, tau_of(x, y, 80));
    assert_true(a.low < a.estimate && a.estimate < a.high);
    assert_true(a.low > 0.2 && a.high < 0.8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gini_of_small_cases_worked_by_hand),
        cmocka_unit_test(gini_is_the_mean_difference_over_twice_the_mean),
        cmocka_unit_test(nakamoto_is_the_smallest_group_above_the_share),
        cmocka_unit_test(herfindahl_and_shannon_by_their_definitions),
        cmocka_unit_test(neurons_of_one_owner_are_summed),
        cmocka_unit_test(kendall_tau_of_cases_worked_by_hand),
        cmocka_unit_test(kendall_tau_by_merging_equals_the_definition_with_ties),
        cmocka_unit_test(spearman_is_the_correlation_of_ranks),
        cmocka_unit_test(the_t_interval_is_the_tabulated_one),
        cmocka_unit_test(the_welch_interval_is_the_tabulated_one),
        cmocka_unit_test(quantiles_lie_between_neighbours),
        cmocka_unit_test(the_bootstrap_covers_a_known_mean_as_often_as_it_says),
        cmocka_unit_test(the_interval_of_tau_is_seeded_and_holds_the_estimate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
