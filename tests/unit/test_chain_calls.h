/*
 * test_chain_calls.h: the calls that the chain refuses, and what has to happen before them.
 *
 * The town: hotkeys 0 to 3 hold the uids of their numbers, 0 with most of the stake, 3 without a
 * permit; coldkeys 0 to 9 have 10 TAO.  Block 5 is the last one made.
 */
#ifndef TEST_CHAIN_CALLS_H
#define TEST_CHAIN_CALLS_H

#include "test_chain.h"

enum { NEURONS = 4, OWNERS = 10, FIRST_BLOCKS = 5, RICHEST_TAO = 100 };

/* ---------------------------------------------------------------------------- registration */

static inline struct chain_extrinsic work_of(struct test_chain *t, uint32_t i)
{
    return test_chain_work(t, i, t->net.params.difficulty);
}

static inline struct chain_extrinsic work(struct test_chain *t)
{
    return work_of(t, 5);
}

static inline struct chain_extrinsic burn(struct test_chain *t)
{
    return test_chain_burn(t, 5);
}

/* The first of two in a block is accepted; it is in the twin as well. */
static inline struct chain_extrinsic second_work(struct test_chain *t)
{
    struct chain_extrinsic first = work_of(t, 6);
    test_chain_submit(t, &first);
    return work(t);
}

static inline struct chain_extrinsic second_burn(struct test_chain *t)
{
    struct chain_extrinsic first = test_chain_burn(t, 6);
    test_chain_submit(t, &first);
    return burn(t);
}

static inline struct chain_extrinsic work_for_another(struct test_chain *t)
{
    struct chain_extrinsic call = work(t);
    call.signer = hot(6);
    return call;
}

static inline struct chain_extrinsic work_of_a_neuron(struct test_chain *t)
{
    return work_of(t, 1);
}

static inline struct chain_extrinsic burn_of_a_neuron(struct test_chain *t)
{
    return test_chain_burn(t, 1);
}

static inline struct chain_extrinsic old_work(struct test_chain *t)
{
    struct chain_extrinsic call = work(t);
    call.work.block_number -= 2; /* 3 blocks old when its block is made */
    return call;
}

static inline struct chain_extrinsic easy_work(struct test_chain *t)
{
    struct chain_extrinsic call = work(t);
    memset(call.work.seal, 0xff, sizeof call.work.seal);
    return call;
}

static inline struct chain_extrinsic work_solved_by_another(struct test_chain *t)
{
    struct chain_extrinsic call = work(t);
    call.solver = hot(6);
    return call;
}

static inline struct chain_extrinsic work_with_a_wrong_seal(struct test_chain *t)
{
    struct chain_extrinsic call = work(t);
    call.work.seal[31] ^= 1;
    return call;
}

static inline struct chain_extrinsic work_used_before(struct test_chain *t)
{
    struct chain_extrinsic call = work(t);
    assert_string_equal(test_chain_call(t, call), "Ok");
    call.signer = call.hotkey = hot(6);
    call.coldkey = cold(6);
    return call;
}

static inline struct chain_extrinsic work_in_nowhere(struct test_chain *t)
{
    struct chain_extrinsic call = work(t);
    call.netuid = 77;
    return call;
}

static inline struct chain_extrinsic burn_in_nowhere(struct test_chain *t)
{
    struct chain_extrinsic call = burn(t);
    call.netuid = 77;
    return call;
}

static inline struct chain_extrinsic seat_for_less(struct test_chain *t)
{
    struct chain_extrinsic call = {
        .kind = CHAIN_REGISTER_ROOT, .signer = cold(0), .hotkey = hot(0)};
    assert_string_equal(test_chain_call(t, call), "Ok");
    call.signer = cold(1);
    call.hotkey = hot(1);
    return call;
}

static inline struct chain_extrinsic work_for_anothers_hotkey(struct test_chain *t)
{
    struct chain_extrinsic call = work(t);
    assert_string_equal(test_chain_call(t, call), "Ok");
    return test_chain_stake(cold(6), hot(5), true, TAO);
}

static inline struct chain_extrinsic stake_on_anothers_hotkey(struct test_chain *t)
{
    (void)t;
    return test_chain_stake(cold(6), hot(1), true, TAO);
}

/* ----------------------------------------------------------------------------------- money */

static inline struct chain_extrinsic stake_on_nobody(struct test_chain *t)
{
    (void)t;
    return test_chain_stake(cold(6), hot(20), true, TAO);
}

