#include "world/world.h"

#include "base/digest.h"
#include "world/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct world_params, field)
static const struct param_key world_keys[] = {
    {"name", PARAM_STRING, AT(name), NULL, NULL, NULL, NULL, "names the run's folder and report"},
    {"question", PARAM_STRING, AT(question), NULL, NULL, "", NULL,
     "what the scenario is for, in one line"},
    {"cost", PARAM_STRING, AT(cost), NULL, NULL, "", NULL,
     "about how long a run takes, for whoever chooses a scenario"},
    {"seed", PARAM_U64, AT(seed), NULL, NULL, "1", NULL,
     "of everything that is drawn; another seed is another replicate"},
    {"until", PARAM_DURATION_NS | PARAM_UNHASHED_FLAG, AT(until_ns), "1 ms", "50000 d", NULL, NULL,
     "simulated time at which the run ends"},
    {"block_time", PARAM_DURATION_NS, AT(block_time_ns), "1 ms", "1 h", "12 s", NULL,
     "from one block of the chain to the next"},
    {"event_limit", PARAM_U64, AT(event_limit), "1000", "1099511627776", "100000000", NULL,
     "most events pending at once; more end the run with an error"},
    {"memo_memory", PARAM_SIZE_BYTES, AT(memo_bytes), "0 B", NULL, "64 MiB", NULL,
     "memory for answers that the same question to a shared model uses again; changes no result"},
    {"merge_idle_blocks", PARAM_BOOL, AT(merge_idle_blocks), NULL, NULL, "false", NULL,
     "blocks in which nothing can happen are made in one go: the same chain and the same rows from "
     "fewer events, for runs of years"},
};
#undef AT
static const struct param_condition world_conditions[] = {
    {"memo_memory", "groups.*.server=one and groups.*.model!=none"},
};
const struct param_table world_param_table = PARAM_TABLE_WHEN(
    "scenario", struct world_params, world_keys, world_conditions, "what is run, and for how long");

static const struct param_key network_keys[] = {
    {"netuid", PARAM_U32, offsetof(struct world_network_params, netuid), "1", "65535", NULL, NULL,
     "its number on the chain, of which the blocks of its epochs depend; each network has its own"},
};
const struct param_table world_network_table =
    PARAM_TABLE("networks", struct world_network_params, network_keys, "a network of the chain");

/* Event kinds of a run: the world's own, then the agents', then the network's, then the faults'. */
enum {
    KIND_BLOCK = 0,
    KIND_AGENT = 1,
    KIND_NET = KIND_AGENT + AGENT_KIND_COUNT,
    KIND_FAULT = KIND_NET + NET_KIND_COUNT,
    KIND_FURTHER = KIND_FAULT + FAULTS_KIND_COUNT, /* further networks' agents */
    KIND_COUNT = KIND_FURTHER + (WORLD_NETWORKS_MAX - 1) * AGENT_KIND_COUNT
};
_Static_assert(KIND_COUNT <= LOOP_KIND_COUNT, "kinds fit the loop's table");
_Static_assert(((uint64_t)WORLD_NETWORKS_MAX << AGENTS_TAG_BITS) <= FAULTS_TAG,
               "a message's tag has room for its network");

/* ---- a block */

static enum sim_status make_block(struct world *world, int64_t now_ns, bool *ret_epoch,
                                  struct sim_error *err)
{
    uint64_t number = chain_block_number(world->chain) + 1;
    enum sim_status status = SIM_OK;
    for (uint32_t s = 0; s < world->subnet_count && status == SIM_OK; s++)
        status = outside_feed(world->subnets[s].outside, number, err);
    if (status == SIM_OK)
        status = chain_block(world->chain, number, err);
    for (uint32_t s = 0; s < world->subnet_count && status == SIM_OK; s++)
        status = agents_on_block(world->subnets[s].agents, now_ns, err);
    for (uint32_t s = 0; s < world->subnet_count && status == SIM_OK; s++) {
        bool epoch;
        status = probe_block(world->subnets[s].probe, now_ns, loop_event_count(world->loop), &epoch,
                             err);
        *ret_epoch |= status == SIM_OK && epoch;
    }
    if (status == SIM_OK)
        status = world_root_block(world, now_ns, err);
    if (status == SIM_OK && world->setup.check)
        status = world_check(world, err);
    return status;
}

