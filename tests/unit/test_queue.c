/* The event queue against a binary heap that compares (time, sequence): the oracle. */
#include "event/loop.h"
#include "tests/support/heap_oracle.h"

#include "base/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <xxhash.h>

static struct evq *queue_of(uint64_t capacity)
{
    struct evq_options options = {.capacity = capacity};
    struct evq *queue = NULL;
    struct sim_error err = {0};
    assert_int_equal(evq_create(&options, &queue, &err), SIM_OK);
    return queue;
}

static void push(struct evq *queue, int64_t at_ns, uint32_t entity)
{
    struct sim_error err = {0};
    if (evq_push(queue, at_ns, 1, entity, (uint64_t)entity * 3, &err) != SIM_OK)
        fail_msg("%s", err.text);
}

static void events_of_one_instant_leave_in_the_order_they_came(void **state)
{
    (void)state;
    struct evq *queue = queue_of(1000);
    for (uint32_t i = 0; i < 500; i++)
        push(queue, 7, i);
    struct event event;
    for (uint32_t i = 0; i < 500; i++) {
        assert_true(evq_pop(queue, &event));
        assert_int_equal(event.entity, i);
        if (i < 100) /* joins the instant that is being played, at its end */
            push(queue, 7, 500 + i);
    }
    for (uint32_t i = 500; i < 600; i++) {
        assert_true(evq_pop(queue, &event));
        assert_int_equal(event.entity, i);
    }
    assert_false(evq_pop(queue, &event));
    queue = evq_free(queue);
}

/* Pushes and pops at random; every pop must equal the oracle's. */
static void random_walk(uint64_t seed, uint32_t steps, uint64_t span_bits)
{
    struct stream stream;
    stream_init(&stream, seed, STREAM_TEST, span_bits, 0);
    struct evq *queue = queue_of(steps + 1);
    struct heap_oracle oracle = {0};
    uint64_t sequence = 0;
    for (uint32_t i = 0; i < steps; i++) {
        uint64_t pushes = stream_below(&stream, 4);
        for (uint64_t k = 0; k < pushes && evq_count(queue) < steps; k++) {
            uint64_t delay = stream_u64(&stream) >> (63 - stream_below(&stream, span_bits));
            int64_t at_ns = evq_now_ns(queue) + (int64_t)delay;
            push(queue, at_ns, i);
            heap_oracle_push(&oracle, (struct event){at_ns, sequence++, 1, i, (uint64_t)i * 3});
        }
        for (uint64_t k = stream_below(&stream, 4); k > 0 && oracle.count > 0; k--) {
            struct event found, expected = heap_oracle_pop(&oracle);
            assert_true(evq_pop(queue, &found));
            if (memcmp(&found, &expected, sizeof(found)) != 0)
                fail_msg("seed %llu: event %llu came instead of %llu", (unsigned long long)seed,
                         (unsigned long long)found.sequence, (unsigned long long)expected.sequence);
        }
        assert_int_equal(evq_count(queue), oracle.count);
        if (i % 64 == 0)
            evq_check(queue);
    }
    heap_oracle_release(&oracle);
    queue = evq_free(queue);
}

static void any_mix_of_pushes_and_pops_agrees_with_a_heap(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++)
        random_walk(seed, 2000, 1 + seed % 50);
}

