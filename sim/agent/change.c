/*
 * change.c: what follows for the neurons when the scenario changes while running.
 */
#include "agent/state.h"

#include <stdlib.h>

/* Owners' hash rates as they were before. */
static double *hash_rates_of(const struct agents *agents)
{
    double *rates = calloc((size_t)agents->owner_count + 1, sizeof(*rates));
    for (uint32_t o = 0; rates != NULL && o < agents->owner_count; o++)
        rates[o] = agents->owners[o].hash_rate_hashes_per_s;
    return rates;
}

static enum sim_status change(struct agents *agents, bool restart, int64_t now_ns,
                              struct sim_error *err)
{
    double *before = hash_rates_of(agents);
    if (before == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u owners", agents->owner_count);
    build_set_wire_bytes(agents);
    for (uint32_t s = 0; s < agents->server_count; s++)
        build_draw_speed(agents, s);
    condition_add_hash_rates(agents);
    enum sim_status status = SIM_OK;
    for (uint32_t o = 0; o < agents->owner_count && restart && status == SIM_OK; o++)
        if (agents->owners[o].hash_rate_hashes_per_s != before[o])
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
