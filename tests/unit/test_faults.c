#include "net/faults.h"
#include "tests/support/net_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { KIND_FAULTS = NET_WORLD_KIND_NET + NET_KIND_COUNT, CHANGES_MAX = 100000 };

struct change {
    uint32_t host;
    struct host_condition condition;
    int64_t at_ns;
};

/* A world in which things go wrong. */
struct scene {
    struct net_world world;
    struct faults *faults;
    struct change *changes;
    uint32_t change_count;
};

static enum sim_status changed(void *context, uint32_t host, const struct host_condition *condition,
                               int64_t now_ns, struct sim_error *err)
{
    struct scene *scene = context;
    (void)err;
    if (scene->change_count < CHANGES_MAX)
        scene->changes[scene->change_count++] = (struct change){host, *condition, now_ns};
    return SIM_OK;
}

/* Floods' tags go to the faults, all others to the world. */
static enum sim_status delivered(void *context, uint64_t tag, enum net_outcome outcome,
                                 int64_t now_ns, struct sim_error *err)
{
    struct scene *scene = context;
    if (tag & FAULTS_TAG)
        return faults_delivered(scene->faults, tag, outcome, now_ns, err);
    return net_world_delivered(&scene->world, tag, outcome, now_ns, err);
}

static void scene_init(struct scene *scene, struct net_host *hosts, uint32_t host_count,
                       uint64_t seed)
{
    struct sim_error err = {0};
    struct net_options options = net_world_options();
    *scene = (struct scene){0};
    scene->changes = calloc(CHANGES_MAX, sizeof(scene->changes[0]));
    assert_non_null(scene->changes);
    net_world_init_for(&scene->world, &options, hosts, host_count, seed, delivered, scene);
    struct faults_wiring wiring = {.queue = scene->world.queue,
                                   .net = scene->world.net,
                                   .first_kind = KIND_FAULTS,
                                   .seed = seed,
                                   .changed = changed,
                                   .context = scene};
    assert_int_equal(faults_create(&wiring, &scene->faults, &err), SIM_OK);
    loop_handle(scene->world.loop, KIND_FAULTS, FAULTS_KIND_COUNT, "faults", faults_handle,
                scene->faults);
}

static void scene_release(struct scene *scene)
{
    scene->faults = faults_free(scene->faults);
    net_world_release(&scene->world);
    free(scene->changes);
}

static void add(struct scene *scene, struct fault fault)
{
    struct sim_error err = {0};
    if (faults_add(scene->faults, &fault, &err) != SIM_OK)
        fail_msg("%s", err.text);
}

static struct dist exponential(double mean_s)
{
    return (struct dist){.shape = DIST_EXPONENTIAL,
                         .type = DIST_I64,
                         .min = {.i64 = 0},
                         .max = {.i64 = TIME_NS_MAX},
                         .location = mean_s * 1e9};
}

/* Each of the hosts crashes and returns at random, by itself. */
static void add_crashes(struct scene *scene, const struct net_host *hosts, uint32_t first,
                        uint32_t count, const struct dist *up_ns, const struct dist *down_ns)
{
    for (uint32_t i = first; i < first + count; i++)
        add(scene, (struct fault){.kind = FAULT_CRASH,
                                  .up_ns = up_ns,
                                  .down_ns = down_ns,
                                  .entity = hosts[i].entity,
                                  .hosts = &i,
                                  .host_count = 1});
}

static void assert_end_s(const struct scene *scene, int tag, double expected_s)
{
    double found_s = (double)scene->world.end_ns[tag] / 1e9;
    if (fabs(found_s - expected_s) > 1e-8)
        fail_msg("message %d ended at %.9f s, expected %.9f s", tag, found_s, expected_s);
}

