/*
 * change.c: what follows for the neurons when the scenario changes while running.
 */
#include "agent/state.h"

#include <stdlib.h>

/* The hash rate of every owner, added up in the order in which the neurons were made. */
static void draw_speeds(struct agents *agents, double *ret_hash_rates)
{
    for (uint32_t n = 0; n < agents->neuron_count; n++)
        ret_hash_rates[agents->neurons[n].owner] += build_draw_speed(agents, n);
}

static enum sim_status change(struct agents *agents, bool restart, int64_t now_ns,
                              struct sim_error *err)
{
    build_set_wire_bytes(agents);
    double *hash_rates = calloc((size_t)agents->owner_count + 1, sizeof(*hash_rates));
    if (hash_rates == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u owners", agents->owner_count);
    draw_speeds(agents, hash_rates);
    enum sim_status status = SIM_OK;
    for (uint32_t o = 0; o < agents->owner_count && status == SIM_OK; o++) {
        struct agent_owner *owner = &agents->owners[o];
        bool other = owner->hash_rate_hashes_per_s != hash_rates[o];
        owner->hash_rate_hashes_per_s = hash_rates[o];
        if (other && restart)
            status = enter_work(agents, o, now_ns, err);
    }
    free(hash_rates);
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
