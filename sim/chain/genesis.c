#include "chain/genesis.h"
#include "chain/state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 256, FIELDS_MAX = 4 };

#define AT(field) offsetof(struct genesis_params, field)
static const struct param_key genesis_keys[] = {
    {"neurons", PARAM_STRING_LIST, AT(neurons), NULL, NULL, "", NULL,
     "lines 'uid,hotkey,stake_tao', header first, maybe with a column 'group': who holds the uids "
     "and the stake at the start, instead of the groups' own stakes"},
    {"weights", PARAM_STRING_LIST, AT(weights), NULL, NULL, "", NULL,
     "lines 'uid,target,weight', header first: rows of weights that stand at the start"},
};
#undef AT
const struct param_table genesis_param_table =
    PARAM_TABLE("genesis", struct genesis_params, genesis_keys, "a first state from a table");

/* ----------------------------------------------------------------------------------------- lines
 */

/* A list of lines, cut into fields one after the other. */
struct table_lines {
    const struct param_strings *lines;
    size_t line; /* the current one's index */
    int field_count;
    char text[LINE_BYTES];
    char *fields[FIELDS_MAX];
    uint32_t next_uid, uid_limit;
    struct genesis_place place; /* of the current line, and of the field that is wrong */
    struct genesis_problems *problems;
};

static void note_problem(struct genesis_problems *problems, const struct genesis_place *place,
                         const struct sim_error *err)
{
    if (problems->count < GENESIS_PROBLEMS_MAX) {
        struct genesis_problem *problem = &problems->items[problems->count];
        problem->place = *place;
        snprintf(problem->text, sizeof problem->text, "%.319s", err->text);
    }
    problems->count++;
}

/* Cuts the current line. */
static enum sim_status cut_line(struct table_lines *table, struct sim_error *err)
{
    const char *line = table->lines->items[table->line];
    table->place.line = table->line;
    table->place.column = 0;
    if (strlen(line) >= sizeof table->text)
        return SIM_FAIL(err, SIM_CONFIG, "a line of more than %d characters", LINE_BYTES - 1);
    snprintf(table->text, sizeof table->text, "%s", line);
    char *at = table->text;
    int count = 0;
    while (at != NULL && count < FIELDS_MAX) {
        table->fields[count++] = at;
        at = strchr(at, ',');
        if (at != NULL)
            *at++ = '\0';
    }
    if (count != table->field_count || at != NULL)
        return SIM_FAIL(err, SIM_CONFIG, "not %d fields", table->field_count);
    return SIM_OK;
}

static enum sim_status bad(struct table_lines *table, int field, const char *what,
                           struct sim_error *err)
{
    table->place.column = (unsigned)(table->fields[field] - table->text);
    return SIM_FAIL(err, SIM_CONFIG, "'%s' is not %s", table->fields[field], what);
}

static bool whole_number(const char *text, uint32_t *ret_number)
{
    uint64_t number = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || number > UINT16_MAX)
            return false;
        number = number * 10 + (uint64_t)(*at - '0');
    }
    *ret_number = (uint32_t)number;
    return *text != '\0';
}

/* The digits of a decimal number, without its point: value = mantissa x 10^exponent. */
static bool read_decimal(const char *text, fixed_u128 *ret_mantissa, int *ret_exponent)
{
    fixed_u128 mantissa = 0;
    int digits = 0, decimals = 0, exponent = 0;
    bool point = false;
    const char *at = text;
    for (; (*at >= '0' && *at <= '9') || (*at == '.' && !point); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        mantissa = mantissa * 10 + (unsigned)(*at - '0');
        decimals += point;
        if (++digits > 30)
            return false;
    }
    if (digits > 0 && *at == 'e') {
        char *end;
        long power = strtol(at + 1, &end, 10);
        if (end == at + 1 || power < -100 || power > 100)
            return false;
        exponent = (int)power;
        at = end;
    }
    *ret_mantissa = mantissa;
    *ret_exponent = exponent - decimals;
    return digits > 0 && *at == '\0';
}

/* Decimal TAO to rao from the digits themselves, never through a double. */
static bool rao_of(const char *text, uint64_t *ret_rao)
{
    fixed_u128 rao;
    int exponent;
    if (!read_decimal(text, &rao, &exponent))
        return false;
    for (exponent += 9; exponent < 0; exponent++)
        rao /= 10;
    for (; exponent > 0 && rao <= UINT64_MAX; exponent--)
        rao *= 10;
    *ret_rao = (uint64_t)rao;
    return rao <= UINT64_MAX;
}

/* ------------------------------------------------------------------------------------- reading */

