#include "tests/support/maxmin_oracle.h"
#include "tests/support/net_world.h"

#include "base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define MB 1000000

static void assert_near_ns(int64_t found_ns, int64_t expected_ns)
{
    /* Ends are rounded up to whole nanoseconds, once a message and once for whoever waited. */
    if (found_ns < expected_ns - 2 || found_ns > expected_ns + 2)
        fail_msg("at %lld ns, expected %lld ns", (long long)found_ns, (long long)expected_ns);
}

static void assert_rate(const struct net_world *world, net_flow flow, double bytes_per_s)
{
    double rate = net_flow_rate(world->net, flow);
    if (fabs(rate - bytes_per_s) > 1e-9 * bytes_per_s)
        fail_msg("rate %.12g B/s, expected %.12g B/s", rate, bytes_per_s);
}

static void a_message_alone_takes_its_latency_and_the_tighter_links_time(void **state)
{
    (void)state;
    struct net_options options = net_world_options();
    struct net_host hosts[2] = {{10 * MB, 50 * MB, 3 * NS_PER_MS, 0, 1},
                                {20 * MB, 4 * MB, 7 * NS_PER_MS, 0, 2}};
    struct net_world world;
    net_world_init(&world, &options, hosts, 2, 1);
    net_world_send(&world, 0, 1, 4 * MB, 0); /* 1 s on the down link of 4 MB/s */
    net_world_send(&world, 1, 0, 0, 1);
    net_world_send(&world, 0, 0, 123, 2);
    net_world_run_checked(&world, TIME_NS_MAX);
    assert_near_ns(world.end_ns[0], NS_PER_S + 10 * NS_PER_MS);
    assert_int_equal(world.end_ns[1], 10 * NS_PER_MS);
    assert_int_equal(world.end_ns[2], 0);
    assert_int_equal(net_host_counters(world.net, 0).sent_bytes, 4 * MB + 123);
    assert_int_equal(net_host_counters(world.net, 1).delivered_bytes, 4 * MB);
    net_world_release(&world);
}

/* The textbook case: A has 10 up, B has 3 up, X has 4 down, Y has 100 down. */
static void three_flows_share_as_in_the_textbook(void **state)
{
    (void)state;
    struct net_options options = net_world_options();
    struct net_host hosts[4] = {
        {10, 1000, 0, 0, 1}, {3, 1000, 0, 0, 2}, {1000, 4, 0, 0, 3}, {1000, 100, 0, 0, 4}};
    struct net_world world;
    net_world_init(&world, &options, hosts, 4, 1);
    net_flow a_x = net_world_send(&world, 0, 2, 4000, 0);
    net_flow a_y = net_world_send(&world, 0, 3, 6000, 1);
    net_flow b_y = net_world_send(&world, 1, 3, 3000, 2);
    net_world_run_checked(&world, NS_PER_S);
    assert_rate(&world, a_x, 4);
    assert_rate(&world, a_y, 6);
    assert_rate(&world, b_y, 3);
    net_world_run_checked(&world, TIME_NS_MAX);
    for (int tag = 0; tag < 3; tag++)
        assert_near_ns(world.end_ns[tag], 1000 * NS_PER_S);
    net_world_release(&world);
}

/* Sizes 1, 2, ... 20 GB on one link of 1 GB/s: the k-th smallest ends when the smaller ones are
 * through and all larger ones have had as much, T_k = T_(k-1) + (20 - k + 1) s. */
static void a_link_that_is_never_idle_keeps_exact_times(void **state)
{
    (void)state;
    enum { COUNT = 20 };
    struct net_options options = net_world_options();
    struct net_host *hosts = net_world_hosts(COUNT + 1, 1e9, 1e9, 0);
    struct net_world world;
    net_world_init(&world, &options, hosts, COUNT + 1, 1);
    for (uint32_t i = 0; i < COUNT; i++)
        net_world_send(&world, 0, i + 1, (i + 1) * UINT64_C(1000000000), i);
    net_world_run_checked(&world, TIME_NS_MAX);
    int64_t end_ns = 0;
    for (int i = 0; i < COUNT; i++) {
        end_ns += (COUNT - i) * NS_PER_S;
        assert_near_ns(world.end_ns[i], end_ns);
    }
    net_world_release(&world);
    free(hosts);
}

