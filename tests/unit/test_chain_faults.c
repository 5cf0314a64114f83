/*
 * Every way in which the chain refuses a call: one case for each name that an error has on the
 * real chain of some profile.  A case is a change of the parameters and a call, sent through the
 * mempool into a block as a run sends it.  What is refused has changed nothing: the chain is then,
 * byte for byte and digest included, what the block would have made of it without the call
 * (test_chain_call).  An error without a case fails the last test.
 */
#include "test_chain_calls.h"

struct fault_case {
    enum chain_fault fault;
    enum chain_profile profile;
    void (*rules)(struct chain_params *params);           /* NULL: the town's own */
    struct chain_extrinsic (*call)(struct test_chain *t); /* may make blocks of its own first */
    bool root;                                            /* there is a root network as well */
};

/* ------------------------------------------------------------------------------------ rules */

static void one_registration_a_block(struct chain_params *p)
{
    p->max_registrations_per_block = 1;
}

static void one_target_an_interval(struct chain_params *p)
{
    p->max_registrations_per_interval_factor = 1;
    p->target_registrations = 1;
}

static void closed(struct chain_params *p)
{
    p->registration_allowed = false;
}

static void searched(struct chain_params *p)
{
    p->pow = CHAIN_POW_SEARCH;
    p->difficulty = p->min_difficulty = 1;
}

static void used_list(struct chain_params *p)
{
    p->pow_used_list = true;
    p->pow_seal = POW_SEAL_KECCAK; /* without it the seal would belong to its hotkey */
}

static void full_of_immortals(struct chain_params *p)
{
    p->max_uids = NEURONS;
    p->owner_immortal_limit = NEURONS;
}

static void slow_staking(struct chain_params *p)
{
    p->tx_rate_limit = 10;
}

static void takes(struct chain_params *p)
{
    p->min_take = 100;
}

static void version_seven(struct chain_params *p)
{
    p->weights_version_key = 7;
}

static void two_weights_at_least(struct chain_params *p)
{
    p->min_allowed_weights = 2;
}

static void half_at_most(struct chain_params *p)
{
    p->max_weight_limit = UINT16_MAX / 2;
    p->max_min_ratio = 0;
}

static void stake_for_weights(struct chain_params *p)
{
    p->weights_stake_threshold = (RICHEST_TAO + 1) * TAO;
}

static void sealed(struct chain_params *p)
{
    p->commit_reveal = true;
    p->weights_rate_limit = 0;
    p->max_pending_commits = 2;
}

static void sealed_and_slow(struct chain_params *p)
{
    sealed(p);
    p->weights_rate_limit = 100;
}

static void hashed(struct chain_params *p)
{
    sealed(p);
    p->commit_form = CHAIN_COMMIT_OF_HASH;
}

static void hashed_and_slow(struct chain_params *p)
{
    hashed(p);
    p->weights_rate_limit = 100;
}

static void no_room(struct chain_params *p)
{
    p->block_size = 1;
    p->call_longevity = p->weights_longevity = 1;
}

static void one_waits(struct chain_params *p)
{
    p->mempool_size = 1;
}

/* ------------------------------------------------------------------------------------- cases */

#define A CHAIN_NAKAMOTO
#define B CHAIN_FINNEY
#define C CHAIN_CURRENT
#define REFUSED(name) CHAIN_FAULT_##name

