/*
 * The last block, rao or uid on either side of the chain's limits.  Each case here was missing when
 * a limit was moved by one and no test noticed.
 */
#include "test_chain.h"

#include "mechanism/baselines.h"

#define expect(t, call, outcome) assert_string_equal(test_chain_call(t, call), outcome)

static void start(struct test_chain *t, uint32_t neurons)
{
    test_chain_start(t);
    for (uint32_t i = 0; i < neurons; i++)
        test_chain_neuron(t, i, 10 * TAO);
    for (uint32_t i = 0; i < 10; i++)
        ok(t, chain_genesis_balance(t->chain, cold(i), 100 * TAO, &t->err));
}

static void of_current(struct test_chain *t)
{
    test_chain_init(t, CHAIN_CURRENT, "yuma2");
    t->net.params.max_uids = 6;
    t->net.params.immunity_period = 10;
    t->net.params.min_non_immune = 0;
    t->net.params.tempo = 20;
    t->net.params.commit_reveal = false;
}

static struct chain_extrinsic delegate(uint32_t i)
{
    return (struct chain_extrinsic){
        .kind = CHAIN_BECOME_DELEGATE, .signer = cold(i), .hotkey = hot(i)};
}

/* -------------------------------------------------------------------------------------- money */

static void a_nomination_at_the_minimum_stays_and_an_owners_stake_always(void **state)
{
    (void)state;
    struct test_chain t;
    of_current(&t);
    t.net.params.nominator_min_stake = TAO;
    start(&t, 2);
    expect(&t, delegate(0), "Ok");
    expect(&t, test_chain_stake(cold(5), hot(0), true, 3 * TAO), "Ok");
    expect(&t, test_chain_stake(cold(5), hot(0), false, 2 * TAO), "Ok");
    assert_int_equal(chain_stake_rao(t.chain, hot(0), cold(5)), TAO);
    expect(&t, test_chain_stake(cold(0), hot(0), false, 10 * TAO - TAO / 2), "Ok");
    assert_int_equal(chain_stake_rao(t.chain, hot(0), cold(0)), TAO / 2);
    test_chain_end(&t);
}

static void staking_may_leave_exactly_the_existential_deposit(void **state)
{
    (void)state;
    struct test_chain t;
    of_current(&t);
    start(&t, 1);
    uint64_t deposit = t.net.params.existential_deposit;
    expect(&t, test_chain_stake(cold(0), hot(0), true, 100 * TAO - deposit + 1),
           "BalanceWithdrawalError");
    expect(&t, test_chain_stake(cold(0), hot(0), true, 100 * TAO - deposit), "Ok");
    assert_int_equal(chain_balance_rao(t.chain, cold(0)), deposit);
    test_chain_end(&t);
}

static void the_rate_limit_holds_for_every_staking_call(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    t.net.params.tx_rate_limit = 10;
    start(&t, 1);
    test_chain_blocks(&t, 1);
    expect(&t, test_chain_stake(cold(0), hot(0), true, TAO), "Ok");
    expect(&t, test_chain_stake(cold(0), hot(0), true, TAO), "TxRateLimitExceeded");
    expect(&t, test_chain_stake(cold(0), hot(0), false, TAO), "TxRateLimitExceeded");
    expect(&t, delegate(0), "TxRateLimitExceeded");
    test_chain_blocks(&t, 8);
    expect(&t, delegate(0), "Ok");
    expect(&t, test_chain_stake(cold(0), hot(0), false, TAO), "TxRateLimitExceeded");
    test_chain_end(&t);
}

