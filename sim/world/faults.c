/*
 * faults.c: a scenario's faults, from groups and regions to the hosts of one run.
 *
 * A random fault of hosts (crash, slow, link) strikes each host by itself; a random partition or
 * flood comes and goes as a whole.  The draws belong to the fault's name and the host's group and
 * index, so that neither another fault nor another host moves them.
 */
#include "world/faults.h"

#include "net/region.h"
#include "world/state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {"crash", "slow", "link", "partition", "flood", NULL};

#define AT(field) offsetof(struct world_fault_params, field)
static const struct param_key fault_keys[] = {
    {"kind", PARAM_ENUM, AT(kind), NULL, NULL, NULL, kind_names,
     "hosts crash, or compute slowly; their links degrade; regions are cut off; or hosts flood a "
     "victim's link with messages"},
    {"groups", PARAM_STRING_LIST, AT(groups), NULL, NULL, "", NULL,
     "whose hosts it strikes, or who sends a flood; none named: all"},
    {"regions", PARAM_STRING_LIST, AT(regions), NULL, NULL, "", NULL,
     "only hosts in these regions; of a partition the regions that are cut off together"},
    {"from", PARAM_STRING_LIST, AT(from), NULL, NULL, "", NULL,
     "the regions from which a partition cuts those off; none named: all others"},
    {"first", PARAM_U32, AT(first), "0", "1000000", "0", NULL,
     "so many neurons' hosts of each group, from its first; 0: all"},
    {"share", PARAM_REAL, AT(share), "0", "1", "1", NULL,
     "chance of each of those hosts to be struck at all, drawn once"},
    {"at", PARAM_DURATION_NS, AT(at_ns), "0 ns", "36500 d", "0 s", NULL, "when it begins"},
    {"for", PARAM_DURATION_NS, AT(for_ns), "0 ns", "36500 d", "0 s", NULL,
     "how long it holds; 0 s: to the end of the run"},
    {"mtbf", PARAM_DURATION_NS | PARAM_DIST_FLAG, AT(mtbf_ns), "0 ns", "36500 d", "0 s", NULL,
     "with it the fault comes and goes within that time, each host by itself: how long a host is "
     "well before it is struck.  {exponential: {mean: 6 h}} forgets; a plain value is that long "
     "every time"},
    {"mttr", PARAM_DURATION_NS | PARAM_DIST_FLAG, AT(mttr_ns), "0 ns", "36500 d", "0 s", NULL,
     "how long it holds each time"},
    {"speed", PARAM_REAL, AT(speed), "0.000001", "1000", "0.5", NULL,
     "of the hosts' computing, as a factor; jobs under way end as planned"},
    {"up", PARAM_REAL, AT(up), "0.000001", "1000", "1", NULL, "bandwidth up, as a factor"},
    {"down", PARAM_REAL, AT(down), "0.000001", "1000", "1", NULL, "bandwidth down, as a factor"},
    {"latency", PARAM_REAL, AT(latency), "0", "100000", "1", NULL,
     "latency to the backbone, as a factor"},
    {"loss", PARAM_REAL, AT(loss), "0", "1", "0", NULL,
     "chance of a message to or from the host to be lost"},
    {"victim", PARAM_STRING, AT(victim), NULL, NULL, "", NULL, "group of the neuron flooded"},
    {"victim_index", PARAM_U32, AT(victim_index), "0", "1000000", "0", NULL,
     "its number in the group"},
    {"parallel", PARAM_U32, AT(parallel), "1", "100000", "4", NULL,
     "messages that each host keeps on their way to the victim"},
    {"message", PARAM_SIZE_BYTES, AT(message_bytes), "1 B", "1000 GB", "100 kB", NULL,
     "size of each"},
};
#undef AT
static const struct param_condition fault_conditions[] = {
    {"groups", "kind!=partition"}, {"first", "kind!=partition"},   {"share", "kind!=partition"},
    {"from", "kind=partition"},    {"speed", "kind=slow"},         {"up", "kind=link"},
    {"down", "kind=link"},         {"latency", "kind=link"},       {"loss", "kind=link"},
    {"victim", "kind=flood"},      {"victim_index", "kind=flood"}, {"parallel", "kind=flood"},
    {"message", "kind=flood"},
};
const struct param_table world_fault_table = PARAM_TABLE_WHEN(
    "fault", struct world_fault_params, fault_keys, fault_conditions, "something that goes wrong");

