#include "property/mechanism_states.h"

#include "base/param_text.h"
#include "base/stream.h"
#include "property/mechanism_params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct draw {
    struct stream stream;
    struct mechanism_state *state;
};

static void *keep(struct mechanism_state *state, size_t count, size_t size_bytes)
{
    SIM_ASSERT(state->memory_count < sizeof(state->memory) / sizeof(state->memory[0]));
    void *memory = calloc(count + 1, size_bytes);
    SIM_ASSERT(memory != NULL);
    state->memory[state->memory_count++] = memory;
    return memory;
}

void mechanism_state_release(struct mechanism_state *state)
{
    for (size_t i = 0; i < state->memory_count; i++)
        free(state->memory[i]);
    *state = (struct mechanism_state){0};
}

/* 0..bound-1. */
static uint64_t below(struct draw *d, uint64_t bound)
{
    return stream_below(&d->stream, bound);
}

static bool chance(struct draw *d, double probability)
{
    return stream_uniform(&d->stream) < probability;
}

/* 0, 1, the largest, or anything between, each often. */
static uint64_t edgy(struct draw *d, uint64_t largest)
{
    switch (below(d, 6)) {
    case 0:
        return 0;
    case 1:
        return largest < 1 ? largest : 1;
    case 2:
        return largest;
    default:
        return largest == UINT64_MAX ? stream_u64(&d->stream) : below(d, largest + 1);
    }
}

/* ------------------------------------------------------------------------------------ parameters
 */

static void draw_yuma_params(struct draw *d, struct yuma_params *p, const char *name)
{
    bool usual = chance(d, 0.3);
    *p = (struct yuma_params){
        .kappa = usual ? 32767 : (uint16_t)edgy(d, 65535),
        .bonds_moving_average = usual ? 900000 : (uint32_t)edgy(d, 1000000),
        .bonds_penalty = usual ? 65535 : (uint16_t)edgy(d, 65535),
        .alpha_low = usual ? 45875 : (uint16_t)edgy(d, 65535),
        .alpha_sigmoid_steepness =
            usual ? 1000 : (int32_t)edgy(d, 65535) - (chance(d, 0.5) ? 32768 : 0),
        .liquid_alpha = strcmp(name, "yuma3-liquid") == 0 || chance(d, 0.5),
        .yuma3 = strncmp(name, "yuma3", 5) == 0,
    };
    if (chance(d, 0.7))
        p->alpha_sigmoid_steepness %= 2000;
    p->alpha_high = usual ? 58982 : (uint16_t)(p->alpha_low + edgy(d, 65535u - p->alpha_low));
    if (strcmp(name, "yuma3") == 0)
        p->liquid_alpha = false;
}

static void draw_nakamoto_params(struct draw *d, struct nakamoto_params *p)
{
    *p = (struct nakamoto_params){
        .rho = (uint32_t)below(d, 21),
        .kappa = 1 + (uint32_t)below(d, 4),
        .self_ownership = 1 + (uint32_t)below(d, 4),
        .bonds_moving_average = chance(d, 0.5) ? 900000 : (uint32_t)edgy(d, 1000000),
    };
}

static bool is_nakamoto(const struct mechanism_ops *ops)
{
    return ops->bond_unit == MECHANISM_BONDS_RAO;
}

static bool is_yuma(const struct mechanism_ops *ops)
{
    for (size_t k = 0; k < yuma_mechanism_count; k++)
        if (ops->params == yuma_mechanisms[k]->params)
            return true;
    return false;
}

/* What the mechanism refuses is drawn again. */
static void draw_any_params(struct draw *d, const struct mechanism_ops *ops)
{
    void *params = d->state->params.any;
    struct sim_error err = {0};
    SIM_ASSERT(ops->params->struct_bytes <= sizeof(d->state->params.any));
    do
        mechanism_params_draw(ops->params, &d->stream, params);
    while (ops->check != NULL && ops->check(params, &err) != SIM_OK);
}

