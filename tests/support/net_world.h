/*
 * net_world.h: a queue, a loop and a network that note what was delivered when: what a run joins,
 * in small, for tests and benches.
 */
#ifndef TESTS_NET_WORLD_H
#define TESTS_NET_WORLD_H

#include "event/loop.h"
#include "net/net.h"

#include "base/stream.h"

#include <stdio.h>
#include <stdlib.h>

enum { NET_WORLD_KIND_USER, NET_WORLD_KIND_NET, NET_WORLD_TAGS = 1 << 20 };

struct net_world {
    struct evq *queue;
    struct loop *loop;
    struct net *net;
    /* By tag, which must be below NET_WORLD_TAGS; -1 = not yet, -2 = lost. */
    int64_t *end_ns;
    uint64_t delivered_count, lost_count;
    uint64_t order_sum; /* of the tags, in the order of their ends */
    /* Called, if set, after each delivery. */
    enum sim_status (*next)(struct net_world *world, uint64_t tag, int64_t now_ns,
                            struct sim_error *err);
    void *context;
};

static inline void net_world_die(const struct sim_error *err)
{
    fprintf(stderr, "test world: %s\n", err->text);
    abort();
}

static inline enum sim_status net_world_delivered(void *context, uint64_t tag,
                                                  enum net_outcome outcome, int64_t now_ns,
                                                  struct sim_error *err)
{
    struct net_world *world = context;
    SIM_ASSERT(tag < NET_WORLD_TAGS && world->end_ns[tag] == -1);
    world->end_ns[tag] = outcome == NET_DELIVERED ? now_ns : -2;
    world->order_sum = world->order_sum * 31 + tag;
    if (outcome == NET_LOST) {
        world->lost_count++;
        return SIM_OK;
    }
    world->delivered_count++;
    return world->next != NULL ? world->next(world, tag, now_ns, err) : SIM_OK;
}

/* Exact max-min, equal weights, no slow start, nothing random. */
static inline struct net_options net_world_options(void)
{
    return (struct net_options){.sharing = NET_MAXMIN,
                                .eps = 1e-12,
                                .slow_start = NET_SLOW_START_OFF,
                                .regions = REGION_NONE,
                                .flow_limit = 10000000};
}

/* With a callback of the test's own, which may pass on to net_world_delivered. */
static inline void net_world_init_for(struct net_world *world, const struct net_options *options,
                                      const struct net_host *hosts, uint32_t host_count,
                                      uint64_t seed, net_delivered delivered, void *context)
{
    struct sim_error err = {0};
    struct evq_options queue_options = {.capacity = 100000000};
    *world = (struct net_world){0};
    world->end_ns = malloc(NET_WORLD_TAGS * sizeof(world->end_ns[0]));
    SIM_ASSERT(world->end_ns != NULL);
    for (int i = 0; i < NET_WORLD_TAGS; i++)
        world->end_ns[i] = -1;
    enum sim_status status = evq_create(&queue_options, &world->queue, &err);
    if (status == SIM_OK)
        status = loop_create(world->queue, &world->loop, &err);
    struct net_wiring wiring = {.queue = world->queue,
                                .first_kind = NET_WORLD_KIND_NET,
                                .seed = seed,
                                .delivered = delivered,
                                .context = context};
    if (status == SIM_OK)
        status = net_create(options, hosts, host_count, &wiring, &world->net, &err);
    if (status != SIM_OK)
        net_world_die(&err);
    loop_handle(world->loop, NET_WORLD_KIND_NET, NET_KIND_COUNT, "network", net_handle, world->net);
}

static inline void net_world_init(struct net_world *world, const struct net_options *options,
                                  const struct net_host *hosts, uint32_t host_count, uint64_t seed)
{
    net_world_init_for(world, options, hosts, host_count, seed, net_world_delivered, world);
}

static inline void net_world_release(struct net_world *world)
{
    net_free(world->net);
    loop_free(world->loop);
    evq_free(world->queue);
    free(world->end_ns);
    *world = (struct net_world){0};
}

static inline net_flow net_world_send(struct net_world *world, uint32_t source, uint32_t target,
                                      uint64_t size_bytes, uint64_t tag)
{
    struct sim_error err = {0};
    struct net_message message = {source, target, size_bytes, tag, NET_ON_CONNECTION};
    net_flow flow = 0;
    if (net_send(world->net, evq_now_ns(world->queue), &message, &flow, &err) != SIM_OK)
        net_world_die(&err);
    return flow;
}

static inline void net_world_run(struct net_world *world, int64_t until_ns)
{
    struct sim_error err = {0};
    if (loop_run(world->loop, until_ns, &err) != SIM_OK)
        net_world_die(&err);
}

/* Event by event, with the network's invariants checked after each. */
static inline uint64_t net_world_run_checked(struct net_world *world, int64_t until_ns)
{
    struct sim_error err = {0};
    uint64_t event_count = 0;
    for (bool ran = true;; event_count++) {
        if (loop_step(world->loop, until_ns, &ran, &err) != SIM_OK)
            net_world_die(&err);
        if (!ran)
            return event_count;
        net_check(world->net);
    }
}

/* Hosts with all the same links. */
static inline struct net_host *net_world_hosts(uint32_t count, double up_bytes_per_s,
                                               double down_bytes_per_s, int64_t half_latency_ns)
{
    struct net_host *hosts = calloc(count, sizeof(hosts[0]));
    SIM_ASSERT(hosts != NULL);
    for (uint32_t i = 0; i < count; i++)
        hosts[i] = (struct net_host){.up_bytes_per_s = up_bytes_per_s,
                                     .down_bytes_per_s = down_bytes_per_s,
                                     .half_latency_ns = half_latency_ns,
                                     .entity = stream_entity("host", i)};
    return hosts;
}

#endif
