#include "replay/vectors_write.h"

#include "base/param_text.h"

#include <inttypes.h>
#include <string.h>

/* Matrices of more uids than this are not shown. */
enum { MATRIX_UIDS_MAX = 24 };

/* ---- values */

static void put_string(FILE *file, const char *text, size_t length)
{
    fputc('"', file);
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '"' || byte == '\\')
            fprintf(file, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(file, "\\u%04x", byte);
        else
            fputc(byte, file);
    }
    fputc('"', file);
}

static void put_name(FILE *file, const char *name)
{
    put_string(file, name, strlen(name));
    fputs(": ", file);
}

static void put_value(FILE *file, const struct json_value *value)
{
    switch (value->kind) {
    case JSON_NULL:
        fputs("null", file);
        return;
    case JSON_BOOL:
        fputs(value->truth ? "true" : "false", file);
        return;
    case JSON_NUMBER:
        fwrite(value->text, 1, value->length, file);
        return;
    case JSON_STRING:
        put_string(file, value->text, value->length);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    fputc(value->kind == JSON_ARRAY ? '[' : '{', file);
    for (size_t i = 0; i < value->count; i++) {
        fputs(i > 0 ? ", " : "", file);
        if (value->kind == JSON_OBJECT)
            put_name(file, value->items[i].name);
        put_value(file, &value->items[i]);
    }
    fputc(value->kind == JSON_ARRAY ? ']' : '}', file);
}

static void put_i128(FILE *file, fixed_i128 value)
{
    char digits[48];
    size_t at = sizeof(digits);
    fixed_u128 magnitude = value < 0 ? -(fixed_u128)value : (fixed_u128)value;
    digits[--at] = '\0';
    do {
        digits[--at] = (char)('0' + (int)(magnitude % 10));
        magnitude /= 10;
    } while (magnitude > 0);
    fprintf(file, "%s%s", value < 0 ? "-" : "", digits + at);
}

/* ---- members of one object, a line each */

static void start_member(FILE *file, bool *first, const char *indent, const char *name)
{
    fprintf(file, "%s\n%s", *first ? "" : ",", indent);
    *first = false;
    put_name(file, name);
}

static void put_numbers(FILE *file, const uint64_t *numbers, uint32_t n)
{
    fputc('[', file);
    for (uint32_t i = 0; i < n; i++)
        fprintf(file, "%s%" PRIu64, i > 0 ? ", " : "", numbers[i]);
    fputc(']', file);
}

static void put_flags(FILE *file, const uint8_t *flags, uint32_t n)
{
    fputc('[', file);
    for (uint32_t i = 0; i < n; i++)
        fprintf(file, "%s%d", i > 0 ? ", " : "", flags[i] != 0);
    fputc(']', file);
}

static bool is_result(const char *name)
{
    return strcmp(name, "sparse") == 0 || strcmp(name, "dense") == 0 || strcmp(name, "out") == 0;
}

/* ---- what a file said */

void vectors_write_root(FILE *file, const struct json_value *root)
{
    bool first = true;
    fputc('{', file);
    for (size_t i = 0; i < json_count(root); i++) {
        const struct json_value *member = json_item(root, i);
        if (strcmp(member->name, "steps") == 0)
            continue;
        start_member(file, &first, "  ", member->name);
        put_value(file, member);
    }
    start_member(file, &first, "  ", "steps");
    fputc('[', file);
}

void vectors_write_step(FILE *file, const struct json_value *step, bool first_step)
{
    bool first = true;
    fprintf(file, "%s\n    {", first_step ? "" : ",");
    for (size_t i = 0; i < json_count(step); i++) {
        const struct json_value *member = json_item(step, i);
        if (is_result(member->name))
            continue;
        start_member(file, &first, "      ", member->name);
        put_value(file, member);
    }
}

void vectors_write_step_end(FILE *file)
{
    fputs("\n    }", file);
}

void vectors_write_end(FILE *file)
{
    fputs("\n  ]\n}\n", file);
}

/* ---- a snapshot */

/* A mechanism's parameters as the chain stores them: fractions as N of 65535, switches as 0 or 1;
 * what the chain has no number for, as text. */
static void put_param(FILE *file, const struct param_key *key, const void *values)
{
    const void *field = (const char *)values + key->offset;
    char text[PARAM_TEXT_BYTES];
    switch (key->kind & PARAM_KIND_MASK) {
    case PARAM_BOOL:
        fprintf(file, "%d", *(const bool *)field);
        return;
    case PARAM_U32:
        fprintf(file, "%" PRIu32, *(const uint32_t *)field);
        return;
    case PARAM_I32:
        fprintf(file, "%" PRId32, *(const int32_t *)field);
        return;
    case PARAM_FRACTION_U16:
        fprintf(file, "%u", *(const uint16_t *)field);
        return;
    case PARAM_U64:
    case PARAM_BLOCKS:
    case PARAM_AMOUNT_RAO:
        fprintf(file, "%" PRIu64, *(const uint64_t *)field);
        return;
    case PARAM_STRING:
        put_string(file, *(const char *const *)field, strlen(*(const char *const *)field));
        return;
    case PARAM_STRING_LIST:
        fputs("null", file);
        return;
    default:
        param_format(key, field, text);
        put_string(file, text, strlen(text));
    }
}

static void put_params(FILE *file, const struct vectors_state *state)
{
    const struct snapshot *s = state->snapshot;
    const struct param_table *table = state->ops->params;
    fprintf(file, "{\"tempo\": %" PRIu64 ", \"activity_cutoff\": %" PRIu64, s->rules.tempo_blocks,
            s->rules.activity_cutoff_blocks);
    fprintf(file, ", \"max_allowed_validators\": %" PRIu32 ", \"stake_threshold\": %" PRIu64,
            s->rules.max_validators, s->rules.stake_threshold_rao);
    if (s->owner_uid != MECHANISM_NO_UID)
        fprintf(file, ", \"owner_uid\": %" PRIu32, s->owner_uid);
    else
        fputs(", \"owner_uid\": null", file);
    for (size_t k = 0; k < table->key_count; k++) {
        fputs(", ", file);
        put_name(file, table->keys[k].name);
        put_param(file, &table->keys[k], state->params);
    }
    fputc('}', file);
}

static void put_rows(FILE *file, const struct snapshot_row *rows, uint32_t n)
{
    bool first = true;
    fputc('{', file);
    for (uint32_t uid = 0; uid < n; uid++) {
        if (rows[uid].count == 0)
            continue;
        fprintf(file, "%s\"%" PRIu32 "\": [", first ? "" : ", ", uid);
        first = false;
        for (size_t k = 0; k < rows[uid].count; k++)
            fprintf(file, "%s%" PRIu32 ", %" PRIu64, k > 0 ? ", " : "", rows[uid].column[k],
                    rows[uid].value[k]);
        fputc(']', file);
    }
    fputc('}', file);
}

static void put_init(FILE *file, const struct snapshot *s)
{
    bool first = true;
    const struct {
        const char *name;
        const uint64_t *numbers;
    } arrays[] = {{"stake", s->stake_rao},
                  {"last_update", s->last_update},
                  {"block_at_registration", s->registered},
                  {"priority", s->priority}};
    fputc('{', file);
    for (size_t k = 0; k < sizeof(arrays) / sizeof(arrays[0]); k++) {
        start_member(file, &first, "    ", arrays[k].name);
        put_numbers(file, arrays[k].numbers, s->n);
    }
    if (s->commit_reveal) {
        start_member(file, &first, "    ", "earliest_commit_block");
        put_numbers(file, s->commit, s->n);
    }
    start_member(file, &first, "    ", "validator_permit");
    put_flags(file, s->permit, s->n);
    start_member(file, &first, "    ", "weights");
    put_rows(file, s->weights, s->n);
    start_member(file, &first, "    ", "bonds");
    put_rows(file, s->bonds, s->n);
    if (s->memory_words > 0) {
        start_member(file, &first, "    ", "memory");
        put_numbers(file, s->memory, s->n * s->memory_words);
    }
    fputs("\n  }", file);
}

static const char *version_of(const char *mechanism)
{
    static const char *const dates[][2] = {{"finney", "finney2023-05"},
                                           {"yuma-v2", "v2.0.11"},
                                           {"yuma2", "head"},
                                           {"yuma3", "head"},
                                           {"yuma3-liquid", "head"}};
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
        if (strcmp(dates[i][0], mechanism) == 0)
            return dates[i][1];
    return mechanism;
}

static void put_only_step(FILE *file, const struct snapshot *s)
{
    bool first = true;
    fputs("\n    {", file);
    start_member(file, &first, "      ", "block");
    fprintf(file, "%" PRIu64, s->block);
    start_member(file, &first, "      ", "last_mechanism_step_block");
    fprintf(file, "%" PRIu64, s->last_step_block);
    start_member(file, &first, "      ", "emission");
    fprintf(file, "%" PRIu64, s->emission_rao);
    start_member(file, &first, "      ", "pruned");
    const char *comma = "";
    fputc('[', file);
    for (uint32_t uid = 0; uid < s->n; uid++)
        if (s->pruned[uid]) {
            fprintf(file, "%s%" PRIu32, comma, uid);
            comma = ", ";
        }
    fputc(']', file);
}

void vectors_write_state(FILE *file, const struct vectors_state *state)
{
    bool first = true;
    const char *mechanism = state->ops->params->name, *version = version_of(mechanism);
    fputc('{', file);
    start_member(file, &first, "  ", "name");
    put_string(file, state->name, strlen(state->name));
    start_member(file, &first, "  ", "version");
    put_string(file, version, strlen(version));
    start_member(file, &first, "  ", "mechanism");
    put_string(file, mechanism, strlen(mechanism));
    start_member(file, &first, "  ", "n");
    fprintf(file, "%" PRIu32, state->snapshot->n);
    start_member(file, &first, "  ", "params");
    put_params(file, state);
    start_member(file, &first, "  ", "init");
    put_init(file, state->snapshot);
    start_member(file, &first, "  ", "steps");
    fputc('[', file);
    put_only_step(file, state->snapshot);
}

/* ---- what an epoch gave */

static void put_bonds(FILE *file, const struct mechanism_bonds_out *bonds, uint32_t n)
{
    fputc('{', file);
    for (uint32_t uid = 0; uid < n; uid++) {
        fprintf(file, "%s\"%" PRIu32 "\": [", uid > 0 ? ", " : "", uid);
        for (uint64_t k = bonds->start[uid]; k < bonds->start[uid + 1]; k++)
            fprintf(file, "%s%" PRIu32 ", %" PRIu64, k > bonds->start[uid] ? ", " : "",
                    bonds->column[k], bonds->value[k]);
        fputc(']', file);
    }
    fputc('}', file);
}

static void put_trace_row(FILE *file, const struct trace_row *row)
{
    fputc('[', file);
    for (uint32_t k = 0; k < row->count; k++) {
        fputs(k > 0 ? ", " : "", file);
        if (row->column != NULL)
            fprintf(file, "[%" PRIu32 ", ", row->column[k]);
        put_i128(file, row->value[k]);
        fputs(row->column != NULL ? "]" : "", file);
    }
    fputc(']', file);
}

static void put_record(FILE *file, const struct trace_record *record, uint32_t n)
{
    if (!record->matrix && record->rows[0].count == 1 && n != 1) {
        put_i128(file, record->rows[0].value[0]);
        return;
    }
    if (!record->matrix) {
        put_trace_row(file, &record->rows[0]);
        return;
    }
    fputc('[', file);
    for (uint32_t r = 0; r < record->row_count; r++) {
        fputs(r > 0 ? ", " : "", file);
        put_trace_row(file, &record->rows[r]);
    }
    fputc(']', file);
}

/* A label that comes again has its number, but in finney's sparse epoch, which repeats it. */
static void put_trace(FILE *file, const char *path, const struct vectors_result *result)
{
    const struct trace *trace = result->trace;
    uint32_t n = result->output->neuron_count;
    bool first = true;
    bool repeats = strcmp(result->ops->params->name, "finney") == 0 && strcmp(path, "sparse") == 0;
    fputc('{', file);
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_record *record = &trace->records[i];
        char label[96];
        if (record->row_count == 0 || (record->matrix && n > MATRIX_UIDS_MAX))
            continue;
        if (record->occurrence > 1 && !repeats)
            snprintf(label, sizeof(label), "%s#%u", record->label, record->occurrence);
        else
            snprintf(label, sizeof(label), "%s", record->label);
        start_member(file, &first, "          ", label);
        put_record(file, record, n);
    }
    fputc('}', file);
}

