/*
 * fifo.c: the two cheap ways to charge for links, which share nothing max-min fairly.
 *
 * fifo: a message reaches the up link after its rounds, waits until the link is free and occupies
 * it for size / up.  Its first byte reaches the down link a latency later, waits there, and the
 * last byte is there when both the down link is through and the last byte sent has arrived.
 *
 * latency: a message takes wait + size / min(up, down), whatever else is under way.
 */
#include "net/internal.h"

static double transfer_ns(uint64_t size_bytes, double bytes_per_s)
{
    return (double)size_bytes / bytes_per_s * (double)NS_PER_S;
}

/* Occupies the link from when it is free on; returns when the message begins to be served. */
static int64_t link_occupy(struct link *link, int64_t now_ns, uint64_t size_bytes)
{
    int64_t begin_ns = now_ns > link->busy_until_ns ? now_ns : link->busy_until_ns;
    link->busy_until_ns = ns_after(begin_ns, transfer_ns(size_bytes, link->bytes_per_s));
    link->passed_bytes += (double)size_bytes;
    return begin_ns;
}

static enum sim_status arrive_at(struct net *net, uint32_t index, int64_t at_ns,
                                 struct sim_error *err)
{
    net->flows[index].state = FLOW_ARRIVING;
    return net_push(net, at_ns, NET_EVENT_ARRIVE, link_host(net->flows[index].link[FLOW_DOWN]),
                    net_flow_handle(net, index), err);
}

static enum sim_status fifo_up(struct net *net, int64_t now_ns, uint32_t index,
                               struct sim_error *err)
{
    struct flow *flow = &net->flows[index];
    struct link *link = &net->links[flow->link[FLOW_UP]];
    int64_t begin_ns = link_occupy(link, now_ns, flow->size_bytes);
    flow->last_ns = link->busy_until_ns;
    flow->state = FLOW_QUEUED;
    return net_push(net, ns_after(begin_ns, (double)flow->latency_ns), NET_EVENT_START,
                    link_host(flow->link[FLOW_UP]), net_flow_handle(net, index), err);
}

static enum sim_status fifo_down(struct net *net, int64_t now_ns, uint32_t index,
                                 struct sim_error *err)
{
    struct flow *flow = &net->flows[index];
    struct link *link = &net->links[flow->link[FLOW_DOWN]];
    link_occupy(link, now_ns, flow->size_bytes);
    int64_t last_ns = ns_after(flow->last_ns, (double)flow->latency_ns);
    return arrive_at(net, index, link->busy_until_ns > last_ns ? link->busy_until_ns : last_ns,
                     err);
}

enum sim_status fifo_join(struct net *net, int64_t now_ns, uint32_t index, struct sim_error *err)
{
    struct flow *flow = &net->flows[index];
    if (net->options.sharing == NET_FIFO)
        return flow->state == FLOW_QUEUED ? fifo_down(net, now_ns, index, err)
                                          : fifo_up(net, now_ns, index, err);
    struct link *up = &net->links[flow->link[FLOW_UP]], *down = &net->links[flow->link[FLOW_DOWN]];
    double bytes_per_s = up->bytes_per_s < down->bytes_per_s ? up->bytes_per_s : down->bytes_per_s;
    up->passed_bytes += (double)flow->size_bytes;
    down->passed_bytes += (double)flow->size_bytes;
    return arrive_at(net, index, ns_after(now_ns, transfer_ns(flow->size_bytes, bytes_per_s)), err);
}
