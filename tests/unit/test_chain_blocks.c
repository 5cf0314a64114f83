#include "test_chain.h"

#include "base/buffer.h"

/* ------------------------------------------------------------------------------------- mempool */

static void a_full_mempool_drops_its_least_urgent_call(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    t.net.params.mempool_size = 2;
    test_chain_start(&t);
    for (uint32_t i = 0; i < 3; i++)
        test_chain_neuron(&t, i, TAO);
    test_chain_blocks(&t, 2);
    uint32_t uids[] = {0, 1}, values[] = {1, 1};
    struct chain_extrinsic row = test_chain_row(&t, 0, 2, uids, values);
    uint64_t first = test_chain_submit(&t, &row);
    row.signer = hot(1);
    uint64_t second = test_chain_submit(&t, &row);
    struct chain_extrinsic work = test_chain_work(&t, 5, t.net.params.difficulty);
    uint64_t third = test_chain_submit(&t, &work);
    assert_int_equal(chain_pending_count(t.chain), 2);
    test_chain_blocks(&t, 1);
    assert_int_equal(test_chain_event(&t, first)->kind, CHAIN_EVENT_WEIGHTS_SET);
    assert_int_equal(test_chain_event(&t, second)->fault, CHAIN_FAULT_MEMPOOL_FULL);
    assert_int_equal(test_chain_event(&t, third)->kind, CHAIN_EVENT_REGISTERED);
    test_chain_end(&t);
}

static void a_late_row_carries_its_age_and_unlimited_capacity_takes_all(void **state)
{
    (void)state;
    for (int capacity = 0; capacity < 2; capacity++) {
        struct test_chain t;
        test_chain_init(&t, CHAIN_FINNEY, "finney");
        t.net.params.block_size = 140; /* one row of two entries */
        t.net.params.capacity = capacity;
        test_chain_start(&t);
        for (uint32_t i = 0; i < 3; i++)
            test_chain_neuron(&t, i, TAO);
        test_chain_blocks(&t, 2);
        uint32_t uids[] = {0, 1}, values[] = {1, 1};
        uint64_t id = 0;
        for (uint32_t i = 0; i < 3; i++) {
            struct chain_extrinsic row = test_chain_row(&t, i, 2, uids, values);
            id = test_chain_submit(&t, &row);
        }
        test_chain_blocks(&t, capacity == CHAIN_CAPACITY_BUDGET ? 3 : 1);
        assert_int_equal(test_chain_event(&t, id)->age_blocks,
                         capacity == CHAIN_CAPACITY_BUDGET ? 3 : 1);
        test_chain_end(&t);
    }
}

static void transfers_keep_the_existential_deposit(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    test_chain_start(&t);
    ok(&t, chain_genesis_balance(t.chain, cold(0), 1000, &t.err));
    struct chain_extrinsic call = {
        .kind = CHAIN_TRANSFER, .signer = cold(0), .coldkey = cold(1), .amount_rao = 501};
    assert_string_equal(test_chain_call(&t, call), "InsufficientBalance");
    call.amount_rao = 500;
    assert_string_equal(test_chain_call(&t, call), "Ok");
    assert_int_equal(chain_balance_rao(t.chain, cold(1)), 500);
    test_chain_end(&t);
}

/* ------------------------------------------------------------------------------------ delegation
 */

static void nominators_share_dividends_after_the_take(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    test_chain_start(&t);
    uint32_t uid;
    struct chain_genesis_neuron neuron = {.netuid = 3,
                                          .hotkey = hot(0),
                                          .coldkey = cold(0),
                                          .stake_rao = 100 * TAO,
                                          .permit = true,
                                          .delegate = true};
    ok(&t, chain_genesis_neuron(t.chain, &neuron, &uid, &t.err));
    ok(&t, chain_genesis_stake(t.chain, hot(0), cold(9), 300 * TAO, &t.err));
    test_chain_neuron(&t, 1, 0);
    uint32_t other = 1, one = 1;
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 1, &other, &one)), "Ok");
    test_chain_blocks(&t, 95);
    const struct chain_view *view = chain_view(t.chain, 3);
    uint64_t validator = view->validator_emission_rao[0];
    assert_true(validator > 40 * TAO);
    uint64_t take = (uint64_t)((unsigned long long)11796 * validator / 65535);
    uint64_t rest = validator - take;
    assert_int_equal(chain_stake_rao(t.chain, hot(0), cold(9)), 300 * TAO + rest * 3 / 4);
    assert_int_equal(chain_hotkey_stake_rao(t.chain, hot(0)),
                     400 * TAO + validator + view->server_emission_rao[0]);
    assert_int_equal(chain_nominator_count(t.chain, hot(0)), 2);
    test_chain_end(&t);
}