static void a_crash_takes_the_host_down_and_back(void **state)
{
    (void)state;
    struct net_host *hosts = net_world_hosts(3, 1000, 1000, 0);
    struct scene scene;
    scene_init(&scene, hosts, 3, 1);
    uint32_t one = 1;
    add(&scene, (struct fault){.kind = FAULT_CRASH,
                               .at_ns = NS_PER_S,
                               .duration_ns = 3 * NS_PER_S,
                               .hosts = &one,
                               .host_count = 1});
    add(&scene, (struct fault){.kind = FAULT_CRASH,
                               .at_ns = 2 * NS_PER_S,
                               .duration_ns = 4 * NS_PER_S,
                               .hosts = &one,
                               .host_count = 1});
    net_world_send(&scene.world, 0, 1, 2000, 0); /* cut off half way */
    net_world_send(&scene.world, 0, 2, 2000, 1); /* has the link alone from 1 s on */
    net_world_run_checked(&scene.world, TIME_NS_MAX);
    assert_int_equal(scene.world.end_ns[0], -2);
    assert_end_s(&scene, 1, 1 + 1.5);
    assert_int_equal(scene.change_count, 2); /* the two crashes overlap */
    assert_false(scene.changes[0].condition.up);
    assert_int_equal(scene.changes[0].at_ns, NS_PER_S);
    assert_true(scene.changes[1].condition.up);
    assert_int_equal(scene.changes[1].at_ns, 6 * NS_PER_S);
    assert_true(faults_host(scene.faults, 1).up);
    scene_release(&scene);
    free(hosts);
}

static void factors_of_overlapping_faults_multiply_and_end_exactly(void **state)
{
    (void)state;
    struct net_host *hosts = net_world_hosts(2, 1000, 1000, 10 * NS_PER_MS);
    struct scene scene;
    scene_init(&scene, hosts, 2, 1);
    uint32_t zero = 0;
    struct fault fault = {.kind = FAULT_LINK,
                          .at_ns = NS_PER_S,
                          .duration_ns = 2 * NS_PER_S,
                          .hosts = &zero,
                          .host_count = 1,
                          .up_factor = 0.5,
                          .down_factor = 1,
                          .latency_factor = 3,
                          .loss = 0.5};
    add(&scene, fault);
    fault.at_ns = 2 * NS_PER_S;
    fault.up_factor = 0.1;
    add(&scene, fault);
    add(&scene, (struct fault){.kind = FAULT_SLOW,
                               .at_ns = NS_PER_S,
                               .duration_ns = NS_PER_S,
                               .hosts = &zero,
                               .host_count = 1,
                               .speed = 0.25});
    hosts[0].half_latency_ns = 0;
    net_world_send(&scene.world, 0, 1, 1000, 0);
    net_world_run_checked(&scene.world, NS_PER_S);
    assert_int_equal(net_get_link(scene.world.net, 0).half_latency_ns, 30 * NS_PER_MS);
    assert_true(faults_host(scene.faults, 0).speed == 0.25);
    net_world_run_checked(&scene.world, 2 * NS_PER_S);
    struct net_link link = net_get_link(scene.world.net, 0);
    assert_true(fabs(link.up_bytes_per_s - 50) < 1e-9 && fabs(link.loss - 0.75) < 1e-12);
    assert_true(faults_host(scene.faults, 0).speed == 1);
    net_world_run_checked(&scene.world, TIME_NS_MAX);
    link = net_get_link(scene.world.net, 0);
    assert_true(link.up_bytes_per_s == 1000 && link.loss == 0);
    assert_int_equal(link.half_latency_ns, 10 * NS_PER_MS);
    /* 0.98 s at 1000, then 20 bytes at 500 B/s. */
    assert_end_s(&scene, 0, 1.04);
    scene_release(&scene);
    free(hosts);
}

