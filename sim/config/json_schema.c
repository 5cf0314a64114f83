/*
 * The schema for editors: JSON Schema, draft 7, as yaml-language-server reads it.
 *
 * What it cannot say is left to `taosim check`: bounds of values with units, conditions, and keys
 * that are missing where a `base` may have them.
 */
#include "base/param_text.h"
#include "config/inherit.h"
#include "config/resolve.h"
#include "config/text.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER "-?[0-9]+(\\\\.[0-9]+)?([eE][-+]?[0-9]+)?"
#define GROUP_NAME "[A-Za-z][A-Za-z0-9_-]*"

/* Where one is in the tree of sections, for names of definitions and paths of sets. */
struct path {
    const struct path *parent;
    const struct config_section *section;
};

static void add_string(struct text *text, const char *string)
{
    text_add(text, "\"");
    for (const char *at = string; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            text_add(text, "\\%c", *at);
        else if ((unsigned char)*at < ' ')
            text_add(text, "\\u%04x", (unsigned)*at);
        else
            text_add(text, "%c", *at);
    }
    text_add(text, "\"");
}

/* Is it a section of the top level once more, in groups that inherit? */
static bool is_repeated(const struct path *path)
{
    const struct path *top = path;
    while (top->parent != NULL)
        top = top->parent;
    return path->parent != NULL && path->parent->section->inherits &&
           inherit_moves(top->section, path->section);
}

/* "agents.strategy" */
static void add_path(struct text *text, const struct path *path)
{
    if (path->parent == NULL)
        return;
    if (is_repeated(path)) { /* the definitions are the top level's */
        text_add(text, "%s", path->section->key);
        return;
    }
    add_path(text, path->parent);
    text_add(text, "%s%s", path->parent->parent != NULL ? "." : "", path->section->key);
}

/* ---- Values --------------------------------------------------------------------------------- */

static bool is_bare_number(unsigned kind)
{
    return kind == PARAM_U32 || kind == PARAM_U64 || kind == PARAM_I32 || kind == PARAM_REAL;
}

/* "ns|us|ms" from "ns us ms". */
static void add_unit_pattern(struct text *text, unsigned kind)
{
    text_add(text, "\"type\": \"string\", \"pattern\": \"^%s *(", NUMBER);
    for (const char *at = param_unit_names(kind); *at != '\0'; at++)
        text_add(text, "%c", *at == ' ' ? '|' : *at);
    text_add(text, "%s)$\"", kind == PARAM_BLOCKS ? "|block" : "");
}

static void add_bounds(struct text *text, const struct param_key *key)
{
    bool is_unsigned =
        (key->kind & PARAM_KIND_MASK) == PARAM_U32 || (key->kind & PARAM_KIND_MASK) == PARAM_U64;
    if (key->min != NULL || is_unsigned)
        text_add(text, ", \"minimum\": %s", key->min != NULL ? key->min : "0");
    if (key->max != NULL)
        text_add(text, ", \"maximum\": %s", key->max);
}

/* The members that describe a plain value, without braces. */
static void add_plain(struct text *text, const struct param_key *key)
{
    unsigned kind = key->kind & PARAM_KIND_MASK;
    switch (kind) {
    case PARAM_BOOL:
        text_add(text, "\"type\": \"boolean\"");
        break;
    case PARAM_ENUM:
        text_add(text, "\"enum\": [");
        for (size_t i = 0; key->choices[i] != NULL; i++) {
            text_add(text, "%s", i > 0 ? ", " : "");
            add_string(text, key->choices[i]);
        }
        text_add(text, "]");
        break;
    case PARAM_STRING:
        text_add(text, "\"type\": \"string\"");
        break;
    case PARAM_STRING_LIST:
        text_add(text, "\"anyOf\": [{\"type\": \"array\", \"items\": {\"type\": \"string\"}}, "
                       "{\"type\": \"object\", \"properties\": {\"file\": {\"type\": "
                       "\"string\"}}, \"required\": [\"file\"], "
                       "\"additionalProperties\": false}]");
        break;
    case PARAM_FRACTION_U16:
        text_add(text, "\"anyOf\": [{\"type\": \"number\", \"minimum\": 0, \"maximum\": 1}, "
                       "{\"type\": \"string\", \"pattern\": \"^[0-9]+/65535$\"}]");
        break;
    default:
        if (is_bare_number(kind)) {
            text_add(text, "\"type\": \"%s\"", kind == PARAM_REAL ? "number" : "integer");
            add_bounds(text, key);
        } else {
            add_unit_pattern(text, kind);
        }
    }
}

