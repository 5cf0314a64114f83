/*
 * maxmin.c: flows share links max-min fairly, exactly and incrementally.
 *
 * The level of link l, given the levels of the other links of its flows, solves
 *
 *     sum over flows f of l:  w_f * min(level_l, level_other(f)) = capacity_l
 *
 * and is infinite when the left side stays at or below the capacity for any level.  Solving dirty
 * links again and again until none moves gives the max-min allocation: the link with the lowest
 * level is final as soon as it is solved, then the next lowest, and so on.
 */
#include "net/internal.h"

/* Levels are final when they repeat to this relative precision. */
#define LEVEL_PRECISION 1e-13
/* Virtual times are taken back to zero beyond this, to keep their last digit small. */
#define VIRTUAL_TIME_MAX 1e9
#define SECONDS_PER_NS 1e-9

static enum sim_status link_dirty(struct net *net, uint32_t number, struct sim_error *err)
{
    if (net->links[number].dirty)
        return SIM_OK;
    net->links[number].dirty = true;
    return net_list_add(&net->dirty, number, err);
}

static enum sim_status link_touch(struct net *net, uint32_t number, struct sim_error *err)
{
    if (net->links[number].touched)
        return SIM_OK;
    net->links[number].touched = true;
    return net_list_add(&net->touched, number, err);
}

/* Once an instant: an event at this same instant, behind those that are already due. */
static enum sim_status settle_later(struct net *net, int64_t now_ns, struct sim_error *err)
{
    if (net->settle_ns == now_ns)
        return SIM_OK;
    net->settle_ns = now_ns;
    return net_push(net, now_ns, NET_EVENT_SETTLE, 0, 0, err);
}

static enum sim_status entry_add(struct net *net, uint32_t index, int side, struct sim_error *err)
{
    struct flow *flow = &net->flows[index];
    struct link *link = &net->links[flow->link[side]];
    enum sim_status status = pool_append(&net->pool, &link->entries, err);
    if (status != SIM_OK)
        return status;
    flow->position[side] = link->entries.count - 1;
    link_entries(net, link)[flow->position[side]] = (struct link_entry){
        .weight = flow->weight, .finish = INFINITY, .other = flow->link[!side], .flow = index};
    return link_dirty(net, flow->link[side], err);
}

enum sim_status maxmin_join(struct net *net, int64_t now_ns, uint32_t index, struct sim_error *err)
{
    net->flows[index].state = FLOW_SHARING;
    enum sim_status status = entry_add(net, index, FLOW_UP, err);
    if (status == SIM_OK)
        status = entry_add(net, index, FLOW_DOWN, err);
    if (status == SIM_OK)
        status = net_list_add(&net->fresh, index, err);
    return status == SIM_OK ? settle_later(net, now_ns, err) : status;
}

static void entry_remove(struct net *net, const struct flow *flow, int side)
{
    struct link *link = &net->links[flow->link[side]];
    struct link_entry *entries = link_entries(net, link);
    uint32_t position = flow->position[side];
    entries[position] = entries[--link->entries.count];
    struct flow *moved = &net->flows[entries[position].flow];
    moved->position[moved->link[FLOW_UP] == flow->link[side] ? FLOW_UP : FLOW_DOWN] = position;
}

enum sim_status maxmin_leave(struct net *net, int64_t now_ns, uint32_t index, double passed_bytes,
                             struct sim_error *err)
{
    const struct flow *flow = &net->flows[index];
    enum sim_status status = SIM_OK;
    for (int side = 0; side < 2 && status == SIM_OK; side++) {
        uint32_t number = flow->link[side];
        struct link *link = &net->links[number];
        const struct link_entry *entry = &link_entries(net, link)[flow->position[side]];
        link->passed_bytes += passed_bytes;
        if (entry->finish < INFINITY)
            status = link_touch(net, number, err);
        if (status != SIM_OK)
            return status;
        /* A link with room to spare only gets more of it; the others need a new level. */
        if (isinf(net->level[number]) && !link->dirty && link->entries.count > 1)
            net->slack[number].load_bytes_per_s -= entry->weight * net->level[entry->other];
        else
            status = link_dirty(net, number, err);
        entry_remove(net, flow, side);
    }
    return status == SIM_OK ? settle_later(net, now_ns, err) : status;
}

