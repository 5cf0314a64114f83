#include "chain/rules.h"
#include "base/fixed.h"

/* ------------------------------------------------------------------- prices of a registration */

uint64_t rules_difficulty_double(uint64_t difficulty, uint64_t registrations, uint64_t target,
                                 uint64_t min, uint64_t max)
{
    if (registrations > target)
        return difficulty > max / 2 ? max : difficulty * 2;
    return difficulty / 2 < min ? min : difficulty / 2;
}

/* 110.18 fixed point in 128 bits; every product below fits: 64 + 17 + 18 bits. */
uint64_t rules_price_adjust(uint64_t value, uint32_t registrations, uint32_t target, uint64_t min,
                            uint64_t max, uint64_t alpha)
{
    const fixed_u128 one = (fixed_u128)1 << 18;
    fixed_u128 f = ((fixed_u128)value << 18) * (registrations + target) / (2 * target);
    fixed_u128 a = ((fixed_u128)alpha << 18) / UINT64_MAX;
    fixed_u128 next = a * value + (((one - a) * f) >> 18);
    if (next >= (fixed_u128)max << 18)
        return max;
    if (next <= (fixed_u128)min << 18)
        return min;
    return (uint64_t)(next >> 18);
}

static void adjust_difficulty(const struct chain_params *params, struct rules_terms *terms)
{
    terms->difficulty = rules_price_adjust(terms->difficulty, terms->registrations,
                                           params->target_registrations, params->min_difficulty,
                                           params->max_difficulty, params->adjustment_alpha);
}

static void adjust_burn(const struct chain_params *params, struct rules_terms *terms)
{
    terms->burn_rao =
        rules_price_adjust(terms->burn_rao, terms->registrations, params->target_registrations,
                           params->min_burn, params->max_burn, params->adjustment_alpha);
}

/*
 *              more works        more burns        as many
 *   r >  t     difficulty        burn              both (before 2023-05-30: burn)
 *   r <= t     burn              difficulty        both (before 2023-05-30: difficulty)
 */
void rules_adjust_terms(const struct chain_params *params, struct rules_terms *terms)
{
    bool above = terms->registrations > params->target_registrations;
    bool tie = terms->pow == terms->burn;
    bool both = tie && params->adjust_both_on_tie;
    bool more_works = terms->pow > terms->burn;
    bool difficulty = above ? more_works : !more_works;
    if (both || difficulty)
        adjust_difficulty(params, terms);
    if (both || !difficulty)
        adjust_burn(params, terms);
}

/* Truncating power of a Q32 number, by squaring from the lowest bit of the exponent. */
static uint64_t pow_q32(uint64_t base, uint64_t exponent)
{
    uint64_t result = UINT64_C(1) << 32;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            result = (uint64_t)(((fixed_u128)result * base) >> 32);
        base = (uint64_t)(((fixed_u128)base * base) >> 32);
    }
    return result;
}

uint32_t rules_decay_factor_q32(uint64_t half_life)
{
    if (half_life == 0)
        return UINT32_MAX;
    uint64_t low = 0, high = UINT32_MAX; /* low always satisfies the bound */
    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        if (pow_q32(middle, half_life) <= UINT64_C(1) << 31)
            low = middle;
        else
            high = middle - 1;
    }
    return (uint32_t)low;
}

static uint64_t clamp_u64(fixed_u128 value, uint64_t min, uint64_t max)
{
    return value < min ? min : value > max ? max : (uint64_t)value;
}

uint64_t rules_burn_decay(uint64_t burn_rao, uint32_t factor_q32, uint64_t min, uint64_t max)
{
    return clamp_u64(((fixed_u128)burn_rao * factor_q32) >> 32, min, max);
}

uint64_t rules_burn_bump(uint64_t burn_rao, double mult, uint64_t min, uint64_t max)
{
    double at_least_one = mult < 1 ? 1 : mult;
    uint64_t whole = (uint64_t)at_least_one;
    /* A double's fraction has at most 52 bits, so this is exact. */
    uint64_t fraction = (uint64_t)((at_least_one - (double)whole) * 0x1p64);
    fixed_u128 product = (fixed_u128)burn_rao * whole + (((fixed_u128)burn_rao * fraction) >> 64);
    return clamp_u64(product, min, max);
}

/* --------------------------------------------------------------------------------- emission */

/* Thresholds cap x (1 - 2^-j) reached: largest j with (cap - issuance) x 2^j <= cap. */
static uint32_t halvings(uint64_t issuance_rao, uint64_t cap_rao)
{
    fixed_u128 left = cap_rao - issuance_rao;
    uint32_t k = 0;
    while (k < 64 && left << (k + 1) <= cap_rao)
        k++;
    return k;
}

uint64_t rules_block_emission(uint64_t issuance_rao, uint64_t base_rao, uint64_t cap_rao)
{
    if (issuance_rao >= cap_rao)
        return 0;
    uint32_t k = halvings(issuance_rao, cap_rao);
    return k > 63 ? 0 : base_rao >> k;
}

