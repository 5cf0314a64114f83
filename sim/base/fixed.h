/*
 * fixed.h: the chain's fixed-point numbers, bit for bit.
 *
 * The chain computes in the Rust crate substrate-fixed 0.6.0 (0.5.9 in 2023, same numbers).  A
 * number is an integer of bits; its value is bits / 2^FRACTION.  Every rounding below is part of
 * the result: `mul` rounds toward minus infinity, `div` toward zero.
 *
 *   fixed_...    I32F32  int64_t    the epoch since 2023; FIXED_ONE = 1.0
 *   fixed64_...  I64F64  __int128   stakes before they become I32F32
 *   fixed63_...  I65F63  __int128   the epoch of nakamoto (2021-2023)
 *   fixed_share  I96F32             amounts times I32F32 fractions
 *
 * Nothing here fails or allocates: what the chain does on overflow (saturate, give zero, wrap) is
 * named by the function.
 */
#ifndef BASE_FIXED_H
#define BASE_FIXED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 fixed_i128;
__extension__ typedef unsigned __int128 fixed_u128;

#define FIXED_ONE (INT64_C(1) << 32)
#define FIXED_MAX INT64_MAX
#define FIXED_MIN INT64_MIN
#define FIXED63_ONE ((fixed_i128)1 << 63)

/* ------------------------------------------------------------------------------------- I32F32 */

static inline int64_t fixed_clamp(fixed_i128 x)
{
    return x > FIXED_MAX ? FIXED_MAX : x < FIXED_MIN ? FIXED_MIN : (int64_t)x;
}

static inline int64_t fixed_add(int64_t a, int64_t b)
{
    return fixed_clamp((fixed_i128)a + b);
}

static inline int64_t fixed_sub(int64_t a, int64_t b)
{
    return fixed_clamp((fixed_i128)a - b);
}