static const struct fault_case cases[] = {
    {REFUSED(TOO_MANY_REGISTRATIONS_BLOCK), A, one_registration_a_block, second_work, false},
    {REFUSED(TOO_MANY_REGISTRATIONS_BLOCK), B, NULL, second_work, false},
    {REFUSED(TOO_MANY_REGISTRATIONS_BLOCK), C, one_registration_a_block, second_burn, false},
    {REFUSED(TOO_MANY_REGISTRATIONS_INTERVAL), A, one_target_an_interval, second_work, false},
    {REFUSED(REGISTRATION_DISABLED), A, closed, work, false},
    {REFUSED(REGISTRATION_DISABLED), B, closed, burn, false},
    {REFUSED(REGISTRATION_DISABLED), C, closed, burn, false},
    {REFUSED(HOTKEY_ORIGIN_MISMATCH), B, NULL, work_for_another, false},
    {REFUSED(HOTKEY_ORIGIN_MISMATCH), C, NULL, work_for_another, false},
    {REFUSED(ALREADY_REGISTERED), A, NULL, work_of_a_neuron, false},
    {REFUSED(ALREADY_REGISTERED), B, NULL, burn_of_a_neuron, false},
    {REFUSED(ALREADY_REGISTERED), C, NULL, burn_of_a_neuron, false},
    {REFUSED(INVALID_WORK_BLOCK), A, NULL, old_work, false},
    {REFUSED(INVALID_WORK_BLOCK), B, NULL, old_work, false},
    {REFUSED(INVALID_DIFFICULTY), A, NULL, easy_work, false},
    {REFUSED(INVALID_DIFFICULTY), B, NULL, easy_work, false},
    {REFUSED(INVALID_SEAL), A, searched, work_with_a_wrong_seal, false},
    {REFUSED(INVALID_SEAL), B, NULL, work_solved_by_another, false},
    {REFUSED(WORK_REPEATED), B, used_list, work_used_before, false},
    {REFUSED(NETWORK_DOES_NOT_EXIST), A, NULL, work_in_nowhere, false},
    {REFUSED(NETWORK_DOES_NOT_EXIST), B, NULL, burn_in_nowhere, false},
    {REFUSED(NETWORK_DOES_NOT_EXIST), C, NULL, burn_in_nowhere, false},
    {REFUSED(NO_NEURON_ID_AVAILABLE), C, full_of_immortals, burn, false},
    {REFUSED(NOT_REGISTERED), A, NULL, row_of_a_stranger, false},
    {REFUSED(NOT_REGISTERED), B, NULL, row_of_a_stranger, false},
    {REFUSED(NOT_REGISTERED), C, NULL, row_of_a_stranger, false},
    {REFUSED(NOT_REGISTERED_ANYWHERE), A, NULL, axon_of_a_stranger, false},
    {REFUSED(NOT_REGISTERED_ANYWHERE), B, NULL, axon_of_a_stranger, false},
    {REFUSED(NOT_REGISTERED_ANYWHERE), C, NULL, axon_of_a_stranger, false},
    {REFUSED(STAKE_TOO_LOW_FOR_ROOT), B, NULL, seat_for_less, true},
    {REFUSED(STAKE_TOO_LOW_FOR_ROOT), C, NULL, seat_for_less, true},
    {REFUSED(NO_HOTKEY_ACCOUNT), B, NULL, stake_on_nobody, false},
    {REFUSED(NO_HOTKEY_ACCOUNT), C, NULL, stake_on_nobody, false},
    {REFUSED(NON_ASSOCIATED_COLD_KEY), A, NULL, work_for_anothers_hotkey, false},
    {REFUSED(NON_ASSOCIATED_COLD_KEY), B, NULL, stake_on_anothers_hotkey, false},
    {REFUSED(NON_ASSOCIATED_COLD_KEY), C, NULL, stake_on_anothers_hotkey, false},
    {REFUSED(NOT_ENOUGH_BALANCE_TO_STAKE), A, NULL, stake_of_more_than_there_is, false},
    {REFUSED(NOT_ENOUGH_BALANCE_TO_STAKE), B, NULL, stake_of_more_than_there_is, false},
    {REFUSED(NOT_ENOUGH_STAKE_TO_WITHDRAW), A, NULL, withdrawal_of_more_than_there_is, false},
    {REFUSED(NOT_ENOUGH_STAKE_TO_WITHDRAW), C, NULL, withdrawal_of_more_than_there_is, false},
    {REFUSED(BALANCE_WITHDRAWAL_ERROR), A, NULL, stake_of_all, false},
    {REFUSED(BALANCE_WITHDRAWAL_ERROR), C, NULL, stake_of_all, false},
    {REFUSED(INSUFFICIENT_BALANCE), B, NULL, transfer_of_all, false},
    {REFUSED(TX_RATE_LIMIT_EXCEEDED), B, slow_staking, second_stake, false},
    {REFUSED(DELEGATE_TX_RATE_LIMIT_EXCEEDED), C, NULL, take_raised_at_once, false},
    {REFUSED(ALREADY_DELEGATE), B, NULL, delegate_twice, false},
    {REFUSED(ALREADY_DELEGATE), C, NULL, delegate_twice, false},
    {REFUSED(NOT_DELEGATE), C, NULL, take_without_delegation, false},
    {REFUSED(TAKE_TOO_LOW), C, takes, take_too_low, false},
    {REFUSED(TAKE_TOO_HIGH), C, NULL, take_too_high, false},
    {REFUSED(AMOUNT_TOO_LOW), C, NULL, dust, false},
    {REFUSED(WEIGHT_VEC_NOT_EQUAL_SIZE), A, NULL, row_of_two_lengths, false},
    {REFUSED(WEIGHT_VEC_NOT_EQUAL_SIZE), C, NULL, row_of_two_lengths, false},
    {REFUSED(TOO_MANY_UIDS), B, NULL, row_longer_than_the_network, false},
    {REFUSED(TOO_MANY_UIDS), C, NULL, row_longer_than_the_network, false},
    {REFUSED(INCORRECT_VERSION_KEY), B, version_seven, row, false},
    {REFUSED(INCORRECT_VERSION_KEY), C, version_seven, row, false},
    {REFUSED(SETTING_WEIGHTS_TOO_FAST), B, NULL, second_row, false},
    {REFUSED(NO_VALIDATOR_PERMIT), B, NULL, row_without_a_permit, false},
    {REFUSED(NO_VALIDATOR_PERMIT), C, NULL, row_without_a_permit, false},
    {REFUSED(DUPLICATE_UIDS), A, NULL, row_with_a_uid_twice, false},
    {REFUSED(DUPLICATE_UIDS), C, NULL, row_with_a_uid_twice, false},
    {REFUSED(INVALID_UID), A, NULL, row_of_unknown_uids, false},
    {REFUSED(INVALID_UID), B, NULL, row_of_unknown_uids, false},
    {REFUSED(INVALID_UID), C, NULL, row_of_unknown_uids, false},
    {REFUSED(NOT_SETTING_ENOUGH_WEIGHTS), A, NULL, row_of_one, false},
    {REFUSED(NOT_SETTING_ENOUGH_WEIGHTS), B, two_weights_at_least, row_of_one, false},
    {REFUSED(NOT_SETTING_ENOUGH_WEIGHTS), C, two_weights_at_least, row_of_one, false},
    {REFUSED(MAX_WEIGHT_EXCEEDED), A, half_at_most, steep_row, false},
    {REFUSED(MAX_WEIGHT_EXCEEDED), B, half_at_most, steep_row, false},
    {REFUSED(MAX_WEIGHT_EXCEEDED), C, half_at_most, steep_row, false},
    {REFUSED(MAX_MIN_RATIO_EXCEEDED), A, NULL, steep_row, false},
    {REFUSED(NOT_ENOUGH_STAKE_TO_SET_WEIGHTS), C, stake_for_weights, row, false},
    {REFUSED(COMMIT_REVEAL_ENABLED), C, sealed, row, false},
    {REFUSED(COMMIT_REVEAL_DISABLED), B, NULL, commit, false},
    {REFUSED(COMMIT_REVEAL_DISABLED), C, NULL, hash_of_row, false},
    {REFUSED(COMMIT_REVEAL_DISABLED), C, NULL, reveal, false},
    {REFUSED(TOO_MANY_UNREVEALED_COMMITS), C, sealed, third_commit, false},
    {REFUSED(TOO_MANY_UNREVEALED_COMMITS), C, hashed, third_hash, false},
    {REFUSED(COMMITTING_WEIGHTS_TOO_FAST), C, sealed_and_slow, second_commit, false},
    {REFUSED(COMMITTING_WEIGHTS_TOO_FAST), C, hashed_and_slow, second_hash, false},
    {REFUSED(NO_WEIGHTS_COMMIT_FOUND), C, hashed, reveal, false},
    {REFUSED(INVALID_REVEAL_HASH), C, hashed, reveal_of_another_row, false},
    {REFUSED(EXPIRED_WEIGHT_COMMIT), C, hashed, late_reveal, false},
    {REFUSED(REVEAL_TOO_EARLY), C, hashed, early_reveal, false},
    {REFUSED(INVALID_MODALITY), A, NULL, axon_of_modality_one, false},
    {REFUSED(INVALID_IP_TYPE), B, NULL, axon_of_ip_five, false},
    {REFUSED(INVALID_IP_ADDRESS), B, NULL, axon_at_home, false},
    {REFUSED(INVALID_PORT), C, NULL, axon_without_a_port, false},
    {REFUSED(SERVING_RATE_LIMIT_EXCEEDED), C, NULL, second_axon, false},
    {REFUSED(CALL_DISABLED), A, NULL, burn, false},
    {REFUSED(CALL_DISABLED), B, NULL, take_without_delegation, false},
    {REFUSED(CALL_DISABLED), C, NULL, work, false},
    {REFUSED(CALL_DISABLED), C, sealed, hash_of_row, false},
    {REFUSED(CALL_DISABLED), C, hashed, commit, false},
    {REFUSED(EXPIRED), A, no_room, row, false},
    {REFUSED(EXPIRED), B, no_room, work, false},
    {REFUSED(EXPIRED), C, no_room, burn, false},
    {REFUSED(MEMPOOL_FULL), A, one_waits, row_behind_an_axon, false},
    {REFUSED(MEMPOOL_FULL), C, one_waits, row_behind_an_axon, false},
};

