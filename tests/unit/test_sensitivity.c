/* Sensitivity indices against functions whose indices are known. */
#include "analysis/sensitivity.h"

#include <gsl/gsl_qrng.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("%.17g, not %.17g", found, expected);
}

enum { K = 3 };

typedef double function(const double x[K]);

/* Ishigami and Homma 1990, a = 7, b = 0.1, x uniform in [-pi, pi]. */
static double ishigami(const double u[K])
{
    double x[K];
    for (int i = 0; i < K; i++)
        x[i] = acos(-1) * (2 * u[i] - 1);
    return sin(x[0]) + 7 * pow(sin(x[1]), 2) + 0.1 * pow(x[2], 4) * sin(x[0]);
}

static double weighted_sum(const double u[K])
{
    return 5 + 3 * u[0] - 2 * u[1];
}

static double product(const double u[K])
{
    return u[0] * u[1];
}

static double constant(const double u[K])
{
    return 4 + 0 * u[0];
}

/* The outputs of a saltelli design: blocks f(A), f(B), f(AB_i). */
static double *saltelli_outputs(function *f, size_t rows)
{
    double *outputs = calloc(rows * (K + 2), sizeof(*outputs));
    gsl_qrng *sequence = gsl_qrng_alloc(gsl_qrng_sobol, 2 * K);
    for (size_t n = 0; n < rows; n++) {
        double row[2 * K], mixed[K];
        gsl_qrng_get(sequence, row);
        outputs[n * (K + 2)] = f(row);
        outputs[n * (K + 2) + 1] = f(row + K);
        for (int i = 0; i < K; i++) {
            for (int j = 0; j < K; j++)
                mixed[j] = j == i ? row[K + j] : row[j];
            outputs[n * (K + 2) + 2 + i] = f(mixed);
        }
    }
    gsl_qrng_free(sequence);
    return outputs;
}

static void shares_of(const double *outputs, size_t rows, struct metrics_interval first[K],
                      struct metrics_interval total[K])
{
    struct stream stream;
    struct sim_error err = {0};
    struct sensitivity_shares shares = {first, total};
    stream_init(&stream, 1, STREAM_TEST, 0, 0);
    assert_int_equal(sensitivity_saltelli(outputs, rows, K, 200, 0.95, &stream, &shares, &err),
                     SIM_OK);
}

static void ishigamis_function_gives_its_known_shares(void **state)
{
    (void)state;
    /* V = a^2/8 + b pi^4/5 + b^2 pi^8/18 + 1/2; V1 = (1 + b pi^4/5)^2 / 2; V2 = a^2/8;
     * V13 = b^2 pi^8 (1/18 - 1/50). */
    double b4 = 0.1 * pow(acos(-1), 4), v1 = pow(1 + b4 / 5, 2) / 2, v2 = 49.0 / 8;
    double v13 = b4 * b4 * (1.0 / 18 - 1.0 / 50), v = v1 + v2 + v13;
    const double first[K] = {v1 / v, v2 / v, 0}, total[K] = {(v1 + v13) / v, v2 / v, v13 / v};
    struct metrics_interval f[K], t[K];
    double *outputs = saltelli_outputs(ishigami, 8192);
    shares_of(outputs, 8192, f, t);
    for (int i = 0; i < K; i++) {
        assert_near(f[i].estimate, first[i], 0.005);
        assert_near(t[i].estimate, total[i], 0.005);
        assert_true(f[i].low <= first[i] && first[i] <= f[i].high);
        assert_true(t[i].low <= total[i] && total[i] <= t[i].high);
        assert_true(f[i].high - f[i].low < 0.1);
    }
    free(outputs);
}

static void an_interval_shrinks_with_the_root_of_the_rows(void **state)
{
    (void)state;
    struct metrics_interval few[2][K], many[2][K];
    double *outputs = saltelli_outputs(ishigami, 4096);
    shares_of(outputs, 256, few[0], few[1]);
    shares_of(outputs, 4096, many[0], many[1]);
    double ratio = (few[0][1].high - few[0][1].low) / (many[0][1].high - many[0][1].low);
    assert_true(ratio > 3 && ratio < 5.3);
    free(outputs);
}