static void messages_that_end_together_are_delivered_in_the_order_of_sending(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    struct sim_error err = {0};
    struct net_options options = net_world_options();
    struct net_host *hosts = net_world_hosts(4, 1e6, 1e6, NS_PER_MS);
    struct net_world world;
    net_flow flows[COUNT];
    net_world_init(&world, &options, hosts, 4, 1);
    for (uint32_t i = 0; i < COUNT; i++)
        flows[i] = net_world_send(&world, i % 2 * 2, i % 2 * 2 + 1, 1000, i);
    net_world_run_checked(&world, 3 * NS_PER_MS);
    bool cancelled; /* moves the last of a link's list into the gap */
    for (uint32_t i = 5; i < 100; i += 3)
        assert_int_equal(net_cancel(world.net, 2 * NS_PER_MS, flows[i], &cancelled, &err), SIM_OK);
    net_world_run_checked(&world, TIME_NS_MAX);
    uint64_t expected = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        if (i < 5 || i >= 100 || (i - 5) % 3 != 0)
            expected = expected * 31 + i;
    }
    assert_int_equal(world.end_ns[0], world.end_ns[COUNT - 1]);
    assert_int_equal(world.order_sum, expected);
    net_world_release(&world);
    free(hosts);
}

static void weights_are_one_over_latency(void **state)
{
    (void)state;
    struct net_options options = net_world_options();
    options.rtt_weights = true;
    struct net_host hosts[3] = {
        {8, 1000, 0, 0, 1}, {1000, 1000, 3 * NS_PER_MS, 0, 2}, {1000, 1000, 1 * NS_PER_MS, 0, 3}};
    struct net_world world;
    net_world_init(&world, &options, hosts, 3, 1);
    net_flow far = net_world_send(&world, 0, 1, 1000, 0);
    net_flow near = net_world_send(&world, 0, 2, 1000, 1);
    net_world_run_checked(&world, NS_PER_S);
    assert_rate(&world, far, 2);
    assert_rate(&world, near, 6);
    net_world_release(&world);
}

static void a_cancelled_message_leaves_its_share_to_the_others(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct net_options options = net_world_options();
    struct net_host *hosts = net_world_hosts(2, 1000, 1000, 0);
    struct net_world world;
    net_world_init(&world, &options, hosts, 2, 1);
    net_world_send(&world, 0, 1, 1000, 0);
    net_flow second = net_world_send(&world, 0, 1, 1000, 1);
    net_world_run_checked(&world, NS_PER_S); /* each has 500 of its 1000 bytes */
    bool cancelled = false;
    assert_int_equal(net_cancel(world.net, evq_now_ns(world.queue), second, &cancelled, &err),
                     SIM_OK);
    assert_true(cancelled);
    net_world_run_checked(&world, TIME_NS_MAX);
    /* Cancelled at the time of the last event, 0, when nothing had flowed. */
    assert_near_ns(world.end_ns[0], NS_PER_S);
    assert_int_equal(world.end_ns[1], -1);
    assert_int_equal(net_cancel(world.net, NS_PER_S, second, &cancelled, &err), SIM_OK);
    assert_false(cancelled);
    assert_int_equal(net_totals(world.net).cancelled_bytes, 1000);
    net_world_release(&world);
    free(hosts);
}

/* A user event, so that things can be done in the midst of a flow. */
static enum sim_status noop(void *context, const struct event *event, struct sim_error *err)
{
    (void)context, (void)event, (void)err;
    return SIM_OK;
}

static void world_wait(struct net_world *world, int64_t until_ns)
{
    struct sim_error err = {0};
    assert_int_equal(evq_push(world->queue, until_ns, NET_WORLD_KIND_USER, 0, 0, &err), SIM_OK);
    net_world_run_checked(world, until_ns);
}

