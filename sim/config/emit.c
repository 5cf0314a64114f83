/* The resolved scenario as text, and its hash. */
#include "base/dist.h"
#include "base/param_text.h"
#include "config/resolve.h"
#include "config/text.h"

#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct emitter {
    struct text text;
    const struct config *config;
    bool in_set;   /* within twin or schedule, over another scenario: says also what is absent */
    bool for_hash; /* without what is no part of a run's identity */
};

static void indent(struct emitter *e, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        text_add(&e->text, "  ");
}

/* ---- Values --------------------------------------------------------------------------------- */

/* A number of a distribution in the key's notation. */
static void emit_number(struct text *text, const struct param_key *key, union dist_number number)
{
    char formatted[PARAM_TEXT_BYTES];
    uint32_t u32 = (uint32_t)number.u64;
    uint16_t u16 = (uint16_t)number.u64;
    int32_t i32 = (int32_t)number.i64;
    const void *field = &number;
    switch (key->kind & PARAM_KIND_MASK) {
    case PARAM_U32:
        field = &u32;
        break;
    case PARAM_FRACTION_U16:
        field = &u16;
        break;
    case PARAM_I32:
        field = &i32;
        break;
    default:
        break;
    }
    param_format(key, field, formatted);
    text_add(text, "%s", formatted);
}

static void emit_bare(struct text *text, double value)
{
    static const struct param_key bare = {.name = "number", .kind = PARAM_REAL};
    char formatted[PARAM_TEXT_BYTES];
    param_format(&bare, &value, formatted);
    text_add(text, "%s", formatted);
}

/* A location or spread: a double in the C unit of the key's kind. */
static void emit_location(struct text *text, const struct param_key *key, double value)
{
    unsigned kind = key->kind & PARAM_KIND_MASK;
    union dist_number number = {.f64 = value};
    if (kind == PARAM_U32 || kind == PARAM_U64 || kind == PARAM_I32) {
        emit_bare(text, value);
        return;
    }
    if (dist_type_of(kind) == DIST_U64)
        number.u64 = (uint64_t)value;
    else if (dist_type_of(kind) == DIST_I64)
        number.i64 = (int64_t)value;
    emit_number(text, key, number);
}

static void emit_density(struct text *text, const struct param_key *key, const struct dist *dist,
                         const char *shape, const char *location, const char *spread)
{
    text_add(text, "{%s: {%s: ", shape, location);
    emit_location(text, key, dist->location);
    if (spread != NULL) {
        text_add(text, ", %s: ", spread);
        if (dist->shape == DIST_NORMAL)
            emit_location(text, key, dist->spread);
        else
            emit_bare(text, dist->spread);
    }
    text_add(text, "}}");
}

static void emit_choice(struct text *text, const struct param_key *key, const struct dist *dist)
{
    bool weighted = false;
    text_add(text, "{choice: [");
    for (size_t i = 0; i < dist->count; i++) {
        text_add(text, "%s", i > 0 ? ", " : "");
        emit_number(text, key, dist->values[i]);
        weighted |= dist->weights[i] != 1;
    }
    text_add(text, "]");
    for (size_t i = 0; weighted && i < dist->count; i++) {
        text_add(text, "%s", i > 0 ? ", " : ", weights: [");
        emit_bare(text, dist->weights[i]);
    }
    text_add(text, "%s}", weighted ? "]" : "");
}

static void emit_dist(struct text *text, const struct param_key *key, const struct dist *dist)
{
    switch (dist->shape) {
    case DIST_CONSTANT:
        emit_number(text, key, dist->low);
        break;
    case DIST_UNIFORM:
        text_add(text, "{uniform: [");
        emit_number(text, key, dist->low);
        text_add(text, ", ");
        emit_number(text, key, dist->high);
        text_add(text, "]}");
        break;
    case DIST_NORMAL:
        emit_density(text, key, dist, "normal", "mean", "sd");
        break;
    case DIST_LOGNORMAL:
        emit_density(text, key, dist, "lognormal", "median", "sigma");
        break;
    case DIST_EXPONENTIAL:
        emit_density(text, key, dist, "exponential", "mean", NULL);
        break;
    case DIST_PARETO:
        emit_density(text, key, dist, "pareto", "minimum", "exponent");
        break;
    case DIST_CHOICE:
        emit_choice(text, key, dist);
        break;
    }
}

