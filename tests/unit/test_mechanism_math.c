/*
 * The vector arithmetic of the fused epoch against the integer functions that define it, on random
 * numbers and on those where a trusted rounding would be wrong.
 */
#include "base/fixed.h"
#include "base/stream.h"
#include "mechanism/ascending.h"
#include "mechanism/liquid.h"
#include "mechanism/yuma_math.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 200000 };

/* 0..2^32, small ones, powers of two and their neighbours often. */
static int64_t draw(struct stream *s)
{
    uint64_t size = stream_below(s, 33), x = stream_u64(s) & (((uint64_t)1 << size) - 1);
    switch (stream_below(s, 4)) {
    case 0:
        return (int64_t)((uint64_t)1 << size);
    case 1:
        return size == 0 ? 0 : (int64_t)(((uint64_t)1 << size) - 1);
    default:
        return (int64_t)x;
    }
}

/* b^-1 modulo 2^32 for odd b, by Newton's iteration. */
static uint32_t inverse32(uint32_t b)
{
    uint32_t x = b;
    for (int i = 0; i < 5; i++)
        x *= 2 - b * x;
    return x;
}

static int64_t first_lane(lanes x)
{
    _Alignas(32) double all[LANES];
    lanes_store(all, x);
    return (int64_t)all[0];
}

static void try_mul(int64_t a, int64_t b)
{
    int64_t got =
        first_lane(lanes_mul(lanes_factor_of(lanes_set((double)a)), lanes_set((double)b)));
    if (got != fixed_mul(a, b))
        fail_msg("%" PRId64 " * %" PRId64 ": %" PRId64 ", not %" PRId64, a, b, got,
                 fixed_mul(a, b));
}

static void try_mul_signed(int64_t a, int64_t b)
{
    int64_t got = first_lane(lanes_mul_signed(lanes_set((double)a), lanes_set((double)b)));
    if (got != fixed_mul(a, b))
        fail_msg("%" PRId64 " * %" PRId64 ": %" PRId64 ", not %" PRId64, a, b, got,
                 fixed_mul(a, b));
}

static void products_of_lanes_are_those_of_integers(void **state)
{
    (void)state;
    struct stream s;
    stream_init(&s, 1, STREAM_TEST, 0, 0);
    for (int i = 0; i < DRAWS; i++)
        try_mul(draw(&s), draw(&s));
}

/* a b = +-1 or 0 modulo 2^32: the product lies as near to a whole number as it can. */
static void products_next_to_whole_numbers_are_cut_on_the_right_side(void **state)
{
    (void)state;
    struct stream s;
    stream_init(&s, 2, STREAM_TEST, 0, 0);
    for (int i = 0; i < DRAWS; i++) {
        uint32_t b = (uint32_t)stream_u64(&s) | 1u, a = inverse32(b);
        try_mul(a, b);
        try_mul((uint32_t)-a, b);
        int64_t high = (int64_t)stream_below(&s, 1 << 10) << 32;
        int64_t signs[4][2] = {{1, 1}, {1, -1}, {-1, 1}, {-1, -1}};
        for (int k = 0; k < 4; k++) {
            try_mul_signed(signs[k][0] * (high + a), signs[k][1] * (int64_t)b);
            try_mul_signed(signs[k][0] * (high + (uint32_t)-a), signs[k][1] * (int64_t)b);
        }
        try_mul_signed((int64_t)b << 9, (int64_t)a & ~INT64_C(0x7fffff));
    }
}

static void try_div(int64_t a, int64_t b)
{
    int64_t got =
        first_lane(lanes_div(lanes_set((double)a), lanes_divisor_of(lanes_set((double)b))));
    if (got != fixed_div_safe(a, b))
        fail_msg("%" PRId64 " / %" PRId64 ": %" PRId64 ", not %" PRId64, a, b, got,
                 fixed_div_safe(a, b));
}