/* The plain `+` of a release runtime: wraps. */
static inline int64_t fixed_add_wrap(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* floor(a * b / 2^32), saturating. */
static inline int64_t fixed_mul(int64_t a, int64_t b)
{
    return fixed_clamp(((fixed_i128)a * b) >> 32);
}

/* The same; false and *ret untouched where it does not fit. */
static inline bool fixed_mul_checked(int64_t a, int64_t b, int64_t *ret)
{
    fixed_i128 x = ((fixed_i128)a * b) >> 32;
    if (x != (int64_t)x)
        return false;
    *ret = (int64_t)x;
    return true;
}

/* trunc(a * 2^32 / b); false and *ret untouched for b = 0 or where it does not fit. */
static inline bool fixed_div_checked(int64_t a, int64_t b, int64_t *ret)
{
    if (b == 0)
        return false;
    fixed_i128 x = (fixed_i128)a * FIXED_ONE / b;
    if (x != (int64_t)x)
        return false;
    *ret = (int64_t)x;
    return true;
}

/* The chain's safe_div: 0 for b = 0 and also where the quotient does not fit. */
static inline int64_t fixed_div_safe(int64_t a, int64_t b)
{
    int64_t quotient = 0;
    (void)fixed_div_checked(a, b, &quotient);
    return quotient;
}

/* Clamps instead; b must not be 0. */
static inline int64_t fixed_div_saturating(int64_t a, int64_t b)
{
    return fixed_clamp((fixed_i128)a * FIXED_ONE / b);
}

static inline int64_t fixed_from_i64(int64_t x)
{
    return fixed_clamp((fixed_i128)x * FIXED_ONE);
}

/* u / 65535 as the chain writes it: floor(u * 2^32 / 65535), 65535 gives exactly 1. */
static inline int64_t fixed_from_u16_proportion(uint16_t u)
{
    return (int64_t)(((uint64_t)u << 32) / 65535);
}

static inline uint16_t fixed_to_u16(int64_t x)
{
    int64_t whole = x >> 32;
    return whole < 0 ? 0 : whole > 65535 ? 65535 : (uint16_t)whole;
}

static inline uint64_t fixed_to_u64(int64_t x)
{
    return x < 0 ? 0 : (uint64_t)(x >> 32);
}

/* How the chain stores fractions: floor(x * 65535), so 1 - 2^-32 is stored as 65534. */
static inline uint16_t fixed_to_u16_proportion(int64_t x)
{
    return fixed_to_u16(fixed_mul(x, 65535 * FIXED_ONE));
}

/* Half away from zero. */
int64_t fixed_round(int64_t x);

/* The moving average's weight, parts per million / 1e6, through I64F64: floor to 32 bits. */
static inline int64_t fixed_from_ppm(uint64_t parts)
{
    fixed_u128 bits = ((fixed_u128)parts << 64) / 1000000u;
    return fixed_clamp((fixed_i128)(bits >> 32));
}

/* exp by its 31-term series in I32F32; false where a step overflows. */
bool fixed_exp(int64_t x, int64_t *ret);
/* Argument clamped to [-20, 20] first; an error gives 0 for x <= 0, else the largest number. */
int64_t fixed_exp_safe(int64_t x);
/* The 2025-04 form: not clamped, any error gives 0. */
int64_t fixed_exp_or_zero(int64_t x);
/* Natural logarithm; 0 where there is none. */
int64_t fixed_ln_safe(int64_t x);
/* 1 / (1 + exp(-rho * (x - kappa))). */
int64_t fixed_sigmoid_safe(int64_t x, int64_t rho, int64_t kappa);

/* ------------------------------------------------------------------------------ I64F64, I96F32 */

/* A u64 as I64F64; 2^63 and more become the largest number. */
static inline fixed_i128 fixed64_from_u64(uint64_t x)
{
    const fixed_i128 largest = (fixed_i128)(((fixed_u128)1 << 127) - 1);
    return x >> 63 ? largest : (fixed_i128)x << 64;
}

/* trunc(a / b) in I64F64, 0 for b = 0 and where it does not fit. */
fixed_i128 fixed64_div_safe(fixed_i128 a, fixed_i128 b);

/* I64F64 to I32F32: floor, saturating. */
static inline int64_t fixed_from_fixed64(fixed_i128 x)
{
    return fixed_clamp(x >> 32);
}

/* The bits of x * amount in I96F32. */
static inline fixed_i128 fixed_share_bits(int64_t x, uint64_t amount)
{
    return (fixed_i128)x * (fixed_i128)amount;
}

/* floor(x * amount) as u64, clamped: an emission. */
static inline uint64_t fixed_share(int64_t x, uint64_t amount)
{
    fixed_i128 whole = fixed_share_bits(x, amount) >> 32;
    return whole < 0 ? 0 : whole > (fixed_i128)UINT64_MAX ? UINT64_MAX : (uint64_t)whole;
}

/* ------------------------------------------------------------------------------------- I65F63 */

static inline fixed_i128 fixed63_from_u64(uint64_t x)
{
    return (fixed_i128)((fixed_u128)x << 63);
}

/* floor, saturating. */
static inline uint64_t fixed63_to_u64(fixed_i128 x)
{
    fixed_i128 whole = x >> 63;
    return whole < 0 ? 0 : whole > (fixed_i128)UINT64_MAX ? UINT64_MAX : (uint64_t)whole;
}

/* floor(a * b / 2^63), wrapping where it does not fit. */
fixed_i128 fixed63_mul(fixed_i128 a, fixed_i128 b);
/* trunc(a * 2^63 / b), b not 0, wrapping where it does not fit. */
fixed_i128 fixed63_div(fixed_i128 a, fixed_i128 b);
/* exp by its 62-term series; false where a step overflows. */
bool fixed63_exp(fixed_i128 x, fixed_i128 *ret);

/* ------------------------------------------------------------------------------------- vectors */

/* Left to right with `+` as a release runtime has it (wrapping). */
int64_t fixed_sum(const int64_t *x, size_t count);
/* x_i := x_i / sum(x); untouched where the sum is 0. */
void fixed_normalize(int64_t *x, size_t count);
/* x_i := x_i / sum; untouched where the sum is 0. */
void fixed_normalize_by(int64_t *x, size_t count, int64_t sum);
/* Scaled so that the largest becomes 65535, rounded to nearest (pruning scores). */
void fixed_max_upscale(const int64_t *x, size_t count, uint16_t *ret_scaled);
/* The same for u16 weights, as set_weights stores them. */
void fixed_max_upscale_u16(const uint16_t *x, size_t count, uint16_t *ret_scaled);
/* Whether every x_i / sum(x) is at most limit / 65535 (the maximum weight limit); empty and
 * all-zero vectors are. */
bool fixed_within_max_weight(const uint16_t *x, size_t count, uint16_t limit);

#endif