static void lowering_a_take_starts_the_clock(void **state)
{
    (void)state;
    struct test_chain t;
    of_current(&t);
    t.net.params.take_rate_limit = 30;
    start(&t, 1);
    expect(&t, delegate(0), "Ok");
    struct chain_extrinsic call = delegate(0);
    call.kind = CHAIN_SET_TAKE;
    call.take = 5000;
    expect(&t, call, "Ok");
    test_chain_blocks(&t, 20);
    call.take = 4000;
    expect(&t, call, "Ok");
    test_chain_blocks(&t, 20); /* 41 after the first change, 21 after the second */
    call.take = 4001;
    expect(&t, call, "DelegateTxRateLimitExceeded");
    test_chain_blocks(&t, 8);
    expect(&t, call, "Ok");
    test_chain_end(&t);
}

static void the_owner_of_a_network_earns_no_incentive_in_current(void **state)
{
    (void)state;
    struct test_chain t;
    of_current(&t);
    t.net.owner = cold(1);
    t.net.params.owner_cut = 0;
    start(&t, 3);
    uint32_t uids[] = {1, 2}, values[] = {1, 1};
    expect(&t, test_chain_stake(cold(0), hot(0), true, 90 * TAO), "Ok");
    expect(&t, test_chain_row(&t, 0, 2, uids, values), "Ok");
    test_chain_blocks(&t, 18);
    const struct chain_view *view = chain_view(t.chain, 3);
    assert_true(view->server_emission_rao[1] > 0 && view->server_emission_rao[2] > 0);
    assert_int_equal(chain_hotkey_stake_rao(t.chain, hot(1)),
                     10 * TAO + view->validator_emission_rao[1]);
    assert_true(chain_hotkey_stake_rao(t.chain, hot(2)) > 10 * TAO);
    test_chain_end(&t);
}

/* What a mechanism takes comes from all holders, and the sums still agree: each block is checked.
 */
static void what_is_taken_comes_from_all_who_staked(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_FINNEY, "slash");
    struct slash_params *slash = t.mechanism_params;
    slash->grace_blocks = 0;
    slash->rate = UINT16_MAX / 3;
    test_chain_start(&t);
    uint32_t uid;
    for (uint32_t i = 0; i < 3; i++) {
        struct chain_genesis_neuron neuron = {.netuid = 3,
                                              .hotkey = hot(i),
                                              .coldkey = cold(i),
                                              .stake_rao = 100 * TAO + 7,
                                              .permit = true,
                                              .delegate = true};
        ok(&t, chain_genesis_neuron(t.chain, &neuron, &uid, &t.err));
    }
    for (uint32_t i = 5; i < 8; i++)
        ok(&t, chain_genesis_stake(t.chain, hot(1), cold(i), i * TAO + i, &t.err));
    uint32_t rated = 2, one = 1;
    expect(&t, test_chain_row(&t, 0, 1, &rated, &one), "Ok");
    test_chain_blocks(&t, 97);
    assert_true(chain_stake_rao(t.chain, hot(1), cold(1)) < 100 * TAO);
    for (uint32_t i = 5; i < 8; i++)
        assert_true(chain_stake_rao(t.chain, hot(1), cold(i)) < i * TAO);
    assert_true(chain_hotkey_stake_rao(t.chain, hot(2)) > 100 * TAO);
    test_chain_end(&t);
}

/* ------------------------------------------------------------------------------------ merging */

static void waiting_calls_and_new_registrations_keep_blocks_from_merging(void **state)
{
    (void)state;
    struct test_chain t;
    of_current(&t);
    t.net.params.burn = t.net.params.min_burn;
    t.net.params.burn_increase = 1;
    start(&t, 2);
    test_chain_blocks(&t, 2);
    assert_int_equal(chain_idle_blocks(t.chain, 100), 17);
    struct chain_extrinsic call = test_chain_burn(&t, 5);
    test_chain_submit(&t, &call);
    assert_int_equal(chain_idle_blocks(t.chain, 100), 0);
    test_chain_blocks(&t, 1); /* its registration is counted until the next block begins */
    assert_int_equal(chain_idle_blocks(t.chain, 100), 0);
    test_chain_blocks(&t, 1);
    assert_int_equal(chain_idle_blocks(t.chain, 100), 15);
    test_chain_end(&t);
}