enum sim_status maxmin_capacity_changed(struct net *net, int64_t now_ns, uint32_t number,
                                        struct sim_error *err)
{
    enum sim_status status = link_dirty(net, number, err);
    return status == SIM_OK ? settle_later(net, now_ns, err) : status;
}

/* One Newton step towards the level: what the flows below `level` leave over is divided among the
 * others.  The use of a link is concave in its level, so from anywhere one step lands at or below
 * the solution, and further steps rise to it, in as many steps as there are changes of sides. */
struct level_step {
    double rest_bytes_per_s; /* capacity - what flows limited elsewhere, below the level, take */
    double weight;           /* of the flows at or above the level */
    double weight_sum;       /* of all flows */
};

static struct level_step level_step(const struct link_entry *entries, uint32_t count,
                                    const double *levels, double bytes_per_s, double level)
{
    double taken = 0, above = 0, all = 0;
    for (uint32_t i = 0; i < count; i++) {
        double other = levels[entries[i].other];
        double weight = entries[i].weight;
        all += weight;
        if (other < level)
            taken += weight * other;
        else
            above += weight;
    }
    return (struct level_step){bytes_per_s - taken, above, all};
}

/* The link's level given the others'; sets what an unsaturated link carries. */
static double level_solve(struct net *net, uint32_t number)
{
    const struct link *link = &net->links[number];
    const struct link_entry *entries = link_entries(net, link);
    uint32_t count = link->entries.count;
    double level = net->level[number];
    if (count == 0) {
        net->slack[number].load_bytes_per_s = 0;
        return INFINITY;
    }
    for (bool below = false;;) {
        struct level_step step = level_step(entries, count, net->level, link->bytes_per_s, level);
        if (step.weight == 0 && step.rest_bytes_per_s >= 0) {
            net->slack[number].load_bytes_per_s = link->bytes_per_s - step.rest_bytes_per_s;
            return INFINITY;
        }
        double lowest = link->bytes_per_s / step.weight_sum;
        double next = step.weight > 0 ? step.rest_bytes_per_s / step.weight : lowest;
        if (!(next > lowest))
            next = lowest;
        if (next == level || (below && next <= level * (1 + LEVEL_PRECISION)))
            return next;
        level = next;
        below = true;
    }
}

/* Link `number` has moved from level `before` to `after`: who has to look again? */
static enum sim_status level_pass_on(struct net *net, uint32_t number, double before, double after,
                                     struct sim_error *err)
{
    const struct link *link = &net->links[number];
    const struct link_entry *entries = link_entries(net, link);
    double lower = before < after ? before : after;
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < link->entries.count && status == SIM_OK; i++) {
        uint32_t other = entries[i].other;
        double other_level = net->level[other];
        if (!(other_level > lower))
            continue; /* the flow's rate is set there and has not moved */
        if (isinf(other_level) && !isinf(before) && !isinf(after)) {
            struct link_slack *slack = &net->slack[other];
            slack->load_bytes_per_s += entries[i].weight * (after - before);
            if (slack->load_bytes_per_s <= slack->limit_bytes_per_s)
                continue;
        }
        status = link_dirty(net, other, err);
    }
    return status;
}

static enum sim_status levels_relax(struct net *net, struct sim_error *err)
{
    uint64_t solved = 0, solved_max = UINT64_C(100000) * (net->link_count + 1);
    enum sim_status status = SIM_OK;
    while (net->dirty_head < net->dirty.count && status == SIM_OK) {
        uint32_t number = net->dirty.items[net->dirty_head++];
        net->links[number].dirty = false;
        double before = net->level[number], after = level_solve(net, number);
        if (++solved > solved_max)
            return SIM_FAIL(err, SIM_NUMERIC, "network: the links' shares do not settle");
        double finite = isinf(before) ? after : before;
        if (after == before || fabs(after - before) <= net->options.eps * finite)
            continue;
        net->level[number] = after;
        net->links[number].moved = true;
        net->effort.changed_count++;
        status = link_touch(net, number, err);
        if (status == SIM_OK)
            status = level_pass_on(net, number, before, after, err);
    }
    net->dirty.count = net->dirty_head = 0;
    net->effort.level_count += solved;
    if (solved > net->effort.settle_levels_max)
        net->effort.settle_levels_max = solved;
    return status;
}