/* {"first": X, "second": N} with both required. */
static void add_shape(struct text *text, const char *shape, const char *plain, const char *first,
                      const char *second, const char *second_schema)
{
    text_add(text,
             ", {\"type\": \"object\", \"properties\": {\"%s\": {\"type\": \"object\", "
             "\"properties\": {\"%s\": {%s}",
             shape, first, plain);
    if (second != NULL)
        text_add(text, ", \"%s\": {%s}", second, second_schema);
    text_add(text, "}, \"required\": [\"%s\"%s%s%s], \"additionalProperties\": false}}, ", first,
             second != NULL ? ", \"" : "", second != NULL ? second : "",
             second != NULL ? "\"" : "");
    text_add(text, "\"required\": [\"%s\"], \"additionalProperties\": false}", shape);
}

static void add_dist(struct text *text, const struct param_key *key)
{
    static const char bare[] = "\"type\": \"number\"";
    struct text one = {0};
    add_plain(&one, key);
    char *value = text_take(&one);
    text->failed |= value == NULL;
    if (value == NULL)
        return;
    const char *location = is_bare_number(key->kind & PARAM_KIND_MASK) ? bare : value;
    text_add(text, "\"anyOf\": [{%s}", value);
    text_add(text,
             ", {\"type\": \"object\", \"properties\": {\"uniform\": {\"type\": \"array\", "
             "\"items\": {%s}, \"minItems\": 2, \"maxItems\": 2}}, \"required\": [\"uniform\"], "
             "\"additionalProperties\": false}",
             value);
    add_shape(text, "normal", location, "mean", "sd", location);
    add_shape(text, "lognormal", location, "median", "sigma", bare);
    add_shape(text, "exponential", location, "mean", NULL, NULL);
    add_shape(text, "pareto", location, "minimum", "exponent", bare);
    text_add(text,
             ", {\"type\": \"object\", \"properties\": {\"choice\": {\"type\": \"array\", "
             "\"items\": {%s}, \"minItems\": 1}, \"weights\": {\"type\": \"array\", \"items\": "
             "{\"type\": \"number\", \"minimum\": 0}}}, \"required\": [\"choice\"], "
             "\"additionalProperties\": false}",
             value);
    text_add(text, ", {\"type\": \"object\", \"properties\": {\"file\": {\"type\": \"string\"}, "
                   "\"column\": {\"type\": \"string\"}, \"unit\": {\"type\": \"string\"}}, "
                   "\"required\": [\"file\", \"column\"], \"additionalProperties\": false}]");
    free(value);
}

static void add_description(struct text *text, const struct param_table *table,
                            const struct param_key *key)
{
    struct text line = {0};
    const char *when = resolve_when(table, key->name);
    text_add(&line, "%s", key->doc);
    if (key->min != NULL || key->max != NULL)
        text_add(&line, "\n\nRange: %s to %s.", key->min != NULL ? key->min : "any",
                 key->max != NULL ? key->max : "any");
    if (key->fallback != NULL && *key->fallback != '\0')
        text_add(&line, "\n\nDefault: %s.", key->fallback);
    if (when != NULL)
        text_add(&line, "\n\nCounts only when %s.", when);
    char *description = text_take(&line);
    text->failed |= description == NULL;
    if (description != NULL) {
        text_add(text, "\"description\": ");
        add_string(text, description);
    }
    free(description);
}

static void add_key(struct text *text, const struct param_table *table, const struct param_key *key)
{
    text_add(text, "{");
    add_description(text, table, key);
    text_add(text, ", ");
    if ((key->kind & PARAM_DIST_FLAG) != 0)
        add_dist(text, key);
    else
        add_plain(text, key);
    text_add(text, "}");
}

