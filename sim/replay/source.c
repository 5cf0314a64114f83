#include "replay/source.h"

#include "base/fixed.h"

#include <stdlib.h>
#include <string.h>

struct source {
    struct reader *reader;
    bool clears;
    uint64_t state_count, slots;
    uint32_t recorded_one, weight_one; /* a full weight in the state at hand, in the snapshot */
    /* Every change of a row, in order. */
    uint64_t row_count, next_row;
    int64_t *row_state, *row_start;
    uint32_t *row_uid, *row_entries;
    /* Entries of one state's changes. */
    uint32_t *target, *value;
    uint64_t entry_capacity;
    int64_t *blocks;  /* (slots) */
    uint8_t *permits; /* (slots) */
};

static enum sim_status read_rows(struct source *s, struct sim_error *err)
{
    s->row_count = reader_rows(s->reader, RECORD_DIM_STATE_ROW);
    size_t count = s->row_count + 1;
    s->row_state = calloc(count, sizeof(*s->row_state));
    s->row_start = calloc(count, sizeof(*s->row_start));
    s->row_uid = calloc(count, sizeof(*s->row_uid));
    s->row_entries = calloc(count, sizeof(*s->row_entries));
    s->blocks = calloc(s->slots + 1, sizeof(*s->blocks));
    s->permits = calloc(s->slots + 1, 1);
    if (!s->row_state || !s->row_start || !s->row_uid || !s->row_entries || !s->blocks ||
        !s->permits)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for the states of a run");
    if (s->row_count == 0)
        return SIM_OK;
    enum sim_status status =
        reader_read(s->reader, RECORD_STATE_ROW_STATE, 0, s->row_count, s->row_state, err);
    if (status == SIM_OK)
        status = reader_read(s->reader, RECORD_STATE_ROW_START, 0, s->row_count, s->row_start, err);
    if (status == SIM_OK)
        status = reader_read(s->reader, RECORD_STATE_ROW_UID, 0, s->row_count, s->row_uid, err);
    if (status == SIM_OK)
        status =
            reader_read(s->reader, RECORD_STATE_ROW_COUNT, 0, s->row_count, s->row_entries, err);
    return status;
}