uint64_t rules_next_halving(uint64_t issuance_rao, uint64_t base_rao, uint64_t cap_rao)
{
    if (rules_block_emission(issuance_rao, base_rao, cap_rao) == 0)
        return cap_rao;
    return cap_rao - (cap_rao >> (halvings(issuance_rao, cap_rao) + 1));
}

uint64_t rules_part_u16(uint64_t amount_rao, uint16_t part)
{
    return fixed_share(fixed_from_u16_proportion(part), amount_rao);
}

uint64_t rules_blocks_until_epoch(uint16_t netuid, uint64_t tempo, uint64_t block)
{
    if (tempo == 0)
        return 1000;
    return tempo - (block + netuid + 1) % (tempo + 1);
}

uint64_t rules_tuples_to_drain(uint16_t netuid, uint64_t tempo, uint64_t block, uint64_t count)
{
    uint64_t half_left = rules_blocks_until_epoch(netuid, tempo, block) / 2;
    if (half_left == 0 || tempo / 2 == 0)
        return count;
    uint64_t by_tempo = count / (tempo / 2), by_blocks = count / half_left;
    return by_tempo > by_blocks ? by_tempo : by_blocks;
}

uint64_t rules_network_lock_cost(uint64_t last_lock_rao, uint64_t min_lock_rao,
                                 uint64_t last_lock_block, uint64_t interval, uint64_t block)
{
    uint64_t mult = last_lock_block == 0 ? 1 : 2;
    fixed_u128 top = (fixed_u128)last_lock_rao * mult;
    fixed_u128 fall = (fixed_u128)(last_lock_rao / interval) * (block - last_lock_block);
    return clamp_u64(top > fall ? top - fall : 0, min_lock_rao, UINT64_MAX);
}

/* ------------------------------------------------------------------------------- weight rows */

void rules_normalize_u32(uint32_t count, uint32_t *values)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += values[i];
    if (sum == 0)
        return;
    for (uint32_t i = 0; i < count; i++)
        values[i] = (uint32_t)((uint64_t)values[i] * UINT32_MAX / sum);
}

bool rules_max_min_ratio_ok(uint32_t count, const uint32_t *values, uint64_t ratio)
{
    if (ratio == 0 || count == 0)
        return true;
    uint32_t min = UINT32_MAX, max = 0;
    for (uint32_t i = 0; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    return min > 0 && max / min <= ratio;
}

/* Rows live as u32; the chain's own arithmetic is on u16.  64 Ki entries fit any row. */
enum { MAX_ROW = 65536 };

static void narrow_row(uint32_t count, const uint32_t *values, uint16_t *narrow)
{
    SIM_ASSERT(count <= MAX_ROW);
    for (uint32_t i = 0; i < count; i++) {
        SIM_ASSERT(values[i] <= UINT16_MAX);
        narrow[i] = (uint16_t)values[i];
    }
}

void rules_max_upscale_u16(uint32_t count, uint32_t *values)
{
    uint16_t narrow[MAX_ROW], scaled[MAX_ROW];
    if (count == 0)
        return;
    narrow_row(count, values, narrow);
    fixed_max_upscale_u16(narrow, count, scaled);
    for (uint32_t i = 0; i < count; i++)
        values[i] = scaled[i];
}

bool rules_max_weight_ok(uint32_t count, const uint32_t *values, uint16_t limit)
{
    uint16_t narrow[MAX_ROW];
    if (count == 0 || limit == UINT16_MAX)
        return true;
    narrow_row(count, values, narrow);
    return fixed_within_max_weight(narrow, count, limit);
}

bool rules_is_self_row(uint32_t uid, uint32_t count, const uint32_t *uids)
{
    return count == 1 && uids[0] == uid;
}

bool rules_weights_rate_ok(uint64_t limit, uint64_t last_update, uint64_t block)
{
    return limit == 0 || last_update == 0 || block - last_update >= limit;
}

/* ------------------------------------------------------------------------------------ serving */

bool rules_ip_valid(uint8_t ip_type, uint64_t ip_high, uint64_t ip_low)
{
    bool zero = ip_high == 0 && ip_low == 0;
    if (zero)
        return false;
    if (ip_type == 4)
        return ip_high == 0 && ip_low < UINT32_MAX && ip_low != 0x7f000001;
    bool loopback = ip_high == 0 && ip_low == 1;
    bool all_ones = ip_high == UINT64_MAX && ip_low == UINT64_MAX;
    return !loopback && !all_ones;
}

/* --------------------------------------------------------------------------------- delegation */

uint64_t rules_take(uint64_t validator_rao, uint16_t take)
{
    if (take == UINT16_MAX)
        return validator_rao;
    uint64_t proportion = (uint64_t)(((fixed_u128)take << 64) / UINT16_MAX);
    return (uint64_t)(((fixed_u128)proportion * validator_rao) >> 64);
}

uint64_t rules_nominator_part(uint64_t rest_rao, uint64_t stake_rao, uint64_t total_rao)
{
    if (total_rao == 0)
        return 0;
    if (stake_rao == total_rao)
        return rest_rao;
    uint64_t proportion = (uint64_t)(((fixed_u128)stake_rao << 64) / total_rao);
    return (uint64_t)(((fixed_u128)proportion * rest_rao) >> 64);
}