static void draw_params(struct draw *d, const struct mechanism_ops *ops)
{
    if (is_nakamoto(ops))
        draw_nakamoto_params(d, &d->state->params.nakamoto);
    else if (is_yuma(ops))
        draw_yuma_params(d, &d->state->params.yuma, ops->params->name);
    else
        draw_any_params(d, ops);
}

/* -------------------------------------------------------------------------------------- vectors */

static const uint64_t *draw_stakes(struct draw *d, uint32_t n)
{
    uint64_t *stake = keep(d->state, n, sizeof(*stake));
    uint64_t kind = below(d, 6), level = 1 + below(d, 40);
    for (uint32_t i = 0; i < n; i++) {
        if (kind == 0)
            stake[i] = level == 1 ? 0 : (uint64_t)1 << level;
        else if (kind == 1)
            stake[i] = i == n / 2 ? 21000000 * UINT64_C(1000000000) : 0;
        else if (kind == 2)
            stake[i] = below(d, 4);
        else
            stake[i] = chance(d, 0.5) ? 0 : below(d, (uint64_t)1 << (1 + below(d, 40)));
    }
    return stake;
}

/* Blocks around the current one; `spread` 0: all long ago. */
static uint64_t *draw_blocks(struct draw *d, uint32_t n, uint64_t block, double recent)
{
    uint64_t *blocks = keep(d->state, n, sizeof(*blocks));
    for (uint32_t i = 0; i < n; i++)
        blocks[i] = chance(d, recent) ? block - below(d, block / 2 + 1) : below(d, block / 4 + 1);
    return blocks;
}

static uint8_t *draw_flags(struct draw *d, uint32_t n, double probability)
{
    uint8_t *flags = keep(d->state, n, 1);
    for (uint32_t i = 0; i < n; i++)
        flags[i] = chance(d, probability);
    return flags;
}

/* ----------------------------------------------------------------------------------------- rows */

struct row_style {
    double empty, density; /* of rows; of entries in one that is not empty */
    uint64_t largest;
    uint64_t values; /* 0: edgy, 1: all the same, else small numbers */
    bool unordered, outside;
};

static struct row_style draw_style(struct draw *d, uint64_t largest)
{
    static const double densities[] = {0.02, 0.2, 0.7, 1, 1};
    return (struct row_style){
        .empty = chance(d, 0.2) ? 0.9 : 0.2,
        .density = densities[below(d, 5)],
        .largest = largest,
        .values = below(d, 4),
        .unordered = chance(d, 0.15),
        .outside = chance(d, 0.15),
    };
}

static uint64_t draw_value(struct draw *d, const struct row_style *style)
{
    if (style->values == 0)
        return edgy(d, style->largest);
    if (style->values == 1)
        return style->largest / 2;
    return style->values == 2 ? below(d, 5) : 1 + below(d, style->largest);
}

/* One row of distinct columns; returns how many. */
static uint32_t draw_row(struct draw *d, const struct row_style *style, uint32_t n,
                         uint32_t *column, uint64_t *value)
{
    uint32_t count = 0, end = style->outside ? n + 3 : n;
    if (chance(d, style->empty))
        return 0;
    for (uint32_t j = 0; j < end; j++)
        if (style->density == 1 || chance(d, style->density)) {
            column[count] = j;
            value[count++] = draw_value(d, style);
        }
    for (uint32_t k = count; style->unordered && k > 1; k--) {
        uint32_t other = (uint32_t)below(d, k), swap = column[k - 1];
        column[k - 1] = column[other];
        column[other] = swap;
    }
    return count;
}

struct drawn_rows {
    uint64_t *start, *value;
    uint32_t *column;
};

