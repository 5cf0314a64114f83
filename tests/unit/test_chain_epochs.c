/*
 * Several networks whose epochs are due in one block: which of them run, and what the others wait
 * for (subtensor 14bc6f9f9, drain_pending and epochs_deferred_this_block).
 */
#include "test_chain.h"

enum { NETS = 5, TEMPO = 10 };

static void five_networks(struct test_chain *t, struct chain_net_config nets[NETS], uint32_t most)
{
    test_chain_init(t, CHAIN_CURRENT, "yuma2");
    t->net.params.tempo = TEMPO;
    t->net.params.max_uids = 8;
    t->net.params.max_epochs_per_block = most;
    t->net.params.weights_rate_limit = 0;
    t->net.params.burn = t->net.params.min_burn;
    for (uint16_t i = 0; i < NETS; i++) {
        nets[i] = t->net;
        nets[i].netuid = i + 1;
    }
    t->config.nets = nets;
    t->config.net_count = NETS;
    ok(t, chain_create(&t->config, &t->chain, &t->err));
    test_chain_accounts(t);
    for (uint32_t i = 0; i < NETS; i++) {
        uint32_t uid;
        struct chain_genesis_neuron neuron = {.netuid = (uint16_t)(i + 1),
                                              .hotkey = hot(i),
                                              .coldkey = cold(i),
                                              .stake_rao = TAO,
                                              .permit = true};
        ok(t, chain_genesis_neuron(t->chain, &neuron, &uid, &t->err));
    }
}

/* The networks of the last block's events of a kind, as decimal digits in their order. */
static uint32_t nets_of(const struct test_chain *t, enum chain_event_kind kind)
{
    size_t count;
    uint32_t nets = 0;
    const struct chain_event *events = chain_events(t->chain, &count);
    for (size_t i = 0; i < count; i++)
        if (events[i].kind == kind)
            nets = nets * 10 + events[i].netuid;
    return nets;
}

/* Makes a block; what it runs and defers, and that the question before it had the answer. */
static void expect_block(struct test_chain *t, uint32_t run, uint32_t deferred)
{
    uint64_t number = chain_block_number(t->chain) + 1;
    uint32_t foreseen = 0;
    for (uint16_t netuid = 1; netuid <= NETS; netuid++)
        if (chain_epoch_due(t->chain, netuid, number))
            foreseen = foreseen * 10 + netuid;
    test_chain_blocks(t, 1);
    assert_int_equal(nets_of(t, CHAIN_EVENT_EPOCH), run);
    assert_int_equal(nets_of(t, CHAIN_EVENT_DEFERRED), deferred);
    assert_int_equal(foreseen, run);
}

static void two_epochs_run_in_a_block_and_the_rest_in_the_next_ones(void **state)
{
    (void)state;
    struct test_chain t;
    struct chain_net_config nets[NETS];
    five_networks(&t, nets, 2);
    test_chain_blocks(&t, TEMPO - 1);
    assert_int_equal(nets_of(&t, CHAIN_EVENT_EPOCH), 0);
    expect_block(&t, 12, 345);
    assert_int_equal(chain_blocks_until_epoch(t.chain, 3, TEMPO + 1), 0);
    expect_block(&t, 34, 5);
    expect_block(&t, 5, 0);
    /* From now on they are apart: each network's tempo began when its epoch ran. */
    test_chain_blocks(&t, TEMPO - 3);
    expect_block(&t, 12, 0);
    expect_block(&t, 34, 0);
    expect_block(&t, 5, 0);
    test_chain_end(&t);
}

static void a_deferred_epoch_has_the_emission_of_the_longer_interval(void **state)
{
    (void)state;
    struct test_chain t;
    struct chain_net_config nets[NETS];
    five_networks(&t, nets, 2);
    test_chain_blocks(&t, TEMPO);
    uint64_t part = test_chain_find(&t, CHAIN_EVENT_EPOCH)->amount / TEMPO;
    assert_int_equal(part, TAO / NETS);
    test_chain_blocks(&t, 2);
    assert_int_equal(test_chain_find(&t, CHAIN_EVENT_EPOCH)->netuid, 5);
    assert_int_equal(test_chain_find(&t, CHAIN_EVENT_EPOCH)->amount, part * (TEMPO + 2));
    assert_int_equal(chain_view(t.chain, 5)->last_epoch_block, TEMPO + 2);
    test_chain_end(&t);
}