static double link_virtual_time(const struct link *link, int64_t now_ns)
{
    if (now_ns == link->virtual_ns)
        return link->virtual_time;
    /* Without a level it has limited no flow since, and starts afresh. */
    if (isinf(link->settled_level))
        return 0;
    return link->virtual_time +
           link->settled_level * ((double)(now_ns - link->virtual_ns) * SECONDS_PER_NS);
}

/* Brings the virtual time to now and lets it run on at the new level. */
static void link_advance(struct net *net, uint32_t number, int64_t now_ns)
{
    struct link *link = &net->links[number];
    link->virtual_time = link_virtual_time(link, now_ns);
    link->virtual_ns = now_ns;
    link->settled_level = net->level[number];
}

/* Touches a link within a settle, when those touched before have been advanced. */
static enum sim_status link_touch_advanced(struct net *net, int64_t now_ns, uint32_t number,
                                           struct sim_error *err)
{
    if (!net->links[number].touched)
        link_advance(net, number, now_ns);
    return link_touch(net, number, err);
}

/* Makes flow `index` limited by its link on `side` with `rest` (bytes / weight) to go. */
static enum sim_status flow_limit(struct net *net, int64_t now_ns, uint32_t index, int side,
                                  double rest, struct sim_error *err)
{
    const struct flow *flow = &net->flows[index];
    struct link *link = &net->links[flow->link[side]];
    enum sim_status status = link_touch_advanced(net, now_ns, flow->link[side], err);
    link_entries(net, link)[flow->position[side]].finish = link->virtual_time + rest;
    return status;
}

static enum sim_status fresh_limit(struct net *net, int64_t now_ns, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < net->fresh.count && status == SIM_OK; i++) {
        uint32_t index = net->fresh.items[i];
        const struct flow *flow = &net->flows[index];
        if (flow->state != FLOW_SHARING)
            continue; /* gone again in the instant in which it came */
        int side = net->level[flow->link[FLOW_UP]] <= net->level[flow->link[FLOW_DOWN]] ? FLOW_UP
                                                                                        : FLOW_DOWN;
        status = flow_limit(net, now_ns, index, side, (double)flow->size_bytes / flow->weight, err);
    }
    net->fresh.count = 0;
    return status;
}

/* After the level of `number` moved: flows that it limits now and did not before, or the other
 * way round, take what they have left to the other link.  At equal levels they stay. */
static enum sim_status limits_switch(struct net *net, int64_t now_ns, uint32_t number,
                                     struct sim_error *err)
{
    const struct link *link = &net->links[number];
    struct link_entry *entries = link_entries(net, link);
    double level = net->level[number];
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < link->entries.count && status == SIM_OK; i++) {
        double other_level = net->level[entries[i].other];
        bool here = entries[i].finish < INFINITY;
        if (here ? other_level >= level : level >= other_level)
            continue;
        uint32_t index = entries[i].flow;
        const struct flow *flow = &net->flows[index];
        int side = flow->link[FLOW_UP] == number ? FLOW_UP : FLOW_DOWN;
        int from = here ? side : !side;
        const struct link *from_link = &net->links[flow->link[from]];
        struct link_entry *from_entry = &link_entries(net, from_link)[flow->position[from]];
        double rest = from_entry->finish - link_virtual_time(from_link, now_ns);
        status = link_touch_advanced(net, now_ns, flow->link[from], err);
        from_entry->finish = INFINITY;
        if (status == SIM_OK)
            status = flow_limit(net, now_ns, index, !from, rest > 0 ? rest : 0, err);
        net->effort.switch_count++;
    }
    return status;
}

