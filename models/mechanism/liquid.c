#include "mechanism/liquid.h"

#include "base/fixed.h"

#include <stdbool.h>
#include <stddef.h>

/* Up to e^8 every term of the series stays below 2^41 and lanes hold it exactly. */
#define SERIES_MAX (8 * LANES_ONE)

/* fixed_exp(x) for 0 <= x <= 8, each of its terms floor(floor(term x / 2^32) / i), which is
 * floor(term x / (2^32 i)): one cut and one exact remainder. */
static void series(const lanes x[LIQUID_BATCH], lanes ret[LIQUID_BATCH])
{
    lanes term[LIQUID_BATCH], value[LIQUID_BATCH];
    for (int b = 0; b < LIQUID_BATCH; b++) {
        value[b] = lanes_scale(x[b], lanes_set(LANES_UNIT));
        ret[b] = lanes_add(x[b], lanes_set(LANES_ONE));
        term[b] = x[b];
    }
    for (int i = 2; i < 32; i++) {
        const lanes divisor = lanes_set(i), inverse = lanes_set(LANES_LOW / i);
        lanes left = lanes_set(0);
        for (int b = 0; b < LIQUID_BATCH; b++) {
            lanes whole = lanes_floor(lanes_scale(term[b], lanes_scale(value[b], inverse)));
            lanes rest = _mm256_fmsub_pd(term[b], value[b], lanes_scale(whole, divisor));
            term[b] = lanes_add(whole, lanes_where_at_least(rest, divisor, lanes_set(1)));
            ret[b] = lanes_add(ret[b], term[b]);
            left = lanes_max(left, term[b]);
        }
        /* Terms that are zero stay zero. */
        if (_mm256_testz_si256(_mm256_castpd_si256(left), _mm256_castpd_si256(left)))
            break;
    }
}

/* alpha = clamp(low + (high - low) / (1 + e^z)). */
static lanes alpha_of(const struct yuma_alpha *alpha, lanes z, lanes power)
{
    const lanes one = lanes_set(LANES_ONE), zero = lanes_set(0);
    /* The crate has a constant of its own for e^1, and inverts the series for negative z. */
    lanes is_one = _mm256_cmp_pd(z, one, _CMP_EQ_OQ);
    power = _mm256_blendv_pd(power, lanes_set((double)(INT64_C(22802600) << 9)), is_one);
    lanes inverted = lanes_div(one, lanes_divisor_of(power));
    power = _mm256_blendv_pd(power, inverted, _mm256_cmp_pd(z, zero, _CMP_LT_OQ));
    lanes sigmoid = lanes_div(one, lanes_divisor_of(lanes_add(one, power)));
    lanes low = lanes_set((double)alpha->low), high = lanes_set((double)alpha->high);
    lanes range = lanes_mul(lanes_factor_of(lanes_sub(high, low)), sigmoid);
    return lanes_min(lanes_max(lanes_add(low, range), low), high);
}

static void one_by_one(const struct yuma_alpha *alpha, double *exponent)
{
    for (int k = 0; k < LIQUID_BATCH * LANES; k++)
        exponent[k] = (double)yuma_alpha_of_exponent(alpha, (int64_t)exponent[k]);
}

static bool all_small(const double *exponent)
{
    lanes most = lanes_set(0);
    for (int b = 0; b < LIQUID_BATCH; b++) {
        lanes z = lanes_load(exponent + b * LANES);
        most = lanes_max(most, lanes_max(z, lanes_sub(lanes_set(0), z)));
    }
    lanes large = _mm256_cmp_pd(most, lanes_set(SERIES_MAX), _CMP_GT_OQ);
    return _mm256_movemask_pd(large) == 0;
}

void liquid_alphas(const struct yuma_alpha *alpha, double *exponent, uint32_t count)
{
    for (size_t k = (size_t)count * LANES; k % (LIQUID_BATCH * LANES) != 0; k++)
        exponent[k] = 0;
    for (uint32_t t = 0; t < count; t += LIQUID_BATCH) {
        double *at = exponent + (size_t)t * LANES;
        if (!all_small(at)) {
            one_by_one(alpha, at);
            continue;
        }
        lanes z[LIQUID_BATCH], magnitude[LIQUID_BATCH], power[LIQUID_BATCH];
        for (int b = 0; b < LIQUID_BATCH; b++) {
            z[b] = lanes_load(at + b * LANES);
            magnitude[b] = lanes_max(z[b], lanes_sub(lanes_set(0), z[b]));
        }
        series(magnitude, power);
        for (int b = 0; b < LIQUID_BATCH; b++)
            lanes_store(at + b * LANES, alpha_of(alpha, z[b], power[b]));
    }
}
