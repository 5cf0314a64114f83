/* Random traffic: shares against an oracle, invariants after every event, resumption. */
#include "tests/support/maxmin_oracle.h"
#include "tests/support/net_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void assert_rate(const struct net_world *world, net_flow flow, double bytes_per_s)
{
    double rate = net_flow_rate(world->net, flow);
    if (fabs(rate - bytes_per_s) > 1e-9 * bytes_per_s)
        fail_msg("rate %.12g B/s, expected %.12g B/s", rate, bytes_per_s);
}

/* Random traffic among few hosts, so that links are shared by many: sends follow deliveries. */
struct traffic {
    struct stream stream;
    uint32_t host_count;
    uint64_t next_tag, tag_limit;
    net_flow flows[64];
};

static void traffic_send(struct net_world *world, struct traffic *traffic)
{
    if (traffic->next_tag == traffic->tag_limit)
        return;
    uint32_t source = (uint32_t)stream_below(&traffic->stream, traffic->host_count);
    uint32_t target = (uint32_t)stream_below(&traffic->stream, traffic->host_count);
    uint64_t size_bytes = stream_u64(&traffic->stream) >> (44 + stream_below(&traffic->stream, 12));
    uint64_t tag = traffic->next_tag++;
    traffic->flows[tag % 64] = net_world_send(world, source, target, size_bytes, tag);
}

static enum sim_status traffic_next(struct net_world *world, uint64_t tag, int64_t now_ns,
                                    struct sim_error *err)
{
    struct traffic *traffic = world->context;
    (void)tag;
    for (uint64_t n = stream_below(&traffic->stream, 3); n > 0; n--)
        traffic_send(world, traffic);
    if (stream_below(&traffic->stream, 20) != 0)
        return SIM_OK;
    bool cancelled;
    return net_cancel(world->net, now_ns, traffic->flows[stream_below(&traffic->stream, 64)],
                      &cancelled, err);
}

static void traffic_begin(struct net_world *world, struct traffic *traffic, uint64_t seed,
                          const struct net_options *options, struct net_host *hosts,
                          uint32_t host_count)
{
    *traffic = (struct traffic){.host_count = host_count, .tag_limit = 3000};
    stream_init(&traffic->stream, seed, STREAM_TEST, 77, 0);
    for (uint32_t i = 0; i < host_count; i++)
        hosts[i] = (struct net_host){1e3 + 1e6 * stream_uniform(&traffic->stream),
                                     1e3 + 1e6 * stream_uniform(&traffic->stream),
                                     (int64_t)stream_below(&traffic->stream, 50) * NS_PER_MS,
                                     (uint32_t)stream_below(&traffic->stream, 3),
                                     stream_entity("host", i)};
    net_world_init(world, options, hosts, host_count, seed);
    world->next = traffic_next;
    world->context = traffic;
    for (int i = 0; i < 300; i++)
        traffic_send(world, traffic);
}

/* The rates of all flows that the traffic knows of, against progressive filling. */
static void rates_compare(const struct net_world *world, const struct traffic *traffic,
                          const struct net_host *hosts, const uint32_t (*ends)[2],
                          const net_flow *flows)
{
    static struct oracle_flow shared[4096];
    static net_flow names[4096];
    double capacity[64];
    uint32_t count = 0;
    for (uint32_t i = 0; i < traffic->host_count; i++) {
        capacity[2 * i] = hosts[i].up_bytes_per_s;
        capacity[2 * i + 1] = hosts[i].down_bytes_per_s;
    }
    for (uint64_t tag = 0; tag < traffic->next_tag; tag++) {
        if (net_flow_rate(world->net, flows[tag]) == 0)
            continue;
        shared[count].link[0] = 2 * ends[tag][0];
        shared[count].link[1] = 2 * ends[tag][1] + 1;
        shared[count].weight = 1;
        names[count++] = flows[tag];
    }
    oracle_fill(capacity, 2 * traffic->host_count, shared, count);
    for (uint32_t i = 0; i < count; i++)
        assert_rate(world, names[i], shared[i].rate);
}

