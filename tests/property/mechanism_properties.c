#include "property/mechanism_properties.h"

#include "base/fixed.h"
#include "base/stream.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static bool found(struct property_finding *finding,
                                                        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
    return false;
}

static bool run(const struct mechanism_ops *ops, const struct mechanism_state *state,
                struct mechanism_output **ret_output, struct property_finding *finding)
{
    struct mechanism_scratch scratch = {0};
    struct sim_error err = {0};
    enum sim_status status =
        mechanism_output_create(state->input.neuron_count, ops->memory_words, ret_output, &err);
    if (status == SIM_OK)
        status =
            mechanism_epoch(ops, &state->params, &state->input, *ret_output, &scratch, NULL, &err);
    mechanism_scratch_release(&scratch);
    if (status == SIM_OK)
        return true;
    *ret_output = mechanism_output_free(*ret_output);
    return found(finding, "%s", err.text);
}

/* ------------------------------------------------------------------------------------- payment */

static uint64_t paid_rao(const struct mechanism_output *output)
{
    fixed_u128 paid = 0;
    for (uint32_t i = 0; i < output->neuron_count; i++)
        paid += output->emission_rao[i];
    return paid > UINT64_MAX ? UINT64_MAX : (uint64_t)paid;
}

/* Shares are cut to `bits` bits up to three times, amounts to whole rao once. */
static uint64_t truncation_rao(const struct mechanism_state *state, unsigned bits)
{
    fixed_u128 one = (fixed_u128)3 * (state->input.emission_rao >> bits) + 4;
    return (uint64_t)(one * state->input.neuron_count);
}

static bool check_parts(const struct mechanism_ops *ops, const struct mechanism_state *state,
                        const struct mechanism_output *out, struct property_finding *finding)
{
    if ((ops->fields & MECHANISM_SERVER_EMISSION) == 0)
        return true;
    uint64_t slack = (state->input.emission_rao >> 32) + 2;
    for (uint32_t i = 0; i < out->neuron_count; i++) {
        fixed_u128 parts = (fixed_u128)out->server_emission_rao[i] + out->validator_emission_rao[i];
        if (parts > out->emission_rao[i] || parts + slack < out->emission_rao[i])
            return found(finding, "payment: parts of uid %" PRIu32 " do not make its whole", i);
    }
    return true;
}

/* Whether anybody has anything to be paid for. */
static bool has_claim(const struct mechanism_ops *ops, const struct mechanism_output *out)
{
    for (uint32_t i = 0; i < out->neuron_count; i++)
        if (out->incentive[i] != 0 || out->dividends[i] != 0 ||
            ((ops->fields & MECHANISM_STAKE_WEIGHT) != 0 && out->stake_weight[i] != 0))
            return true;
    return false;
}

struct property_finding property_payment(const struct mechanism_ops *ops,
                                         const struct mechanism_state *state)
{
    struct property_finding finding = {""};
    struct mechanism_output *out = NULL;
    if (!run(ops, state, &out, &finding))
        return finding;
    uint64_t paid = paid_rao(out), emission = state->input.emission_rao;
    bool wide = ops->fraction_one == UINT64_MAX;
    if (paid > emission)
        found(&finding, "payment: %" PRIu64 " rao of %" PRIu64, paid, emission);
    else if (has_claim(ops, out) && emission - paid > truncation_rao(state, wide ? 60 : 32))
        found(&finding, "payment: only %" PRIu64 " rao of %" PRIu64, paid, emission);
    else
        check_parts(ops, state, out, &finding);
    mechanism_output_free(out);
    return finding;
}

/* --------------------------------------------------------------------------------- relabelling */

static void draw_order(uint32_t n, uint64_t seed, uint32_t *ret_order)
{
    struct stream stream;
    stream_init(&stream, seed, STREAM_TEST, stream_entity("relabelling", 0), 0);
    for (uint32_t i = 0; i < n; i++)
        ret_order[i] = i;
    for (uint32_t k = n; k > 1; k--) {
        uint32_t other = (uint32_t)stream_below(&stream, k), swap = ret_order[k - 1];
        ret_order[k - 1] = ret_order[other];
        ret_order[other] = swap;
    }
}

static bool same_vector(const char *name, const uint64_t *a, const uint64_t *b, uint32_t n,
                        const uint32_t *order, struct property_finding *finding)
{
    for (uint32_t i = 0; i < n; i++)
        if (a[i] != b[order[i]])
            return found(finding, "relabelling: %s of uid %" PRIu32 " is %" PRIu64 " or %" PRIu64,
                         name, i, a[i], b[order[i]]);
    return true;
}