static struct drawn_rows draw_rows(struct draw *d, uint32_t n, uint64_t largest)
{
    struct row_style style = draw_style(d, largest);
    size_t room = (size_t)n * (n + 3);
    struct drawn_rows rows = {.start = keep(d->state, n + 1u, sizeof(uint64_t)),
                              .value = keep(d->state, room, sizeof(uint64_t)),
                              .column = keep(d->state, room, sizeof(uint32_t))};
    for (uint32_t i = 0; i < n; i++)
        rows.start[i + 1] = rows.start[i] + draw_row(d, &style, n, rows.column + rows.start[i],
                                                     rows.value + rows.start[i]);
    return rows;
}

static struct mechanism_weights weights_of(struct mechanism_state *state, uint32_t n,
                                           struct drawn_rows rows)
{
    uint32_t *value = keep(state, rows.start[n], sizeof(*value));
    for (uint64_t k = 0; k < rows.start[n]; k++)
        value[k] = (uint32_t)rows.value[k];
    return (struct mechanism_weights){rows.start, rows.column, value};
}

/* Bonds of 65535ths become the bits of doubles. */
static void make_doubles(uint64_t *value, uint64_t count)
{
    for (uint64_t k = 0; k < count; k++) {
        double bond = (double)value[k] / 65535;
        memcpy(&value[k], &bond, sizeof(bond));
    }
}

static uint64_t largest_bond(const struct mechanism_ops *ops)
{
    return is_nakamoto(ops) ? (uint64_t)1 << 40 : 65535;
}

/* In the mechanism's unit; one that keeps none gets empty rows. */
static void draw_bonds(struct draw *d, const struct mechanism_ops *ops, uint32_t n)
{
    struct drawn_rows bonds = draw_rows(d, n, largest_bond(ops));
    if (ops->bond_unit == MECHANISM_BONDS_F64)
        make_doubles(bonds.value, bonds.start[n]);
    if (ops->bond_unit == MECHANISM_BONDS_NONE)
        memset(bonds.start, 0, (n + (size_t)1) * sizeof(*bonds.start));
    d->state->input.bonds = (struct mechanism_bonds){bonds.start, bonds.column, bonds.value};
}

/* --------------------------------------------------------------------------------------- outside
 */

/* 0, tiny, huge, one for all, or anything between. */
static double *draw_facts(struct draw *d, uint32_t n)
{
    double *facts = keep(d->state, n, sizeof(*facts));
    uint64_t kind = below(d, 6);
    for (uint32_t i = 0; i < n; i++)
        facts[i] = kind == 0        ? 0
                   : kind == 1      ? 1e300 * stream_uniform(&d->stream)
                   : kind == 2      ? 1e-300 * stream_uniform(&d->stream)
                   : kind == 3      ? 0.25
                   : chance(d, 0.3) ? 0
                                    : 3 * stream_uniform(&d->stream);
    return facts;
}

static void draw_outside(struct draw *d, uint32_t n)
{
    int64_t *time = keep(d->state, n, sizeof(*time));
    uint64_t *dice = keep(d->state, n, sizeof(*dice)), times = 1 + below(d, 1000);
    uint32_t *clones = keep(d->state, n, sizeof(*clones));
    double unsolved = chance(d, 0.2) ? 1 : 0.3;
    for (uint32_t i = 0; i < n; i++) {
        time[i] = chance(d, unsolved) ? INT64_MAX : (int64_t)below(d, times);
        dice[i] = stream_u64(&d->stream);
        clones[i] = (uint32_t)below(d, n + 1u);
    }
    d->state->outside = (struct mechanism_outside){.true_value = draw_facts(d, n),
                                                   .benchmark_score = draw_facts(d, n),
                                                   .solve_time_ns = time,
                                                   .hashes = draw_facts(d, n),
                                                   .operations = draw_facts(d, n),
                                                   .clones = clones,
                                                   .accomplice = draw_flags(d, n, 0.2),
                                                   .dice = dice,
                                                   .network_dice = stream_u64(&d->stream)};
    d->state->input.outside = &d->state->outside;
}

