#include "replay/vectors.h"

#include "base/param_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- kinds and numbers */

/* A member that may be absent, but not of another kind. */
static enum sim_status check_kind(const struct json_value *object, const char *name,
                                  enum json_kind kind, struct sim_error *err)
{
    const struct json_value *value = json_get(object, name);
    if (value == NULL || value->kind == kind)
        return SIM_OK;
    return SIM_FAIL(err, SIM_CONFIG, "%u:%u: '%s' must be an %s", value->line, value->column, name,
                    kind == JSON_ARRAY ? "array" : "object");
}

static enum sim_status check_kinds(const struct json_value *object, enum json_kind kind,
                                   const char *const *names, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (size_t i = 0; names[i] != NULL && status == SIM_OK; i++)
        status = check_kind(object, names[i], kind, err);
    return status;
}

static enum sim_status read_u64(const struct json_value *value, uint64_t max, const char *what,
                                uint64_t *ret_number, struct sim_error *err)
{
    enum sim_status status = json_u64(value, ret_number, err);
    if (status != SIM_OK)
        return sim_error_context(err, "%s", what);
    if (*ret_number > max)
        return SIM_FAIL(err, SIM_CONFIG, "%u:%u: %s: %" PRIu64 " is more than %" PRIu64,
                        value->line, value->column, what, *ret_number, max);
    return SIM_OK;
}

/* A slip in a name must not read as a state of zeros. */
static enum sim_status check_names(const struct json_value *object, const char *what,
                                   const char *const *names, struct sim_error *err)
{
    for (size_t i = 0; i < json_count(object); i++) {
        const struct json_value *value = json_item(object, i);
        size_t k = 0;
        while (names[k] != NULL && strcmp(names[k], value->name) != 0)
            k++;
        if (names[k] == NULL)
            return SIM_FAIL(err, SIM_CONFIG, "%u:%u: %s has no '%s'", value->line, value->column,
                            what, value->name);
    }
    return SIM_OK;
}

/* A member that must be there. */
static enum sim_status read_member(const struct json_value *object, const char *name, uint64_t max,
                                   uint64_t *ret_number, struct sim_error *err)
{
    const struct json_value *value = json_get(object, name);
    if (value == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "%u:%u: '%s' is missing", object->line, object->column,
                        name);
    return read_u64(value, max, name, ret_number, err);
}

/* A member that may be absent. */
static enum sim_status read_or(const struct json_value *object, const char *name, uint64_t fallback,
                               uint64_t max, uint64_t *ret_number, struct sim_error *err)
{
    const struct json_value *value = json_get(object, name);
    *ret_number = fallback;
    if (value == NULL || value->kind == JSON_NULL)
        return SIM_OK;
    return read_u64(value, max, name, ret_number, err);
}

/* An array of the object, as long as there are uids; absent: all zero. */
static enum sim_status read_numbers(const struct json_value *object, const char *name, uint32_t n,
                                    uint64_t max, uint64_t *ret_numbers, struct sim_error *err)
{
    const struct json_value *values = json_get(object, name);
    if (values == NULL)
        return SIM_OK;
    if (values->kind != JSON_ARRAY || values->count != n)
        return SIM_FAIL(err, SIM_CONFIG, "%u:%u: '%s' needs %" PRIu32 " numbers", values->line,
                        values->column, name, n);
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < n && status == SIM_OK; i++)
        status = read_u64(json_item(values, i), max, name, &ret_numbers[i], err);
    return status;
}

/* ---- rows */