static enum sim_status handle_block(void *context, const struct event *event, struct sim_error *err)
{
    struct world *world = context;
    bool epoch = false;
    int64_t next_ns = 0;
    enum sim_status status = make_block(world, event->at_ns, &epoch, err);
    if (status == SIM_OK)
        status = world_skip_idle(world, event->at_ns, &next_ns, err);
    if (status == SIM_OK)
        status = evq_push(world->queue, next_ns, KIND_BLOCK, 0, 0, err);
    if (status != SIM_OK)
        return status;
    if (world->setup.progress != NULL) {
        struct world_status now = world_status(world);
        world->setup.progress(world->setup.progress_context, &now);
    }
    if (world->setup.stop != NULL && *world->setup.stop != 0) {
        world->interrupted = true;
        loop_stop(world->loop);
    }
    /* The handler has nothing more to do: here is between events. */
    if (world->interrupted || (epoch && world_checkpoint_due(world)))
        return world_checkpoint_write(world, err);
    return SIM_OK;
}

/* ---- building, layer by layer */

static enum sim_status build_compute(struct world *world, struct sim_error *err)
{
    struct compute_options options = world->setup.compute_test;
    options.threads = world->setup.threads;
    options.memo_bytes = world->setup.params->memo_bytes;
    enum sim_status status = version_pool_create(0, &world->versions, err);
    return status == SIM_OK ? compute_create(&options, &world->pool, err) : status;
}

static enum sim_status build_loop(struct world *world, struct sim_error *err)
{
    struct evq_options options = {.capacity = world->setup.params->event_limit};
    enum sim_status status = evq_create(&options, &world->queue, err);
    return status == SIM_OK ? loop_create(world->queue, &world->loop, err) : status;
}

static enum sim_status build_chain(struct world *world, struct sim_error *err)
{
    world->setup.chain.seed = world->setup.params->seed;
    if (world->opened != NULL)
        return world_resume_chain(world, err);
    return chain_create(&world->setup.chain, &world->chain, err);
}

static enum sim_status build_subnet(struct world *world, uint32_t index, struct sim_error *err)
{
    struct subnet *subnet = &world->subnets[index];
    struct agents_setup *setup = &subnet->setup;
    setup->seed = world->setup.params->seed;
    setup->netuid = subnet->net->netuid;
    setup->block_time_ns = world->setup.params->block_time_ns;
    setup->regions = (enum region_set)world->setup.net->regions;
    subnet->first_kind =
        index == 0 ? KIND_AGENT : KIND_FURTHER + (index - 1) * (uint32_t)AGENT_KIND_COUNT;
    enum sim_status status = agents_create(setup, world->versions, &subnet->agents, err);
    if (status != SIM_OK && subnet->name != NULL)
        return sim_error_context(err, "networks.%s", subnet->name);
    return status;
}

/* Hosts and owners are numbered through. */
static enum sim_status build_agents(struct world *world, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    uint32_t owners = 0;
    for (uint32_t s = 0; s < world->subnet_count && status == SIM_OK; s++) {
        struct subnet *subnet = &world->subnets[s];
        uint32_t count;
        status = build_subnet(world, s, err);
        if (status != SIM_OK)
            break;
        (void)agents_hosts(subnet->agents, &count);
        subnet->first_host = world->host_count;
        subnet->first_owner = owners;
        world->host_count += count;
        owners += agents_owner_count(subnet->agents);
        world->vote_networks[s] = (struct vote_network){.name = subnet->name,
                                                        .netuid = subnet->setup.netuid,
                                                        .groups = subnet->setup.groups,
                                                        .group_count = subnet->setup.group_count,
                                                        .agents = subnet->agents};
    }
    return status;
}

struct subnet *world_subnet_of_host(const struct world *world, uint32_t host, uint32_t *ret_own)
{
    uint32_t s = world->subnet_count - 1;
    SIM_ASSERT(host < world->host_count);
    while (host < world->subnets[s].first_host)
        s--;
    *ret_own = host - world->subnets[s].first_host;
    return &world->subnets[s];
}