static bool same_amounts(const struct mechanism_output *a, const struct mechanism_output *b,
                         const uint32_t *order, struct property_finding *finding)
{
    uint32_t n = a->neuron_count;
    return same_vector("emission", a->emission_rao, b->emission_rao, n, order, finding) &&
           same_vector("server emission", a->server_emission_rao, b->server_emission_rao, n, order,
                       finding) &&
           same_vector("validator emission", a->validator_emission_rao, b->validator_emission_rao,
                       n, order, finding) &&
           same_vector("priority", a->priority, b->priority, n, order, finding);
}

static bool same_changes(const struct mechanism_output *a, const struct mechanism_output *b,
                         const uint32_t *order, struct property_finding *finding)
{
    for (uint32_t i = 0; i < a->neuron_count; i++)
        if (a->stake_change_rao[i] != b->stake_change_rao[order[i]])
            return found(finding, "relabelling: stake change of uid %" PRIu32, i);
    return true;
}

static bool same_memory(const struct mechanism_output *a, const struct mechanism_output *b,
                        const uint32_t *order, struct property_finding *finding)
{
    size_t words = a->memory_words;
    for (uint32_t i = 0; i < a->neuron_count && words > 0; i++)
        if (memcmp(a->memory + i * words, b->memory + order[i] * words,
                   words * sizeof(*a->memory)) != 0)
            return found(finding, "relabelling: words of uid %" PRIu32, i);
    return true;
}

static bool same_vectors(const struct mechanism_output *a, const struct mechanism_output *b,
                         const uint32_t *order, struct property_finding *finding)
{
    const struct {
        const char *name;
        const uint64_t *a, *b;
    } pairs[] = {
        {"stake weight", a->stake_weight, b->stake_weight},
        {"rank", a->rank, b->rank},
        {"trust", a->trust, b->trust},
        {"consensus", a->consensus, b->consensus},
        {"incentive", a->incentive, b->incentive},
        {"dividends", a->dividends, b->dividends},
        {"validator trust", a->validator_trust, b->validator_trust},
        {"pruning score", a->pruning_score, b->pruning_score},
    };
    for (size_t k = 0; k < sizeof(pairs) / sizeof(pairs[0]); k++)
        if (!same_vector(pairs[k].name, pairs[k].a, pairs[k].b, a->neuron_count, order, finding))
            return false;
    for (uint32_t i = 0; i < a->neuron_count; i++)
        if (a->active[i] != b->active[order[i]])
            return found(finding, "relabelling: activity of uid %" PRIu32, i);
    return same_memory(a, b, order, finding);
}

static uint64_t bond_of(const struct mechanism_bonds_out *bonds, uint32_t row, uint32_t column)
{
    for (uint64_t k = bonds->start[row]; k < bonds->start[row + 1]; k++)
        if (bonds->column[k] == column)
            return bonds->value[k] + 1;
    return 0;
}

static bool same_bonds(const struct mechanism_output *a, const struct mechanism_output *b,
                       const uint32_t *order, struct property_finding *finding)
{
    for (uint32_t i = 0; i < a->neuron_count; i++) {
        uint32_t to = order[i];
        if (a->bonds.start[i + 1] - a->bonds.start[i] !=
            b->bonds.start[to + 1] - b->bonds.start[to])
            return found(finding, "relabelling: uid %" PRIu32 " has more or fewer bonds", i);
        for (uint64_t k = a->bonds.start[i]; k < a->bonds.start[i + 1]; k++)
            if (bond_of(&b->bonds, to, order[a->bonds.column[k]]) != a->bonds.value[k] + 1)
                return found(finding, "relabelling: bond of uid %" PRIu32 " in %" PRIu32, i,
                             a->bonds.column[k]);
    }
    return true;
}

/* The share that competes for permits. */
static int64_t permit_share(const struct mechanism_state *state, uint32_t uid)
{
    fixed_u128 sum = 0;
    for (uint32_t i = 0; i < state->input.neuron_count; i++)
        sum += (fixed_u128)fixed64_from_u64(state->input.stake_rao[i]);
    return fixed_from_fixed64(
        fixed64_div_safe(fixed64_from_u64(state->input.stake_rao[uid]), (fixed_i128)sum));
}

/* A permit may differ only if an equal share has the opposite one, or is the owner's, whose permit
 * does not show whether it was won. */
static bool is_tie(const struct mechanism_state *state, const struct mechanism_output *a,
                   uint32_t uid)
{
    bool filtered = state->input.rules.stake_threshold_rao > 0;
    for (uint32_t j = 0; j < a->neuron_count; j++)
        if ((a->permit[j] != a->permit[uid] || j == state->input.owner_uid) && j != uid &&
            (filtered || permit_share(state, j) == permit_share(state, uid)))
            return true;
    return false;
}