static void quotients_of_lanes_are_those_of_integers(void **state)
{
    (void)state;
    struct stream s;
    stream_init(&s, 3, STREAM_TEST, 0, 0);
    for (int i = 0; i < DRAWS; i++) {
        int64_t a = draw(&s), b = draw(&s);
        try_div(a < b ? a : b, a < b ? b : a);
        try_div(a, a + (b << stream_below(&s, 12)));
        try_div(a, a);
        try_div(0, 0);
    }
}

/* a 2^32 = q b + r with r = 0, 1 or b - 1, by choosing b odd and solving for a. */
static void quotients_next_to_whole_numbers_are_cut_on_the_right_side(void **state)
{
    (void)state;
    struct stream s;
    stream_init(&s, 4, STREAM_TEST, 0, 0);
    for (int i = 0; i < DRAWS; i++) {
        uint32_t b = (uint32_t)stream_u64(&s) | 1u;
        /* q b = -r modulo 2^32 makes a = (q b + r) / 2^32 whole. */
        uint32_t inverse = inverse32(b);
        for (uint32_t r = 0; r < 3; r++) {
            uint32_t rest = r < 2 ? r : b - 1, q = (uint32_t)-rest * inverse;
            uint64_t a = ((uint64_t)q * b + rest) >> 32;
            if (a <= b)
                try_div((int64_t)a, b);
        }
    }
}

static void u16_shares_are_those_of_integers(void **state)
{
    (void)state;
    struct stream s;
    stream_init(&s, 5, STREAM_TEST, 0, 0);
    for (int i = 0; i < DRAWS; i++) {
        int64_t a = (int64_t)stream_below(&s, 65536);
        int64_t b = a + (int64_t)stream_below(&s, (uint64_t)1 << (1 + stream_below(&s, 28)));
        lanes inverse = lanes_u16_inverse_of(lanes_set((double)b));
        int64_t got = first_lane(lanes_div_u16(lanes_set((double)a), inverse));
        assert_int_equal(got, fixed_div_safe(a * FIXED_ONE, b * FIXED_ONE));
        int64_t x = draw(&s);
        assert_int_equal(first_lane(lanes_to_u16(lanes_set((double)x))),
                         fixed_to_u16_proportion(x));
    }
}

/* -------------------------------------------------------------------------------- liquid alpha */

enum { BATCH = LIQUID_BATCH * LANES };

static void try_alphas(const struct yuma_alpha *alpha, const int64_t exponent[BATCH])
{
    _Alignas(32) double got[2 * BATCH];
    for (int k = 0; k < BATCH; k++)
        got[k] = (double)exponent[k];
    liquid_alphas(alpha, got, LIQUID_BATCH);
    for (int k = 0; k < BATCH; k++) {
        int64_t expected = yuma_alpha_of_exponent(alpha, exponent[k]);
        if ((int64_t)got[k] != expected)
            fail_msg("alpha of exponent %" PRId64 ": %" PRId64 ", not %" PRId64, exponent[k],
                     (int64_t)got[k], expected);
    }
}

static void liquid_alphas_of_lanes_are_those_of_integers(void **state)
{
    (void)state;
    /* From 0 to 1, so that every bit of the sigmoid counts. */
    const struct yuma_alpha alpha = yuma_alpha_from(0, 65535, 1000);
    struct stream s;
    stream_init(&s, 6, STREAM_TEST, 0, 0);
    for (int i = 0; i < DRAWS / 10; i++) {
        int64_t exponent[BATCH];
        for (int k = 0; k < BATCH; k++) {
            int64_t size = (int64_t)stream_below(&s, 10) * FIXED_ONE;
            int64_t z = (int64_t)stream_below(&s, (uint64_t)(size + FIXED_ONE));
            /* Short binary fractions make terms of the series that are whole. */
            if (stream_below(&s, 2))
                z &= ~((INT64_C(1) << (20 + stream_below(&s, 12))) - 1);
            exponent[k] = stream_below(&s, 2) ? z : -z;
        }
        if (i % 5 == 0)
            exponent[i % BATCH] = i % 2 ? FIXED_ONE : -FIXED_ONE;
        try_alphas(&alpha, exponent);
    }
}