/* ---- names */

/* REGION_COUNT for a name that is none. */
static uint32_t region_of(const char *name)
{
    const struct region *regions = region_table(REGION_2019);
    uint32_t r = 0;
    while (r < REGION_COUNT && strcmp(regions[r].name, name) != 0)
        r++;
    return r;
}

static uint64_t region_bits(const struct param_strings *names)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < names->count; i++)
        bits |= UINT64_C(1) << region_of(names->items[i]);
    return bits;
}

/* "miners", or "NETWORK/miners" where there are several. */
static bool is_named(const struct agents_group *group, const char *name)
{
    return strcmp(group->name, name) == 0 || strcmp(agents_group_stable_name(group), name) == 0;
}

static const struct agents_group *group_named(const struct agents_group *groups, uint32_t count,
                                              const char *name)
{
    for (uint32_t g = 0; g < count; g++)
        if (is_named(&groups[g], name))
            return &groups[g];
    return NULL;
}

static bool names_it(const struct param_strings *names, const struct agents_group *group)
{
    for (size_t i = 0; i < names->count; i++)
        if (is_named(group, names->items[i]))
            return true;
    return false;
}

static bool is_zero(const struct dist *dist)
{
    return dist->shape == DIST_CONSTANT && dist->low.i64 == 0;
}

/* ---- what has to fit together */

static enum sim_status check_regions(const struct param_strings *names, struct sim_error *err)
{
    for (size_t i = 0; i < names->count; i++)
        if (region_of(names->items[i]) == REGION_COUNT)
            return SIM_FAIL(err, SIM_CONFIG,
                            "there is no region '%s'; there are north_america, europe, "
                            "south_america, asia_pacific, japan, australia",
                            names->items[i]);
    return SIM_OK;
}

static enum sim_status check_groups(const struct param_strings *names,
                                    const struct agents_group *groups, uint32_t group_count,
                                    struct sim_error *err)
{
    for (size_t i = 0; i < names->count; i++)
        if (group_named(groups, group_count, names->items[i]) == NULL)
            return SIM_FAIL(err, SIM_CONFIG, "there is no group '%s'", names->items[i]);
    return SIM_OK;
}

static enum sim_status check_victim(const struct world_fault_params *params,
                                    const struct agents_group *groups, uint32_t group_count,
                                    const char **ret_key, struct sim_error *err)
{
    *ret_key = "victim";
    if (params->victim[0] == '\0')
        return SIM_FAIL(err, SIM_CONFIG, "a flood needs the group of its victim");
    const struct agents_group *group = group_named(groups, group_count, params->victim);
    if (group == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "there is no group '%s'", params->victim);
    uint32_t behind = group_count - (uint32_t)(group - groups) - 1;
    if (group_named(group + 1, behind, params->victim) != NULL)
        return SIM_FAIL(err, SIM_CONFIG,
                        "several networks have a group '%s': say which, as in '%s'", params->victim,
                        agents_group_stable_name(group));
    *ret_key = "victim_index";
    if (params->victim_index >= group->params->count)
        return SIM_FAIL(err, SIM_CONFIG, "'%s' has %u neurons; the first is number 0",
                        params->victim, group->params->count);
    return SIM_OK;
}

static enum sim_status check_partition(const struct world_fault_params *params,
                                       const char **ret_key, struct sim_error *err)
{
    *ret_key = "regions";
    uint64_t island = region_bits(&params->regions), from = region_bits(&params->from);
    if (island == 0)
        return SIM_FAIL(err, SIM_CONFIG, "a partition needs the regions that it cuts off");
    if (from == 0 && island == (UINT64_C(1) << REGION_COUNT) - 1)
        return SIM_FAIL(err, SIM_CONFIG, "all regions together cannot be cut off from others");
    *ret_key = "from";
    if ((island & from) != 0)
        return SIM_FAIL(err, SIM_CONFIG, "a region cannot be on both sides of a partition");
    return SIM_OK;
}

