/*
 * save.c: the network's state as bytes.
 *
 * Written down is what decides what happens next, to the bit: also the order of each link's list,
 * since sums depend on it.  Where things lie in memory is not.
 */
#include "net/internal.h"

#include <stdlib.h>

static void counters_save(const struct net_counters *counters, struct buffer *buffer)
{
    buffer_put_u64(buffer, counters->message_count);
    buffer_put_u64(buffer, counters->delivered_count);
    buffer_put_u64(buffer, counters->lost_count);
    buffer_put_u64(buffer, counters->cancelled_count);
    buffer_put_u64(buffer, counters->sent_bytes);
    buffer_put_u64(buffer, counters->delivered_bytes);
    buffer_put_u64(buffer, counters->lost_bytes);
    buffer_put_u64(buffer, counters->cancelled_bytes);
}

static struct net_counters counters_load(struct buffer_reader *reader)
{
    struct net_counters counters;
    counters.message_count = buffer_get_u64(reader);
    counters.delivered_count = buffer_get_u64(reader);
    counters.lost_count = buffer_get_u64(reader);
    counters.cancelled_count = buffer_get_u64(reader);
    counters.sent_bytes = buffer_get_u64(reader);
    counters.delivered_bytes = buffer_get_u64(reader);
    counters.lost_bytes = buffer_get_u64(reader);
    counters.cancelled_bytes = buffer_get_u64(reader);
    return counters;
}

static void hosts_save(const struct net *net, struct buffer *buffer)
{
    buffer_put_tag(buffer, "net.host");
    buffer_put_u64(buffer, net->host_count);
    for (uint32_t i = 0; i < net->host_count; i++) {
        const struct host *host = &net->hosts[i];
        buffer_put_i64(buffer, host->half_latency_ns);
        buffer_put_f64(buffer, host->loss);
        buffer_put_u32(buffer, host->incarnation);
        buffer_put_u8(buffer, host->up);
        counters_save(&host->counters, buffer);
    }
}

static void hosts_load(struct net *net, struct buffer_reader *reader)
{
    buffer_get_tag(reader, "net.host");
    if (buffer_get_u64(reader) != net->host_count)
        buffer_reader_fail(reader);
    for (uint32_t i = 0; i < net->host_count && !reader->failed; i++) {
        struct host *host = &net->hosts[i];
        host->half_latency_ns = buffer_get_i64(reader);
        host->loss = buffer_get_f64(reader);
        host->incarnation = buffer_get_u32(reader);
        host->up = buffer_get_u8(reader) != 0;
        host->counters = counters_load(reader);
    }
}

static void flow_save(const struct flow *flow, struct buffer *buffer)
{
    buffer_put_u64(buffer, flow->tag);
    buffer_put_u64(buffer, flow->size_bytes);
    buffer_put_u64(buffer, flow->serial);
    buffer_put_f64(buffer, flow->weight);
    buffer_put_i64(buffer, flow->latency_ns);
    buffer_put_i64(buffer, flow->last_ns);
    for (int side = 0; side < 2; side++) {
        buffer_put_u32(buffer, flow->link[side]);
        buffer_put_u32(buffer, flow->incarnation[side]);
    }
    buffer_put_u32(buffer, flow->generation);
    buffer_put_u8(buffer, flow->state);
    buffer_put_u8(buffer, flow->doomed);
}
enum { FLOW_SAVED_BYTES = 6 * 8 + 5 * 4 + 2 };

static void flow_load(struct net *net, uint32_t index, struct buffer_reader *reader)
{
    struct flow *flow = &net->flows[index];
    flow->tag = buffer_get_u64(reader);
    flow->size_bytes = buffer_get_u64(reader);
    flow->serial = buffer_get_u64(reader);
    flow->weight = buffer_get_f64(reader);
    flow->latency_ns = buffer_get_i64(reader);
    flow->last_ns = buffer_get_i64(reader);
    for (int side = 0; side < 2; side++) {
        flow->link[side] = buffer_get_u32(reader);
        flow->incarnation[side] = buffer_get_u32(reader);
    }
    flow->generation = buffer_get_u32(reader);
    flow->state = buffer_get_u8(reader);
    flow->doomed = buffer_get_u8(reader) != 0;
    bool valid = flow->state <= FLOW_ARRIVING;
    for (int side = 0; side < 2 && flow->state != FLOW_FREE; side++)
        valid = valid && flow->link[side] < net->link_count;
    if (!valid)
        buffer_reader_fail(reader);
}