static void cancelled_events_never_come_and_the_others_keep_their_order(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct sim_error err = {0};
    struct stream stream;
    stream_init(&stream, 3, STREAM_TEST, 0, 0);
    struct evq *queue = queue_of(COUNT);
    struct heap_oracle oracle = {0};
    static bool cancelled[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        int64_t at_ns = (int64_t)stream_below(&stream, 1000);
        push(queue, at_ns, i);
        cancelled[i] = stream_below(&stream, 3) == 0;
        if (cancelled[i])
            assert_int_equal(evq_cancel(queue, evq_last_sequence(queue), &err), SIM_OK);
        else
            heap_oracle_push(&oracle, (struct event){at_ns, i, 1, i, (uint64_t)i * 3});
    }
    evq_check(queue);
    assert_int_equal(evq_count(queue), oracle.count);
    struct event event;
    while (evq_pop(queue, &event)) {
        struct event expected = heap_oracle_pop(&oracle);
        assert_false(cancelled[event.entity]);
        assert_int_equal(event.sequence, expected.sequence);
    }
    assert_int_equal(oracle.count, 0);
    assert_int_equal(evq_count(queue), 0);
    heap_oracle_release(&oracle);
    queue = evq_free(queue);
}

static void a_full_queue_refuses_with_a_message_and_stays_usable(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct evq *queue = queue_of(3);
    for (uint32_t i = 0; i < 3; i++)
        push(queue, 5, i);
    assert_int_equal(evq_push(queue, 6, 0, 0, 0, &err), SIM_LIMIT);
    assert_string_equal(err.text, "event queue: its capacity of 3 events is used up");
    struct event event;
    assert_true(evq_pop(queue, &event));
    push(queue, 6, 9);
    assert_int_equal(evq_count(queue), 3);
    queue = evq_free(queue);

    struct evq_options none = {.capacity = 0};
    assert_int_equal(evq_create(&none, &queue, &err), SIM_CONFIG);
}

static void looking_ahead_moves_nothing(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct evq *queue = queue_of(100);
    int64_t at_ns = -1;
    struct event event;
    assert_false(evq_peek_ns(queue, &at_ns));
    push(queue, 1000000, 0);
    push(queue, 900000, 1);
    assert_true(evq_peek_ns(queue, &at_ns));
    assert_int_equal(at_ns, 900000);
    assert_false(evq_pop_until(queue, 899999, &event));
    assert_int_equal(evq_now_ns(queue), 0);
    push(queue, 10, 2); /* earlier than what was seen */
    assert_true(evq_pop(queue, &event));
    assert_int_equal(event.entity, 2);
    assert_int_equal(evq_cancel(queue, 1, &err), SIM_OK);
    assert_true(evq_peek_ns(queue, &at_ns));
    assert_int_equal(at_ns, 1000000);
    assert_true(evq_pop_until(queue, 1000000, &event));
    assert_int_equal(event.entity, 0);
    queue = evq_free(queue);
}

static void a_restored_queue_continues_like_the_first(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sim_error err = {0};
        struct stream stream;
        stream_init(&stream, seed, STREAM_TEST, 1, 0);
        struct evq *first = queue_of(4000), *second = queue_of(4000);
        struct event event, other;
        for (uint32_t i = 0; i < 3000; i++) {
            push(first, evq_now_ns(first) + (int64_t)stream_below(&stream, 100), i);
            if (stream_below(&stream, 5) == 0)
                assert_int_equal(evq_cancel(first, evq_last_sequence(first), &err), SIM_OK);
            if (stream_below(&stream, 3) == 0)
                (void)evq_pop(first, &event);
        }
        struct buffer buffer;
        struct buffer_reader reader;
        buffer_init(&buffer);
        assert_int_equal(evq_save(first, &buffer, &err), SIM_OK);
        buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
        assert_int_equal(evq_load(second, &reader, &err), SIM_OK);
        evq_check(second);
        assert_int_equal(evq_now_ns(first), evq_now_ns(second));
        for (uint32_t i = 0; evq_pop(first, &event); i++) {
            assert_true(evq_pop(second, &other));
            assert_memory_equal(&event, &other, sizeof(event));
            if (i < 1000) {
                push(first, event.at_ns + i % 7, i);
                push(second, event.at_ns + i % 7, i);
            }
        }
        assert_false(evq_pop(second, &other));
        buffer_release(&buffer);
        first = evq_free(first);
        second = evq_free(second);
    }
}