static bool grow(void **items, size_t count, size_t item_bytes)
{
    if (count != 0 && (count & (count - 1)) != 0)
        return true; /* room up to the next power of two */
    void *grown = realloc(*items, (count == 0 ? 1 : 2 * count) * item_bytes);
    if (grown != NULL)
        *items = grown;
    return grown != NULL;
}

static bool copy_name(const char *text, char *name, size_t size)
{
    return *text != '\0' && snprintf(name, size, "%s", text) < (int)size;
}

static enum sim_status read_neuron(struct table_lines *lines, struct genesis_table *table,
                                   struct sim_error *err)
{
    struct genesis_neuron neuron = {0};
    uint32_t uid, expected = lines->next_uid++;
    if (!whole_number(lines->fields[0], &uid))
        return bad(lines, 0, "the next uid", err);
    if (uid != expected) { /* of those that follow, only what is out of order among them */
        lines->next_uid = uid + 1;
        return bad(lines, 0, "the next uid", err);
    }
    if (!copy_name(lines->fields[1], neuron.hotkey, sizeof neuron.hotkey))
        return bad(lines, 1, "an address", err);
    if (!rao_of(lines->fields[2], &neuron.stake_rao))
        return bad(lines, 2, "an amount of TAO", err);
    if (lines->field_count > 3 && !copy_name(lines->fields[3], neuron.group, sizeof neuron.group))
        return bad(lines, 3, "a group", err);
    for (uint32_t i = 0; i < table->neuron_count; i++)
        if (strcmp(table->neurons[i].hotkey, neuron.hotkey) == 0)
            return bad(lines, 1, "a new hotkey", err);
    if (!grow((void **)&table->neurons, table->neuron_count, sizeof neuron))
        return SIM_FAIL(err, SIM_MEMORY, "genesis: out of memory");
    table->neurons[table->neuron_count++] = neuron;
    return SIM_OK;
}

static enum sim_status read_entry(struct table_lines *lines, struct genesis_table *table,
                                  struct sim_error *err)
{
    struct genesis_entry entry = {.line = lines->line};
    for (int i = 0; i < 2; i++) {
        uint32_t *uid = i == 0 ? &entry.uid : &entry.target;
        if (!whole_number(lines->fields[i], uid) || *uid >= lines->uid_limit)
            return bad(lines, i, "a uid of the table", err);
    }
    char *end;
    entry.weight = strtod(lines->fields[2], &end);
    if (end == lines->fields[2] || *end != '\0' || !(entry.weight >= 0) || isinf(entry.weight))
        return bad(lines, 2, "a weight", err);
    if (!grow((void **)&table->entries, table->entry_count, sizeof entry))
        return SIM_FAIL(err, SIM_MEMORY, "genesis: out of memory");
    table->entries[table->entry_count++] = entry;
    if (entry.uid < table->neuron_count)
        table->neurons[entry.uid].weighs |= entry.target != entry.uid && entry.weight > 0;
    return SIM_OK;
}

typedef enum sim_status (*read_line_f)(struct table_lines *lines, struct genesis_table *table,
                                       struct sim_error *err);

/* The header, which may have one column more than it must, then line by line; what is wrong goes
 * to the problems.  SIM_CONFIG only for a header that is none; SIM_MEMORY. */
static enum sim_status read_lines(struct table_lines *lines, const char *header, const char *longer,
                                  read_line_f read_line, struct genesis_table *table,
                                  struct sim_error *err)
{
    const struct param_strings *list = lines->lines;
    bool is_long = longer != NULL && strcmp(list->items[0], longer) == 0;
    struct sim_error wrong = {0};
    lines->place.line = 0;
    if (!is_long && strcmp(list->items[0], header) != 0) {
        enum sim_status none = SIM_FAIL(&wrong, SIM_CONFIG, "the header is not '%s'", header);
        note_problem(lines->problems, &lines->place, &wrong);
        return none;
    }
    lines->field_count = 3 + is_long;
    for (lines->line = 1; lines->line < list->count; lines->line++) {
        enum sim_status status = cut_line(lines, &wrong);
        if (status == SIM_OK)
            status = read_line(lines, table, &wrong);
        else
            lines->next_uid++;
        if (status == SIM_CONFIG)
            note_problem(lines->problems, &lines->place, &wrong);
        else if (status != SIM_OK)
            return SIM_FAIL(err, status, "%s", wrong.text);
    }
    return SIM_OK;
}

