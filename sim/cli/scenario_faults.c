/*
 * scenario_faults.c: what the faults of a scenario name has to be there.
 */
#include "cli/scenario.h"

#include <stdio.h>

enum sim_status scenario_check_faults(const struct config *config,
                                      const struct agents_group *groups, uint32_t group_count,
                                      struct config_report *report, struct sim_error *err)
{
    const struct config_block *faults = config_at(config, "faults");
    enum sim_status status = SIM_OK;
    for (size_t f = 0; faults != NULL && f < faults->block_count; f++) {
        struct world_fault fault = {faults->blocks[f].name, faults->blocks[f].values};
        struct sim_error found = {0};
        const char *key;
        if (world_fault_check(&fault, groups, group_count, &key, &found) == SIM_OK)
            continue;
        char path[600];
        snprintf(path, sizeof(path), "faults.%s.%s", fault.name, key);
        config_complain(config, report, path, "%s", found.text);
        if (status == SIM_OK)
            status = SIM_FAIL(err, SIM_CONFIG, "%s: %s", path, found.text);
    }
    return status;
}