static void a_queue_that_was_reset_is_like_new(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct event event;
    struct evq *queue = queue_of(100000);
    for (uint32_t i = 0; i < 100000; i++)
        push(queue, (int64_t)i * i, i);
    assert_int_equal(evq_cancel(queue, 99999, &err), SIM_OK);
    for (int i = 0; i < 1000; i++)
        assert_true(evq_pop(queue, &event));
    uint64_t size_bytes = evq_size_bytes(queue);
    evq_reset(queue);
    evq_check(queue);
    assert_int_equal(evq_count(queue), 0);
    assert_int_equal(evq_now_ns(queue), 0);
    for (uint32_t i = 0; i < 100000; i++)
        push(queue, 99999 - i, i);
    assert_true(evq_size_bytes(queue) <= size_bytes);
    assert_true(evq_pop(queue, &event));
    assert_int_equal(event.entity, 99999);
    assert_int_equal(event.sequence, 99999);
    queue = evq_free(queue);
}

static void a_damaged_snapshot_is_refused(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct event events[2] = {{5, 1, 0, 0, 0}, {5, 0, 0, 0, 0}};
    struct evq *queue = queue_of(10);
    assert_int_equal(evq_restore(queue, 0, 2, events, 2, &err), SIM_IO);
    queue = evq_free(queue);
    queue = queue_of(10);
    assert_int_equal(evq_restore(queue, 6, 2, events, 1, &err), SIM_IO);
    queue = evq_free(queue);
    queue = queue_of(10);
    assert_int_equal(evq_restore(queue, 0, 1, events, 1, &err), SIM_IO);
    queue = evq_free(queue);
}

static void the_ends_of_time_are_in_range(void **state)
{
    (void)state;
    struct evq *queue = queue_of(10);
    struct event event;
    push(queue, TIME_NS_MAX - 1, 2);
    push(queue, 0, 0);
    push(queue, INT64_C(1) << 62, 1);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(evq_pop(queue, &event));
        assert_int_equal(event.entity, i);
    }
    push(queue, TIME_NS_MAX - 1, 3);
    assert_true(evq_pop(queue, &event));
    assert_int_equal(event.entity, 3);
    queue = evq_free(queue);
}

static void the_order_digest_is_xxh64_of_the_events_bytes(void **state)
{
    (void)state;
    struct stream stream;
    stream_init(&stream, 1, STREAM_TEST, 2, 0);
    uint8_t bytes[100 * 32];
    struct order_digest digest;
    order_digest_init(&digest);
    for (size_t i = 0; i <= 100; i++) {
        assert_int_equal(order_digest_value(&digest), XXH64(bytes, i * 32, 0));
        if (i == 100)
            break;
        struct event event = {(int64_t)(stream_u64(&stream) >> 1), i, (uint32_t)i,
                              (uint32_t)stream_u64(&stream), stream_u64(&stream)};
        order_digest_event(&digest, &event);
        uint64_t words[4] = {(uint64_t)event.at_ns, event.sequence,
                             event.kind | (uint64_t)event.entity << 32, event.payload};
        for (size_t k = 0; k < 32; k++)
            bytes[i * 32 + k] = (uint8_t)(words[k / 8] >> (8 * (k % 8)));
    }
}

struct chain {
    struct evq *queue;
    struct loop *loop;
    uint32_t count, fail_at, stop_at;
};

static enum sim_status chain_handle(void *context, const struct event *event, struct sim_error *err)
{
    struct chain *chain = context;
    if (++chain->count == chain->fail_at)
        return SIM_FAIL(err, SIM_LIMIT, "link %u broke", chain->count);
    if (chain->count == chain->stop_at)
        loop_stop(chain->loop);
    return evq_push(chain->queue, event->at_ns + 10, event->kind, event->entity, 0, err);
}

