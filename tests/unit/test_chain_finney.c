#include "test_chain.h"

static void finney(struct test_chain *t)
{
    test_chain_init(t, CHAIN_FINNEY, "finney");
    t->net.params.max_uids = 4;
    t->net.params.immunity_period = 10;
}

static void a_new_work_registration_gets_the_next_uid_and_an_event(void **state)
{
    (void)state;
    struct test_chain t;
    finney(&t);
    test_chain_start(&t);
    test_chain_neuron(&t, 0, 5 * TAO);
    test_chain_blocks(&t, 5);
    struct chain_extrinsic call = test_chain_work(&t, 1, t.net.params.difficulty);
    uint64_t id = test_chain_submit(&t, &call);
    test_chain_blocks(&t, 1);
    const struct chain_event *event = test_chain_event(&t, id);
    assert_int_equal(event->kind, CHAIN_EVENT_REGISTERED);
    assert_int_equal(event->uid, 1);
    assert_int_equal(event->other, CHAIN_NONE);
    const struct chain_view *view = chain_view(t.chain, 3);
    assert_int_equal(view->neuron_count, 2);
    assert_int_equal(view->block_at_registration[1], 6);
    assert_int_equal(view->last_update[1], 6);
    assert_int_equal(view->registrations_this_interval, 1);
    assert_int_equal(chain_uid_of_hotkey(t.chain, 3, hot(1)), 1);
    test_chain_end(&t);
}

static void work_is_refused_with_the_real_chains_errors(void **state)
{
    (void)state;
    struct test_chain t;
    finney(&t);
    test_chain_start(&t);
    test_chain_neuron(&t, 0, 5 * TAO);
    test_chain_blocks(&t, 5);
    uint64_t difficulty = t.net.params.difficulty;

    struct chain_extrinsic call = test_chain_work(&t, 1, difficulty);
    call.netuid = 9;
    assert_string_equal(test_chain_call(&t, call), "NetworkDoesNotExist");
    call = test_chain_work(&t, 1, difficulty);
    call.signer = hot(2);
    assert_string_equal(test_chain_call(&t, call), "HotkeyOriginMismatch");
    call = test_chain_work(&t, 0, difficulty);
    assert_string_equal(test_chain_call(&t, call), "AlreadyRegistered");
    call = test_chain_work(&t, 1, difficulty);
    call.work.block_number += 2;
    assert_string_equal(test_chain_call(&t, call), "InvalidWorkBlock");
    call = test_chain_work(&t, 1, difficulty);
    call.work.block_number -= 2; /* 3 old when its block is made */
    assert_string_equal(test_chain_call(&t, call), "InvalidWorkBlock");
    call = test_chain_work(&t, 1, 1);
    memset(call.work.seal, 0xff, 4);
    assert_string_equal(test_chain_call(&t, call), "InvalidDifficulty");
    call = test_chain_work(&t, 1, difficulty);
    call.solver = hot(2); /* somebody else's work */
    assert_string_equal(test_chain_call(&t, call), "InvalidSeal");
    call = test_chain_work(&t, 0, difficulty);
    assert_int_equal(chain_view(t.chain, 3)->neuron_count, 1);
    test_chain_end(&t);
}

static void one_registration_fits_a_block_and_three_targets_an_interval(void **state)
{
    (void)state;
    struct test_chain t;
    finney(&t);
    t.net.params.max_uids = 30;
    test_chain_start(&t);
    test_chain_neuron(&t, 0, 5 * TAO);
    test_chain_blocks(&t, 1);
    struct chain_extrinsic first = test_chain_work(&t, 1, t.net.params.difficulty);
    struct chain_extrinsic second = test_chain_work(&t, 2, t.net.params.difficulty);
    uint64_t id1 = test_chain_submit(&t, &first), id2 = test_chain_submit(&t, &second);
    test_chain_blocks(&t, 1);
    assert_int_equal(test_chain_event(&t, id1)->kind, CHAIN_EVENT_REGISTERED);
    assert_int_equal(test_chain_event(&t, id2)->fault, CHAIN_FAULT_TOO_MANY_REGISTRATIONS_BLOCK);
    for (uint32_t i = 2; i < 7; i++)
        assert_string_equal(test_chain_call(&t, test_chain_work(&t, i, t.net.params.difficulty)),
                            "Ok");
    assert_false(chain_registration_open(t.chain, 3));
    assert_string_equal(test_chain_call(&t, test_chain_work(&t, 7, t.net.params.difficulty)),
                        "TooManyRegistrationsThisInterval");
    test_chain_end(&t);
}