static void emit_value(struct text *text, const struct param_key *key, const void *values)
{
    const void *field = (const char *)values + key->offset;
    unsigned kind = key->kind & PARAM_KIND_MASK;
    char formatted[PARAM_TEXT_BYTES];
    if ((key->kind & PARAM_DIST_FLAG) != 0) {
        emit_dist(text, key, field);
    } else if (kind == PARAM_STRING) {
        text_add_yaml(text, *(const char *const *)field);
    } else if (kind == PARAM_STRING_LIST) {
        const struct param_strings *list = field;
        text_add(text, "[");
        for (size_t i = 0; i < list->count; i++) {
            text_add(text, "%s", i > 0 ? ", " : "");
            text_add_yaml(text, list->items[i]);
        }
        text_add(text, "]");
    } else {
        param_format(key, field, formatted);
        text_add(text, "%s", formatted);
    }
}

/* ---- Blocks --------------------------------------------------------------------------------- */

static void emit_block(struct emitter *e, const struct config_block *block, unsigned depth);

static bool is_emitted(const struct emitter *e, const struct config_block *block,
                       const struct param_key *key)
{
    if (e->for_hash && (key->kind & PARAM_UNHASHED_FLAG) != 0)
        return false;
    return resolve_key_counts(e->config, block, key);
}

/* Does anything follow the section's key?  An empty block is written `{}`. */
static bool has_content(const struct emitter *e, const struct config_block *block)
{
    if (block->section->shape == CONFIG_CHOICE)
        return true;
    for (size_t i = 0; block->table != NULL && i < block->table->key_count; i++)
        if (is_emitted(e, block, &block->table->keys[i]))
            return true;
    return block->block_count > 0;
}

static void emit_child(struct emitter *e, const struct config_block *parent,
                       const struct config_block *child, unsigned depth)
{
    if (!resolve_block_counts(e->config, parent, child))
        return;
    indent(e, depth);
    text_add(&e->text, "%s:%s\n", child->name, has_content(e, child) ? "" : " {}");
    emit_block(e, child, depth + 1);
}

static void emit_block(struct emitter *e, const struct config_block *block, unsigned depth)
{
    const struct config_section *section = block->section;
    if (section->shape == CONFIG_CHOICE) {
        indent(e, depth);
        text_add(&e->text, "%s: ", resolve_selector(section));
        text_add_yaml(&e->text, block->table->name);
        text_add(&e->text, "\n");
    }
    for (size_t i = 0; block->table != NULL && i < block->table->key_count; i++) {
        const struct param_key *key = &block->table->keys[i];
        if (!is_emitted(e, block, key))
            continue;
        indent(e, depth);
        text_add(&e->text, "%s: ", key->name);
        emit_value(&e->text, key, block->values);
        text_add(&e->text, "\n");
    }
    for (size_t i = 0; i < block->block_count; i++)
        emit_child(e, block, &block->blocks[i], depth);
    for (size_t i = 0; e->in_set && i < section->section_count; i++)
        if (section->sections[i].optional &&
            config_child(block, section->sections[i].key) == NULL) {
            indent(e, depth);
            text_add(&e->text, "%s: ~\n", section->sections[i].key);
        }
}

/* ---- Twin and schedule ---------------------------------------------------------------------- */

/* `path: value` as it stands in `after`.  A choice is written out with all its parameters. */
static void emit_path(struct emitter *e, const struct config *after, const char *path,
                      unsigned depth)
{
    struct emitter inner = {.config = after, .in_set = true, .for_hash = e->for_hash};
    const struct config_block *block = config_at(after, path);
    indent(e, depth);
    if (block != NULL) {
        text_add(&e->text, "%s:%s\n", path, has_content(&inner, block) ? "" : " {}");
        inner.text = e->text;
        emit_block(&inner, block, depth + 1);
        e->text = inner.text;
        return;
    }
    const char *dot = strrchr(path, '.');
    char parent[512];
    snprintf(parent, sizeof(parent), "%.*s", dot != NULL ? (int)(dot - path) : 0, path);
    block = config_at(after, parent);
    const struct param_key *key =
        block != NULL ? resolve_key(block->table, dot != NULL ? dot + 1 : path) : NULL;
    if (key != NULL) {
        text_add(&e->text, "%s: ", path);
        emit_value(&e->text, key, block->values);
    } else {
        /* What was set is gone: a group or an optional section that was removed. */
        text_add(&e->text, "%s: ~", path);
    }
    text_add(&e->text, "\n");
}