static enum sim_status gather_hosts(struct world *world, struct sim_error *err)
{
    world->hosts = calloc((size_t)world->host_count + 1, sizeof(*world->hosts));
    if (world->hosts == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u hosts", world->host_count);
    for (uint32_t s = 0; s < world->subnet_count; s++) {
        uint32_t count;
        const struct net_host *hosts = agents_hosts(world->subnets[s].agents, &count);
        if (count > 0)
            memcpy(world->hosts + world->subnets[s].first_host, hosts, count * sizeof(*hosts));
    }
    return SIM_OK;
}

static enum sim_status build_net(struct world *world, struct sim_error *err)
{
    enum sim_status status = gather_hosts(world, err);
    if (status != SIM_OK)
        return status;
    struct net_wiring wiring = {
        .queue = world->queue,
        .first_kind = KIND_NET,
        .seed = world->setup.params->seed,
        .delivered = world_delivered,
        .context = world,
    };
    status =
        net_create(world->setup.net, world->hosts, world->host_count, &wiring, &world->net, err);
    return status == SIM_OK ? world_faults_build(world, KIND_FAULT, err) : status;
}

struct agents_wiring world_wiring(const struct world *world, const struct subnet *subnet)
{
    return (struct agents_wiring){
        .queue = world->queue,
        .first_kind = subnet->first_kind,
        .net = world->net,
        .chain = world->chain,
        .pool = world->pool,
        .versions = world->versions,
        .first_host = subnet->first_host,
        .tag = (uint64_t)(subnet - world->subnets) << AGENTS_TAG_BITS,
    };
}

static enum sim_status start_agents(struct world *world, struct sim_error *err)
{
    if (world->opened != NULL)
        return world_resume_agents(world, err);
    enum sim_status status = SIM_OK;
    for (uint32_t s = 0; s < world->subnet_count && status == SIM_OK; s++) {
        struct agents_wiring wiring = world_wiring(world, &world->subnets[s]);
        status = agents_start(world->subnets[s].agents, &wiring, err);
    }
    return status;
}

static enum sim_status build_outside(struct world *world, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t s = 0; s < world->subnet_count && status == SIM_OK; s++) {
        struct outside_wiring wiring = {
            .setup = &world->subnets[s].setup,
            .agents = world->subnets[s].agents,
            .chain = world->chain,
            .test_sequences = world->setup.probe->evaluation_sequences,
        };
        status = outside_create(&wiring, &world->subnets[s].outside, err);
    }
    return status;
}

/* What the mechanism knows that a chain cannot, for readers and reports. */
static void mark_outside(struct world *world)
{
    char facts[MECHANISM_NEEDS_BYTES];
    mechanism_needs_text(world_schedule_needs(world), facts);
    if (facts[0] != '\0')
        record_attr_text(world->record, RECORD_ROOT, "outside_knowledge", facts);
}

static uint32_t most_uids(const struct world *world)
{
    uint32_t most = 0;
    for (uint32_t s = 0; s < world->subnet_count; s++)
        if (world->subnets[s].setup.uid_capacity > most)
            most = world->subnets[s].setup.uid_capacity;
    return most;
}

static enum sim_status build_probes(struct world *world, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t s = 0; s < world->subnet_count; s++)
        world->probe_networks[s] = (struct probe_network){
            .name = world->subnets[s].name,
            .setup = &world->subnets[s].setup,
            .mechanism = world->subnets[s].first_mechanism->params->name,
        };
    for (uint32_t s = 0; s < world->subnet_count && status == SIM_OK; s++) {
        struct subnet *subnet = &world->subnets[s];
        struct probe_wiring wiring = {
            .networks = world->probe_networks,
            .network_count = world->subnet_count,
            .network = s,
            .first_owner = subnet->first_owner,
            .first_host = subnet->first_host,
            .setup = &subnet->setup,
            .agents = subnet->agents,
            .chain = world->chain,
            .record = world->record,
            .later_strategies = world->later_strategies,
            .later_strategy_count = world->later_strategy_count,
        };
        status = probe_create(world->setup.probe, &wiring, &subnet->probe, err);
    }
    return status;
}

static enum sim_status build_record(struct world *world, struct sim_error *err)
{
    struct record_options options = {.uid_count = most_uids(world)};
    if (world->opened != NULL)
        options.after = &world->mark;
    enum sim_status status = record_create(world->setup.folder, &options, &world->record, err);
    if (status != SIM_OK)
        return status;
    const struct world_params *params = world->setup.params;
    record_attr_text(world->record, RECORD_ROOT, "title", params->name);
    record_attr_text(world->record, RECORD_ROOT, "question", params->question);
    record_attr_u64(world->record, RECORD_ROOT, "seed", params->seed);
    record_attr_text(world->record, RECORD_ROOT, "version", world->setup.version);
    record_attr_text(world->record, RECORD_ROOT, "scenario_sha256", world->setup.scenario_sha256);
    record_attr_text(world->record, RECORD_ROOT, "mechanism",
                     world->subnets[0].first_mechanism->params->name);
    if (world->setup.mechanism_sha256 != NULL)
        record_attr_text(world->record, RECORD_ROOT, "mechanism_sha256",
                         world->setup.mechanism_sha256);
    mark_outside(world);
    record_attr_i64(world->record, RECORD_ROOT, "block_time_ns", params->block_time_ns);
    record_scenario(world->record, world->setup.scenario);
    world_faults_name(world);
    return build_probes(world, err);
}

