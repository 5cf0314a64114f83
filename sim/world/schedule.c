#include "world/schedule.h"

#include "base/param_text.h"
#include "world/state.h"

#include <stdlib.h>
#include <string.h>

static const struct param_key limits_keys[] = {
    {"max_uids", PARAM_U32, offsetof(struct world_limits, max_uids), "0", "65535", "0", NULL,
     "slots of a result, and memory for as many uids; 0: as many as chain.max_uids and the "
     "schedule "
     "ever allow"},
};
const struct param_table world_limits_table = PARAM_TABLE(
    "limits", struct world_limits, limits_keys, "how far the run may grow beyond its start");

/* The row of /schedule at which a change's keys begin. */
static size_t first_row(const struct world *world, size_t change)
{
    size_t row = 0;
    for (size_t c = 0; c < change; c++)
        row += world->setup.changes[c].set_count;
    return row;
}

/* ---- room for what will come */

static uint32_t most_uids(const struct world *world, uint32_t network)
{
    uint32_t most = world->subnets[network].net->params.max_uids;
    for (size_t c = 0; c < world->setup.change_count; c++)
        for (size_t s = 0; s < world->setup.changes[c].set_count; s++) {
            const struct world_set *set = &world->setup.changes[c].sets[s];
            const struct chain_params *params = set->values;
            if (set->block == WORLD_CHAIN && set->network == network && params->max_uids > most)
                most = params->max_uids;
        }
    const struct world_limits *limits = world->setup.limits;
    return limits != NULL && limits->max_uids > most ? limits->max_uids : most;
}