#undef A
#undef B
#undef C
#undef REFUSED

enum { CASES = sizeof cases / sizeof *cases };

/* ------------------------------------------------------------------------------------- tests */

static void found(struct test_chain *t, const struct fault_case *c, struct chain_net_config nets[2])
{
    static const char *const mechanisms[] = {"nakamoto", "finney", "yuma2"};
    test_chain_init(t, c->profile, mechanisms[c->profile]);
    t->net.params.max_uids = 20;
    t->net.params.tx_rate_limit = 0;
    t->net.params.commit_reveal = false;
    if (c->profile == CHAIN_CURRENT)
        t->net.params.tempo = 20;
    t->net.owner = c->rules == full_of_immortals ? cold(0) : CHAIN_NONE;
    if (c->rules != NULL)
        c->rules(&t->net.params);
    nets[0] = nets[1] = t->net;
    if (c->root) {
        nets[0].netuid = 0;
        nets[0].mechanism = NULL;
        nets[0].params.max_uids = 1;
        t->config.net_count = 2;
    }
    t->config.nets = nets;
    ok(t, chain_create(&t->config, &t->chain, &t->err));
    test_chain_accounts(t);
    for (uint32_t i = 0; i < NEURONS; i++) {
        uint32_t uid;
        struct chain_genesis_neuron neuron = {.netuid = t->net.netuid,
                                              .hotkey = hot(i),
                                              .coldkey =
                                                  t->net.owner == CHAIN_NONE ? cold(i) : cold(0),
                                              .stake_rao = i == 0 ? RICHEST_TAO * TAO : TAO,
                                              .permit = i != 3};
        ok(t, chain_genesis_neuron(t->chain, &neuron, &uid, &t->err));
    }
    for (uint32_t i = 0; i < OWNERS; i++)
        ok(t, chain_genesis_balance(t->chain, cold(i), 10 * TAO, &t->err));
    test_chain_blocks(t, FIRST_BLOCKS);
}