static void flows_save(const struct net *net, struct buffer *buffer)
{
    buffer_put_tag(buffer, "net.flow");
    buffer_put_u64(buffer, net->flow_slots);
    for (uint32_t i = 0; i < net->flow_slots; i++)
        flow_save(&net->flows[i], buffer);
    for (uint32_t i = 0; net->tcp != NULL && i < net->flow_slots; i++)
        tcp_save(&net->tcp[i], buffer);
    buffer_put_u32(buffer, net->free_flow);
    buffer_put_u32(buffer, net->active_count);
    buffer_put_u64(buffer, net->next_serial);
}

static enum sim_status flows_load(struct net *net, struct buffer_reader *reader,
                                  struct sim_error *err)
{
    buffer_get_tag(reader, "net.flow");
    bool tcp = net->options.sharing == NET_TCP;
    uint64_t slots = buffer_get_count(reader, FLOW_SAVED_BYTES + (tcp ? TCP_SAVED_BYTES : 0));
    if (slots > net->options.flow_limit)
        buffer_reader_fail(reader);
    if (reader->failed)
        return SIM_OK; /* reported at the end */
    net->flows = calloc(slots + 1, sizeof(net->flows[0]));
    net->tcp = tcp ? calloc(slots + 1, sizeof(net->tcp[0])) : NULL;
    if (net->flows == NULL || (tcp && net->tcp == NULL))
        return SIM_FAIL(err, SIM_MEMORY, "network: out of memory for saved messages");
    net->flow_slots = net->flow_capacity = (uint32_t)slots;
    for (uint32_t i = 0; i < slots; i++)
        flow_load(net, i, reader);
    for (uint32_t i = 0; tcp && i < slots; i++)
        tcp_load(&net->tcp[i], reader);
    net->free_flow = buffer_get_u32(reader);
    net->active_count = buffer_get_u32(reader);
    net->next_serial = buffer_get_u64(reader);
    if (net->free_flow != FLOW_NONE && net->free_flow >= slots)
        buffer_reader_fail(reader);
    return SIM_OK;
}

static void link_save(const struct net *net, uint32_t number, struct buffer *buffer)
{
    const struct link *link = &net->links[number];
    const struct link_entry *entries = link_entries(net, link);
    uint32_t position = net->ends.position[number];
    buffer_put_f64(buffer, link->bytes_per_s);
    buffer_put_f64(buffer, link->settled_level);
    buffer_put_f64(buffer, link->virtual_time);
    buffer_put_i64(buffer, link->virtual_ns);
    buffer_put_f64(buffer, link->passed_bytes);
    buffer_put_i64(buffer, link->busy_until_ns);
    buffer_put_f64(buffer, net->level[number]);
    buffer_put_f64(buffer, net->slack[number].load_bytes_per_s);
    buffer_put_i64(buffer, position == 0 ? NS_NEVER : net->ends.slots[position - 1].at_ns);
    buffer_put_u8(buffer, position != 0);
    buffer_put_u64(buffer, link->entries.count);
    for (uint32_t i = 0; i < link->entries.count; i++) {
        buffer_put_u32(buffer, entries[i].flow);
        buffer_put_f64(buffer, entries[i].finish);
    }
}

static enum sim_status entry_load(struct net *net, uint32_t number, struct buffer_reader *reader,
                                  struct sim_error *err)
{
    struct link *link = &net->links[number];
    uint32_t index = buffer_get_u32(reader);
    double finish = buffer_get_f64(reader);
    if (reader->failed || index >= net->flow_slots || net->flows[index].state != FLOW_SHARING) {
        buffer_reader_fail(reader);
        return SIM_OK;
    }
    struct flow *flow = &net->flows[index];
    int side = flow->link[FLOW_UP] == number ? FLOW_UP : FLOW_DOWN;
    enum sim_status status = pool_append(&net->pool, &link->entries, err);
    if (status != SIM_OK)
        return status;
    flow->position[side] = link->entries.count - 1;
    link_entries(net, link)[flow->position[side]] = (struct link_entry){
        .weight = flow->weight, .finish = finish, .other = flow->link[!side], .flow = index};
    return SIM_OK;
}