static int64_t entry_end_ns(const struct link *link, const struct link_entry *entry)
{
    double rest = entry->finish - link->virtual_time;
    return ns_after(link->virtual_ns, rest > 0 ? rest / link->settled_level / SECONDS_PER_NS : 0);
}

/* When does the first flow that the link limits end? */
static void link_retime(struct net *net, uint32_t number)
{
    struct link *link = &net->links[number];
    struct link_entry *entries = link_entries(net, link);
    uint32_t count = link->entries.count;
    const struct link_entry *first = NULL;
    if (link->virtual_time > VIRTUAL_TIME_MAX) {
        for (uint32_t i = 0; i < count; i++)
            entries[i].finish -= link->virtual_time;
        link->virtual_time = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (entries[i].finish < (first == NULL ? INFINITY : first->finish))
            first = &entries[i];
    }
    if (first == NULL)
        heap_remove(&net->ends, number);
    else
        heap_set(&net->ends, number, entry_end_ns(link, first));
}

/* Sees to it that an end event lies in the queue no later than the next end.  One that turns out
 * to be too early is cheaper than taking it back. */
static enum sim_status end_schedule(struct net *net, struct sim_error *err)
{
    if (net->ends.count == 0 || net->ends.slots[0].at_ns >= net->end_ns)
        return SIM_OK;
    net->end_ns = net->ends.slots[0].at_ns;
    return net_push(net, net->end_ns, NET_EVENT_END, 0, 0, err);
}

enum sim_status maxmin_settle(struct net *net, int64_t now_ns, struct sim_error *err)
{
    net->settle_ns = -1;
    net->effort.settle_count++;
    enum sim_status status = levels_relax(net, err);
    for (uint32_t i = 0; i < net->touched.count; i++)
        link_advance(net, net->touched.items[i], now_ns);
    if (status == SIM_OK)
        status = fresh_limit(net, now_ns, err);
    uint32_t moved_count = net->touched.count; /* links touched below have kept their level */
    for (uint32_t i = 0; i < moved_count && status == SIM_OK; i++) {
        if (net->links[net->touched.items[i]].moved)
            status = limits_switch(net, now_ns, net->touched.items[i], err);
    }
    if (status != SIM_OK)
        return status;
    for (uint32_t i = 0; i < net->touched.count; i++) {
        uint32_t number = net->touched.items[i];
        net->links[number].moved = net->links[number].touched = false;
        link_retime(net, number);
    }
    net->touched.count = 0;
    return end_schedule(net, err);
}

/* Moves the flows of link `number` that end now to the list of those due. */
static enum sim_status ends_collect(struct net *net, int64_t now_ns, uint32_t number,
                                    struct sim_error *err)
{
    const struct link *link = &net->links[number];
    const struct link_entry *entries = link_entries(net, link);
    enum sim_status status = link_touch(net, number, err);
    for (uint32_t i = 0; i < link->entries.count && status == SIM_OK; i++) {
        if (entries[i].finish < INFINITY && entry_end_ns(link, &entries[i]) <= now_ns)
            status = net_list_add(&net->due, entries[i].flow, err);
    }
    heap_remove(&net->ends, number);
    return status;
}

/* Flows that end at one instant end in the order in which they were sent. */
void net_due_sort(struct net *net)
{
    for (uint32_t gap = net->due.count / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) {
        for (uint32_t i = gap; i < net->due.count; i++) {
            uint32_t index = net->due.items[i], at = i;
            uint64_t serial = net->flows[index].serial;
            for (; at >= gap && net->flows[net->due.items[at - gap]].serial > serial; at -= gap)
                net->due.items[at] = net->due.items[at - gap];
            net->due.items[at] = index;
        }
    }
}