static void a_row_with_a_missing_run_is_left_out(void **state)
{
    (void)state;
    struct metrics_interval whole[2][K], torn[2][K];
    double *outputs = saltelli_outputs(ishigami, 512);
    shares_of(outputs, 511, whole[0], whole[1]);
    outputs[511 * (K + 2) + 3] = NAN;
    shares_of(outputs, 512, torn[0], torn[1]);
    for (int i = 0; i < K; i++)
        assert_true(whole[0][i].estimate == torn[0][i].estimate &&
                    whole[1][i].low == torn[1][i].low);
    for (size_t i = 0; i < 512 * (K + 2); i++)
        outputs[i] = NAN;
    shares_of(outputs, 512, torn[0], torn[1]);
    assert_true(isnan(torn[0][0].estimate) && isnan(torn[0][0].high));
    free(outputs);
}

static void what_does_not_vary_has_no_shares(void **state)
{
    (void)state;
    struct metrics_interval first[K], total[K];
    double *outputs = saltelli_outputs(constant, 64);
    shares_of(outputs, 64, first, total);
    assert_true(isnan(first[0].estimate) && isnan(total[2].estimate));
    free(outputs);
}

/* A design of trajectories with a step of two thirds along each axis, from all corners of a grid
 * of four levels. */
static struct design trajectories(void)
{
    struct design design = {.axis_count = K, .point_count = 64 * (K + 1)};
    design.unit = calloc(design.point_count * K, sizeof(*design.unit));
    for (size_t t = 0; t < 64; t++) {
        int level[K] = {(int)(t & 3), (int)(t >> 2 & 3), (int)(t >> 4)};
        for (size_t step = 0; step <= K; step++) {
            for (int a = 0; a < K; a++)
                design.unit[(t * (K + 1) + step) * K + a] = level[a] / 3.0;
            if (step < K)
                level[step] += level[step] < 2 ? 2 : -2;
        }
    }
    return design;
}

static void effects_of(function *f, struct metrics_interval effects[3][K])
{
    struct design design = trajectories();
    double *outputs = calloc(design.point_count, sizeof(*outputs));
    for (size_t p = 0; p < design.point_count; p++)
        outputs[p] = f(design.unit + p * K);
    struct stream stream;
    struct sim_error err = {0};
    struct sensitivity_effects to = {effects[0], effects[1], effects[2]};
    stream_init(&stream, 1, STREAM_TEST, 0, 0);
    assert_int_equal(sensitivity_morris(outputs, &design, 200, 0.95, &stream, &to, &err), SIM_OK);
    free(outputs);
    free(design.unit);
}

static void the_effects_of_a_sum_are_its_weights_and_do_not_spread(void **state)
{
    (void)state;
    const double weights[K] = {3, -2, 0};
    struct metrics_interval effects[3][K];
    effects_of(weighted_sum, effects);
    for (int i = 0; i < K; i++) {
        assert_near(effects[0][i].estimate, weights[i], 1e-12);
        assert_near(effects[1][i].estimate, fabs(weights[i]), 1e-12);
        assert_near(effects[2][i].estimate, 0, 1e-12);
        assert_near(effects[0][i].low, weights[i], 1e-12);
    }
}

static void a_product_spreads_the_effects_of_both_factors(void **state)
{
    (void)state;
    struct metrics_interval effects[3][K];
    effects_of(product, effects);
    /* The effect of the first factor is the second, which takes 0, 1/3, 2/3, 1 equally often. */
    assert_near(effects[0][0].estimate, 0.5, 1e-12);
    assert_near(effects[2][0].estimate, sqrt(5.0 / 36 * 64 / 63), 1e-12);
    assert_true(effects[0][0].low < 0.5 && effects[0][0].high > 0.5);
    assert_near(effects[1][2].estimate, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ishigamis_function_gives_its_known_shares),
        cmocka_unit_test(an_interval_shrinks_with_the_root_of_the_rows),
        cmocka_unit_test(a_row_with_a_missing_run_is_left_out),
        cmocka_unit_test(what_does_not_vary_has_no_shares),
        cmocka_unit_test(the_effects_of_a_sum_are_its_weights_and_do_not_spread),
        cmocka_unit_test(a_product_spreads_the_effects_of_both_factors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
