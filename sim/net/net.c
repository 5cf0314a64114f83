#include "net/internal.h"

#include "base/stream.h"

#include <gsl/gsl_randist.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENT_BYTES = 1448, FIRST_WINDOW_SEGMENTS = 10 };
/* Weights are 1 / latency; below this latency they grow no further. */
#define WEIGHT_LATENCY_MIN_S 1e-6

enum sim_status net_list_add(struct net_list *list, uint32_t item, struct sim_error *err)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity * 2 + 256;
        uint32_t *items = realloc(list->items, capacity * sizeof(items[0]));
        if (items == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "network: out of memory");
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return SIM_OK;
}

enum sim_status net_push(struct net *net, int64_t at_ns, enum net_event kind, uint32_t entity,
                         uint64_t payload, struct sim_error *err)
{
    /* What would end after the end of time never ends. */
    if (at_ns == NS_NEVER)
        return SIM_OK;
    return evq_push(net->wiring.queue, at_ns, net->wiring.first_kind + kind, entity, payload, err);
}

static enum sim_status options_check(const struct net_options *options, struct sim_error *err)
{
    const char *bad = NULL;
    if (options->sharing < NET_MAXMIN || options->sharing > NET_TCP)
        bad = "sharing";
    if (!(options->eps >= 0 && options->eps <= 0.1))
        bad = "eps";
    if (options->slow_start < NET_SLOW_START_OFF || options->slow_start > NET_SLOW_START_ROUNDS)
        bad = "slow_start";
    if (options->regions < REGION_NONE || options->regions > REGION_2019)
        bad = "regions";
    if (options->sharing == NET_TCP &&
        !(options->window_growth >= 1.1 && options->window_growth <= 4))
        bad = "window_growth";
    if (!(options->jitter >= 0 && options->jitter <= 10))
        bad = "jitter";
    if (!(options->loss >= 0 && options->loss <= 1))
        bad = "loss";
    if (options->flow_limit == 0)
        bad = "flow_limit";
    if (bad != NULL)
        return SIM_FAIL(err, SIM_CONFIG, "network: option '%s' is out of its range", bad);
    return SIM_OK;
}

enum sim_status net_link_values_check(uint32_t host, const struct net_link *values,
                                      struct sim_error *err)
{
    if (!(values->up_bytes_per_s > 0 && values->up_bytes_per_s < INFINITY &&
          values->down_bytes_per_s > 0 && values->down_bytes_per_s < INFINITY))
        return SIM_FAIL(err, SIM_CONFIG, "network: host %u: a bandwidth is not above 0 B/s", host);
    if (values->half_latency_ns < 0 || values->half_latency_ns > TIME_NS_MAX / 64)
        return SIM_FAIL(err, SIM_CONFIG, "network: host %u: its latency is out of range", host);
    if (!(values->loss >= 0 && values->loss <= 1))
        return SIM_FAIL(err, SIM_CONFIG, "network: host %u: its loss is not within 0..1", host);
    return SIM_OK;
}

static void link_start(struct net *net, uint32_t number, double bytes_per_s)
{
    net->links[number] = (struct link){.bytes_per_s = bytes_per_s, .settled_level = INFINITY};
    net->level[number] = INFINITY;
    net->slack[number].load_bytes_per_s = 0;
    net->slack[number].limit_bytes_per_s = bytes_per_s * (1 - NET_SLACK_MARGIN);
}

static enum sim_status hosts_start(struct net *net, const struct net_host *hosts,
                                   struct sim_error *err)
{
    uint32_t region_count = net->options.regions == REGION_NONE ? NET_REGION_MAX : REGION_COUNT;
    for (uint32_t i = 0; i < net->host_count; i++) {
        struct net_link values = {hosts[i].up_bytes_per_s, hosts[i].down_bytes_per_s,
                                  hosts[i].half_latency_ns, 0};
        enum sim_status status = net_link_values_check(i, &values, err);
        if (status != SIM_OK)
            return status;
        if (hosts[i].region >= region_count)
            return SIM_FAIL(err, SIM_CONFIG, "network: host %u: region %u is not below %u", i,
                            hosts[i].region, region_count);
        net->hosts[i] = (struct host){.half_latency_ns = hosts[i].half_latency_ns,
                                      .entity = hosts[i].entity,
                                      .region = hosts[i].region,
                                      .up = true};
        link_start(net, 2 * i + FLOW_UP, hosts[i].up_bytes_per_s);
        link_start(net, 2 * i + FLOW_DOWN, hosts[i].down_bytes_per_s);
    }
    return SIM_OK;
}