static void a_changed_link_changes_the_rate_from_that_instant_on(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct net_options options = net_world_options();
    struct net_host *hosts = net_world_hosts(2, 1000, 1000, 0);
    struct net_world world;
    net_world_init(&world, &options, hosts, 2, 1);
    loop_handle(world.loop, NET_WORLD_KIND_USER, 1, "user", noop, NULL);
    net_world_send(&world, 0, 1, 2000, 0);
    world_wait(&world, NS_PER_S);
    struct net_link link = net_get_link(world.net, 1);
    link.down_bytes_per_s = 100;
    assert_int_equal(net_set_link(world.net, NS_PER_S, 1, &link, &err), SIM_OK);
    world_wait(&world, 6 * NS_PER_S); /* 1000 + 500 */
    assert_true(fabs(net_link_bytes(world.net, 6 * NS_PER_S, 0, true) - 1500) < 1e-6);
    link.down_bytes_per_s = 500;
    assert_int_equal(net_set_link(world.net, 6 * NS_PER_S, 1, &link, &err), SIM_OK);
    net_world_run_checked(&world, TIME_NS_MAX);
    assert_near_ns(world.end_ns[0], 7 * NS_PER_S);
    link.up_bytes_per_s = 0;
    assert_int_equal(net_set_link(world.net, 7 * NS_PER_S, 1, &link, &err), SIM_CONFIG);
    assert_string_equal(err.text, "network: host 1: a bandwidth is not above 0 B/s");
    net_world_release(&world);
    free(hosts);
}

static void a_crash_loses_what_flows_and_what_is_on_its_way(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct net_options options = net_world_options();
    struct net_host *hosts = net_world_hosts(3, 1000, 1000, 100 * NS_PER_MS);
    struct net_world world;
    net_world_init(&world, &options, hosts, 3, 1);
    loop_handle(world.loop, NET_WORLD_KIND_USER, 1, "user", noop, NULL);
    net_world_send(&world, 0, 1, 1000, 0);
    net_world_send(&world, 0, 2, 1000, 1);
    world_wait(&world, NS_PER_S);        /* 0.8 s of flowing: 400 bytes each */
    net_world_send(&world, 2, 1, 10, 2); /* still in its latency when the host falls */
    assert_int_equal(net_host_down(world.net, NS_PER_S, 1, &err), SIM_OK);
    assert_int_equal(world.end_ns[0], -2);
    assert_int_equal(world.end_ns[2], -1);
    assert_false(net_host_is_up(world.net, 1));
    net_world_send(&world, 1, 2, 10, 3); /* from a host that is down */
    net_host_up(world.net, 1);
    net_world_send(&world, 2, 1, 10, 4); /* after its return */
    net_world_run_checked(&world, TIME_NS_MAX);
    assert_near_ns(world.end_ns[1], 1600 * NS_PER_MS);
    assert_int_equal(world.end_ns[2], -2);
    assert_int_equal(world.end_ns[3], -2);
    assert_near_ns(world.end_ns[4], 1210 * NS_PER_MS);
    assert_int_equal(world.lost_count, 3);
    net_world_release(&world);
    free(hosts);
}

static void a_cut_between_regions_loses_what_crosses_it_until_it_heals(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct net_options options = net_world_options();
    struct net_host *hosts = net_world_hosts(4, 1000, 1000, 50 * NS_PER_MS);
    hosts[2].region = hosts[3].region = 5;
    struct net_world world;
    net_world_init(&world, &options, hosts, 4, 1);
    loop_handle(world.loop, NET_WORLD_KIND_USER, 1, "user", noop, NULL);
    net_world_send(&world, 0, 1, 1000, 0);
    net_world_send(&world, 2, 0, 1000, 1);
    world_wait(&world, 500 * NS_PER_MS);
    assert_int_equal(net_cut(world.net, 500 * NS_PER_MS, 0, 5, true, &err), SIM_OK);
    assert_int_equal(world.end_ns[1], -2);
    net_world_send(&world, 3, 1, 10, 2);
    net_world_send(&world, 2, 3, 10, 3);
    world_wait(&world, 650 * NS_PER_MS);
    assert_int_equal(world.end_ns[2], -2);
    assert_near_ns(world.end_ns[3], 610 * NS_PER_MS);
    net_world_send(&world, 3, 1, 10, 4);
    assert_int_equal(net_cut(world.net, 650 * NS_PER_MS, 5, 0, false, &err), SIM_OK);
    net_world_run_checked(&world, TIME_NS_MAX);
    assert_true(world.end_ns[4] > 0);
    assert_near_ns(world.end_ns[0], 1100 * NS_PER_MS + 10 * NS_PER_MS);
    net_world_release(&world);
    free(hosts);
}

