/* Random streams: uniform, uncorrelated, and none moved by another. */
#include "base/stream.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <cmocka.h>
#include <gsl/gsl_cdf.h>

enum { DRAWS = 100000, BINS = 256 };

static struct stream *stream_of(struct stream *stream, uint64_t seed, const char *group,
                                uint64_t index)
{
    stream_init(stream, seed, STREAM_TEST, stream_entity(group, index), 0);
    return stream;
}

/* The chance of a chi-square at least as large as that of DRAWS uniforms in BINS bins. */
static double uniform_chance(uint64_t seed)
{
    struct stream stream;
    stream_of(&stream, seed, "bins", 0);
    double count[BINS] = {0}, chi_square = 0, expected = (double)DRAWS / BINS;
    for (int i = 0; i < DRAWS; i++)
        count[(int)(stream_uniform(&stream) * BINS)]++;
    for (int i = 0; i < BINS; i++)
        chi_square += (count[i] - expected) * (count[i] - expected) / expected;
    return gsl_cdf_chisq_Q(chi_square, BINS - 1);
}

/* At 5 % one seed in twenty fails by chance; 40 seeds may have 0 to 7 failures (Binomial(40,
 * 0.05) exceeds 7 in 0.2 % of cases), and as many that fit too well. */
static void draws_are_uniform_by_chi_square(void **state)
{
    (void)state;
    int poor = 0, suspiciously_good = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        double chance = uniform_chance(seed);
        poor += chance < 0.05;
        suspiciously_good += chance > 0.95;
    }
    assert_in_range(poor, 0, 7);
    assert_in_range(suspiciously_good, 0, 7);
}

/* Correlation of DRAWS pairs of uniforms: r of independent ones has deviation 1 / sqrt(DRAWS). */
static double correlation(struct stream *a, struct stream *b, bool lagged)
{
    double sum = 0, last = stream_uniform(a);
    for (int i = 0; i < DRAWS; i++) {
        double x = stream_uniform(a), y = lagged ? last : stream_uniform(b);
        sum += (x - 0.5) * (y - 0.5);
        last = x;
    }
    return sum / DRAWS * 12;
}

static void draws_of_one_stream_and_of_two_are_uncorrelated(void **state)
{
    (void)state;
    double limit = 4 / sqrt(DRAWS);
    for (uint64_t i = 0; i < 20; i++) {
        struct stream a, b;
        assert_true(fabs(correlation(stream_of(&a, 1, "lag", i), NULL, true)) < limit);
        /* Neighbouring entities, then neighbouring seeds. */
        assert_true(fabs(correlation(stream_of(&a, 1, "pair", i), stream_of(&b, 1, "pair", i + 1),
                                     false)) < limit);
        assert_true(fabs(correlation(stream_of(&a, i, "seed", 0), stream_of(&b, i + 1, "seed", 0),
                                     false)) < limit);
    }
}

static void one_more_entity_or_purpose_moves_no_other_draw(void **state)
{
    (void)state;
    enum { ENTITIES = 50 };
    static struct stream few[ENTITIES], many[2 * ENTITIES];
    for (uint64_t i = 0; i < ENTITIES; i++)
        stream_of(&few[i], 3, "miner", i);
    for (uint64_t i = 0; i < 2 * ENTITIES; i++)
        stream_of(&many[i], 3, "miner", i);
    for (int round = 0; round < 100; round++) {
        struct stream other;
        stream_init(&other, 3, STREAM_FAULT, stream_entity("miner", 1), 0);
        (void)stream_u64(&other);
        for (int i = 2 * ENTITIES - 1; i >= 0; i--) {
            uint64_t draw = stream_u64(&many[i]);
            if (i < ENTITIES)
                assert_int_equal(draw, stream_u64(&few[i]));
        }
    }
}

static void two_seeds_differ_at_the_first_draw(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10000; seed++) {
        struct stream a, b;
        assert_int_not_equal(stream_u64(stream_of(&a, seed, "x", 0)),
                             stream_u64(stream_of(&b, seed + 1, "x", 0)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_are_uniform_by_chi_square),
        cmocka_unit_test(draws_of_one_stream_and_of_two_are_uncorrelated),
        cmocka_unit_test(one_more_entity_or_purpose_moves_no_other_draw),
        cmocka_unit_test(two_seeds_differ_at_the_first_draw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