enum sim_status net_create(const struct net_options *options, const struct net_host *hosts,
                           uint32_t host_count, const struct net_wiring *wiring,
                           struct net **ret_net, struct sim_error *err)
{
    enum sim_status status = options_check(options, err);
    if (status != SIM_OK)
        return status;
    if (host_count > NET_HOST_MAX)
        return SIM_FAIL(err, SIM_CONFIG, "network: %u hosts are more than %u", host_count,
                        NET_HOST_MAX);
    struct net *net = calloc(1, sizeof(*net));
    if (net == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "network: out of memory");
    net->options = *options;
    net->wiring = *wiring;
    net->host_count = host_count;
    net->link_count = 2 * host_count;
    net->free_flow = FLOW_NONE;
    net->settle_ns = -1;
    net->end_ns = NS_NEVER;
    pool_init(&net->pool, sizeof(struct link_entry));
    /* One more than needed, so that a network without hosts allocates too. */
    net->hosts = calloc(host_count + 1, sizeof(net->hosts[0]));
    net->links = calloc(net->link_count + 1, sizeof(net->links[0]));
    net->level = calloc(net->link_count + 1, sizeof(net->level[0]));
    net->slack = calloc(net->link_count + 1, sizeof(net->slack[0]));
    if (net->hosts == NULL || net->links == NULL || net->level == NULL || net->slack == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "network: out of memory for %u hosts", host_count);
    if (status == SIM_OK)
        status = heap_init(&net->ends, net->link_count, err);
    if (status == SIM_OK)
        status = hosts_start(net, hosts, err);
    if (status != SIM_OK) {
        net_free(net);
        return status;
    }
    *ret_net = net;
    return SIM_OK;
}

struct net *net_free(struct net *net)
{
    if (net == NULL)
        return NULL;
    free(net->hosts);
    free(net->links);
    free(net->level);
    free(net->slack);
    pool_release(&net->pool);
    heap_release(&net->ends);
    free(net->flows);
    free(net->tcp);
    free(net->dirty.items);
    free(net->touched.items);
    free(net->fresh.items);
    free(net->due.items);
    free(net->notices);
    free(net);
    return NULL;
}

net_flow net_flow_handle(const struct net *net, uint32_t index)
{
    return (uint64_t)net->flows[index].generation << 32 | (index + 1);
}

uint32_t net_flow_index(const struct net *net, net_flow handle)
{
    uint64_t index = (handle & UINT32_MAX) - 1;
    if (index >= net->flow_slots)
        return FLOW_NONE;
    const struct flow *flow = &net->flows[index];
    bool there = flow->state != FLOW_FREE && flow->generation == handle >> 32;
    return there ? (uint32_t)index : FLOW_NONE;
}

static enum sim_status flows_grow(struct net *net, struct sim_error *err)
{
    uint64_t capacity = (uint64_t)net->flow_capacity * 2 + 256;
    if (capacity > net->options.flow_limit)
        capacity = net->options.flow_limit;
    struct flow *flows = realloc(net->flows, capacity * sizeof(flows[0]));
    if (flows != NULL)
        net->flows = flows;
    struct tcp_flow *tcp = NULL;
    if (net->options.sharing == NET_TCP) {
        tcp = realloc(net->tcp, capacity * sizeof(tcp[0]));
        if (tcp != NULL)
            net->tcp = tcp;
    }
    if (flows == NULL || (net->options.sharing == NET_TCP && tcp == NULL))
        return SIM_FAIL(err, SIM_MEMORY, "network: out of memory for %u messages",
                        net->active_count);
    net->flow_capacity = (uint32_t)capacity;
    return SIM_OK;
}

static enum sim_status flow_take(struct net *net, uint32_t *ret_index, struct sim_error *err)
{
    if (net->active_count >= net->options.flow_limit)
        return SIM_FAIL(err, SIM_LIMIT,
                        "network: %u messages are under way, flow_limit allows no more",
                        net->active_count);
    if (net->free_flow == FLOW_NONE && net->flow_slots == net->flow_capacity) {
        enum sim_status status = flows_grow(net, err);
        if (status != SIM_OK)
            return status;
    }
    uint32_t index = net->free_flow;
    if (index != FLOW_NONE) {
        net->free_flow = net->flows[index].link[0];
    } else {
        index = net->flow_slots++;
        net->flows[index] = (struct flow){.state = FLOW_FREE};
        if (net->tcp != NULL)
            net->tcp[index] = (struct tcp_flow){0};
    }
    net->active_count++;
    *ret_index = index;
    return SIM_OK;
}

static void flow_give(struct net *net, uint32_t index)
{
    struct flow *flow = &net->flows[index];
    *flow = (struct flow){.generation = flow->generation + 1, .state = FLOW_FREE};
    flow->link[0] = net->free_flow;
    net->free_flow = index;
    net->active_count--;
}

