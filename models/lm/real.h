/*
 * real.h: the arithmetic under every model: vectors, sums in a fixed order, exp and log.
 *
 * Everything here gives the same bits with every compiler option and on every processor that has
 * AVX2 and FMA: each sum has one stated order, each product-and-add that is fused is fused by name,
 * and neither exp nor log comes from the C library.  Built for double (LM_REAL=double) the same
 * code serves the gradient tests.
 */
#ifndef LM_REAL_H
#define LM_REAL_H

#include "agent/lm.h"

#include <immintrin.h>
#include <string.h>

/* One vector register of reals: 8 floats or 4 doubles. */
typedef lm_real lm_vec __attribute__((vector_size(32)));
enum { LM_LANES = 32 / sizeof(lm_real) };
#define LM_IS_FLOAT (sizeof(lm_real) == sizeof(float))

static inline lm_vec lm_load(const lm_real *from)
{
    lm_vec value;
    memcpy(&value, from, sizeof(value));
    return value;
}

static inline void lm_store(lm_real *to, lm_vec value)
{
    memcpy(to, &value, sizeof(value));
}

static inline lm_vec lm_splat(lm_real value)
{
    if (LM_IS_FLOAT)
        return (lm_vec)_mm256_set1_ps((float)value);
    return (lm_vec)_mm256_set1_pd((double)value);
}

/* a * b + c, rounded once.  The branch is decided by the type, when compiling. */
static inline lm_vec lm_fma_vec(lm_vec a, lm_vec b, lm_vec c)
{
    if (LM_IS_FLOAT)
        return (lm_vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
    return (lm_vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}

static inline lm_real lm_fma(lm_real a, lm_real b, lm_real c)
{
    return LM_IS_FLOAT ? (lm_real)__builtin_fmaf((float)a, (float)b, (float)c)
                       : (lm_real)__builtin_fma((double)a, (double)b, (double)c);
}

static inline lm_real lm_sqrt(lm_real x)
{
    return LM_IS_FLOAT ? (lm_real)__builtin_sqrtf((float)x) : (lm_real)__builtin_sqrt((double)x);
}

/* exp with a relative error below 2e-7, clamped to +-87 so that neither end overflows; a NaN stays
 * one.  Reduction by Cody and Waite, polynomial of Cephes (Moshier); branch-free, so that loops
 * over it become vector code. */
static inline float lm_exp_f32(float x)
{
    x = x < -87.0F ? -87.0F : x;
    x = x > 87.0F ? 87.0F : x;
    /* Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits. */
    const float round = 12582912.0F;
    union {
        float value;
        uint32_t bits;
    } shifted = {.value = __builtin_fmaf(x, 1.44269504F, round)}, scale;
    float power = shifted.value - round;
    float rest = __builtin_fmaf(power, -0.693359375F, x);
    rest = __builtin_fmaf(power, 2.12194440e-4F, rest);
    float p = 1.9875691500e-4F;
    p = __builtin_fmaf(p, rest, 1.3981999507e-3F);
    p = __builtin_fmaf(p, rest, 8.3334519073e-3F);
    p = __builtin_fmaf(p, rest, 4.1665795894e-2F);
    p = __builtin_fmaf(p, rest, 1.6666665459e-1F);
    p = __builtin_fmaf(p, rest, 5.0000001201e-1F);
    p = __builtin_fmaf(p, rest * rest, rest + 1.0F);
    scale.bits = (shifted.bits << 23) + (UINT32_C(127) << 23);
    return p * scale.value;
}

static inline lm_real lm_exp(lm_real x)
{
    return LM_IS_FLOAT ? (lm_real)lm_exp_f32((float)x) : (lm_real)__builtin_exp((double)x);
}

/* 1 / (1 + exp(-x)) and tanh through it. */
static inline lm_real lm_sigmoid(lm_real x)
{
    return 1 / (1 + lm_exp(-x));
}

static inline lm_real lm_tanh(lm_real x)
{
    return 2 / (1 + lm_exp(-2 * x)) - 1;
}

/* Natural logarithm of a positive normal number, within 2 units of the last place of the larger of
 * its two parts; a NaN or infinity is given back. */
double lm_log(double x);

/* Sums over n reals: LM_LANES partial sums, then a tree, then the tail one by one. */
lm_real lm_sum(size_t n, const lm_real *x);
lm_real lm_dot(size_t n, const lm_real *x, const lm_real *y);
double lm_sum_of_squares(size_t n, const lm_real *x);
/* The largest of n >= 1; NaN elements may be passed over. */
lm_real lm_max(size_t n, const lm_real *x);

/* For functions that take reals to read without saying so: the models cut parameters and gradients
 * by one function, and Fortran knows no const. */
static inline lm_real *lm_unconst(const lm_real *values)
{
    union {
        const lm_real *in;
        lm_real *out;
    } pointer = {.in = values};
    return pointer.out;
}

/* n rounded up so that the next array starts on LM_ALIGNMENT. */
static inline size_t lm_padded(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

/* Cuts arrays off a block of scratch; both calls of a pass (counting and running) go through it. */
struct lm_arena {
    lm_real *base; /* NULL while counting */
    size_t used;
};

static inline lm_real *lm_take(struct lm_arena *arena, size_t count)
{
    lm_real *piece = arena->base == NULL ? NULL : arena->base + arena->used;
    arena->used += lm_padded(count);
    return piece;
}

#endif
