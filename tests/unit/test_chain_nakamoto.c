#include "test_chain.h"

static void nakamoto(struct test_chain *t)
{
    test_chain_init(t, CHAIN_NAKAMOTO, "nakamoto");
    t->net.params.max_uids = 4;
    t->net.params.immunity_period = 10;
    t->net.params.max_min_ratio = 10;
}

static void one_seal_registers_many_hotkeys_as_history_allowed(void **state)
{
    (void)state;
    struct test_chain t;
    nakamoto(&t);
    test_chain_start(&t);
    test_chain_neuron(&t, 0, TAO);
    test_chain_blocks(&t, 3);
    struct chain_extrinsic call = test_chain_work(&t, 1, t.net.params.difficulty);
    uint64_t ids[3];
    for (uint32_t i = 0; i < 3; i++) { /* the same work, three hotkeys, anybody's signature */
        call.signer = cold(9);
        call.hotkey = hot(1 + i);
        call.coldkey = cold(1 + i);
        ids[i] = test_chain_submit(&t, &call);
    }
    test_chain_blocks(&t, 1);
    assert_int_equal(test_chain_event(&t, ids[0])->kind, CHAIN_EVENT_REGISTERED);
    assert_int_equal(test_chain_event(&t, ids[1])->kind, CHAIN_EVENT_REGISTERED);
    assert_string_equal(chain_fault_name(CHAIN_NAKAMOTO, test_chain_event(&t, ids[2])->fault),
                        "ToManyRegistrationsThisBlock");
    assert_int_equal(chain_view(t.chain, 0)->neuron_count, 3);
    test_chain_end(&t);
}

static void a_newcomer_gets_a_clean_record_and_others_weights_on_its_uid(void **state)
{
    (void)state;
    struct test_chain t;
    nakamoto(&t);
    t.net.params.max_uids = 3;
    t.net.params.tempo = 10;
    test_chain_start(&t);
    for (uint32_t i = 0; i < 3; i++)
        test_chain_neuron(&t, i, (10 - i) * TAO);
    uint32_t all[] = {0, 1, 2}, values[] = {5, 4, 2};
    for (uint32_t i = 0; i < 3; i++) {
        struct chain_extrinsic row = test_chain_row(&t, i, 3, all, values);
        test_chain_submit(&t, &row);
    }
    test_chain_blocks(&t, 30);
    const struct chain_view *view = chain_view(t.chain, 0);
    assert_true(chain_bonds_row(t.chain, 0, 2).count > 0);
    uint64_t stake = view->stake_rao[2];
    assert_true(stake > 8 * TAO);
    uint64_t id = 0;
    struct chain_extrinsic call = test_chain_work(&t, 7, t.net.params.difficulty);
    id = test_chain_submit(&t, &call);
    test_chain_blocks(&t, 1);
    assert_int_equal(test_chain_event(&t, id)->uid, 2);
    assert_int_equal(chain_balance_rao(t.chain, cold(2)), stake);
    assert_int_equal(view->stake_rao[2], 0);
    assert_int_equal(view->incentive[2], 0);
    assert_int_equal(view->last_update[2], 31);
    assert_int_equal(chain_bonds_row(t.chain, 0, 2).count, 0);
    struct chain_row own = chain_weights_row(t.chain, 0, 2);
    assert_int_equal(own.count, 1);
    assert_int_equal(own.uid[0], 2);
    assert_int_equal(own.value[0], UINT32_MAX);
    assert_int_equal(chain_weights_row(t.chain, 0, 0).count, 3);
    assert_int_equal(chain_weights_row(t.chain, 0, 0).uid[2], 2);
    /* Bonds of others in the slot are void at the next step. */
    assert_int_equal(chain_bonds_row(t.chain, 0, 0).uid[chain_bonds_row(t.chain, 0, 0).count - 1],
                     2);
    uint64_t old_bond =
        chain_bonds_row(t.chain, 0, 0).value[chain_bonds_row(t.chain, 0, 0).count - 1];
    test_chain_blocks(&t, 9);
    struct chain_bond_row bonds = chain_bonds_row(t.chain, 0, 0);
    assert_int_equal(bonds.uid[bonds.count - 1], 2);
    uint64_t fresh_bond = bonds.value[bonds.count - 1];
    assert_true(fresh_bond < old_bond);
    test_chain_blocks(&t, 10); /* from then on they grow again */
    bonds = chain_bonds_row(t.chain, 0, 0);
    assert_true(bonds.value[bonds.count - 1] > fresh_bond + fresh_bond / 2);
    test_chain_end(&t);
}