/* [column, value, column, value, ...] */
static enum sim_status read_row(const struct json_value *pairs, uint64_t max,
                                struct snapshot_row *row, struct sim_error *err)
{
    size_t count = json_count(pairs);
    if (pairs->kind != JSON_ARRAY || count % 2 != 0)
        return SIM_FAIL(err, SIM_CONFIG, "%u:%u: a row is [column, value, column, value, ...]",
                        pairs->line, pairs->column);
    enum sim_status status = snapshot_row_resize(row, count / 2, err);
    for (size_t k = 0; k < count / 2 && status == SIM_OK; k++) {
        uint64_t column;
        status = read_u64(json_item(pairs, 2 * k), UINT32_MAX, "column", &column, err);
        if (status != SIM_OK)
            break;
        row->column[k] = (uint32_t)column;
        status = read_u64(json_item(pairs, 2 * k + 1), max, "value", &row->value[k], err);
    }
    return status;
}

/* The uid that names a row: {"7": [...]}. */
static enum sim_status row_uid(const struct json_value *row, uint32_t n, uint32_t *ret_uid,
                               struct sim_error *err)
{
    size_t digits = strspn(row->name, "0123456789");
    unsigned long uid = strtoul(row->name, NULL, 10);
    if (row->name[digits] != '\0' || digits == 0 || uid >= n)
        return SIM_FAIL(err, SIM_CONFIG, "%u:%u: row '%s', but there are %" PRIu32 " uids",
                        row->line, row->column, row->name, n);
    *ret_uid = (uint32_t)uid;
    return SIM_OK;
}

/* `seen` is all zero, before and after: a mechanism may count on a column to come once. */
static enum sim_status check_columns(const struct json_value *place, const struct snapshot_row *row,
                                     uint32_t n, uint8_t *seen, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (size_t k = 0; k < row->count; k++) {
        uint32_t column = row->column[k];
        if (column < n && seen[column]++ == 1)
            status = SIM_FAIL(err, SIM_CONFIG, "%u:%u: column %" PRIu32 " stands twice in row '%s'",
                              place->line, place->column, column, place->name);
    }
    for (size_t k = 0; k < row->count; k++)
        if (row->column[k] < n)
            seen[row->column[k]] = 0;
    return status;
}

