/*
 * lanes.h: I32F32 arithmetic, bit for bit, on four numbers at a time.
 *
 * A number's bits (base/fixed.h) are kept as an integer in a double, which is exact below 2^53.
 * Rounding is never trusted: a product or quotient is first computed a little too low, cut down to
 * an integer (which is then the right one or one less), and the exact remainder, one fused
 * multiply-add, decides between the two.  So every result equals that of the integer function
 * named beside it, within the bounds given; the rounding of the machine decides none.
 */
#ifndef MECHANISM_LANES_H
#define MECHANISM_LANES_H

#include <immintrin.h>
#include <stdint.h>

enum { LANES = 4 };

typedef __m256d lanes;

#define LANES_ONE 4294967296.0     /* 1.0 in I32F32 */
#define LANES_UNIT 0x1p-32         /* bits to value */
#define LANES_LOW (1.0 - 0x1p-50)  /* makes a factor a little smaller, ... */
#define LANES_HIGH (1.0 + 0x1p-50) /* ... or larger, than any rounding can undo */

static inline lanes lanes_set(double x)
{
    return _mm256_set1_pd(x);
}

static inline lanes lanes_load(const double *x)
{
    return _mm256_load_pd(x);
}

static inline void lanes_store(double *ret, lanes x)
{
    _mm256_store_pd(ret, x);
}

/* Four u32 below 2^31. */
static inline lanes lanes_load_u32(const uint32_t *x)
{
    return _mm256_cvtepi32_pd(_mm_load_si128((const __m128i *)(const void *)x));
}

/* Numbers in 0 .. 2^31-1. */
static inline void lanes_store_u32(uint32_t *ret, lanes x)
{
    _mm_store_si128((__m128i *)(void *)ret, _mm256_cvttpd_epi32(x));
}

static inline lanes lanes_add(lanes a, lanes b)
{
    return _mm256_add_pd(a, b);
}

static inline lanes lanes_sub(lanes a, lanes b)
{
    return _mm256_sub_pd(a, b);
}

/* The plain product of doubles, for scaling. */
static inline lanes lanes_scale(lanes a, lanes b)
{
    return _mm256_mul_pd(a, b);
}

static inline lanes lanes_min(lanes a, lanes b)
{
    return _mm256_min_pd(a, b);
}

static inline lanes lanes_max(lanes a, lanes b)
{
    return _mm256_max_pd(a, b);
}

static inline lanes lanes_floor(lanes x)
{
    return _mm256_floor_pd(x);
}

static inline double lanes_sum(lanes x)
{
    __m128d pair = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd(x, 1));
    return _mm_cvtsd_f64(_mm_add_sd(pair, _mm_unpackhi_pd(pair, pair)));
}

/* x where a >= b, 0 elsewhere. */
static inline lanes lanes_where_at_least(lanes a, lanes b, lanes x)
{
    return _mm256_and_pd(_mm256_cmp_pd(a, b, _CMP_GE_OQ), x);
}

/* x where a > b, 0 elsewhere. */
static inline lanes lanes_where_above(lanes a, lanes b, lanes x)
{
    return _mm256_and_pd(_mm256_cmp_pd(a, b, _CMP_GT_OQ), x);
}

/* A factor prepared for lanes_mul: its value and a slightly smaller one. */
struct lanes_factor {
    lanes exact, low;
};

static inline struct lanes_factor lanes_factor_of(lanes a)
{
    return (struct lanes_factor){a, lanes_scale(a, lanes_set(LANES_LOW))};
}

/* fixed_mul for 0 <= a, b <= 2^32. */
static inline lanes lanes_mul(struct lanes_factor a, lanes b)
{
    lanes value = lanes_scale(b, lanes_set(LANES_UNIT));
    lanes whole = lanes_floor(lanes_scale(a.low, value));
    lanes rest = _mm256_fmsub_pd(a.exact, value, whole);
    return lanes_add(whole, lanes_where_at_least(rest, lanes_set(1), lanes_set(1)));
}

/* fixed_mul for |a| <= 2^42, |b| <= 2^32, of either sign.  Rounded to the nearest double the
 * product cannot fall below a whole number that it is above, but it may reach the next. */
static inline lanes lanes_mul_signed(lanes a, lanes b)
{
    lanes value = lanes_scale(b, lanes_set(LANES_UNIT));
    lanes whole = lanes_floor(lanes_scale(a, value));
    lanes rest = _mm256_fmsub_pd(a, value, whole);
    return lanes_sub(whole, lanes_where_above(lanes_set(0), rest, lanes_set(1)));
}

/* A divisor prepared for lanes_div. */
struct lanes_divisor {
    lanes exact, inverse;
};

/* 0 < b < 2^46, or 0: everything divided by it is then 0. */
static inline struct lanes_divisor lanes_divisor_of(lanes b)
{
    lanes zero = _mm256_cmp_pd(b, lanes_set(0), _CMP_EQ_OQ);
    lanes exact = _mm256_blendv_pd(b, lanes_set(1), zero);
    lanes inverse = _mm256_div_pd(lanes_set(LANES_ONE * LANES_LOW), exact);
    return (struct lanes_divisor){exact, _mm256_andnot_pd(zero, inverse)};
}

/* fixed_div_safe for 0 <= a <= b, a <= 2^32. */
static inline lanes lanes_div(lanes a, struct lanes_divisor b)
{
    lanes whole = lanes_floor(lanes_scale(a, b.inverse));
    lanes rest = _mm256_fnmadd_pd(whole, b.exact, lanes_scale(a, lanes_set(LANES_ONE)));
    return lanes_add(whole, lanes_where_at_least(rest, b.exact, lanes_set(1)));
}

/* A divisor prepared for lanes_div_u16: 0 < b < 2^31, or 0. */
static inline lanes lanes_u16_inverse_of(lanes b)
{
    lanes zero = _mm256_cmp_pd(b, lanes_set(0), _CMP_EQ_OQ);
    lanes inverse = _mm256_div_pd(lanes_set(LANES_ONE * LANES_HIGH), b);
    return _mm256_andnot_pd(zero, inverse);
}

/* floor(a 2^32 / b) for whole numbers 0 <= a <= b, a < 2^16.  The quotient's distance from the next
 * whole number is at least 1/b, that is 2^-48 of it: more than the factor was made too large. */
static inline lanes lanes_div_u16(lanes a, lanes inverse)
{
    return lanes_floor(lanes_scale(a, inverse));
}

/* fixed_to_u16_proportion for 0 <= x <= 2^32; the product is exact. */
static inline lanes lanes_to_u16(lanes x)
{
    return lanes_floor(lanes_scale(x, lanes_set(65535 * LANES_UNIT)));
}

#endif
