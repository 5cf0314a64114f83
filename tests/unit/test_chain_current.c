#include "test_chain.h"

static void current(struct test_chain *t)
{
    test_chain_init(t, CHAIN_CURRENT, "yuma2");
    t->net.params.max_uids = 4;
    t->net.params.immunity_period = 10;
    t->net.params.min_non_immune = 0;
    t->net.params.tempo = 20;
    t->net.params.commit_reveal = false;
}

static void the_burn_rises_with_each_registration_and_halves_in_its_half_life(void **state)
{
    (void)state;
    struct test_chain t;
    current(&t);
    t.net.params.burn = 10 * TAO;
    t.net.params.burn_half_life = 50;
    test_chain_start(&t);
    ok(&t, chain_genesis_balance(t.chain, cold(1), 100 * TAO, &t.err));
    test_chain_blocks(&t, 1);
    assert_int_equal(chain_view(t.chain, 3)->burn_rao, 10 * TAO);
    uint64_t issuance = chain_total_issuance_rao(t.chain);
    struct chain_extrinsic call = test_chain_burn(&t, 1);
    uint64_t id = test_chain_submit(&t, &call);
    test_chain_blocks(&t, 1);
    uint64_t paid = test_chain_event(&t, id)->amount;
    assert_true(paid < 10 * TAO && paid > 9 * TAO); /* a block's decay first */
    assert_int_equal(chain_view(t.chain, 3)->burn_rao, (uint64_t)((double)paid * 1.26));
    assert_int_equal(chain_total_issuance_rao(t.chain), issuance + TAO - paid);
    uint64_t after = chain_view(t.chain, 3)->burn_rao;
    test_chain_blocks(&t, 50);
    uint64_t half = chain_view(t.chain, 3)->burn_rao;
    assert_true(half <= after / 2 && half > after / 2 - 1000);
    test_chain_end(&t);
}

static void the_lowest_emission_goes_but_never_the_owners_first_uid(void **state)
{
    (void)state;
    struct test_chain t;
    current(&t);
    t.net.owner = cold(0);
    test_chain_start(&t);
    for (uint32_t i = 0; i < 4; i++)
        test_chain_neuron(&t, i, TAO);
    ok(&t, chain_genesis_balance(t.chain, cold(5), 100 * TAO, &t.err));
    test_chain_blocks(&t, 12);
    struct chain_extrinsic call = test_chain_burn(&t, 5);
    uint64_t id = test_chain_submit(&t, &call);
    test_chain_blocks(&t, 1);
    assert_int_equal(test_chain_event(&t, id)->uid, 1); /* equal emission and age: lowest uid */
    assert_int_equal(chain_hotkey_stake_rao(t.chain, hot(1)), TAO); /* stake stays */
    test_chain_end(&t);
}

static void a_network_of_immortals_has_no_uid_to_sell(void **state)
{
    (void)state;
    struct test_chain t;
    current(&t);
    t.net.params.max_uids = 1;
    t.net.owner = cold(0);
    test_chain_start(&t);
    test_chain_neuron(&t, 0, TAO);
    ok(&t, chain_genesis_balance(t.chain, cold(5), 100 * TAO, &t.err));
    test_chain_blocks(&t, 12);
    assert_string_equal(test_chain_call(&t, test_chain_burn(&t, 5)), "NoNeuronIdAvailable");
    assert_int_equal(chain_balance_rao(t.chain, cold(5)), 100 * TAO);
    test_chain_end(&t);
}

static void weights_on_a_replaced_uid_become_zero(void **state)
{
    (void)state;
    struct test_chain t;
    current(&t);
    t.net.params.max_uids = 3;
    test_chain_start(&t);
    for (uint32_t i = 0; i < 3; i++)
        test_chain_neuron(&t, i, i == 0 ? 100 * TAO : 0);
    ok(&t, chain_genesis_balance(t.chain, cold(5), 100 * TAO, &t.err));
    uint32_t uids[] = {1, 2}, values[] = {1, 2};
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 2, uids, values)), "Ok");
    test_chain_blocks(&t, 20);
    struct chain_extrinsic call = test_chain_burn(&t, 5);
    uint64_t id = test_chain_submit(&t, &call);
    test_chain_blocks(&t, 1);
    uint32_t victim = test_chain_event(&t, id)->uid;
    assert_int_equal(victim, 1);
    struct chain_row row = chain_weights_row(t.chain, 3, 0);
    assert_int_equal(row.count, 2);
    assert_int_equal(row.value[0], 0);
    assert_int_equal(row.value[1], 65535);
    test_chain_end(&t);
}

