#include "replay/snapshot.h"

#include <stdlib.h>
#include <string.h>

/* ---- life */

static bool allocate(struct snapshot *s)
{
    size_t n = (size_t)s->capacity + 1;
    uint64_t **const words[] = {&s->stake_rao, &s->last_update,  &s->registered, &s->priority,
                                &s->commit,    &s->weight_start, &s->bond_start};
    bool good = true;
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        *words[k] = calloc(n, sizeof(uint64_t));
        good = good && *words[k] != NULL;
    }
    double **const reals[] = {&s->true_value, &s->benchmark_score, &s->hashes, &s->operations};
    for (size_t k = 0; k < sizeof(reals) / sizeof(reals[0]); k++) {
        *reals[k] = calloc(n, sizeof(double));
        good = good && *reals[k] != NULL;
    }
    s->solve_time_ns = calloc(n, sizeof(*s->solve_time_ns));
    s->clones = calloc(n, sizeof(*s->clones));
    s->accomplice = calloc(n, 1);
    s->dice = calloc(n, sizeof(*s->dice));
    good = good && s->solve_time_ns && s->clones && s->accomplice && s->dice;
    s->permit = calloc(n, 1);
    s->pruned = calloc(n, 1);
    s->weights = calloc(n, sizeof(*s->weights));
    s->bonds = calloc(n, sizeof(*s->bonds));
    s->memory = calloc(n * s->memory_words + 1, sizeof(*s->memory));
    return good && s->permit && s->pruned && s->weights && s->bonds && s->memory;
}

enum sim_status snapshot_create(uint32_t capacity, uint32_t memory_words,
                                struct snapshot **ret_snapshot, struct sim_error *err)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    if (snapshot == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a state of %u uids", capacity);
    snapshot->capacity = snapshot->n = capacity;
    snapshot->memory_words = memory_words;
    snapshot->owner_uid = MECHANISM_NO_UID;
    if (!allocate(snapshot)) {
        snapshot_free(snapshot);
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a state of %u uids", capacity);
    }
    *ret_snapshot = snapshot;
    return SIM_OK;
}

static void free_rows(struct snapshot_row *rows, uint32_t count)
{
    for (uint32_t uid = 0; rows != NULL && uid < count; uid++) {
        free(rows[uid].column);
        free(rows[uid].value);
    }
    free(rows);
}

struct snapshot *snapshot_free(struct snapshot *snapshot)
{
    if (snapshot == NULL)
        return NULL;
    free_rows(snapshot->weights, snapshot->capacity);
    free_rows(snapshot->bonds, snapshot->capacity);
    void *const blocks[] = {snapshot->stake_rao,     snapshot->last_update,
                            snapshot->registered,    snapshot->priority,
                            snapshot->commit,        snapshot->permit,
                            snapshot->pruned,        snapshot->memory,
                            snapshot->weight_start,  snapshot->bond_start,
                            snapshot->weight_column, snapshot->weight_value,
                            snapshot->bond_column,   snapshot->bond_value,
                            snapshot->true_value,    snapshot->benchmark_score,
                            snapshot->hashes,        snapshot->operations,
                            snapshot->solve_time_ns, snapshot->clones,
                            snapshot->accomplice,    snapshot->dice};
    for (size_t k = 0; k < sizeof(blocks) / sizeof(blocks[0]); k++)
        free(blocks[k]);
    free(snapshot);
    return NULL;
}

/* ---- changes */

enum sim_status snapshot_row_resize(struct snapshot_row *row, size_t count, struct sim_error *err)
{
    if (count > row->capacity) {
        uint32_t *column = realloc(row->column, count * sizeof(*column));
        if (column != NULL)
            row->column = column;
        uint64_t *value = realloc(row->value, count * sizeof(*value));
        if (value != NULL)
            row->value = value;
        if (column == NULL || value == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "no memory for a row of %zu entries", count);
        row->capacity = count;
    }
    row->count = count;
    return SIM_OK;
}

void snapshot_clear_slot(struct snapshot *snapshot, uint32_t uid, bool clears)
{
    SIM_ASSERT(uid < snapshot->capacity);
    for (uint32_t word = 0; word < snapshot->memory_words; word++)
        snapshot->memory[(size_t)uid * snapshot->memory_words + word] = 0;
    if (!clears)
        return;
    snapshot->bonds[uid].count = 0;
    snapshot->permit[uid] = 0;
    snapshot->priority[uid] = 0;
}

/* ---- an epoch */

static void find_starts(const struct snapshot_row *rows, uint32_t n, uint64_t *ret_start)
{
    ret_start[0] = 0;
    for (uint32_t uid = 0; uid < n; uid++)
        ret_start[uid + 1] = ret_start[uid] + rows[uid].count;
}

/* Room for `count` entries of 32-bit columns and values of `value_bytes`. */
static bool reserve(uint64_t count, size_t value_bytes, uint64_t *capacity, uint32_t **column,
                    void **value)
{
    if (count <= *capacity && *column != NULL)
        return true;
    free(*column);
    free(*value);
    *capacity = count + count / 4 + 1;
    *column = malloc(*capacity * sizeof(**column));
    *value = malloc(*capacity * value_bytes);
    return *column != NULL && *value != NULL;
}