/* ---- Definitions: one for each key of each table -------------------------------------------- */

static void add_key_name(struct text *text, const struct path *path,
                         const struct param_table *table, const struct param_key *key)
{
    add_path(text, path);
    text_add(text, "%s%s.%s", path->parent != NULL ? "." : "", table->name, key->name);
}

static void add_definitions(struct text *text, const struct path *path)
{
    if (is_repeated(path))
        return;
    const struct config_section *section = path->section;
    for (size_t t = 0; t < section->table_count; t++) {
        const struct param_table *table = section->tables[t];
        for (size_t i = 0; i < table->key_count; i++) {
            text_add(text, "    \"");
            add_key_name(text, path, table, &table->keys[i]);
            text_add(text, "\": ");
            add_key(text, table, &table->keys[i]);
            text_add(text, ",\n");
        }
    }
    for (size_t i = 0; i < section->section_count; i++)
        add_definitions(text, &(struct path){path, &section->sections[i]});
}

static void add_reference(struct text *text, const struct path *path,
                          const struct param_table *table, const struct param_key *key)
{
    text_add(text, "{\"$ref\": \"#/definitions/");
    add_key_name(text, path, table, key);
    text_add(text, "\"}");
}

/* ---- Sections ------------------------------------------------------------------------------- */

static void add_section(struct text *text, const struct path *path);

/* "key": ..., for a table and what stands beside it; returns how many were added. */
static size_t add_properties(struct text *text, const struct path *path,
                             const struct param_table *table, size_t before)
{
    const struct config_section *section = path->section;
    size_t added = before;
    for (size_t i = 0; table != NULL && i < table->key_count; i++) {
        text_add(text, "%s\"%s\": ", added++ > 0 ? ", " : "", table->keys[i].name);
        add_reference(text, path, table, &table->keys[i]);
    }
    for (size_t i = 0; i < section->section_count; i++) {
        text_add(text, "%s\"%s\": ", added++ > 0 ? ", " : "", section->sections[i].key);
        add_section(text, &(struct path){path, &section->sections[i]});
    }
    return added;
}

static void add_choice(struct text *text, const struct path *path)
{
    const struct config_section *section = path->section;
    const char *selector = resolve_selector(section);
    text_add(text, "\"anyOf\": [{\"enum\": [");
    for (size_t t = 0; t < section->table_count; t++)
        text_add(text, "%s\"%s\"", t > 0 ? ", " : "", section->tables[t]->name);
    text_add(text, "]}, {\"type\": \"string\", \"pattern\": \"/\"}");
    for (size_t t = 0; t < section->table_count; t++) {
        const struct param_table *table = section->tables[t];
        text_add(text, ",\n      {\"type\": \"object\", \"description\": ");
        add_string(text, table->doc);
        text_add(text, ", \"properties\": {\"%s\": {\"const\": \"%s\"}", selector, table->name);
        add_properties(text, path, table, 1);
        text_add(text, "}, \"additionalProperties\": false}");
    }
    text_add(text,
             ",\n      {\"type\": \"object\", \"properties\": {\"%s\": {\"type\": \"string\", "
             "\"pattern\": \"/\"}}, \"required\": [\"%s\"]}]",
             selector, selector);
}

static void add_section(struct text *text, const struct path *path)
{
    const struct config_section *section = path->section;
    const struct param_table *table = section->table_count > 0 ? section->tables[0] : NULL;
    text_add(text, "{\"description\": ");
    add_string(text, section->doc);
    text_add(text, ", ");
    if (section->shape == CONFIG_CHOICE) {
        add_choice(text, path);
    } else {
        bool groups = section->shape == CONFIG_GROUPS;
        text_add(text, "\"type\": \"%s\", ", "object");
        if (groups)
            text_add(text,
                     "\"propertyNames\": {\"pattern\": \"^%s$\"}, \"additionalProperties\": "
                     "{\"type\": [\"object\", \"null\"], ",
                     GROUP_NAME);
        text_add(text, "\"properties\": {");
        add_properties(text, path, table, 0);
        text_add(text, "}, \"additionalProperties\": false%s", groups ? "}" : "");
    }
    text_add(text, "}");
}

