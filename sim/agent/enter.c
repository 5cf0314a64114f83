/*
 * enter.c: how identities get uids, and what the chain's events change for the agents.
 *
 * An owner works for one identity at a time with the hash rate of all its hosts.  The time to a
 * solution is exponential, so whenever the difficulty changes the rest is drawn anew, which
 * changes nothing in law.  A solution goes into the mempool at once and the next block accepts or
 * refuses it; a refused one is lost, as its block is too old for another try.
 */
#include "agent/state.h"

enum sim_status enter_work(struct agents *agents, uint32_t index, int64_t now_ns,
                           struct sim_error *err)
{
    struct agent_owner *owner = &agents->owners[index];
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    owner->solving = owner->first_waiting != AGENT_NONE && owner->hash_rate_hashes_per_s > 0 &&
                     owner->submitted == 0 && money_works(agents, owner);
    owner->generation++;
    if (!owner->solving)
        return SIM_OK;
    int64_t wait_ns =
        pow_draw_time_ns(owner->work, view->difficulty, owner->hash_rate_hashes_per_s);
    /* Beyond this no run reaches; the event would only lie in the queue. */
    if (wait_ns > TIME_NS_MAX / 2 - now_ns)
        return SIM_OK;
    return agents_schedule(agents, now_ns + wait_ns, AGENT_SOLVED, index, owner->generation, err);
}

enum sim_status enter_want(struct agents *agents, uint32_t index, int64_t now_ns,
                           struct sim_error *err)
{
    struct agent_neuron *neuron = &agents->neurons[index];
    const struct agents_group *group = agents_group_of(agents, index);
    if (neuron->is_waiting || neuron->uid != AGENT_NONE)
        return SIM_OK;
    struct strategy_view view = agents_view(agents, index);
    if (group->strategy->enter != NULL && !group->strategy->enter(group->strategy_params, &view))
        return SIM_OK;

    struct agent_owner *owner = &agents->owners[neuron->owner];
    neuron->is_waiting = true;
    neuron->next_waiting = AGENT_NONE;
    if (owner->first_waiting == AGENT_NONE)
        owner->first_waiting = index;
    else
        agents->neurons[owner->last_waiting].next_waiting = index;
    owner->last_waiting = index;
    return owner->solving ? SIM_OK : enter_work(agents, neuron->owner, now_ns, err);
}

enum sim_status enter_restart(struct agents *agents, uint32_t owner, int64_t now_ns,
                              struct sim_error *err)
{
    bool wants = agents->owners[owner].first_waiting != AGENT_NONE;
    return wants && agents->owners[owner].submitted == 0 ? enter_work(agents, owner, now_ns, err)
                                                         : SIM_OK;
}

enum sim_status enter_on_solved(struct agents *agents, uint32_t index, uint64_t generation,
                                int64_t now_ns, struct sim_error *err)
{
    (void)now_ns;
    struct agent_owner *owner = &agents->owners[index];
    if (generation != owner->generation || !owner->solving)
        return SIM_OK;
    owner->solving = false;
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    uint32_t hotkey = agents->neurons[owner->first_waiting].hotkey;
    struct chain_extrinsic extrinsic = {
        .kind = CHAIN_REGISTER_POW,
        .netuid = agents->setup.netuid,
        .signer = hotkey,
        .hotkey = hotkey,
        .coldkey = owner->account,
        .solver = hotkey,
    };
    pow_draw_work(owner->work, chain_block_number(agents->wiring.chain), view->difficulty,
                  &extrinsic.work);
    return chain_submit(agents->wiring.chain, &extrinsic, &owner->submitted, err);
}

/* ---- what a block brought */

static void leave_list(struct agents *agents, struct agent_owner *owner, uint32_t neuron)
{
    SIM_ASSERT(owner->first_waiting == neuron);
    owner->first_waiting = agents->neurons[neuron].next_waiting;
    agents->neurons[neuron].is_waiting = false;
}

enum sim_status enter_announce(struct agents *agents, uint32_t index, struct sim_error *err)
{
    /* Addresses only have to pass the chain's checks and differ. */
    struct chain_extrinsic extrinsic = {
        .kind = CHAIN_SERVE_AXON,
        .netuid = agents->setup.netuid,
        .signer = agents->neurons[index].hotkey,
        .hotkey = agents->neurons[index].hotkey,
        .ip_type = 4,
        .ip_low = UINT64_C(0x08000001) + agents->wiring.first_host + agents->neurons[index].server,
        .port = 8091,
    };
    uint64_t id;
    return chain_submit(agents->wiring.chain, &extrinsic, &id, err);
}

