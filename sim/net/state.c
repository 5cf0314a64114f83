/* state.c: questions about the network, its invariants, and its state as bytes. */
#include "net/internal.h"

uint32_t net_host_count(const struct net *net)
{
    return net->host_count;
}

struct net_counters net_totals(const struct net *net)
{
    return net->totals;
}

struct net_counters net_host_counters(const struct net *net, uint32_t number)
{
    SIM_ASSERT(number < net->host_count);
    return net->hosts[number].counters;
}

uint32_t net_flow_count(const struct net *net)
{
    return net->active_count;
}

struct net_effort net_effort(const struct net *net)
{
    return net->effort;
}

uint64_t net_size_bytes(const struct net *net)
{
    const struct net_list *lists[] = {&net->dirty, &net->touched, &net->fresh, &net->due};
    uint64_t size_bytes =
        sizeof(*net) + net->host_count * sizeof(net->hosts[0]) +
        net->link_count * (sizeof(net->links[0]) + sizeof(net->level[0]) + sizeof(net->slack[0])) +
        (uint64_t)net->ends.capacity *
            (sizeof(net->ends.slots[0]) + sizeof(net->ends.position[0])) +
        (uint64_t)net->pool.capacity_items * net->pool.item_bytes +
        (uint64_t)net->flow_capacity * sizeof(net->flows[0]) +
        net->notice_capacity * sizeof(net->notices[0]);
    for (int i = 0; i < 4; i++)
        size_bytes += lists[i]->capacity * sizeof(lists[i]->items[0]);
    return size_bytes;
}

double net_flow_rate(const struct net *net, net_flow handle)
{
    uint32_t index = net_flow_index(net, handle);
    if (index == FLOW_NONE || net->flows[index].state != FLOW_SHARING)
        return 0;
    return maxmin_rate(net, &net->flows[index]);
}

double net_link_bytes(const struct net *net, int64_t now_ns, uint32_t host, bool up)
{
    SIM_ASSERT(host < net->host_count);
    const struct link *link = &net->links[2 * host + (up ? FLOW_UP : FLOW_DOWN)];
    double passed_bytes = link->passed_bytes;
    for (uint32_t i = 0; i < link->entries.count; i++) {
        const struct flow *flow = &net->flows[link_entries(net, link)[i].flow];
        passed_bytes += (double)flow->size_bytes - maxmin_remaining_bytes(net, now_ns, flow);
    }
    return passed_bytes;
}

void net_check(const struct net *net)
{
    const struct net_counters *totals = &net->totals;
    uint64_t active_bytes = 0;
    uint32_t active_count = 0, sharing_count = 0, ends_count = 0;
    for (uint32_t i = 0; i < net->flow_slots; i++) {
        const struct flow *flow = &net->flows[i];
        if (flow->state == FLOW_FREE)
            continue;
        active_count++;
        active_bytes += flow->size_bytes;
        sharing_count += flow->state == FLOW_SHARING;
    }
    for (uint32_t i = 0; i < net->link_count; i++)
        ends_count += net->links[i].entries.count;
    SIM_ASSERT(active_count == net->active_count && ends_count == 2 * sharing_count);
    SIM_ASSERT(totals->message_count == totals->delivered_count + totals->lost_count +
                                            totals->cancelled_count + active_count);
    SIM_ASSERT(totals->sent_bytes == totals->delivered_bytes + totals->lost_bytes +
                                         totals->cancelled_bytes + active_bytes);
    if (net->options.sharing == NET_MAXMIN)
        maxmin_check(net);
}