static int compare_entries(const void *left, const void *right)
{
    const struct genesis_entry *a = left, *b = right;
    if (a->uid != b->uid)
        return a->uid < b->uid ? -1 : 1;
    if (a->target != b->target)
        return a->target < b->target ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

static void sort_entries(struct genesis_table *table, struct genesis_problems *problems)
{
    if (table->entry_count > 0)
        qsort(table->entries, table->entry_count, sizeof *table->entries, compare_entries);
    for (size_t i = 1; i < table->entry_count; i++) {
        const struct genesis_entry *a = &table->entries[i - 1], *b = &table->entries[i];
        if (a->uid != b->uid || a->target != b->target)
            continue;
        struct genesis_place place = {.in_weights = true, .line = b->line};
        struct sim_error twice = {0};
        (void)SIM_FAIL(&twice, SIM_CONFIG, "uid %u weighs target %u twice", b->uid, b->target);
        note_problem(problems, &place, &twice);
    }
}

enum sim_status genesis_parse(const struct genesis_params *params, struct genesis_table *ret_table,
                              struct genesis_problems *problems, struct sim_error *err)
{
    struct genesis_table table = {0};
    struct table_lines neurons = {.lines = &params->neurons, .problems = problems};
    struct table_lines weights = {
        .lines = &params->weights, .problems = problems, .place = {.in_weights = true}};
    enum sim_status status = SIM_OK;
    if (params->neurons.count > 0)
        status = read_lines(&neurons, "uid,hotkey,stake_tao", "uid,hotkey,stake_tao,group",
                            read_neuron, &table, err);
    /* Of a table that could not be read at all nobody knows the uids. */
    weights.uid_limit = status == SIM_CONFIG ? UINT32_MAX : neurons.next_uid;
    if (status != SIM_MEMORY && params->weights.count > 0)
        status = read_lines(&weights, "uid,target,weight", NULL, read_entry, &table, err);
    if (status != SIM_MEMORY)
        sort_entries(&table, problems);
    if (status != SIM_MEMORY && problems->count == 0) {
        *ret_table = table;
        return SIM_OK;
    }
    genesis_release(&table);
    return status == SIM_MEMORY ? status : SIM_FAIL(err, SIM_CONFIG, "%s", problems->items[0].text);
}

void genesis_release(struct genesis_table *table)
{
    free(table->neurons);
    free(table->entries);
    *table = (struct genesis_table){0};
}

/* -------------------------------------------------------------------------------------- applying
 */

/* One uid's entries, scaled so that the largest is 65535 (the chain then normalises). */
static enum sim_status add_row(struct chain *chain, uint16_t netuid,
                               const struct genesis_entry *entries, uint32_t count,
                               uint32_t *scratch, struct sim_error *err)
{
    double largest = 0;
    for (uint32_t i = 0; i < count; i++)
        largest = entries[i].weight > largest ? entries[i].weight : largest;
    for (uint32_t i = 0; i < count; i++) {
        scratch[i] = entries[i].target;
        scratch[count + i] =
            largest > 0 ? (uint32_t)(entries[i].weight / largest * UINT16_MAX + 0.5) : 0;
    }
    return chain_genesis_weights(chain, netuid, entries[0].uid, count, scratch, scratch + count,
                                 err);
}

enum sim_status genesis_apply_weights(struct chain *chain, uint16_t netuid,
                                      const struct genesis_table *table, struct sim_error *err)
{
    uint32_t *scratch = malloc((2 * (size_t)table->neuron_count + 1) * sizeof *scratch);
    if (scratch == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "genesis: out of memory");
    enum sim_status status = SIM_OK;
    for (size_t at = 0, end; at < table->entry_count && status == SIM_OK; at = end) {
        for (end = at; end < table->entry_count; end++)
            if (table->entries[end].uid != table->entries[at].uid)
                break;
        status = add_row(chain, netuid, &table->entries[at], (uint32_t)(end - at), scratch, err);
    }
    free(scratch);
    return status;
}

bool genesis_needs_stake(const struct mechanism_ops *mechanism)
{
    return (mechanism->needs & MECHANISM_NEEDS_FACTS) == 0;
}

enum sim_status genesis_check(const struct chain *chain, struct sim_error *err)
{
    const struct chain_params *ledger = &chain->nets[0].params;
    bool mints = ledger->block_emission > 0 || ledger->emission_table.count > 0;
    if (chain->total_issuance_rao > 0 || !mints)
        return SIM_OK;
    for (uint32_t i = 0; i < chain->net_count; i++) {
        const struct mechanism_ops *mechanism = chain->nets[i].mechanism;
        if (mechanism != NULL && !genesis_needs_stake(mechanism))
            return SIM_OK;
    }
    return SIM_FAIL(err, SIM_CONFIG,
                    "genesis: nobody holds a balance or stake, and the mechanism pays only where "
                    "there is stake: nothing would ever be minted; give somebody a premine");
}
