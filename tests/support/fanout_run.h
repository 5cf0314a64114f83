/*
 * fanout_run.h: the query fan-out of bench/peers/fanout.h on this simulator, through the loop with
 * the order digest on.
 */
#ifndef TESTS_FANOUT_RUN_H
#define TESTS_FANOUT_RUN_H

#include "event/loop.h"
#include "net/net.h"
#include "tests/bench/peers/fanout.h"

#include "base/stream.h"

enum { FANOUT_KIND_ASK, FANOUT_KIND_NET };

struct fanout_world {
    struct fanout fanout;
    struct evq *queue;
    struct loop *loop;
    struct net *net;
    int64_t *end_ns; /* of each query's answer */
    uint64_t arrived_count;
};

struct fanout_figures {
    double cpu_s, flows_per_s, us_per_flow;
    uint64_t net_bytes, queue_bytes; /* memory at its largest */
    uint64_t event_count, digest;
    struct net_effort effort;
    int64_t *end_ns;
};

static inline void fanout_die(const struct sim_error *err)
{
    fprintf(stderr, "fan-out: %s\n", err->text);
    exit(1);
}

static inline int64_t fanout_ns(double seconds)
{
    return (int64_t)llround(seconds * 1e9);
}

/* A validator's second begins; payload = its round. */
static inline enum sim_status fanout_ask(void *context, const struct event *event,
                                         struct sim_error *err)
{
    struct fanout_world *world = context;
    const struct fanout *fanout = &world->fanout;
    int asker = (int)event->entity, round = (int)event->payload;
    enum sim_status status = SIM_OK;
    for (int i = 0; i < fanout->peers_asked && status == SIM_OK; i++) {
        struct net_message message = {.source = (uint32_t)asker,
                                      .target = (uint32_t)fanout_peer(fanout, asker, round, i),
                                      .size_bytes = (uint64_t)fanout->request_bytes,
                                      .tag = (uint64_t)fanout_query(fanout, asker, round, i) * 2,
                                      .connection = NET_CONNECT};
        status = net_send(world->net, event->at_ns, &message, NULL, err);
    }
    if (status != SIM_OK || round + 1 == fanout->rounds)
        return status;
    return evq_push(world->queue, fanout_ns(fanout_ask_s(fanout, asker, round + 1)),
                    FANOUT_KIND_ASK, event->entity, event->payload + 1, err);
}

static inline enum sim_status fanout_arrived(void *context, uint64_t tag, enum net_outcome outcome,
                                             int64_t now_ns, struct sim_error *err)
{
    struct fanout_world *world = context;
    const struct fanout *fanout = &world->fanout;
    (void)outcome;
    world->arrived_count++;
    long query = (long)(tag / 2);
    if (tag % 2 == 1) {
        world->end_ns[query] = now_ns;
        return SIM_OK;
    }
    int number = (int)(query % fanout->peers_asked);
    int asker = (int)(query / fanout->peers_asked % fanout->askers);
    int round = (int)(query / fanout->peers_asked / fanout->askers);
    struct net_message message = {.source = (uint32_t)fanout_peer(fanout, asker, round, number),
                                  .target = (uint32_t)asker,
                                  .size_bytes = (uint64_t)fanout->reply_bytes,
                                  .tag = tag + 1,
                                  .connection = NET_ON_CONNECTION};
    return net_send(world->net, now_ns, &message, NULL, err);
}

static inline void fanout_create(struct fanout_world *world, const struct net_options *options)
{
    struct sim_error err = {0};
    const struct fanout *fanout = &world->fanout;
    struct evq_options queue_options = {.capacity = UINT64_C(1) << 32};
    struct net_host *hosts = calloc((size_t)fanout->hosts, sizeof(hosts[0]));
    world->end_ns = calloc((size_t)fanout_query_count(fanout), sizeof(world->end_ns[0]));
    if (hosts == NULL || world->end_ns == NULL)
        exit(1);
    for (int i = 0; i < fanout->hosts; i++)
        hosts[i] = (struct net_host){.up_bytes_per_s = fanout_up_bytes_per_s(fanout, i),
                                     .down_bytes_per_s = fanout_down_bytes_per_s(fanout, i),
                                     .half_latency_ns = fanout_ns(fanout_half_latency_s(fanout, i)),
                                     .entity = stream_entity("host", (uint64_t)i)};
    struct net_wiring wiring = {
        .first_kind = FANOUT_KIND_NET, .seed = 1, .delivered = fanout_arrived};
    enum sim_status status = evq_create(&queue_options, &world->queue, &err);
    if (status == SIM_OK)
        status = loop_create(world->queue, &world->loop, &err);
    wiring.queue = world->queue;
    wiring.context = world;
    if (status == SIM_OK)
        status = net_create(options, hosts, (uint32_t)fanout->hosts, &wiring, &world->net, &err);
    if (status != SIM_OK)
        fanout_die(&err);
    loop_handle(world->loop, FANOUT_KIND_ASK, 1, "ask", fanout_ask, world);
    loop_handle(world->loop, FANOUT_KIND_NET, NET_KIND_COUNT, "network", net_handle, world->net);
    free(hosts);
}

static inline struct fanout_figures fanout_run(const struct fanout *fanout,
                                               const struct net_options *options)
{
    struct sim_error err = {0};
    struct fanout_world world = {.fanout = *fanout};
    fanout_create(&world, options);
    double begin_s = fanout_cpu_s();
    for (int i = 0; i < fanout->askers; i++) {
        if (evq_push(world.queue, fanout_ns(fanout_ask_s(fanout, i, 0)), FANOUT_KIND_ASK,
                     (uint32_t)i, 0, &err) != SIM_OK)
            fanout_die(&err);
    }
    if (loop_run(world.loop, TIME_NS_MAX, &err) != SIM_OK)
        fanout_die(&err);
    double cpu_s = fanout_cpu_s() - begin_s;
    double flows = 2.0 * (double)fanout_query_count(fanout);
    struct fanout_figures figures = {.cpu_s = cpu_s,
                                     .flows_per_s = flows / cpu_s,
                                     .us_per_flow = cpu_s / flows * 1e6,
                                     .net_bytes = net_size_bytes(world.net),
                                     .queue_bytes = evq_size_bytes(world.queue),
                                     .event_count = loop_event_count(world.loop),
                                     .digest = loop_digest(world.loop),
                                     .effort = net_effort(world.net),
                                     .end_ns = world.end_ns};
    if ((double)world.arrived_count != flows)
        fprintf(stderr, "fan-out: %g messages arrived of %g\n", (double)world.arrived_count, flows);
    net_free(world.net);
    loop_free(world.loop);
    evq_free(world.queue);
    return figures;
}

#endif
