#include "mechanism/shares.h"

#include "base/fixed.h"
#include "base/stream.h"

#include <math.h>

bool shares_is_active(const struct mechanism_input *input, uint32_t uid)
{
    uint64_t last = input->last_update[uid];
    return last >= input->block || input->block - last < input->rules.activity_cutoff_blocks;
}

uint64_t shares_stake_rao(const struct mechanism_input *input, uint32_t uid)
{
    uint64_t stake_rao = input->stake_rao[uid];
    return stake_rao < input->rules.stake_threshold_rao ? 0 : stake_rao;
}

/* ----------------------------------------------------------------------------------- proportions
 */

static fixed_u128 sum_of(const uint64_t *value, uint32_t n)
{
    fixed_u128 sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += value[i];
    return sum;
}

/* one x value / sum. */
static void normalise(const uint64_t *value, uint32_t n, uint64_t one, uint64_t *ret_share)
{
    fixed_u128 sum = sum_of(value, n);
    for (uint32_t i = 0; i < n; i++)
        ret_share[i] = sum == 0 ? 0 : (uint64_t)((fixed_u128)value[i] * one / sum);
}

void shares_normalise(const uint64_t *value, uint32_t n, uint64_t *ret_share)
{
    normalise(value, n, SHARES_ONE, ret_share);
}

void shares_store(const uint64_t *value, uint32_t n, uint64_t *ret_fraction)
{
    normalise(value, n, UINT64_MAX, ret_fraction);
}

void shares_pay(uint64_t pool_rao, const uint64_t *value, uint32_t n, uint64_t *amount_rao)
{
    fixed_u128 sum = sum_of(value, n);
    for (uint32_t i = 0; i < n && sum > 0; i++)
        amount_rao[i] += (uint64_t)((fixed_u128)value[i] * pool_rao / sum);
}

uint64_t shares_part_rao(uint64_t whole_rao, uint16_t part)
{
    return (uint64_t)((fixed_u128)whole_rao * part / 65535);
}

void shares_from_reals(const double *value, uint32_t n, double power, uint64_t *ret_value)
{
    double largest = 0;
    for (uint32_t i = 0; i < n; i++)
        largest = value[i] > largest ? value[i] : largest;
    for (uint32_t i = 0; i < n; i++) {
        double part = value[i] > 0 ? value[i] / largest : 0;
        if (power != 1 && part > 0)
            part = pow(part, power);
        ret_value[i] = (uint64_t)(part * 0x1p52);
    }
}

/* ---------------------------------------------------------------------------------------- voting
 */

static bool counts(const struct mechanism_input *input, uint32_t i, uint64_t entry)
{
    uint32_t j = input->weights.column[entry];
    return j != i && j < input->neuron_count;
}

bool shares_spread(const struct mechanism_input *input, uint32_t i, uint64_t x, uint64_t *sum)
{
    const struct mechanism_weights *w = &input->weights;
    uint64_t total = 0;
    for (uint64_t k = w->start[i]; k < w->start[i + 1]; k++)
        total += counts(input, i, k) ? w->value[k] : 0;
    if (total == 0)
        return false;
    /* x / total once, with 32 bits more: as many as a weight can have. */
    fixed_u128 unit = ((fixed_u128)x << 32) / total;
    for (uint64_t k = w->start[i]; k < w->start[i + 1]; k++)
        if (counts(input, i, k))
            sum[w->column[k]] += (uint64_t)(unit * w->value[k] >> 32);
    return true;
}

void shares_vote(const struct mechanism_input *input, uint64_t *share, uint64_t *voter,
                 uint64_t *rank)
{
    uint32_t n = input->neuron_count;
    for (uint32_t i = 0; i < n; i++)
        share[i] = shares_is_active(input, i) ? shares_stake_rao(input, i) : 0;
    shares_normalise(share, n, share);
    for (uint32_t i = 0; i < n; i++)
        if (share[i] > 0 && shares_spread(input, i, share[i], rank))
            voter[i] = share[i];
}

/* ---------------------------------------------------------------------------------------- output
 */

static bool any(const uint64_t *value, uint32_t n)
{
    for (uint32_t i = 0; value != NULL && i < n; i++)
        if (value[i] > 0)
            return true;
    return false;
}

/* The larger of the shares of rank and of stake. */
static void score(const struct mechanism_input *input, struct mechanism_output *output)
{
    uint32_t n = input->neuron_count;
    for (uint32_t i = 0; i < n; i++)
        output->pruning_score[i] = shares_stake_rao(input, i);
    shares_store(output->pruning_score, n, output->pruning_score);
    for (uint32_t i = 0; i < n; i++)
        if (output->rank[i] > output->pruning_score[i])
            output->pruning_score[i] = output->rank[i];
}

void shares_finish(const struct mechanism_input *input, const struct shares_claims *claims,
                   struct mechanism_output *output)
{
    uint32_t n = input->neuron_count;
    bool servers = any(claims->incentive, n), validators = any(claims->dividends, n);
    uint64_t validators_rao = !validators ? 0
                              : !servers
                                  ? input->emission_rao
                                  : shares_part_rao(input->emission_rao, claims->validator_share);
    uint64_t servers_rao = input->emission_rao - validators_rao;
    shares_store(claims->rank, n, output->rank);
    score(input, output);
    if (servers) {
        shares_store(claims->incentive, n, output->incentive);
        shares_pay(servers_rao, claims->incentive, n, output->server_emission_rao);
    }
    if (validators) {
        shares_store(claims->dividends, n, output->dividends);
        shares_pay(validators_rao, claims->dividends, n, output->validator_emission_rao);
    }
    for (uint32_t i = 0; i < n; i++) {
        output->active[i] = shares_is_active(input, i);
        output->emission_rao[i] =
            output->server_emission_rao[i] + output->validator_emission_rao[i];
    }
}

/* ----------------------------------------------------------------------------------------- races
 */

struct clock {
    struct stream dice;
    uint32_t uid;
};

size_t shares_race_bytes(const struct mechanism_input *input)
{
    return mechanism_scratch_cost(input->neuron_count, sizeof(struct clock));
}

/* The uid whose clock rings first in the next race. */
static uint32_t first_to_ring(const struct mechanism_input *input, const uint64_t *value,
                              struct clock *clocks, uint32_t count)
{
    uint32_t first = MECHANISM_NO_UID;
    double earliest = INFINITY;
    for (uint32_t c = 0; c < count; c++) {
        uint32_t uid = clocks[c].uid;
        double rings = -log1p(-stream_uniform(&clocks[c].dice)) / (double)value[uid];
        bool sooner = rings < earliest || (rings == earliest &&
                                           input->outside->dice[uid] < input->outside->dice[first]);
        if (sooner) {
            earliest = rings;
            first = uid;
        }
    }
    return first;
}

void shares_race(const struct mechanism_input *input, const uint64_t *value, uint32_t races,
                 struct mechanism_scratch *scratch, uint64_t *wins)
{
    uint32_t n = input->neuron_count, count = 0;
    struct clock *clocks = mechanism_scratch_take(scratch, n, sizeof(*clocks));
    for (uint32_t i = 0; i < n; i++) {
        if (value[i] == 0)
            continue;
        stream_init(&clocks[count].dice, input->outside->dice[i], STREAM_MECHANISM, 0, 0);
        clocks[count++].uid = i;
    }
    for (uint32_t r = 0; r < races && count > 0; r++)
        wins[first_to_ring(input, value, clocks, count)]++;
}
