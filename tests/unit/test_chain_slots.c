/*
 * What a newcomer finds of a mechanism's memory in its slot, and what the owner of a network may.
 */
#include "test_chain.h"

#include "mechanism/baselines.h"

/* ---------------------------------------------------------------------- a mechanism's own words */

enum { UIDS = 3, WORDS = 2 };

/* Pays stake, keeps what it finds in its words and leaves others there. */
struct writer_params {
    struct stake_params stake; /* first: the mechanism under it reads it */
    uint64_t *found;
};

static enum sim_status write_words(const void *params, const struct mechanism_input *input,
                                   struct mechanism_output *output,
                                   struct mechanism_scratch *scratch,
                                   const struct mechanism_trace *trace, struct sim_error *err)
{
    const struct writer_params *writer = params;
    assert_int_equal(input->neuron_count, UIDS);
    memcpy(writer->found, input->memory, UIDS * WORDS * sizeof *writer->found);
    for (uint32_t i = 0; i < UIDS * WORDS; i++)
        output->memory[i] = 1000 + i;
    return stake_mechanism.epoch(params, input, output, scratch, trace, err);
}

static void over_an_epoch(struct test_chain *t)
{
    for (int block = 0; block < 200; block++) {
        test_chain_blocks(t, 1);
        if (test_chain_find(t, CHAIN_EVENT_EPOCH) != NULL)
            return;
    }
    fail_msg("no epoch in 200 blocks");
}

static void a_replaced_uids_words_are_zeroed_and_no_others(void **state)
{
    (void)state;
    for (int profile = 0; profile < CHAIN_PROFILE_COUNT; profile++) {
        struct test_chain t;
        test_chain_init(&t, (enum chain_profile)profile, "stake");
        struct mechanism_ops writer = *t.net.mechanism;
        writer.memory_words = WORDS;
        writer.epoch = write_words;
        uint64_t words[UIDS * WORDS];
        struct writer_params params = {.found = words};
        t.net.mechanism = &writer;
        t.net.mechanism_params = &params;
        t.net.params.max_uids = UIDS;
        t.net.params.tempo = 20;
        t.net.params.immunity_period = 0;
        t.net.params.min_non_immune = 0;
        test_chain_start(&t);
        for (uint32_t i = 0; i < UIDS; i++)
            test_chain_neuron(&t, i, (i == 1 ? 1 : 5) * TAO);
        ok(&t, chain_genesis_balance(t.chain, cold(7), 100 * TAO, &t.err));
        over_an_epoch(&t);
        for (int i = 0; i < UIDS * WORDS; i++)
            assert_int_equal(words[i], 0);
        test_chain_blocks(&t, 2);
        struct chain_extrinsic call = profile == CHAIN_CURRENT
                                          ? test_chain_burn(&t, 7)
                                          : test_chain_work(&t, 7, t.net.params.difficulty);
        assert_string_equal(test_chain_call(&t, call), "Ok");
        uint32_t uid = chain_uid_of_hotkey(t.chain, t.net.netuid, hot(7));
        assert_true(uid < UIDS);
        over_an_epoch(&t);
        for (uint32_t i = 0; i < UIDS * WORDS; i++)
            assert_int_equal(words[i], i / WORDS == uid ? 0 : 1000 + i);
        test_chain_end(&t);
    }
}

/* ---------------------------------------------------------------------------- a network's owner */

static void poor_owner(struct test_chain *t, enum chain_profile profile, const char *mechanism)
{
    test_chain_init(t, profile, mechanism);
    t->net.params.commit_reveal = false;
    t->net.params.weights_rate_limit = 0;
    t->net.params.weights_stake_threshold = 5 * TAO;
    test_chain_start(t);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t uid;
        struct chain_genesis_neuron neuron = {
            .netuid = 3, .hotkey = hot(i), .coldkey = cold(i), .stake_rao = (i == 2 ? 9 : 1) * TAO};
        ok(t, chain_genesis_neuron(t->chain, &neuron, &uid, &t->err));
    }
}

/* In the configuration, too, which twins of the chain are loaded with. */
static void own(struct test_chain *t, uint32_t coldkey)
{
    t->net.owner = coldkey;
    chain_set_owner(t->chain, 3, coldkey);
}