/* What a mechanism may find in words of its own: nothing, small numbers, the bits of a double. */
static void draw_memory(struct draw *d, const struct mechanism_ops *ops, uint32_t n)
{
    size_t count = (size_t)n * ops->memory_words;
    if (count == 0)
        return;
    uint64_t *memory = keep(d->state, count, sizeof(*memory)), kind = below(d, 3);
    for (size_t k = 0; k < count; k++)
        memory[k] = kind == 0 ? 0 : kind == 1 ? below(d, 4) : edgy(d, 65535);
    if (kind == 2)
        make_doubles(memory, count);
    d->state->input.memory = memory;
}

/* What only some mechanisms read. */
static void draw_extras(struct draw *d, const struct mechanism_ops *ops, uint32_t n)
{
    draw_memory(d, ops, n);
    if (ops->needs != 0)
        draw_outside(d, n);
}

/* ---------------------------------------------------------------------------------------- states
 */

void mechanism_state_draw(struct mechanism_state *state, const struct mechanism_ops *ops,
                          uint64_t seed, uint32_t neuron_max)
{
    static const double probabilities[] = {0, 0.1, 0.5, 0.9, 1};
    *state = (struct mechanism_state){0};
    struct draw d = {.state = state};
    const char *name = ops->params->name;
    bool nakamoto = is_nakamoto(ops);
    stream_init(&d.stream, seed, STREAM_TEST, stream_entity(name, 0), 0);
    uint32_t n = 1 + (uint32_t)below(&d, chance(&d, 0.3) ? 4 : neuron_max);
    uint64_t block = 1 + below(&d, 20000);
    draw_params(&d, ops);
    state->input = (struct mechanism_input){
        .neuron_count = n,
        .block = block,
        .last_step_block = chance(&d, 0.5) ? 0 : below(&d, block),
        .emission_rao = chance(&d, 0.3) ? edgy(&d, nakamoto ? (uint64_t)1 << 50 : UINT64_MAX)
                                        : below(&d, (uint64_t)1 << 42),
        .rules = {.tempo_blocks = below(&d, 400),
                  .activity_cutoff_blocks = edgy(&d, 10000),
                  .max_validators = (uint32_t)below(&d, n + 3u),
                  .stake_threshold_rao = chance(&d, 0.6) ? 0 : below(&d, 1 << 20)},
        .owner_uid = chance(&d, 0.5) ? MECHANISM_NO_UID : (uint32_t)below(&d, n),
        .stake_rao = draw_stakes(&d, n),
        .last_update = draw_blocks(&d, n, block, 0.9),
        .block_at_registration = draw_blocks(&d, n, block, probabilities[below(&d, 3)]),
        .permit = draw_flags(&d, n, probabilities[below(&d, 5)]),
        .priority = draw_blocks(&d, n, block, 0.5),
    };
    if (nakamoto)
        state->input.pruned = draw_flags(&d, n, probabilities[below(&d, 2)]);
    else if (chance(&d, 0.3))
        state->input.earliest_commit_block = draw_blocks(&d, n, block, 0.8);
    state->input.weights = weights_of(state, n, draw_rows(&d, n, ops->weight_one));
    draw_bonds(&d, ops, n);
    draw_extras(&d, ops, n);
}

/* ---------------------------------------------------------------------------------- relabelling */

/* An array of rows of `row_bytes`; NULL stays NULL. */
static void *move(struct mechanism_state *to, const void *from, uint32_t n, size_t row_bytes,
                  const uint32_t *order)
{
    if (from == NULL)
        return NULL;
    char *moved = keep(to, n, row_bytes);
    for (uint32_t i = 0; i < n; i++)
        memcpy(moved + order[i] * row_bytes, (const char *)from + i * row_bytes, row_bytes);
    return moved;
}

