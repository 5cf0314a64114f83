#include "base/stream.h"
#include "base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <gsl/gsl_randist.h>

static void streams_of_different_keys_differ_and_equal_keys_agree(void **state)
{
    (void)state;
    struct stream a, b, c;
    stream_init(&a, 7, STREAM_TEST, stream_entity("miners", 3), 0);
    stream_init(&b, 7, STREAM_TEST, stream_entity("miners", 3), 0);
    stream_init(&c, 7, STREAM_TEST, stream_entity("miners", 4), 0);
    int equal = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t x = stream_u64(&a);
        assert_int_equal(x, stream_u64(&b));
        equal += x == stream_u64(&c);
    }
    assert_int_equal(equal, 0);
}

static void a_stream_continued_from_its_position_is_the_unbroken_one(void **state)
{
    (void)state;
    for (uint64_t cut = 0; cut < 9; cut++) {
        struct stream whole, resumed;
        stream_init(&whole, 1, STREAM_TEST, 2, 3);
        for (uint64_t i = 0; i < cut; i++)
            stream_u64(&whole);
        stream_seek(&resumed, &whole.key, whole.position);
        for (int i = 0; i < 20; i++)
            assert_int_equal(stream_u64(&whole), stream_u64(&resumed));
    }
}

static void bounded_draws_are_uniform_over_the_bound(void **state)
{
    (void)state;
    enum { BOUND = 7, DRAWS = 70000 };
    struct stream s;
    stream_init(&s, 11, STREAM_TEST, 0, 0);
    int count[BOUND] = {0};
    for (int i = 0; i < DRAWS; i++)
        count[stream_below(&s, BOUND)]++;
    double chi_square = 0;
    for (int i = 0; i < BOUND; i++)
        chi_square += (count[i] - 10000.0) * (count[i] - 10000.0) / 10000.0;
    /* 6 degrees of freedom: 22.46 is exceeded once in a thousand keys. */
    assert_true(chi_square < 22.46);
}

static void gsl_distributions_draw_from_the_stream(void **state)
{
    (void)state;
    struct stream s;
    stream_init(&s, 5, STREAM_TEST, 0, 0);
    double sum = 0;
    for (int i = 0; i < 40000; i++)
        sum += gsl_ran_exponential(&s.rng, 3.0);
    /* The mean's standard error is 3/sqrt(40000) = 0.015. */
    assert_true(sum / 40000 > 2.94 && sum / 40000 < 3.06);
    assert_true(s.position >= 40000);
}

static void a_digest_depends_on_every_byte_and_on_their_order(void **state)
{
    (void)state;
    struct digest a, b;
    digest_init(&a);
    digest_init(&b);
    assert_int_equal(digest_value(&a), digest_value(&b));
    digest_u64(&a, 1);
    digest_u64(&a, 2);
    digest_u64(&b, 2);
    digest_u64(&b, 1);
    assert_int_not_equal(digest_value(&a), digest_value(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_of_different_keys_differ_and_equal_keys_agree),
        cmocka_unit_test(a_stream_continued_from_its_position_is_the_unbroken_one),
        cmocka_unit_test(bounded_draws_are_uniform_over_the_bound),
        cmocka_unit_test(gsl_distributions_draw_from_the_stream),
        cmocka_unit_test(a_digest_depends_on_every_byte_and_on_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