static inline struct chain_extrinsic stake_of_more_than_there_is(struct test_chain *t)
{
    (void)t;
    return test_chain_stake(cold(1), hot(1), true, 11 * TAO);
}

static inline struct chain_extrinsic stake_of_all(struct test_chain *t)
{
    (void)t;
    return test_chain_stake(cold(1), hot(1), true, 10 * TAO);
}

static inline struct chain_extrinsic withdrawal_of_more_than_there_is(struct test_chain *t)
{
    (void)t;
    return test_chain_stake(cold(1), hot(1), false, 1000 * TAO);
}

static inline struct chain_extrinsic dust(struct test_chain *t)
{
    (void)t;
    return test_chain_stake(cold(1), hot(1), true, 1000);
}

static inline struct chain_extrinsic transfer_of_all(struct test_chain *t)
{
    (void)t;
    return (struct chain_extrinsic){
        .kind = CHAIN_TRANSFER, .signer = cold(1), .coldkey = cold(2), .amount_rao = 10 * TAO};
}

static inline struct chain_extrinsic second_stake(struct test_chain *t)
{
    struct chain_extrinsic call = test_chain_stake(cold(1), hot(1), true, TAO);
    assert_string_equal(test_chain_call(t, call), "Ok");
    return call;
}

static inline struct chain_extrinsic delegate(struct test_chain *t)
{
    (void)t;
    return (struct chain_extrinsic){
        .kind = CHAIN_BECOME_DELEGATE, .signer = cold(0), .hotkey = hot(0)};
}

static inline struct chain_extrinsic delegate_twice(struct test_chain *t)
{
    assert_string_equal(test_chain_call(t, delegate(t)), "Ok");
    return delegate(t);
}

static inline struct chain_extrinsic take_of(struct test_chain *t, uint16_t take)
{
    struct chain_extrinsic call = delegate(t);
    call.kind = CHAIN_SET_TAKE;
    call.take = take;
    return call;
}

static inline struct chain_extrinsic take_without_delegation(struct test_chain *t)
{
    return take_of(t, 1000);
}

static inline struct chain_extrinsic take_too_low(struct test_chain *t)
{
    assert_string_equal(test_chain_call(t, delegate(t)), "Ok");
    return take_of(t, 99);
}

static inline struct chain_extrinsic take_too_high(struct test_chain *t)
{
    assert_string_equal(test_chain_call(t, delegate(t)), "Ok");
    return take_of(t, 11797);
}

static inline struct chain_extrinsic take_raised_at_once(struct test_chain *t)
{
    assert_string_equal(test_chain_call(t, delegate(t)), "Ok");
    assert_string_equal(test_chain_call(t, take_of(t, 1000)), "Ok");
    return take_of(t, 1001);
}

/* ----------------------------------------------------------------------------------- weights */

static const uint32_t uids[] = {1, 2, 3, 3, 7, 8}, values[] = {2, 3, 3, 3, 3, 3},
                      steep[] = {1, 100};

/* Uids 1 and 2, by the first hotkey. */
static inline struct chain_extrinsic row(struct test_chain *t)
{
    return test_chain_row(t, 0, 2, uids, values);
}

static inline struct chain_extrinsic row_of_a_stranger(struct test_chain *t)
{
    return test_chain_row(t, 20, 2, uids, values);
}

static inline struct chain_extrinsic row_of_two_lengths(struct test_chain *t)
{
    struct chain_extrinsic call = row(t);
    call.value_count = 1;
    return call;
}

static inline struct chain_extrinsic row_longer_than_the_network(struct test_chain *t)
{
    return test_chain_row(t, 0, NEURONS + 1, uids, values);
}

static inline struct chain_extrinsic second_row(struct test_chain *t)
{
    assert_string_equal(test_chain_call(t, row(t)), "Ok");
    return row(t);
}

static inline struct chain_extrinsic row_without_a_permit(struct test_chain *t)
{
    return test_chain_row(t, 3, 2, uids, values);
}

static inline struct chain_extrinsic row_with_a_uid_twice(struct test_chain *t)
{
    return test_chain_row(t, 0, 2, uids + 2, values);
}

static inline struct chain_extrinsic row_of_unknown_uids(struct test_chain *t)
{
    return test_chain_row(t, 0, 2, uids + 4, values);
}

