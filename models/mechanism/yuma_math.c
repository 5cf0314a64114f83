#include "mechanism/yuma_math.h"

#include "base/fixed.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- permits */

/* The element that would stand at `rank` if they were sorted: the largest number that at most
 * `rank` elements are below, found bit by bit. */
static uint64_t select_rank(const uint64_t *x, uint32_t count, uint32_t rank)
{
    uint64_t prefix = 0;
    for (int bit = 63; bit >= 0; bit--) {
        uint64_t candidate = prefix | (uint64_t)1 << bit;
        uint32_t below = 0;
        for (uint32_t i = 0; i < count; i++)
            below += x[i] < candidate;
        if (below <= rank)
            prefix = candidate;
    }
    return prefix;
}

void yuma_top(const int64_t *x, uint32_t count, uint32_t k, bool nonzero_only, uint64_t *work,
              uint8_t *ret_top)
{
    for (uint32_t i = 0; i < count; i++)
        ret_top[i] = !nonzero_only || x[i] != 0;
    if (count <= k)
        return;
    uint32_t drop = count - k, below = 0;
    for (uint32_t i = 0; i < count; i++)
        work[i] = (uint64_t)x[i] ^ (uint64_t)1 << 63;
    /* A stable ascending sort would put the elements below `border` first, then the equal ones by
     * index; the first `drop` of that order lose. */
    uint64_t border = select_rank(work, count, drop - 1);
    for (uint32_t i = 0; i < count; i++)
        below += work[i] < border;
    uint32_t equal_to_drop = drop - below;
    for (uint32_t i = 0; i < count; i++) {
        bool lost = work[i] < border || (work[i] == border && equal_to_drop > 0);
        equal_to_drop -= work[i] == border && equal_to_drop > 0;
        if (lost)
            ret_top[i] = 0;
    }
}

/* ------------------------------------------------------------------------------------- median */

int64_t yuma_weighted_median(const int64_t *stake, const int64_t *score, uint32_t count,
                             int64_t minority, int64_t stake_sum, uint32_t *member, uint32_t *spare)
{
    int64_t low_stake = 0, high_stake = stake_sum;
    while (count > 1) {
        int64_t pivot = score[member[count / 2]], lower = 0, upper = 0;
        uint32_t lower_count = 0, upper_count = 0;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t k = member[i];
            if (score[k] < pivot) {
                member[lower_count++] = k;
                lower = fixed_add(lower, stake[k]);
            } else if (score[k] > pivot) {
                spare[upper_count++] = k;
                upper = fixed_add(upper, stake[k]);
            }
        }
        if (minority < fixed_add(low_stake, lower) && lower_count > 0) {
            high_stake = fixed_add(low_stake, lower);
            count = lower_count;
        } else if (fixed_sub(high_stake, upper) <= minority && upper_count > 0) {
            low_stake = fixed_sub(high_stake, upper);
            memcpy(member, spare, upper_count * sizeof(*member));
            count = upper_count;
        } else {
            return pivot;
        }
    }
    return count == 0 ? 0 : score[member[0]];
}

/* --------------------------------------------------------------------------- liquid alpha, 2026 */

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

struct yuma_alpha yuma_alpha_from(uint16_t low, uint16_t high, int32_t steepness)
{
    return (struct yuma_alpha){
        .low = fixed_from_u16_proportion(low),
        .high = fixed_from_u16_proportion(high),
        .factor = fixed_div_saturating(fixed_from_i64(steepness), -100 * FIXED_ONE),
    };
}

int64_t yuma_alpha_exponent(const struct yuma_alpha *alpha, int64_t consensus, int64_t weight,
                            int64_t bond)
{
    int64_t distance = weight >= bond ? fixed_sub(weight, consensus) : fixed_sub(bond, weight);
    return fixed_mul(alpha->factor, fixed_sub(clamp(distance, 0, FIXED_ONE), FIXED_ONE / 2));
}

int64_t yuma_alpha_of_exponent(const struct yuma_alpha *alpha, int64_t exponent)
{
    int64_t sigmoid =
        fixed_div_saturating(FIXED_ONE, fixed_add(FIXED_ONE, fixed_exp_safe(exponent)));
    int64_t range = fixed_sub(alpha->high, alpha->low);
    return clamp(fixed_add(alpha->low, fixed_mul(sigmoid, range)), alpha->low, alpha->high);
}

int64_t yuma_alpha_sigmoid(const struct yuma_alpha *alpha, int64_t consensus, int64_t weight,
                           int64_t bond)
{
    return yuma_alpha_of_exponent(alpha, yuma_alpha_exponent(alpha, consensus, weight, bond));
}

/* ---------------------------------------------------------------------- liquid alpha, 2024-2025 */

int64_t yuma_quantile_sorted(const int64_t *sorted, uint32_t count, double q)
{
    if (count == 0)
        return 0;
    double position = q * (double)(count - 1);
    double below = floor(position);
    uint32_t low = (uint32_t)below, high = (uint32_t)ceil(position);
    if (low == high)
        return sorted[low];
    /* Nearest, ties to even, as the crate converts floats. */
    int64_t part = (int64_t)nearbyint((position - below) * 0x1p32);
    return fixed_add(sorted[low], fixed_mul(fixed_sub(sorted[high], sorted[low]), part));
}

/* ln(1/x - 1). */
static int64_t log_odds_against(int64_t x)
{
    return fixed_ln_safe(fixed_sub(fixed_div_safe(FIXED_ONE, x), FIXED_ONE));
}

struct yuma_logistic yuma_logistic_from(int64_t alpha_low, int64_t alpha_high,
                                        int64_t consensus_high, int64_t consensus_low)
{
    if (consensus_high <= consensus_low || alpha_low == 0 || alpha_high == 0)
        return (struct yuma_logistic){0, 0};
    int64_t against_low = log_odds_against(alpha_low);
    int64_t rise = fixed_sub(log_odds_against(alpha_high), against_low);
    int64_t a = fixed_div_safe(rise, fixed_sub(consensus_low, consensus_high));
    return (struct yuma_logistic){.a = a, .b = fixed_add(against_low, fixed_mul(a, consensus_low))};
}

int64_t yuma_logistic_alpha(const struct yuma_logistic *logistic, int64_t consensus)
{
    int64_t exponent = fixed_sub(logistic->b, fixed_mul(logistic->a, consensus));
    return fixed_div_safe(FIXED_ONE, fixed_add(FIXED_ONE, fixed_exp_or_zero(exponent)));
}