/* ------------------------------------------------------------------------------------- networks */

static void two_networks(struct test_chain *t, struct chain_net_config nets[3],
                         enum chain_emission_split split)
{
    test_chain_init(t, CHAIN_FINNEY, "finney");
    nets[0] = nets[1] = nets[2] = t->net;
    nets[0].netuid = 0;
    nets[0].mechanism = NULL;
    nets[0].params.max_uids = 2;
    nets[0].params.tempo = 9;
    nets[0].params.weights_rate_limit = 0;
    nets[0].params.emission_split = split;
    nets[1].netuid = 1;
    nets[1].params.emission_share = 1;
    nets[2].params.emission_share = 3;
    t->config.nets = nets;
    t->config.net_count = 3;
    ok(t, chain_create(&t->config, &t->chain, &t->err));
    for (uint32_t i = 0; i < 2 * PAIRS; i++) {
        char name[16];
        uint32_t id;
        snprintf(name, sizeof name, "%u", i);
        ok(t, chain_add_account(t->chain, name, &id, &t->err));
    }
}

static void networks_share_the_emission_as_fixed_parts(void **state)
{
    (void)state;
    struct test_chain t;
    struct chain_net_config nets[3];
    two_networks(&t, nets, CHAIN_SPLIT_FIXED);
    test_chain_blocks(&t, 4);
    assert_int_equal(chain_view(t.chain, 1)->pending_emission_rao, TAO);
    assert_int_equal(chain_view(t.chain, 3)->pending_emission_rao, 3 * TAO);
    assert_int_equal(chain_view(t.chain, 0)->pending_emission_rao, 0);
    assert_null(chain_view(t.chain, 2));
    test_chain_end(&t);
}

static void root_seats_go_by_stake_and_their_weights_split_the_emission(void **state)
{
    (void)state;
    struct test_chain t;
    struct chain_net_config nets[3];
    two_networks(&t, nets, CHAIN_SPLIT_ROOT);
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t uid;
        struct chain_genesis_neuron neuron = {.netuid = 1,
                                              .hotkey = hot(i),
                                              .coldkey = cold(i),
                                              .stake_rao = (i == 0 ? 2 : i + 1) * TAO};
        ok(&t, chain_genesis_neuron(t.chain, &neuron, &uid, &t.err));
    }
    struct chain_extrinsic seat = {.kind = CHAIN_REGISTER_ROOT};
    for (uint32_t i = 1; i < 3; i++) {
        seat.hotkey = hot(i);
        seat.signer = cold(i);
        assert_string_equal(test_chain_call(&t, seat), "Ok");
    }
    assert_string_equal(test_chain_call(&t, seat), "AlreadyRegistered");
    seat.hotkey = hot(0);
    assert_string_equal(test_chain_call(&t, seat), "NonAssociatedColdKey");
    seat.signer = cold(0);
    assert_string_equal(test_chain_call(&t, seat), "StakeTooLowForRoot"); /* as much is too low */
    seat.hotkey = hot(3);
    seat.signer = cold(3);
    assert_string_equal(test_chain_call(&t, seat), "Ok"); /* 4 TAO push out 2 TAO */
    assert_int_equal(chain_uid_of_hotkey(t.chain, 0, hot(1)), CHAIN_NONE);
    uint32_t networks[] = {1, 3}, values[] = {1, 1}, unknown = 2;
    struct chain_extrinsic row = test_chain_row(&t, 3, 1, &unknown, values);
    row.netuid = 0;
    assert_string_equal(test_chain_call(&t, row), "InvalidUid");
    for (uint32_t i = 2; i < 4; i++) {
        row = test_chain_row(&t, i, 2, networks, values);
        row.netuid = 0;
        assert_string_equal(test_chain_call(&t, row), "Ok");
    }
    test_chain_blocks(&t, 10); /* over a root epoch */
    uint64_t before[2] = {chain_view(t.chain, 1)->pending_emission_rao,
                          chain_view(t.chain, 3)->pending_emission_rao};
    test_chain_blocks(&t, 2);
    assert_int_equal(chain_view(t.chain, 1)->pending_emission_rao - before[0], TAO);
    assert_int_equal(chain_view(t.chain, 3)->pending_emission_rao - before[1], TAO);
    test_chain_end(&t);
}