static void show_axon(struct agents *agents, uint32_t uid, bool serves)
{
    agents->axon[uid] = serves;
    agents->excluded[uid] = !serves;
}

static enum sim_status on_registered(struct agents *agents, const struct chain_event *event,
                                     int64_t now_ns, struct sim_error *err)
{
    uint32_t replaced = agents->neuron_of_uid[event->uid];
    uint32_t index = agents_of_hotkey(agents, event->hotkey);
    SIM_ASSERT(index != AGENT_NONE);
    struct agent_neuron *neuron = &agents->neurons[index];
    struct agent_owner *owner = &agents->owners[neuron->owner];
    agents->neuron_of_uid[event->uid] = index;
    neuron->uid = event->uid;
    neuron->serving = false;
    show_axon(agents, event->uid, false);
    leave_list(agents, owner, index);
    owner->submitted = 0;
    enum sim_status status = enter_work(agents, neuron->owner, now_ns, err);
    if (status == SIM_OK && agents_group_of(agents, index)->params->miner &&
        agents_host_is_up(agents, index))
        status = enter_announce(agents, index, err);
    if (status == SIM_OK)
        status = money_open_hotkey(agents, index, err);
    if (status != SIM_OK || replaced == AGENT_NONE)
        return status;

    agents->neurons[replaced].uid = AGENT_NONE;
    agents->neurons[replaced].serving = false;
    if (agents_group_of(agents, replaced)->params->reenter)
        return enter_want(agents, replaced, now_ns, err);
    return SIM_OK;
}

static enum sim_status on_failed(struct agents *agents, const struct chain_event *event,
                                 int64_t now_ns, struct sim_error *err)
{
    uint32_t owner;
    if (event->call == CHAIN_REGISTER_POW) { /* signed by the hotkey */
        uint32_t index = agents_of_hotkey(agents, event->coldkey);
        SIM_ASSERT(index != AGENT_NONE);
        owner = agents->neurons[index].owner;
    } else if (event->call == CHAIN_REGISTER_BURN) {
        owner = agents_of_coldkey(agents, event->coldkey);
        SIM_ASSERT(owner < agents->owner_count);
    } else {
        return SIM_OK;
    }
    SIM_ASSERT(agents->owners[owner].submitted == event->id);
    agents->owners[owner].submitted = 0;
    return enter_work(agents, owner, now_ns, err);
}

static void on_served(struct agents *agents, const struct chain_event *event)
{
    uint32_t index = agents_of_hotkey(agents, event->hotkey);
    SIM_ASSERT(index != AGENT_NONE);
    struct agent_neuron *neuron = &agents->neurons[index];
    if (neuron->uid == AGENT_NONE)
        return;
    neuron->serving = true;
    show_axon(agents, neuron->uid, true);
}

/* Solvers start anew at the new difficulty. */
static enum sim_status on_difficulty(struct agents *agents, int64_t now_ns, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t o = 0; o < agents->owner_count && status == SIM_OK; o++)
        if (agents->owners[o].solving)
            status = enter_work(agents, o, now_ns, err);
    return status;
}

enum sim_status agents_on_block(struct agents *agents, int64_t now_ns, struct sim_error *err)
{
    size_t count;
    const struct chain_event *events = chain_events(agents->wiring.chain, &count);
    enum sim_status status = SIM_OK;
    for (size_t e = 0; e < count && status == SIM_OK; e++) {
        const struct chain_event *event = &events[e];
        if (event->netuid != agents->setup.netuid)
            continue;
        if (event->kind == CHAIN_EVENT_REGISTERED)
            status = on_registered(agents, event, now_ns, err);
        else if (event->kind == CHAIN_EVENT_FAILED)
            status = on_failed(agents, event, now_ns, err);
        else if (event->kind == CHAIN_EVENT_SERVED)
            on_served(agents, event);
        else if (event->kind == CHAIN_EVENT_DIFFICULTY)
            status = on_difficulty(agents, now_ns, err);
    }
    if (status == SIM_OK)
        status = reveal_on_block(agents, err);
    if (status == SIM_OK)
        status = money_on_block(agents, now_ns, err);
    return status == SIM_OK ? delegator_on_block(agents, err) : status;
}
