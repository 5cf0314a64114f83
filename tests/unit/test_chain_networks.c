/*
 * Several networks on one chain: how the emission is split, to the last RAO, and what a split by
 * root needs.
 */
#include "test_chain.h"

/* Two networks, behind root where there is one. */
struct several {
    struct test_chain t;
    struct chain_net_config nets[3];
};

static void several_start(struct several *s, enum chain_profile profile, bool root, double share)
{
    test_chain_init(&s->t, profile, "finney");
    s->t.net.params.burn_half_life = 0; /* prices rest */
    for (int i = 0; i < 3; i++)
        s->nets[i] = s->t.net;
    s->nets[0].netuid = 0;
    s->nets[0].mechanism = NULL;
    s->nets[0].params.tempo = 9;
    s->nets[0].params.weights_rate_limit = 0;
    s->nets[0].params.commit_reveal = false;
    s->nets[0].params.emission_split = root ? CHAIN_SPLIT_ROOT : CHAIN_SPLIT_FIXED;
    s->nets[1].netuid = 1;
    s->nets[1].params.emission_share = share;
    s->nets[2].netuid = 3;
    s->nets[2].params.emission_share = 1 - share;
    s->t.config.nets = root ? s->nets : s->nets + 1;
    s->t.config.net_count = root ? 3 : 2;
    ok(&s->t, chain_create(&s->t.config, &s->t.chain, &s->t.err));
    test_chain_accounts(&s->t);
}

static uint64_t pending(const struct several *s, uint16_t netuid)
{
    return chain_view(s->t.chain, netuid)->pending_emission_rao;
}

/* n / 10^9 x 10^9 in doubles is not always n. */
static void a_vector_of_shares_comes_out_to_the_last_rao(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < TAO; n += 999983 * 7) {
        struct several s;
        several_start(&s, CHAIN_FINNEY, false, (double)n / 1e9);
        test_chain_blocks(&s.t, 3);
        assert_int_equal(pending(&s, 1), 3 * n);
        assert_int_equal(pending(&s, 3), 3 * (TAO - n));
        test_chain_end(&s.t);
    }
}

/* What rounding leaves of an emission that the parts do not divide goes to the first network. */
static void parts_of_any_emission_sum_to_the_whole(void **state)
{
    (void)state;
    for (uint64_t rao = 1; rao < 2000; rao += 7) {
        struct several s;
        several_start(&s, CHAIN_FINNEY, false, 0.333333333);
        struct chain_params values = s.nets[1].params;
        values.block_emission = rao;
        ok(&s.t, chain_set_param(s.t.chain, 1, "block_emission", &values, &s.t.err));
        test_chain_blocks(&s.t, 1);
        uint64_t second = rao * 666666667 / TAO;
        assert_int_equal(pending(&s, 3), second);
        assert_int_equal(pending(&s, 1), rao - second);
        test_chain_end(&s.t);
    }
}

static void a_share_may_change_while_running(void **state)
{
    (void)state;
    struct several s;
    several_start(&s, CHAIN_FINNEY, false, 0.5);
    struct chain_params values = s.nets[1].params;
    values.emission_share = 0.25;
    ok(&s.t, chain_set_param(s.t.chain, 1, "emission_share", &values, &s.t.err));
    values.emission_share = 0.75;
    ok(&s.t, chain_set_param(s.t.chain, 3, "emission_share", &values, &s.t.err));
    test_chain_blocks(&s.t, 4);
    assert_int_equal(pending(&s, 1), TAO);
    assert_int_equal(pending(&s, 3), 3 * TAO);
    assert_true(chain_emission_share(s.t.chain, 3) == 0.75);
    test_chain_end(&s.t);
}

static void a_split_by_root_needs_a_root(void **state)
{
    (void)state;
    struct several s;
    several_start(&s, CHAIN_FINNEY, false, 0.5);
    struct chain_params values = s.nets[1].params;
    values.emission_split = CHAIN_SPLIT_ROOT;
    assert_int_equal(chain_set_param(s.t.chain, 1, "emission_split", &values, &s.t.err),
                     SIM_CONFIG);
    assert_string_equal(s.t.err.text, "emission_split: root needs the root network, netuid 0");
    assert_int_equal(chain_view(s.t.chain, 1)->params->emission_split, CHAIN_SPLIT_FIXED);
    test_chain_end(&s.t);
}