/* Named for the message: a table's case has no name of its own. */
static void expect_refusal(const struct fault_case *c, int index)
{
    struct test_chain t;
    struct chain_net_config nets[2];
    found(&t, c, nets);
    const char *expected = chain_fault_name(c->profile, c->fault);
    const char *outcome = test_chain_call(&t, c->call(&t));
    if (strcmp(outcome, expected) != 0)
        fail_msg("case %d, %s: '%s' instead of '%s'", index, chain_profile_names[c->profile],
                 outcome, expected);
    /* Several errors share a name on some chain. */
    const struct chain_event *event = test_chain_find(&t, CHAIN_EVENT_FAILED);
    assert_int_equal(event->fault, c->fault);
    test_chain_end(&t);
}

static void each_refusal_has_the_real_chains_name_and_changes_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++)
        expect_refusal(&cases[i], i);
}

static bool has_case(const char *name, enum chain_fault fault)
{
    for (int i = 0; i < CASES; i++)
        if (cases[i].fault == fault && strcmp(chain_fault_name(cases[i].profile, fault), name) == 0)
            return true;
    return false;
}

static void every_error_has_a_case_under_each_of_its_names(void **state)
{
    (void)state;
    for (int fault = CHAIN_FAULT_OK + 1; fault < CHAIN_FAULT_COUNT; fault++)
        for (int profile = 0; profile < CHAIN_PROFILE_COUNT; profile++) {
            const char *name =
                chain_fault_name((enum chain_profile)profile, (enum chain_fault)fault);
            if (!has_case(name, (enum chain_fault)fault))
                fail_msg("no case provokes error %d, '%s' in profile %s", fault, name,
                         chain_profile_names[profile]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_refusal_has_the_real_chains_name_and_changes_nothing),
        cmocka_unit_test(every_error_has_a_case_under_each_of_its_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
