#include "lm/real.h"

#include <math.h>

/* log x = e log 2 + 2 artanh((m - 1) / (m + 1)), x = m 2^e with m in [sqrt(1/2), sqrt(2)).  The
 * series of artanh is summed in three groups of four so that they need not wait for each other. */
double lm_log(double x)
{
    if (!(x < INFINITY))
        return x;
    union {
        double value;
        uint64_t bits;
    } m = {.value = x};
    /* Exponents are counted from sqrt(1/2), so that m falls on both sides of 1. */
    uint64_t above = m.bits - UINT64_C(0x3fe6a09e667f3bcd);
    int exponent = (int)((int64_t)above >> 52);
    m.bits -= (uint64_t)(int64_t)exponent << 52;
    double z = (m.value - 1) / (m.value + 1);
    double z2 = z * z, z4 = z2 * z2, z8 = z4 * z4;
    double first = (1 + z2 * (1.0 / 3)) + z4 * (1.0 / 5 + z2 * (1.0 / 7));
    double second = (1.0 / 9 + z2 * (1.0 / 11)) + z4 * (1.0 / 13 + z2 * (1.0 / 15));
    double third = (1.0 / 17 + z2 * (1.0 / 19)) + z4 * (1.0 / 21 + z2 * (1.0 / 23));
    double series = first + z8 * (second + z8 * third);
    return exponent * 0.69314718055994531 + 2 * z * series;
}

static lm_real sum_of_lanes(lm_vec lanes)
{
    lm_real part[LM_LANES];
    lm_store(part, lanes);
    for (int width = LM_LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            part[i] += part[i + width];
    return part[0];
}

lm_real lm_sum(size_t n, const lm_real *x)
{
    lm_vec lanes = {0};
    size_t i = 0;
    for (; i + LM_LANES <= n; i += LM_LANES)
        lanes += lm_load(x + i);
    lm_real sum = sum_of_lanes(lanes);
    for (; i < n; i++)
        sum += x[i];
    return sum;
}

lm_real lm_dot(size_t n, const lm_real *x, const lm_real *y)
{
    lm_vec lanes = {0};
    size_t i = 0;
    for (; i + LM_LANES <= n; i += LM_LANES)
        lanes = lm_fma_vec(lm_load(x + i), lm_load(y + i), lanes);
    lm_real sum = sum_of_lanes(lanes);
    for (; i < n; i++)
        sum = lm_fma(x[i], y[i], sum);
    return sum;
}

double lm_sum_of_squares(size_t n, const lm_real *x)
{
    double part[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++)
            part[k] += (double)x[i + k] * (double)x[i + k];
    double sum = 0;
    for (int k = 0; k < 8; k++)
        sum += part[k];
    for (; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

static lm_vec larger_lanes(lm_vec a, lm_vec b)
{
    if (LM_IS_FLOAT)
        return (lm_vec)_mm256_max_ps((__m256)a, (__m256)b);
    return (lm_vec)_mm256_max_pd((__m256d)a, (__m256d)b);
}

lm_real lm_max(size_t n, const lm_real *x)
{
    lm_real largest = x[0];
    size_t i = 1;
    if (n >= LM_LANES) {
        lm_vec lanes = lm_load(x);
        for (i = LM_LANES; i + LM_LANES <= n; i += LM_LANES)
            lanes = larger_lanes(lm_load(x + i), lanes);
        lm_real part[LM_LANES];
        lm_store(part, lanes);
        for (int k = 0; k < LM_LANES; k++)
            largest = part[k] > largest ? part[k] : largest;
    }
    for (; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    return largest;
}
