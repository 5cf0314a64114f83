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

static uint32_t most_uids(const struct world *world)
{
    uint32_t most = world->chain_net.params.max_uids;
    for (size_t c = 0; c < world->setup.change_count; c++)
        for (size_t s = 0; s < world->setup.changes[c].set_count; s++) {
            const struct world_set *set = &world->setup.changes[c].sets[s];
            const struct chain_params *params = set->values;
            if (set->block == WORLD_CHAIN && params->max_uids > most)
                most = params->max_uids;
        }
    const struct world_limits *limits = world->setup.limits;
    return limits != NULL && limits->max_uids > most ? limits->max_uids : most;
}

/* Copies of all that changes in place, of which the setup then speaks. */
static enum sim_status copy_blocks(struct world *world, struct sim_error *err)
{
    struct world_setup *setup = &world->setup;
    size_t count = setup->agents.group_count;
    world->query = *setup->agents.query;
    world->groups = calloc(count + 1, sizeof(*world->groups));
    world->hosts = calloc(count + 1, sizeof(*world->hosts));
    if (world->groups == NULL || world->hosts == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu groups", count);
    for (size_t g = 0; g < count; g++) {
        world->groups[g] = setup->agents.groups[g];
        world->hosts[g] = *setup->agents.groups[g].host;
        world->groups[g].host = &world->hosts[g];
    }
    setup->agents.query = &world->query;
    setup->agents.groups = world->groups;
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
    uint32_t needs = world->first_mechanism->needs;
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

/* What later reads find: in the copies, and in what a resumed chain is created from. */
static void set_in_place(struct world *world, const struct world_set *set)
{
    switch (set->block) {
    case WORLD_CHAIN:
        copy_field(&world->chain_net.params, set);
        break;
    case WORLD_MECHANISM:
        world->chain_net.mechanism = set->mechanism;
        world->chain_net.mechanism_params = set->values;
        break;
    case WORLD_QUERY:
        copy_field(&world->query, set);
        break;
    case WORLD_HOST:
        copy_field(&world->hosts[set->group], set);
        break;
    case WORLD_STRATEGY:
        world->groups[set->group].strategy = set->strategy;
        world->groups[set->group].strategy_params = set->values;
        break;
    case WORLD_RECORD:
        copy_field(&world->probe_params, set);
        break;
    }
}

static enum sim_status set_live(struct world *world, const struct world_set *set,
                                struct sim_error *err)
{
    uint16_t netuid = world->chain_net.netuid;
    set_in_place(world, set);
    switch (set->block) {
    case WORLD_CHAIN:
        return chain_set_param(world->chain, netuid, set->key->name, set->values, err);
    case WORLD_MECHANISM:
        return chain_set_mechanism(world->chain, netuid, set->mechanism, set->values, err);
    case WORLD_STRATEGY:
        probe_set_strategy(world->probe, set->group, set->strategy);
        return SIM_OK;
    case WORLD_RECORD:
        probe_set_params(world->probe, &world->probe_params);
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
        .netuid = world->chain_net.netuid,
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
    return status == SIM_OK ? agents_on_change(world->agents, change->at_ns, err) : status;
}

/* ---- around a run */

/* Strategies and what is recorded come after the static rows, which tell of the start; a host's
 * new speed after its other draws, which another distribution would shift. */
static bool comes_late(const struct world_set *set)
{
    return set->block == WORLD_STRATEGY || set->block == WORLD_RECORD || set->block == WORLD_HOST;
}

enum sim_status world_schedule_prepare(struct world *world, struct sim_error *err)
{
    SIM_ASSERT(world->setup.chain.net_count == 1);
    world->chain_net = world->setup.chain.nets[0];
    world->setup.chain.nets = &world->chain_net;
    world->first_mechanism = world->chain_net.mechanism;
    world->setup.agents.uid_capacity = most_uids(world);
    world->probe_params = *world->setup.probe;
    if (world->applied > world->setup.change_count)
        return SIM_FAIL(err, SIM_IO, "the checkpoint has more changes than the schedule");
    enum sim_status status = copy_blocks(world, err);
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
    if (status == SIM_OK && world->applied > 0)
        status = agents_adopt_change(world->agents, err);
    return status;
}

void world_schedule_release(struct world *world)
{
    free(world->groups);
    free(world->hosts);
    free(world->later_strategies);
}
