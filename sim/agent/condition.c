/*
 * condition.c: what becomes of neurons when their host crashes, returns, or changes its speed.
 */
#include "agent/state.h"

void condition_add_hash_rates(struct agents *agents)
{
    for (uint32_t o = 0; o < agents->owner_count; o++)
        agents->owners[o].hash_rate_hashes_per_s = 0;
    for (uint32_t s = 0; s < agents->server_count; s++) {
        const struct agent_server *server = &agents->servers[s];
        double speed = server->condition.up ? server->condition.speed : 0;
        uint32_t owner = agents->neurons[server->first_neuron].owner;
        agents->owners[owner].hash_rate_hashes_per_s += server->hash_rate_hashes_per_s * speed;
    }
}

static enum sim_status abandon_questions(struct agents *agents, uint32_t server, int64_t now_ns,
                                         struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t v = 0; v < agents->validator_count && status == SIM_OK; v++)
        if (agents->neurons[agents->validators[v].neuron].server == server)
            status = query_abandon(agents, v, now_ns, err);
    return status;
}

/* Identities that got their uid while the host was down. */
static enum sim_status announce_late(struct agents *agents, uint32_t server, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t n = 0; n < agents->neuron_count && status == SIM_OK; n++) {
        const struct agent_neuron *neuron = &agents->neurons[n];
        bool hidden = neuron->uid != AGENT_NONE && !neuron->serving;
        if (neuron->server == server && hidden && agents_group_of(agents, n)->params->miner)
            status = enter_announce(agents, n, err);
    }
    return status;
}

enum sim_status agents_host_changed(void *context, uint32_t host,
                                    const struct host_condition *condition, int64_t now_ns,
                                    struct sim_error *err)
{
    struct agents *agents = context;
    SIM_ASSERT(host < agents->server_count);
    struct agent_server *server = &agents->servers[host];
    bool was_up = server->condition.up;
    server->condition = *condition;
    enum sim_status status = SIM_OK;
    if (was_up && !condition->up) {
        server_crash(agents, host);
        status = abandon_questions(agents, host, now_ns, err);
    }
    if (!was_up && condition->up)
        status = announce_late(agents, host, err);
    condition_add_hash_rates(agents);
    if (status != SIM_OK)
        return status;
    return enter_restart(agents, agents->neurons[server->first_neuron].owner, now_ns, err);
}