static void an_owners_cut_of_finney_is_paid_in_each_block(void **state)
{
    (void)state;
    struct test_chain t[2];
    for (int k = 0; k < 2; k++) {
        test_chain_init(&t[k], CHAIN_FINNEY, "finney");
        t[k].net.owner = cold(9);
        t[k].net.params.owner_cut = 11796;
        start(&t[k], 2);
        test_chain_blocks(&t[k], 1);
    }
    assert_int_equal(chain_idle_blocks(t[1].chain, 50), 0);
    test_chain_blocks(&t[0], 49);
    ok(&t[1], chain_run_to(t[1].chain, 50, &t[1].err));
    assert_int_equal(chain_digest(t[0].chain), chain_digest(t[1].chain));
    assert_int_equal(chain_balance_rao(t[1].chain, cold(9)), 100 * TAO + 50 * UINT64_C(179995422));
    test_chain_end(&t[0]);
    test_chain_end(&t[1]);
}

/* ------------------------------------------------------------------------------- registration */

static void a_full_interval_is_open_again_for_the_block_of_the_adjustment(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    t.net.params.max_registrations_per_interval_factor = 1;
    t.net.params.target_registrations = 1;
    t.net.params.adjustment_interval = 10;
    start(&t, 2);
    test_chain_blocks(&t, 3);
    expect(&t, test_chain_work(&t, 5, t.net.params.difficulty), "Ok");
    for (uint64_t block = 4; block < 9; block++) {
        assert_false(chain_registration_open(t.chain, 3));
        test_chain_blocks(&t, 1);
    }
    assert_int_equal(chain_block_number(t.chain), 9);
    assert_true(chain_registration_open(t.chain, 3));
    expect(&t, test_chain_work(&t, 6, t.net.params.difficulty), "Ok");
    test_chain_end(&t);
}

static void one_of_the_owners_uids_is_immortal_and_no_second(void **state)
{
    (void)state;
    struct test_chain t;
    of_current(&t);
    t.net.params.max_uids = 3;
    t.net.params.owner_immortal_limit = 1;
    t.net.owner = cold(0);
    test_chain_start(&t);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t uid;
        struct chain_genesis_neuron neuron = {
            .netuid = 3, .hotkey = hot(i), .coldkey = i < 2 ? cold(0) : cold(2), .stake_rao = TAO};
        ok(&t, chain_genesis_neuron(t.chain, &neuron, &uid, &t.err));
    }
    ok(&t, chain_genesis_balance(t.chain, cold(5), 100 * TAO, &t.err));
    test_chain_blocks(&t, 12);
    struct chain_extrinsic call = test_chain_burn(&t, 5);
    uint64_t id = test_chain_submit(&t, &call);
    test_chain_blocks(&t, 1);
    assert_int_equal(test_chain_event(&t, id)->uid, 1); /* the owner's second, before uid 2 */
    test_chain_end(&t);
}

static void a_newcomer_of_current_has_no_permit(void **state)
{
    (void)state;
    struct test_chain t;
    of_current(&t);
    t.net.params.max_uids = 3;
    t.net.params.weights_rate_limit = 0;
    start(&t, 3);
    test_chain_blocks(&t, 20); /* an epoch gives everybody a permit */
    assert_true(chain_view(t.chain, 3)->validator_permit[0]);
    expect(&t, test_chain_burn(&t, 5), "Ok");
    uint32_t uid = chain_uid_of_hotkey(t.chain, 3, hot(5));
    assert_false(chain_view(t.chain, 3)->validator_permit[uid]);
    uint32_t other = uid == 0 ? 1 : 0, one = 1;
    expect(&t, test_chain_row(&t, 5, 1, &other, &one), "NeuronNoValidatorPermit");
    test_chain_end(&t);
}

