#include "golden/golden_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *zeroed(size_t count, size_t size_bytes)
{
    void *memory = calloc(count + 1, size_bytes);
    if (memory == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

/* ---------------------------------------------------------------------------------------- rows */

static void set_row(struct golden_state_row *row, size_t count)
{
    free(row->column);
    free(row->value);
    row->count = count;
    row->column = zeroed(count, sizeof(*row->column));
    row->value = zeroed(count, sizeof(*row->value));
}

/* [column, value, column, value, ...] */
static void read_row(struct golden *golden, const struct json_value *pairs,
                     struct golden_state_row *row)
{
    set_row(row, json_count(pairs) / 2);
    for (size_t k = 0; k < row->count; k++) {
        row->column[k] = (uint32_t)golden_u64(golden, json_item(pairs, 2 * k), "column");
        row->value[k] = golden_u64(golden, json_item(pairs, 2 * k + 1), "value");
    }
}

static uint32_t row_uid(const struct golden_state *state, struct golden *golden, const char *name)
{
    unsigned long uid = strtoul(name, NULL, 10);
    if (uid < state->n)
        return (uint32_t)uid;
    golden_differs(golden, "row of uid %s, but there are %" PRIu32 " uids", name, state->n);
    return 0;
}

static void read_rows(struct golden_state *state, struct golden *golden,
                      const struct json_value *rows, struct golden_state_row *ret)
{
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json_value *row = json_item(rows, i);
        read_row(golden, row, &ret[row_uid(state, golden, row->name)]);
    }
}

/* --------------------------------------------------------------------------------------- state */

static uint64_t *read_numbers(struct golden *golden, const struct json_value *init,
                              const char *name, uint32_t n)
{
    uint64_t *numbers = zeroed(n, sizeof(*numbers));
    const struct json_value *values = json_get(init, name);
    for (uint32_t i = 0; i < n && i < json_count(values); i++)
        numbers[i] = golden_u64(golden, json_item(values, i), name);
    return numbers;
}

static uint64_t rule(struct golden *golden, const struct json_value *params, const char *name,
                     uint64_t fallback)
{
    const struct json_value *value = json_get(params, name);
    return value == NULL ? fallback : golden_u64(golden, value, name);
}

static enum golden_chain chain_of(const char *version)
{
    if (strcmp(version, "nakamoto") == 0)
        return GOLDEN_NAKAMOTO;
    if (strcmp(version, "head") == 0)
        return GOLDEN_HEAD;
    return strcmp(version, "v2.0.11") == 0 ? GOLDEN_V2 : GOLDEN_FINNEY;
}

static void read_rules(struct golden_state *state, struct golden *golden,
                       const struct json_value *params)
{
    const struct json_value *owner = json_get(params, "owner_uid");
    state->rules = (struct mechanism_rules){
        .tempo_blocks = rule(golden, params, "tempo", 0),
        .activity_cutoff_blocks = rule(golden, params, "activity_cutoff", 5000),
        .max_validators = (uint32_t)rule(golden, params, "max_allowed_validators", UINT32_MAX),
        .stake_threshold_rao = rule(golden, params, "stake_threshold", 0),
    };
    state->owner_uid = owner == NULL || owner->kind == JSON_NULL
                           ? MECHANISM_NO_UID
                           : (uint32_t)golden_u64(golden, owner, "owner_uid");
}

void golden_state_init(struct golden_state *state, struct golden *golden,
                       const struct json_value *root)
{
    const struct json_value *init = json_get(root, "init");
    uint32_t n = (uint32_t)golden_u64(golden, json_get(root, "n"), "n");
    *state = (struct golden_state){.n = n, .chain = chain_of(json_get(root, "version")->text)};
    read_rules(state, golden, json_get(root, "params"));
    state->stake = read_numbers(golden, init, "stake", n);
    state->last_update = read_numbers(golden, init, "last_update", n);
    state->registered = read_numbers(golden, init, "block_at_registration", n);
    state->priority = read_numbers(golden, init, "priority", n);
    if (json_get(init, "earliest_commit_block") != NULL)
        state->commit = read_numbers(golden, init, "earliest_commit_block", n);
    state->permit = zeroed(n, 1);
    state->pruned = zeroed(n, 1);
    uint64_t *permit = read_numbers(golden, init, "validator_permit", n);
    for (uint32_t i = 0; i < n; i++)
        state->permit[i] = permit[i] != 0;
    free(permit);
    state->weights = zeroed(n, sizeof(*state->weights));
    state->bonds = zeroed(n, sizeof(*state->bonds));
    read_rows(state, golden, json_get(init, "weights"), state->weights);
    read_rows(state, golden, json_get(init, "bonds"), state->bonds);
}

static void free_csr(struct golden_state *state)
{
    free(state->weight_start);
    free(state->weight_column);
    free(state->weight_value);
    free(state->bond_start);
    free(state->bond_column);
    free(state->bond_value);
}

void golden_state_release(struct golden_state *state)
{
    for (uint32_t i = 0; i < state->n; i++) {
        free(state->weights[i].column);
        free(state->weights[i].value);
        free(state->bonds[i].column);
        free(state->bonds[i].value);
    }
    free(state->weights);
    free(state->bonds);
    free(state->stake);
    free(state->last_update);
    free(state->registered);
    free(state->priority);
    free(state->commit);
    free(state->permit);
    free(state->pruned);
    free_csr(state);
    *state = (struct golden_state){0};
}

/* -------------------------------------------------------------------------------- transactions */

static void reregister(struct golden_state *state, uint32_t uid, uint64_t block)
{
    state->registered[uid] = block;
    if (state->chain == GOLDEN_FINNEY)
        return;
    set_row(&state->bonds[uid], 0);
    if (state->chain == GOLDEN_V2)
        return;
    state->permit[uid] = 0;
    state->last_update[uid] = block;
    set_row(&state->weights[uid], 0);
    for (uint32_t i = 0; i < state->n; i++)
        for (size_t k = 0; k < state->weights[i].count; k++)
            if (state->weights[i].column[k] == uid)
                state->weights[i].value[k] = 0;
}

/* Nakamoto's: a fresh record that weighs itself. */
static void replace(struct golden_state *state, uint32_t uid, uint64_t block)
{
    state->stake[uid] = 0;
    state->priority[uid] = 0;
    state->last_update[uid] = block;
    state->pruned[uid] = 1;
    set_row(&state->bonds[uid], 0);
    set_row(&state->weights[uid], 1);
    state->weights[uid].column[0] = uid;
    state->weights[uid].value[0] = UINT32_MAX;
}

static uint32_t read_uid(const struct golden_state *state, struct golden *golden,
                         const struct json_value *value)
{
    uint64_t uid = golden_u64(golden, value, "uid");
    if (uid < state->n)
        return (uint32_t)uid;
    golden_differs(golden, "uid %" PRIu64 " of %" PRIu32, uid, state->n);
    return 0;
}

static void set_weights(struct golden_state *state, struct golden *golden,
                        const struct json_value *rows, uint64_t block)
{
    read_rows(state, golden, rows, state->weights);
    for (size_t i = 0; i < json_count(rows); i++)
        state->last_update[row_uid(state, golden, json_item(rows, i)->name)] = block;
}

void golden_state_apply(struct golden_state *state, struct golden *golden,
                        const struct json_value *step)
{
    uint64_t block = golden_u64(golden, json_get(step, "block"), "block");
    const struct json_value *stake = json_get(step, "set_stake");
    for (size_t i = 0; i + 1 < json_count(stake); i += 2)
        state->stake[read_uid(state, golden, json_item(stake, i))] =
            golden_u64(golden, json_item(stake, i + 1), "stake");
    const struct json_value *uids = json_get(step, "reregister");
    for (size_t i = 0; i < json_count(uids); i++)
        reregister(state, read_uid(state, golden, json_item(uids, i)), block);
    memset(state->pruned, 0, state->n);
    uids = json_get(step, "replace");
    for (size_t i = 0; i < json_count(uids); i++)
        replace(state, read_uid(state, golden, json_item(uids, i)), block);
    set_weights(state, golden, json_get(step, "set_weights"), block);
    uids = json_get(step, "touch");
    for (size_t i = 0; i < json_count(uids); i++)
        state->last_update[read_uid(state, golden, json_item(uids, i))] = block;
}

/* --------------------------------------------------------------------------------------- epoch */

static uint64_t *starts(const struct golden_state_row *rows, uint32_t n)
{
    uint64_t *start = zeroed(n, sizeof(*start));
    for (uint32_t i = 0; i < n; i++)
        start[i + 1] = start[i] + rows[i].count;
    return start;
}

static void compress(struct golden_state *state)
{
    uint32_t n = state->n;
    free_csr(state);
    state->weight_start = starts(state->weights, n);
    state->bond_start = starts(state->bonds, n);
    state->weight_column = zeroed(state->weight_start[n], sizeof(uint32_t));
    state->weight_value = zeroed(state->weight_start[n], sizeof(uint32_t));
    state->bond_column = zeroed(state->bond_start[n], sizeof(uint32_t));
    state->bond_value = zeroed(state->bond_start[n], sizeof(uint64_t));
    for (uint32_t i = 0; i < n; i++) {
        for (size_t k = 0; k < state->weights[i].count; k++) {
            state->weight_column[state->weight_start[i] + k] = state->weights[i].column[k];
            state->weight_value[state->weight_start[i] + k] = (uint32_t)state->weights[i].value[k];
        }
        for (size_t k = 0; k < state->bonds[i].count; k++) {
            state->bond_column[state->bond_start[i] + k] = state->bonds[i].column[k];
            state->bond_value[state->bond_start[i] + k] = state->bonds[i].value[k];
        }
    }
}

void golden_state_input(struct golden_state *state, struct golden *golden,
                        const struct json_value *step, struct mechanism_input *ret_input)
{
    const struct json_value *last = json_get(step, "last_mechanism_step_block");
    compress(state);
    *ret_input = (struct mechanism_input){
        .neuron_count = state->n,
        .block = golden_u64(golden, json_get(step, "block"), "block"),
        .last_step_block = last == NULL ? 0 : golden_u64(golden, last, "last step"),
        .emission_rao = golden_u64(golden, json_get(step, "emission"), "emission"),
        .rules = state->rules,
        .owner_uid = state->owner_uid,
        .stake_rao = state->stake,
        .last_update = state->last_update,
        .block_at_registration = state->registered,
        .permit = state->permit,
        .earliest_commit_block = state->commit,
        .pruned = state->pruned,
        .weights = {state->weight_start, state->weight_column, state->weight_value},
        .bonds = {state->bond_start, state->bond_column, state->bond_value},
        .priority = state->priority,
    };
}

void golden_state_adopt(struct golden_state *state, const struct mechanism_output *output)
{
    for (uint32_t i = 0; i < state->n; i++) {
        uint64_t start = output->bonds.start[i], end = output->bonds.start[i + 1];
        set_row(&state->bonds[i], end - start);
        for (uint64_t k = start; k < end; k++) {
            state->bonds[i].column[k - start] = output->bonds.column[k];
            state->bonds[i].value[k - start] = output->bonds.value[k];
        }
        state->permit[i] = output->permit[i];
        state->priority[i] = output->priority[i];
        if (state->chain == GOLDEN_NAKAMOTO)
            state->stake[i] += output->emission_rao[i];
    }
}
