#include "test_chain.h"

#include "chain/rules.h"

static struct rules_candidate of(uint64_t score, uint64_t block_at_registration)
{
    return (struct rules_candidate){.score = score, .block_at_registration = block_at_registration};
}

static void finney_takes_the_last_of_equals_but_the_first_of_immune_equals(void **state)
{
    (void)state;
    struct rules_candidate old[] = {of(7, 0), of(5, 0), of(5, 0), of(6, 0)};
    assert_int_equal(rules_prune_finney(4, old, 100, 10), 2);
    struct rules_candidate young[] = {of(7, 95), of(5, 95), of(5, 95), of(6, 95)};
    assert_int_equal(rules_prune_finney(4, young, 100, 10), 1);
    /* The immune lose only when nobody else has a score below 65535. */
    struct rules_candidate mixed[] = {of(0, 95), of(65534, 0), of(65535, 0)};
    assert_int_equal(rules_prune_finney(3, mixed, 100, 10), 1);
    mixed[1].score = 65535;
    assert_int_equal(rules_prune_finney(3, mixed, 100, 10), 0);
    /* Immunity ends with the block in which the period is over. */
    struct rules_candidate edge[] = {of(3, 90), of(4, 0)};
    assert_int_equal(rules_prune_finney(2, edge, 99, 10), 1);
    assert_int_equal(rules_prune_finney(2, edge, 100, 10), 0);
}

static void nakamoto_takes_the_oldest_of_the_immune_and_honours_its_denominators(void **state)
{
    (void)state;
    struct chain_params params;
    chain_params_init(&params, CHAIN_NAKAMOTO);
    params.immunity_period = 50;
    struct rules_candidate young[] = {of(0, 90), of(UINT64_MAX, 80), of(0, 85)};
    assert_int_equal(rules_prune_nakamoto(3, young, 0, 100, &params), 1); /* 1 + 80 < 85 */
    struct rules_candidate rich[] = {of(UINT64_MAX / 2, 0), of(UINT64_MAX / 4, 0)};
    rich[1].stake_rao = 9; /* all of the stake */
    assert_int_equal(rules_prune_nakamoto(2, rich, 9, 100, &params), 0);
    params.stake_pruning_denominator = 20; /* 1/20 is 0 in the code of 2022-03 */
    assert_int_equal(rules_prune_nakamoto(2, rich, 9, 100, &params), 1);
    rich[1].score = 0;
    rich[0].score = UINT64_MAX / 100; /* 0.01 against 1/20 of all stake as a ratio */
    params.stake_pruning_term = CHAIN_STAKE_TERM_REAL;
    assert_int_equal(rules_prune_nakamoto(2, rich, 9, 100, &params), 0);
    params.stake_pruning_min = 8; /* above it a stake protects */
    rich[0].score = UINT64_MAX;
    assert_int_equal(rules_prune_nakamoto(2, rich, 9, 100, &params), 0);
}

static void current_spares_the_non_immune_when_they_are_few(void **state)
{
    (void)state;
    struct rules_candidate all[] = {of(1, 0), of(2, 95), of(3, 96)};
    assert_int_equal(rules_prune_current(3, all, 100, 10, 0), 0);
    assert_int_equal(rules_prune_current(3, all, 100, 10, 1), 1);
    all[1].immortal = true;
    assert_int_equal(rules_prune_current(3, all, 100, 10, 1), 2);
    all[2].immortal = true;
    assert_int_equal(rules_prune_current(3, all, 100, 10, 1), UINT32_MAX);
}

static void prices_stay_between_their_bounds_and_move_by_their_alpha(void **state)
{
    (void)state;
    assert_int_equal(rules_price_adjust(1000, 100, 2, 10, 5000, 0), 5000);
    assert_int_equal(rules_price_adjust(1000, 0, 2, 600, 5000, 0), 600);
    assert_int_equal(rules_price_adjust(1000, 6, 2, 10, 5000, UINT64_MAX), 1000);
    assert_int_equal(rules_price_adjust(UINT64_MAX, 2, 2, 10, UINT64_MAX, 0), UINT64_MAX);
    assert_int_equal(rules_difficulty_double(UINT64_MAX - 1, 3, 2, 1, UINT64_MAX), UINT64_MAX);
    assert_int_equal(rules_difficulty_double(9, 2, 2, 1, 100), 4);
}

/* All nine cases of more, as many or fewer works than burns, above and up to the target. */
static void each_interval_moves_the_price_that_its_registrations_ask_for(void **state)
{
    (void)state;
    static const struct {
        uint32_t pow, burn;
        bool both_on_tie, difficulty, price;
    } cases[] = {{4, 1, true, true, false},  {1, 4, true, false, true}, {3, 3, true, true, true},
                 {3, 3, false, false, true}, {1, 0, true, false, true}, {0, 1, true, true, false},
                 {0, 0, true, true, true},   {1, 1, false, true, false}};
    struct chain_params params;
    chain_params_init(&params, CHAIN_FINNEY);
    params.min_burn = params.min_difficulty = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        params.adjust_both_on_tie = cases[i].both_on_tie;
        struct rules_terms terms = {.burn_rao = 100000,
                                    .difficulty = 100000,
                                    .registrations = cases[i].pow + cases[i].burn,
                                    .pow = cases[i].pow,
                                    .burn = cases[i].burn};
        uint64_t moved = 100000 * (terms.registrations + 2) / 4;
        rules_adjust_terms(&params, &terms);
        assert_int_equal(terms.difficulty, cases[i].difficulty ? moved : 100000);
        assert_int_equal(terms.burn_rao, cases[i].price && moved != 100000 ? moved : 100000);
    }
}

static void halvings_come_exactly_at_their_thresholds(void **state)
{
    (void)state;
    const uint64_t cap = UINT64_C(21000000000000000);
    for (int j = 1; j < 30; j++) {
        uint64_t threshold = cap - (cap >> j); /* the first whole rao that reaches it */
        assert_int_equal(rules_block_emission(threshold, TAO, cap), TAO >> j);
        assert_int_equal(rules_block_emission(threshold - 1, TAO, cap), TAO >> (j - 1));
        assert_int_equal(rules_next_halving(threshold - 1, TAO, cap), threshold);
    }
    assert_int_equal(rules_block_emission(cap - (cap >> 30), TAO, cap), 0);
    assert_int_equal(rules_block_emission(cap, TAO, cap), 0);
    assert_int_equal(rules_block_emission(0, TAO, cap), TAO);
}

static void addresses_that_lead_nowhere_are_refused(void **state)
{
    (void)state;
    assert_false(rules_ip_valid(4, 0, 0));
    assert_false(rules_ip_valid(6, 0, 0));
    assert_false(rules_ip_valid(6, 0, 1));
    assert_false(rules_ip_valid(6, UINT64_MAX, UINT64_MAX));
    assert_false(rules_ip_valid(4, 1, 5));
    assert_true(rules_ip_valid(4, 0, UINT32_MAX - 1));
    assert_true(rules_ip_valid(6, UINT64_MAX, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finney_takes_the_last_of_equals_but_the_first_of_immune_equals),
        cmocka_unit_test(nakamoto_takes_the_oldest_of_the_immune_and_honours_its_denominators),
        cmocka_unit_test(current_spares_the_non_immune_when_they_are_few),
        cmocka_unit_test(prices_stay_between_their_bounds_and_move_by_their_alpha),
        cmocka_unit_test(each_interval_moves_the_price_that_its_registrations_ask_for),
        cmocka_unit_test(halvings_come_exactly_at_their_thresholds),
        cmocka_unit_test(addresses_that_lead_nowhere_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