static void emit_schedule(struct emitter *e, const struct config *config)
{
    static const struct param_key duration = {.name = "at", .kind = PARAM_DURATION_NS};
    static const struct param_key blocks = {.name = "at", .kind = PARAM_BLOCKS};
    char at[PARAM_TEXT_BYTES];
    if (config->change_count > 0)
        text_add(&e->text, "schedule:\n");
    for (size_t i = 0; i < config->change_count; i++) {
        const struct config_change *change = &config->changes[i];
        if (change->at_ns >= 0)
            param_format(&duration, &change->at_ns, at);
        else
            param_format(&blocks, &change->at_block, at);
        text_add(&e->text, "  - at: %s\n    set:\n", at);
        for (size_t k = 0; k < change->path_count; k++)
            emit_path(e, change->after, change->paths[k], 3);
    }
}

static void emit_twin(struct emitter *e, const struct config *config)
{
    if (config->twin == NULL)
        return;
    text_add(&e->text, "twin:\n  set:\n");
    const struct node *set = config->twin->set;
    for (size_t i = 0; i < set->count; i++)
        emit_path(e, config->twin, set->entries[i].key, 2);
}

static char *emit(const struct config *config, bool for_hash)
{
    struct emitter e = {.config = config, .for_hash = for_hash};
    text_add(&e.text, "%s", "");
    emit_block(&e, &config->root, 0);
    if (!for_hash)
        emit_twin(&e, config);
    emit_schedule(&e, config);
    return text_take(&e.text);
}

/* "NAME, key: value, ..." with the parameters that are not at their defaults. */
static void add_option(struct text *text, const struct config_block *block)
{
    const struct param_table *table = block->table;
    void *defaults = calloc(1, table->struct_bytes + 1);
    text->failed |= defaults == NULL;
    text_add(text, "%s", table->name);
    if (defaults != NULL)
        param_defaults(table, defaults);
    for (size_t i = 0; i < table->key_count && !text->failed; i++) {
        struct text value = {0}, fallback = {0};
        emit_value(&value, &table->keys[i], block->values);
        emit_value(&fallback, &table->keys[i], defaults);
        text->failed |= value.failed || fallback.failed;
        if (!text->failed && strcmp(value.data, fallback.data) != 0)
            text_add(text, ", %s: %s", table->keys[i].name, value.data);
        free(value.data);
        free(fallback.data);
    }
    free(defaults);
}

char *config_text_at(const struct config *config, const char *path)
{
    struct text text = {0};
    const struct config_block *block = config_at(config, path);
    if (block != NULL && block->table != NULL) {
        add_option(&text, block);
        return text_take(&text);
    }
    const char *dot = strrchr(path, '.');
    char parent[512];
    snprintf(parent, sizeof(parent), "%.*s", dot != NULL ? (int)(dot - path) : 0, path);
    block = config_at(config, parent);
    const struct param_key *key = config_key_at(config, path);
    text_add(&text, "%s", key == NULL ? "~" : "");
    if (key != NULL)
        emit_value(&text, key, block->values);
    return text_take(&text);
}

char *config_emit(const struct config *config)
{
    return emit(config, false);
}

enum sim_status config_hash(const struct config *config, const char *version,
                            char ret_hex[CONFIG_HASH_CHARS], struct sim_error *err)
{
    char *text = emit(config, true);
    if (text == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for the scenario's hash");
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&context);
    sha256_update(&context, strlen(version) + 1, (const uint8_t *)version);
    sha256_update(&context, strlen(text), (const uint8_t *)text);
    sha256_digest(&context, sizeof(digest), digest);
    free(text);
    base16_encode_update(ret_hex, sizeof(digest), digest);
    ret_hex[BASE16_ENCODE_LENGTH(sizeof(digest))] = '\0';
    return SIM_OK;
}