static void fifo_serves_whole_messages_in_order_and_cuts_through(void **state)
{
    (void)state;
    struct net_options options = net_world_options();
    options.sharing = NET_FIFO;
    struct net_host hosts[3] = {{1000, 1000, 0, 0, 1}, {1000, 1000, 0, 0, 2}, {1000, 250, 0, 0, 3}};
    hosts[0].half_latency_ns = 100 * NS_PER_MS;
    struct net_world world;
    net_world_init(&world, &options, hosts, 3, 1);
    net_world_send(&world, 0, 1, 1000, 0); /* up 0..1, down 0.1..1.1 */
    net_world_send(&world, 0, 1, 500, 1);  /* up 1..1.5, down 1.1..1.6 */
    net_world_send(&world, 0, 2, 500, 2);  /* up 1.5..2, down 1.6..3.6: 250 B/s */
    net_world_run(&world, TIME_NS_MAX);
    net_check(world.net);
    assert_near_ns(world.end_ns[0], 1100 * NS_PER_MS);
    assert_near_ns(world.end_ns[1], 1600 * NS_PER_MS);
    assert_near_ns(world.end_ns[2], 3600 * NS_PER_MS);
    net_world_release(&world);
}

/* 65536 bytes in windows of 10, 20 and 16 segments, 15020, 30040 and 22960 bytes on the wire, over
 * links of 1 byte a microsecond and 10 ms each:
 *   window 1: 0; reaches the down link at 1.502 + 10, its second segment is through at 14.506
 *   first acknowledgement back: 24.506 + 0.054 + 10 + 0.054 + 10 = 44.614
 *   window 2: 44.614 + 1.502 + 10 = 56.116, + 3.004 + 10 = 69.120, acknowledged at 89.228
 *   window 3: 89.228 + 1.502 + 10 = 100.730, + 22.960 + 10 = 133.690 ms */
static void tcp_sends_a_window_for_each_acknowledgement_of_the_one_before(void **state)
{
    (void)state;
    struct net_options options = net_world_options();
    options.sharing = NET_TCP;
    options.window_growth = 2;
    struct net_host *hosts = net_world_hosts(2, 1e6, 1e6, 10 * NS_PER_MS);
    struct net_world world;
    net_world_init(&world, &options, hosts, 2, 1);
    net_world_send(&world, 0, 1, 65536, 0);
    net_world_run(&world, TIME_NS_MAX);
    net_check(world.net);
    assert_near_ns(world.end_ns[0], 133690000);
    net_world_release(&world);
    free(hosts);
}

/* A new connection first sends 54 bytes there and back. */
static void a_tcp_connection_costs_a_round_trip(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct net_options options = net_world_options();
    options.sharing = NET_TCP;
    options.window_growth = 2;
    struct net_host *hosts = net_world_hosts(2, 1e6, 1e6, 10 * NS_PER_MS);
    struct net_world world;
    net_world_init(&world, &options, hosts, 2, 1);
    struct net_message message = {0, 1, 1448, 0, NET_CONNECT};
    assert_int_equal(net_send(world.net, 0, &message, NULL, &err), SIM_OK);
    net_world_run(&world, TIME_NS_MAX);
    /* 4 times 54 us and 10 ms, then a segment through two links. */
    assert_near_ns(world.end_ns[0], 4 * (54000 + 10 * NS_PER_MS) + 2 * (1502000 + 10 * NS_PER_MS));
    net_world_release(&world);
    free(hosts);
}

/* 200 first windows of 15020 bytes stand in one queue of 1 MB/s: the last is acknowledged after
 * 3 s, later than the time-out of 1 s, and is sent again. */