static void the_distance_to_consensus_gives_the_exponent_of_integers(void **state)
{
    (void)state;
    struct stream s;
    stream_init(&s, 7, STREAM_TEST, 0, 0);
    for (int i = 0; i < DRAWS; i++) {
        struct yuma_alpha alpha =
            yuma_alpha_from(1000, 60000, (int32_t)stream_below(&s, 65536) - 32768);
        int64_t c = draw(&s), w = draw(&s), b = draw(&s);
        lanes got = liquid_exponent(&alpha, lanes_set((double)c), lanes_set((double)w),
                                    lanes_set((double)b));
        assert_int_equal(first_lane(got), yuma_alpha_exponent(&alpha, c, w, b));
    }
}

/* --------------------------------------------------------------------------------- permits, rows
 */

static void try_top(struct stream *s, bool nonzero_only)
{
    enum { COUNT = 40 };
    int64_t x[COUNT];
    uint64_t work[COUNT];
    uint8_t top[COUNT], expected[COUNT];
    uint32_t order[COUNT], count = 1 + (uint32_t)stream_below(s, COUNT);
    uint32_t k = (uint32_t)stream_below(s, count + 2);
    for (uint32_t i = 0; i < count; i++) {
        x[i] = (int64_t)stream_below(s, 6) - 1;
        expected[i] = !nonzero_only || x[i] != 0;
        order[i] = i;
        for (uint32_t p = i; p > 0 && x[order[p - 1]] > x[order[p]]; p--) {
            uint32_t swap = order[p];
            order[p] = order[p - 1];
            order[p - 1] = swap;
        }
    }
    for (uint32_t i = 0; count > k && i < count - k; i++)
        expected[order[i]] = 0;
    yuma_top(x, count, k, nonzero_only, work, top);
    assert_memory_equal(top, expected, count);
}

static void the_top_is_that_of_a_stable_sort(void **state)
{
    (void)state;
    struct stream s;
    stream_init(&s, 8, STREAM_TEST, 0, 0);
    for (int i = 0; i < 5000; i++)
        try_top(&s, i % 2 != 0);
}

static void unordered_rows_come_out_ordered_and_inside_the_network(void **state)
{
    (void)state;
    static const uint32_t column[] = {4, 9, 0, 2}, value[] = {40, 90, 10, 20};
    static const uint64_t wide[] = {40, 90, 10, 20};
    uint32_t columns[5], narrow[5];
    uint64_t wides[5], slot[5] = {0};
    struct ascending_room room = {columns, wides, narrow, slot};
    struct ascending_u32 r = ascending_row_u32(column, value, 4, 5, &room);
    assert_int_equal(r.count, 3);
    assert_memory_equal(r.column, ((uint32_t[]){0, 2, 4}), 12);
    assert_memory_equal(r.value, ((uint32_t[]){10, 20, 40}), 12);
    struct ascending_u64 w = ascending_row_u64(column, wide, 4, 5, &room);
    assert_int_equal(w.count, 3);
    assert_memory_equal(w.value, ((uint64_t[]){10, 20, 40}), 24);
    static const uint32_t ordered[] = {1, 3, 7};
    r = ascending_row_u32(ordered, value, 3, 5, &room);
    assert_ptr_equal(r.column, ordered);
    assert_int_equal(r.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_of_lanes_are_those_of_integers),
        cmocka_unit_test(products_next_to_whole_numbers_are_cut_on_the_right_side),
        cmocka_unit_test(quotients_of_lanes_are_those_of_integers),
        cmocka_unit_test(quotients_next_to_whole_numbers_are_cut_on_the_right_side),
        cmocka_unit_test(u16_shares_are_those_of_integers),
        cmocka_unit_test(liquid_alphas_of_lanes_are_those_of_integers),
        cmocka_unit_test(the_distance_to_consensus_gives_the_exponent_of_integers),
        cmocka_unit_test(the_top_is_that_of_a_stable_sort),
        cmocka_unit_test(unordered_rows_come_out_ordered_and_inside_the_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