/* An object, or absent. */
static enum sim_status read_rows(const struct json_value *rows, uint32_t n, uint64_t max,
                                 struct snapshot_row *ret_rows, struct sim_error *err)
{
    uint8_t *seen = calloc(n, 1);
    if (seen == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for the rows of %" PRIu32 " uids", n);
    enum sim_status status = SIM_OK;
    for (size_t i = 0; i < json_count(rows) && status == SIM_OK; i++) {
        const struct json_value *row = json_item(rows, i);
        uint32_t uid = 0;
        status = row_uid(row, n, &uid, err);
        if (status == SIM_OK)
            status = read_row(row, max, &ret_rows[uid], err);
        if (status == SIM_OK)
            status = check_columns(row, &ret_rows[uid], n, seen, err);
    }
    free(seen);
    return status;
}

/* ---- which mechanism */

enum vectors_chain vectors_chain_of(const char *version)
{
    if (strcmp(version, "nakamoto") == 0)
        return VECTORS_NAKAMOTO;
    if (strncmp(version, "finney", 6) == 0)
        return VECTORS_FINNEY;
    return strcmp(version, "v2.0.11") == 0 || strcmp(version, "yuma-v2") == 0 ? VECTORS_V2
                                                                              : VECTORS_HEAD;
}

static bool is_on(const struct json_value *params, const char *name)
{
    const struct json_value *value = json_get(params, name);
    uint64_t number = 0;
    return value != NULL && json_u64(value, &number, NULL) == SIM_OK && number != 0;
}

const char *vectors_mechanism_name(const char *version, const struct json_value *params)
{
    if (strcmp(version, "finney2023-05") == 0)
        return "finney";
    if (strcmp(version, "v2.0.11") == 0)
        return "yuma-v2";
    if (strcmp(version, "head") != 0)
        return version;
    if (!is_on(params, "yuma3"))
        return "yuma2";
    return is_on(params, "liquid_alpha") ? "yuma3-liquid" : "yuma3";
}

/* ---- parameters */

/* What `params` may hold beside a mechanism's keys: the rules that the chain itself acts on, and
 * what the real chain's later code has and an earlier one does not read. */
static const char *const chain_names[] = {"tempo",
                                          "activity_cutoff",
                                          "max_allowed_validators",
                                          "stake_threshold",
                                          "owner_uid",
                                          "kappa",
                                          "rho",
                                          "bonds_penalty",
                                          "alpha_low",
                                          "alpha_high",
                                          "alpha_sigmoid_steepness",
                                          "bonds_moving_average",
                                          "liquid_alpha",
                                          "yuma3",
                                          NULL};

static bool is_chain_name(const char *name)
{
    for (size_t i = 0; chain_names[i] != NULL; i++)
        if (strcmp(chain_names[i], name) == 0)
            return true;
    return false;
}

static const struct param_key *find_key(const struct param_table *table, const char *name)
{
    for (size_t k = 0; k < table->key_count; k++)
        if (strcmp(table->keys[k].name, name) == 0)
            return &table->keys[k];
    return NULL;
}

/* A number as the chain stores it; false for kinds that it has no number for. */
static bool read_raw(const struct param_key *key, const struct json_value *value, void *field)
{
    uint64_t u64;
    int64_t i64;
    double f64;
    switch (key->kind & PARAM_KIND_MASK) {
    case PARAM_BOOL:
        return json_u64(value, &u64, NULL) == SIM_OK && u64 <= 1 &&
               (*(bool *)field = u64 != 0, true);
    case PARAM_U32:
        return json_u64(value, &u64, NULL) == SIM_OK && u64 <= UINT32_MAX &&
               (*(uint32_t *)field = (uint32_t)u64, true);
    case PARAM_FRACTION_U16:
        return json_u64(value, &u64, NULL) == SIM_OK && u64 <= UINT16_MAX &&
               (*(uint16_t *)field = (uint16_t)u64, true);
    case PARAM_I32:
        return json_i64(value, &i64, NULL) == SIM_OK && i64 >= INT32_MIN && i64 <= INT32_MAX &&
               (*(int32_t *)field = (int32_t)i64, true);
    case PARAM_U64:
    case PARAM_BLOCKS:
    case PARAM_AMOUNT_RAO:
        return json_u64(value, field, NULL) == SIM_OK;
    case PARAM_REAL:
        return json_f64(value, &f64, NULL) == SIM_OK && (*(double *)field = f64, true);
    default:
        return false;
    }
}

static enum sim_status read_param(const struct param_key *key, const struct json_value *value,
                                  void *values, struct sim_error *err)
{
    void *field = (char *)values + key->offset;
    char reason[PARAM_REASON_BYTES] = "a number as the chain stores it, or a text, is expected";
    bool good = value->kind == JSON_STRING ? param_parse(key, value->text, field, reason)
                                           : read_raw(key, value, field);
    if (good)
        return SIM_OK;
    return SIM_FAIL(err, SIM_CONFIG, "%u:%u: '%s': %s", value->line, value->column, key->name,
                    reason);
}

enum sim_status vectors_read_params(const struct json_value *params,
                                    const struct param_table *table, void *ret_values,
                                    struct sim_error *err)
{
    if (table->key_count > 0)
        param_defaults(table, ret_values);
    enum sim_status status = SIM_OK;
    if (params != NULL && params->kind != JSON_OBJECT)
        status = SIM_FAIL(err, SIM_CONFIG, "%u:%u: 'params' must be an object", params->line,
                          params->column);
    for (size_t i = 0; i < json_count(params) && status == SIM_OK; i++) {
        const struct json_value *value = json_item(params, i);
        const struct param_key *key = value->name == NULL ? NULL : find_key(table, value->name);
        if (key != NULL)
            status = read_param(key, value, ret_values, err);
        else if (value->name == NULL || !is_chain_name(value->name))
            status = SIM_FAIL(err, SIM_CONFIG, "%u:%u: '%s' is no parameter of %s", value->line,
                              value->column, value->name == NULL ? "" : value->name, table->name);
    }
    return status;
}

static enum sim_status read_rules(struct snapshot *snapshot, const struct json_value *params,
                                  struct sim_error *err)
{
    uint64_t tempo, cutoff, validators, threshold, owner;
    enum sim_status status = read_or(params, "tempo", 0, UINT64_MAX, &tempo, err);
    if (status == SIM_OK)
        status = read_or(params, "activity_cutoff", 5000, UINT64_MAX, &cutoff, err);
    if (status == SIM_OK)
        status =
            read_or(params, "max_allowed_validators", UINT32_MAX, UINT32_MAX, &validators, err);
    if (status == SIM_OK)
        status = read_or(params, "stake_threshold", 0, UINT64_MAX, &threshold, err);
    if (status == SIM_OK)
        status = read_or(params, "owner_uid", MECHANISM_NO_UID, snapshot->n - 1, &owner, err);
    if (status != SIM_OK)
        return status;
    snapshot->rules = (struct mechanism_rules){.tempo_blocks = tempo,
                                               .activity_cutoff_blocks = cutoff,
                                               .max_validators = (uint32_t)validators,
                                               .stake_threshold_rao = threshold};
    snapshot->owner_uid = (uint32_t)owner;
    return SIM_OK;
}

/* ---- the state at the start */

static enum sim_status read_permits(struct snapshot *snapshot, const struct json_value *init,
                                    struct sim_error *err)
{
    uint64_t *permit = calloc((size_t)snapshot->n + 1, sizeof(*permit));
    if (permit == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %u permits", snapshot->n);
    enum sim_status status = read_numbers(init, "validator_permit", snapshot->n, 1, permit, err);
    for (uint32_t uid = 0; uid < snapshot->n; uid++)
        snapshot->permit[uid] = permit[uid] != 0;
    free(permit);
    return status;
}

static uint64_t bond_max(const struct mechanism_ops *ops)
{
    bool is_fraction =
        ops->bond_unit == MECHANISM_BONDS_RELATIVE || ops->bond_unit == MECHANISM_BONDS_ABSOLUTE;
    return is_fraction ? UINT16_MAX : UINT64_MAX;
}

static enum sim_status read_init(struct snapshot *s, const struct json_value *root,
                                 const struct mechanism_ops *ops, struct sim_error *err)
{
    static const char *const objects[] = {"weights", "bonds", NULL};
    static const char *const names[] = {"stake",    "last_update", "block_at_registration",
                                        "priority", "memory",      "earliest_commit_block",
                                        "weights",  "bonds",       "validator_permit",
                                        NULL};
    const struct json_value *init = json_get(root, "init");
    const struct {
        const char *name;
        uint64_t *numbers;
    } arrays[] = {{"stake", s->stake_rao},
                  {"last_update", s->last_update},
                  {"block_at_registration", s->registered},
                  {"priority", s->priority},
                  {"earliest_commit_block", s->commit}};
    if (init == NULL || init->kind != JSON_OBJECT)
        return SIM_FAIL(err, SIM_CONFIG, "%u:%u: 'init' is missing, or no object", root->line,
                        root->column);
    enum sim_status status = check_kind(root, "params", JSON_OBJECT, err);
    if (status == SIM_OK)
        status = check_names(init, "'init'", names, err);
    if (status == SIM_OK)
        status = read_rules(s, json_get(root, "params"), err);
    if (status == SIM_OK)
        status = check_kinds(init, JSON_OBJECT, objects, err);
    for (size_t k = 0; k < sizeof(arrays) / sizeof(arrays[0]) && status == SIM_OK; k++)
        status = read_numbers(init, arrays[k].name, s->n, UINT64_MAX, arrays[k].numbers, err);
    if (status == SIM_OK && s->memory_words > 0)
        status = read_numbers(init, "memory", s->n * s->memory_words, UINT64_MAX, s->memory, err);
    s->commit_reveal = json_get(init, "earliest_commit_block") != NULL;
    if (status == SIM_OK)
        status = read_permits(s, init, err);
    if (status == SIM_OK)
        status = read_rows(json_get(init, "weights"), s->n, s->weight_one, s->weights, err);
    if (status == SIM_OK)
        status = read_rows(json_get(init, "bonds"), s->n, bond_max(ops), s->bonds, err);
    return status;
}

enum sim_status vectors_read_init(const struct json_value *root, const struct mechanism_ops *ops,
                                  struct snapshot **ret_snapshot, struct sim_error *err)
{
    uint64_t n = 0;
    enum sim_status status = read_member(root, "n", 1u << 20, &n, err);
    if (status == SIM_OK && n == 0)
        status = SIM_FAIL(err, SIM_CONFIG, "%u:%u: 'n': there must be a uid",
                          json_get(root, "n")->line, json_get(root, "n")->column);
    struct snapshot *snapshot = NULL;
    if (status == SIM_OK)
        status = snapshot_create((uint32_t)n, ops->memory_words, &snapshot, err);
    if (status == SIM_OK) {
        snapshot->weight_one = ops->weight_one;
        status = read_init(snapshot, root, ops, err);
    }
    if (status == SIM_OK)
        *ret_snapshot = snapshot;
    else
        snapshot_free(snapshot);
    return status;
}

/* ---- transactions */

static void reregister(struct snapshot *s, enum vectors_chain chain, uint32_t uid)
{
    s->registered[uid] = s->block;
    if (chain == VECTORS_FINNEY)
        return;
    s->bonds[uid].count = 0;
    if (chain == VECTORS_V2)
        return;
    s->permit[uid] = 0;
    s->last_update[uid] = s->block;
    s->weights[uid].count = 0;
    for (uint32_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->weights[i].count; k++)
            if (s->weights[i].column[k] == uid)
                s->weights[i].value[k] = 0;
}

/* Nakamoto's: a fresh record that weighs itself. */
static enum sim_status replace(struct snapshot *s, uint32_t uid, struct sim_error *err)
{
    s->stake_rao[uid] = 0;
    s->priority[uid] = 0;
    s->last_update[uid] = s->block;
    s->pruned[uid] = 1;
    s->bonds[uid].count = 0;
    enum sim_status status = snapshot_row_resize(&s->weights[uid], 1, err);
    if (status != SIM_OK)
        return status;
    s->weights[uid].column[0] = uid;
    s->weights[uid].value[0] = UINT32_MAX;
    return SIM_OK;
}

static enum sim_status read_uid(const struct snapshot *s, const struct json_value *value,
                                uint32_t *ret_uid, struct sim_error *err)
{
    uint64_t uid;
    enum sim_status status = read_u64(value, s->n - 1, "uid", &uid, err);
    *ret_uid = status == SIM_OK ? (uint32_t)uid : 0;
    return status;
}

static enum sim_status apply_stakes(struct snapshot *s, const struct json_value *pairs,
                                    struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    if (json_count(pairs) % 2 != 0)
        status = SIM_FAIL(err, SIM_CONFIG, "%u:%u: 'set_stake' is [uid, stake, uid, stake, ...]",
                          pairs->line, pairs->column);
    for (size_t i = 0; i + 1 < json_count(pairs) && status == SIM_OK; i += 2) {
        uint32_t uid = 0;
        status = read_uid(s, json_item(pairs, i), &uid, err);
        if (status == SIM_OK)
            status =
                read_u64(json_item(pairs, i + 1), UINT64_MAX, "stake", &s->stake_rao[uid], err);
    }
    return status;
}

enum slot_change { SLOT_REREGISTER, SLOT_REPLACE, SLOT_MARK, SLOT_TOUCH };

static enum sim_status apply_slots(struct snapshot *s, enum vectors_chain chain,
                                   const struct json_value *uids, enum slot_change change,
                                   struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (size_t i = 0; i < json_count(uids) && status == SIM_OK; i++) {
        uint32_t uid = 0;
        status = read_uid(s, json_item(uids, i), &uid, err);
        if (status != SIM_OK)
            break;
        if (change == SLOT_REREGISTER)
            reregister(s, chain, uid);
        else if (change == SLOT_REPLACE)
            status = replace(s, uid, err);
        else if (change == SLOT_MARK)
            s->pruned[uid] = 1;
        else
            s->last_update[uid] = s->block;
    }
    return status;
}

static enum sim_status apply_weights(struct snapshot *s, const struct json_value *rows,
                                     struct sim_error *err)
{
    enum sim_status status = read_rows(rows, s->n, s->weight_one, s->weights, err);
    for (size_t i = 0; i < json_count(rows) && status == SIM_OK; i++) {
        uint32_t uid = 0;
        status = row_uid(json_item(rows, i), s->n, &uid, err);
        if (status == SIM_OK)
            s->last_update[uid] = s->block;
    }
    return status;
}

static enum sim_status check_step(const struct json_value *step, struct sim_error *err)
{
    static const char *const arrays[] = {"set_stake", "reregister", "replace",
                                         "pruned",    "touch",      NULL};
    static const char *const names[] = {"block",       "last_mechanism_step_block",
                                        "emission",    "set_stake",
                                        "reregister",  "replace",
                                        "pruned",      "touch",
                                        "set_weights", "sparse",
                                        "dense",       "out",
                                        NULL};
    if (step->kind != JSON_OBJECT)
        return SIM_FAIL(err, SIM_CONFIG, "%u:%u: a step must be an object", step->line,
                        step->column);
    enum sim_status status = check_names(step, "a step", names, err);
    if (status == SIM_OK)
        status = check_kinds(step, JSON_ARRAY, arrays, err);
    return status == SIM_OK ? check_kind(step, "set_weights", JSON_OBJECT, err) : status;
}

static enum sim_status read_instant(struct snapshot *s, const struct json_value *step,
                                    struct sim_error *err)
{
    enum sim_status status = read_member(step, "block", UINT64_MAX, &s->block, err);
    if (status == SIM_OK)
        status =
            read_or(step, "last_mechanism_step_block", 0, UINT64_MAX, &s->last_step_block, err);
    if (status == SIM_OK)
        status = read_member(step, "emission", UINT64_MAX, &s->emission_rao, err);
    return status;
}

enum sim_status vectors_apply(struct snapshot *snapshot, enum vectors_chain chain,
                              const struct json_value *step, struct sim_error *err)
{
    enum sim_status status = check_step(step, err);
    if (status == SIM_OK)
        status = read_instant(snapshot, step, err);
    if (status == SIM_OK)
        status = apply_stakes(snapshot, json_get(step, "set_stake"), err);
    if (status == SIM_OK)
        status = apply_slots(snapshot, chain, json_get(step, "reregister"), SLOT_REREGISTER, err);
    memset(snapshot->pruned, 0, snapshot->n);
    if (status == SIM_OK)
        status = apply_slots(snapshot, chain, json_get(step, "replace"), SLOT_REPLACE, err);
    if (status == SIM_OK)
        status = apply_slots(snapshot, chain, json_get(step, "pruned"), SLOT_MARK, err);
    if (status == SIM_OK)
        status = apply_weights(snapshot, json_get(step, "set_weights"), err);
    if (status == SIM_OK)
        status = apply_slots(snapshot, chain, json_get(step, "touch"), SLOT_TOUCH, err);
    return status;
}

enum sim_status vectors_adopt(struct snapshot *snapshot, enum vectors_chain chain,
                              const struct mechanism_output *output, struct sim_error *err)
{
    for (uint32_t uid = 0; chain == VECTORS_NAKAMOTO && uid < snapshot->n; uid++)
        snapshot->stake_rao[uid] += output->emission_rao[uid];
    return snapshot_adopt(snapshot, output, err);
}
