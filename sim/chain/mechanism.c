#include "chain/mechanism.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 i128;

/* Of all blocks: a cache line. */
enum { SCRATCH_ALIGN = 64 };

/* -------------------------------------------------------------------------------------- output */

enum { OUTPUT_U64_ARRAYS = 12 };

static uint64_t *next_words(unsigned char **at, size_t count)
{
    uint64_t *words = (uint64_t *)(void *)*at;
    *at += count * sizeof(*words);
    return words;
}

/* Cuts the one block into the arrays of the struct. */
static void cut_block(struct mechanism_output *output, unsigned char *at)
{
    size_t n = output->neuron_count;
    uint64_t **const arrays[OUTPUT_U64_ARRAYS] = {&output->stake_weight,
                                                  &output->rank,
                                                  &output->trust,
                                                  &output->consensus,
                                                  &output->incentive,
                                                  &output->dividends,
                                                  &output->validator_trust,
                                                  &output->pruning_score,
                                                  &output->emission_rao,
                                                  &output->server_emission_rao,
                                                  &output->validator_emission_rao,
                                                  &output->priority};
    for (size_t i = 0; i < OUTPUT_U64_ARRAYS; i++)
        *arrays[i] = next_words(&at, n);
    output->stake_change_rao = (int64_t *)(void *)next_words(&at, n);
    output->memory = output->memory_words == 0 ? NULL : next_words(&at, n * output->memory_words);
    output->bonds.start = next_words(&at, n + 1);
    output->active = at;
    output->permit = at + n;
}

static size_t block_bytes(size_t n, size_t memory_words)
{
    size_t words = (OUTPUT_U64_ARRAYS + 1 + memory_words) * n + n + 1;
    return words * sizeof(uint64_t) + 2 * n;
}

enum sim_status mechanism_output_create(uint32_t neuron_count, uint32_t memory_words,
                                        struct mechanism_output **ret_output, struct sim_error *err)
{
    struct mechanism_output *output = calloc(1, sizeof(*output));
    if (output == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "mechanism output: out of memory");
    output->neuron_count = neuron_count;
    output->memory_words = memory_words;
    output->block = calloc(1, block_bytes(neuron_count, memory_words));
    if (output->block == NULL) {
        mechanism_output_free(output);
        return SIM_FAIL(err, SIM_MEMORY, "mechanism output: out of memory for %" PRIu32 " uids",
                        neuron_count);
    }
    cut_block(output, output->block);
    *ret_output = output;
    return SIM_OK;
}

struct mechanism_output *mechanism_output_free(struct mechanism_output *output)
{
    if (output == NULL)
        return NULL;
    free(output->bonds.column);
    free(output->bonds.value);
    free(output->block);
    free(output);
    return NULL;
}

enum sim_status mechanism_bonds_reserve(struct mechanism_bonds_out *bonds, uint64_t count,
                                        struct sim_error *err)
{
    if (count <= bonds->capacity)
        return SIM_OK;
    free(bonds->column);
    free(bonds->value);
    bonds->capacity = 0;
    /* Whole cache lines, for those that write them so. */
    bool fits = count <= SIZE_MAX / 16;
    size_t columns = fits ? mechanism_scratch_cost(count, sizeof(*bonds->column)) : 0;
    size_t values = fits ? mechanism_scratch_cost(count, sizeof(*bonds->value)) : 0;
    bonds->column = fits ? aligned_alloc(SCRATCH_ALIGN, columns) : NULL;
    bonds->value = fits ? aligned_alloc(SCRATCH_ALIGN, values) : NULL;
    if (bonds->column == NULL || bonds->value == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "bonds: out of memory for %" PRIu64 " entries", count);
    bonds->capacity = count;
    return SIM_OK;
}

/* ------------------------------------------------------------------------------------- scratch */

size_t mechanism_scratch_cost(size_t count, size_t element_bytes)
{
    return (count * element_bytes + SCRATCH_ALIGN - 1) / SCRATCH_ALIGN * SCRATCH_ALIGN;
}

void *mechanism_scratch_take(struct mechanism_scratch *scratch, size_t count, size_t element_bytes)
{
    size_t cost = mechanism_scratch_cost(count, element_bytes);
    SIM_ASSERT(cost <= scratch->size_bytes - scratch->used_bytes);
    void *bytes = scratch->bytes + scratch->used_bytes;
    scratch->used_bytes += cost;
    return bytes;
}

void *mechanism_scratch_zero(struct mechanism_scratch *scratch, size_t count, size_t element_bytes)
{
    void *bytes = mechanism_scratch_take(scratch, count, element_bytes);
    return memset(bytes, 0, count * element_bytes);
}

