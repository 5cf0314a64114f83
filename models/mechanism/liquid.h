/*
 * liquid.h: the liquid alpha of 2026 (yuma_alpha_sigmoid) for four bonds at a time.
 */
#ifndef MECHANISM_LIQUID_H
#define MECHANISM_LIQUID_H

#include "mechanism/lanes.h"
#include "mechanism/yuma_math.h"

/* Vectors whose series run side by side, to fill the pipeline. */
enum { LIQUID_BATCH = 4 };

/* yuma_alpha_exponent. */
static inline lanes liquid_exponent(const struct yuma_alpha *alpha, lanes consensus, lanes weight,
                                    lanes bond)
{
    const lanes one = lanes_set(LANES_ONE);
    lanes rising = _mm256_cmp_pd(weight, bond, _CMP_GE_OQ);
    lanes distance =
        _mm256_blendv_pd(lanes_sub(bond, weight), lanes_sub(weight, consensus), rising);
    distance = lanes_min(lanes_max(distance, lanes_set(0)), one);
    return lanes_mul_signed(lanes_set((double)alpha->factor),
                            lanes_sub(distance, lanes_set(LANES_ONE / 2)));
}

/* yuma_alpha_of_exponent on `count` vectors of four, in place.  There is room for LIQUID_BATCH
 * vectors more. */
void liquid_alphas(const struct yuma_alpha *alpha, double *exponent, uint32_t count);

#endif