#define MOVE(name_) out->name_ = move(ret_state, in->name_, n, sizeof(*in->name_), order)

static void move_outside(const struct mechanism_state *state, const uint32_t *order,
                         struct mechanism_state *ret_state)
{
    const struct mechanism_outside *in = &state->outside;
    struct mechanism_outside *out = &ret_state->outside;
    uint32_t n = state->input.neuron_count;
    if (state->input.outside == NULL)
        return;
    out->network_dice = in->network_dice;
    MOVE(true_value);
    MOVE(benchmark_score);
    MOVE(solve_time_ns);
    MOVE(hashes);
    MOVE(operations);
    MOVE(clones);
    MOVE(accomplice);
    MOVE(dice);
    ret_state->input.outside = out;
}

/* Entries on uids that are gone are left out. */
static struct drawn_rows move_rows(struct mechanism_state *to, const uint64_t *start,
                                   const uint32_t *column, const uint64_t *wide,
                                   const uint32_t *narrow, uint32_t n, const uint32_t *order)
{
    struct drawn_rows rows = {.start = keep(to, n + 1u, sizeof(uint64_t)),
                              .value = keep(to, start[n], sizeof(uint64_t)),
                              .column = keep(to, start[n], sizeof(uint32_t))};
    uint64_t *slot = calloc(n, sizeof(*slot)), count = 0;
    uint32_t *origin = calloc(n, sizeof(*origin));
    SIM_ASSERT(slot != NULL && origin != NULL);
    for (uint32_t i = 0; i < n; i++)
        origin[order[i]] = i;
    for (uint32_t row = 0; row < n; row++) {
        for (uint64_t k = start[origin[row]]; k < start[origin[row] + 1]; k++)
            if (column[k] < n)
                slot[order[column[k]]] = k + 1;
        for (uint32_t j = 0; j < n; j++) {
            if (slot[j] == 0)
                continue;
            rows.column[count] = j;
            rows.value[count++] = wide != NULL ? wide[slot[j] - 1] : narrow[slot[j] - 1];
            slot[j] = 0;
        }
        rows.start[row + 1] = count;
    }
    free(slot);
    free(origin);
    return rows;
}

/* A parameter that names a uid is renamed too. */
static void rename_params(const struct mechanism_ops *ops, const uint32_t *order, uint32_t n,
                          union mechanism_state_params *params)
{
    for (size_t k = 0; k < ops->params->key_count; k++) {
        if (!mechanism_params_name_uid(&ops->params->keys[k]))
            continue;
        uint32_t *uid = (uint32_t *)((char *)params + ops->params->keys[k].offset);
        SIM_ASSERT((ops->params->keys[k].kind & PARAM_KIND_MASK) == PARAM_U32);
        *uid = *uid < n ? order[*uid] : *uid;
    }
}

void mechanism_state_relabel(const struct mechanism_state *state, const uint32_t *order,
                             const struct mechanism_ops *ops, struct mechanism_state *ret_state)
{
    const struct mechanism_input *in = &state->input;
    uint32_t n = in->neuron_count;
    *ret_state = (struct mechanism_state){.input = *in, .params = state->params};
    struct mechanism_input *out = &ret_state->input;
    rename_params(ops, order, n, &ret_state->params);
    MOVE(stake_rao);
    MOVE(last_update);
    MOVE(block_at_registration);
    MOVE(priority);
    MOVE(earliest_commit_block);
    MOVE(permit);
    MOVE(pruned);
    out->memory = move(ret_state, in->memory, n, ops->memory_words * sizeof(uint64_t), order);
    move_outside(state, order, ret_state);
    if (in->owner_uid != MECHANISM_NO_UID)
        out->owner_uid = order[in->owner_uid];
    const struct mechanism_weights *w = &in->weights;
    out->weights = weights_of(ret_state, n,
                              move_rows(ret_state, w->start, w->column, NULL, w->value, n, order));
    const struct mechanism_bonds *b = &in->bonds;
    struct drawn_rows bonds = move_rows(ret_state, b->start, b->column, b->value, NULL, n, order);
    out->bonds = (struct mechanism_bonds){bonds.start, bonds.column, bonds.value};
}