void mechanism_scratch_release(struct mechanism_scratch *scratch)
{
    free(scratch->bytes);
    *scratch = (struct mechanism_scratch){0};
}

static enum sim_status prepare_scratch(struct mechanism_scratch *scratch, size_t size_bytes,
                                       struct sim_error *err)
{
    scratch->used_bytes = 0;
    size_t size = mechanism_scratch_cost(size_bytes + 1, 1);
    if (size <= scratch->size_bytes)
        return SIM_OK;
    mechanism_scratch_release(scratch);
    scratch->bytes = aligned_alloc(SCRATCH_ALIGN, size);
    if (scratch->bytes == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "mechanism: out of memory for %zu bytes of scratch", size);
    scratch->size_bytes = size;
    return SIM_OK;
}

/* --------------------------------------------------------------------------------------- epoch */

static void set_defaults(const struct mechanism_input *input, struct mechanism_output *output)
{
    size_t n = output->neuron_count;
    memset(output->block, 0, block_bytes(n, output->memory_words));
    memcpy(output->permit, input->permit, n);
    if (input->priority != NULL)
        memcpy(output->priority, input->priority, n * sizeof(*output->priority));
    if (output->memory_words > 0 && input->memory != NULL)
        memcpy(output->memory, input->memory, n * output->memory_words * sizeof(*output->memory));
}

static void check_shapes(const struct mechanism_ops *ops, const struct mechanism_input *input,
                         const struct mechanism_output *output)
{
    SIM_ASSERT(ops->interface_version == MECHANISM_INTERFACE_VERSION);
    SIM_ASSERT(input->neuron_count >= 1);
    SIM_ASSERT(output->neuron_count == input->neuron_count);
    SIM_ASSERT(output->memory_words == ops->memory_words);
}

/* ----------------------------------------------------------------------------------- the outside
 */

void mechanism_needs_text(uint32_t needs, char ret_text[MECHANISM_NEEDS_BYTES])
{
    static const char *const names[] = {"true_value", "benchmark_score", "solve_time", "hashes",
                                        "operations", "clones",          "accomplices"};
    _Static_assert(1 << sizeof(names) / sizeof(names[0]) == MECHANISM_NEEDS_DICE,
                   "a name for each fact");
    size_t length = 0;
    ret_text[0] = '\0';
    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
        if ((needs >> k & 1) == 0)
            continue;
        int added = snprintf(ret_text + length, MECHANISM_NEEDS_BYTES - length, "%s%s",
                             length > 0 ? ", " : "", names[k]);
        length += (size_t)added;
        SIM_ASSERT(length < MECHANISM_NEEDS_BYTES);
    }
}

/* The needs that the block meets. */
static uint32_t needs_met(const struct mechanism_outside *outside)
{
    if (outside == NULL)
        return 0;
    const void *const arrays[] = {
        outside->true_value, outside->benchmark_score, outside->solve_time_ns, outside->hashes,
        outside->operations, outside->clones,          outside->accomplice,    outside->dice};
    uint32_t met = 0;
    for (size_t k = 0; k < sizeof(arrays) / sizeof(arrays[0]); k++)
        met |= arrays[k] != NULL ? (uint32_t)1 << k : 0;
    return met;
}

static enum sim_status check_needs(const struct mechanism_ops *ops,
                                   const struct mechanism_input *input, struct sim_error *err)
{
    uint32_t missing = ops->needs & ~needs_met(input->outside);
    if (missing == 0)
        return SIM_OK;
    char facts[MECHANISM_NEEDS_BYTES];
    mechanism_needs_text(missing, facts);
    return SIM_FAIL(err, SIM_CONFIG,
                    "mechanism %s needs what no chain knows (%s), which only a run can give it",
                    ops->params->name, facts[0] != '\0' ? facts : "dice");
}

enum sim_status mechanism_epoch(const struct mechanism_ops *ops, const void *params,
                                const struct mechanism_input *input,
                                struct mechanism_output *output, struct mechanism_scratch *scratch,
                                const struct mechanism_trace *trace, struct sim_error *err)
{
    check_shapes(ops, input, output);
    enum sim_status status = check_needs(ops, input, err);
    if (status == SIM_OK)
        status = prepare_scratch(scratch, ops->scratch_bytes(params, input, trace != NULL), err);
    if (status != SIM_OK)
        return status;
    set_defaults(input, output);
    status = ops->epoch(params, input, output, scratch, trace, err);
    if (status != SIM_OK)
        return status;
    return mechanism_check_output(ops, input, output, err);
}

/* --------------------------------------------------------------------------------------- check */

