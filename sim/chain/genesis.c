#include "chain/genesis.h"
#include "chain/state.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 256, FIELDS = 3 };

/* ----------------------------------------------------------------------------------------- lines
 */

/* A CSV file with three fields a line. */
struct table_file {
    FILE *file;
    const char *path;
    unsigned line;
    char text[LINE_BYTES];
    char *fields[FIELDS];
};

static enum sim_status open_table(struct table_file *table, const char *path, const char *header,
                                  struct sim_error *err)
{
    *table = (struct table_file){.file = fopen(path, "r"), .path = path, .line = 1};
    if (table->file == NULL)
        return SIM_FAIL(err, SIM_IO, "genesis: cannot read '%s': %s", path, strerror(errno));
    if (fgets(table->text, sizeof table->text, table->file) != NULL &&
        strncmp(table->text, header, strlen(header)) == 0)
        return SIM_OK;
    fclose(table->file);
    return SIM_FAIL(err, SIM_CONFIG, "%s:1: the header is not '%s'", path, header);
}

/* Cuts the next line into its fields; false at the end of the file. */
static bool next_line(struct table_file *table, enum sim_status *status, struct sim_error *err)
{
    *status = SIM_OK;
    if (fgets(table->text, sizeof table->text, table->file) == NULL)
        return false;
    table->line++;
    table->text[strcspn(table->text, "\r\n")] = '\0';
    char *at = table->text;
    for (int i = 0; i < FIELDS && at != NULL; i++) {
        table->fields[i] = at;
        at = strchr(at, ',');
        if (at != NULL)
            *at++ = '\0';
        else if (i < FIELDS - 1)
            *status =
                SIM_FAIL(err, SIM_CONFIG, "%s:%u: not three fields", table->path, table->line);
    }
    return true;
}