/* ----------------------------------------------------------------------------------- full states
 */

void mechanism_state_full(struct mechanism_state *state, const struct mechanism_ops *ops,
                          uint64_t seed, uint32_t neuron_count, uint32_t voters)
{
    uint32_t n = neuron_count;
    *state = (struct mechanism_state){0};
    struct draw d = {.state = state};
    stream_init(&d.stream, seed, STREAM_TEST, stream_entity("full", 0), 0);
    uint64_t *stake = keep(state, n, sizeof(*stake)), *update = keep(state, n, sizeof(*update));
    uint8_t *permit = keep(state, n, 1);
    uint64_t *start = keep(state, n + 1u, sizeof(*start));
    uint32_t *column = keep(state, (size_t)voters * n, sizeof(*column));
    uint32_t *value = keep(state, (size_t)voters * n, sizeof(*value));
    uint64_t *no_bonds = keep(state, n + 1u, sizeof(*no_bonds));
    for (uint32_t i = 0; i < n; i++) {
        bool votes = i < voters;
        stake[i] = votes ? 1000000000 + below(&d, 1000000000000) : below(&d, 1000000000);
        update[i] = 1000;
        permit[i] = votes;
        start[i + 1] = start[i];
        for (uint32_t j = 0; votes && j < n; j++) {
            column[start[i + 1]] = j;
            value[start[i + 1]++] = (uint32_t)(1 + below(&d, ops->weight_one));
        }
    }
    state->input = (struct mechanism_input){
        .neuron_count = n,
        .block = 1100,
        .last_step_block = 740,
        .emission_rao = 100 * UINT64_C(1000000000),
        .rules = {360, 5000, voters, 0},
        .owner_uid = MECHANISM_NO_UID,
        .stake_rao = stake,
        .last_update = update,
        .block_at_registration = keep(state, n, sizeof(uint64_t)),
        .permit = permit,
        .weights = {start, column, value},
        .bonds = {no_bonds, column, NULL},
    };
    if (ops->memory_words > 0)
        state->input.memory = keep(state, (size_t)n * ops->memory_words, sizeof(uint64_t));
    if (ops->needs != 0)
        draw_outside(&d, n);
    if (is_nakamoto(ops))
        state->params.nakamoto = (struct nakamoto_params){10, 2, 2, 900000};
    else if (!is_yuma(ops))
        param_defaults(ops->params, state->params.any);
    else
        state->params.yuma = (struct yuma_params){
            .kappa = 32767,
            .bonds_moving_average = 900000,
            .bonds_penalty = 65535,
            .alpha_low = 45875,
            .alpha_high = 58982,
            .alpha_sigmoid_steepness = 1000,
            .liquid_alpha = strcmp(ops->params->name, "yuma3-liquid") == 0,
            .yuma3 = strncmp(ops->params->name, "yuma3", 5) == 0,
        };
}

void mechanism_state_adopt_bonds(struct mechanism_state *state,
                                 const struct mechanism_output *output)
{
    uint32_t n = state->input.neuron_count;
    uint64_t count = output->bonds.start[n];
    uint64_t *start = keep(state, n + 1u, sizeof(*start));
    uint32_t *column = keep(state, count, sizeof(*column));
    uint64_t *value = keep(state, count, sizeof(*value));
    memcpy(start, output->bonds.start, (n + (size_t)1) * sizeof(*start));
    if (count > 0) {
        memcpy(column, output->bonds.column, count * sizeof(*column));
        memcpy(value, output->bonds.value, count * sizeof(*value));
    }
    state->input.bonds = (struct mechanism_bonds){start, column, value};
}