/* The first events and rows, or those that were pending. */
static enum sim_status begin(struct world *world, struct sim_error *err)
{
    if (world->opened != NULL)
        return world_resume_rest(world, err);
    enum sim_status status = SIM_OK;
    for (uint32_t s = 0; s < world->subnet_count && status == SIM_OK; s++)
        status = probe_genesis(world->subnets[s].probe, err);
    if (status != SIM_OK)
        return status;
    return evq_push(world->queue, world->setup.params->block_time_ns, KIND_BLOCK, 0, 0, err);
}

static void name_handlers(struct world *world)
{
    loop_handle(world->loop, KIND_BLOCK, 1, "chain", handle_block, world);
    for (uint32_t s = 0; s < world->subnet_count; s++)
        loop_handle(world->loop, world->subnets[s].first_kind, AGENT_KIND_COUNT, "neurons",
                    agents_handle, world->subnets[s].agents);
    loop_handle(world->loop, KIND_NET, NET_KIND_COUNT, "network", net_handle, world->net);
    if (world->faults != NULL)
        loop_handle(world->loop, KIND_FAULT, FAULTS_KIND_COUNT, "faults", faults_handle,
                    world->faults);
}

static enum sim_status build(struct world *world, struct sim_error *err)
{
    enum sim_status (*const steps[])(struct world *, struct sim_error *) = {
        world_checkpoint_open, world_schedule_prepare, build_compute, build_loop,
        build_chain,           build_agents,           build_net,     start_agents,
        build_outside,         build_record,           begin,         world_schedule_begin,
    };
    for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
        enum sim_status status = steps[s](world, err);
        if (status != SIM_OK)
            return status;
    }
    name_handlers(world);
    return SIM_OK;
}

enum sim_status world_create(const struct world_setup *setup, struct world **ret_world,
                             struct sim_error *err)
{
    struct world *world = calloc(1, sizeof(*world));
    if (world == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a world");
    world->setup = *setup;
    buffer_init(&world->buffer);
    provenance_clock_start(&world->clock);
    enum sim_status status = build(world, err);
    if (status != SIM_OK) {
        world_free(world);
        return status;
    }
    *ret_world = world;
    return SIM_OK;
}

struct world *world_free(struct world *world)
{
    if (world == NULL)
        return NULL;
    for (uint32_t s = 0; s < world->subnet_count; s++) {
        probe_free(world->subnets[s].probe);
        outside_free(world->subnets[s].outside);
    }
    record_free(world->record);
    faults_free(world->faults);
    net_free(world->net);
    /* Open tickets give their versions back before the models do. */
    compute_free(world->pool);
    for (uint32_t s = 0; s < world->subnet_count; s++)
        agents_free(world->subnets[s].agents);
    chain_free(world->chain);
    loop_free(world->loop);
    evq_free(world->queue);
    version_pool_free(world->versions);
    world_schedule_release(world);
    checkpoint_free(world->opened);
    buffer_release(&world->buffer);
    free(world->hosts);
    free(world);
    return NULL;
}

bool world_resumed(const struct world *world, uint64_t *ret_epoch)
{
    if (world->resumed)
        *ret_epoch = world->mark.rows[RECORD_DIM_EPOCH];
    return world->resumed;
}

const char *world_damage(const struct world *world)
{
    return world->damage;
}

/* ---- running */

/* From one change of the schedule to the next: each comes before the events of its instant. */
static enum sim_status run_to_end(struct world *world, struct sim_error *err)
{
    int64_t until_ns = world->setup.params->until_ns;
    enum sim_status status = SIM_OK;
    while (status == SIM_OK && !world->interrupted) {
        int64_t change_ns = world_schedule_next_ns(world);
        bool last = change_ns > until_ns;
        status = loop_run(world->loop, last ? until_ns : change_ns - 1, err);
        if (last)
            break;
        if (status == SIM_OK && !world->interrupted)
            status = world_schedule_apply(world, err);
    }
    return status;
}

enum sim_status world_run(struct world *world, struct sim_error *err)
{
    enum sim_status status = run_to_end(world, err);
    if (status != SIM_OK)
        return status;
    if (world->interrupted)
        return SIM_FAIL(err, SIM_INTERRUPTED, "interrupted at block %llu",
                        (unsigned long long)chain_block_number(world->chain));
    return SIM_OK;
}

const struct agents *world_agents(const struct world *world, uint32_t network)
{
    SIM_ASSERT(network < world->subnet_count);
    return world->subnets[network].agents;
}

/* Of several networks: of their digests, in their order. */
static uint64_t model_digest(const struct world *world)
{
    struct digest all;
    if (world->subnet_count == 1)
        return agents_digest(world->subnets[0].agents);
    digest_init(&all);
    for (uint32_t s = 0; s < world->subnet_count; s++)
        digest_u64(&all, agents_digest(world->subnets[s].agents));
    return digest_value(&all);
}

struct compute_counters world_compute(const struct world *world)
{
    return compute_counters(world->pool);
}

struct world_digests world_digests(const struct world *world)
{
    struct world_digests digests = {
        .order = loop_digest(world->loop),
        .chain = chain_digest(world->chain),
        .model = model_digest(world),
    };
    struct digest trace;
    digest_init(&trace);
    digest_u64(&trace, digests.order);
    digest_u64(&trace, digests.chain);
    digest_u64(&trace, digests.model);
    digests.trace = digest_value(&trace);
    return digests;
}

static struct probe_summary summary_of_all(const struct world *world)
{
    struct probe_summary all = probe_summary(world->subnets[0].probe);
    if (world->subnet_count == 1)
        return all;
    all = (struct probe_summary){0};
    double difficulty = 0;
    for (uint32_t s = 0; s < world->subnet_count; s++)
        all.peers += probe_summary(world->subnets[s].probe).peers;
    for (uint32_t s = 0; s < world->subnet_count; s++) {
        struct probe_summary one = probe_summary(world->subnets[s].probe);
        double part = all.peers > 0 ? (double)one.peers / all.peers : 0;
        all.epoch_count += one.epoch_count;
        if (part == 0) /* no row yet */
            continue;
        all.loss_median_nats += part * one.loss_median_nats;
        all.attacker_share += part * one.attacker_share;
        difficulty += part * (double)one.difficulty;
    }
    all.difficulty = (uint64_t)difficulty;
    return all;
}

struct world_status world_status(const struct world *world)
{
    return (struct world_status){
        .now_ns = evq_now_ns(world->queue),
        .until_ns = world->setup.params->until_ns,
        .block = chain_block_number(world->chain),
        .event_count = loop_event_count(world->loop),
        .summary = summary_of_all(world),
    };
}

static void put_digest(struct world *world, const char *name, uint64_t digest)
{
    char hex[17];
    snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)digest);
    record_attr_text(world->record, RECORD_ROOT, name, hex);
}