static void a_burn_is_recycled_and_raises_the_price(void **state)
{
    (void)state;
    struct test_chain t;
    finney(&t);
    t.net.params.burn = 2 * TAO;
    test_chain_start(&t);
    test_chain_neuron(&t, 0, 5 * TAO);
    ok(&t, chain_genesis_balance(t.chain, cold(1), 3 * TAO, &t.err));
    ok(&t, chain_genesis_balance(t.chain, cold(2), 10 * TAO, &t.err));
    uint64_t issuance = chain_total_issuance_rao(t.chain);
    assert_string_equal(test_chain_call(&t, test_chain_burn(&t, 1)), "Ok");
    assert_int_equal(chain_total_issuance_rao(t.chain), issuance - 2 * TAO);
    assert_int_equal(chain_balance_rao(t.chain, cold(1)), TAO);
    assert_int_equal(chain_owner_of_hotkey(t.chain, hot(1)), cold(1));
    assert_string_equal(test_chain_call(&t, test_chain_burn(&t, 3)), "NotEnoughBalanceToStake");
    struct chain_extrinsic thief = test_chain_burn(&t, 2);
    thief.hotkey = hot(0);
    assert_string_equal(test_chain_call(&t, thief), "AlreadyRegistered");
    /* 1 burn, target 2: 2 TAO x (1 + 2) / 4; more burns than works and r <= t: difficulty only. */
    test_chain_blocks(&t, 97);
    assert_int_equal(chain_view(t.chain, 3)->burn_rao, 2 * TAO);
    assert_int_equal(chain_view(t.chain, 3)->difficulty, t.net.params.min_difficulty);
    assert_int_equal(chain_view(t.chain, 3)->last_adjustment_block, 100);
    test_chain_end(&t);
}

static void a_full_network_replaces_the_lowest_score_and_the_last_of_equals(void **state)
{
    (void)state;
    struct test_chain t;
    finney(&t);
    test_chain_start(&t);
    for (uint32_t i = 0; i < 4; i++)
        test_chain_neuron(&t, i, (i + 1) * TAO);
    test_chain_blocks(&t, 20); /* nobody is immune, all scores are 0 */
    uint64_t issuance = chain_total_issuance_rao(t.chain);
    struct chain_extrinsic call = test_chain_work(&t, 5, t.net.params.difficulty);
    uint64_t id = test_chain_submit(&t, &call);
    test_chain_blocks(&t, 1);
    const struct chain_event *event = test_chain_event(&t, id);
    assert_int_equal(event->uid, 3);
    assert_int_equal(event->other, hot(3));
    assert_int_equal(test_chain_find(&t, CHAIN_EVENT_EVICTED)->amount, 4 * TAO);
    assert_int_equal(chain_uid_of_hotkey(t.chain, 3, hot(3)), CHAIN_NONE);
    assert_int_equal(chain_balance_rao(t.chain, cold(3)), 4 * TAO);
    assert_int_equal(chain_view(t.chain, 3)->stake_rao[3], 0);
    assert_int_equal(chain_total_issuance_rao(t.chain), issuance);
    /* A second one before the next epoch takes another slot. */
    call = test_chain_work(&t, 6, t.net.params.difficulty);
    id = test_chain_submit(&t, &call);
    test_chain_blocks(&t, 1);
    assert_int_equal(test_chain_event(&t, id)->uid, 2);
    test_chain_end(&t);
}