static enum sim_status bad(const struct table_file *table, int field, const char *what,
                           struct sim_error *err)
{
    return SIM_FAIL(err, SIM_CONFIG, "%s:%u: '%s' is not %s", table->path, table->line,
                    table->fields[field], what);
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

static enum sim_status read_neuron(struct table_file *file, struct genesis_table *table,
                                   struct sim_error *err)
{
    struct genesis_neuron neuron = {0};
    uint32_t uid;
    if (!whole_number(file->fields[0], &uid) || uid != table->neuron_count)
        return bad(file, 0, "the next uid", err);
    if (file->fields[1][0] == '\0' || strlen(file->fields[1]) >= sizeof neuron.hotkey)
        return bad(file, 1, "an address", err);
    snprintf(neuron.hotkey, sizeof neuron.hotkey, "%s", file->fields[1]);
    if (!rao_of(file->fields[2], &neuron.stake_rao))
        return bad(file, 2, "an amount of TAO", err);
    for (uint32_t i = 0; i < table->neuron_count; i++)
        if (strcmp(table->neurons[i].hotkey, neuron.hotkey) == 0)
            return bad(file, 1, "a new hotkey", err);
    if (!grow((void **)&table->neurons, table->neuron_count, sizeof neuron))
        return SIM_FAIL(err, SIM_MEMORY, "genesis: out of memory");
    table->neurons[table->neuron_count++] = neuron;
    return SIM_OK;
}

static enum sim_status read_entry(struct table_file *file, struct genesis_table *table,
                                  struct sim_error *err)
{
    struct genesis_entry entry;
    for (int i = 0; i < 2; i++) {
        uint32_t *uid = i == 0 ? &entry.uid : &entry.target;
        if (!whole_number(file->fields[i], uid) || *uid >= table->neuron_count)
            return bad(file, i, "a uid of the table", err);
    }
    char *end;
    entry.weight = strtod(file->fields[2], &end);
    if (end == file->fields[2] || *end != '\0' || !(entry.weight >= 0) || isinf(entry.weight))
        return bad(file, 2, "a weight", err);
    if (!grow((void **)&table->entries, table->entry_count, sizeof entry))
        return SIM_FAIL(err, SIM_MEMORY, "genesis: out of memory");
    table->entries[table->entry_count++] = entry;
    return SIM_OK;
}

typedef enum sim_status (*read_line_f)(struct table_file *file, struct genesis_table *table,
                                       struct sim_error *err);

static enum sim_status read_lines(const char *path, const char *header, read_line_f read_line,
                                  struct genesis_table *table, struct sim_error *err)
{
    struct table_file file;
    enum sim_status status = open_table(&file, path, header, err);
    if (status != SIM_OK)
        return status;
    while (status == SIM_OK && next_line(&file, &status, err))
        if (status == SIM_OK)
            status = read_line(&file, table, err);
    fclose(file.file);
    return status;
}

static int compare_entries(const void *left, const void *right)
{
    const struct genesis_entry *a = left, *b = right;
    if (a->uid != b->uid)
        return a->uid < b->uid ? -1 : 1;
    return a->target < b->target ? -1 : a->target > b->target;
}

static enum sim_status sort_entries(const char *path, struct genesis_table *table,
                                    struct sim_error *err)
{
    if (table->entry_count > 0)
        qsort(table->entries, table->entry_count, sizeof *table->entries, compare_entries);
    for (size_t i = 1; i < table->entry_count; i++)
        if (compare_entries(&table->entries[i - 1], &table->entries[i]) == 0)
            return SIM_FAIL(err, SIM_CONFIG, "%s: uid %u weighs target %u twice", path,
                            table->entries[i].uid, table->entries[i].target);
    return SIM_OK;
}

enum sim_status genesis_read_csv(const char *neurons_path, const char *weights_path,
                                 struct genesis_table *ret_table, struct sim_error *err)
{
    struct genesis_table table = {0};
    enum sim_status status =
        read_lines(neurons_path, "uid,hotkey,stake_tao", read_neuron, &table, err);
    if (status == SIM_OK && weights_path != NULL)
        status = read_lines(weights_path, "uid,target,weight", read_entry, &table, err);
    if (status == SIM_OK && weights_path != NULL)
        status = sort_entries(weights_path, &table, err);
    if (status != SIM_OK) {
        genesis_release(&table);
        return status;
    }
    *ret_table = table;
    return SIM_OK;
}

void genesis_release(struct genesis_table *table)
{
    free(table->neurons);
    free(table->entries);
    *table = (struct genesis_table){0};
}

/* -------------------------------------------------------------------------------------- applying
 */

static enum sim_status add_neuron(struct chain *chain, uint16_t netuid,
                                  const struct genesis_neuron *row, uint32_t *ret_hotkey,
                                  struct sim_error *err)
{
    char owner[sizeof row->hotkey + 16];
    snprintf(owner, sizeof owner, "owner of %s", row->hotkey);
    struct chain_genesis_neuron neuron = {
        .netuid = netuid, .stake_rao = row->stake_rao, .permit = true};
    uint32_t uid;
    enum sim_status status = chain_add_account(chain, row->hotkey, &neuron.hotkey, err);
    if (status == SIM_OK)
        status = chain_add_account(chain, owner, &neuron.coldkey, err);
    if (status == SIM_OK)
        status = chain_genesis_neuron(chain, &neuron, &uid, err);
    if (status == SIM_OK)
        *ret_hotkey = neuron.hotkey;
    return status;
}

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

enum sim_status genesis_apply(struct chain *chain, uint16_t netuid,
                              const struct genesis_table *table, uint32_t *ret_first_account,
                              struct sim_error *err)
{
    uint32_t first = chain_account_count(chain);
    for (uint32_t i = 0; i < table->neuron_count; i++) {
        uint32_t hotkey;
        enum sim_status status = add_neuron(chain, netuid, &table->neurons[i], &hotkey, err);
        if (status != SIM_OK)
            return status;
    }
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
    if (status == SIM_OK)
        *ret_first_account = first;
    return status;
}

enum sim_status genesis_check(const struct chain *chain, struct sim_error *err)
{
    if (chain->total_issuance_rao > 0)
        return SIM_OK;
    for (uint32_t i = 0; i < chain->net_count; i++) {
        const struct mechanism_ops *mechanism = chain->nets[i].mechanism;
        if (mechanism != NULL && (mechanism->needs & MECHANISM_NEEDS_FACTS))
            return SIM_OK;
    }
    return SIM_FAIL(err, SIM_CONFIG,
                    "genesis: nobody holds a balance or stake, and the mechanism pays only where "
                    "there is stake: nothing would ever be minted; give somebody a premine");
}