/* Nakamoto's ledger: stakes behind the epoch, and its totals. */
static void put_ledger(FILE *file, const struct vectors_result *result, bool *first)
{
    const char *indent = "        ";
    uint32_t n = result->output->neuron_count;
    uint64_t paid = 0;
    start_member(file, first, indent, "stake");
    fputc('[', file);
    for (uint32_t uid = 0; uid < n; uid++) {
        paid += result->output->emission_rao[uid];
        fprintf(file, "%s%" PRIu64, uid > 0 ? ", " : "",
                result->stake_rao[uid] + result->output->emission_rao[uid]);
    }
    fputc(']', file);
    start_member(file, first, indent, "total_emission");
    fprintf(file, "%" PRIu64, paid);
    const struct trace_record *bought =
        result->trace == NULL ? NULL : trace_find(result->trace, "total_bonds_purchased", 0);
    if (bought == NULL)
        return;
    start_member(file, first, indent, "total_bonds_purchased");
    put_i128(file, bought->rows[0].value[0]);
}

/* Declared fields only: the others are zero. */
static void put_fields(FILE *file, const struct vectors_result *result, bool *first)
{
    const struct mechanism_output *output = result->output;
    const struct {
        const char *name;
        uint32_t field; /* 0: always */
        const uint64_t *numbers;
        const uint8_t *flags;
    } members[] = {
        {"active", MECHANISM_ACTIVE, NULL, output->active},
        {"stake_weight", MECHANISM_STAKE_WEIGHT, output->stake_weight, NULL},
        {"rank", MECHANISM_RANK, output->rank, NULL},
        {"trust", MECHANISM_TRUST, output->trust, NULL},
        {"consensus", MECHANISM_CONSENSUS, output->consensus, NULL},
        {"incentive", MECHANISM_INCENTIVE, output->incentive, NULL},
        {"dividends", MECHANISM_DIVIDENDS, output->dividends, NULL},
        {"validator_trust", MECHANISM_VALIDATOR_TRUST, output->validator_trust, NULL},
        {"pruning_score", MECHANISM_PRUNING_SCORE, output->pruning_score, NULL},
        {"validator_permit", MECHANISM_PERMIT, NULL, output->permit},
        {"emission", 0, output->emission_rao, NULL},
        {"server_emission", MECHANISM_SERVER_EMISSION, output->server_emission_rao, NULL},
        {"validator_emission", MECHANISM_VALIDATOR_EMISSION, output->validator_emission_rao, NULL},
        {"priority", MECHANISM_PRIORITY, output->priority, NULL},
    };
    for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++) {
        if (members[k].field != 0 && (result->ops->fields & members[k].field) == 0)
            continue;
        start_member(file, first, "        ", members[k].name);
        if (members[k].flags != NULL)
            put_flags(file, members[k].flags, output->neuron_count);
        else
            put_numbers(file, members[k].numbers, output->neuron_count);
    }
}

static void put_changes(FILE *file, const int64_t *change, uint32_t n)
{
    fputc('[', file);
    for (uint32_t i = 0; i < n; i++)
        fprintf(file, "%s%" PRId64, i > 0 ? ", " : "", change[i]);
    fputc(']', file);
}

void vectors_write_output(FILE *file, const char *member, const struct vectors_result *result)
{
    const struct mechanism_output *output = result->output;
    bool outer = false, first = true;
    start_member(file, &outer, "      ", member);
    fputc('{', file);
    put_fields(file, result, &first);
    if (result->ops->fields & MECHANISM_STAKE_CHANGE) {
        start_member(file, &first, "        ", "stake_change");
        put_changes(file, output->stake_change_rao, output->neuron_count);
    }
    if (result->stake_rao != NULL)
        put_ledger(file, result, &first);
    if (!result->without_bonds) {
        start_member(file, &first, "        ", "bonds");
        put_bonds(file, &output->bonds, output->neuron_count);
    }
    if (result->trace != NULL && result->stake_rao == NULL) {
        start_member(file, &first, "        ", "fx");
        put_trace(file, member, result);
    }
    fputc('}', file);
}