static void a_cut_holds_until_its_last_cause_ends(void **state)
{
    (void)state;
    struct net_host *hosts = net_world_hosts(2, 1000, 1000, NS_PER_S);
    hosts[1].region = 1;
    struct scene scene;
    scene_init(&scene, hosts, 2, 1);
    add(&scene, (struct fault){.kind = FAULT_CUT,
                               .at_ns = NS_PER_S,
                               .duration_ns = 2 * NS_PER_S,
                               .regions_a = 1u << 0,
                               .regions_b = 1u << 1});
    add(&scene, (struct fault){.kind = FAULT_CUT,
                               .at_ns = 2 * NS_PER_S,
                               .duration_ns = 3 * NS_PER_S,
                               .regions_a = 1u << 1,
                               .regions_b = 1u << 0});
    net_world_send(&scene.world, 0, 1, 10, 0); /* would arrive at 2 s */
    net_world_run_checked(&scene.world, 3 * NS_PER_S);
    assert_int_equal(scene.world.end_ns[0], -2);
    net_world_send(&scene.world, 0, 1, 10, 1); /* reaches the link at 5 s, when it heals */
    net_world_send(&scene.world, 1, 0, 10, 2);
    net_world_run_checked(&scene.world, TIME_NS_MAX);
    assert_end_s(&scene, 1, 5.01);
    assert_end_s(&scene, 2, 5.01);
    scene_release(&scene);
    free(hosts);
}

/* 9 senders with 2 messages each and one honest one share the victim's link of 1000 B/s. */
static void a_flood_competes_for_the_victims_link(void **state)
{
    (void)state;
    struct net_host *hosts = net_world_hosts(11, 1e6, 1000, 0);
    uint32_t senders[9];
    struct scene scene;
    scene_init(&scene, hosts, 11, 1);
    for (uint32_t i = 0; i < 9; i++)
        senders[i] = i + 2;
    add(&scene, (struct fault){.kind = FAULT_FLOOD,
                               .at_ns = NS_PER_S,
                               .duration_ns = 19 * NS_PER_S,
                               .hosts = senders,
                               .host_count = 9,
                               .victim = 1,
                               .parallel = 2,
                               .message_bytes = 100});
    net_world_send(&scene.world, 0, 1, 2000, 0);
    net_world_run_checked(&scene.world, 20 * NS_PER_S - 1);
    /* 1 s alone, then 19 s at 1000 / 19. */
    assert_end_s(&scene, 0, -1e-9);
    double passed = net_link_bytes(scene.world.net, 20 * NS_PER_S, 1, false);
    assert_true(fabs(passed - 20000) < 1e-3);
    net_world_run_checked(&scene.world, TIME_NS_MAX);
    assert_int_equal(net_flow_count(scene.world.net), 0);
    assert_true(scene.world.end_ns[0] >= 20 * NS_PER_S &&
                scene.world.end_ns[0] < 20 * NS_PER_S + NS_PER_MS);
    scene_release(&scene);
    free(hosts);
}

static void a_flood_goes_on_after_the_victim_returns(void **state)
{
    (void)state;
    struct net_host *hosts = net_world_hosts(3, 1000, 1000, 0);
    uint32_t two = 2, one = 1;
    struct scene scene;
    scene_init(&scene, hosts, 3, 1);
    add(&scene, (struct fault){.kind = FAULT_FLOOD,
                               .duration_ns = 20 * NS_PER_S,
                               .hosts = &two,
                               .host_count = 1,
                               .victim = 1,
                               .parallel = 1,
                               .message_bytes = 100});
    add(&scene, (struct fault){.kind = FAULT_CRASH,
                               .at_ns = 5 * NS_PER_S,
                               .duration_ns = 5 * NS_PER_S,
                               .hosts = &one,
                               .host_count = 1});
    net_world_run_checked(&scene.world, TIME_NS_MAX);
    struct net_counters counters = net_host_counters(scene.world.net, 1);
    /* Nearly 5 s and 10 s of full link; the sender tries each second in between. */
    assert_in_range(counters.delivered_bytes, 13800, 15000);
    assert_in_range(net_totals(scene.world.net).lost_count, 4, 6);
    scene_release(&scene);
    free(hosts);
}