static void rows_are_checked_and_normalised_to_a_sum_of_one(void **state)
{
    (void)state;
    struct test_chain t;
    nakamoto(&t);
    t.net.params.min_allowed_weights = 2;
    test_chain_start(&t);
    for (uint32_t i = 0; i < 3; i++)
        test_chain_neuron(&t, i, TAO);
    uint32_t uids[] = {0, 1, 1, 9}, values[] = {1, 3, 11, 40}, other = 1, self = 0;
    struct chain_extrinsic call = test_chain_row(&t, 5, 2, uids, values);
    assert_string_equal(test_chain_call(&t, call), "NotRegistered");
    call.signer = hot(0);
    call.value_count = 1;
    assert_string_equal(test_chain_call(&t, call), "WeightVecNotEqualSize");
    call = test_chain_row(&t, 0, 2, uids + 1, values);
    assert_string_equal(test_chain_call(&t, call), "DuplicateUids");
    call = test_chain_row(&t, 0, 2, uids + 2, values);
    assert_string_equal(test_chain_call(&t, call), "InvalidUid");
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 1, &other, values)),
                        "NotSettingEnoughWeights");
    uint32_t steep[] = {1, 11};
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 2, uids, steep)),
                        "MaxAllowedMaxMinRatioExceeded");
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 1, &self, values)), "Ok");
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 2, uids, values)), "Ok");
    struct chain_row row = chain_weights_row(t.chain, 0, 0);
    assert_int_equal(row.value[0], UINT32_MAX / 4);
    assert_int_equal(row.value[1], UINT64_C(3) * UINT32_MAX / 4);
    test_chain_end(&t);
}

static void the_full_byte_budget_goes_to_the_highest_priority_and_the_rest_expires(void **state)
{
    (void)state;
    struct test_chain t;
    nakamoto(&t);
    t.net.params.max_uids = 20;
    t.net.params.tempo = 4;
    t.net.params.block_size = 400; /* three rows of three entries (137 bytes) do not fit, two do */
    test_chain_start(&t);
    for (uint32_t i = 0; i < 3; i++)
        test_chain_neuron(&t, i, i == 1 ? 1 : 1000 * TAO);
    test_chain_blocks(&t, 4); /* a step gives priority by stake */
    uint32_t uids[] = {0, 1, 2}, values[] = {1, 1, 1};
    uint64_t ids[3];
    for (uint32_t i = 0; i < 3; i++) {
        struct chain_extrinsic call = test_chain_row(&t, i, 3, uids, values);
        assert_int_equal(chain_encoded_bytes(CHAIN_NAKAMOTO, &call), 106 + 2 + 24 + 2);
        ids[i] = test_chain_submit(&t, &call);
    }
    test_chain_blocks(&t, 1);
    assert_int_equal(test_chain_event(&t, ids[0])->kind, CHAIN_EVENT_WEIGHTS_SET);
    assert_int_equal(test_chain_event(&t, ids[0])->age_blocks, 1);
    assert_int_equal(test_chain_event(&t, ids[2])->kind, CHAIN_EVENT_WEIGHTS_SET);
    assert_int_equal(test_chain_event(&t, ids[1])->fault, CHAIN_FAULT_EXPIRED);
    assert_int_equal(chain_pending_count(t.chain), 0);
    assert_int_equal(chain_view(t.chain, 0)->priority[0], 0); /* used up */
    test_chain_end(&t);
}

static void difficulty_doubles_above_the_target_and_halves_at_it(void **state)
{
    (void)state;
    struct test_chain t;
    nakamoto(&t);
    t.net.params.max_uids = 30;
    t.net.params.difficulty = 100000000;
    test_chain_start(&t);
    test_chain_neuron(&t, 0, TAO);
    for (uint32_t i = 1; i <= 3; i++)
        assert_string_equal(test_chain_call(&t, test_chain_work(&t, i, 100000000)), "Ok");
    test_chain_blocks(&t, 96);
    assert_int_equal(chain_view(t.chain, 0)->difficulty, 100000000);
    test_chain_blocks(&t, 1);
    assert_int_equal(chain_view(t.chain, 0)->difficulty, 200000000);
    assert_int_equal(test_chain_find(&t, CHAIN_EVENT_DIFFICULTY)->amount, 200000000);
    for (uint32_t i = 4; i <= 5; i++)
        assert_string_equal(test_chain_call(&t, test_chain_work(&t, i, 200000000)), "Ok");
    test_chain_blocks(&t, 98);
    assert_int_equal(chain_view(t.chain, 0)->difficulty, 100000000);
    test_chain_end(&t);
}