static void used_work_is_remembered_as_long_as_it_is_fresh(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    t.net.params.pow_used_list = true;
    t.net.params.pow_seal = POW_SEAL_KECCAK;
    t.net.params.pow_window = 6;
    start(&t, 2);
    test_chain_blocks(&t, 2);
    struct chain_extrinsic first = test_chain_work(&t, 5, t.net.params.difficulty);
    expect(&t, first, "Ok");
    expect(&t, test_chain_work(&t, 6, t.net.params.difficulty), "Ok");
    expect(&t, test_chain_work(&t, 7, t.net.params.difficulty), "Ok");
    first.signer = first.hotkey = hot(8);
    first.coldkey = cold(8);
    expect(&t, first, "WorkRepeated");
    test_chain_end(&t);
}

static void a_changed_burn_or_share_counts_at_once(void **state)
{
    (void)state;
    struct test_chain t;
    struct chain_net_config nets[2];
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    nets[0] = nets[1] = t.net;
    nets[0].netuid = 1;
    t.config.nets = nets;
    t.config.net_count = 2;
    ok(&t, chain_create(&t.config, &t.chain, &t.err));
    test_chain_blocks(&t, 1);
    struct chain_params values = nets[0].params;
    values.burn = 7 * TAO;
    values.emission_share = 3;
    ok(&t, chain_set_param(t.chain, 1, "burn", &values, &t.err));
    ok(&t, chain_set_param(t.chain, 1, "emission_share", &values, &t.err));
    assert_int_equal(chain_view(t.chain, 1)->burn_rao, 7 * TAO);
    test_chain_blocks(&t, 1);
    assert_int_equal(chain_view(t.chain, 1)->pending_emission_rao, TAO / 2 + TAO / 4 * 3);
    assert_int_equal(chain_view(t.chain, 3)->pending_emission_rao, TAO / 2 + TAO / 4);
    test_chain_end(&t);
}

/* Thirds of a TAO: 333333333 each, and the rao that is left to the first. */
static void the_parts_of_the_emission_sum_to_the_whole(void **state)
{
    (void)state;
    struct test_chain t;
    struct chain_net_config nets[3];
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    for (uint16_t i = 0; i < 3; i++) {
        nets[i] = t.net;
        nets[i].netuid = (uint16_t)(i + 1);
    }
    t.config.nets = nets;
    t.config.net_count = 3;
    ok(&t, chain_create(&t.config, &t.chain, &t.err));
    test_chain_blocks(&t, 1);
    assert_int_equal(chain_view(t.chain, 1)->pending_emission_rao, 333333334);
    assert_int_equal(chain_view(t.chain, 2)->pending_emission_rao, 333333333);
    assert_int_equal(chain_view(t.chain, 3)->pending_emission_rao, 333333333);
    test_chain_end(&t);
}

/* ------------------------------------------------------------------------------------ weights */

static void the_own_uid_alone_has_no_largest_share(void **state)
{
    (void)state;
    static const char *const mechanisms[] = {"nakamoto", "finney", "yuma2"};
    for (int profile = 0; profile < CHAIN_PROFILE_COUNT; profile++) {
        struct test_chain t;
        test_chain_init(&t, (enum chain_profile)profile, mechanisms[profile]);
        t.net.params.commit_reveal = false;
        t.net.params.max_weight_limit = 1000;
        start(&t, 3);
        uint32_t self = 0, one = 1;
        expect(&t, test_chain_row(&t, 0, 1, &self, &one), "Ok");
        assert_int_equal(chain_weights_row(t.chain, t.net.netuid, 0).count, 1);
        test_chain_end(&t);
    }
}

static void a_small_network_of_current_asks_for_no_more_weights_than_it_has_uids(void **state)
{
    (void)state;
    struct test_chain t;
    of_current(&t);
    t.net.params.min_allowed_weights = 100;
    start(&t, 3);
    uint32_t uids[] = {0, 1, 2}, values[] = {1, 1, 1};
    expect(&t, test_chain_row(&t, 0, 2, uids, values), "WeightVecLengthIsLow");
    expect(&t, test_chain_row(&t, 0, 3, uids, values), "Ok");
    test_chain_end(&t);
}

