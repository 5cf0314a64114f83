/*
 * test_chain.h: what the chain's tests share: a chain with one network, accounts by number, one
 * call that makes a block with one extrinsic in it and says what became of it.
 */
#ifndef TEST_CHAIN_H
#define TEST_CHAIN_H

#include "base/buffer.h"
#include "base/param_text.h"
#include "chain/chain.h"
#include "mechanism/mechanism_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TAO UINT64_C(1000000000)

/* Hotkey i is account i, its coldkey account PAIRS + i. */
enum { PAIRS = 40 };

struct test_chain {
    struct chain *chain;
    struct chain_net_config net;
    struct chain_config config;
    void *mechanism_params;
    struct sim_error err;
};

#define ok(fixture, call)                                                                          \
    do {                                                                                           \
        if ((call) != SIM_OK)                                                                      \
            fail_msg("%s", (fixture)->err.text);                                                   \
    } while (0)

static inline uint32_t hot(uint32_t i)
{
    return i;
}

static inline uint32_t cold(uint32_t i)
{
    return PAIRS + i;
}

/* Defaults of the profile; a test changes t->net.params, then calls test_chain_start. */
static inline void test_chain_init(struct test_chain *t, enum chain_profile profile,
                                   const char *mechanism)
{
    *t = (struct test_chain){.config = {.profile = profile, .seed = 7, .net_count = 1}};
    t->net.netuid = profile == CHAIN_NAKAMOTO ? 0 : 3;
    t->net.owner = CHAIN_NONE;
    t->net.mechanism = mechanism_list_find(mechanism);
    assert_non_null(t->net.mechanism);
    t->mechanism_params = calloc(1, t->net.mechanism->params->struct_bytes + 1);
    param_defaults(t->net.mechanism->params, t->mechanism_params);
    t->net.mechanism_params = t->mechanism_params;
    chain_params_init(&t->net.params, profile);
    t->net.params.min_allowed_weights = 1;
    t->net.params.max_weight_limit = UINT16_MAX;
}

static inline void test_chain_accounts(struct test_chain *t)
{
    for (uint32_t i = 0; i < 2 * PAIRS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s/%u", i < PAIRS ? "hot" : "cold", i % PAIRS);
        uint32_t id;
        ok(t, chain_add_account(t->chain, name, &id, &t->err));
        assert_int_equal(id, i);
    }
}

/* Makes the chain and all accounts; no neurons yet. */
static inline void test_chain_start(struct test_chain *t)
{
    t->config.nets = &t->net;
    ok(t, chain_create(&t->config, &t->chain, &t->err));
    test_chain_accounts(t);
}

static inline void test_chain_end(struct test_chain *t)
{
    t->chain = chain_free(t->chain);
    free(t->mechanism_params);
}

static inline void test_chain_neuron(struct test_chain *t, uint32_t i, uint64_t stake_rao)
{
    uint32_t uid;
    struct chain_genesis_neuron neuron = {.netuid = t->net.netuid,
                                          .hotkey = hot(i),
                                          .coldkey = cold(i),
                                          .stake_rao = stake_rao,
                                          .permit = true};
    ok(t, chain_genesis_neuron(t->chain, &neuron, &uid, &t->err));
}

static inline void test_chain_blocks(struct test_chain *t, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        ok(t, chain_block(t->chain, chain_block_number(t->chain) + 1, &t->err));
        ok(t, chain_check(t->chain, &t->err));
    }
}

static inline uint64_t test_chain_submit(struct test_chain *t, const struct chain_extrinsic *call)
{
    uint64_t id;
    ok(t, chain_submit(t->chain, call, &id, &t->err));
    return id;
}

/* The event that an extrinsic left in the last block; NULL: none. */
static inline const struct chain_event *test_chain_event(const struct test_chain *t, uint64_t id)
{
    size_t count;
    const struct chain_event *events = chain_events(t->chain, &count);
    for (size_t i = 0; i < count; i++)
        if (events[i].id == id)
            return &events[i];
    return NULL;
}