/* One seat that gives network 1 a quarter. */
static void vote(struct several *s)
{
    uint32_t uid, networks[] = {1, 3}, values[] = {1, 3};
    struct chain_genesis_neuron neuron = {
        .netuid = 1, .hotkey = hot(0), .coldkey = cold(0), .stake_rao = TAO};
    ok(&s->t, chain_genesis_neuron(s->t.chain, &neuron, &uid, &s->t.err));
    struct chain_extrinsic seat = {
        .kind = CHAIN_REGISTER_ROOT, .hotkey = hot(0), .signer = cold(0)};
    assert_string_equal(test_chain_call(&s->t, seat), "Ok");
    struct chain_extrinsic row = test_chain_row(&s->t, 0, 2, networks, values);
    row.netuid = 0;
    assert_string_equal(test_chain_call(&s->t, row), "Ok");
}

static void roots_word_holds_from_its_count_to_the_next_and_through_a_save(void **state)
{
    (void)state;
    struct several s;
    several_start(&s, CHAIN_FINNEY, true, 0.5);
    vote(&s);
    test_chain_blocks(&s.t, 1);
    assert_true(chain_emission_share(s.t.chain, 1) == 0.5); /* the fixed one, so far */
    test_chain_blocks(&s.t, 12);
    /* 1 and 3 of the largest, 65535: 21845 of 87380, a quarter but for the last place of 32.32. */
    double share = chain_emission_share(s.t.chain, 1);
    assert_true(share > 0.2499999 && share < 0.2500001);
    struct buffer buffer;
    buffer_init(&buffer);
    ok(&s.t, chain_save(s.t.chain, &buffer, &s.t.err));
    struct buffer_reader reader;
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    struct chain *again = NULL;
    ok(&s.t, chain_load(&s.t.config, &reader, &again, &s.t.err));
    assert_true(chain_emission_share(again, 1) == share);
    uint64_t number = chain_block_number(s.t.chain) + 1;
    ok(&s.t, chain_block(s.t.chain, number, &s.t.err));
    ok(&s.t, chain_block(again, number, &s.t.err));
    for (uint16_t netuid = 1; netuid <= 3; netuid += 2)
        assert_int_equal(chain_view(again, netuid)->pending_emission_rao, pending(&s, netuid));
    assert_true(chain_digest(again) == chain_digest(s.t.chain));
    chain_free(again);
    buffer_release(&buffer);
    /* Back to fixed parts, at once. */
    struct chain_params values = s.nets[0].params;
    values.emission_split = CHAIN_SPLIT_FIXED;
    ok(&s.t, chain_set_param(s.t.chain, 0, "emission_split", &values, &s.t.err));
    assert_true(chain_emission_share(s.t.chain, 1) == 0.5);
    test_chain_end(&s.t);
}