static bool same_permits(const struct mechanism_state *state, const struct mechanism_output *a,
                         const struct mechanism_output *b, const uint32_t *order, bool *ret_tie,
                         struct property_finding *finding)
{
    *ret_tie = false;
    for (uint32_t i = 0; i < a->neuron_count; i++) {
        if (a->permit[i] == b->permit[order[i]])
            continue;
        *ret_tie = true;
        if (!is_tie(state, a, i))
            return found(finding, "relabelling: permit of uid %" PRIu32, i);
    }
    return true;
}

struct property_finding property_relabelling(const struct mechanism_ops *ops,
                                             const struct mechanism_state *state, uint64_t seed)
{
    struct property_finding finding = {""};
    struct mechanism_state renamed;
    struct mechanism_output *a = NULL, *b = NULL;
    uint32_t *order = calloc(state->input.neuron_count, sizeof(*order));
    SIM_ASSERT(order != NULL);
    draw_order(state->input.neuron_count, seed, order);
    mechanism_state_relabel(state, order, ops, &renamed);
    bool tie;
    if (run(ops, state, &a, &finding) && run(ops, &renamed, &b, &finding) &&
        same_vectors(a, b, order, &finding) && same_amounts(a, b, order, &finding) &&
        same_changes(a, b, order, &finding) && same_permits(state, a, b, order, &tie, &finding) &&
        !tie)
        same_bonds(a, b, order, &finding);
    mechanism_output_free(a);
    mechanism_output_free(b);
    mechanism_state_release(&renamed);
    free(order);
    return finding;
}

/* --------------------------------------------------------------------------------------- scale */

/* What is taken or given grows with the stakes, up to what was cut down before. */
static bool changes_scale(const struct mechanism_output *a, const struct mechanism_output *b,
                          uint64_t factor, struct property_finding *finding)
{
    const fixed_i128 slack = 2 * (fixed_i128)factor * a->neuron_count + 2;
    for (uint32_t i = 0; i < a->neuron_count; i++) {
        fixed_i128 off =
            (fixed_i128)b->stake_change_rao[i] - (fixed_i128)a->stake_change_rao[i] * factor;
        if (off > slack || off < -slack)
            return found(finding, "scale: stake change of uid %" PRIu32, i);
    }
    return true;
}

struct property_finding property_stake_scale(const struct mechanism_ops *ops,
                                             const struct mechanism_state *state, uint64_t factor)
{
    struct property_finding finding = {""};
    uint32_t n = state->input.neuron_count;
    struct mechanism_state scaled = *state;
    struct mechanism_output *a = NULL, *b = NULL;
    uint64_t *stake = calloc(n, sizeof(*stake));
    uint32_t *order = calloc(n, sizeof(*order));
    SIM_ASSERT(stake != NULL && order != NULL);
    for (uint32_t i = 0; i < n; i++) {
        stake[i] = state->input.stake_rao[i] * factor;
        order[i] = i;
    }
    scaled.input.stake_rao = stake;
    scaled.input.rules.stake_threshold_rao *= factor;
    if (run(ops, state, &a, &finding) && run(ops, &scaled, &b, &finding)) {
        /* Priorities grow with the logarithm of stake, and should. */
        memcpy(b->priority, a->priority, n * sizeof(*b->priority));
        if (same_vectors(a, b, order, &finding) && same_amounts(a, b, order, &finding) &&
            changes_scale(a, b, factor, &finding) && same_bonds(a, b, order, &finding) &&
            memcmp(a->permit, b->permit, n) != 0)
            found(&finding, "scale: permits differ");
    }
    mechanism_output_free(a);
    mechanism_output_free(b);
    free(stake);
    free(order);
    return finding;
}

/* -------------------------------------------------------------------------------------- memory */

struct property_finding property_memory(const struct mechanism_ops *ops,
                                        const struct mechanism_state *state)
{
    struct property_finding finding = {""};
    struct mechanism_output *first = NULL, *second = NULL;
    if (!run(ops, state, &first, &finding))
        return finding;
    struct mechanism_state next = *state;
    next.input.block += next.input.rules.tempo_blocks + 1;
    next.input.permit = first->permit;
    next.input.priority = first->priority;
    next.input.bonds =
        (struct mechanism_bonds){first->bonds.start, first->bonds.column, first->bonds.value};
    next.input.memory = first->memory;
    if (run(ops, &next, &second, &finding) && paid_rao(second) > state->input.emission_rao)
        found(&finding, "memory: the second epoch pays too much");
    mechanism_output_free(first);
    mechanism_output_free(second);
    return finding;
}