int64_t net_latency_ns(const struct net *net, uint32_t source, uint32_t target)
{
    const struct host *a = &net->hosts[source], *b = &net->hosts[target];
    enum region_set set = (enum region_set)net->options.regions;
    return a->half_latency_ns + b->half_latency_ns + region_latency_ns(set, a->region, b->region);
}

uint32_t net_round_trips(const struct net *net, uint64_t size_bytes, enum net_connection connection)
{
    if (net->options.slow_start == NET_SLOW_START_OFF)
        return 0;
    uint32_t trips = connection == NET_CONNECT ? 1 : 0;
    uint64_t window = FIRST_WINDOW_SEGMENTS, sent = window;
    uint64_t segments = size_bytes / SEGMENT_BYTES + (size_bytes % SEGMENT_BYTES != 0);
    for (; sent < segments; sent += window) {
        window *= 2;
        trips++;
    }
    return trips;
}

/* What chance decides about a message when it is sent. */
struct fate {
    double extra_latency; /* as a fraction of the latency */
    bool lost;
};

static struct fate fate_draw(const struct net *net, const struct host *source,
                             const struct host *target)
{
    struct fate fate = {0, false};
    double kept = (1 - net->options.loss) * (1 - source->loss) * (1 - target->loss);
    if (net->options.jitter == 0 && kept == 1)
        return fate;
    struct stream stream;
    stream_init(&stream, net->wiring.seed, STREAM_NETWORK, source->entity,
                source->counters.message_count);
    /* Loss first: how many words the exponential takes is GSL's business. */
    fate.lost = stream_uniform(&stream) >= kept;
    if (net->options.jitter > 0)
        fate.extra_latency = gsl_ran_exponential(&stream.rng, net->options.jitter);
    return fate;
}

/* A new flow's fixed facts; returns how long it is until its first byte reaches the links. */
static int64_t flow_fill(struct net *net, uint32_t index, int64_t now_ns,
                         const struct net_message *message)
{
    struct flow *flow = &net->flows[index];
    struct host *source = &net->hosts[message->source], *target = &net->hosts[message->target];
    struct fate fate = fate_draw(net, source, target);
    int64_t latency_ns = net_latency_ns(net, message->source, message->target);
    double weight_latency_s = (double)latency_ns / (double)NS_PER_S;
    if (weight_latency_s < WEIGHT_LATENCY_MIN_S)
        weight_latency_s = WEIGHT_LATENCY_MIN_S;
    uint32_t trips = net_round_trips(net, message->size_bytes, message->connection);
    flow->tag = message->tag;
    flow->size_bytes = message->size_bytes;
    flow->serial = net->next_serial++;
    flow->weight = net->options.rtt_weights ? 1 / weight_latency_s : 1;
    flow->latency_ns = ns_after(latency_ns, (double)latency_ns * fate.extra_latency);
    flow->link[FLOW_UP] = 2 * message->source + FLOW_UP;
    flow->link[FLOW_DOWN] = 2 * message->target + FLOW_DOWN;
    flow->incarnation[0] = source->incarnation;
    flow->incarnation[1] = target->incarnation;
    flow->doomed = fate.lost;
    flow->state = FLOW_WAITING;
    if (net->options.sharing == NET_TCP) {
        tcp_begin(net, index, now_ns, message->connection);
        return 0;
    }
    double rounds_ns = 2.0 * (double)latency_ns * trips;
    /* Under fifo the latency passes between the two links. */
    if (net->options.sharing == NET_FIFO)
        return ns_after(0, rounds_ns);
    return ns_after(flow->latency_ns, rounds_ns);
}

static void counters_send(struct net_counters *counters, uint64_t size_bytes)
{
    counters->message_count++;
    counters->sent_bytes += size_bytes;
}

enum sim_status net_send(struct net *net, int64_t now_ns, const struct net_message *message,
                         net_flow *ret_flow, struct sim_error *err)
{
    SIM_ASSERT(message->source < net->host_count && message->target < net->host_count);
    uint32_t index = FLOW_NONE;
    enum sim_status status = flow_take(net, &index, err);
    if (status != SIM_OK)
        return status;
    int64_t wait_ns = flow_fill(net, index, now_ns, message);
    if (message->source == message->target)
        wait_ns = 0;
    counters_send(&net->totals, message->size_bytes);
    counters_send(&net->hosts[message->source].counters, message->size_bytes);
    if (ret_flow != NULL)
        *ret_flow = net_flow_handle(net, index);
    return net_push(net, ns_after(now_ns, (double)wait_ns), NET_EVENT_START, message->source,
                    net_flow_handle(net, index), err);
}

bool net_flow_alive(const struct net *net, const struct flow *flow)
{
    const struct host *source = &net->hosts[link_host(flow->link[FLOW_UP])];
    const struct host *target = &net->hosts[link_host(flow->link[FLOW_DOWN])];
    return source->up && target->up && source->incarnation == flow->incarnation[0] &&
           target->incarnation == flow->incarnation[1] &&
           !(net->cut[source->region] >> target->region & 1);
}