/* ---- Paths of `set` ------------------------------------------------------------------------- */

/* "(networks\\.NAME\\.)?" before a section of the root that groups which inherit have too. */
static void add_set_inheritor(struct text *text, const struct config_section *root,
                              const struct config_section *section)
{
    const struct config_section *groups = inherit_section(root);
    const struct config_section *child =
        groups != NULL ? resolve_section(groups->sections, groups->section_count, section->key)
                       : NULL;
    if (child != NULL && inherit_moves(root, child))
        text_add(text, "(%s\\\\.%s\\\\.)?", groups->key, GROUP_NAME);
}

/* "^agents\\.NAME\\.host\\.": patterns, since groups have any name. */
static void add_set_prefix(struct text *text, const struct path *path)
{
    if (path->parent == NULL)
        return;
    add_set_prefix(text, path->parent);
    if (path->parent->parent == NULL)
        add_set_inheritor(text, path->parent->section, path->section);
    text_add(text, "%s\\\\.", path->section->key);
    if (path->section->shape == CONFIG_GROUPS)
        text_add(text, "%s\\\\.", GROUP_NAME);
}

static bool is_first_with(const struct config_section *section, size_t table, const char *key)
{
    for (size_t t = 0; t < table; t++)
        if (resolve_key(section->tables[t], key) != NULL)
            return false;
    return true;
}

/* One pattern a key; with `live` only what may change while running. */
static void add_set_paths(struct text *text, const struct path *path, bool live)
{
    const struct config_section *section = path->section;
    for (size_t t = 0; t < section->table_count; t++) {
        for (size_t i = 0; i < section->tables[t]->key_count; i++) {
            const struct param_key *key = &section->tables[t]->keys[i];
            if (!is_first_with(section, t, key->name) ||
                (live && !section->live && (key->kind & PARAM_LIVE_FLAG) == 0))
                continue;
            text_add(text, "\"^");
            add_set_prefix(text, path);
            text_add(text, "%s$\": {\"anyOf\": [", key->name);
            bool first = true;
            for (size_t u = t; u < section->table_count; u++) {
                const struct param_key *same = resolve_key(section->tables[u], key->name);
                if (same == NULL)
                    continue;
                text_add(text, "%s", first ? "" : ", ");
                add_reference(text, path, section->tables[u], same);
                first = false;
            }
            text_add(text, "]},\n      ");
        }
    }
    for (size_t i = 0; i < section->section_count; i++) {
        const struct path below = {path, &section->sections[i]};
        bool is_choice = below.section->shape == CONFIG_CHOICE;
        bool is_groups = below.section->shape == CONFIG_GROUPS;
        bool may_be_set = is_choice || is_groups || below.section->optional;
        if (is_repeated(&below))
            continue;
        if (may_be_set && (!live || (is_choice && below.section->live))) {
            text_add(text, "\"^");
            add_set_prefix(text, path);
            if (path->parent == NULL)
                add_set_inheritor(text, section, below.section);
            text_add(text, "%s%s%s$\": ", below.section->key, is_groups ? "\\\\." : "",
                     is_groups ? GROUP_NAME : "");
            if (is_choice)
                add_section(text, &below);
            else
                text_add(text, "{\"type\": [\"object\", \"null\"]}");
            text_add(text, ",\n      ");
        }
        add_set_paths(text, &below, live);
    }
}

static void add_set(struct text *text, const struct path *root, bool live)
{
    text_add(text,
             "{\"type\": \"object\", \"minProperties\": 1, \"description\": \"dotted paths and "
             "their new values%s\", \"patternProperties\": {\n      ",
             live ? "" : "; ~ removes a group");
    add_set_paths(text, root, live);
    /* Ends the list; a path never has this form. */
    text_add(text, "\"^-$\": false}, \"additionalProperties\": false}");
}