enum sim_status source_open(struct reader *reader, bool clears, struct source **ret_source,
                            struct sim_error *err)
{
    if (reader_rows(reader, RECORD_DIM_EPOCH) == 0)
        return SIM_FAIL(err, SIM_CONFIG, "'%s' has no epoch", reader_path(reader));
    if (!reader_has(reader, RECORD_STATE_BLOCK) || reader_rows(reader, RECORD_DIM_STATE) == 0)
        return SIM_FAIL(err, SIM_CONFIG,
                        "'%s' holds no states of its epochs: the run recorded none (record.states "
                        "is false, or an older version made it)",
                        reader_path(reader));
    struct source *source = calloc(1, sizeof(*source));
    if (source == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for the states of a run");
    source->reader = reader;
    source->clears = clears;
    source->state_count = reader_rows(reader, RECORD_DIM_STATE);
    source->slots = reader_rows(reader, RECORD_DIM_STATE_SLOT);
    enum sim_status status = read_rows(source, err);
    if (status == SIM_OK)
        *ret_source = source;
    else
        source_free(source);
    return status;
}

struct source *source_free(struct source *source)
{
    if (source == NULL)
        return NULL;
    free(source->row_state);
    free(source->row_start);
    free(source->row_uid);
    free(source->row_entries);
    free(source->target);
    free(source->value);
    free(source->blocks);
    free(source->permits);
    free(source);
    return NULL;
}

uint64_t source_count(const struct source *source)
{
    return source->state_count;
}

enum sim_status source_snapshot(const struct source *source, uint32_t memory_words,
                                struct snapshot **ret_snapshot, struct sim_error *err)
{
    enum sim_status status =
        snapshot_create((uint32_t)source->slots, memory_words, ret_snapshot, err);
    if (status == SIM_OK)
        (*ret_snapshot)->n = 0;
    return status;
}

/* ---- one state */

#define READ_ONE(var, type, into)                                                                  \
    do {                                                                                           \
        type one_ = 0;                                                                             \
        enum sim_status status_ = reader_read(s->reader, (var), index, 1, &one_, err);             \
        if (status_ != SIM_OK)                                                                     \
            return status_;                                                                        \
        (into) = one_;                                                                             \
    } while (0)

static enum sim_status load_scalars(struct source *s, uint64_t index, struct snapshot *snapshot,
                                    uint64_t *ret_epoch_row, struct sim_error *err)
{
    int64_t block, last_step, epoch_row;
    uint8_t commits;
    READ_ONE(RECORD_STATE_EPOCH_ROW, int64_t, epoch_row);
    READ_ONE(RECORD_STATE_BLOCK, int64_t, block);
    READ_ONE(RECORD_STATE_LAST_STEP, int64_t, last_step);
    READ_ONE(RECORD_STATE_NEURONS, uint32_t, snapshot->n);
    READ_ONE(RECORD_STATE_EMISSION_RAO, uint64_t, snapshot->emission_rao);
    READ_ONE(RECORD_STATE_TEMPO, uint64_t, snapshot->rules.tempo_blocks);
    READ_ONE(RECORD_STATE_CUTOFF, uint64_t, snapshot->rules.activity_cutoff_blocks);
    READ_ONE(RECORD_STATE_MAX_VALIDATORS, uint32_t, snapshot->rules.max_validators);
    READ_ONE(RECORD_STATE_THRESHOLD_RAO, uint64_t, snapshot->rules.stake_threshold_rao);
    READ_ONE(RECORD_STATE_OWNER, uint32_t, snapshot->owner_uid);
    READ_ONE(RECORD_STATE_COMMITS, uint8_t, commits);
    READ_ONE(RECORD_STATE_WEIGHT_ONE, uint32_t, s->recorded_one);
    snapshot->commit_reveal = commits != 0;
    snapshot->block = (uint64_t)block;
    snapshot->last_step_block = (uint64_t)last_step;
    *ret_epoch_row = (uint64_t)epoch_row;
    if (s->recorded_one == 0)
        return SIM_FAIL(err, SIM_IO, "'%s': state %llu has weights without a unit",
                        reader_path(s->reader), (unsigned long long)index);
    if (snapshot->n == 0 || snapshot->n > snapshot->capacity)
        return SIM_FAIL(err, SIM_IO, "'%s': state %llu has %u uids", reader_path(s->reader),
                        (unsigned long long)index, snapshot->n);
    return SIM_OK;
}

static enum sim_status load_blocks(struct source *s, enum record_var var, uint64_t index,
                                   uint64_t *ret_blocks, struct sim_error *err)
{
    enum sim_status status = reader_read(s->reader, var, index, 1, s->blocks, err);
    for (uint64_t uid = 0; status == SIM_OK && uid < s->slots; uid++)
        ret_blocks[uid] = (uint64_t)s->blocks[uid];
    return status;
}

/* The first state's permits are genesis'; later ones are the mechanism's own affair. */
static enum sim_status load_permits(struct source *s, uint64_t index, struct snapshot *snapshot,
                                    struct sim_error *err)
{
    if (index > 0)
        return SIM_OK;
    enum sim_status status = reader_read(s->reader, RECORD_STATE_PERMIT, 0, 1, s->permits, err);
    if (status == SIM_OK)
        memcpy(snapshot->permit, s->permits, s->slots);
    return status;
}

/* Older results have none. */
static enum sim_status load_facts(struct source *s, uint64_t index, struct snapshot *snapshot,
                                  struct sim_error *err)
{
    snapshot->facts = 0;
    if (!reader_has(s->reader, RECORD_STATE_FACTS))
        return SIM_OK;
    READ_ONE(RECORD_STATE_FACTS, uint32_t, snapshot->facts);
    READ_ONE(RECORD_STATE_NETWORK_DICE, uint64_t, snapshot->network_dice);
    enum sim_status status = SIM_OK;
#define READ_FACT(need, var, into)                                                                 \
    do {                                                                                           \
        if (status == SIM_OK && (snapshot->facts & (need)) != 0)                                   \
            status = reader_read(s->reader, (var), index, 1, (into), err);                         \
    } while (0)
    READ_FACT(MECHANISM_NEEDS_TRUE_VALUE, RECORD_STATE_TRUE_VALUE, snapshot->true_value);
    READ_FACT(MECHANISM_NEEDS_BENCHMARK, RECORD_STATE_BENCHMARK, snapshot->benchmark_score);
    READ_FACT(MECHANISM_NEEDS_SOLVE_TIME, RECORD_STATE_SOLVE_TIME, snapshot->solve_time_ns);
    READ_FACT(MECHANISM_NEEDS_HASHES, RECORD_STATE_HASHES, snapshot->hashes);
    READ_FACT(MECHANISM_NEEDS_OPERATIONS, RECORD_STATE_OPERATIONS, snapshot->operations);
    READ_FACT(MECHANISM_NEEDS_CLONES, RECORD_STATE_CLONES, snapshot->clones);
    READ_FACT(MECHANISM_NEEDS_ACCOMPLICES, RECORD_STATE_ACCOMPLICE, snapshot->accomplice);
    READ_FACT(MECHANISM_NEEDS_DICE, RECORD_STATE_DICE, snapshot->dice);
#undef READ_FACT
    return status;
}

static enum sim_status load_slots(struct source *s, uint64_t index, struct snapshot *snapshot,
                                  struct sim_error *err)
{
    struct reader *reader = s->reader;
    enum sim_status status =
        reader_read(reader, RECORD_STATE_REPLACED, index, 1, snapshot->pruned, err);
    for (uint32_t uid = 0; status == SIM_OK && uid < snapshot->n; uid++)
        if (snapshot->pruned[uid])
            snapshot_clear_slot(snapshot, uid, s->clears);
    if (status == SIM_OK)
        status = load_permits(s, index, snapshot, err);
    if (status == SIM_OK)
        status = reader_read(reader, RECORD_STATE_STAKE_RAO, index, 1, snapshot->stake_rao, err);
    if (status == SIM_OK)
        status = reader_read(reader, RECORD_STATE_PRIORITY, index, 1, snapshot->priority, err);
    if (status == SIM_OK)
        status = reader_read(reader, RECORD_STATE_COMMIT, index, 1, snapshot->commit, err);
    if (status == SIM_OK)
        status = load_blocks(s, RECORD_STATE_LAST_UPDATE, index, snapshot->last_update, err);
    if (status == SIM_OK)
        status = load_blocks(s, RECORD_STATE_REGISTERED, index, snapshot->registered, err);
    return status;
}

static bool reserve(struct source *s, uint64_t count)
{
    if (count <= s->entry_capacity)
        return true;
    free(s->target);
    free(s->value);
    s->target = malloc(count * sizeof(*s->target));
    s->value = malloc(count * sizeof(*s->value));
    s->entry_capacity = count;
    return s->target != NULL && s->value != NULL;
}

static enum sim_status set_row(const struct source *s, uint64_t row, uint64_t from,
                               struct snapshot *snapshot, struct sim_error *err)
{
    uint64_t one = s->recorded_one, new_one = s->weight_one;
    uint32_t uid = s->row_uid[row], count = s->row_entries[row];
    if (uid >= snapshot->n)
        return SIM_FAIL(err, SIM_IO, "'%s': weights of uid %u, which is not there",
                        reader_path(s->reader), uid);
    enum sim_status status = snapshot_row_resize(&snapshot->weights[uid], count, err);
    for (uint32_t k = 0; k < count && status == SIM_OK; k++) {
        uint64_t value = s->value[from + k];
        snapshot->weights[uid].column[k] = s->target[from + k];
        snapshot->weights[uid].value[k] =
            one == new_one ? value : (uint64_t)((fixed_u128)value * new_one / one);
    }
    return status;
}

/* The rows that changed with this state; their entries lie one behind the other. */
static enum sim_status load_weights(struct source *s, uint64_t index, struct snapshot *snapshot,
                                    struct sim_error *err)
{
    uint64_t first = s->next_row, count = 0;
    while (s->next_row < s->row_count && (uint64_t)s->row_state[s->next_row] == index)
        count += s->row_entries[s->next_row++];
    if (!reserve(s, count))
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %llu weights", (unsigned long long)count);
    enum sim_status status = SIM_OK;
    if (count > 0) {
        uint64_t start = (uint64_t)s->row_start[first];
        status = reader_read(s->reader, RECORD_STATE_TARGET, start, count, s->target, err);
        if (status == SIM_OK)
            status = reader_read(s->reader, RECORD_STATE_VALUE, start, count, s->value, err);
    }
    uint64_t from = 0;
    for (uint64_t row = first; row < s->next_row && status == SIM_OK; row++) {
        status = set_row(s, row, from, snapshot, err);
        from += s->row_entries[row];
    }
    return status;
}

enum sim_status source_block(const struct source *source, uint64_t index, uint64_t *ret_block,
                             struct sim_error *err)
{
    int64_t block = 0;
    enum sim_status status = reader_read(source->reader, RECORD_STATE_BLOCK, index, 1, &block, err);
    if (status == SIM_OK)
        *ret_block = (uint64_t)block;
    return status;
}

enum sim_status source_load(struct source *source, uint64_t index, uint32_t weight_one,
                            struct snapshot *snapshot, uint64_t *ret_epoch_row,
                            struct sim_error *err)
{
    SIM_ASSERT(index < source->state_count);
    source->weight_one = weight_one;
    enum sim_status status = load_scalars(source, index, snapshot, ret_epoch_row, err);
    if (status == SIM_OK)
        status = load_slots(source, index, snapshot, err);
    if (status == SIM_OK)
        status = load_facts(source, index, snapshot, err);
    return status == SIM_OK ? load_weights(source, index, snapshot, err) : status;
}