static void issuance_holds_what_is_pending_and_epochs_pay_in_their_block(void **state)
{
    (void)state;
    struct test_chain t;
    current(&t);
    t.net.owner = cold(9);
    test_chain_start(&t);
    for (uint32_t i = 0; i < 3; i++)
        test_chain_neuron(&t, i, 100 * TAO);
    uint64_t genesis = chain_total_issuance_rao(t.chain);
    uint32_t uids[] = {1, 2}, values[] = {1, 3};
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 2, uids, values)), "Ok");
    test_chain_blocks(&t, 18);
    assert_int_equal(chain_total_issuance_rao(t.chain), genesis + 19 * TAO);
    assert_int_equal(chain_total_stake_rao(t.chain), 300 * TAO);
    test_chain_blocks(&t, 1);
    const struct chain_event *epoch = test_chain_find(&t, CHAIN_EVENT_EPOCH);
    const struct chain_event *paid = test_chain_find(&t, CHAIN_EVENT_PAID);
    /* 18 % of each block's 1 TAO is the owner's, in the chain's 32.32: 179995422 rao. */
    assert_int_equal(chain_balance_rao(t.chain, cold(9)), 20 * UINT64_C(179995422));
    assert_int_equal(epoch->amount, 20 * TAO - 20 * UINT64_C(179995422));
    assert_int_equal(chain_total_stake_rao(t.chain), 300 * TAO + paid->amount);
    assert_int_equal(chain_total_issuance_rao(t.chain),
                     genesis + 20 * UINT64_C(179995422) + paid->amount);
    test_chain_end(&t);
}

static void committed_rows_take_effect_an_epoch_later(void **state)
{
    (void)state;
    struct test_chain t;
    current(&t);
    t.net.params.commit_reveal = true;
    t.net.params.weights_rate_limit = 0;
    t.net.params.max_pending_commits = 2;
    test_chain_start(&t);
    for (uint32_t i = 0; i < 3; i++)
        test_chain_neuron(&t, i, 100 * TAO);
    uint32_t uids[] = {1, 2}, values[] = {1, 3}, wrong[] = {1, 7};
    struct chain_extrinsic call = test_chain_row(&t, 0, 2, uids, values);
    assert_string_equal(test_chain_call(&t, call), "CommitRevealEnabled");
    call.kind = CHAIN_COMMIT_WEIGHTS;
    assert_string_equal(test_chain_call(&t, call), "Ok");
    struct chain_extrinsic bad = test_chain_row(&t, 0, 2, wrong, values);
    bad.kind = CHAIN_COMMIT_WEIGHTS;
    assert_string_equal(test_chain_call(&t, bad), "Ok"); /* nobody can see inside yet */
    assert_string_equal(test_chain_call(&t, call), "TooManyUnrevealedCommits");
    assert_int_equal(chain_view(t.chain, 3)->last_update[0], 3); /* set at the commit */
    test_chain_blocks(&t, 16); /* block 20 runs the epoch, block 21 opens */
    assert_int_equal(chain_weights_row(t.chain, 3, 0).count, 0);
    test_chain_blocks(&t, 1);
    assert_int_equal(chain_weights_row(t.chain, 3, 0).count, 2);
    assert_int_equal(test_chain_find(&t, CHAIN_EVENT_WEIGHTS_SET)->age_blocks, 19);
    assert_int_equal(test_chain_find(&t, CHAIN_EVENT_FAILED)->fault, CHAIN_FAULT_INVALID_UID);
    assert_int_equal(chain_view(t.chain, 3)->last_update[0], 3);
    test_chain_end(&t);
}

