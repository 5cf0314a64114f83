/*
 * schedule.c: from a scenario's `schedule` to what the world does at each instant.
 */
#include "cli/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The part of a path up to its `count`-th dot. */
static void head_of(const char *path, int count, char *ret_head, size_t bytes)
{
    size_t length = 0;
    while (path[length] != '\0' && (path[length] != '.' || --count > 0))
        length++;
    if (length >= bytes)
        length = bytes - 1;
    memcpy(ret_head, path, length);
    ret_head[length] = '\0';
}

/* Of the block at `path`, which is one of a section's groups. */
static uint32_t index_in_section(const struct config *config, const char *path)
{
    char head[512];
    const char *name = strrchr(path, '.');
    SIM_ASSERT(name != NULL);
    snprintf(head, sizeof(head), "%.*s", (int)(name - path), path);
    const struct config_block *groups = config_at(config, head);
    for (size_t g = 0; groups != NULL && g < groups->block_count; g++)
        if (strcmp(groups->blocks[g].name, name + 1) == 0)
            return (uint32_t)g;
    sim_assert_failed("a schedule names a group that there is", __FILE__, __LINE__);
}

/* The network that a path is about, and how many of its parts name it. */
static uint32_t network_of(const struct scenario_plan *plan, const char *path, int *ret_parts)
{
    char head[512];
    *ret_parts = 0;
    if (strncmp(path, "networks.", strlen("networks.")) != 0)
        return plan->setup.networks == NULL ? 0 : WORLD_LEDGER;
    *ret_parts = 2;
    head_of(path, 2, head, sizeof(head));
    for (uint32_t n = 0; n < plan->network_count; n++)
        if (strcmp(plan->networks[n].name, head + strlen("networks.")) == 0)
            return n;
    sim_assert_failed("a schedule names a network that there is", __FILE__, __LINE__);
}

/* Block by block of what a schedule can name; PARAM_LIVE_FLAG and `live` say which keys of them
 * can.  False for a block that the world does not know how to change. */
static bool aim(const struct scenario_plan *plan, const struct config *after,
                const struct scenario_schema *schema, const char *path, struct world_set *set)
{
    char section[512], group[512];
    int parts;
    set->network = network_of(plan, path, &parts);
    set->key = config_key_at(after, path);
    head_of(path, parts + 1, section, sizeof(section));
    const struct config_block *block = config_at(after, section);
    if (block != NULL && strcmp(block->section->key, "groups") == 0) {
        head_of(path, parts + 2, group, sizeof(group));
        head_of(path, parts + 3, section, sizeof(section));
        set->group = index_in_section(after, group);
    } else if (block != NULL && strcmp(block->section->key, "root") == 0) {
        head_of(path, parts + 3, section, sizeof(section));
        set->group = index_in_section(after, section);
    }
    block = config_at(after, section);
    SIM_ASSERT(block != NULL);
    const char *name = block->section->key;
    set->values = block->values;
    if (strcmp(name, "chain") == 0) {
        set->block = WORLD_CHAIN;
    } else if (strcmp(name, "mechanism") == 0) {
        set->block = WORLD_MECHANISM;
        set->mechanism = scenario_operations(schema, REGISTRY_MECHANISM, block);
    } else if (strcmp(name, "query") == 0) {
        set->block = WORLD_QUERY;
    } else if (strcmp(name, "host") == 0) {
        set->block = WORLD_HOST;
    } else if (strcmp(name, "strategy") == 0) {
        set->block = WORLD_STRATEGY;
        set->strategy = scenario_operations(schema, REGISTRY_STRATEGY, block);
    } else if (strcmp(name, "record") == 0) {
        set->block = WORLD_RECORD;
    } else if (strcmp(name, "voters") == 0) {
        set->block = WORLD_VOTE;
    } else {
        return false;
    }
    return true;
}

static enum sim_status plan_change(const struct scenario_plan *plan,
                                   const struct config_change *from, int64_t block_time_ns,
                                   const struct scenario_schema *schema,
                                   struct world_change *change, struct sim_error *err)
{
    struct world_set *sets = calloc(from->path_count, sizeof(*sets));
    if (sets == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a schedule");
    bool far = from->at_ns < 0 && from->at_block > (uint64_t)(TIME_NS_MAX / block_time_ns);
    change->at_ns = from->at_ns >= 0 ? from->at_ns : (int64_t)from->at_block * block_time_ns;
    if (far)
        change->at_ns = TIME_NS_MAX;
    change->sets = sets;
    for (size_t p = 0; p < from->path_count; p++) {
        sets[p].path = from->paths[p];
        sets[p].value = config_text_at(from->after, from->paths[p]);
        if (sets[p].value == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "no memory for a schedule");
        change->set_count++;
        if (!aim(plan, from->after, schema, from->paths[p], &sets[p]))
            return SIM_FAIL(err, SIM_CONFIG, "'%s' cannot change while the scenario runs",
                            from->paths[p]);
    }
    return SIM_OK;
}

enum sim_status scenario_plan_schedule(struct scenario_plan *plan,
                                       const struct scenario_schema *schema, struct sim_error *err)
{
    size_t count = config_change_count(plan->config);
    int64_t block_time_ns = plan->setup.params->block_time_ns;
    enum sim_status status = SIM_OK;
    plan->changes = calloc(count + 1, sizeof(*plan->changes));
    if (plan->changes == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a schedule of %zu changes", count);
    plan->setup.changes = plan->changes;
    plan->setup.change_count = count;
    for (size_t c = 0; c < count && status == SIM_OK; c++) {
        status = plan_change(plan, config_change_at(plan->config, c), block_time_ns, schema,
                             &plan->changes[c], err);
        if (status == SIM_OK && c > 0 && plan->changes[c].at_ns < plan->changes[c - 1].at_ns)
            status =
                SIM_FAIL(err, SIM_CONFIG,
                         "schedule: entry %zu is due before the one that stands before it", c + 1);
    }
    return status;
}

void scenario_release_schedule(struct scenario_plan *plan)
{
    for (size_t c = 0; plan->changes != NULL && c < plan->setup.change_count; c++) {
        for (size_t s = 0; s < plan->changes[c].set_count; s++)
            free((char *)(uintptr_t)plan->changes[c].sets[s].value);
        free((struct world_set *)(uintptr_t)plan->changes[c].sets);
    }
    free(plan->changes);
}