static void shares_equal_progressive_filling_at_every_settle(void **state)
{
    (void)state;
    enum { HOSTS = 12, FLOWS = 400 };
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct sim_error err = {0};
        struct net_options options = net_world_options();
        struct net_host hosts[HOSTS];
        static net_flow flows[FLOWS];
        static uint32_t ends[FLOWS][2];
        struct traffic traffic;
        struct net_world world;
        traffic_begin(&world, &traffic, seed, &options, hosts, HOSTS);
        net_world_release(&world);
        net_world_init(&world, &options, hosts, HOSTS, seed);
        traffic.next_tag = 0;
        for (; traffic.next_tag < FLOWS; traffic.next_tag++) {
            uint64_t tag = traffic.next_tag;
            ends[tag][0] = (uint32_t)stream_below(&traffic.stream, HOSTS);
            ends[tag][1] =
                (ends[tag][0] + 1 + (uint32_t)stream_below(&traffic.stream, HOSTS - 1)) % HOSTS;
            flows[tag] = net_world_send(&world, ends[tag][0], ends[tag][1],
                                        1 + stream_u64(&traffic.stream) % 100000, tag);
        }
        uint64_t settles = 0;
        for (bool ran = true; ran;) {
            assert_int_equal(loop_step(world.loop, TIME_NS_MAX, &ran, &err), SIM_OK);
            net_check(world.net);
            if (net_effort(world.net).settle_count == settles)
                continue;
            settles = net_effort(world.net).settle_count;
            rates_compare(&world, &traffic, hosts, (const uint32_t(*)[2])ends, flows);
        }
        assert_int_equal(world.delivered_count, FLOWS);
        net_world_release(&world);
    }
}

static struct net_options traffic_options(uint64_t seed)
{
    struct net_options options = net_world_options();
    const int others[] = {NET_FIFO, NET_LATENCY, NET_TCP};
    options.sharing = seed % 2 == 0 ? others[seed / 2 % 3] : NET_MAXMIN;
    options.window_growth = 2;
    options.rtt_weights = seed % 3 == 0;
    options.jitter = seed % 3 == 0 ? 0.3 : 0;
    options.loss = seed % 5 == 0 ? 0.1 : 0;
    options.eps = seed % 3 == 1 ? 0.09 : 1e-12;
    options.slow_start = seed % 3 == 1 ? NET_SLOW_START_ROUNDS : NET_SLOW_START_OFF;
    options.regions = seed % 8 == 1 ? REGION_2015 : REGION_NONE;
    return options;
}

static void invariants_hold_after_every_event_of_random_traffic(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 16; seed++) {
        struct net_options options = traffic_options(seed);
        struct net_host hosts[16];
        struct traffic traffic;
        struct net_world world;
        traffic_begin(&world, &traffic, seed, &options, hosts, 16);
        net_world_run_checked(&world, TIME_NS_MAX);
        struct net_counters totals = net_totals(world.net);
        assert_int_equal(net_flow_count(world.net), 0);
        assert_int_equal(totals.message_count, traffic.next_tag);
        assert_int_equal(totals.delivered_count, world.delivered_count);
        assert_int_equal(totals.lost_count, world.lost_count);
        net_world_release(&world);
    }
}