static void random_failures_have_their_means_and_belong_to_the_host(void **state)
{
    (void)state;
    enum { HOSTS = 40 };
    struct net_host *hosts = net_world_hosts(HOSTS, 1000, 1000, 0);
    struct scene all, one;
    scene_init(&all, hosts, HOSTS, 5);
    scene_init(&one, hosts, HOSTS, 5);
    struct dist up_ns = exponential(90), down_ns = exponential(10);
    add_crashes(&all, hosts, 0, HOSTS, &up_ns, &down_ns);
    add_crashes(&one, hosts, 7, 1, &up_ns, &down_ns);
    int64_t until_ns = 20000 * NS_PER_S;
    net_world_run(&all.world, until_ns);
    net_world_run(&one.world, until_ns);
    double down_s = 0;
    uint32_t failures = 0, of_seven = 0;
    int64_t since_ns[HOSTS] = {0};
    for (uint32_t i = 0; i < all.change_count; i++) {
        const struct change *change = &all.changes[i];
        failures += !change->condition.up;
        if (change->condition.up)
            down_s += (double)(change->at_ns - since_ns[change->host]) / 1e9;
        since_ns[change->host] = change->at_ns;
        if (change->host == 7 && of_seven < one.change_count)
            assert_int_equal(one.changes[of_seven++].at_ns, change->at_ns);
    }
    /* 40 * 20000 / 100 = 8000 failures; a renewal count with step deviation sqrt(8200) s has
     * deviation sqrt(8000 * 0.82) = 81; down a tenth of the time. */
    assert_in_range(failures, 8000 - 4 * 81, 8000 + 4 * 81);
    double mean_s = down_s / failures;
    assert_true(fabs(mean_s - 10) < 4 * 10 / sqrt(8000));
    assert_int_equal(of_seven, one.change_count);
    scene_release(&all);
    scene_release(&one);
    free(hosts);
}

/* Up and down for 2 s each, in a window of 10 s: three occurrences, the last cut short. */
static void a_random_fault_comes_and_goes_within_its_window(void **state)
{
    (void)state;
    struct net_host *hosts = net_world_hosts(3, 1000, 1000, 0);
    struct scene scene;
    scene_init(&scene, hosts, 3, 1);
    int64_t two_s = 2 * NS_PER_S;
    struct dist wait_ns;
    dist_init_constant(&wait_ns, PARAM_DURATION_NS, &two_s);
    uint32_t one = 1, two = 2;
    add(&scene, (struct fault){.kind = FAULT_SLOW,
                               .at_ns = NS_PER_S,
                               .duration_ns = 10 * NS_PER_S + 1,
                               .up_ns = &wait_ns,
                               .down_ns = &wait_ns,
                               .hosts = &one,
                               .host_count = 1,
                               .speed = 0.5});
    add(&scene, (struct fault){.kind = FAULT_FLOOD,
                               .at_ns = NS_PER_S,
                               .up_ns = &wait_ns,
                               .down_ns = &wait_ns,
                               .duration_ns = 10 * NS_PER_S + 1,
                               .hosts = &two,
                               .host_count = 1,
                               .victim = 0,
                               .parallel = 1,
                               .message_bytes = 5000});
    net_world_run_checked(&scene.world, TIME_NS_MAX);
    const int64_t at_s[] = {3, 5, 7, 9, 11, 11};
    assert_int_equal(scene.change_count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(scene.changes[i].at_ns / NS_PER_S, at_s[i]);
        assert_true(scene.changes[i].condition.speed == (i % 2 == 0 ? 0.5 : 1));
    }
    /* The first of 5 s ends in the second flood, which does not send it again: one for each. */
    assert_int_equal(net_totals(scene.world.net).message_count, 3);
    scene_release(&scene);
    free(hosts);
}

static void a_fault_out_of_range_is_refused_by_name(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct net_host *hosts = net_world_hosts(2, 1000, 1000, 0);
    struct scene scene;
    uint32_t nobody = 2;
    scene_init(&scene, hosts, 2, 1);
    struct fault fault = {.kind = FAULT_CRASH, .hosts = &nobody, .host_count = 1};
    assert_int_equal(faults_add(scene.faults, &fault, &err), SIM_CONFIG);
    assert_string_equal(err.text, "fault 0: a host is out of range");
    fault = (struct fault){.kind = FAULT_SLOW, .speed = 0};
    assert_int_equal(faults_add(scene.faults, &fault, &err), SIM_CONFIG);
    assert_string_equal(err.text, "fault 0: its speed is out of range");
    scene_release(&scene);
    free(hosts);
}

