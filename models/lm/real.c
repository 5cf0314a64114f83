#include "lm/real.h"

#include <math.h>

/* log x = e log 2 + 2 artanh((m - 1) / (m + 1)), x = m 2^e with m in [sqrt(1/2), sqrt(2)). */
double lm_log(double x)
{
    int exponent;
    double m = frexp(x, &exponent);
    if (m < 0.70710678118654752) {
        m *= 2;
        exponent--;
    }
    double z = (m - 1) / (m + 1), square = z * z, series = 0;
    for (int k = 23; k >= 1; k -= 2)
        series = series * square + 1.0 / k;
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

lm_real lm_max(size_t n, const lm_real *x)
{
    lm_real largest = x[0];
    for (size_t i = 1; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    return largest;
}