static enum sim_status check_fractions(const struct mechanism_ops *ops,
                                       const struct mechanism_output *output, struct sim_error *err)
{
    const struct {
        const char *name;
        const uint64_t *value;
    } fields[] = {{"stake_weight", output->stake_weight},
                  {"rank", output->rank},
                  {"trust", output->trust},
                  {"consensus", output->consensus},
                  {"incentive", output->incentive},
                  {"dividends", output->dividends},
                  {"validator_trust", output->validator_trust},
                  {"pruning_score", output->pruning_score}};
    for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
        for (uint32_t uid = 0; uid < output->neuron_count; uid++)
            if (fields[k].value[uid] > ops->fraction_one)
                return SIM_FAIL(err, SIM_NUMERIC,
                                "mechanism %s: %s of uid %" PRIu32 " is %" PRIu64
                                ", more than one (%" PRIu64 ")",
                                ops->params->name, fields[k].name, uid, fields[k].value[uid],
                                ops->fraction_one);
    return SIM_OK;
}

/* What uid may not do: be given or robbed without leave, or end outside 0..2^64-1. */
static enum sim_status check_stake_change(const struct mechanism_ops *ops,
                                          const struct mechanism_input *input,
                                          const struct mechanism_output *output, uint32_t uid,
                                          struct sim_error *err)
{
    int64_t change = output->stake_change_rao[uid];
    if (change == 0)
        return SIM_OK;
    if ((ops->fields & MECHANISM_STAKE_CHANGE) == 0)
        return SIM_FAIL(err, SIM_NUMERIC,
                        "mechanism %s changes the stake of uid %" PRIu32
                        " but does not declare that it takes",
                        ops->params->name, uid);
    i128 after = (i128)input->stake_rao[uid] + output->emission_rao[uid] + change;
    if (after < 0 || after > (i128)UINT64_MAX)
        return SIM_FAIL(err, SIM_NUMERIC,
                        "mechanism %s: stake change %" PRId64 " of uid %" PRIu32
                        " leaves no valid stake (it has %" PRIu64 " rao)",
                        ops->params->name, change, uid, input->stake_rao[uid]);
    return SIM_OK;
}

static enum sim_status check_amounts(const struct mechanism_ops *ops,
                                     const struct mechanism_input *input,
                                     const struct mechanism_output *output, struct sim_error *err)
{
    i128 paid = 0;
    for (uint32_t uid = 0; uid < output->neuron_count; uid++) {
        enum sim_status status = check_stake_change(ops, input, output, uid, err);
        if (status != SIM_OK)
            return status;
        paid += (i128)output->emission_rao[uid] + output->stake_change_rao[uid];
    }
    if (paid > (i128)input->emission_rao)
        return SIM_FAIL(err, SIM_NUMERIC,
                        "mechanism %s pays %" PRIu64 " rao too much (emission is %" PRIu64 " rao)",
                        ops->params->name, (uint64_t)(paid - (i128)input->emission_rao),
                        input->emission_rao);
    return SIM_OK;
}

static enum sim_status check_bonds(const struct mechanism_ops *ops,
                                   const struct mechanism_output *output, struct sim_error *err)
{
    const struct mechanism_bonds_out *bonds = &output->bonds;
    for (uint32_t uid = 0; uid < output->neuron_count; uid++) {
        bool ordered =
            bonds->start[uid] <= bonds->start[uid + 1] && bonds->start[uid + 1] <= bonds->capacity;
        for (uint64_t k = bonds->start[uid]; ordered && k < bonds->start[uid + 1]; k++)
            ordered = bonds->column[k] < output->neuron_count &&
                      (k == bonds->start[uid] || bonds->column[k - 1] < bonds->column[k]);
        if (!ordered)
            return SIM_FAIL(err, SIM_NUMERIC,
                            "mechanism %s: bonds of uid %" PRIu32 " are not well formed",
                            ops->params->name, uid);
    }
    return SIM_OK;
}

enum sim_status mechanism_check_output(const struct mechanism_ops *ops,
                                       const struct mechanism_input *input,
                                       const struct mechanism_output *output, struct sim_error *err)
{
    enum sim_status status = check_fractions(ops, output, err);
    if (status == SIM_OK)
        status = check_amounts(ops, input, output, err);
    if (status == SIM_OK)
        status = check_bonds(ops, output, err);
    return status;
}

/* ------------------------------------------------------------------------------------- migrate */

static double f64_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

static bool is_u16(enum mechanism_bond_unit unit)
{
    return unit == MECHANISM_BONDS_RELATIVE || unit == MECHANISM_BONDS_ABSOLUTE;
}

