/*
 * The research variants' consensus over many validators: which weight enough stake supports.
 */
#include "mechanism/mechanism_list.h"
#include "mechanism/yumasim.h"

#include "base/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

enum { MANY = 49 };

/* Who sets `first` for one server sets the rest of 1 for the other. */
static void step_of_many(const struct yumasim_params *params, const double *stake,
                         const double *first, double *ret_consensus)
{
    double weight[2 * MANY], rank[2], incentive[2], trust[2], validator_trust[MANY];
    double dividends[MANY], bond[2 * MANY];
    uint64_t start[MANY + 1], bond_start[MANY + 1];
    uint32_t column[2 * MANY], bond_column[2 * MANY];
    start[0] = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        start[i + 1] = 2 * (i + 1);
        column[2 * i] = 0;
        column[2 * i + 1] = 1;
        weight[2 * i] = first[i];
        weight[2 * i + 1] = 1 - first[i];
    }
    struct yumasim_input in = {.validator_count = MANY,
                               .server_count = 2,
                               .stake = stake,
                               .weights = {start, column, weight},
                               .reset_server = MECHANISM_NO_UID};
    struct yumasim_output out = {ret_consensus, rank,       incentive,   trust, validator_trust,
                                 dividends,     bond_start, bond_column, bond,  NULL};
    struct yumasim_size size = yumasim_size_of(&in);
    struct mechanism_scratch scratch = {.size_bytes = yumasim_scratch_bytes(params, &size)};
    scratch.bytes = aligned_alloc(64, scratch.size_bytes);
    assert_non_null(scratch.bytes);
    yumasim_step(yumasim_variant_of(mechanism_list_find("yumasim-b-yuma2")), params, &in, &out,
                 &scratch);
    mechanism_scratch_release(&scratch);
}

/* In doubles 49 times 1/49 is less than 1, so even all of them do not reach a kappa of 1. */
static void unreached_consensus_is_the_smallest_weight_or_the_originals_largest(void **state)
{
    (void)state;
    struct yumasim_params params = {
        .kappa = 1, .bond_moving_avg = 0.1, .consensus_search = YUMASIM_SORT};
    double consensus[2], stake[MANY], first[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        stake[i] = 1;
        first[i] = i == MANY - 1 ? 0.2 : 0.4;
    }
    step_of_many(&params, stake, first, consensus);
    assert_true(fabs(consensus[0] - 0.2 / 0.8) < 2e-5);
    assert_true(fabs(consensus[1] - 0.6 / 0.8) < 2e-5);
    params.unreached_consensus = YUMASIM_LARGEST;
    step_of_many(&params, stake, first, consensus);
    assert_true(fabs(consensus[0] - 0.4 / 1.2) < 2e-5);
    assert_true(fabs(consensus[1] - 0.8 / 1.2) < 2e-5);
}

/* The largest of these weights of which stake of `wanted` sets as much or more, by trying all. */
static double supported(const double *stake, const double *weight, double wanted)
{
    double found = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        double sum = 0;
        for (uint32_t k = 0; k < MANY; k++)
            sum += weight[k] >= weight[i] ? stake[k] : 0;
        found = sum >= wanted && weight[i] > found ? weight[i] : found;
    }
    return found;
}

static void consensus_is_the_largest_weight_with_enough_stake_behind_it(void **state)
{
    (void)state;
    struct stream stream;
    stream_init(&stream, 1, STREAM_TEST, 1, 0);
    for (int round = 0; round < 1000; round++) {
        double stake[MANY], first[MANY], second[MANY], consensus[2], total = 0;
        uint64_t kinds = 1 + stream_below(&stream, 60); /* of weights: few are set by many */
        for (uint32_t i = 0; i < MANY; i++) {
            stake[i] = 1 + (double)stream_below(&stream, 9);
            total += stake[i];
            first[i] = (1 + (double)stream_below(&stream, kinds)) / 64;
            second[i] = 1 - first[i];
        }
        double wanted = (double)stream_below(&stream, (uint64_t)total) + 0.5;
        struct yumasim_params params = {
            .kappa = wanted / total, .bond_moving_avg = 0.1, .consensus_search = YUMASIM_SORT};
        step_of_many(&params, stake, first, consensus);
        double c = supported(stake, first, wanted), d = supported(stake, second, wanted);
        if (fabs(consensus[0] - c / (c + d)) > 2e-5 || fabs(consensus[1] - d / (c + d)) > 2e-5)
            fail_msg("round %d: %g and %g instead of %g and %g", round, consensus[0], consensus[1],
                     c / (c + d), d / (c + d));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unreached_consensus_is_the_smallest_weight_or_the_originals_largest),
        cmocka_unit_test(consensus_is_the_largest_weight_with_enough_stake_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