enum sim_status world_finish(struct world *world, struct sim_error *err)
{
    struct world_digests digests = world_digests(world);
    put_digest(world, "digest_order", digests.order);
    put_digest(world, "digest_chain", digests.chain);
    put_digest(world, "digest_model", digests.model);
    put_digest(world, "trace_digest", digests.trace);
    record_attr_u64(world->record, RECORD_ROOT, "event_count", loop_event_count(world->loop));
    record_attr_u64(world->record, RECORD_ROOT, "tie_count", loop_tie_count(world->loop));
    struct net_counters net = net_totals(world->net);
    record_attr_u64(world->record, RECORD_ROOT, "messages_delivered", net.delivered_count);
    record_attr_u64(world->record, RECORD_ROOT, "bytes_delivered", net.delivered_bytes);
    struct compute_counters compute = compute_counters(world->pool);
    provenance_write(world->record, &world->clock, &compute, world->setup.threads);
    record_attr_u64(world->record, RECORD_PROVENANCE, "checkpoints", world->checkpoint_count);
    record_attr_f64(world->record, RECORD_PROVENANCE, "checkpoint_s", world->checkpoint_total_s);
    if (world->setup.parent_sha256 != NULL)
        record_attr_text(world->record, RECORD_PROVENANCE, "forked_from",
                         world->setup.parent_sha256);
    if (world->resumed)
        record_attr_u64(world->record, RECORD_PROVENANCE, "resumed_from_epoch",
                        world->mark.rows[RECORD_DIM_EPOCH]);
    return record_finish(world->record, err);
}

static void check_subnet(const struct world *world, const struct subnet *subnet)
{
    agents_check(subnet->agents);
    const struct chain_view *view = chain_view(world->chain, subnet->setup.netuid);
    for (uint32_t uid = 0; uid < view->neuron_count; uid++) {
        uint32_t neuron = agents_of_uid(subnet->agents, uid);
        SIM_ASSERT(neuron != AGENT_NONE);
        SIM_ASSERT(agents_info(subnet->agents, neuron).hotkey == view->hotkey[uid]);
    }
}

enum sim_status world_check(const struct world *world, struct sim_error *err)
{
    evq_check(world->queue);
    net_check(world->net);
    for (uint32_t s = 0; s < world->subnet_count; s++)
        check_subnet(world, &world->subnets[s]);
    return chain_check(world->chain, err);
}
