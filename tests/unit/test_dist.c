#include "base/dist.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { DRAWS = 40000 };

static const struct dist unbounded = {.min = {.f64 = -HUGE_VAL}, .max = {.f64 = HUGE_VAL}};

static double mean_of(const struct dist *dist, uint64_t seed)
{
    struct stream stream;
    stream_init(&stream, seed, STREAM_TEST, 0, 0);
    double sum = 0;
    for (int i = 0; i < DRAWS; i++)
        sum += dist_draw_f64(dist, &stream);
    return sum / DRAWS;
}

static void assert_mean(const struct dist *dist, double sd)
{
    double mean = mean_of(dist, 17), expected = dist_mean(dist);
    /* Five standard errors. */
    if (fabs(mean - expected) > 5 * sd / sqrt(DRAWS))
        fail_msg("mean %g, expected %g", mean, expected);
}

static void each_shape_has_the_mean_of_its_formula(void **state)
{
    (void)state;
    struct dist dist = unbounded;
    dist.shape = DIST_NORMAL;
    dist.location = -3;
    dist.spread = 2;
    assert_mean(&dist, 2);
    dist.shape = DIST_LOGNORMAL;
    dist.location = 10;
    dist.spread = 0.5;
    assert_mean(&dist, 10 * 0.65);
    dist.shape = DIST_EXPONENTIAL;
    assert_mean(&dist, 10);
    dist.shape = DIST_PARETO;
    dist.spread = 5;
    assert_mean(&dist, 10 * 0.33);
    dist.shape = DIST_UNIFORM;
    dist.low.f64 = 2;
    dist.high.f64 = 6;
    assert_mean(&dist, 4 / sqrt(12));
    const union dist_number values[] = {{.f64 = 1}, {.f64 = 10}};
    const double weights[] = {3, 1}, cumulative[] = {3, 4};
    dist.shape = DIST_CHOICE;
    dist.values = values;
    dist.weights = weights;
    dist.cumulative = cumulative;
    dist.count = 2;
    assert_true(dist_mean(&dist) == 3.25);
    assert_mean(&dist, 9 * 0.433);
}

static void a_constant_draws_nothing_and_keeps_all_64_bits(void **state)
{
    (void)state;
    const uint64_t rao = UINT64_C(20999999999999999);
    struct dist dist;
    dist_init_constant(&dist, PARAM_AMOUNT_RAO, &rao);
    struct stream stream;
    stream_init(&stream, 1, STREAM_TEST, 0, 0);
    assert_true(dist_draw_u64(&dist, &stream) == rao);
    assert_int_equal(stream.position, 0);
}

static void bounds_truncate_and_an_impossible_range_gives_the_nearer_bound(void **state)
{
    (void)state;
    struct dist dist = {.shape = DIST_NORMAL,
                        .type = DIST_U64,
                        .min = {.u64 = 5},
                        .max = {.u64 = 15},
                        .location = 10,
                        .spread = 20};
    struct stream stream;
    stream_init(&stream, 2, STREAM_TEST, 0, 0);
    int at_ends = 0;
    for (int i = 0; i < 10000; i++) {
        uint64_t x = dist_draw_u64(&dist, &stream);
        assert_true(x >= 5 && x <= 15);
        at_ends += x == 5 || x == 15;
    }
    /* Drawn again, not clamped: about two of eleven values, not nine tenths of all draws. */
    assert_true(at_ends > 1400 && at_ends < 2200);
    dist.location = 1e6;
    dist.spread = 1;
    assert_int_equal(dist_draw_u64(&dist, &stream), 15);
}

static void whole_numbers_are_uniform_over_both_ends_even_at_full_width(void **state)
{
    (void)state;
    struct dist dist = {
        .shape = DIST_UNIFORM, .type = DIST_I64, .low = {.i64 = -2}, .high = {.i64 = 2}};
    struct stream stream;
    stream_init(&stream, 3, STREAM_TEST, 0, 0);
    int count[5] = {0};
    for (int i = 0; i < 50000; i++)
        count[dist_draw_i64(&dist, &stream) + 2]++;
    for (int i = 0; i < 5; i++)
        assert_true(count[i] > 9600 && count[i] < 10400);
    dist.low.i64 = INT64_MIN;
    dist.high.i64 = INT64_MAX;
    int negative = 0;
    for (int i = 0; i < 1000; i++)
        negative += dist_draw_i64(&dist, &stream) < 0;
    assert_true(negative > 400 && negative < 600);
}

static void a_choice_follows_its_weights(void **state)
{
    (void)state;
    const union dist_number values[] = {{.u64 = 4}, {.u64 = 8}, {.u64 = 16}};
    const double weights[] = {1, 0, 3}, cumulative[] = {1, 1, 4};
    struct dist dist = {.shape = DIST_CHOICE,
                        .type = DIST_U64,
                        .values = values,
                        .weights = weights,
                        .cumulative = cumulative,
                        .count = 3};
    struct stream stream;
    stream_init(&stream, 4, STREAM_TEST, 0, 0);
    int count[17] = {0};
    for (int i = 0; i < 40000; i++)
        count[dist_draw_u64(&dist, &stream)]++;
    assert_int_equal(count[8], 0);
    assert_true(count[4] > 9600 && count[4] < 10400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_shape_has_the_mean_of_its_formula),
        cmocka_unit_test(a_constant_draws_nothing_and_keeps_all_64_bits),
        cmocka_unit_test(bounds_truncate_and_an_impossible_range_gives_the_nearer_bound),
        cmocka_unit_test(whole_numbers_are_uniform_over_both_ends_even_at_full_width),
        cmocka_unit_test(a_choice_follows_its_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