static void too_little_stake_sets_no_weights(void **state)
{
    (void)state;
    struct test_chain t;
    current(&t);
    t.net.params.weights_stake_threshold = 10 * TAO;
    test_chain_start(&t);
    test_chain_neuron(&t, 0, 9 * TAO);
    test_chain_neuron(&t, 1, 10 * TAO);
    uint32_t uids[] = {0, 1}, values[] = {1, 3};
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 2, uids, values)),
                        "NotEnoughStakeToSetWeights");
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 1, 2, uids, values)), "Ok");
    test_chain_end(&t);
}

static void a_take_rises_only_when_its_clock_allows(void **state)
{
    (void)state;
    struct test_chain t;
    current(&t);
    t.net.params.take_rate_limit = 30;
    t.net.params.min_take = 100;
    test_chain_start(&t);
    test_chain_neuron(&t, 0, TAO);
    struct chain_extrinsic call = {
        .kind = CHAIN_SET_TAKE, .signer = cold(0), .hotkey = hot(0), .take = 5000};
    assert_string_equal(test_chain_call(&t, call), "NotDelegate");
    call.kind = CHAIN_BECOME_DELEGATE;
    assert_string_equal(test_chain_call(&t, call), "Ok");
    call.kind = CHAIN_SET_TAKE;
    call.take = 11797;
    assert_string_equal(test_chain_call(&t, call), "DelegateTakeTooHigh");
    call.take = 99;
    assert_string_equal(test_chain_call(&t, call), "DelegateTakeTooLow");
    call.take = 5000;
    assert_string_equal(test_chain_call(&t, call), "Ok"); /* down is always allowed */
    call.take = 6000;
    assert_string_equal(test_chain_call(&t, call), "DelegateTxRateLimitExceeded");
    test_chain_blocks(&t, 29);
    assert_string_equal(test_chain_call(&t, call), "Ok");
    uint16_t take;
    assert_true(chain_is_delegate(t.chain, hot(0), &take));
    assert_int_equal(take, 6000);
    test_chain_end(&t);
}

static void a_tiny_stake_is_refused_and_a_tiny_nomination_paid_out(void **state)
{
    (void)state;
    struct test_chain t;
    current(&t);
    t.net.params.nominator_min_stake = TAO;
    test_chain_start(&t);
    test_chain_neuron(&t, 0, TAO);
    ok(&t, chain_genesis_balance(t.chain, cold(1), 10 * TAO, &t.err));
    struct chain_extrinsic delegate = {
        .kind = CHAIN_BECOME_DELEGATE, .signer = cold(0), .hotkey = hot(0)};
    assert_string_equal(test_chain_call(&t, delegate), "Ok");
    assert_string_equal(test_chain_call(&t, test_chain_stake(cold(1), hot(0), true, 1000)),
                        "AmountTooLow");
    assert_string_equal(test_chain_call(&t, test_chain_stake(cold(1), hot(0), true, 2 * TAO)),
                        "Ok");
    assert_string_equal(
        test_chain_call(&t, test_chain_stake(cold(1), hot(0), false, TAO + TAO / 2)), "Ok");
    assert_int_equal(chain_balance_rao(t.chain, cold(1)), 10 * TAO);
    test_chain_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_burn_rises_with_each_registration_and_halves_in_its_half_life),
        cmocka_unit_test(the_lowest_emission_goes_but_never_the_owners_first_uid),
        cmocka_unit_test(a_network_of_immortals_has_no_uid_to_sell),
        cmocka_unit_test(weights_on_a_replaced_uid_become_zero),
        cmocka_unit_test(issuance_holds_what_is_pending_and_epochs_pay_in_their_block),
        cmocka_unit_test(committed_rows_take_effect_an_epoch_later),
        cmocka_unit_test(too_little_stake_sets_no_weights),
        cmocka_unit_test(a_take_rises_only_when_its_clock_allows),
        cmocka_unit_test(a_tiny_stake_is_refused_and_a_tiny_nomination_paid_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