static void tcp_sends_again_what_is_acknowledged_too_late(void **state)
{
    (void)state;
    struct net_options options = net_world_options();
    options.sharing = NET_TCP;
    options.window_growth = 2;
    struct net_host *hosts = net_world_hosts(201, 1e6, 1e6, 10 * NS_PER_MS);
    struct net_world world;
    net_world_init(&world, &options, hosts, 201, 1);
    for (uint32_t i = 0; i < 200; i++)
        net_world_send(&world, 0, i + 1, 28960, i);
    net_world_run(&world, TIME_NS_MAX);
    assert_int_equal(world.delivered_count, 200);
    double once = 200 * (28960 + 20 * 54), passed = net_link_bytes(world.net, 0, 0, true);
    /* About two thirds of the first windows, and some of the second, are sent twice. */
    assert_true(passed > once * 1.25 && passed < once * 2);
    net_world_release(&world);
    free(hosts);
}

static void latency_alone_shares_nothing(void **state)
{
    (void)state;
    struct net_options options = net_world_options();
    options.sharing = NET_LATENCY;
    struct net_host *hosts = net_world_hosts(2, 1000, 500, 100 * NS_PER_MS);
    struct net_world world;
    net_world_init(&world, &options, hosts, 2, 1);
    for (uint64_t tag = 0; tag < 10; tag++)
        net_world_send(&world, 0, 1, 1000, tag);
    net_world_run(&world, TIME_NS_MAX);
    for (int tag = 0; tag < 10; tag++)
        assert_near_ns(world.end_ns[tag], 2200 * NS_PER_MS);
    net_world_release(&world);
    free(hosts);
}

static void slow_start_charges_a_round_trip_for_each_window_but_the_last(void **state)
{
    (void)state;
    struct net_options options = net_world_options();
    options.slow_start = NET_SLOW_START_ROUNDS;
    struct net_host *hosts = net_world_hosts(2, 1e9, 1e9, 10 * NS_PER_MS);
    struct net_world world;
    net_world_init(&world, &options, hosts, 2, 1);
    /* Windows of 10, 20, 40, 80 segments of 1448 bytes. */
    const struct {
        uint64_t size_bytes;
        uint32_t trips;
    } cases[] = {{0, 0},     {1, 0},     {14480, 0},  {14481, 1},
                 {43440, 1}, {43441, 2}, {101360, 2}, {101361, 3}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(net_round_trips(world.net, cases[i].size_bytes, NET_ON_CONNECTION),
                         cases[i].trips);
        assert_int_equal(net_round_trips(world.net, cases[i].size_bytes, NET_CONNECT),
                         cases[i].trips + 1);
    }
    net_world_send(&world, 0, 1, 65536, 0); /* 46 segments: 20 ms + 2 * 40 ms + 65.536 us */
    net_world_run_checked(&world, TIME_NS_MAX);
    assert_near_ns(world.end_ns[0], 100 * NS_PER_MS + 65536);
    net_world_release(&world);
    free(hosts);
}

static void regions_add_the_measured_latency(void **state)
{
    (void)state;
    struct net_options options = net_world_options();
    options.regions = REGION_2019;
    struct net_host *hosts = net_world_hosts(2, 1e9, 1e9, NS_PER_MS);
    hosts[0].region = 4;
    hosts[1].region = 1;
    struct net_world world;
    net_world_init(&world, &options, hosts, 2, 1);
    assert_int_equal(net_latency_ns(world.net, 0, 1), 254 * NS_PER_MS);
    net_world_release(&world);
    for (int set = REGION_2015; set <= REGION_2019; set++) {
        const struct region *table = region_table((enum region_set)set);
        double share = 0;
        for (int i = 0; i < REGION_COUNT; i++) {
            share += table[i].node_share;
            for (int k = 0; k < REGION_COUNT; k++)
                assert_int_equal(table[i].latency_ms[k], table[k].latency_ms[i]);
        }
        assert_true(fabs(share - 1) < 1e-9);
    }
    free(hosts);
}