/* Copies of all that changes in place, of which the setup then speaks. */
static enum sim_status copy_blocks(struct subnet *subnet, struct sim_error *err)
{
    struct agents_setup *setup = &subnet->setup;
    size_t count = setup->group_count;
    subnet->query = *setup->query;
    subnet->groups = calloc(count + 1, sizeof(*subnet->groups));
    subnet->hosts = calloc(count + 1, sizeof(*subnet->hosts));
    if (subnet->groups == NULL || subnet->hosts == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu groups", count);
    for (size_t g = 0; g < count; g++) {
        subnet->groups[g] = setup->groups[g];
        subnet->hosts[g] = *setup->groups[g].host;
        subnet->groups[g].host = &subnet->hosts[g];
    }
    setup->query = &subnet->query;
    setup->groups = subnet->groups;
    return SIM_OK;
}

static enum sim_status list_strategies(struct world *world, struct sim_error *err)
{
    const struct world_setup *setup = &world->setup;
    size_t sets = first_row(world, setup->change_count);
    world->later_strategies = calloc(sets + 1, sizeof(*world->later_strategies));
    if (world->later_strategies == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a schedule of %zu keys", sets);
    for (size_t c = 0; c < setup->change_count; c++)
        for (size_t s = 0; s < setup->changes[c].set_count; s++)
            if (setup->changes[c].sets[s].block == WORLD_STRATEGY)
                world->later_strategies[world->later_strategy_count++] =
                    setup->changes[c].sets[s].strategy;
    return SIM_OK;
}

uint32_t world_schedule_needs(const struct world *world)
{
    uint32_t needs = 0;
    for (uint32_t s = 0; s < world->subnet_count; s++)
        needs |= world->subnets[s].first_mechanism->needs;
    for (size_t c = 0; c < world->setup.change_count; c++)
        for (size_t s = 0; s < world->setup.changes[c].set_count; s++)
            if (world->setup.changes[c].sets[s].block == WORLD_MECHANISM)
                needs |= world->setup.changes[c].sets[s].mechanism->needs;
    return needs;
}

/* ---- one key */

static void copy_field(void *to, const struct world_set *set)
{
    memcpy((char *)to + set->key->offset, (const char *)set->values + set->key->offset,
           (set->key->kind & PARAM_DIST_FLAG) != 0 ? sizeof(struct dist)
                                                   : param_field_bytes(set->key->kind));
}

/* The network that a set is about; of the ledger the first speaks. */
static struct chain_net_config *net_of(const struct world *world, const struct world_set *set)
{
    return set->network == WORLD_LEDGER ? &world->chain_nets[0] : world->subnets[set->network].net;
}

/* What later reads find: in the copies, and in what a resumed chain is created from. */
static void set_in_place(struct world *world, const struct world_set *set)
{
    struct subnet *subnet = set->network == WORLD_LEDGER ? NULL : &world->subnets[set->network];
    switch (set->block) {
    case WORLD_CHAIN:
        if (subnet != NULL)
            copy_field(&subnet->net->params, set);
        for (uint32_t i = 0; subnet == NULL && i < world->setup.chain.net_count; i++)
            copy_field(&world->chain_nets[i].params, set);
        break;
    case WORLD_MECHANISM:
        subnet->net->mechanism = set->mechanism;
        subnet->net->mechanism_params = set->values;
        break;
    case WORLD_QUERY:
        copy_field(&subnet->query, set);
        break;
    case WORLD_HOST:
        copy_field(&subnet->hosts[set->group], set);
        break;
    case WORLD_STRATEGY:
        subnet->groups[set->group].strategy = set->strategy;
        subnet->groups[set->group].strategy_params = set->values;
        break;
    case WORLD_RECORD:
        copy_field(&world->probe_params, set);
        break;
    case WORLD_VOTE:
        world->votes[set->group].params = set->values;
        break;
    }
}

/* Each network's parameters have the ledger's keys, for whoever looks at it alone. */
static enum sim_status set_ledger(struct world *world, const struct world_set *set,
                                  struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < world->setup.chain.net_count && status == SIM_OK; i++)
        status = chain_set_param(world->chain, world->chain_nets[i].netuid, set->key->name,
                                 set->values, err);
    return status;
}

static enum sim_status set_live(struct world *world, const struct world_set *set,
                                struct sim_error *err)
{
    uint16_t netuid = net_of(world, set)->netuid;
    set_in_place(world, set);
    switch (set->block) {
    case WORLD_CHAIN:
        if (set->network != WORLD_LEDGER)
            return chain_set_param(world->chain, netuid, set->key->name, set->values, err);
        return set_ledger(world, set, err);
    case WORLD_MECHANISM:
        return chain_set_mechanism(world->chain, netuid, set->mechanism, set->values, err);
    case WORLD_STRATEGY:
        probe_set_strategy(world->subnets[set->network].probe, set->group, set->strategy);
        return SIM_OK;
    case WORLD_RECORD:
        for (uint32_t s = 0; s < world->subnet_count; s++)
            probe_set_params(world->subnets[s].probe, &world->probe_params);
        return SIM_OK;
    default:
        return SIM_OK;
    }
}

static enum sim_status record_change(struct world *world, const struct world_set *set,
                                     int64_t at_ns, uint64_t row, struct sim_error *err)
{
    struct record_event event = {
        .time_ns = at_ns,
        .block = (int64_t)chain_block_number(world->chain),
        .kind = set->block == WORLD_MECHANISM ? RECORD_EVENT_MECHANISM_CHANGED
                                              : RECORD_EVENT_PARAMETER_CHANGED,
        .netuid = net_of(world, set)->netuid,
        .uid = RECORD_NOBODY,
        .hotkey_id = RECORD_NOBODY,
        .owner_id = RECORD_NOBODY,
        .other_hotkey_id = RECORD_NOBODY,
        .value = (double)row,
    };
    return record_event(world->record, &event, err);
}

/* ---- changes */

int64_t world_schedule_next_ns(const struct world *world)
{
    return world->applied < world->setup.change_count ? world->setup.changes[world->applied].at_ns
                                                      : TIME_NS_MAX;
}

enum sim_status world_schedule_apply(struct world *world, struct sim_error *err)
{
    const struct world_change *change = &world->setup.changes[world->applied];
    uint64_t row = first_row(world, world->applied);
    enum sim_status status = SIM_OK;
    for (size_t s = 0; s < change->set_count && status == SIM_OK; s++) {
        status = set_live(world, &change->sets[s], err);
        if (status == SIM_OK)
            status = record_change(world, &change->sets[s], change->at_ns, row + s, err);
        else
            sim_error_context(err, "schedule: '%s' at %.0f s", change->sets[s].path,
                              (double)change->at_ns / (double)NS_PER_S);
    }
    world->applied++;
    for (uint32_t s = 0; s < world->subnet_count && status == SIM_OK; s++)
        status = agents_on_change(world->subnets[s].agents, change->at_ns, err);
    return status;
}

/* ---- around a run */

/* Strategies and what is recorded come after the static rows, which tell of the start; a host's
 * new speed after its other draws, which another distribution would shift. */
static bool comes_late(const struct world_set *set)
{
    return set->block == WORLD_STRATEGY || set->block == WORLD_RECORD || set->block == WORLD_HOST;
}

static bool allocate_subnets(struct world *world)
{
    const struct world_setup *setup = &world->setup;
    size_t nets = setup->chain.net_count, subnets = world->subnet_count;
    world->chain_nets = calloc(nets, sizeof(*world->chain_nets));
    world->subnets = calloc(subnets, sizeof(*world->subnets));
    world->probe_networks = calloc(subnets, sizeof(*world->probe_networks));
    world->vote_networks = calloc(subnets, sizeof(*world->vote_networks));
    world->votes = calloc(setup->vote_count + 1, sizeof(*world->votes));
    return world->chain_nets && world->subnets && world->probe_networks && world->vote_networks &&
           world->votes;
}

static enum sim_status make_subnets(struct world *world, struct sim_error *err)
{
    struct world_setup *setup = &world->setup;
    uint32_t count = setup->networks == NULL ? 1 : setup->network_count;
    SIM_ASSERT(count >= 1 && count <= WORLD_NETWORKS_MAX);
    SIM_ASSERT(setup->chain.net_count == count || setup->chain.net_count == count + 1);
    uint32_t root = setup->chain.net_count - count;
    world->subnet_count = count;
    if (!allocate_subnets(world)) {
        world->subnet_count = 0;
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u networks", count);
    }
    for (uint32_t i = 0; i < setup->chain.net_count; i++)
        world->chain_nets[i] = setup->chain.nets[i];
    setup->chain.nets = world->chain_nets;
    for (uint32_t v = 0; v < setup->vote_count; v++)
        world->votes[v] = setup->votes[v];
    for (uint32_t s = 0; s < count; s++) {
        struct subnet *subnet = &world->subnets[s];
        const struct world_network *network = setup->networks == NULL ? NULL : &setup->networks[s];
        subnet->name = network == NULL ? NULL : network->name;
        subnet->setup = network == NULL ? setup->agents : network->agents;
        subnet->net = &world->chain_nets[root + s];
        subnet->first_mechanism = subnet->net->mechanism;
        subnet->setup.uid_capacity = most_uids(world, s);
    }
    return SIM_OK;
}

enum sim_status world_schedule_prepare(struct world *world, struct sim_error *err)
{
    enum sim_status status = make_subnets(world, err);
    if (status != SIM_OK)
        return status;
    world->probe_params = *world->setup.probe;
    if (world->applied > world->setup.change_count)
        return SIM_FAIL(err, SIM_IO, "the checkpoint has more changes than the schedule");
    for (uint32_t s = 0; s < world->subnet_count && status == SIM_OK; s++)
        status = copy_blocks(&world->subnets[s], err);
    if (status == SIM_OK)
        status = list_strategies(world, err);
    for (size_t c = 0; status == SIM_OK && c < world->applied; c++)
        for (size_t s = 0; s < world->setup.changes[c].set_count; s++)
            if (!comes_late(&world->setup.changes[c].sets[s]))
                set_in_place(world, &world->setup.changes[c].sets[s]);
    return status;
}

enum sim_status world_schedule_begin(struct world *world, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (size_t c = 0; c < world->setup.change_count && status == SIM_OK; c++) {
        const struct world_change *change = &world->setup.changes[c];
        for (size_t s = 0; s < change->set_count && status == SIM_OK; s++) {
            if (c < world->applied && comes_late(&change->sets[s]))
                status = set_live(world, &change->sets[s], err);
            if (status == SIM_OK)
                status = record_rows_begin(world->record, RECORD_DIM_SCHEDULE, 1, err);
            if (status != SIM_OK)
                break;
            record_put(world->record, RECORD_SCHEDULE_TIME_NS, &change->at_ns, 1);
            record_put(world->record, RECORD_SCHEDULE_PATH, &change->sets[s].path, 1);
            record_put(world->record, RECORD_SCHEDULE_VALUE, &change->sets[s].value, 1);
            status = record_rows_end(world->record, RECORD_DIM_SCHEDULE, err);
        }
    }
    for (uint32_t s = 0; s < world->subnet_count && status == SIM_OK && world->applied > 0; s++)
        status = agents_adopt_change(world->subnets[s].agents, err);
    return status;
}

void world_schedule_release(struct world *world)
{
    for (uint32_t s = 0; s < world->subnet_count; s++) {
        free(world->subnets[s].groups);
        free(world->subnets[s].hosts);
    }
    free(world->subnets);
    free(world->chain_nets);
    free(world->probe_networks);
    free(world->vote_networks);
    free(world->votes);
    free(world->later_strategies);
}