/* Saves `world`, loads into `fresh` and compares the bytes that both save. */
static void world_resume(struct net_world *world, struct net_world *fresh,
                         const struct net_options *options, const struct net_host *hosts,
                         uint32_t host_count, uint64_t seed)
{
    struct sim_error err = {0};
    struct buffer buffer, again;
    struct buffer_reader reader;
    buffer_init(&buffer);
    buffer_init(&again);
    assert_int_equal(evq_save(world->queue, &buffer, &err), SIM_OK);
    loop_save(world->loop, &buffer);
    assert_int_equal(net_save(world->net, &buffer, &err), SIM_OK);
    net_world_init(fresh, options, hosts, host_count, seed);
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    assert_int_equal(evq_load(fresh->queue, &reader, &err), SIM_OK);
    assert_int_equal(loop_load(fresh->loop, &reader, &err), SIM_OK);
    if (net_load(fresh->net, &reader, &err) != SIM_OK)
        fail_msg("%s", err.text);
    assert_int_equal(reader.position, buffer.size_bytes);
    net_check(fresh->net);
    assert_int_equal(evq_save(fresh->queue, &again, &err), SIM_OK);
    loop_save(fresh->loop, &again);
    assert_int_equal(net_save(fresh->net, &again, &err), SIM_OK);
    assert_int_equal(buffer.size_bytes, again.size_bytes);
    assert_memory_equal(buffer.bytes, again.bytes, buffer.size_bytes);
    memcpy(fresh->end_ns, world->end_ns, NET_WORLD_TAGS * sizeof(fresh->end_ns[0]));
    fresh->next = world->next;
    fresh->context = world->context;
    buffer_release(&buffer);
    buffer_release(&again);
}

/* Cut after `cut` events, resumed, and compared with `whole`, which ran through. */
static void resume_compare(const struct net_world *whole, uint64_t cut, uint64_t seed)
{
    struct sim_error err = {0};
    struct net_options options = traffic_options(seed);
    struct net_host hosts[16];
    struct traffic traffic;
    struct net_world part, rest;
    bool ran;
    traffic_begin(&part, &traffic, seed, &options, hosts, 16);
    for (uint64_t i = 0; i < cut; i++)
        assert_int_equal(loop_step(part.loop, TIME_NS_MAX, &ran, &err), SIM_OK);
    world_resume(&part, &rest, &options, hosts, 16, seed);
    net_world_release(&part);
    net_world_run(&rest, TIME_NS_MAX);
    net_check(rest.net);
    assert_int_equal(loop_event_count(rest.loop), loop_event_count(whole->loop));
    assert_int_equal(loop_digest(rest.loop), loop_digest(whole->loop));
    assert_memory_equal(rest.end_ns, whole->end_ns, 4096 * sizeof(int64_t));
    net_world_release(&rest);
}

static void a_network_saved_and_loaded_goes_on_to_the_same_digest(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct net_options options = traffic_options(seed);
        struct net_host hosts[16];
        struct traffic traffic;
        struct net_world whole;
        traffic_begin(&whole, &traffic, seed, &options, hosts, 16);
        net_world_run(&whole, TIME_NS_MAX);
        uint64_t event_count = loop_event_count(whole.loop);
        /* Three neighbours each time: also between what happens at an instant and its settling. */
        for (uint64_t part = 1; part < 5; part++) {
            for (uint64_t next = 0; next < 3; next++)
                resume_compare(&whole, event_count * part / 5 + next, seed);
        }
        net_world_release(&whole);
    }
}

static void damaged_state_is_refused(void **state)
{
    (void)state;
    struct net_options options = traffic_options(1);
    struct net_host hosts[16];
    struct traffic traffic;
    struct net_world world;
    struct sim_error err = {0};
    struct buffer buffer;
    buffer_init(&buffer);
    traffic_begin(&world, &traffic, 1, &options, hosts, 16);
    net_world_run(&world, NS_PER_S);
    assert_int_equal(net_save(world.net, &buffer, &err), SIM_OK);
    net_world_release(&world);
    for (size_t length = 0; length < buffer.size_bytes; length += 97) {
        struct buffer_reader reader;
        net_world_init(&world, &options, hosts, 16, 1);
        buffer_reader_init(&reader, buffer.bytes, length);
        assert_int_equal(net_load(world.net, &reader, &err), SIM_IO);
        net_world_release(&world);
    }
    buffer_release(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_equal_progressive_filling_at_every_settle),
        cmocka_unit_test(invariants_hold_after_every_event_of_random_traffic),
        cmocka_unit_test(a_network_saved_and_loaded_goes_on_to_the_same_digest),
        cmocka_unit_test(damaged_state_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
