/*
 * Who leaves when a newcomer comes: the three profiles' rules with their ties.
 */
#include "chain/rules.h"
#include "base/fixed.h"

static bool is_immune(const struct rules_candidate *candidate, uint64_t block, uint64_t immunity)
{
    return block - candidate->block_at_registration < immunity;
}

/* --- nakamoto: least of max(stake share, incentive), in I65F63; the young on top by age --- */

/* value x (1/denominator), where 1/denominator is an integer division in the code of 2022-03. */
static fixed_i128 over(fixed_i128 value, uint32_t denominator, int term)
{
    if (term == CHAIN_STAKE_TERM_REAL)
        return fixed63_mul(value, fixed63_div(FIXED63_ONE, fixed63_from_u64(denominator)));
    return denominator == 1 ? value : 0;
}

static fixed_i128 nakamoto_score(const struct rules_candidate *candidate, uint64_t total_stake_rao,
                                 uint64_t block, const struct chain_params *params)
{
    if (params->stake_pruning_min > 0 && candidate->stake_rao > params->stake_pruning_min)
        return (fixed_i128)(~(fixed_u128)0 >> 1);
    fixed_i128 stake = 0;
    if (total_stake_rao > 0)
        stake =
            fixed63_div(fixed63_from_u64(candidate->stake_rao), fixed63_from_u64(total_stake_rao));
    fixed_i128 incentive =
        fixed63_div(fixed63_from_u64(candidate->score), fixed63_from_u64(UINT64_MAX));
    stake = over(stake, params->stake_pruning_denominator, params->stake_pruning_term);
    incentive = over(incentive, params->incentive_pruning_denominator, params->stake_pruning_term);
    fixed_i128 score = stake > incentive ? stake : incentive;
    if (is_immune(candidate, block, params->immunity_period))
        score += fixed63_from_u64(candidate->block_at_registration);
    return score;
}

/* The map of neurons hashes a uid by its four little-endian bytes, so it iterates by low byte
 * first: 0, 256, 512, ..., 1, 257, ...  The first of equals loses its place. */
uint32_t rules_prune_nakamoto(uint32_t count, const struct rules_candidate *candidates,
                              uint64_t total_stake_rao, uint64_t block,
                              const struct chain_params *params)
{
    uint32_t victim = 0;
    fixed_i128 least = (fixed_i128)(~(fixed_u128)0 >> 1);
    for (uint32_t low = 0; low < 256 && low < count; low++) {
        for (uint32_t uid = low; uid < count; uid += 256) {
            fixed_i128 score = nakamoto_score(&candidates[uid], total_stake_rao, block, params);
            if (score < least) {
                least = score;
                victim = uid;
            }
        }
    }
    return victim;
}

/* --- finney: least pruning score; ties go against the last uid, among the immune the first --- */

uint32_t rules_prune_finney(uint32_t count, const struct rules_candidate *candidates,
                            uint64_t block, uint64_t immunity)
{
    uint64_t least = UINT16_MAX, least_immune = UINT16_MAX;
    uint32_t victim = 0, immune_victim = 0;
    for (uint32_t uid = 0; uid < count; uid++) {
        uint64_t score = candidates[uid].score;
        if (is_immune(&candidates[uid], block, immunity)) {
            if (score <= least && score < least_immune) {
                least_immune = score;
                immune_victim = uid;
            }
        } else if (score <= least) {
            least = score;
            victim = uid;
        }
    }
    return least == UINT16_MAX ? immune_victim : victim;
}

/* --- current: least (emission, block of registration, uid) --- */

static bool comes_before(const struct rules_candidate *a, const struct rules_candidate *b)
{
    if (a->score != b->score)
        return a->score < b->score;
    return a->block_at_registration < b->block_at_registration;
}

uint32_t rules_prune_current(uint32_t count, const struct rules_candidate *candidates,
                             uint64_t block, uint64_t immunity, uint32_t min_non_immune)
{
    uint32_t best[2] = {UINT32_MAX, UINT32_MAX}; /* not immune, immune */
    uint32_t non_immune = 0;
    for (uint32_t uid = 0; uid < count; uid++) {
        if (candidates[uid].immortal)
            continue;
        bool immune = is_immune(&candidates[uid], block, immunity);
        non_immune += !immune;
        if (best[immune] == UINT32_MAX || comes_before(&candidates[uid], &candidates[best[immune]]))
            best[immune] = uid;
    }
    return non_immune > min_non_immune ? best[0] : best[1];
}