enum sim_status world_fault_check(const struct world_fault *fault,
                                  const struct agents_group *groups, uint32_t group_count,
                                  const char **ret_key, struct sim_error *err)
{
    const struct world_fault_params *params = fault->params;
    *ret_key = "groups";
    enum sim_status status = check_groups(&params->groups, groups, group_count, err);
    if (status != SIM_OK)
        return status;
    *ret_key = "regions";
    status = check_regions(&params->regions, err);
    if (status != SIM_OK)
        return status;
    *ret_key = "from";
    status = check_regions(&params->from, err);
    if (status != SIM_OK)
        return status;
    *ret_key = is_zero(&params->mtbf_ns) ? "mttr" : "mtbf";
    if (is_zero(&params->mtbf_ns) != is_zero(&params->mttr_ns))
        return SIM_FAIL(err, SIM_CONFIG, "'mtbf' and 'mttr' are given both or not at all");
    if (params->kind == FAULT_CUT)
        return check_partition(params, ret_key, err);
    if (params->kind == FAULT_FLOOD)
        return check_victim(params, groups, group_count, ret_key, err);
    return SIM_OK;
}

/* ---- from names to hosts */

/* The draws of a fault at a host, or with AGENT_NONE of the fault as a whole. */
static uint64_t entity_of(const struct world *world, const struct world_fault *fault, uint32_t host)
{
    char name[600];
    if (host == AGENT_NONE)
        return stream_entity(fault->name, 0);
    uint32_t own;
    const struct subnet *subnet = world_subnet_of_host(world, host, &own);
    struct agent_info info = agents_info(subnet->agents, agents_of_host(subnet->agents, own));
    snprintf(name, sizeof(name), "%s/%s", fault->name,
             agents_group_stable_name(&subnet->setup.groups[info.group]));
    return stream_entity(name, info.index_in_group);
}

static bool strikes(const struct world *world, const struct world_fault *fault, uint32_t host)
{
    const struct world_fault_params *params = fault->params;
    uint32_t own;
    const struct subnet *subnet = world_subnet_of_host(world, host, &own);
    struct agent_info info = agents_info(subnet->agents, agents_of_host(subnet->agents, own));
    const struct agents_group *group = &subnet->setup.groups[info.group];
    if (params->groups.count > 0 && !names_it(&params->groups, group))
        return false;
    if (params->regions.count > 0 &&
        (region_bits(&params->regions) >> world->hosts[host].region & 1) == 0)
        return false;
    if (params->first > 0 && info.index_in_group >= params->first)
        return false;
    if (params->share >= 1)
        return true;
    struct stream stream; /* its times are drawn from tickets 0, 1, 2, ... */
    stream_init(&stream, world->setup.params->seed, STREAM_FAULT, entity_of(world, fault, host),
                UINT64_MAX);
    return stream_uniform(&stream) < params->share;
}

/* The host of a group's neuron. */
static uint32_t host_of(const struct world *world, const char *group, uint32_t index)
{
    for (uint32_t s = 0; s < world->subnet_count; s++) {
        const struct subnet *subnet = &world->subnets[s];
        for (uint32_t n = 0; n < agents_count(subnet->agents); n++) {
            struct agent_info info = agents_info(subnet->agents, n);
            if (info.index_in_group == index && is_named(&subnet->setup.groups[info.group], group))
                return subnet->first_host + info.model;
        }
    }
    sim_assert_failed("a victim that was checked", __FILE__, __LINE__);
}

static struct fault fault_of(const struct world *world, uint32_t id)
{
    const struct world_fault_params *params = world->setup.faults[id].params;
    struct fault fault = {
        .kind = (enum fault_kind)params->kind,
        .at_ns = params->at_ns,
        .duration_ns = params->for_ns,
        .id = id,
        .speed = params->speed,
        .up_factor = params->up,
        .down_factor = params->down,
        .latency_factor = params->latency,
        .loss = params->loss,
        .parallel = params->parallel,
        .message_bytes = params->message_bytes,
    };
    if (!is_zero(&params->mtbf_ns)) {
        fault.up_ns = &params->mtbf_ns;
        fault.down_ns = &params->mttr_ns;
    }
    if (fault.kind == FAULT_CUT) {
        fault.regions_a = region_bits(&params->regions);
        fault.regions_b = region_bits(&params->from);
        if (fault.regions_b == 0)
            fault.regions_b = ((UINT64_C(1) << REGION_COUNT) - 1) & ~fault.regions_a;
    }
    if (fault.kind == FAULT_FLOOD)
        fault.victim = host_of(world, params->victim, params->victim_index);
    return fault;
}