static void scene_fill(struct scene *scene, struct net_host *hosts, uint32_t host_count,
                       const struct dist *up_ns, const struct dist *down_ns)
{
    uint32_t some[3] = {1, 2, 3};
    scene_init(scene, hosts, host_count, 11);
    add_crashes(scene, hosts, 0, host_count, up_ns, down_ns);
    add(scene, (struct fault){.kind = FAULT_FLOOD,
                              .at_ns = NS_PER_S,
                              .duration_ns = 40 * NS_PER_S,
                              .hosts = some,
                              .host_count = 3,
                              .victim = 0,
                              .parallel = 2,
                              .message_bytes = 300});
    add(scene, (struct fault){.kind = FAULT_LINK,
                              .at_ns = 3 * NS_PER_S,
                              .duration_ns = 20 * NS_PER_S,
                              .hosts = some,
                              .host_count = 3,
                              .up_factor = 0.3,
                              .down_factor = 0.7,
                              .latency_factor = 2});
}

static void faults_saved_and_loaded_go_on_to_the_same_digest(void **state)
{
    (void)state;
    enum { HOSTS = 6 };
    struct sim_error err = {0};
    struct net_host *hosts = net_world_hosts(HOSTS, 10000, 20000, 10 * NS_PER_MS);
    struct scene whole, part, rest;
    struct dist up_ns = exponential(9), down_ns = exponential(1);
    scene_fill(&whole, hosts, HOSTS, &up_ns, &down_ns);
    scene_fill(&part, hosts, HOSTS, &up_ns, &down_ns);
    scene_fill(&rest, hosts, HOSTS, &up_ns, &down_ns);
    net_world_run(&whole.world, 60 * NS_PER_S);
    net_world_run(&part.world, 17 * NS_PER_S);
    struct buffer buffer;
    struct buffer_reader reader;
    buffer_init(&buffer);
    assert_int_equal(evq_save(part.world.queue, &buffer, &err), SIM_OK);
    loop_save(part.world.loop, &buffer);
    assert_int_equal(net_save(part.world.net, &buffer, &err), SIM_OK);
    faults_save(part.faults, &buffer);
    evq_reset(rest.world.queue);
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    assert_int_equal(evq_load(rest.world.queue, &reader, &err), SIM_OK);
    assert_int_equal(loop_load(rest.world.loop, &reader, &err), SIM_OK);
    assert_int_equal(net_load(rest.world.net, &reader, &err), SIM_OK);
    assert_int_equal(faults_load(rest.faults, &reader, &err), SIM_OK);
    net_world_run_checked(&rest.world, 60 * NS_PER_S);
    assert_true(loop_event_count(whole.world.loop) > 1000);
    assert_int_equal(loop_digest(rest.world.loop), loop_digest(whole.world.loop));
    buffer_release(&buffer);
    scene_release(&whole);
    scene_release(&part);
    scene_release(&rest);
    free(hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_takes_the_host_down_and_back),
        cmocka_unit_test(factors_of_overlapping_faults_multiply_and_end_exactly),
        cmocka_unit_test(a_cut_holds_until_its_last_cause_ends),
        cmocka_unit_test(a_flood_competes_for_the_victims_link),
        cmocka_unit_test(a_flood_goes_on_after_the_victim_returns),
        cmocka_unit_test(random_failures_have_their_means_and_belong_to_the_host),
        cmocka_unit_test(a_random_fault_comes_and_goes_within_its_window),
        cmocka_unit_test(a_fault_out_of_range_is_refused_by_name),
        cmocka_unit_test(faults_saved_and_loaded_go_on_to_the_same_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