static void a_hotkey_in_two_networks_keeps_its_stake_when_one_drops_it(void **state)
{
    (void)state;
    struct test_chain t;
    struct chain_net_config nets[3];
    two_networks(&t, nets, CHAIN_SPLIT_FIXED);
    uint32_t uid;
    struct chain_genesis_neuron neuron = {
        .netuid = 1, .hotkey = hot(0), .coldkey = cold(0), .stake_rao = TAO};
    ok(&t, chain_genesis_neuron(t.chain, &neuron, &uid, &t.err));
    neuron.netuid = 3;
    neuron.stake_rao = 2 * TAO;
    ok(&t, chain_genesis_neuron(t.chain, &neuron, &uid, &t.err));
    assert_int_equal(chain_view(t.chain, 1)->stake_rao[0], 3 * TAO);
    struct chain_params values = nets[1].params;
    values.max_uids = 1;
    ok(&t, chain_set_param(t.chain, 1, "max_uids", &values, &t.err));
    test_chain_blocks(&t, 2);
    struct chain_extrinsic call = test_chain_work(&t, 5, values.difficulty);
    call.netuid = 1;
    assert_string_equal(test_chain_call(&t, call), "Ok");
    assert_int_equal(chain_uid_of_hotkey(t.chain, 1, hot(0)), CHAIN_NONE);
    assert_int_equal(chain_view(t.chain, 3)->stake_rao[0], 3 * TAO);
    test_chain_end(&t);
}

/* -------------------------------------------------------------------------------------- changes */

static void a_running_chain_takes_new_parameters_and_refuses_wrong_ones(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    t.net.params.max_uids = 2;
    test_chain_start(&t);
    test_chain_neuron(&t, 0, TAO);
    test_chain_neuron(&t, 1, TAO);
    test_chain_blocks(&t, 1);
    struct chain_params values = t.net.params;
    values.max_uids = 100;
    values.difficulty = 12345678;
    ok(&t, chain_set_param(t.chain, 3, "max_uids", &values, &t.err));
    ok(&t, chain_set_param(t.chain, 3, "difficulty", &values, &t.err));
    assert_int_equal(chain_view(t.chain, 3)->difficulty, 12345678);
    test_chain_blocks(&t, 1);
    assert_string_equal(test_chain_find(&t, CHAIN_EVENT_PARAMETER)->key, "max_uids");
    assert_string_equal(test_chain_call(&t, test_chain_work(&t, 7, 12345678)), "Ok");
    assert_int_equal(chain_view(t.chain, 3)->neuron_count, 3);
    values.max_uids = 2;
    assert_int_equal(chain_set_param(t.chain, 3, "max_uids", &values, &t.err), SIM_CONFIG);
    assert_string_equal(t.err.text, "max_uids: network 3 has 3 uids, which cannot be taken back");
    assert_int_equal(chain_set_param(t.chain, 3, "pow", &values, &t.err), SIM_CONFIG);
    assert_string_equal(t.err.text, "key 'pow' cannot change while the chain runs");
    assert_int_equal(chain_set_param(t.chain, 3, "tempoo", &values, &t.err), SIM_CONFIG);
    assert_string_equal(t.err.text, "key 'tempoo' is unknown");
    assert_int_equal(chain_view(t.chain, 3)->max_uids, 100);
    assert_true(chain_param_can_change("tempo"));
    assert_false(chain_param_can_change("emission_table"));
    test_chain_end(&t);
}

static void another_mechanism_takes_over_bonds_and_weights(void **state)
{
    (void)state;
    struct test_chain t, other;
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    test_chain_init(&other, CHAIN_NAKAMOTO, "nakamoto");
    test_chain_start(&t);
    for (uint32_t i = 0; i < 3; i++)
        test_chain_neuron(&t, i, (i + 1) * TAO);
    uint32_t uids[] = {0, 1}, values[] = {1, 2};
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 2, 2, uids, values)), "Ok");
    test_chain_blocks(&t, 96);
    assert_true(chain_bonds_row(t.chain, 3, 2).count > 0);
    uint64_t incentive = chain_view(t.chain, 3)->incentive[1];
    assert_true(incentive > 0);
    ok(&t, chain_set_mechanism(t.chain, 3, other.net.mechanism, other.mechanism_params, &t.err));
    assert_int_equal(chain_view(t.chain, 3)->incentive[1], incentive * (UINT64_MAX / UINT16_MAX));
    assert_int_equal(chain_weights_row(t.chain, 3, 2).value[1], UINT32_MAX);
    assert_int_equal(chain_view(t.chain, 3)->fraction_one, UINT64_MAX);
    test_chain_blocks(&t, 100);
    assert_true(chain_view(t.chain, 3)->incentive[1] > 0);
    ok(&t, chain_set_mechanism(t.chain, 3, t.net.mechanism, t.mechanism_params, &t.err));
    assert_int_equal(chain_weights_row(t.chain, 3, 2).value[1], 65535);
    test_chain_blocks(&t, 100);
    test_chain_end(&t);
    test_chain_end(&other);
}

