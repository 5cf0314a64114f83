/* The event kernel at full size: counts that theory gives, and order against a heap. */
#include "event/loop.h"
#include "tests/support/heap_oracle.h"

#include "base/stream.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <gsl/gsl_randist.h>

static struct evq *queue_of(uint64_t capacity)
{
    struct evq_options options = {.capacity = capacity};
    struct evq *queue = NULL;
    struct sim_error err = {0};
    assert_int_equal(evq_create(&options, &queue, &err), SIM_OK);
    return queue;
}

enum { PROCESSES = 4096, MESSAGES = 16 };
struct phold {
    struct evq *queue;
    struct stream *streams; /* (PROCESSES) */
};

static enum sim_status phold_send(struct phold *phold, int64_t now_ns, uint32_t from, uint32_t to,
                                  struct sim_error *err)
{
    double delay_s = 0.1 + gsl_ran_exponential(&phold->streams[from].rng, 0.9);
    return evq_push(phold->queue, now_ns + (int64_t)llround(delay_s * 1e9), 0, to, 0, err);
}

static enum sim_status phold_handle(void *context, const struct event *event, struct sim_error *err)
{
    struct phold *phold = context;
    uint32_t to = (uint32_t)stream_below(&phold->streams[event->entity], PROCESSES);
    return phold_send(phold, event->at_ns, event->entity, to, err);
}

static uint64_t phold_digest(uint64_t seed, double until_s, uint64_t *ret_count)
{
    struct sim_error err = {0};
    struct loop *loop = NULL;
    struct phold phold = {.queue = queue_of(PROCESSES * MESSAGES)};
    phold.streams = malloc(PROCESSES * sizeof(phold.streams[0]));
    assert_non_null(phold.streams);
    assert_int_equal(loop_create(phold.queue, &loop, &err), SIM_OK);
    loop_handle(loop, 0, 1, "phold", phold_handle, &phold);
    for (uint32_t i = 0; i < PROCESSES; i++) {
        stream_init(&phold.streams[i], seed, STREAM_TEST, stream_entity("process", i), 0);
        for (int k = 0; k < MESSAGES; k++)
            assert_int_equal(phold_send(&phold, 0, i, i, &err), SIM_OK);
    }
    assert_int_equal(loop_run(loop, (int64_t)(until_s * 1e9), &err), SIM_OK);
    assert_int_equal(evq_count(phold.queue), PROCESSES * MESSAGES);
    evq_check(phold.queue);
    uint64_t digest = loop_digest(loop);
    *ret_count = loop_event_count(loop);
    loop = loop_free(loop);
    phold.queue = evq_free(phold.queue);
    free(phold.streams);
    return digest;
}

/* Each message is a renewal process with steps of mean 1 s and variance 0.81 s^2: in [0, T] it
 * makes T - 0.095 steps, with variance 0.81 T. */
static void phold_runs_as_many_events_as_renewal_theory_says(void **state)
{
    (void)state;
    enum { PENDING = PROCESSES * MESSAGES };
    double until_s = 60;
    uint64_t count;
    phold_digest(1, until_s, &count);
    double expected = PENDING * (until_s - 0.095), deviation = sqrt(PENDING * 0.81 * until_s);
    printf("    %llu events, expected %.0f +- 4 * %.0f\n", (unsigned long long)count, expected,
           deviation);
    assert_true(fabs((double)count - expected) <= 4 * deviation);
}

static void equal_seeds_give_equal_digests_and_others_do_not(void **state)
{
    (void)state;
    uint64_t count, again;
    uint64_t digest = phold_digest(7, 3, &count);
    assert_int_equal(phold_digest(7, 3, &again), digest);
    assert_int_equal(count, again);
    assert_int_not_equal(phold_digest(8, 3, &again), digest);
}

/* Times between an event and the one that it causes. */
enum increments {
    INCREMENT_EXPONENTIAL,
    INCREMENT_UNIFORM,
    INCREMENT_CONSTANT,
    INCREMENT_BIMODAL_NEAR, /* mostly short, sometimes 100 times as long */
    INCREMENT_BIMODAL_FAR,  /* half within a microsecond, half after an hour */
    INCREMENT_PARETO,       /* shape 1.2: no variance */
    INCREMENT_SECONDS,      /* on the next whole seconds: long ties */
    INCREMENT_COUNT
};

static int64_t increment_ns(struct stream *stream, enum increments kind, int64_t now_ns)
{
    switch (kind) {
    case INCREMENT_EXPONENTIAL:
        return (int64_t)gsl_ran_exponential(&stream->rng, 1e9);
    case INCREMENT_UNIFORM:
        return (int64_t)stream_below(stream, 2 * NS_PER_S);
    case INCREMENT_CONSTANT:
        return NS_PER_S;
    case INCREMENT_BIMODAL_NEAR:
        return (int64_t)stream_below(stream, stream_below(stream, 10) == 0 ? 9000000 : 90000);
    case INCREMENT_BIMODAL_FAR:
        return (int64_t)stream_below(stream, 1000) +
               (stream_below(stream, 2) == 0 ? 0 : 3600 * NS_PER_S);
    case INCREMENT_PARETO:
        return (int64_t)fmin(gsl_ran_pareto(&stream->rng, 1.2, 1e6), 1e15);
    case INCREMENT_SECONDS:
    case INCREMENT_COUNT:
        break;
    }
    return NS_PER_S * (1 + (int64_t)stream_below(stream, 12)) - now_ns % NS_PER_S;
}