static void the_longest_silent_row_goes_first(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    t.net.params.block_size = 140; /* one row of two entries */
    t.net.params.weights_rate_limit = 0;
    start(&t, 2);
    uint32_t uids[] = {0, 1}, values[] = {1, 1};
    test_chain_blocks(&t, 1);
    expect(&t, test_chain_row(&t, 1, 2, uids, values), "Ok");
    test_chain_blocks(&t, 3);
    expect(&t, test_chain_row(&t, 0, 2, uids, values), "Ok");
    struct chain_extrinsic fresh = test_chain_row(&t, 0, 2, uids, values), old = fresh;
    old.signer = hot(1);
    uint64_t first = test_chain_submit(&t, &fresh), second = test_chain_submit(&t, &old);
    test_chain_blocks(&t, 1);
    assert_null(test_chain_event(&t, first));
    assert_int_equal(test_chain_event(&t, second)->kind, CHAIN_EVENT_WEIGHTS_SET);
    test_chain_end(&t);
}

/* Of two rows with the same stake behind them the shorter one earns more priority a byte. */
static void nakamoto_ranks_rows_by_priority_a_byte(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_NAKAMOTO, "nakamoto");
    t.net.params.tempo = 4;
    t.net.params.block_size = 250;
    start(&t, 12);
    test_chain_blocks(&t, 4);
    uint32_t uids[12], values[12];
    for (uint32_t i = 0; i < 12; i++) {
        uids[i] = i;
        values[i] = 1;
    }
    struct chain_extrinsic wide = test_chain_row(&t, 0, 12, uids, values),
                           narrow = test_chain_row(&t, 1, 2, uids, values);
    uint64_t first = test_chain_submit(&t, &wide), second = test_chain_submit(&t, &narrow);
    test_chain_blocks(&t, 1);
    assert_int_equal(test_chain_event(&t, second)->kind, CHAIN_EVENT_WEIGHTS_SET);
    assert_int_equal(test_chain_event(&t, first)->fault, CHAIN_FAULT_EXPIRED);
    test_chain_end(&t);
}

static void a_block_looks_at_eight_calls_that_do_not_fit(void **state)
{
    (void)state;
    for (uint32_t misfits = 8; misfits <= 9; misfits++) {
        struct test_chain t;
        test_chain_init(&t, CHAIN_FINNEY, "finney");
        t.net.params.block_size = 149; /* a transfer, no registration by work */
        start(&t, 2);
        for (uint32_t i = 0; i < misfits; i++) {
            struct chain_extrinsic work = test_chain_work(&t, i + 5, t.net.params.difficulty);
            test_chain_submit(&t, &work);
        }
        struct chain_extrinsic small = {
            .kind = CHAIN_TRANSFER, .signer = cold(0), .coldkey = cold(1), .amount_rao = TAO};
        assert_int_equal(chain_encoded_bytes(CHAIN_FINNEY, &small), 148);
        uint64_t id = test_chain_submit(&t, &small);
        test_chain_blocks(&t, 1);
        assert_true((test_chain_event(&t, id) != NULL) == (misfits == 8));
        test_chain_end(&t);
    }
}

static void serving_waits_for_its_whole_rate(void **state)
{
    (void)state;
    struct test_chain t;
    of_current(&t);
    start(&t, 1);
    struct chain_extrinsic call = {.kind = CHAIN_SERVE_AXON,
                                   .netuid = 3,
                                   .signer = hot(0),
                                   .ip_type = 4,
                                   .ip_low = 0x08080808,
                                   .port = 80};
    expect(&t, call, "Ok");
    test_chain_blocks(&t, 48);
    expect(&t, call, "ServingRateLimitExceeded"); /* 49 blocks after the first */
    expect(&t, call, "Ok");
    test_chain_end(&t);
}