static void the_newcomer_of_2023_inherits_rows_bonds_and_permit(void **state)
{
    (void)state;
    struct test_chain t;
    finney(&t);
    t.net.params.max_uids = 3;
    test_chain_start(&t);
    test_chain_neuron(&t, 0, 100 * TAO);
    test_chain_neuron(&t, 1, TAO);
    test_chain_neuron(&t, 2, 50 * TAO);
    uint32_t uids[] = {0, 2}, values[] = {1, 3}, self = 2;
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 1, 2, uids, values)), "Ok");
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 1, &self, values)), "Ok");
    test_chain_blocks(&t, 100);
    struct chain_row row = chain_weights_row(t.chain, 3, 1);
    assert_int_equal(row.count, 2);
    assert_int_equal(row.value[0], 21845);
    assert_int_equal(row.value[1], 65535);
    const struct chain_view *view = chain_view(t.chain, 3);
    uint32_t bonds = chain_bonds_row(t.chain, 3, 1).count;
    assert_true(bonds > 0);
    assert_true(view->validator_permit[1]);
    struct chain_extrinsic call = test_chain_work(&t, 5, t.net.params.difficulty);
    uint64_t id = test_chain_submit(&t, &call);
    test_chain_blocks(&t, 1);
    assert_int_equal(test_chain_event(&t, id)->uid, 1);
    assert_int_equal(chain_weights_row(t.chain, 3, 1).count, 2);
    assert_int_equal(chain_bonds_row(t.chain, 3, 1).count, bonds);
    assert_true(view->validator_permit[1]);
    assert_int_equal(view->last_update[1], 1);
    assert_int_equal(view->block_at_registration[1], chain_block_number(t.chain));
    assert_int_equal(view->pruning_score[1], 65535);
    test_chain_end(&t);
}

static void emission_of_an_epoch_reaches_stakes_in_the_next_block(void **state)
{
    (void)state;
    struct test_chain t;
    finney(&t);
    test_chain_start(&t);
    test_chain_neuron(&t, 0, 100 * TAO);
    test_chain_neuron(&t, 1, 50 * TAO);
    test_chain_neuron(&t, 2, 0);
    uint32_t uids0[] = {1, 2}, uids1[] = {0, 2}, values[] = {1, 3};
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 2, uids0, values)), "Ok");
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 1, 2, uids1, values)), "Ok");
    uint64_t issuance = chain_total_issuance_rao(t.chain);
    /* netuid 3, tempo 99: (block + 4) mod 100 == 99, so block 95 is the first. */
    assert_int_equal(chain_blocks_until_epoch(t.chain, 3, 3), 92);
    test_chain_blocks(&t, 92);
    assert_true(chain_epoch_due(t.chain, 3, 95));
    test_chain_blocks(&t, 1);
    const struct chain_event *epoch = test_chain_find(&t, CHAIN_EVENT_EPOCH);
    assert_non_null(epoch);
    assert_int_equal(epoch->amount, 95 * TAO);
    assert_int_equal(chain_total_issuance_rao(t.chain), issuance);
    const struct chain_view *view = chain_view(t.chain, 3);
    assert_true(view->incentive[2] > view->incentive[0]);
    uint64_t paid = 0;
    for (uint32_t uid = 0; uid < 3; uid++)
        paid += view->server_emission_rao[uid] + view->validator_emission_rao[uid];
    /* Fractions have 32 bits, so each uid loses up to 95e9 / 2^32 = 22 rao. */
    assert_true(paid > 95 * TAO - 3 * 2 * 23 && paid <= 95 * TAO);
    assert_int_equal(epoch->lost_rao, 95 * TAO - paid);
    test_chain_blocks(&t, 1);
    assert_int_equal(test_chain_find(&t, CHAIN_EVENT_PAID)->amount, paid);
    assert_int_equal(chain_total_issuance_rao(t.chain), issuance + paid);
    assert_int_equal(view->stake_rao[2], view->emission_rao[2]);
    assert_int_equal(view->pending_emission_rao, TAO);
    test_chain_end(&t);
}

