/*
 * rules.h: the chain's arithmetic, without state: what the real code computes from these numbers.
 *
 * Each function is the one that a block runs; the golden tests call it directly.  Sources: the
 * three code bases named in docs/CHAIN.md.
 */
#ifndef CHAIN_RULES_H
#define CHAIN_RULES_H

#include "chain/params.h"

/* nakamoto: doubles above the target, halves at or below it, between min and max. */
uint64_t rules_difficulty_double(uint64_t difficulty, uint64_t registrations, uint64_t target,
                                 uint64_t min, uint64_t max);

/* finney: f = value x (registrations + target) / (2 target) between min and max, then
 * alpha x value + (1 - alpha) x f with alpha in 1/(2^64-1); truncated 110.18 fixed point. */
uint64_t rules_price_adjust(uint64_t value, uint32_t registrations, uint32_t target, uint64_t min,
                            uint64_t max, uint64_t alpha);

/* finney: which of the two prices an interval moves. */
struct rules_terms {
    uint64_t burn_rao, difficulty;
    uint32_t registrations, pow, burn; /* of the interval */
};
void rules_adjust_terms(const struct chain_params *params, struct rules_terms *terms);

/* current: the largest Q32 f with f^half_life <= 1/2 (truncating powers); 2^32-1 at most. */
uint32_t rules_decay_factor_q32(uint64_t half_life);
/* current: one block's decay of the burn. */
uint64_t rules_burn_decay(uint64_t burn_rao, uint32_t factor_q32, uint64_t min, uint64_t max);
/* current: the rise after a registration. */
uint64_t rules_burn_bump(uint64_t burn_rao, double mult, uint64_t min, uint64_t max);

/* current: emission of a block at this issuance, halved for each threshold cap x (1 - 2^-j)
 * reached; 0 at the cap. */
uint64_t rules_block_emission(uint64_t issuance_rao, uint64_t base_rao, uint64_t cap_rao);
/* The issuance at which that emission next changes; cap_rao when it is 0 already. */
uint64_t rules_next_halving(uint64_t issuance_rao, uint64_t base_rao, uint64_t cap_rao);
/* floor(amount x part / 65535). */
uint64_t rules_part_u16(uint64_t amount_rao, uint16_t part);

/* finney: blocks from `block` to the network's next epoch; 1000 when tempo is 0. */
uint64_t rules_blocks_until_epoch(uint16_t netuid, uint64_t tempo, uint64_t block);
/* finney: how many loaded tuples the unused fractional drain would pay in this block. */
uint64_t rules_tuples_to_drain(uint16_t netuid, uint64_t tempo, uint64_t block, uint64_t count);

/* What a new network costs: mult x last - last/interval x blocks since, at least min; mult is 1
 * for the first network and 2 afterwards. */
uint64_t rules_network_lock_cost(uint64_t last_lock_rao, uint64_t min_lock_rao,
                                 uint64_t last_lock_block, uint64_t interval, uint64_t block);

/* nakamoto: v x (2^32-1) // sum; all-zero rows stay. */
void rules_normalize_u32(uint32_t count, uint32_t *values);
/* nakamoto: max // min <= ratio and min > 0; ratio 0 allows all. */
bool rules_max_min_ratio_ok(uint32_t count, const uint32_t *values, uint64_t ratio);
/* finney on: the largest becomes 65535, the rest in proportion, in the chain's 32.32. */
void rules_max_upscale_u16(uint32_t count, uint32_t *values);
/* finney on: share of the largest in the row <= limit/65535 (rows of the upscaled values). */
bool rules_max_weight_ok(uint32_t count, const uint32_t *values, uint16_t limit);

/* Whether a row is the own uid alone, which most checks let pass. */
bool rules_is_self_row(uint32_t uid, uint32_t count, const uint32_t *uids);
/* finney on: no limit, never set before, or long enough ago. */
bool rules_weights_rate_ok(uint64_t limit, uint64_t last_update, uint64_t block);

bool rules_ip_valid(uint8_t ip_type, uint64_t ip_high, uint64_t ip_low);

/* One uid as the pruning rules see it. */
struct rules_candidate {
    uint64_t score; /* finney: pruning score; current: emission; nakamoto: incentive, 2^64-1 = 1 */
    uint64_t stake_rao;
    uint64_t block_at_registration;
    bool immortal;
};
uint32_t rules_prune_nakamoto(uint32_t count, const struct rules_candidate *candidates,
                              uint64_t total_stake_rao, uint64_t block,
                              const struct chain_params *params);
uint32_t rules_prune_finney(uint32_t count, const struct rules_candidate *candidates,
                            uint64_t block, uint64_t immunity);
/* UINT32_MAX: everybody is immortal. */
uint32_t rules_prune_current(uint32_t count, const struct rules_candidate *candidates,
                             uint64_t block, uint64_t immunity, uint32_t min_non_immune);

/* What one holder gets of a delegate's validator emission after the take, and the take. */
uint64_t rules_take(uint64_t validator_rao, uint16_t take);
uint64_t rules_nominator_part(uint64_t rest_rao, uint64_t stake_rao, uint64_t total_rao);

#endif