/* Inactive after 13.889 tempos, in whole blocks. */
static void activity_ends_by_the_factor_of_the_tempo(void **state)
{
    (void)state;
    struct test_chain t;
    of_current(&t);
    t.net.params.activity_cutoff_factor = 2500;
    t.net.params.weights_rate_limit = 0;
    start(&t, 2);
    test_chain_blocks(&t, 9);
    uint32_t other = 1, one = 1;
    expect(&t, test_chain_row(&t, 0, 1, &other, &one), "Ok"); /* block 10; 50 blocks of grace */
    test_chain_blocks(&t, 50);
    assert_true(chain_view(t.chain, 3)->active[0]);
    test_chain_blocks(&t, 20);
    assert_false(chain_view(t.chain, 3)->active[0]);
    expect(&t, test_chain_row(&t, 0, 1, &other, &one), "Ok");
    assert_true(chain_view(t.chain, 3)->active[0]); /* at once, not with the next epoch */
    test_chain_end(&t);
}

/* ------------------------------------------------------------------------------------ genesis */

static void a_hotkey_has_one_owner_at_genesis(void **state)
{
    (void)state;
    struct test_chain t;
    struct chain_net_config nets[2];
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    nets[0] = nets[1] = t.net;
    nets[0].netuid = 1;
    t.config.nets = nets;
    t.config.net_count = 2;
    ok(&t, chain_create(&t.config, &t.chain, &t.err));
    test_chain_accounts(&t);
    uint32_t uid;
    struct chain_genesis_neuron neuron = {.netuid = 1, .hotkey = hot(0), .coldkey = cold(0)};
    ok(&t, chain_genesis_neuron(t.chain, &neuron, &uid, &t.err));
    neuron.netuid = 3;
    neuron.coldkey = cold(1);
    assert_int_equal(chain_genesis_neuron(t.chain, &neuron, &uid, &t.err), SIM_CONFIG);
    assert_string_equal(t.err.text, "genesis: hotkey 0 has two owners, 40 and 41");
    test_chain_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nomination_at_the_minimum_stays_and_an_owners_stake_always),
        cmocka_unit_test(staking_may_leave_exactly_the_existential_deposit),
        cmocka_unit_test(the_rate_limit_holds_for_every_staking_call),
        cmocka_unit_test(lowering_a_take_starts_the_clock),
        cmocka_unit_test(the_owner_of_a_network_earns_no_incentive_in_current),
        cmocka_unit_test(what_is_taken_comes_from_all_who_staked),
        cmocka_unit_test(waiting_calls_and_new_registrations_keep_blocks_from_merging),
        cmocka_unit_test(an_owners_cut_of_finney_is_paid_in_each_block),
        cmocka_unit_test(a_full_interval_is_open_again_for_the_block_of_the_adjustment),
        cmocka_unit_test(one_of_the_owners_uids_is_immortal_and_no_second),
        cmocka_unit_test(a_newcomer_of_current_has_no_permit),
        cmocka_unit_test(used_work_is_remembered_as_long_as_it_is_fresh),
        cmocka_unit_test(a_changed_burn_or_share_counts_at_once),
        cmocka_unit_test(the_parts_of_the_emission_sum_to_the_whole),
        cmocka_unit_test(the_own_uid_alone_has_no_largest_share),
        cmocka_unit_test(a_small_network_of_current_asks_for_no_more_weights_than_it_has_uids),
        cmocka_unit_test(the_longest_silent_row_goes_first),
        cmocka_unit_test(nakamoto_ranks_rows_by_priority_a_byte),
        cmocka_unit_test(a_block_looks_at_eight_calls_that_do_not_fit),
        cmocka_unit_test(serving_waits_for_its_whole_rate),
        cmocka_unit_test(activity_ends_by_the_factor_of_the_tempo),
        cmocka_unit_test(a_hotkey_has_one_owner_at_genesis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
