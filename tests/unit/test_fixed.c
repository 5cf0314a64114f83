#include "base/fixed.h"

#include "base/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

enum { DRAWS = 20000 };

/* Numbers of every size and sign. */
static fixed_i128 draw(struct stream *s, unsigned bits)
{
    unsigned size = 1 + (unsigned)stream_below(s, bits);
    fixed_u128 x = (fixed_u128)stream_u64(s) << 64 | stream_u64(s);
    x &= size >= 128 ? ~(fixed_u128)0 : ((fixed_u128)1 << size) - 1;
    if (stream_below(s, 4) == 0)
        x = (fixed_u128)1 << (size - 1);
    return (fixed_i128)(stream_below(s, 2) ? x : -x);
}

/* ------------------------------------------------------------------- long division, bit by bit */

struct wide {
    fixed_u128 high, low;
};

static fixed_u128 magnitude(fixed_i128 x)
{
    return x < 0 ? -(fixed_u128)x : (fixed_u128)x;
}

static struct wide wide_shift(fixed_u128 x, unsigned shift)
{
    return (struct wide){x >> (128 - shift), x << shift};
}

static struct wide wide_multiply(fixed_u128 a, fixed_u128 b)
{
    struct wide sum = {0, 0};
    for (unsigned bit = 0; bit < 128; bit++) {
        if ((b >> bit & 1) == 0)
            continue;
        struct wide part = bit == 0 ? (struct wide){0, a} : wide_shift(a, bit);
        sum.low += part.low;
        sum.high += part.high + (sum.low < part.low);
    }
    return sum;
}

static struct wide wide_divide(struct wide a, fixed_u128 b)
{
    struct wide quotient = {0, 0};
    fixed_u128 rest = 0;
    for (int bit = 255; bit >= 0; bit--) {
        bool carry = rest >> 127;
        fixed_u128 digit = bit >= 128 ? a.high >> (bit - 128) & 1 : a.low >> bit & 1;
        rest = rest << 1 | digit;
        quotient.high = quotient.high << 1 | quotient.low >> 127;
        quotient.low <<= 1;
        if (carry || rest >= b) {
            rest -= b;
            quotient.low |= 1;
        }
    }
    return quotient;
}

static void try_quotient(fixed_i128 a, fixed_i128 b)
{
    bool negative = (a < 0) != (b < 0);
    struct wide q = wide_divide(wide_shift(magnitude(a), 64), magnitude(b));
    bool fits = q.high == 0 && q.low <= ((fixed_u128)1 << 127) - !negative;
    fixed_i128 expected = !fits ? 0 : (fixed_i128)(negative ? -q.low : q.low);
    assert_true(fixed64_div_safe(a, b) == expected);
    q = wide_divide(wide_shift(magnitude(a), 63), magnitude(b));
    assert_true((fixed_u128)fixed63_div(a, b) == (negative ? -q.low : q.low));
}

static void wide_quotients_are_those_of_long_division(void **state)
{
    (void)state;
    struct stream s;
    stream_init(&s, 1, STREAM_TEST, 0, 0);
    for (int i = 0; i < DRAWS; i++) {
        fixed_i128 a = draw(&s, 127), b = draw(&s, 127);
        if (b != 0)
            try_quotient(a, b);
        /* 2^k + 2^(k-63) - 1: its first 64 bits say the least about the rest, so that digits of
         * the quotient are guessed too high. */
        unsigned k = 64 + (unsigned)stream_below(&s, 9);
        try_quotient(a, ((fixed_i128)1 << k) + ((fixed_i128)1 << (k - 63)) - 1);
    }
}

static void wide_products_round_toward_minus_infinity(void **state)
{
    (void)state;
    struct stream s;
    stream_init(&s, 2, STREAM_TEST, 0, 0);
    for (int i = 0; i < DRAWS; i++) {
        fixed_i128 a = draw(&s, 100), b = draw(&s, 88);
        struct wide p = wide_multiply(magnitude(a), magnitude(b));
        fixed_u128 down = p.high << 65 | p.low >> 63;
        bool negative = (a < 0) != (b < 0);
        bool rest = (p.low & (((fixed_u128)1 << 63) - 1)) != 0;
        fixed_u128 expected = negative ? -(down + rest) : down;
        assert_true((fixed_u128)fixed63_mul(a, b) == expected);
    }
}

/* ------------------------------------------------------------------------------------- I32F32 */

static void products_round_down_and_quotients_toward_zero(void **state)
{
    (void)state;
    assert_int_equal(fixed_mul(-1, 1), -1); /* -2^-64 rounds down to -2^-32 */
    assert_int_equal(fixed_mul(1, 1), 0);
    assert_int_equal(fixed_div_safe(-1, 3 * FIXED_ONE), 0);
    assert_int_equal(fixed_div_safe(-FIXED_ONE, 3 * FIXED_ONE), -1431655765);
}

