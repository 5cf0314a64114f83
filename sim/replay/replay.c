#include "replay/replay.h"

#include "chain/mechanism.h"

#include <stdlib.h>

struct replay {
    const struct replay_setup *setup;
    struct replay_rule rule; /* of the epoch at hand */
    size_t changed;          /* how many of the setup's changes have been made */
    struct source *source;
    struct snapshot *snapshot;
    struct mechanism_output *output;
    struct mechanism_scratch scratch;
    int64_t *registered; /* (uids) at the end of the epoch's block, as recorded */
};

/* The number of uids may grow during a run. */
static enum sim_status ready_output(struct replay *replay, struct sim_error *err)
{
    uint32_t n = replay->snapshot->n, words = replay->rule.ops->memory_words;
    if (replay->output != NULL && replay->output->neuron_count == n &&
        replay->output->memory_words == words)
        return SIM_OK;
    replay->output = mechanism_output_free(replay->output);
    return mechanism_output_create(n, words, &replay->output, err);
}

/* Who takes over a slot in the epoch's own block, after the epoch, stands in the recorded row
 * already, and where the chain clears a slot it stands there with nothing. */
static enum sim_status clear_newcomers(struct replay *replay, uint64_t epoch_row,
                                       struct sim_error *err)
{
    struct reader *reader = replay->setup->reader;
    const struct snapshot *snapshot = replay->snapshot;
    struct mechanism_output *output = replay->output;
    if (!replay->setup->clears)
        return SIM_OK;
    enum sim_status status =
        reader_read(reader, RECORD_BLOCK_AT_REGISTRATION, epoch_row, 1, replay->registered, err);
    uint64_t *const values[] = {output->stake_weight,
                                output->rank,
                                output->trust,
                                output->consensus,
                                output->incentive,
                                output->dividends,
                                output->validator_trust,
                                output->pruning_score,
                                output->emission_rao,
                                output->server_emission_rao,
                                output->validator_emission_rao};
    for (uint32_t uid = 0; status == SIM_OK && uid < snapshot->n; uid++) {
        if ((uint64_t)replay->registered[uid] != snapshot->block)
            continue;
        for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++)
            values[k][uid] = 0;
        output->stake_change_rao[uid] = 0;
        output->permit[uid] = 0;
    }
    return status;
}

static enum sim_status check_facts(const struct replay *replay, struct sim_error *err)
{
    const struct mechanism_ops *ops = replay->rule.ops;
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

/* ---- changes */

/* What the old mechanism kept, in the new one's terms; the slots are those of the epoch to come. */
static enum sim_status take_over(struct replay *replay, const struct replay_rule *to,
                                 struct sim_error *err)
{
    struct snapshot *snapshot = replay->snapshot;
    struct mechanism_input input;
    struct mechanism_output *output = NULL;
    if (to->ops == replay->rule.ops) {
        replay->rule = *to;
        return SIM_OK;
    }
    enum sim_status status = snapshot_input(snapshot, &input, err);
    input.emission_rao = 0; /* as the chain says to whoever takes over between two epochs */
    if (status == SIM_OK)
        status = mechanism_output_create(snapshot->n, to->ops->memory_words, &output, err);
    if (status == SIM_OK)
        status = mechanism_migrate(to->ops, to->params, replay->rule.ops, &input, output, err);
    if (status == SIM_OK)
        status = snapshot_take_over(snapshot, output, err);
    mechanism_output_free(output);
    if (status == SIM_OK)
        replay->rule = *to;
    return status;
}

/* The next state, under the mechanism that pays it. */
static enum sim_status load(struct replay *replay, uint64_t index, uint64_t *ret_epoch_row,
                            struct sim_error *err)
{
    const struct replay_setup *setup = replay->setup;
    const struct mechanism_ops *last = replay->rule.ops;
    size_t behind = replay->changed;
    uint64_t block;
    enum sim_status status = source_block(replay->source, index, &block, err);
    if (status != SIM_OK)
        return status;
    while (behind < setup->change_count && setup->changes[behind].block < block)
        last = setup->changes[behind++].rule.ops;
    /* Where the scale of weights changed, every row did, and stands in the state anew. */
    status =
        source_load(replay->source, index, last->weight_one, replay->snapshot, ret_epoch_row, err);
    for (; replay->changed < behind && status == SIM_OK; replay->changed++)
        status = take_over(replay, &setup->changes[replay->changed].rule, err);
    return status;
}

static enum sim_status run_epoch(struct replay *replay, uint64_t index, struct sim_error *err)
{
    const struct replay_setup *setup = replay->setup;
    struct mechanism_input input;
    uint64_t epoch_row;
    enum sim_status status = load(replay, index, &epoch_row, err);
    if (status == SIM_OK)
        status = check_facts(replay, err);
    if (status == SIM_OK)
        status = ready_output(replay, err);
    if (status == SIM_OK)
        status = snapshot_input(replay->snapshot, &input, err);
    if (status != SIM_OK)
        return status;
    status = mechanism_epoch(replay->rule.ops, replay->rule.params, &input, replay->output,
                             &replay->scratch, NULL, err);
    if (status != SIM_OK)
        return sim_error_context(err, "epoch %llu", (unsigned long long)epoch_row);
    status = clear_newcomers(replay, epoch_row, err);
    if (status == SIM_OK && setup->epoch != NULL)
        status = setup->epoch(setup->context, epoch_row, &replay->rule, replay->snapshot,
                              replay->output, err);
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
    const struct mechanism_ops *ops = setup->rule.ops;
    struct replay replay = {.setup = setup, .rule = setup->rule};
    enum sim_status status = ops->check == NULL ? SIM_OK : ops->check(setup->rule.params, err);
    if (status == SIM_OK)
        status = source_open(setup->reader, setup->clears, &replay.source, err);
    if (status == SIM_OK)
        status = source_snapshot(replay.source, ops->memory_words, &replay.snapshot, err);
    replay.registered =
        calloc(reader_rows(setup->reader, RECORD_DIM_UID) + 1, sizeof(*replay.registered));
    if (status == SIM_OK && replay.registered == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for a replay");
    if (status == SIM_OK)
        status = run_epochs(&replay, err);
    free(replay.registered);
    mechanism_output_free(replay.output);
    mechanism_scratch_release(&replay.scratch);
    snapshot_free(replay.snapshot);
    source_free(replay.source);
    return status;
}