/* ----------------------------------------------------------------------- saving, merging, tables
 */

/* Something of everything: work, burns, rows, stake, an epoch, calls that still wait. */
static void lively(struct test_chain *t, uint64_t from, uint64_t to)
{
    for (uint64_t block = from; block < to; block++) {
        uint32_t i = (uint32_t)(block % 20);
        uint32_t uids[] = {i % 3, 3}, values[] = {1 + i, 7};
        struct chain_extrinsic work = test_chain_work(t, i, chain_view(t->chain, 3)->difficulty);
        struct chain_extrinsic row = test_chain_row(t, i, 2, uids, values);
        struct chain_extrinsic stake = test_chain_stake(cold(i), hot(i), block % 3 > 0, 1000 + i);
        test_chain_submit(t, &work);
        test_chain_submit(t, &row);
        test_chain_submit(t, &stake);
        test_chain_blocks(t, 1);
        test_chain_submit(t, &stake);
    }
}

static void start_lively(struct test_chain *t)
{
    test_chain_init(t, CHAIN_FINNEY, "finney");
    t->net.params.max_uids = 6;
    t->net.params.immunity_period = 3;
    t->net.params.tx_rate_limit = 2;
    t->net.params.weights_rate_limit = 3;
    t->net.params.tempo = 9;
    t->net.params.pow_used_list = true;
    t->net.params.block_size = 500; /* something is always left over */
    t->config.nets = &t->net;
}

static void populate_lively(struct test_chain *t)
{
    test_chain_start(t);
    for (uint32_t i = 0; i < 4; i++)
        test_chain_neuron(t, i, (i + 1) * TAO);
    for (uint32_t i = 0; i < 20; i++)
        ok(t, chain_genesis_balance(t->chain, cold(i), TAO, &t->err));
}

static void a_loaded_chain_continues_bit_for_bit(void **state)
{
    (void)state;
    struct test_chain whole, part, loaded;
    start_lively(&whole);
    start_lively(&part);
    start_lively(&loaded);
    populate_lively(&whole);
    populate_lively(&part);
    lively(&whole, 0, 130);
    lively(&part, 0, 65);

    struct buffer buffer, again;
    buffer_init(&buffer);
    buffer_init(&again);
    ok(&part, chain_save(part.chain, &buffer, &part.err));
    struct buffer_reader reader;
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    ok(&loaded, chain_load(&loaded.config, &reader, &loaded.chain, &loaded.err));
    ok(&loaded, chain_save(loaded.chain, &again, &loaded.err));
    assert_int_equal(buffer.size_bytes, again.size_bytes);
    assert_memory_equal(buffer.bytes, again.bytes, again.size_bytes);
    assert_int_equal(chain_digest(loaded.chain), chain_digest(part.chain));
    lively(&loaded, 65, 130);
    assert_int_equal(chain_digest(loaded.chain), chain_digest(whole.chain));
    buffer_release(&buffer);
    buffer_release(&again);
    test_chain_end(&whole);
    test_chain_end(&part);
    test_chain_end(&loaded);
}

static void damaged_bytes_never_become_an_unsound_chain(void **state)
{
    (void)state;
    struct test_chain t;
    start_lively(&t);
    populate_lively(&t);
    lively(&t, 0, 25);
    struct buffer buffer;
    buffer_init(&buffer);
    ok(&t, chain_save(t.chain, &buffer, &t.err));
    struct stream stream;
    stream_init(&stream, 5, STREAM_TEST, 0, 0);
    for (int i = 0; i < 300; i++) {
        size_t at = (size_t)stream_below(&stream, buffer.size_bytes);
        uint8_t old = buffer.bytes[at];
        size_t size = i % 3 == 0 ? at : buffer.size_bytes;
        buffer.bytes[at] ^= (uint8_t)(1 + stream_below(&stream, 255));
        struct buffer_reader reader;
        buffer_reader_init(&reader, buffer.bytes, size);
        struct chain *chain = NULL;
        struct sim_error err = {0};
        if (chain_load(&t.config, &reader, &chain, &err) == SIM_OK)
            ok(&t, chain_check(chain, &t.err));
        else
            assert_true(err.text[0] != '\0');
        assert_true(size == buffer.size_bytes || chain == NULL);
        chain_free(chain);
        buffer.bytes[at] = old;
    }
    buffer_release(&buffer);
    test_chain_end(&t);
}