static enum sim_status compress(struct snapshot *s, struct sim_error *err)
{
    find_starts(s->weights, s->n, s->weight_start);
    find_starts(s->bonds, s->n, s->bond_start);
    void *weight_value = s->weight_value, *bond_value = s->bond_value;
    bool good = reserve(s->weight_start[s->n], sizeof(*s->weight_value), &s->weight_capacity,
                        &s->weight_column, &weight_value);
    good = reserve(s->bond_start[s->n], sizeof(*s->bond_value), &s->bond_capacity, &s->bond_column,
                   &bond_value) &&
           good;
    s->weight_value = weight_value;
    s->bond_value = bond_value;
    if (!good)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for the rows of a state");
    for (uint32_t uid = 0; uid < s->n; uid++) {
        const struct snapshot_row *row = &s->weights[uid];
        for (size_t k = 0; k < row->count; k++) {
            s->weight_column[s->weight_start[uid] + k] = row->column[k];
            s->weight_value[s->weight_start[uid] + k] = (uint32_t)row->value[k];
        }
        row = &s->bonds[uid];
        if (row->count > 0) {
            memcpy(s->bond_column + s->bond_start[uid], row->column,
                   row->count * sizeof(*row->column));
            memcpy(s->bond_value + s->bond_start[uid], row->value,
                   row->count * sizeof(*row->value));
        }
    }
    return SIM_OK;
}

static void show_outside(struct snapshot *s)
{
    uint32_t facts = s->facts;
    s->outside = (struct mechanism_outside){
        .true_value = facts & MECHANISM_NEEDS_TRUE_VALUE ? s->true_value : NULL,
        .benchmark_score = facts & MECHANISM_NEEDS_BENCHMARK ? s->benchmark_score : NULL,
        .solve_time_ns = facts & MECHANISM_NEEDS_SOLVE_TIME ? s->solve_time_ns : NULL,
        .hashes = facts & MECHANISM_NEEDS_HASHES ? s->hashes : NULL,
        .operations = facts & MECHANISM_NEEDS_OPERATIONS ? s->operations : NULL,
        .clones = facts & MECHANISM_NEEDS_CLONES ? s->clones : NULL,
        .accomplice = facts & MECHANISM_NEEDS_ACCOMPLICES ? s->accomplice : NULL,
        .dice = facts & MECHANISM_NEEDS_DICE ? s->dice : NULL,
        .network_dice = s->network_dice,
    };
}

enum sim_status snapshot_input(struct snapshot *snapshot, struct mechanism_input *ret_input,
                               struct sim_error *err)
{
    enum sim_status status = compress(snapshot, err);
    if (status != SIM_OK)
        return status;
    *ret_input = (struct mechanism_input){
        .neuron_count = snapshot->n,
        .block = snapshot->block,
        .last_step_block = snapshot->last_step_block,
        .emission_rao = snapshot->emission_rao,
        .rules = snapshot->rules,
        .owner_uid = snapshot->owner_uid,
        .stake_rao = snapshot->stake_rao,
        .last_update = snapshot->last_update,
        .block_at_registration = snapshot->registered,
        .permit = snapshot->permit,
        .earliest_commit_block = snapshot->commit_reveal ? snapshot->commit : NULL,
        .pruned = snapshot->pruned,
        .weights = {snapshot->weight_start, snapshot->weight_column, snapshot->weight_value},
        .bonds = {snapshot->bond_start, snapshot->bond_column, snapshot->bond_value},
        .priority = snapshot->priority,
        .memory = snapshot->memory_words > 0 ? snapshot->memory : NULL,
        .outside = snapshot->facts != 0 ? &snapshot->outside : NULL,
    };
    show_outside(snapshot);
    return SIM_OK;
}

static enum sim_status take_bonds(struct snapshot *snapshot, const struct mechanism_output *output,
                                  struct sim_error *err)
{
    SIM_ASSERT(output->neuron_count <= snapshot->capacity);
    for (uint32_t uid = 0; uid < output->neuron_count; uid++) {
        uint64_t start = output->bonds.start[uid];
        struct snapshot_row *row = &snapshot->bonds[uid];
        enum sim_status status =
            snapshot_row_resize(row, output->bonds.start[uid + 1] - start, err);
        if (status != SIM_OK)
            return status;
        if (row->count > 0) {
            memcpy(row->column, output->bonds.column + start, row->count * sizeof(*row->column));
            memcpy(row->value, output->bonds.value + start, row->count * sizeof(*row->value));
        }
    }
    return SIM_OK;
}

static void take_words(struct snapshot *snapshot, const struct mechanism_output *output)
{
    if (snapshot->memory_words > 0)
        memcpy(snapshot->memory, output->memory,
               (size_t)output->neuron_count * snapshot->memory_words * sizeof(*snapshot->memory));
}

enum sim_status snapshot_adopt(struct snapshot *snapshot, const struct mechanism_output *output,
                               struct sim_error *err)
{
    SIM_ASSERT(output->memory_words == snapshot->memory_words);
    enum sim_status status = take_bonds(snapshot, output, err);
    if (status != SIM_OK)
        return status;
    memcpy(snapshot->permit, output->permit, output->neuron_count * sizeof(*snapshot->permit));
    memcpy(snapshot->priority, output->priority,
           output->neuron_count * sizeof(*snapshot->priority));
    take_words(snapshot, output);
    return SIM_OK;
}

enum sim_status snapshot_take_over(struct snapshot *snapshot, const struct mechanism_output *output,
                                   struct sim_error *err)
{
    size_t words = ((size_t)snapshot->capacity + 1) * output->memory_words + 1;
    uint64_t *memory = calloc(words, sizeof(*memory));
    if (memory == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a mechanism's words");
    free(snapshot->memory);
    snapshot->memory = memory;
    snapshot->memory_words = output->memory_words;
    take_words(snapshot, output);
    return take_bonds(snapshot, output, err);
}