static void each_operation_overflows_in_its_own_way(void **state)
{
    (void)state;
    int64_t untouched = 77;
    assert_int_equal(fixed_add(FIXED_MAX, 1), FIXED_MAX);
    assert_int_equal(fixed_sub(FIXED_MIN, 1), FIXED_MIN);
    assert_int_equal(fixed_add_wrap(FIXED_MAX, 1), FIXED_MIN);
    assert_int_equal(fixed_mul(FIXED_MAX, FIXED_MAX), FIXED_MAX);
    assert_false(fixed_mul_checked(FIXED_MAX, 2 * FIXED_ONE, &untouched));
    assert_int_equal(fixed_div_safe(FIXED_MAX, 1), 0);
    assert_int_equal(fixed_div_saturating(FIXED_MAX, 1), FIXED_MAX);
    assert_int_equal(fixed_div_safe(5, 0), 0);
    assert_false(fixed_div_checked(5, 0, &untouched));
    assert_int_equal(untouched, 77);
    assert_true(fixed64_div_safe(5, 0) == 0);
}

static void a_fraction_just_below_one_is_stored_as_65534(void **state)
{
    (void)state;
    assert_int_equal(fixed_to_u16_proportion(FIXED_ONE), 65535);
    assert_int_equal(fixed_to_u16_proportion(FIXED_ONE - 1), 65534);
    assert_int_equal(fixed_from_u16_proportion(65535), FIXED_ONE);
    assert_int_equal(fixed_from_u16_proportion(1), 65537);
    assert_int_equal(fixed_from_ppm(900000), 3865470566);
}

static void exp_is_near_the_real_one_but_for_its_own_constant(void **state)
{
    (void)state;
    /* Beyond, the series of 31 terms is too short. */
    for (int64_t x = -8 * FIXED_ONE; x <= 8 * FIXED_ONE; x += FIXED_ONE / 7) {
        double real = exp((double)x * 0x1p-32);
        double bits = (double)fixed_exp_safe(x);
        assert_true(fabs(bits * 0x1p-32 - real) < 1e-6 * real + 1e-8);
    }
    assert_int_equal(fixed_exp_safe(FIXED_ONE), INT64_C(22802600) << 9);
    assert_int_equal(fixed_exp_safe(30 * FIXED_ONE), fixed_exp_safe(20 * FIXED_ONE));
    assert_int_equal(fixed_exp_or_zero(30 * FIXED_ONE), 0);
}

static void ln_is_near_the_real_one_and_zero_where_there_is_none(void **state)
{
    (void)state;
    for (int64_t x = 3; x < FIXED_MAX / 3; x = x * 3 / 2 + 1)
        assert_true(fabs((double)fixed_ln_safe(x) * 0x1p-32 - log((double)x * 0x1p-32)) < 3e-6);
    assert_int_equal(fixed_ln_safe(0), 0);
    assert_int_equal(fixed_ln_safe(-FIXED_ONE), 0);
    assert_int_equal(fixed_ln_safe(FIXED_ONE), 0);
    assert_int_equal(fixed_ln_safe(1), 0); /* 1/x overflows */
}

static void rounding_is_half_away_from_zero(void **state)
{
    (void)state;
    assert_int_equal(fixed_round(FIXED_ONE / 2), FIXED_ONE);
    assert_int_equal(fixed_round(FIXED_ONE / 2 - 1), 0);
    assert_int_equal(fixed_round(-FIXED_ONE / 2), -FIXED_ONE);
    assert_int_equal(fixed_round(-FIXED_ONE / 2 + 1), 0);
}

static void normalised_vectors_lose_at_most_a_bit_an_element(void **state)
{
    (void)state;
    int64_t x[3] = {1, 1, 1}, zero[2] = {0, 0};
    fixed_normalize(x, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(x[i], FIXED_ONE / 3);
    fixed_normalize(zero, 2);
    assert_int_equal(zero[0], 0);
}

static void the_largest_weight_becomes_65535(void **state)
{
    (void)state;
    const uint16_t x[3] = {0, 1, 3}, none[2] = {0, 0};
    uint16_t got[3];
    fixed_max_upscale_u16(x, 3, got);
    assert_int_equal(got[0], 0);
    assert_int_equal(got[1], 21845);
    assert_int_equal(got[2], 65535);
    fixed_max_upscale_u16(none, 2, got);
    assert_int_equal(got[0], 0);
    assert_true(fixed_within_max_weight(x, 3, 65535 / 4 * 3 + 3));
    assert_false(fixed_within_max_weight(x, 3, 65535 / 4));
    assert_true(fixed_within_max_weight(none, 0, 0));
}

static void amounts_are_cut_to_whole_rao(void **state)
{
    (void)state;
    assert_int_equal(fixed_share(FIXED_ONE, UINT64_MAX), UINT64_MAX);
    assert_int_equal(fixed_share(FIXED_ONE - 1, 100), 99);
    assert_int_equal(fixed_share(-1, UINT64_MAX), 0);
    assert_int_equal(fixed_share(2 * FIXED_ONE, UINT64_MAX), UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wide_quotients_are_those_of_long_division),
        cmocka_unit_test(wide_products_round_toward_minus_infinity),
        cmocka_unit_test(products_round_down_and_quotients_toward_zero),
        cmocka_unit_test(each_operation_overflows_in_its_own_way),
        cmocka_unit_test(a_fraction_just_below_one_is_stored_as_65534),
        cmocka_unit_test(exp_is_near_the_real_one_but_for_its_own_constant),
        cmocka_unit_test(ln_is_near_the_real_one_and_zero_where_there_is_none),
        cmocka_unit_test(rounding_is_half_away_from_zero),
        cmocka_unit_test(normalised_vectors_lose_at_most_a_bit_an_element),
        cmocka_unit_test(the_largest_weight_becomes_65535),
        cmocka_unit_test(amounts_are_cut_to_whole_rao),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