static void merged_idle_blocks_give_the_state_and_digest_of_single_ones(void **state)
{
    (void)state;
    static const char *const mechanisms[] = {"nakamoto", "finney", "yuma2"};
    for (int profile = 0; profile < CHAIN_PROFILE_COUNT; profile++) {
        struct test_chain t[2];
        for (int k = 0; k < 2; k++) {
            test_chain_init(&t[k], (enum chain_profile)profile, mechanisms[profile]);
            t[k].net.params.commit_reveal = false;
            t[k].net.params.halving = true;
            t[k].net.params.max_issuance = 5000 * TAO; /* several halvings in this run */
            t[k].net.params.difficulty = 100000000;    /* falls for a while */
            t[k].net.owner = profile == CHAIN_CURRENT ? cold(9) : CHAIN_NONE;
            test_chain_start(&t[k]);
            for (uint32_t i = 0; i < 4; i++)
                test_chain_neuron(&t[k], i, (i + 1) * TAO);
            uint32_t uids[] = {1, 2}, values[] = {1, 2};
            test_chain_call(&t[k], test_chain_row(&t[k], 0, 2, uids, values));
        }
        test_chain_blocks(&t[0], 9999);
        ok(&t[1], chain_run_to(t[1].chain, 4321, &t[1].err));
        assert_int_equal(chain_block_number(t[1].chain), 4321);
        for (uint64_t block = 4322; block < 4800; block++) { /* no stretch runs too far */
            ok(&t[1], chain_run_to(t[1].chain, block, &t[1].err));
            assert_int_equal(chain_block_number(t[1].chain), block);
        }
        ok(&t[1], chain_run_to(t[1].chain, 10000, &t[1].err));
        ok(&t[1], chain_check(t[1].chain, &t[1].err));
        assert_int_equal(chain_digest(t[0].chain), chain_digest(t[1].chain));
        assert_int_equal(chain_total_issuance_rao(t[0].chain),
                         chain_total_issuance_rao(t[1].chain));
        assert_int_equal(chain_view(t[0].chain, t[0].net.netuid)->pending_emission_rao,
                         chain_view(t[1].chain, t[1].net.netuid)->pending_emission_rao);
        assert_true(chain_block_emission_rao(t[0].chain) < TAO / 2);
        test_chain_end(&t[0]);
        test_chain_end(&t[1]);
    }
}

static void a_table_of_emission_replaces_the_constant(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    const char *lines[] = {"0 10", "5 7", "8 0"};
    t.net.params.emission_table = (struct param_strings){.items = lines, .count = 3};
    test_chain_start(&t);
    test_chain_blocks(&t, 1);
    ok(&t, chain_run_to(t.chain, 3, &t.err)); /* the table's next line is for block 5 */
    assert_int_equal(chain_block_number(t.chain), 3);
    ok(&t, chain_run_to(t.chain, 20, &t.err));
    assert_int_equal(chain_view(t.chain, 3)->pending_emission_rao, 4 * 10 + 3 * 7);
    lines[2] = "5 0";
    struct chain *refused = NULL;
    assert_int_equal(chain_create(&t.config, &refused, &t.err), SIM_CONFIG);
    assert_string_equal(t.err.text, "network 3: emission_table: block 5 does not come after 5");
    test_chain_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_mempool_drops_its_least_urgent_call),
        cmocka_unit_test(a_late_row_carries_its_age_and_unlimited_capacity_takes_all),
        cmocka_unit_test(transfers_keep_the_existential_deposit),
        cmocka_unit_test(nominators_share_dividends_after_the_take),
        cmocka_unit_test(networks_share_the_emission_as_fixed_parts),
        cmocka_unit_test(root_seats_go_by_stake_and_their_weights_split_the_emission),
        cmocka_unit_test(a_hotkey_in_two_networks_keeps_its_stake_when_one_drops_it),
        cmocka_unit_test(a_running_chain_takes_new_parameters_and_refuses_wrong_ones),
        cmocka_unit_test(another_mechanism_takes_over_bonds_and_weights),
        cmocka_unit_test(a_loaded_chain_continues_bit_for_bit),
        cmocka_unit_test(damaged_bytes_never_become_an_unsound_chain),
        cmocka_unit_test(merged_idle_blocks_give_the_state_and_digest_of_single_ones),
        cmocka_unit_test(a_table_of_emission_replaces_the_constant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
