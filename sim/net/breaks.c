/* breaks.c: what ends flows or changes links from outside: cancelling, crashes, cuts. */
#include "net/internal.h"

/* Takes a flow off its links before its end. */
static enum sim_status flow_break(struct net *net, int64_t now_ns, uint32_t index,
                                  struct sim_error *err)
{
    const struct flow *flow = &net->flows[index];
    if (flow->state != FLOW_SHARING)
        return SIM_OK;
    double passed_bytes = (double)flow->size_bytes - maxmin_remaining_bytes(net, now_ns, flow);
    return maxmin_leave(net, now_ns, index, passed_bytes, err);
}

static enum sim_status flow_lose(struct net *net, int64_t now_ns, uint32_t index,
                                 struct sim_error *err)
{
    enum sim_status status = flow_break(net, now_ns, index, err);
    return status == SIM_OK ? net_finish(net, index, false, err) : status;
}

enum sim_status net_cancel(struct net *net, int64_t now_ns, net_flow handle, bool *ret_cancelled,
                           struct sim_error *err)
{
    uint32_t index = net_flow_index(net, handle);
    bool there = index != FLOW_NONE;
    if (there) {
        enum sim_status status = flow_break(net, now_ns, index, err);
        if (status != SIM_OK)
            return status;
        net_withdraw(net, index);
    }
    *ret_cancelled = there;
    return SIM_OK;
}

/* Loses every flow on the link that is no longer alive, the longest there first. */
static enum sim_status link_lose_dead(struct net *net, int64_t now_ns, uint32_t number,
                                      struct sim_error *err)
{
    const struct link *link = &net->links[number];
    enum sim_status status = SIM_OK;
    net->due.count = 0;
    for (uint32_t i = 0; i < link->entries.count && status == SIM_OK; i++) {
        uint32_t index = link_entries(net, link)[i].flow;
        if (!net_flow_alive(net, &net->flows[index]))
            status = net_list_add(&net->due, index, err);
    }
    net_due_sort(net);
    for (uint32_t i = 0; i < net->due.count && status == SIM_OK; i++)
        status = flow_lose(net, now_ns, net->due.items[i], err);
    net->due.count = 0;
    return status;
}

enum sim_status net_host_down(struct net *net, int64_t now_ns, uint32_t number,
                              struct sim_error *err)
{
    SIM_ASSERT(number < net->host_count && net->hosts[number].up);
    net->hosts[number].up = false;
    net->hosts[number].incarnation++;
    enum sim_status status = link_lose_dead(net, now_ns, 2 * number + FLOW_UP, err);
    if (status == SIM_OK)
        status = link_lose_dead(net, now_ns, 2 * number + FLOW_DOWN, err);
    return status == SIM_OK ? net_notify(net, now_ns, err) : status;
}

void net_host_up(struct net *net, uint32_t number)
{
    SIM_ASSERT(number < net->host_count && !net->hosts[number].up);
    net->hosts[number].up = true;
    /* What was sent while it was down stays lost. */
    net->hosts[number].incarnation++;
}

bool net_host_is_up(const struct net *net, uint32_t number)
{
    SIM_ASSERT(number < net->host_count);
    return net->hosts[number].up;
}

enum sim_status net_cut(struct net *net, int64_t now_ns, uint32_t region_a, uint32_t region_b,
                        bool cut, struct sim_error *err)
{
    SIM_ASSERT(region_a < NET_REGION_MAX && region_b < NET_REGION_MAX);
    uint64_t a = UINT64_C(1) << region_a, b = UINT64_C(1) << region_b;
    net->cut[region_a] = cut ? net->cut[region_a] | b : net->cut[region_a] & ~b;
    net->cut[region_b] = cut ? net->cut[region_b] | a : net->cut[region_b] & ~a;
    enum sim_status status = SIM_OK;
    for (uint32_t host = 0; cut && host < net->host_count && status == SIM_OK; host++) {
        if (net->hosts[host].region == region_a || net->hosts[host].region == region_b)
            status = link_lose_dead(net, now_ns, 2 * host + FLOW_UP, err);
    }
    return status == SIM_OK ? net_notify(net, now_ns, err) : status;
}

static enum sim_status link_set(struct net *net, int64_t now_ns, uint32_t number,
                                double bytes_per_s, struct sim_error *err)
{
    struct link *link = &net->links[number];
    if (link->bytes_per_s == bytes_per_s)
        return SIM_OK;
    link->bytes_per_s = bytes_per_s;
    net->slack[number].limit_bytes_per_s = bytes_per_s * (1 - NET_SLACK_MARGIN);
    return net->options.sharing == NET_MAXMIN ? maxmin_capacity_changed(net, now_ns, number, err)
                                              : SIM_OK;
}

enum sim_status net_set_link(struct net *net, int64_t now_ns, uint32_t number,
                             const struct net_link *values, struct sim_error *err)
{
    SIM_ASSERT(number < net->host_count);
    enum sim_status status = net_link_values_check(number, values, err);
    if (status != SIM_OK)
        return status;
    net->hosts[number].half_latency_ns = values->half_latency_ns;
    net->hosts[number].loss = values->loss;
    status = link_set(net, now_ns, 2 * number + FLOW_UP, values->up_bytes_per_s, err);
    return status == SIM_OK
               ? link_set(net, now_ns, 2 * number + FLOW_DOWN, values->down_bytes_per_s, err)
               : status;
}

struct net_link net_get_link(const struct net *net, uint32_t number)
{
    SIM_ASSERT(number < net->host_count);
    return (struct net_link){net->links[2 * number + FLOW_UP].bytes_per_s,
                             net->links[2 * number + FLOW_DOWN].bytes_per_s,
                             net->hosts[number].half_latency_ns, net->hosts[number].loss};
}
