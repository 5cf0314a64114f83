/*
 * reveal.c: rows that their validators have yet to reveal, where the network takes hashes.
 *
 * A validator sends the hash of its row with a salt, keeps row and salt, and reveals them in the
 * first block of the epoch in which the chain will take them.  A reveal that found no place in a
 * block is sent again while that epoch lasts; one whose commit was refused, whose epoch has passed
 * or whose uid is gone is forgotten.
 */
#include "agent/state.h"

#include <stdlib.h>
#include <string.h>

/* ---- the list */

enum sim_status reveal_add(struct agents *agents, uint32_t neuron, uint32_t count,
                           struct sim_error *err)
{
    if (agents->reveal_count == agents->reveal_capacity) {
        uint32_t capacity = agents->reveal_capacity == 0 ? 16 : 2 * agents->reveal_capacity;
        struct agent_reveal *reveals = realloc(agents->reveals, capacity * sizeof(*reveals));
        if (reveals == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "no memory for %u rows to reveal", capacity);
        agents->reveals = reveals;
        agents->reveal_capacity = capacity;
    }
    uint32_t *row = calloc(2 * (size_t)count + 1, sizeof(*row));
    if (row == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a row of %u weights", count);
    agents->reveals[agents->reveal_count++] =
        (struct agent_reveal){.neuron = neuron, .count = count, .row = row};
    return SIM_OK;
}

static void drop(struct agents *agents, uint32_t index)
{
    free(agents->reveals[index].row);
    agents->reveal_count--;
    memmove(&agents->reveals[index], &agents->reveals[index + 1],
            (agents->reveal_count - index) * sizeof(*agents->reveals));
}

void reveal_free_all(struct agents *agents)
{
    for (uint32_t r = 0; r < agents->reveal_count; r++)
        free(agents->reveals[r].row);
    free(agents->reveals);
    agents->reveals = NULL;
    agents->reveal_count = agents->reveal_capacity = 0;
}

/* ---- commit */

/* Of the validator's own name and the block, so that no other draw moves. */
static void draw_salt(const struct agents *agents, uint32_t neuron, uint16_t *salt)
{
    struct stream stream;
    stream_init(&stream, agents->seed, STREAM_SALT, agents->neurons[neuron].entity,
                chain_block_number(agents->wiring.chain));
    for (int i = 0; i < CHAIN_SALT_COUNT; i++)
        salt[i] = (uint16_t)stream_below(&stream, UINT16_MAX + 1);
}

enum sim_status reveal_commit(struct agents *agents, uint32_t neuron, struct chain_extrinsic call,
                              struct sim_error *err)
{
    draw_salt(agents, neuron, call.salt);
    enum sim_status status = chain_commit_hash(agents->wiring.chain, &call, call.commit_hash, err);
    if (status == SIM_OK)
        status = reveal_add(agents, neuron, call.row_count, err);
    if (status != SIM_OK)
        return status;
    struct agent_reveal *reveal = &agents->reveals[agents->reveal_count - 1];
    memcpy(reveal->row, call.row_uids, call.row_count * sizeof(uint32_t));
    memcpy(reveal->row + call.row_count, call.row_values, call.row_count * sizeof(uint32_t));
    memcpy(reveal->salt, call.salt, sizeof(reveal->salt));
    reveal->version_key = call.version_key;
    call.kind = CHAIN_COMMIT_HASH;
    return chain_submit(agents->wiring.chain, &call, &reveal->id, err);
}

/* ---- what a block made of it */

/* The chain forgets a hotkey's commits up to the one that is revealed, and so does its owner. */
static void drop_revealed(struct agents *agents, uint32_t index)
{
    uint32_t neuron = agents->reveals[index].neuron;
    for (uint32_t r = index + 1; r-- > 0;)
        if (agents->reveals[r].neuron == neuron && agents->reveals[r].is_committed)
            drop(agents, r);
}

static void on_failed(struct agents *agents, uint32_t index, enum chain_fault fault)
{
    struct agent_reveal *reveal = &agents->reveals[index];
    bool found_no_place = fault == CHAIN_FAULT_EXPIRED || fault == CHAIN_FAULT_MEMPOOL_FULL;
    if (reveal->is_committed && found_no_place)
        reveal->id = 0;
    else
        drop(agents, index);
}

static void on_event(struct agents *agents, const struct chain_event *event)
{
    uint32_t index = 0;
    while (index < agents->reveal_count && agents->reveals[index].id != event->id)
        index++;
    if (event->id == 0 || index == agents->reveal_count) /* not a call, or not one of these */
        return;
    struct agent_reveal *reveal = &agents->reveals[index];
    if (event->kind == CHAIN_EVENT_COMMITTED) {
        reveal->is_committed = true;
        reveal->epoch = event->other;
        reveal->id = 0;
    } else if (event->kind == CHAIN_EVENT_WEIGHTS_SET) {
        drop_revealed(agents, index);
    } else if (event->kind == CHAIN_EVENT_FAILED) {
        on_failed(agents, index, event->fault);
    }
}

static enum sim_status send(struct agents *agents, struct agent_reveal *reveal,
                            struct sim_error *err)
{
    struct chain_extrinsic call = {
        .kind = CHAIN_REVEAL_WEIGHTS,
        .netuid = agents->setup.netuid,
        .signer = agents->neurons[reveal->neuron].hotkey,
        .row_count = reveal->count,
        .value_count = reveal->count,
        .row_uids = reveal->row,
        .row_values = reveal->row + reveal->count,
        .version_key = reveal->version_key,
    };
    memcpy(call.salt, reveal->salt, sizeof(call.salt));
    return chain_submit(agents->wiring.chain, &call, &reveal->id, err);
}

/* Sends what is due; forgets what can no longer be opened. */
static enum sim_status send_due(struct agents *agents, struct sim_error *err)
{
    const struct chain_view *view = chain_view(agents->wiring.chain, agents->setup.netuid);
    enum sim_status status = SIM_OK;
    for (uint32_t r = 0; r < agents->reveal_count && status == SIM_OK;) {
        struct agent_reveal *reveal = &agents->reveals[r];
        uint64_t due = reveal->epoch + view->params->reveal_period;
        bool waits = reveal->id != 0 || !reveal->is_committed || view->epoch_index < due;
        if (!waits &&
            (view->epoch_index > due || agents->neurons[reveal->neuron].uid == AGENT_NONE)) {
            drop(agents, r);
            continue;
        }
        if (!waits && agents_host_is_up(agents, reveal->neuron))
            status = send(agents, reveal, err);
        r++;
    }
    return status;
}

enum sim_status reveal_on_block(struct agents *agents, struct sim_error *err)
{
    if (agents->reveal_count == 0)
        return SIM_OK;
    size_t count;
    const struct chain_event *events = chain_events(agents->wiring.chain, &count);
    for (size_t e = 0; e < count; e++)
        on_event(agents, &events[e]);
    return send_due(agents, err);
}