static struct chain chain_of(void)
{
    struct sim_error err = {0};
    struct chain chain = {.queue = queue_of(100)};
    assert_int_equal(loop_create(chain.queue, &chain.loop, &err), SIM_OK);
    push(chain.queue, 10, 0);
    return chain;
}

static void the_loop_runs_up_to_its_horizon_and_counts(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct chain chain = chain_of();
    loop_handle(chain.loop, 0, 2, "chain", chain_handle, &chain);
    push(chain.queue, 20, 1);
    assert_int_equal(loop_run(chain.loop, 100, &err), SIM_OK);
    assert_int_equal(chain.count, 19); /* 10, 20 ... 100 and 20 ... 100 */
    assert_int_equal(loop_event_count(chain.loop), 19);
    assert_int_equal(loop_kind_count(chain.loop, 1), 19);
    assert_int_equal(loop_tie_count(chain.loop), 9);
    chain.stop_at = 25;
    assert_int_equal(loop_run(chain.loop, TIME_NS_MAX, &err), SIM_OK);
    assert_int_equal(chain.count, 25);
    chain.fail_at = 26;
    assert_int_equal(loop_run(chain.loop, TIME_NS_MAX, &err), SIM_LIMIT);
    assert_string_equal(err.text, "at 140 ns: chain: link 26 broke");
    chain.loop = loop_free(chain.loop);
    chain.queue = evq_free(chain.queue);
}

static void a_loop_continued_from_its_saved_state_has_the_unbroken_digest(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct chain whole = chain_of(), part = chain_of();
    loop_handle(whole.loop, 1, 1, "chain", chain_handle, &whole);
    loop_handle(part.loop, 1, 1, "chain", chain_handle, &part);
    assert_int_equal(loop_run(whole.loop, 1000, &err), SIM_OK);
    assert_int_equal(loop_run(part.loop, 500, &err), SIM_OK);

    struct buffer buffer;
    struct buffer_reader reader;
    buffer_init(&buffer);
    assert_int_equal(evq_save(part.queue, &buffer, &err), SIM_OK);
    loop_save(part.loop, &buffer);
    struct chain rest = {.queue = queue_of(100)};
    assert_int_equal(loop_create(rest.queue, &rest.loop, &err), SIM_OK);
    loop_handle(rest.loop, 1, 1, "chain", chain_handle, &rest);
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    assert_int_equal(evq_load(rest.queue, &reader, &err), SIM_OK);
    assert_int_equal(loop_load(rest.loop, &reader, &err), SIM_OK);
    assert_int_equal(loop_run(rest.loop, 1000, &err), SIM_OK);
    assert_int_equal(loop_digest(rest.loop), loop_digest(whole.loop));
    assert_int_equal(loop_event_count(rest.loop), loop_event_count(whole.loop));
    buffer_release(&buffer);
    struct chain *all[] = {&whole, &part, &rest};
    for (int i = 0; i < 3; i++) {
        all[i]->loop = loop_free(all[i]->loop);
        all[i]->queue = evq_free(all[i]->queue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_one_instant_leave_in_the_order_they_came),
        cmocka_unit_test(any_mix_of_pushes_and_pops_agrees_with_a_heap),
        cmocka_unit_test(cancelled_events_never_come_and_the_others_keep_their_order),
        cmocka_unit_test(a_full_queue_refuses_with_a_message_and_stays_usable),
        cmocka_unit_test(looking_ahead_moves_nothing),
        cmocka_unit_test(a_restored_queue_continues_like_the_first),
        cmocka_unit_test(a_queue_that_was_reset_is_like_new),
        cmocka_unit_test(a_damaged_snapshot_is_refused),
        cmocka_unit_test(the_ends_of_time_are_in_range),
        cmocka_unit_test(the_order_digest_is_xxh64_of_the_events_bytes),
        cmocka_unit_test(the_loop_runs_up_to_its_horizon_and_counts),
        cmocka_unit_test(a_loop_continued_from_its_saved_state_has_the_unbroken_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