static void without_a_cap_all_epochs_run_at_once(void **state)
{
    (void)state;
    struct test_chain t;
    struct chain_net_config nets[NETS];
    five_networks(&t, nets, 0);
    test_chain_blocks(&t, TEMPO - 1);
    expect_block(&t, 12345, 0);
    test_chain_end(&t);
}

/* As in the real chain, where nothing but the order of netuids decides. */
static void a_low_netuid_that_is_always_due_starves_the_others(void **state)
{
    (void)state;
    struct test_chain t;
    struct chain_net_config nets[NETS];
    five_networks(&t, nets, 1);
    struct chain_params values = nets[0].params;
    values.tempo = 1;
    ok(&t, chain_set_param(t.chain, 1, "tempo", &values, &t.err));
    test_chain_blocks(&t, 3 * TEMPO);
    expect_block(&t, 1, 2345);
    values.max_epochs_per_block = 3; /* the cap may change while running */
    ok(&t, chain_set_param(t.chain, 1, "max_epochs_per_block", &values, &t.err));
    expect_block(&t, 123, 45);
    test_chain_end(&t);
}

/* Of a block in which its network's epoch should have run. */
static void a_call_in_a_deferred_block_belongs_to_the_next_epoch(void **state)
{
    (void)state;
    struct test_chain t;
    struct chain_net_config nets[NETS];
    five_networks(&t, nets, 2);
    test_chain_blocks(&t, TEMPO - 2);
    uint32_t self = 0, one = 1;
    struct chain_extrinsic call = test_chain_row(&t, 4, 1, &self, &one);
    call.kind = CHAIN_COMMIT_WEIGHTS;
    call.netuid = 5;
    uint32_t epochs[4];
    for (int k = 0; k < 4; k++) { /* the block before, two deferred ones, that of the epoch */
        uint64_t id = test_chain_submit(&t, &call);
        test_chain_blocks(&t, 1);
        epochs[k] = test_chain_event(&t, id)->other;
    }
    assert_int_equal(epochs[0], 0);
    assert_int_equal(epochs[1], 1);
    assert_int_equal(epochs[2], 1);
    assert_int_equal(epochs[3], 1);
    assert_int_equal(chain_weights_row(t.chain, 5, 0).count, 0);
    /* The first commit is opened behind the deferred epoch, not behind the block of its tempo. */
    test_chain_blocks(&t, 1);
    assert_int_equal(chain_weights_row(t.chain, 5, 0).count, 1);
    assert_int_equal(test_chain_find(&t, CHAIN_EVENT_WEIGHTS_SET)->age_blocks, 4);
    test_chain_end(&t);
}

static void deferred_epochs_survive_saving_and_merging(void **state)
{
    (void)state;
    struct test_chain whole, merged;
    struct chain_net_config nets[2][NETS];
    five_networks(&whole, nets[0], 1);
    five_networks(&merged, nets[1], 1);
    test_chain_blocks(&whole, 100);
    test_chain_blocks(&merged, TEMPO + 1); /* three wait */
    struct buffer buffer;
    buffer_init(&buffer);
    ok(&merged, chain_save(merged.chain, &buffer, &merged.err));
    struct buffer_reader reader;
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    struct chain *loaded = NULL;
    ok(&merged, chain_load(&merged.config, &reader, &loaded, &merged.err));
    ok(&merged, chain_run_to(loaded, 100, &merged.err));
    assert_int_equal(chain_digest(loaded), chain_digest(whole.chain));
    chain_free(loaded);
    buffer_release(&buffer);
    test_chain_end(&whole);
    test_chain_end(&merged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_epochs_run_in_a_block_and_the_rest_in_the_next_ones),
        cmocka_unit_test(a_deferred_epoch_has_the_emission_of_the_longer_interval),
        cmocka_unit_test(without_a_cap_all_epochs_run_at_once),
        cmocka_unit_test(a_low_netuid_that_is_always_due_starves_the_others),
        cmocka_unit_test(a_call_in_a_deferred_block_belongs_to_the_next_epoch),
        cmocka_unit_test(deferred_epochs_survive_saving_and_merging),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