/* Queue and oracle side by side. */
struct pair {
    struct evq *queue;
    struct heap_oracle oracle;
    bool *cancelled; /* by sequence number; the oracle skips them */
    uint64_t sequence, cancelled_count;
    int64_t last_ns;
};

static void pair_push(struct pair *pair, int64_t at_ns)
{
    struct sim_error err = {0};
    uint64_t sequence = pair->sequence++;
    struct event event = {at_ns, sequence, 0, (uint32_t)sequence, sequence * 7};
    assert_int_equal(evq_push(pair->queue, at_ns, 0, event.entity, event.payload, &err), SIM_OK);
    heap_oracle_push(&pair->oracle, event);
}

/* False when both are empty. */
static bool pair_pop(struct pair *pair, struct event *ret_event)
{
    struct event expected = {0};
    bool there = false;
    while (pair->oracle.count > 0 && !there) {
        expected = heap_oracle_pop(&pair->oracle);
        there = !pair->cancelled[expected.sequence];
    }
    assert_int_equal(evq_pop(pair->queue, ret_event), there);
    if (!there)
        return false;
    if (memcmp(&expected, ret_event, sizeof(expected)) != 0)
        fail_msg("event %llu came instead of %llu", (unsigned long long)ret_event->sequence,
                 (unsigned long long)expected.sequence);
    assert_true(ret_event->at_ns >= pair->last_ns);
    pair->last_ns = ret_event->at_ns;
    return true;
}

static void order_compare(enum increments kind, uint64_t size, uint64_t holds, bool cancelling)
{
    struct stream stream;
    struct event event;
    struct sim_error err = {0};
    stream_init(&stream, kind, STREAM_TEST, size, cancelling);
    struct pair pair = {.queue = queue_of(2 * size + holds)};
    pair.cancelled = calloc(size + holds, sizeof(bool));
    assert_non_null(pair.cancelled);
    for (uint64_t i = 0; i < size; i++)
        pair_push(&pair, increment_ns(&stream, kind, 0));
    for (uint64_t i = 0; i < holds && pair_pop(&pair, &event); i++) {
        pair_push(&pair, event.at_ns + increment_ns(&stream, kind, event.at_ns));
        if (cancelling && stream_below(&stream, 100) == 0) {
            assert_int_equal(evq_cancel(pair.queue, pair.sequence - 1, &err), SIM_OK);
            pair.cancelled[pair.sequence - 1] = true;
        }
    }
    evq_check(pair.queue);
    uint64_t rest = size < 100000 ? size : 100000;
    for (uint64_t i = 0; i < rest; i++) {
        if (!pair_pop(&pair, &event))
            break;
    }
    heap_oracle_release(&pair.oracle);
    free(pair.cancelled);
    pair.queue = evq_free(pair.queue);
}

static void seven_distributions_and_four_sizes_come_in_the_heaps_order(void **state)
{
    (void)state;
    const struct {
        uint64_t size, holds;
    } sizes[] = {{10, 50000}, {1000, 100000}, {30000, 100000}, {1000000, 100000}};
    for (int kind = 0; kind < INCREMENT_COUNT; kind++) {
        for (int i = 0; i < 4; i++) {
            order_compare((enum increments)kind, sizes[i].size, sizes[i].holds, false);
            if (i < 3)
                order_compare((enum increments)kind, sizes[i].size, sizes[i].holds, true);
        }
    }
}

static void a_million_events_of_one_instant_keep_their_order(void **state)
{
    (void)state;
    enum { COUNT = 1000000 };
    struct sim_error err = {0};
    struct event event;
    struct evq *queue = queue_of(COUNT);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(evq_push(queue, 12 * NS_PER_S, 0, i, 0, &err), SIM_OK);
    assert_int_equal(evq_push(queue, 0, 0, 0, 0, &err), SIM_LIMIT);
    assert_true((double)evq_size_bytes(queue) / COUNT < 40);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_true(evq_pop(queue, &event));
        assert_int_equal(event.entity, i);
    }
    queue = evq_free(queue);
}

static enum sim_status never(void *context, const struct event *event, struct sim_error *err)
{
    (void)context;
    return SIM_FAIL(err, SIM_LIMIT, "event %llu should not run",
                    (unsigned long long)event->sequence);
}

static void a_run_that_stops_before_it_starts_runs_nothing(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct evq *queue = queue_of(10);
    struct loop *loop = NULL;
    assert_int_equal(loop_create(queue, &loop, &err), SIM_OK);
    loop_handle(loop, 0, 1, "never", never, NULL);
    assert_int_equal(loop_run(loop, TIME_NS_MAX, &err), SIM_OK);
    assert_int_equal(evq_push(queue, 5, 0, 0, 0, &err), SIM_OK);
    assert_int_equal(loop_run(loop, 4, &err), SIM_OK);
    assert_int_equal(loop_run(loop, -1, &err), SIM_OK);
    assert_int_equal(loop_event_count(loop), 0);
    assert_int_equal(evq_now_ns(queue), 0);
    loop = loop_free(loop);
    queue = evq_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phold_runs_as_many_events_as_renewal_theory_says),
        cmocka_unit_test(equal_seeds_give_equal_digests_and_others_do_not),
        cmocka_unit_test(seven_distributions_and_four_sizes_come_in_the_heaps_order),
        cmocka_unit_test(a_million_events_of_one_instant_keep_their_order),
        cmocka_unit_test(a_run_that_stops_before_it_starts_runs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