static void rows_are_refused_in_the_real_order_of_checks(void **state)
{
    (void)state;
    struct test_chain t;
    finney(&t);
    t.net.params.min_allowed_weights = 2;
    t.net.params.max_weight_limit = 40000;
    t.net.params.weights_version_key = 5;
    test_chain_start(&t);
    for (uint32_t i = 0; i < 3; i++)
        test_chain_neuron(&t, i, TAO);
    uint32_t uids[] = {0, 1, 2, 2, 1}, far[] = {1, 9}, values[] = {1, 1, 1, 1, 1};
    struct chain_extrinsic call = test_chain_row(&t, 0, 2, uids, values);
    call.version_key = 5;
    call.value_count = 1;
    call.netuid = 8;
    assert_string_equal(test_chain_call(&t, call), "WeightVecNotEqualSize");
    call.value_count = 2;
    assert_string_equal(test_chain_call(&t, call), "NetworkDoesNotExist");
    call.netuid = 3;
    call.signer = hot(9);
    call.row_count = call.value_count = 5;
    assert_string_equal(test_chain_call(&t, call), "TooManyUids");
    call.row_count = call.value_count = 2;
    assert_string_equal(test_chain_call(&t, call), "NotRegistered");
    call.signer = hot(0);
    call.version_key = 4;
    assert_string_equal(test_chain_call(&t, call), "IncorrectNetworkVersionKey");
    call.version_key = 5;
    call.row_uids = uids + 2;
    assert_string_equal(test_chain_call(&t, call), "DuplicateUids");
    call.row_uids = far;
    assert_string_equal(test_chain_call(&t, call), "InvalidUid");
    call.row_uids = uids + 1;
    call.row_count = call.value_count = 1;
    assert_string_equal(test_chain_call(&t, call), "NotSettingEnoughWeights");
    uint32_t steep[] = {1, 9};
    call.row_values = steep;
    call.row_count = call.value_count = 2;
    assert_string_equal(test_chain_call(&t, call), "MaxWeightExceeded");
    assert_int_equal(chain_weights_row(t.chain, 3, 0).count, 0);
    call.row_values = values;
    assert_string_equal(test_chain_call(&t, call), "Ok");
    assert_string_equal(test_chain_call(&t, call), "SettingWeightsTooFast");
    test_chain_blocks(&t, 97);
    assert_string_equal(test_chain_call(&t, call), "SettingWeightsTooFast");
    assert_string_equal(test_chain_call(&t, call), "Ok"); /* 100 blocks after the first */
    test_chain_end(&t);
}

static void without_a_permit_only_the_self_weight_is_allowed(void **state)
{
    (void)state;
    struct test_chain t;
    finney(&t);
    test_chain_start(&t);
    uint32_t uid;
    struct chain_genesis_neuron neuron = {.netuid = 3, .hotkey = hot(0), .coldkey = cold(0)};
    ok(&t, chain_genesis_neuron(t.chain, &neuron, &uid, &t.err));
    test_chain_neuron(&t, 1, TAO);
    uint32_t other = 1, self = 0, value = 7;
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 1, &other, &value)),
                        "NoValidatorPermit");
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 1, &self, &value)), "Ok");
    test_chain_end(&t);
}

static void staking_calls_move_money_and_fail_as_the_real_ones(void **state)
{
    (void)state;
    struct test_chain t;
    finney(&t);
    t.net.params.tx_rate_limit = 10;
    test_chain_start(&t);
    test_chain_neuron(&t, 0, 0);
    test_chain_neuron(&t, 1, 0);
    ok(&t, chain_genesis_balance(t.chain, cold(0), TAO, &t.err));
    ok(&t, chain_genesis_balance(t.chain, cold(2), TAO, &t.err));
    assert_string_equal(test_chain_call(&t, test_chain_stake(cold(0), hot(0), true, 2 * TAO)),
                        "NotEnoughBalanceToStake");
    assert_string_equal(test_chain_call(&t, test_chain_stake(cold(0), hot(9), true, 1)),
                        "NotRegistered");
    assert_string_equal(test_chain_call(&t, test_chain_stake(cold(2), hot(0), true, 1)),
                        "NonAssociatedColdKey");
    assert_string_equal(test_chain_call(&t, test_chain_stake(cold(0), hot(0), true, TAO)),
                        "BalanceWithdrawalError");
    assert_string_equal(test_chain_call(&t, test_chain_stake(cold(0), hot(0), true, TAO / 2)),
                        "Ok");
    assert_string_equal(test_chain_call(&t, test_chain_stake(cold(0), hot(0), true, 1)),
                        "TxRateLimitExceeded");
    assert_int_equal(chain_view(t.chain, 3)->stake_rao[0], TAO / 2);
    test_chain_blocks(&t, 8);
    assert_string_equal(test_chain_call(&t, test_chain_stake(cold(0), hot(0), true, 1)),
                        "TxRateLimitExceeded"); /* 10 blocks after it: not more than the limit */
    assert_string_equal(test_chain_call(&t, test_chain_stake(cold(0), hot(0), true, 1)), "Ok");
    assert_string_equal(test_chain_call(&t, test_chain_stake(cold(0), hot(0), false, TAO)),
                        "NotEnoughStaketoWithdraw");
    struct chain_extrinsic delegate = {
        .kind = CHAIN_BECOME_DELEGATE, .signer = cold(2), .hotkey = hot(0)};
    assert_string_equal(test_chain_call(&t, delegate), "NonAssociatedColdKey");
    delegate.signer = cold(0);
    test_chain_blocks(&t, 10);
    assert_string_equal(test_chain_call(&t, delegate), "Ok");
    assert_string_equal(test_chain_call(&t, delegate), "AlreadyDelegate");
    assert_string_equal(test_chain_call(&t, test_chain_stake(cold(2), hot(0), true, 7)), "Ok");
    test_chain_blocks(&t, 10);
    assert_string_equal(test_chain_call(&t, test_chain_stake(cold(2), hot(0), false, 7)), "Ok");
    assert_int_equal(chain_balance_rao(t.chain, cold(2)), TAO);
    assert_int_equal(chain_hotkey_stake_rao(t.chain, hot(0)), TAO / 2 + 1);
    test_chain_end(&t);
}