/* Whether a is a larger bond than b; no double that is a bond is negative or NaN. */
static bool is_larger(enum mechanism_bond_unit unit, uint64_t a, uint64_t b)
{
    return unit == MECHANISM_BONDS_F64 ? f64_of(a) > f64_of(b) : a > b;
}

/* What a full bond is: 65535, or the largest of the column. */
static void find_full(enum mechanism_bond_unit unit, const struct mechanism_input *input,
                      uint64_t *ret_full)
{
    const struct mechanism_bonds *bonds = &input->bonds;
    uint32_t n = input->neuron_count;
    for (uint32_t j = 0; j < n; j++)
        ret_full[j] = is_u16(unit) ? 65535 : 0;
    for (uint64_t k = 0; !is_u16(unit) && k < bonds->start[n]; k++)
        if (bonds->column[k] < n && is_larger(unit, bonds->value[k], ret_full[bonds->column[k]]))
            ret_full[bonds->column[k]] = bonds->value[k];
}

/* value / full of the unit `from`, as an amount of which `one` is a full bond; floor. */
static uint64_t translate(enum mechanism_bond_unit from, uint64_t value, uint64_t full,
                          uint64_t one)
{
    if (from != MECHANISM_BONDS_F64)
        return full == 0 ? 0 : (uint64_t)((i128)value * one / full);
    double share = f64_of(full) > 0 ? f64_of(value) / f64_of(full) : 0;
    return share >= 1 ? one : (uint64_t)(share * (double)one);
}

static uint64_t translate_bond(enum mechanism_bond_unit to, enum mechanism_bond_unit from,
                               uint64_t value, uint64_t full, uint64_t emission_rao)
{
    if (to == from)
        return value;
    if (to == MECHANISM_BONDS_F64) {
        double whole = from == MECHANISM_BONDS_F64 ? f64_of(full) : (double)full;
        return bits_of(whole > 0 ? (double)value / whole : 0);
    }
    return translate(from, value, full, is_u16(to) ? 65535 : emission_rao);
}

/* Rows as they were, in the new unit, columns ascending. */
static void translate_rows(const struct mechanism_ops *to, const struct mechanism_ops *from,
                           const struct mechanism_input *input, const uint64_t *full,
                           struct mechanism_bonds_out *out)
{
    const struct mechanism_bonds *old = &input->bonds;
    uint64_t count = 0;
    for (uint32_t i = 0; i < input->neuron_count; i++) {
        for (uint64_t k = old->start[i]; k < old->start[i + 1]; k++) {
            uint32_t j = old->column[k];
            if (j >= input->neuron_count)
                continue;
            uint64_t at = count++;
            for (; at > out->start[i] && out->column[at - 1] > j; at--) {
                out->column[at] = out->column[at - 1];
                out->value[at] = out->value[at - 1];
            }
            out->column[at] = j;
            out->value[at] = translate_bond(to->bond_unit, from->bond_unit, old->value[k], full[j],
                                            input->emission_rao);
        }
        out->start[i + 1] = count;
    }
}

static enum sim_status migrate_bonds(const struct mechanism_ops *to,
                                     const struct mechanism_ops *from,
                                     const struct mechanism_input *input,
                                     struct mechanism_output *output, struct sim_error *err)
{
    uint32_t n = input->neuron_count;
    if (to->bond_unit == MECHANISM_BONDS_NONE || from->bond_unit == MECHANISM_BONDS_NONE)
        return SIM_OK;
    enum sim_status status = mechanism_bonds_reserve(&output->bonds, input->bonds.start[n], err);
    if (status != SIM_OK)
        return status;
    uint64_t *full = malloc(n * sizeof(*full));
    if (full == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "bonds: out of memory for %" PRIu32 " uids", n);
    find_full(from->bond_unit, input, full);
    translate_rows(to, from, input, full, &output->bonds);
    free(full);
    return SIM_OK;
}

enum sim_status mechanism_migrate(const struct mechanism_ops *to, const void *params,
                                  const struct mechanism_ops *from,
                                  const struct mechanism_input *input,
                                  struct mechanism_output *output, struct sim_error *err)
{
    SIM_ASSERT(output->neuron_count == input->neuron_count);
    SIM_ASSERT(output->memory_words == to->memory_words);
    memset(output->block, 0, block_bytes(output->neuron_count, output->memory_words));
    if (to->migrate != NULL)
        return to->migrate(params, from, input, output, err);
    if (to == from && to->memory_words > 0 && input->memory != NULL)
        memcpy(output->memory, input->memory,
               (size_t)to->memory_words * input->neuron_count * sizeof(*output->memory));
    return migrate_bonds(to, from, input, output, err);
}
