/*
 * change.c: what follows for the neurons when the scenario changes while running.
 */
#include "agent/state.h"

#include <stdlib.h>

static void draw_speeds(struct agents *agents)
{
    for (uint32_t n = 0; n < agents->neuron_count; n++)
        build_draw_speed(agents, n);
    condition_add_hash_rates(agents);
}

static enum sim_status change(struct agents *agents, bool restart, int64_t now_ns,
                              struct sim_error *err)
{
    build_set_wire_bytes(agents);
    double *before = calloc((size_t)agents->owner_count + 1, sizeof(*before));
    if (before == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u owners", agents->owner_count);
    for (uint32_t o = 0; o < agents->owner_count; o++)
        before[o] = agents->owners[o].hash_rate_hashes_per_s;
    draw_speeds(agents);
    enum sim_status status = SIM_OK;
    for (uint32_t o = 0; o < agents->owner_count && status == SIM_OK; o++)
        if (restart && agents->owners[o].hash_rate_hashes_per_s != before[o])
            status = enter_restart(agents, o, now_ns, err);
    free(before);
    return status;
}

enum sim_status agents_on_change(struct agents *agents, int64_t now_ns, struct sim_error *err)
{
    return change(agents, true, now_ns, err);
}

enum sim_status agents_adopt_change(struct agents *agents, struct sim_error *err)
{
    return change(agents, false, 0, err);
}