static inline struct chain_extrinsic row_of_one(struct test_chain *t)
{
    return test_chain_row(t, 0, 1, uids, values);
}

static inline struct chain_extrinsic steep_row(struct test_chain *t)
{
    return test_chain_row(t, 0, 2, uids, steep);
}

/* -------------------------------------------------------------------------- commit and reveal */

static inline struct chain_extrinsic commit(struct test_chain *t)
{
    struct chain_extrinsic call = row(t);
    call.kind = CHAIN_COMMIT_WEIGHTS;
    return call;
}

static inline struct chain_extrinsic second_commit(struct test_chain *t)
{
    assert_string_equal(test_chain_call(t, commit(t)), "Ok");
    return commit(t);
}

static inline struct chain_extrinsic third_commit(struct test_chain *t)
{
    assert_string_equal(test_chain_call(t, commit(t)), "Ok");
    return second_commit(t);
}

static inline struct chain_extrinsic reveal(struct test_chain *t)
{
    struct chain_extrinsic call = row(t);
    call.kind = CHAIN_REVEAL_WEIGHTS;
    call.salt[0] = 77;
    return call;
}

static inline struct chain_extrinsic hash_of_row(struct test_chain *t)
{
    struct chain_extrinsic call = reveal(t);
    ok(t, chain_commit_hash(t->chain, &call, call.commit_hash, &t->err));
    call.kind = CHAIN_COMMIT_HASH;
    return call;
}

static inline struct chain_extrinsic second_hash(struct test_chain *t)
{
    assert_string_equal(test_chain_call(t, hash_of_row(t)), "Ok");
    return hash_of_row(t);
}

static inline struct chain_extrinsic third_hash(struct test_chain *t)
{
    assert_string_equal(test_chain_call(t, hash_of_row(t)), "Ok");
    return second_hash(t);
}

static inline struct chain_extrinsic early_reveal(struct test_chain *t)
{
    assert_string_equal(test_chain_call(t, hash_of_row(t)), "Ok");
    return reveal(t);
}

static inline struct chain_extrinsic late_reveal(struct test_chain *t)
{
    assert_string_equal(test_chain_call(t, hash_of_row(t)), "Ok");
    test_chain_blocks(t, 2 * t->net.params.tempo);
    return reveal(t);
}

static inline struct chain_extrinsic reveal_of_another_row(struct test_chain *t)
{
    assert_string_equal(test_chain_call(t, hash_of_row(t)), "Ok");
    test_chain_blocks(t, t->net.params.tempo);
    struct chain_extrinsic call = reveal(t);
    call.salt[0]++;
    return call;
}

/* ----------------------------------------------------------------------------------- serving */

static inline struct chain_extrinsic axon(struct test_chain *t)
{
    return (struct chain_extrinsic){.kind = CHAIN_SERVE_AXON,
                                    .netuid = t->net.netuid,
                                    .signer = hot(0),
                                    .ip_type = 4,
                                    .ip_low = 0x08080808,
                                    .port = 80};
}

static inline struct chain_extrinsic axon_of_a_stranger(struct test_chain *t)
{
    struct chain_extrinsic call = axon(t);
    call.signer = hot(20);
    return call;
}

static inline struct chain_extrinsic axon_of_modality_one(struct test_chain *t)
{
    struct chain_extrinsic call = axon(t);
    call.modality = 1;
    return call;
}

static inline struct chain_extrinsic axon_of_ip_five(struct test_chain *t)
{
    struct chain_extrinsic call = axon(t);
    call.ip_type = 5;
    return call;
}

static inline struct chain_extrinsic axon_at_home(struct test_chain *t)
{
    struct chain_extrinsic call = axon(t);
    call.ip_low = 0x7f000001;
    return call;
}

static inline struct chain_extrinsic axon_without_a_port(struct test_chain *t)
{
    struct chain_extrinsic call = axon(t);
    call.port = 0;
    return call;
}

static inline struct chain_extrinsic second_axon(struct test_chain *t)
{
    assert_string_equal(test_chain_call(t, axon(t)), "Ok");
    return axon(t);
}

/* ----------------------------------------------------------------------------------- mempool */

/* A call that is more urgent than any row takes the only place. */
static inline struct chain_extrinsic row_behind_an_axon(struct test_chain *t)
{
    struct chain_extrinsic first = axon(t);
    test_chain_submit(t, &first);
    return row(t);
}

#endif
