/* Do the tables themselves make sense?  Bugs of ours, or of a plug-in. */
#include "base/param_text.h"
#include "config/resolve.h"

#include <stdio.h>
#include <string.h>

static enum sim_status bad_key(const struct param_table *table, const struct param_key *key,
                               const char *problem, struct sim_error *err)
{
    return SIM_FAIL(err, SIM_CONFIG, "table '%s', key '%s': %s", table->name, key->name, problem);
}

static enum sim_status verify_text(const struct param_table *table, const struct param_key *key,
                                   const char *text, bool bounded, struct sim_error *err)
{
    char reason[PARAM_REASON_BYTES];
    union {
        uint64_t u64;
        double f64;
        const char *text;
    } field;
    if (text == NULL)
        return SIM_OK;
    bool parsed = bounded ? param_parse(key, text, &field, reason)
                          : param_parse_unbounded(key, text, &field, reason);
    return parsed ? SIM_OK : bad_key(table, key, reason, err);
}

static enum sim_status verify_key(const struct param_table *table, const struct param_key *key,
                                  struct sim_error *err)
{
    unsigned kind = key->kind & PARAM_KIND_MASK;
    bool is_text = kind == PARAM_STRING || kind == PARAM_STRING_LIST;
    bool is_word = is_text || kind == PARAM_ENUM || kind == PARAM_BOOL;
    if (key->name == NULL || *key->name == '\0' || strpbrk(key->name, ". :") != NULL)
        return bad_key(table, key, "not a name", err);
    if (kind > PARAM_STRING_LIST)
        return bad_key(table, key, "no such kind", err);
    if (key->doc == NULL || *key->doc == '\0')
        return bad_key(table, key, "has no doc", err);
    if ((kind == PARAM_ENUM) != (key->choices != NULL))
        return bad_key(table, key, "an enum has choices, other kinds have none", err);
    if (is_word && ((key->kind & PARAM_DIST_FLAG) != 0 || key->min != NULL || key->max != NULL))
        return bad_key(table, key, "this kind has neither bounds nor distributions", err);
    if (key->offset + param_field_bytes(key->kind) > table->struct_bytes)
        return bad_key(table, key, "lies outside of its struct", err);
    if (kind == PARAM_STRING_LIST)
        return key->fallback == NULL || *key->fallback == '\0'
                   ? SIM_OK
                   : bad_key(table, key, "a list's default is empty: \"\"", err);
    enum sim_status status = verify_text(table, key, key->min, false, err);
    if (status == SIM_OK)
        status = verify_text(table, key, key->max, false, err);
    return status == SIM_OK ? verify_text(table, key, key->fallback, true, err) : status;
}

/* One word of a condition as a value of the key that it is compared with. */
static bool verify_word(const struct param_key *key, const char *word)
{
    char reason[PARAM_REASON_BYTES], canonical[PARAM_TEXT_BYTES];
    unsigned kind = key->kind & PARAM_KIND_MASK;
    union {
        uint64_t u64;
        double f64;
        const char *text;
    } field;
    if (kind == PARAM_STRING || kind == PARAM_STRING_LIST)
        return true;
    if (!param_parse_unbounded(key, word, &field, reason))
        return false;
    param_format(key, &field, canonical);
    return strcmp(word, canonical) == 0;
}

/* "solver=search|both" for a key of the table; of another path the form alone is looked at. */
static bool verify_term(const struct param_table *table, const char *when)
{
    char left[128], word[128];
    size_t length = strcspn(when, "!=");
    snprintf(left, sizeof(left), "%.*s", (int)length, when);
    const char *at = when + length + (when[length] == '!');
    const struct param_key *key = resolve_key(table, left);
    if (length == 0 || *at != '=')
        return false;
    while (key != NULL && *at != '\0') {
        length = strcspn(++at, "|");
        snprintf(word, sizeof(word), "%.*s", (int)length, at);
        if (!verify_word(key, word))
            return false;
        at += length;
    }
    return true;
}

static bool verify_when(const struct param_table *table, const char *when)
{
    char term[256];
    bool good = *when != '\0', ends;
    for (size_t next; good && *when != '\0'; when += next) {
        size_t length = resolve_term_length(when, &next, &ends);
        snprintf(term, sizeof(term), "%.*s", (int)length, when);
        good = length < sizeof(term) && verify_term(table, term);
    }
    return good;
}

enum sim_status config_table_verify(const struct param_table *table, struct sim_error *err)
{
    if (table->name == NULL || table->doc == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "a table without a name or a doc");
    for (size_t i = 0; i < table->key_count; i++) {
        enum sim_status status = verify_key(table, &table->keys[i], err);
        if (status != SIM_OK)
            return status;
        if (resolve_key(table, table->keys[i].name) != &table->keys[i])
            return bad_key(table, &table->keys[i], "stands twice", err);
    }
    for (size_t i = 0; i < table->condition_count; i++)
        if (resolve_key(table, table->conditions[i].key) == NULL ||
            !verify_when(table, table->conditions[i].when))
            return SIM_FAIL(err, SIM_CONFIG, "table '%s': the condition on '%s' is none: %s",
                            table->name, table->conditions[i].key, table->conditions[i].when);
    return SIM_OK;
}

static enum sim_status verify_section(const struct config_section *section, unsigned depth,
                                      struct sim_error *err)
{
    bool countable = section->shape == CONFIG_PLAIN    ? section->table_count <= 1
                     : section->shape == CONFIG_GROUPS ? section->table_count == 1
                                                       : section->table_count > 0;
    if (!countable || section->key == NULL || section->doc == NULL || depth > 8)
        return SIM_FAIL(err, SIM_CONFIG, "section '%s': wrong number of tables, or no doc",
                        section->key != NULL ? section->key : "");
    bool fallback_known = section->fallback == NULL || section->shape != CONFIG_CHOICE;
    for (size_t i = 0; i < section->table_count; i++) {
        enum sim_status status = config_table_verify(section->tables[i], err);
        if (status != SIM_OK)
            return status;
        fallback_known |=
            section->fallback != NULL && strcmp(section->fallback, section->tables[i]->name) == 0;
        for (size_t k = 0; k < section->section_count; k++)
            if (resolve_key(section->tables[i], section->sections[k].key) != NULL)
                return SIM_FAIL(err, SIM_CONFIG, "section '%s': '%s' is a key and a section",
                                section->key, section->sections[k].key);
        if (section->shape == CONFIG_CHOICE &&
            resolve_key(section->tables[i], resolve_selector(section)) != NULL)
            return SIM_FAIL(err, SIM_CONFIG, "section '%s': '%s' selects and is a key",
                            section->key, resolve_selector(section));
    }
    if (!fallback_known)
        return SIM_FAIL(err, SIM_CONFIG, "section '%s': '%s' is no option of it", section->key,
                        section->fallback);
    for (size_t k = 0; k < section->section_count; k++) {
        enum sim_status status = verify_section(&section->sections[k], depth + 1, err);
        if (status != SIM_OK)
            return status;
    }
    return SIM_OK;
}

enum sim_status config_schema_verify(const struct config_schema *schema, struct sim_error *err)
{
    if (schema->root->shape != CONFIG_PLAIN || *schema->root->key != '\0')
        return SIM_FAIL(err, SIM_CONFIG, "the root is a plain section without a name");
    return verify_section(schema->root, 0, err);
}