/* Seat 1 of two is taken by a richer hotkey; its number is a network's as well. */
static void who_takes_a_seat_finds_no_row_and_changes_nobodys(void **state)
{
    (void)state;
    for (int profile = CHAIN_FINNEY; profile <= CHAIN_CURRENT; profile++) {
        struct several s;
        several_start(&s, (enum chain_profile)profile, true, 0.5);
        struct chain_params values = s.nets[0].params;
        values.max_uids = 2;
        values.max_registrations_per_block = 1;
        ok(&s.t, chain_set_param(s.t.chain, 0, "max_uids", &values, &s.t.err));
        ok(&s.t, chain_set_param(s.t.chain, 0, "max_registrations_per_block", &values, &s.t.err));
        struct chain_extrinsic seat[4];
        uint32_t networks[] = {1, 3}, weights[] = {1, 3};
        for (uint32_t i = 0; i < 4; i++) {
            uint32_t uid, stake_tao[] = {9, 2, 5, 7};
            struct chain_genesis_neuron neuron = {
                .netuid = 1, .hotkey = hot(i), .coldkey = cold(i), .stake_rao = stake_tao[i] * TAO};
            ok(&s.t, chain_genesis_neuron(s.t.chain, &neuron, &uid, &s.t.err));
            seat[i] = (struct chain_extrinsic){
                .kind = CHAIN_REGISTER_ROOT, .hotkey = hot(i), .signer = cold(i)};
        }
        for (uint32_t i = 0; i < 2; i++) {
            assert_string_equal(test_chain_call(&s.t, seat[i]), "Ok");
            struct chain_extrinsic row = test_chain_row(&s.t, i, 2, networks, weights);
            row.netuid = 0;
            assert_string_equal(test_chain_call(&s.t, row), "Ok");
        }
        /* Two ask in one block, which gives out one seat. */
        uint64_t first = test_chain_submit(&s.t, &seat[2]);
        uint64_t second = test_chain_submit(&s.t, &seat[3]);
        test_chain_blocks(&s.t, 1);
        assert_int_equal(test_chain_event(&s.t, first)->uid, 1);
        assert_int_equal(test_chain_event(&s.t, second)->kind, CHAIN_EVENT_FAILED);
        assert_int_equal(test_chain_event(&s.t, second)->fault,
                         CHAIN_FAULT_TOO_MANY_REGISTRATIONS_BLOCK);
        assert_int_equal(chain_weights_row(s.t.chain, 0, 1).count, 0);
        struct chain_row row = chain_weights_row(s.t.chain, 0, 0);
        assert_int_equal(row.count, 2);
        assert_int_equal(row.value[0], 21845);
        assert_int_equal(row.value[1], UINT16_MAX);
        test_chain_end(&s.t);
    }
}

/* What root counts depends on the stakes then, which an epoch that is passed over would miss. */
static void an_idle_stretch_stops_where_root_counts(void **state)
{
    (void)state;
    for (int profile = CHAIN_FINNEY; profile <= CHAIN_CURRENT; profile++) {
        struct several merged, single;
        several_start(&merged, (enum chain_profile)profile, true, 0.5);
        several_start(&single, (enum chain_profile)profile, true, 0.5);
        vote(&merged);
        vote(&single);
        ok(&merged.t, chain_run_to(merged.t.chain, 60, &merged.t.err));
        for (uint64_t block = chain_block_number(single.t.chain) + 1; block <= 60; block++)
            ok(&single.t, chain_block(single.t.chain, block, &single.t.err));
        assert_true(chain_emission_share(single.t.chain, 1) < 0.3);
        assert_true(chain_emission_share(merged.t.chain, 1) ==
                    chain_emission_share(single.t.chain, 1));
        assert_int_equal(pending(&merged, 1), pending(&single, 1));
        assert_int_equal(pending(&merged, 3), pending(&single, 3));
        test_chain_end(&merged.t);
        test_chain_end(&single.t);
    }
}

/* The keys of a network and those of the whole chain are all there are, and none is both. */
static void a_networks_keys_are_those_that_are_not_the_ledgers(void **state)
{
    (void)state;
    struct chain_net_table own;
    chain_net_table_init(&own, CHAIN_CURRENT);
    const struct param_table *all = chain_param_table(CHAIN_CURRENT);
    assert_true(own.table.key_count > 30 && own.table.key_count < all->key_count);
    struct chain_params ledger = {0}, params = {0};
    memset(&ledger, 1, sizeof ledger);
    chain_params_share_ledger(&params, &ledger);
    for (size_t k = 0; k < all->key_count; k++) {
        bool is_own = false;
        for (size_t o = 0; o < own.table.key_count; o++)
            is_own |= strcmp(own.keys[o].name, all->keys[k].name) == 0;
        assert_int_equal(((const char *)&params)[all->keys[k].offset], is_own ? 0 : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vector_of_shares_comes_out_to_the_last_rao),
        cmocka_unit_test(parts_of_any_emission_sum_to_the_whole),
        cmocka_unit_test(a_share_may_change_while_running),
        cmocka_unit_test(a_split_by_root_needs_a_root),
        cmocka_unit_test(roots_word_holds_from_its_count_to_the_next_and_through_a_save),
        cmocka_unit_test(who_takes_a_seat_finds_no_row_and_changes_nobodys),
        cmocka_unit_test(an_idle_stretch_stops_where_root_counts),
        cmocka_unit_test(a_networks_keys_are_those_that_are_not_the_ledgers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
