#include "replay/replay.h"

#include "chain/mechanism.h"

#include <stdlib.h>

struct replay {
    const struct replay_setup *setup;
    struct source *source;
    struct snapshot *snapshot;
    struct mechanism_output *output;
    struct mechanism_scratch scratch;
};

/* The number of uids may grow during a run. */
static enum sim_status ready_output(struct replay *replay, struct sim_error *err)
{
    uint32_t n = replay->snapshot->n;
    if (replay->output != NULL && replay->output->neuron_count == n)
        return SIM_OK;
    replay->output = mechanism_output_free(replay->output);
    return mechanism_output_create(n, replay->setup->ops->memory_words, &replay->output, err);
}

static enum sim_status check_facts(const struct replay *replay, struct sim_error *err)
{
    const struct mechanism_ops *ops = replay->setup->ops;
    char missing[MECHANISM_NEEDS_BYTES];
    uint32_t lacks = ops->needs & ~replay->snapshot->facts;
    if (lacks == 0)
        return SIM_OK;
    mechanism_needs_text(lacks, missing);
    return SIM_FAIL(err, SIM_CONFIG,
                    "mechanism %s needs what no chain knows (%s), and the recorded mechanism was "
                    "not told it: %s can run in a scenario, not in this replay",
                    ops->params->name, missing[0] == '\0' ? "dice" : missing, ops->params->name);
}

static enum sim_status run_epoch(struct replay *replay, uint64_t index, struct sim_error *err)
{
    const struct replay_setup *setup = replay->setup;
    struct mechanism_input input;
    uint64_t epoch_row;
    enum sim_status status = source_load(replay->source, index, replay->snapshot, &epoch_row, err);
    if (status == SIM_OK)
        status = check_facts(replay, err);
    if (status == SIM_OK)
        status = ready_output(replay, err);
    if (status == SIM_OK)
        status = snapshot_input(replay->snapshot, &input, err);
    if (status != SIM_OK)
        return status;
    status = mechanism_epoch(setup->ops, setup->params, &input, replay->output, &replay->scratch,
                             NULL, err);
    if (status != SIM_OK)
        return sim_error_context(err, "epoch %llu", (unsigned long long)epoch_row);
    if (setup->epoch != NULL)
        status = setup->epoch(setup->context, epoch_row, replay->snapshot, replay->output, err);
    return status == SIM_OK ? snapshot_adopt(replay->snapshot, replay->output, err) : status;
}

static enum sim_status run_epochs(struct replay *replay, struct sim_error *err)
{
    uint64_t count = source_count(replay->source);
    if (replay->setup->count > 0 && replay->setup->count < count)
        count = replay->setup->count;
    enum sim_status status = SIM_OK;
    for (uint64_t index = 0; index < count && status == SIM_OK; index++)
        status = run_epoch(replay, index, err);
    return status;
}

enum sim_status replay_run(const struct replay_setup *setup, struct sim_error *err)
{
    const struct mechanism_ops *ops = setup->ops;
    struct replay replay = {.setup = setup};
    struct source_options options = {.clears = setup->clears, .weight_one = ops->weight_one};
    enum sim_status status = ops->check == NULL ? SIM_OK : ops->check(setup->params, err);
    if (status == SIM_OK)
        status = source_open(setup->reader, &options, &replay.source, err);
    if (status == SIM_OK)
        status = source_snapshot(replay.source, ops->memory_words, &replay.snapshot, err);
    if (status == SIM_OK)
        status = run_epochs(&replay, err);
    mechanism_output_free(replay.output);
    mechanism_scratch_release(&replay.scratch);
    snapshot_free(replay.snapshot);
    source_free(replay.source);
    return status;
}