/* ---- Paths in other files ------------------------------------------------------------------- */

char *config_json_key(const struct param_table *table, const struct param_key *key)
{
    struct text text = {0};
    add_key(&text, table, key);
    return text_take(&text);
}

/* An object whose keys are paths: where its schema goes, and which half of it is being written. */
struct paths {
    struct text *text;
    const char *file, *other;
    bool grouped; /* paths with the name of a group, which are patterns */
    size_t count;
};

static bool is_grouped(const struct path *path)
{
    return path->parent != NULL &&
           (path->section->shape == CONFIG_GROUPS || is_grouped(path->parent));
}

static void add_plain_prefix(struct text *text, const struct path *path)
{
    if (path->parent == NULL)
        return;
    add_plain_prefix(text, path->parent);
    text_add(text, "%s.", path->section->key);
}

/* `"chain.tempo": {"anyOf": [OTHER, {"type": "array", ..., "items": `; `name` "" for the section
 * itself. */
static void begin_path(struct paths *paths, const struct path *path, const char *name)
{
    struct text key = {0};
    text_add(&key, "%s", paths->grouped ? "^" : "");
    if (paths->grouped) {
        add_set_prefix(&key, path);
    } else {
        add_plain_prefix(&key, path);
    }
    char *prefix = text_take(&key);
    paths->text->failed |= prefix == NULL;
    size_t length = prefix != NULL ? strlen(prefix) : 0;
    /* The section itself has no separator at its end. */
    size_t drop = *name == '\0' ? (paths->grouped ? strlen("\\\\.") : 1) : 0;
    text_add(paths->text, "%s\"%.*s%s%s\": {\"anyOf\": [%s, ",
             paths->count++ > 0 ? ",\n      " : "", (int)(length - (length >= drop ? drop : 0)),
             prefix != NULL ? prefix : "", name, paths->grouped ? "$" : "", paths->other);
    text_add(paths->text, "{\"type\": \"array\", \"minItems\": 1, \"items\": ");
    free(prefix);
}

static void end_path(struct paths *paths)
{
    text_add(paths->text, "}]}");
}

/* "/properties/groups/additionalProperties/properties/strategy" */
static void add_pointer(struct text *text, const struct path *path)
{
    if (path->parent == NULL)
        return;
    add_pointer(text, path->parent);
    bool in_choice = path->parent->parent != NULL && path->parent->section->shape == CONFIG_CHOICE;
    text_add(text, "%s/properties/%s%s", in_choice ? "/anyOf/2" : "", path->section->key,
             path->section->shape == CONFIG_GROUPS ? "/additionalProperties" : "");
}

static void add_path_keys(struct paths *paths, const struct path *path)
{
    const struct config_section *section = path->section;
    for (size_t t = 0; t < section->table_count && is_grouped(path) == paths->grouped; t++) {
        for (size_t i = 0; i < section->tables[t]->key_count; i++) {
            const char *name = section->tables[t]->keys[i].name;
            if (!is_first_with(section, t, name))
                continue;
            begin_path(paths, path, name);
            text_add(paths->text, "{\"anyOf\": [");
            for (size_t u = t, used = 0; u < section->table_count; u++) {
                const struct param_key *same = resolve_key(section->tables[u], name);
                if (same == NULL)
                    continue;
                text_add(paths->text, "%s{\"$ref\": \"%s#/definitions/", used++ > 0 ? ", " : "",
                         paths->file);
                add_key_name(paths->text, path, section->tables[u], same);
                text_add(paths->text, "\"}");
            }
            text_add(paths->text, "]}");
            end_path(paths);
        }
    }
}

static void add_path_section(struct paths *paths, const struct path *path)
{
    const struct config_section *section = path->section;
    bool whole = section->shape != CONFIG_PLAIN || section->optional;
    if (!whole || is_grouped(path) != paths->grouped)
        return;
    begin_path(paths, path, "");
    if (section->shape == CONFIG_CHOICE) {
        text_add(paths->text, "{\"$ref\": \"%s#", paths->file);
        add_pointer(paths->text, path);
        text_add(paths->text, "\"}");
    } else {
        text_add(paths->text, "{\"type\": [\"object\", \"null\"]}");
    }
    end_path(paths);
}