/* Sends `count` messages from host 0 to host 1; every second one from host 2 between them. */
static uint64_t chances_sum(double jitter, double loss, int count, bool with_neighbour,
                            struct net_world *world)
{
    struct net_options options = net_world_options();
    options.jitter = jitter;
    options.loss = loss;
    struct net_host *hosts = net_world_hosts(3, 1e12, 1e12, 50 * NS_PER_MS);
    net_world_init(world, &options, hosts, 3, 9);
    for (int i = 0; i < count; i++) {
        net_world_send(world, 0, 1, 1, (uint64_t)i);
        if (with_neighbour)
            net_world_send(world, 2, 1, 1, (uint64_t)(count + i));
    }
    net_world_run(world, TIME_NS_MAX);
    struct digest digest;
    digest_init(&digest);
    for (int i = 0; i < count; i++)
        digest_u64(&digest, (uint64_t)world->end_ns[i]);
    free(hosts);
    return digest_value(&digest);
}

static void jitter_and_loss_have_their_means_and_belong_to_the_sender(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    struct net_world world;
    uint64_t alone = chances_sum(0.2, 0.1, COUNT, false, &world);
    double sum_s = 0;
    for (int i = 0; i < COUNT; i++)
        sum_s += world.end_ns[i] > 0 ? (double)world.end_ns[i] / 1e9 : 0;
    double mean_s = sum_s / (double)world.delivered_count;
    double lost = (double)world.lost_count / COUNT;
    /* 4 standard errors: 0.02 / sqrt(18000) s and sqrt(0.09 / 20000). */
    assert_true(fabs(mean_s - 0.12) < 4 * 0.02 / sqrt(18000));
    assert_true(fabs(lost - 0.1) < 4 * sqrt(0.09 / COUNT));
    net_world_release(&world);
    assert_int_equal(chances_sum(0.2, 0.1, COUNT, true, &world), alone);
    net_world_release(&world);
    assert_int_not_equal(chances_sum(0.2, 0.2, COUNT, false, &world), alone);
    net_world_release(&world);
}

static void more_messages_than_the_limit_end_in_an_error(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct net_options options = net_world_options();
    options.flow_limit = 2;
    struct net_host *hosts = net_world_hosts(2, 1, 1, 0);
    struct net_world world;
    net_world_init(&world, &options, hosts, 2, 1);
    net_world_send(&world, 0, 1, 1, 0);
    net_world_send(&world, 0, 1, 1, 1);
    struct net_message message = {0, 1, 1, 2, NET_CONNECT};
    assert_int_equal(net_send(world.net, 0, &message, NULL, &err), SIM_LIMIT);
    assert_string_equal(err.text, "network: 2 messages are under way, flow_limit allows no more");
    net_world_release(&world);
    free(hosts);
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
        cmocka_unit_test(a_message_alone_takes_its_latency_and_the_tighter_links_time),
        cmocka_unit_test(three_flows_share_as_in_the_textbook),
        cmocka_unit_test(a_link_that_is_never_idle_keeps_exact_times),
        cmocka_unit_test(messages_that_end_together_are_delivered_in_the_order_of_sending),
        cmocka_unit_test(weights_are_one_over_latency),
        cmocka_unit_test(a_cancelled_message_leaves_its_share_to_the_others),
        cmocka_unit_test(a_changed_link_changes_the_rate_from_that_instant_on),
        cmocka_unit_test(a_crash_loses_what_flows_and_what_is_on_its_way),
        cmocka_unit_test(a_cut_between_regions_loses_what_crosses_it_until_it_heals),
        cmocka_unit_test(fifo_serves_whole_messages_in_order_and_cuts_through),
        cmocka_unit_test(tcp_sends_a_window_for_each_acknowledgement_of_the_one_before),
        cmocka_unit_test(a_tcp_connection_costs_a_round_trip),
        cmocka_unit_test(tcp_sends_again_what_is_acknowledged_too_late),
        cmocka_unit_test(latency_alone_shares_nothing),
        cmocka_unit_test(slow_start_charges_a_round_trip_for_each_window_but_the_last),
        cmocka_unit_test(regions_add_the_measured_latency),
        cmocka_unit_test(jitter_and_loss_have_their_means_and_belong_to_the_sender),
        cmocka_unit_test(more_messages_than_the_limit_end_in_an_error),
        cmocka_unit_test(shares_equal_progressive_filling_at_every_settle),
        cmocka_unit_test(invariants_hold_after_every_event_of_random_traffic),
        cmocka_unit_test(a_network_saved_and_loaded_goes_on_to_the_same_digest),
        cmocka_unit_test(damaged_state_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