static enum sim_status notice_add(struct net *net, uint64_t tag, enum net_outcome outcome,
                                  struct sim_error *err)
{
    if (net->notice_count == net->notice_capacity) {
        uint32_t capacity = net->notice_capacity * 2 + 64;
        struct net_notice *notices = realloc(net->notices, capacity * sizeof(notices[0]));
        if (notices == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "network: out of memory");
        net->notices = notices;
        net->notice_capacity = capacity;
    }
    net->notices[net->notice_count++] = (struct net_notice){tag, outcome};
    return SIM_OK;
}

static void counters_end(struct net_counters *counters, uint64_t size_bytes, bool delivered)
{
    if (delivered) {
        counters->delivered_count++;
        counters->delivered_bytes += size_bytes;
    } else {
        counters->lost_count++;
        counters->lost_bytes += size_bytes;
    }
}

enum sim_status net_finish(struct net *net, uint32_t index, bool arrived, struct sim_error *err)
{
    const struct flow *flow = &net->flows[index];
    bool delivered = arrived && !flow->doomed;
    int side = delivered ? FLOW_DOWN : FLOW_UP;
    counters_end(&net->totals, flow->size_bytes, delivered);
    counters_end(&net->hosts[link_host(flow->link[side])].counters, flow->size_bytes, delivered);
    uint64_t tag = flow->tag;
    flow_give(net, index);
    return notice_add(net, tag, delivered ? NET_DELIVERED : NET_LOST, err);
}

void net_withdraw(struct net *net, uint32_t index)
{
    const struct flow *flow = &net->flows[index];
    struct net_counters *host = &net->hosts[link_host(flow->link[FLOW_UP])].counters;
    net->totals.cancelled_count++;
    net->totals.cancelled_bytes += flow->size_bytes;
    host->cancelled_count++;
    host->cancelled_bytes += flow->size_bytes;
    flow_give(net, index);
}

enum sim_status net_notify(struct net *net, int64_t now_ns, struct sim_error *err)
{
    if (net->notifying)
        return SIM_OK;
    net->notifying = true;
    enum sim_status status = SIM_OK;
    while (net->notice_head < net->notice_count && status == SIM_OK) {
        struct net_notice notice = net->notices[net->notice_head++];
        status =
            net->wiring.delivered(net->wiring.context, notice.tag, notice.outcome, now_ns, err);
    }
    net->notice_head = net->notice_count = 0;
    net->notifying = false;
    return status;
}

/* A message's latency is over, or under fifo one of its stages. */
static enum sim_status flow_start(struct net *net, int64_t now_ns, net_flow handle,
                                  struct sim_error *err)
{
    uint32_t index = net_flow_index(net, handle);
    if (index == FLOW_NONE)
        return SIM_OK; /* cancelled meanwhile */
    const struct flow *flow = &net->flows[index];
    bool alive = net_flow_alive(net, flow);
    bool local = link_host(flow->link[FLOW_UP]) == link_host(flow->link[FLOW_DOWN]);
    enum sim_status status;
    if (!alive || local)
        status = net_finish(net, index, alive, err);
    else if (net->options.sharing == NET_TCP)
        return tcp_step(net, now_ns, index, err);
    else if (net->options.sharing != NET_MAXMIN)
        return fifo_join(net, now_ns, index, err);
    else if (flow->size_bytes > 0)
        return maxmin_join(net, now_ns, index, err);
    else
        status = net_finish(net, index, true, err);
    return status == SIM_OK ? net_notify(net, now_ns, err) : status;
}

static enum sim_status flow_arrive(struct net *net, int64_t now_ns, net_flow handle,
                                   struct sim_error *err)
{
    uint32_t index = net_flow_index(net, handle);
    if (index == FLOW_NONE)
        return SIM_OK;
    enum sim_status status = net_finish(net, index, net_flow_alive(net, &net->flows[index]), err);
    return status == SIM_OK ? net_notify(net, now_ns, err) : status;
}

enum sim_status net_handle(void *context, const struct event *event, struct sim_error *err)
{
    struct net *net = context;
    SIM_ASSERT(event->kind - net->wiring.first_kind < NET_KIND_COUNT);
    switch ((enum net_event)(event->kind - net->wiring.first_kind)) {
    case NET_EVENT_START:
        return flow_start(net, event->at_ns, event->payload, err);
    case NET_EVENT_SETTLE:
        return maxmin_settle(net, event->at_ns, err);
    case NET_EVENT_END:
        return maxmin_end(net, event->at_ns, err);
    case NET_EVENT_ARRIVE:
        return flow_arrive(net, event->at_ns, event->payload, err);
    }
    return SIM_OK;
}