static enum sim_status link_load(struct net *net, uint32_t number, struct buffer_reader *reader,
                                 struct sim_error *err)
{
    struct link *link = &net->links[number];
    link->bytes_per_s = buffer_get_f64(reader);
    link->settled_level = buffer_get_f64(reader);
    link->virtual_time = buffer_get_f64(reader);
    link->virtual_ns = buffer_get_i64(reader);
    link->passed_bytes = buffer_get_f64(reader);
    link->busy_until_ns = buffer_get_i64(reader);
    net->level[number] = buffer_get_f64(reader);
    net->slack[number].load_bytes_per_s = buffer_get_f64(reader);
    net->slack[number].limit_bytes_per_s = link->bytes_per_s * (1 - NET_SLACK_MARGIN);
    int64_t end_ns = buffer_get_i64(reader);
    if (buffer_get_u8(reader) != 0)
        heap_set(&net->ends, number, end_ns);
    uint64_t count = buffer_get_count(reader, sizeof(uint32_t) + sizeof(double));
    enum sim_status status = SIM_OK;
    for (uint64_t i = 0; i < count && status == SIM_OK && !reader->failed; i++)
        status = entry_load(net, number, reader, err);
    return status;
}

static void list_save(const struct net_list *list, uint32_t from, struct buffer *buffer)
{
    buffer_put_u64(buffer, list->count - from);
    for (uint32_t i = from; i < list->count; i++)
        buffer_put_u32(buffer, list->items[i]);
}

static enum sim_status list_load(struct net_list *list, uint32_t item_limit,
                                 struct buffer_reader *reader, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    uint64_t count = buffer_get_count(reader, sizeof(uint32_t));
    for (uint64_t i = 0; i < count && status == SIM_OK; i++) {
        uint32_t item = buffer_get_u32(reader);
        if (item >= item_limit)
            buffer_reader_fail(reader);
        if (reader->failed)
            break;
        status = net_list_add(list, item, err);
    }
    return status;
}

enum sim_status net_save(const struct net *net, struct buffer *buffer, struct sim_error *err)
{
    SIM_ASSERT(net->notice_count == 0 && net->due.count == 0);
    hosts_save(net, buffer);
    flows_save(net, buffer);
    buffer_put_tag(buffer, "net.link");
    for (uint32_t number = 0; number < net->link_count; number++)
        link_save(net, number, buffer);
    buffer_put_tag(buffer, "net.rest");
    list_save(&net->dirty, net->dirty_head, buffer);
    list_save(&net->touched, 0, buffer);
    list_save(&net->fresh, 0, buffer);
    buffer_put_i64(buffer, net->settle_ns);
    buffer_put_i64(buffer, net->end_ns);
    for (int region = 0; region < NET_REGION_MAX; region++)
        buffer_put_u64(buffer, net->cut[region]);
    counters_save(&net->totals, buffer);
    return buffer_status(buffer, err);
}

static void marks_restore(struct net *net)
{
    for (uint32_t i = 0; i < net->dirty.count; i++)
        net->links[net->dirty.items[i]].dirty = true;
    for (uint32_t i = 0; i < net->touched.count; i++)
        net->links[net->touched.items[i]].touched = true;
}

enum sim_status net_load(struct net *net, struct buffer_reader *reader, struct sim_error *err)
{
    SIM_ASSERT(net->next_serial == 0 && net->flows == NULL);
    hosts_load(net, reader);
    enum sim_status status = flows_load(net, reader, err);
    buffer_get_tag(reader, "net.link");
    for (uint32_t i = 0; i < net->link_count && status == SIM_OK && !reader->failed; i++)
        status = link_load(net, i, reader, err);
    buffer_get_tag(reader, "net.rest");
    if (status == SIM_OK)
        status = list_load(&net->dirty, net->link_count, reader, err);
    if (status == SIM_OK)
        status = list_load(&net->touched, net->link_count, reader, err);
    if (status == SIM_OK)
        status = list_load(&net->fresh, net->flow_slots, reader, err);
    if (status != SIM_OK)
        return status;
    net->settle_ns = buffer_get_i64(reader);
    net->end_ns = buffer_get_i64(reader);
    for (int region = 0; region < NET_REGION_MAX; region++)
        net->cut[region] = buffer_get_u64(reader);
    net->totals = counters_load(reader);
    marks_restore(net);
    return buffer_reader_status(reader, err);
}