enum sim_status maxmin_end(struct net *net, int64_t now_ns, struct sim_error *err)
{
    if (now_ns != net->end_ns) {
        net->effort.stale_count++;
        return SIM_OK;
    }
    net->end_ns = NS_NEVER;
    enum sim_status status = SIM_OK;
    while (status == SIM_OK && net->ends.count > 0 && net->ends.slots[0].at_ns <= now_ns)
        status = ends_collect(net, now_ns, net->ends.slots[0].number, err);
    net_due_sort(net);
    for (uint32_t i = 0; i < net->due.count && status == SIM_OK; i++) {
        uint32_t index = net->due.items[i];
        status = maxmin_leave(net, now_ns, index, (double)net->flows[index].size_bytes, err);
        if (status == SIM_OK)
            status = net_finish(net, index, true, err);
    }
    if (net->due.count == 0) {
        net->effort.stale_count++;
        if (status == SIM_OK)
            status = end_schedule(net, err);
    }
    net->due.count = 0;
    return status == SIM_OK ? net_notify(net, now_ns, err) : status;
}

/* The side whose link limits the flow, or -1 before it has been settled. */
static int flow_limited_side(const struct net *net, const struct flow *flow)
{
    for (int side = 0; side < 2; side++) {
        const struct link *link = &net->links[flow->link[side]];
        if (link_entries(net, link)[flow->position[side]].finish < INFINITY)
            return side;
    }
    return -1;
}

double maxmin_remaining_bytes(const struct net *net, int64_t now_ns, const struct flow *flow)
{
    int side = flow_limited_side(net, flow);
    double size_bytes = (double)flow->size_bytes;
    if (side < 0)
        return size_bytes;
    const struct link *link = &net->links[flow->link[side]];
    double finish = link_entries(net, link)[flow->position[side]].finish;
    double rest_bytes = (finish - link_virtual_time(link, now_ns)) * flow->weight;
    return rest_bytes < 0 ? 0 : rest_bytes > size_bytes ? size_bytes : rest_bytes;
}

double maxmin_rate(const struct net *net, const struct flow *flow)
{
    int side = flow_limited_side(net, flow);
    return side < 0 ? 0 : flow->weight * net->links[flow->link[side]].settled_level;
}

/* A link's lists, marks and, when all is settled and exact, its share of the bottleneck
 * property: see net_check. */
static void link_check(const struct net *net, uint32_t number, bool settled)
{
    const struct link *link = &net->links[number];
    const struct link_entry *entries = link_entries(net, link);
    double used = 0, highest = 0, level = net->level[number];
    bool limits = false;
    for (uint32_t i = 0; i < link->entries.count; i++) {
        const struct flow *flow = &net->flows[entries[i].flow];
        int side = flow->link[FLOW_UP] == number ? FLOW_UP : FLOW_DOWN;
        SIM_ASSERT(flow->state == FLOW_SHARING && flow->link[side] == number);
        SIM_ASSERT(flow->position[side] == i && entries[i].other == flow->link[!side]);
        double share = maxmin_rate(net, flow) / flow->weight;
        used += share * flow->weight;
        highest = share > highest ? share : highest;
        limits |= entries[i].finish < INFINITY;
        if (!settled)
            continue;
        double other = net->level[entries[i].other], lower = other < level ? other : level;
        SIM_ASSERT(flow_limited_side(net, flow) >= 0 && fabs(share - lower) <= 1e-9 * lower);
    }
    SIM_ASSERT(!limits || !settled || (net->ends.position[number] != 0));
    if (!settled)
        return;
    SIM_ASSERT(used <= link->bytes_per_s * (1 + 1e-9));
    /* Whoever is limited here meets a full link on which nobody has a larger share. */
    if (limits)
        SIM_ASSERT(used >= link->bytes_per_s * (1 - 1e-9) && highest <= level * (1 + 1e-9));
    if (isinf(level) && link->entries.count > 0)
        SIM_ASSERT(fabs(net->slack[number].load_bytes_per_s - used) <= 1e-6 * link->bytes_per_s);
}

void maxmin_check(const struct net *net)
{
    bool settled = net->settle_ns < 0 && net->options.eps <= 1e-12;
    heap_check(&net->ends);
    for (uint32_t number = 0; number < net->link_count; number++) {
        SIM_ASSERT(net->settle_ns >= 0 ||
                   !(net->links[number].dirty || net->links[number].touched));
        link_check(net, number, settled);
    }
}