static inline const struct chain_event *test_chain_find(const struct test_chain *t,
                                                        enum chain_event_kind kind)
{
    size_t count;
    const struct chain_event *events = chain_events(t->chain, &count);
    for (size_t i = 0; i < count; i++)
        if (events[i].kind == kind)
            return &events[i];
    return NULL;
}

/* The chain as bytes, without the number of the next call. */
static inline struct buffer test_chain_bytes(struct test_chain *t, const struct chain *chain)
{
    enum { TAG = 8, PROFILE = 1, NEXT_ID = TAG + PROFILE + 3 * 8 };
    struct buffer buffer;
    buffer_init(&buffer);
    ok(t, chain_save(chain, &buffer, &t->err));
    memset(buffer.bytes + NEXT_ID, 0, 8);
    return buffer;
}

/* What the next block makes of the chain as it stands now. */
static inline struct buffer test_chain_without_more(struct test_chain *t)
{
    struct buffer buffer;
    buffer_init(&buffer);
    ok(t, chain_save(t->chain, &buffer, &t->err));
    struct buffer_reader reader;
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    struct chain *twin;
    ok(t, chain_load(&t->config, &reader, &twin, &t->err));
    ok(t, chain_block(twin, chain_block_number(twin) + 1, &t->err));
    buffer_release(&buffer);
    buffer = test_chain_bytes(t, twin);
    chain_free(twin);
    return buffer;
}

/* Makes one block with this call; "Ok", or the real chain's name of the error.  A refused call has
 * changed nothing: the chain is, byte for byte, what it would be without it. */
static inline const char *test_chain_call(struct test_chain *t, struct chain_extrinsic call)
{
    struct buffer without = test_chain_without_more(t);
    uint64_t id = test_chain_submit(t, &call);
    test_chain_blocks(t, 1);
    const struct chain_event *event = test_chain_event(t, id);
    assert_non_null(event);
    const char *outcome = "Ok";
    if (event->kind == CHAIN_EVENT_FAILED) {
        outcome = chain_fault_name(t->config.profile, event->fault);
        struct buffer with = test_chain_bytes(t, t->chain);
        assert_int_equal(with.size_bytes, without.size_bytes);
        assert_memory_equal(with.bytes, without.bytes, with.size_bytes);
        buffer_release(&with);
    }
    buffer_release(&without);
    return outcome;
}

/* Work that was drawn for the block before the one that will take it. */
static inline struct chain_extrinsic test_chain_work(struct test_chain *t, uint32_t i,
                                                     uint64_t difficulty)
{
    struct stream stream;
    uint64_t block = chain_block_number(t->chain);
    stream_init(&stream, 1, STREAM_TEST, stream_entity("work", i), block);
    struct chain_extrinsic call = {.kind = CHAIN_REGISTER_POW,
                                   .netuid = t->net.netuid,
                                   .signer = hot(i),
                                   .hotkey = hot(i),
                                   .coldkey = cold(i),
                                   .solver = hot(i)};
    pow_draw_work(&stream, block, difficulty, &call.work);
    return call;
}

static inline struct chain_extrinsic test_chain_burn(const struct test_chain *t, uint32_t i)
{
    return (struct chain_extrinsic){
        .kind = CHAIN_REGISTER_BURN, .netuid = t->net.netuid, .signer = cold(i), .hotkey = hot(i)};
}

static inline struct chain_extrinsic test_chain_row(const struct test_chain *t, uint32_t i,
                                                    uint32_t count, const uint32_t *uids,
                                                    const uint32_t *values)
{
    return (struct chain_extrinsic){.kind = CHAIN_SET_WEIGHTS,
                                    .netuid = t->net.netuid,
                                    .signer = hot(i),
                                    .row_count = count,
                                    .value_count = count,
                                    .row_uids = uids,
                                    .row_values = values};
}

static inline struct chain_extrinsic test_chain_stake(uint32_t coldkey, uint32_t hotkey, bool add,
                                                      uint64_t rao)
{
    return (struct chain_extrinsic){.kind = add ? CHAIN_ADD_STAKE : CHAIN_REMOVE_STAKE,
                                    .signer = coldkey,
                                    .hotkey = hotkey,
                                    .amount_rao = rao};
}

#endif