static void add_paths(struct paths *paths, const struct path *path)
{
    add_path_keys(paths, path);
    for (size_t i = 0; i < path->section->section_count; i++) {
        const struct path below = {path, &path->section->sections[i]};
        add_path_section(paths, &below);
        add_paths(paths, &below);
    }
}

char *config_json_paths(const struct config_schema *schema, const char *file, const char *other)
{
    struct text text = {0};
    const struct path root = {NULL, schema->root};
    struct paths plain = {.text = &text, .file = file, .other = other};
    struct paths grouped = {.text = &text, .file = file, .other = other, .grouped = true};
    text_add(&text, "\"properties\": {\n      ");
    add_paths(&plain, &root);
    text_add(&text, "},\n    \"patternProperties\": {\n      ");
    add_paths(&grouped, &root);
    text_add(&text, "}");
    return text_take(&text);
}

/* ---- The whole ------------------------------------------------------------------------------ */

/* What must be there unless a base has it. */
static void add_required(struct text *text, const struct config_section *root)
{
    size_t count = 0;
    text_add(text,
             "  \"if\": {\"not\": {\"required\": [\"base\"]}},\n  \"then\": {\"required\": [");
    for (size_t i = 0; root->table_count > 0 && i < root->tables[0]->key_count; i++)
        if (root->tables[0]->keys[i].fallback == NULL)
            text_add(text, "%s\"%s\"", count++ > 0 ? ", " : "", root->tables[0]->keys[i].name);
    for (size_t i = 0; i < root->section_count; i++) {
        const struct config_section *section = &root->sections[i];
        if (section->shape == CONFIG_CHOICE && section->fallback == NULL && !section->optional)
            text_add(text, "%s\"%s\"", count++ > 0 ? ", " : "", section->key);
    }
    text_add(text, "]},\n");
}

char *config_json_schema(const struct config_schema *schema)
{
    struct text text = {0};
    const struct path root = {NULL, schema->root};
    const struct param_table *table =
        schema->root->table_count > 0 ? schema->root->tables[0] : NULL;
    text_add(&text, "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
                    "  \"title\": \"taosim scenario\",\n  \"type\": \"object\",\n");
    add_required(&text, schema->root);
    text_add(&text, "  \"properties\": {");
    add_properties(&text, &root, table, 0);
    text_add(&text, ",\n    \"base\": {\"type\": \"string\", \"description\": \"another scenario, "
                    "over which this one is laid; relative to this file\"},\n"
                    "    \"twin\": {\"type\": \"object\", \"description\": \"the overrides that "
                    "make the honest baseline\", \"properties\": {\"set\": "
                    "{\"$ref\": \"#/definitions/set\"}}, \"required\": [\"set\"], "
                    "\"additionalProperties\": false},\n"
                    "    \"schedule\": {\"type\": \"array\", \"description\": \"what changes while "
                    "the scenario runs, in the order of time\", \"items\": {\"type\": \"object\", "
                    "\"properties\": {\"at\": {\"type\": \"string\", \"pattern\": "
                    "\"^[0-9]+(\\\\.[0-9]+)?([eE][-+]?[0-9]+)? *(ns|us|ms|s|min|h|d|blocks?)$\"}, "
                    "\"set\": {\"$ref\": \"#/definitions/live\"}}, \"required\": [\"at\", "
                    "\"set\"], \"additionalProperties\": false}}\n  },\n"
                    "  \"patternProperties\": {\"^x-\": {\"description\": \"for anchors; not "
                    "read\"}},\n  \"additionalProperties\": false,\n  \"definitions\": {\n");
    add_definitions(&text, &root);
    text_add(&text, "    \"set\": ");
    add_set(&text, &root, false);
    text_add(&text, ",\n    \"live\": ");
    add_set(&text, &root, true);
    text_add(&text, "\n  }\n}\n");
    return text_take(&text);
}
