/*
 * root.c: the root network beside the others.  It has no neurons of its own: its seats are held by
 * hotkeys of the other networks (agent/vote.h), and the record tells of it under netuid 0.
 */
#include "world/state.h"

static uint32_t hotkey_row(const struct world *world, uint32_t hotkey)
{
    uint32_t row = RECORD_NOBODY;
    for (uint32_t s = 0; s < world->subnet_count && row == RECORD_NOBODY; s++)
        row = probe_hotkey_row(world->subnets[s].probe, hotkey);
    return row;
}

static enum sim_status put_weights(struct world *world, const struct chain_event *event,
                                   int64_t now_ns, struct sim_error *err)
{
    struct chain_row row = chain_weights_row(world->chain, event->netuid, event->uid);
    struct record_call call = {
        .time_ns = now_ns,
        .block = (int64_t)chain_block_number(world->chain),
        .netuid = event->netuid,
        .uid = event->uid,
        .hotkey_id = hotkey_row(world, event->hotkey),
        .entry_count = row.count,
        .age_blocks = (uint32_t)event->age_blocks,
        .target = row.uid,
        .value = row.value,
    };
    return world->probe_params.calls ? record_set_weights(world->record, &call, err) : SIM_OK;
}

static enum sim_status put_seat(struct world *world, const struct chain_event *event,
                                int64_t now_ns, struct sim_error *err)
{
    struct record_event row = {
        .time_ns = now_ns,
        .block = (int64_t)chain_block_number(world->chain),
        .kind = RECORD_EVENT_REGISTRATION,
        .netuid = event->netuid,
        .uid = event->uid,
        .hotkey_id = hotkey_row(world, event->hotkey),
        .owner_id = RECORD_NOBODY,
        .other_hotkey_id =
            event->other == CHAIN_NONE ? RECORD_NOBODY : hotkey_row(world, event->other),
        .amount_rao = chain_hotkey_stake_rao(world->chain, event->hotkey),
    };
    return record_event(world->record, &row, err);
}

enum sim_status world_root_block(struct world *world, int64_t now_ns, struct sim_error *err)
{
    if (world->setup.vote_count == 0)
        return SIM_OK;
    size_t count;
    const struct chain_event *events = chain_events(world->chain, &count);
    enum sim_status status = SIM_OK;
    for (size_t e = 0; e < count && status == SIM_OK; e++) {
        if (events[e].netuid != 0)
            continue;
        if (events[e].kind == CHAIN_EVENT_WEIGHTS_SET)
            status = put_weights(world, &events[e], now_ns, err);
        else if (events[e].kind == CHAIN_EVENT_REGISTERED)
            status = put_seat(world, &events[e], now_ns, err);
    }
    if (status != SIM_OK)
        return status;
    return vote_on_block(world->votes, world->setup.vote_count, world->vote_networks,
                         world->subnet_count, world->chain, err);
}
