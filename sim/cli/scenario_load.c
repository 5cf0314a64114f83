/*
 * scenario_load.c: reading a scenario, and what only the layers together can find wrong with it.
 */
#include "cli/scenario.h"

#include <stdio.h>
#include <stdlib.h>

/* Names and sizes of the groups: what a fault may refer to.  Heap; NULL when out of memory. */
static struct agents_group *name_groups(const struct config_block *groups, size_t count)
{
    struct agents_group *named = calloc(count + 1, sizeof(*named));
    for (size_t g = 0; named != NULL && g < count; g++)
        named[g] = (struct agents_group){.name = groups->blocks[g].name,
                                         .params = groups->blocks[g].values};
    return named;
}

/* SIM_CONFIG when a message went into the report; `err` has the first. */
static enum sim_status check_faults(const struct config *config, struct config_report *report,
                                    struct sim_error *err)
{
    const struct config_block *faults = config_at(config, "faults");
    const struct config_block *groups = config_at(config, "groups");
    if (faults == NULL || faults->block_count == 0)
        return SIM_OK;
    size_t count = groups == NULL ? 0 : groups->block_count;
    struct agents_group *named = name_groups(groups, count);
    if (named == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu groups", count);
    enum sim_status status = SIM_OK;
    for (size_t f = 0; f < faults->block_count; f++) {
        struct world_fault fault = {faults->blocks[f].name, faults->blocks[f].values};
        struct sim_error found = {0};
        const char *key;
        if (world_fault_check(&fault, named, (uint32_t)count, &key, &found) == SIM_OK)
            continue;
        char path[600];
        snprintf(path, sizeof(path), "faults.%s.%s", fault.name, key);
        config_complain(config, report, path, "%s", found.text);
        if (status == SIM_OK)
            status = SIM_FAIL(err, SIM_CONFIG, "%s: %s", path, found.text);
    }
    free(named);
    return status;
}

/* One state of a scenario: as it begins, as its twin does, after a change. */
static enum sim_status check(const struct scenario_schema *schema, const struct config *config,
                             struct config_report *report, struct sim_error *err)
{
    struct sim_error later = {0};
    enum sim_status status = scenario_check(schema, config, report, err);
    if (status != SIM_OK && status != SIM_CONFIG)
        return status;
    /* Whoever corrects the one wants to know of the other. */
    enum sim_status faults = check_faults(config, report, &later);
    if (status == SIM_OK && faults != SIM_OK)
        *err = later;
    return status == SIM_OK ? faults : status;
}

enum sim_status scenario_load(const struct scenario_schema *schema,
                              const struct config_input *input, struct config **ret_config,
                              struct config_report *report, struct sim_error *err)
{
    struct config *config;
    enum sim_status status = config_load(&schema->config, input, &config, report, err);
    if (status != SIM_OK)
        return status;
    status = check(schema, config, report, err);
    if (status == SIM_OK && config_twin(config) != NULL)
        status = check(schema, config_twin(config), report, err);
    for (size_t c = 0; c < config_change_count(config) && status == SIM_OK; c++)
        status = check_faults(config_change_at(config, c)->after, report, err);
    if (status != SIM_OK) {
        config_free(config);
        return status;
    }
    *ret_config = config;
    return SIM_OK;
}