static void a_pruned_hotkey_may_come_back_under_another_coldkey(void **state)
{
    (void)state;
    struct test_chain t;
    nakamoto(&t);
    t.net.params.max_uids = 1;
    test_chain_start(&t);
    test_chain_neuron(&t, 0, TAO);
    test_chain_blocks(&t, 20);
    assert_string_equal(test_chain_call(&t, test_chain_work(&t, 1, t.net.params.difficulty)), "Ok");
    struct chain_extrinsic call = test_chain_work(&t, 0, t.net.params.difficulty);
    call.coldkey = cold(8);
    assert_string_equal(test_chain_call(&t, call), "Ok");
    assert_int_equal(chain_owner_of_hotkey(t.chain, hot(0)), cold(8));
    assert_int_equal(chain_view(t.chain, 0)->coldkey[0], cold(8));
    test_chain_end(&t);
}

static void serving_keeps_a_neuron_active_and_wants_modality_zero(void **state)
{
    (void)state;
    struct test_chain t;
    nakamoto(&t);
    test_chain_start(&t);
    test_chain_neuron(&t, 0, TAO);
    struct chain_extrinsic call = {.kind = CHAIN_SERVE_AXON,
                                   .signer = hot(0),
                                   .modality = 1,
                                   .ip_type = 4,
                                   .ip_low = 134744072};
    assert_string_equal(test_chain_call(&t, call), "InvalidModality");
    call.modality = 0;
    assert_string_equal(test_chain_call(&t, call), "Ok");
    assert_int_equal(chain_view(t.chain, 0)->last_update[0], 2);
    test_chain_end(&t);
}

static void calls_of_later_chains_are_unknown(void **state)
{
    (void)state;
    struct test_chain t;
    nakamoto(&t);
    test_chain_start(&t);
    test_chain_neuron(&t, 0, TAO);
    assert_string_equal(test_chain_call(&t, test_chain_burn(&t, 1)), "CallDisabled");
    struct chain_extrinsic delegate = {
        .kind = CHAIN_BECOME_DELEGATE, .signer = cold(0), .hotkey = hot(0)};
    assert_string_equal(test_chain_call(&t, delegate), "CallDisabled");
    delegate.kind = CHAIN_SET_TAKE;
    assert_string_equal(test_chain_call(&t, delegate), "CallDisabled");
    test_chain_end(&t);
}

static void parameters_that_nakamoto_did_not_have_are_refused_by_name(void **state)
{
    (void)state;
    struct test_chain t;
    nakamoto(&t);
    t.net.params.delegation = true;
    t.config.nets = &t.net;
    assert_int_equal(chain_create(&t.config, &t.chain, &t.err), SIM_CONFIG);
    assert_string_equal(t.err.text, "network 0: delegation: nakamoto had none");
    t.net.params.delegation = false;
    t.net.params.min_difficulty = 9;
    t.net.params.max_difficulty = 8;
    assert_int_equal(chain_create(&t.config, &t.chain, &t.err), SIM_CONFIG);
    assert_string_equal(t.err.text,
                        "network 0: min_difficulty is 9, above max_difficulty, which is 8");
    test_chain_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seal_registers_many_hotkeys_as_history_allowed),
        cmocka_unit_test(a_newcomer_gets_a_clean_record_and_others_weights_on_its_uid),
        cmocka_unit_test(rows_are_checked_and_normalised_to_a_sum_of_one),
        cmocka_unit_test(the_full_byte_budget_goes_to_the_highest_priority_and_the_rest_expires),
        cmocka_unit_test(difficulty_doubles_above_the_target_and_halves_at_it),
        cmocka_unit_test(a_pruned_hotkey_may_come_back_under_another_coldkey),
        cmocka_unit_test(serving_keeps_a_neuron_active_and_wants_modality_zero),
        cmocka_unit_test(calls_of_later_chains_are_unknown),
        cmocka_unit_test(parameters_that_nakamoto_did_not_have_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