static void the_owner_needs_neither_stake_nor_permit_in_current(void **state)
{
    (void)state;
    struct test_chain t;
    uint32_t uids[] = {1, 2}, values[] = {1, 1};
    poor_owner(&t, CHAIN_CURRENT, "yuma2");
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 2, uids, values)),
                        "NotEnoughStakeToSetWeights");
    own(&t, cold(0));
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 2, uids, values)), "Ok");
    assert_true(chain_may_set_weights(t.chain, 3, 0));
    assert_false(chain_may_set_weights(t.chain, 3, 1));
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 1, 2, uids, values)),
                        "NotEnoughStakeToSetWeights");
    uids[0] = 0;
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 2, 2, uids, values)),
                        "NeuronNoValidatorPermit");
    test_chain_end(&t);
}

static void the_owner_needs_both_in_finney(void **state)
{
    (void)state;
    struct test_chain t;
    uint32_t uids[] = {1, 2}, values[] = {1, 1};
    poor_owner(&t, CHAIN_FINNEY, "finney");
    own(&t, cold(0));
    const char *poor = chain_fault_name(CHAIN_FINNEY, CHAIN_FAULT_NOT_ENOUGH_STAKE_TO_SET_WEIGHTS);
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 2, uids, values)), poor);
    uids[0] = 0;
    own(&t, cold(2));
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 2, 2, uids, values)),
                        chain_fault_name(CHAIN_FINNEY, CHAIN_FAULT_NO_VALIDATOR_PERMIT));
    test_chain_end(&t);
}

/* ------------------------------------------------------------------------------- keys and caps */

static void a_row_of_the_networks_version_or_a_later_one_is_taken(void **state)
{
    (void)state;
    for (int profile = CHAIN_FINNEY; profile <= CHAIN_CURRENT; profile++) {
        struct test_chain t;
        test_chain_init(&t, (enum chain_profile)profile, "finney");
        t.net.params.commit_reveal = false;
        t.net.params.weights_rate_limit = 0;
        t.net.params.weights_version_key = 7;
        test_chain_start(&t);
        for (uint32_t i = 0; i < 3; i++)
            test_chain_neuron(&t, i, TAO);
        uint32_t uids[] = {1, 2}, values[] = {1, 1};
        struct chain_extrinsic call = test_chain_row(&t, 0, 2, uids, values);
        for (call.version_key = 6; call.version_key < 9; call.version_key++)
            assert_string_equal(
                test_chain_call(&t, call),
                call.version_key < 7
                    ? chain_fault_name(t.config.profile, CHAIN_FAULT_INCORRECT_VERSION_KEY)
                    : "Ok");
        test_chain_end(&t);
    }
}

static void values_beyond_a_callers_type_count_as_its_largest(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    test_chain_start(&t);
    for (uint32_t i = 0; i < 3; i++)
        test_chain_neuron(&t, i, TAO);
    uint32_t uids[] = {1, 2}, values[] = {UINT16_MAX, 4 * UINT16_MAX};
    assert_string_equal(test_chain_call(&t, test_chain_row(&t, 0, 2, uids, values)), "Ok");
    struct chain_row row = chain_weights_row(t.chain, 3, 0);
    assert_int_equal(row.value[0], UINT16_MAX);
    assert_int_equal(row.value[1], UINT16_MAX);
    test_chain_end(&t);
}

static void a_table_of_emission_stops_exactly_at_the_cap(void **state)
{
    (void)state;
    struct test_chain t;
    const char *lines[] = {"0 700000000"};
    test_chain_init(&t, CHAIN_CURRENT, "stake");
    t.net.params.emission_table = (struct param_strings){.items = lines, .count = 1};
    t.net.params.halving = true;
    t.net.params.max_issuance = 12 * TAO;
    t.net.params.tempo = 2;
    test_chain_start(&t);
    test_chain_neuron(&t, 0, 10 * TAO);
    for (uint64_t block = 1; block < 8; block++) {
        test_chain_blocks(&t, 1);
        uint64_t minted = block * 700000000;
        assert_int_equal(chain_total_issuance_rao(t.chain),
                         10 * TAO + (minted < 2 * TAO ? minted : 2 * TAO));
    }
    test_chain_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replaced_uids_words_are_zeroed_and_no_others),
        cmocka_unit_test(the_owner_needs_neither_stake_nor_permit_in_current),
        cmocka_unit_test(the_owner_needs_both_in_finney),
        cmocka_unit_test(a_row_of_the_networks_version_or_a_later_one_is_taken),
        cmocka_unit_test(values_beyond_a_callers_type_count_as_its_largest),
        cmocka_unit_test(a_table_of_emission_stops_exactly_at_the_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