/* Its own fault for each host: they come and go apart. */
static enum sim_status add_apart(struct world *world, const struct world_fault *fault,
                                 const struct fault *whole, const uint32_t *hosts, uint32_t count,
                                 struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < count && status == SIM_OK; i++) {
        struct fault one = *whole;
        one.hosts = &hosts[i];
        one.host_count = 1;
        one.entity = entity_of(world, fault, hosts[i]);
        status = faults_add(world->faults, &one, err);
    }
    return status;
}

static enum sim_status add_fault(struct world *world, uint32_t id, uint32_t *hosts,
                                 uint32_t host_count, struct sim_error *err)
{
    const struct world_fault *fault = &world->setup.faults[id];
    struct fault whole = fault_of(world, id);
    whole.entity = entity_of(world, fault, AGENT_NONE);
    uint32_t count = 0;
    for (uint32_t h = 0; h < host_count && whole.kind != FAULT_CUT; h++)
        if (strikes(world, fault, h))
            hosts[count++] = h;
    bool apart = whole.up_ns != NULL && whole.kind != FAULT_CUT && whole.kind != FAULT_FLOOD;
    enum sim_status status;
    if (apart) {
        status = add_apart(world, fault, &whole, hosts, count, err);
    } else {
        whole.hosts = hosts;
        whole.host_count = count;
        status = faults_add(world->faults, &whole, err);
    }
    return status == SIM_OK ? SIM_OK : sim_error_context(err, "faults.%s", fault->name);
}

/* ---- in the run */

static enum sim_status turned(void *context, const struct fault *fault, bool begins, int64_t now_ns,
                              struct sim_error *err)
{
    struct world *world = context;
    enum sim_status status = SIM_OK;
    for (uint32_t s = 0; s < world->subnet_count && status == SIM_OK; s++)
        status = probe_fault(world->subnets[s].probe, fault, begins, now_ns, err);
    return status;
}

static enum sim_status changed(void *context, uint32_t host, const struct host_condition *condition,
                               int64_t now_ns, struct sim_error *err)
{
    uint32_t own;
    const struct subnet *subnet = world_subnet_of_host(context, host, &own);
    return agents_host_changed(subnet->agents, own, condition, now_ns, err);
}

enum sim_status world_faults_build(struct world *world, uint32_t first_kind, struct sim_error *err)
{
    uint32_t host_count = world->host_count;
    if (world->setup.fault_count == 0)
        return SIM_OK;
    struct faults_wiring wiring = {
        .queue = world->queue,
        .net = world->net,
        .first_kind = first_kind,
        .seed = world->setup.params->seed,
        .changed = changed,
        .turned = turned,
        .context = world,
    };
    enum sim_status status = faults_create(&wiring, &world->faults, err);
    if (status != SIM_OK)
        return status;
    uint32_t *hosts = calloc(host_count + 1, sizeof(*hosts));
    if (hosts == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for the faults' hosts");
    for (uint32_t f = 0; f < world->setup.fault_count && status == SIM_OK; f++)
        status = add_fault(world, f, hosts, host_count, err);
    free(hosts);
    return status;
}

enum sim_status world_delivered(void *context, uint64_t tag, enum net_outcome outcome,
                                int64_t now_ns, struct sim_error *err)
{
    struct world *world = context;
    if ((tag & FAULTS_TAG) != 0)
        return faults_delivered(world->faults, tag, outcome, now_ns, err);
    const struct subnet *subnet = &world->subnets[tag >> AGENTS_TAG_BITS];
    uint64_t own = tag & ((UINT64_C(1) << AGENTS_TAG_BITS) - 1);
    return agents_delivered(subnet->agents, own, outcome, now_ns, err);
}

void world_faults_name(const struct world *world)
{
    char names[4096] = "";
    size_t used = 0;
    for (uint32_t f = 0; f < world->setup.fault_count && used < sizeof(names); f++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", f > 0 ? " " : "",
                                 world->setup.faults[f].name);
    if (world->setup.fault_count > 0)
        record_attr_text(world->record, RECORD_ROOT, "fault_names", names);
}