static void serving_checks_the_address_and_its_rate(void **state)
{
    (void)state;
    struct test_chain t;
    finney(&t);
    test_chain_start(&t);
    test_chain_neuron(&t, 0, 0);
    struct chain_extrinsic call = {.kind = CHAIN_SERVE_AXON,
                                   .netuid = 3,
                                   .signer = hot(1),
                                   .ip_type = 4,
                                   .ip_low = 134744072,
                                   .port = 80};
    assert_string_equal(test_chain_call(&t, call), "NotRegistered");
    call.signer = hot(0);
    call.ip_type = 5;
    assert_string_equal(test_chain_call(&t, call), "InvalidIpType");
    call.ip_type = 4;
    call.ip_low = 0x7f000001;
    assert_string_equal(test_chain_call(&t, call), "InvalidIpAddress");
    call.ip_low = 134744072;
    call.port = 0;
    assert_string_equal(test_chain_call(&t, call), "InvalidPort");
    call.port = 80;
    assert_string_equal(test_chain_call(&t, call), "Ok");
    assert_string_equal(test_chain_call(&t, call), "ServingRateLimitExceeded");
    test_chain_blocks(&t, 48);
    assert_string_equal(test_chain_call(&t, call), "Ok");
    /* Whoever takes the slot over may announce an address at once. */
    struct chain_params values = t.net.params;
    values.max_uids = 1;
    ok(&t, chain_set_param(t.chain, 3, "max_uids", &values, &t.err));
    assert_string_equal(test_chain_call(&t, test_chain_work(&t, 5, values.difficulty)), "Ok");
    call.signer = hot(5);
    assert_string_equal(test_chain_call(&t, call), "Ok");
    test_chain_end(&t);
}

static uint64_t digest_of_a_run(uint64_t stake_rao)
{
    struct test_chain t;
    finney(&t);
    test_chain_start(&t);
    for (uint32_t i = 0; i < 3; i++)
        test_chain_neuron(&t, i, stake_rao + i);
    uint32_t uids[] = {1, 2}, values[] = {1, 2};
    test_chain_call(&t, test_chain_row(&t, 0, 2, uids, values));
    test_chain_call(&t, test_chain_work(&t, 5, t.net.params.difficulty));
    test_chain_blocks(&t, 200);
    uint64_t digest = chain_digest(t.chain);
    test_chain_end(&t);
    return digest;
}

static void equal_runs_have_equal_digests_and_one_rao_shows(void **state)
{
    (void)state;
    assert_int_equal(digest_of_a_run(TAO), digest_of_a_run(TAO));
    assert_int_not_equal(digest_of_a_run(TAO), digest_of_a_run(TAO + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_work_registration_gets_the_next_uid_and_an_event),
        cmocka_unit_test(work_is_refused_with_the_real_chains_errors),
        cmocka_unit_test(one_registration_fits_a_block_and_three_targets_an_interval),
        cmocka_unit_test(a_burn_is_recycled_and_raises_the_price),
        cmocka_unit_test(a_full_network_replaces_the_lowest_score_and_the_last_of_equals),
        cmocka_unit_test(the_newcomer_of_2023_inherits_rows_bonds_and_permit),
        cmocka_unit_test(emission_of_an_epoch_reaches_stakes_in_the_next_block),
        cmocka_unit_test(rows_are_refused_in_the_real_order_of_checks),
        cmocka_unit_test(without_a_permit_only_the_self_weight_is_allowed),
        cmocka_unit_test(staking_calls_move_money_and_fail_as_the_real_ones),
        cmocka_unit_test(serving_checks_the_address_and_its_rate),
        cmocka_unit_test(equal_runs_have_equal_digests_and_one_rao_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
