#include "config/resolve.h"

#include "base/param_text.h"
#include "config/inherit.h"
#include "config/value.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NAME_CHARS_MAX = 64, PATH_CHARS_MAX = 400, NAMES_MAX = 256 };
/* Of a list of names, and with what stands behind it. */
enum { KNOWN_CHARS_MAX = 400, KNOWN_BYTES = KNOWN_CHARS_MAX + 80 };

/* One check of one tree. */
struct resolver {
    struct loader *loader;
    struct config *config;
};

/* ---- Looking up ----------------------------------------------------------------------------- */

/* Most names differ in their first letter: no call for those. */
bool resolve_same(const char *a, const char *b)
{
    return *a == *b && strcmp(a, b) == 0;
}

const struct config_section *resolve_section(const struct config_section *sections, size_t count,
                                             const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (resolve_same(sections[i].key, key))
            return &sections[i];
    return NULL;
}

const struct param_key *resolve_key(const struct param_table *table, const char *key)
{
    for (size_t i = 0; table != NULL && i < table->key_count; i++)
        if (resolve_same(table->keys[i].name, key))
            return &table->keys[i];
    return NULL;
}

const char *resolve_selector(const struct config_section *section)
{
    return section->selector != NULL ? section->selector : "name";
}

bool resolve_is_own_key(const char *key)
{
    return strcmp(key, "base") == 0 || strcmp(key, "twin") == 0 || strcmp(key, "schedule") == 0 ||
           strncmp(key, "x-", 2) == 0;
}

/* "path.key", cut to the room, and its length. */
static size_t write_path(char ret_joined[PATH_CHARS_MAX], const char *path, const char *key)
{
    size_t used = 0;
    for (const char *at = path; *at != '\0' && used < PATH_CHARS_MAX - 2; at++)
        ret_joined[used++] = *at;
    if (used > 0)
        ret_joined[used++] = '.';
    for (const char *at = key; *at != '\0' && used < PATH_CHARS_MAX - 1; at++)
        ret_joined[used++] = *at;
    ret_joined[used] = '\0';
    return used;
}

static char *join_path(struct resolver *r, const char *path, const char *key)
{
    char joined[PATH_CHARS_MAX];
    size_t length = write_path(joined, path, key);
    char *copy = arena_copy(r->loader->arena, joined, length);
    r->loader->no_memory |= copy == NULL;
    return copy;
}

static void *allocate(struct resolver *r, size_t bytes)
{
    void *block = arena_alloc(r->loader->arena, bytes);
    r->loader->no_memory |= block == NULL;
    return block;
}

/* ---- Unknown keys --------------------------------------------------------------------------- */

/* The names that may stand in a block; NULL-terminated. */
static void list_names(const struct config_block *block, bool is_choice, bool is_root,
                       const char *names[NAMES_MAX])
{
    size_t count = 0;
    const struct config_section *section = block->section;
    if (is_choice)
        names[count++] = resolve_selector(section);
    for (size_t i = 0; block->table != NULL && i < block->table->key_count; i++)
        if (count < NAMES_MAX - 5)
            names[count++] = block->table->keys[i].name;
    for (size_t i = 0; i < section->section_count && count < NAMES_MAX - 5; i++)
        names[count++] = section->sections[i].key;
    if (is_root) {
        names[count++] = "base";
        names[count++] = "twin";
        names[count++] = "schedule";
    }
    names[count] = NULL;
}

/* A section right below the root that has this key; NULL if there is none. */
static const struct config_section *section_with(const struct config_section *root, const char *key)
{
    for (size_t i = 0; i < root->section_count; i++)
        if (root->sections[i].shape != CONFIG_GROUPS)
            for (size_t t = 0; t < root->sections[i].table_count; t++)
                if (resolve_key(root->sections[i].tables[t], key) != NULL)
                    return &root->sections[i];
    return NULL;
}

static void complain_unknown(struct resolver *r, const struct config_block *block,
                             const struct entry *entry)
{
    const struct config_section *section = block->section;
    const char *path = block->origin->path;
    bool is_root = *path == '\0', is_choice = section->shape == CONFIG_CHOICE;
    char where[PATH_CHARS_MAX] = "";
    if (!is_root)
        snprintf(where, sizeof(where), " in '%s'", path);
    for (size_t i = 0; is_choice && i < section->table_count; i++)
        if (section->tables[i] != block->table && resolve_key(section->tables[i], entry->key)) {
            loader_complain(r->loader, entry->at, "key '%.60s'%s belongs to %s, not to %s",
                            entry->key, where, section->tables[i]->name, block->table->name);
            return;
        }
    const char *names[NAMES_MAX];
    list_names(block, is_choice, is_root, names);
    const char *near = param_nearest(entry->key, names);
    const struct config_section *root = r->config->schema->root;
    const struct config_section *other = near == NULL ? section_with(root, entry->key) : NULL;
    if (near != NULL) {
        loader_complain(r->loader, entry->at, "unknown key '%.60s'%s; did you mean '%s'?",
                        entry->key, where, near);
        /* Then that one is not missing. */
        const struct param_key *meant = resolve_key(block->table, near);
        if (meant != NULL && block->origin->keys[meant - block->table->keys].state == GIVEN_NOT)
            block->origin->keys[meant - block->table->keys].state = GIVEN_BAD;
        return;
    }
    if (resolve_key(root->table_count > 0 ? root->tables[0] : NULL, entry->key) != NULL ||
        resolve_section(root->sections, root->section_count, entry->key) != NULL)
        loader_complain(r->loader, entry->at, "unknown key '%.60s'%s; it belongs at the top level",
                        entry->key, where);
    else if (other != NULL)
        loader_complain(r->loader, entry->at, "unknown key '%.60s'%s; did you mean '%s.%s'?",
                        entry->key, where, other->key, entry->key);
    else
        loader_complain(r->loader, entry->at, "unknown key '%.60s'%s", entry->key, where);
}

/* ---- Blocks --------------------------------------------------------------------------------- */

static bool read_section(struct resolver *r, const struct config_section *section,
                         const struct config_block *parent, const struct node *map,
                         struct config_block *ret_block);

/* A block with the defaults of its table; NULL when out of memory. */
static struct config_origin *start_block(struct resolver *r, const struct config_block *parent,
                                         const struct config_section *section, const char *name,
                                         const struct param_table *table, const char *path,
                                         struct place at, struct config_block *block)
{
    struct config_origin *origin = allocate(r, sizeof(*origin));
    if (origin == NULL || path == NULL)
        return NULL;
    *origin = (struct config_origin){.at = at, .parent = parent, .path = path};
    *block =
        (struct config_block){.name = name, .section = section, .table = table, .origin = origin};
    if (table == NULL)
        return origin;
    void *values = allocate(r, table->struct_bytes);
    origin->keys = allocate(r, table->key_count * sizeof(*origin->keys));
    if (values == NULL || origin->keys == NULL)
        return NULL;
    param_defaults(table, values);
    block->values = values;
    return origin;
}

static void read_key(struct resolver *r, struct config_block *block, const struct param_key *key,
                     const struct entry *entry)
{
    char path[PATH_CHARS_MAX];
    write_path(path, block->origin->path, key->name);
    struct given *given = &block->origin->keys[key - block->table->keys];
    given->at = entry->at;
    /* The struct is ours until the config is handed out. */
    char *values = (char *)(uintptr_t)block->values;
    bool read = value_read(r->loader, key, path, entry->value, values + key->offset);
    given->state = read ? GIVEN_GOOD : GIVEN_BAD;
}

/* The keys of a block and what stands below it.  `map` may be NULL: all defaults. */
static bool fill_block(struct resolver *r, struct config_block *block, const struct node *map,
                       bool is_choice)
{
    const struct config_section *section = block->section;
    bool is_root = *block->origin->path == '\0';
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const struct entry *entry = &map->entries[i];
        const struct param_key *key = resolve_key(block->table, entry->key);
        if (!loader_visit(r->loader, map))
            return false;
        if (is_choice && strcmp(entry->key, resolve_selector(section)) == 0)
            continue;
        if (resolve_section(section->sections, section->section_count, entry->key) != NULL)
            continue;
        if (is_root && resolve_is_own_key(entry->key))
            continue;
        /* Of a choice that was not understood nothing can be said about the keys. */
        if (key != NULL)
            read_key(r, block, key, entry);
        else if (block->table != NULL || !is_choice)
            complain_unknown(r, block, entry);
    }
    struct config_block *blocks = allocate(r, section->section_count * sizeof(*blocks));
    if (blocks == NULL)
        return false;
    block->blocks = blocks;
    for (size_t i = 0; i < section->section_count; i++)
        if (read_section(r, &section->sections[i], block, map, &blocks[block->block_count]))
            block->block_count++;
    return !r->loader->no_memory;
}

static bool valid_group_name(const char *name)
{
    if (!isalpha((unsigned char)*name) || strlen(name) > NAME_CHARS_MAX)
        return false;
    for (; *name != '\0'; name++)
        if (!isalnum((unsigned char)*name) && *name != '_' && *name != '-')
            return false;
    return true;
}

static bool is_map(struct resolver *r, const struct node *node, const char *path)
{
    if (node->kind != NODE_MAP && node->kind != NODE_BROKEN)
        loader_complain(r->loader, node->at,
                        "'%s' has keys of its own: a mapping is expected, "
                        "not %s",
                        path, node_is_null(node) ? "nothing" : node_kind_text(node));
    return node->kind == NODE_MAP;
}

static void read_groups(struct resolver *r, struct config_block *block, const struct node *map)
{
    const struct config_section *section = block->section;
    struct config_block *groups = allocate(r, map->count * sizeof(*groups));
    if (groups == NULL)
        return;
    block->blocks = groups;
    for (size_t i = 0; i < map->count; i++) {
        const struct entry *entry = &map->entries[i];
        if (!loader_visit(r->loader, map))
            return;
        if (!valid_group_name(entry->key)) {
            loader_complain(r->loader, entry->at,
                            "a name in '%s' is a letter and then letters, digits, '-' or '_', "
                            "at most %d",
                            block->origin->path, NAME_CHARS_MAX);
            continue;
        }
        char *path = join_path(r, block->origin->path, entry->key);
        struct config_block *group = &groups[block->block_count];
        if (!is_map(r, entry->value, path != NULL ? path : "") ||
            !start_block(r, block, section, entry->key, section->tables[0], path, entry->at, group))
            continue;
        block->block_count++;
        fill_block(r, group, entry->value, false);
    }
}

/* ---- Choices -------------------------------------------------------------------------------- */

/* "gru, bigram", those most like `word` first; as many as fit into a line that one still reads. */
static void list_known(const char *word, const char **names, size_t count,
                       char ret_text[KNOWN_BYTES])
{
    size_t used = 0, listed = 0;
    if (word != NULL)
        param_sort_by_nearness(word, names, count);
    *ret_text = '\0';
    for (; listed < count && used + strlen(names[listed]) + 2 <= KNOWN_CHARS_MAX; listed++)
        used += (size_t)snprintf(ret_text + used, KNOWN_BYTES - used, "%s%s",
                                 listed > 0 ? ", " : "", names[listed]);
    if (listed < count)
        snprintf(ret_text + used, KNOWN_BYTES - used, " and %zu more: taosim list", count - listed);
}

static void complain_option(struct resolver *r, const struct config_section *section,
                            const char *path, struct place at, const char *name)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    char known[KNOWN_BYTES];
    for (; count < section->table_count && count < NAMES_MAX - 1; count++)
        names[count] = section->tables[count]->name;
    names[count] = NULL;
    list_known(name, names, count, known);
    const char *near = name != NULL ? param_nearest(name, names) : NULL;
    const char *what = section->selector != NULL ? section->selector : section->key;
    if (name == NULL)
        loader_complain(r->loader, at, "'%s' is missing; it names one of: %s", path, known);
    else if (near != NULL)
        loader_complain(r->loader, at, "'%s': unknown %s '%.60s'; did you mean '%s'?", path, what,
                        name, near);
    else if (strlen(name) > 3 && strcmp(name + strlen(name) - 3, ".so") == 0)
        loader_complain(r->loader, at,
                        "'%s': unknown %s '%.60s'; the path of a plug-in has a '/': './%.60s'",
                        path, what, name, name);
    else
        loader_complain(r->loader, at, "'%s': unknown %s '%.60s'; known: %s", path, what, name,
                        known);
}

/* The table of that name, or the plug-in's. */
static const struct param_table *find_option(struct resolver *r,
                                             const struct config_section *section, const char *path,
                                             struct place at, const char *name, size_t *ret_index)
{
    for (size_t i = 0; i < section->table_count; i++)
        if (strcmp(section->tables[i]->name, name) == 0) {
            *ret_index = i;
            return section->tables[i];
        }
    *ret_index = SIZE_MAX;
    const struct config_schema *schema = r->config->schema;
    if (strchr(name, '/') == NULL || schema->plugin == NULL) {
        complain_option(r, section, path, at, name);
        return NULL;
    }
    struct sim_error err = {0};
    const struct param_table *table = NULL;
    char file[4096];
    loader_relative_path(r->loader, at, name, file, sizeof(file));
    if (schema->plugin(schema->plugin_context, section->key, file, &table, &err) != SIM_OK ||
        config_table_verify(table, &err) != SIM_OK) {
        loader_complain(r->loader, at, "'%s': %s", path, err.text);
        return NULL;
    }
    return table;
}

/* The scalar that names the option: the node itself or the selector's value. */
static const struct node *option_node(struct resolver *r, const struct config_section *section,
                                      const struct node *node, const char *path)
{
    if (node->kind != NODE_MAP)
        return node;
    const struct entry *entry = node_find(node, resolve_selector(section));
    if (entry == NULL && section->fallback == NULL)
        loader_complain(r->loader, node->at, "'%s' needs the key '%s'", path,
                        resolve_selector(section));
    return entry != NULL ? entry->value : NULL;
}

static void read_choice(struct resolver *r, const struct config_section *section,
                        const struct config_block *parent, const struct node *node,
                        const char *path, struct place at, struct config_block *block)
{
    const struct node *named = node != NULL ? option_node(r, section, node, path) : NULL;
    const char *name = section->fallback;
    bool understood = true;
    if (named != NULL) {
        understood = named->kind == NODE_SCALAR && !node_is_null(named);
        name = named->text;
        if (!understood && named->kind != NODE_BROKEN)
            loader_complain(r->loader, named->at, "'%s': a name is expected, not %s", path,
                            node_is_null(named) ? "nothing" : node_kind_text(named));
    }
    const struct param_table *table = NULL;
    size_t option = SIZE_MAX;
    if (understood && name != NULL)
        table = find_option(r, section, path, named != NULL ? named->at : at, name, &option);
    struct config_origin *origin =
        start_block(r, parent, section, section->key, table, path, at, block);
    if (origin == NULL)
        return;
    block->option = option;
    if (named != NULL)
        origin->selector =
            (struct given){.state = table != NULL ? GIVEN_GOOD : GIVEN_BAD, .at = named->at};
    if (table != NULL || node == NULL || node->kind == NODE_MAP)
        fill_block(r, block, node != NULL && node->kind == NODE_MAP ? node : NULL, true);
}

/* ---- Sections ------------------------------------------------------------------------------- */

/* True if there is a block of this section in the one above. */
static bool read_section(struct resolver *r, const struct config_section *section,
                         const struct config_block *parent, const struct node *map,
                         struct config_block *ret_block)
{
    const struct entry *entry = map != NULL ? node_find(map, section->key) : NULL;
    const struct node *node = entry != NULL ? entry->value : NULL;
    if (section->optional && (node == NULL || node_is_null(node)))
        return false;
    struct place at = entry != NULL ? entry->at : parent->origin->at;
    char *path = join_path(r, parent->origin->path, section->key);
    if (path == NULL)
        return false;
    if (section->shape == CONFIG_CHOICE) {
        if (node == NULL && section->fallback == NULL)
            complain_option(r, section, path, at, NULL);
        read_choice(r, section, parent, node, path, at, ret_block);
        return ret_block->origin != NULL;
    }
    if (node != NULL && !is_map(r, node, path))
        node = NULL;
    const struct param_table *table =
        section->shape == CONFIG_PLAIN && section->table_count > 0 ? section->tables[0] : NULL;
    if (!start_block(r, parent, section, section->key, table, path, at, ret_block))
        return false;
    if (section->shape == CONFIG_PLAIN)
        fill_block(r, ret_block, node, false);
    else if (node != NULL)
        read_groups(r, ret_block, node);
    return true;
}

/* ---- What counts and what is missing -------------------------------------------------------- */

static bool stands_within(struct place at, const struct node *map)
{
    bool after = at.line > map->at.line || (at.line == map->at.line && at.column >= map->at.column);
    bool before =
        at.line < map->end.line || (at.line == map->end.line && at.column <= map->end.column);
    return at.source == map->at.source && after && before;
}

/* Was what stands here given by the same file that made it ineffective, or by a later one?  What
 * a base gave and this file switched off is dropped in silence; so is, in a twin or a change, all
 * that its own `set` does not say, and what an earlier version stored. */
static bool is_to_blame(const struct resolver *r, struct place at, int decided)
{
    if (r->config->set != NULL)
        return stands_within(at, r->config->set);
    const struct source *source = &r->loader->sources[at.source];
    return source->rank >= decided && (source->is_set || !r->loader->stored);
}

/* The conditions that one block was asked for: its keys and sections share a few. */
enum { VERDICTS_MAX = 8 };
struct verdicts {
    struct {
        const char *when;
        enum effect effect;
    } of[VERDICTS_MAX];
    size_t count;
};

static enum effect judge(const struct resolver *r, const struct config_block *block,
                         const char *when, struct verdicts *verdicts)
{
    if (when == NULL)
        return EFFECT_SOME;
    for (size_t i = 0; i < verdicts->count; i++)
        if (resolve_same(verdicts->of[i].when, when))
            return verdicts->of[i].effect;
    enum effect effect = resolve_condition(r->config, block, when) ? EFFECT_SOME : EFFECT_NONE;
    if (verdicts->count < VERDICTS_MAX) {
        verdicts->of[verdicts->count].when = when;
        verdicts->of[verdicts->count++].effect = effect;
    }
    return effect;
}

static void check_key(struct resolver *r, const struct config_block *block, size_t index,
                      struct verdicts *verdicts)
{
    const struct param_key *key = &block->table->keys[index];
    struct given *given = &block->origin->keys[index];
    const char *path = block->origin->path, *when = resolve_when(block->table, key->name);
    given->effect = judge(r, block, when, verdicts);
    bool counts = given->effect == EFFECT_SOME;
    bool is_missing = counts && given->state == GIVEN_NOT && key->fallback == NULL;
    bool is_idle = !counts && given->state == GIVEN_GOOD;
    if (!is_missing && !is_idle)
        return;
    struct blame blame = resolve_blame(r->config, block, when);
    if (is_missing && blame.known)
        loader_complain(r->loader, block->origin->at, "key '%s' is missing%s%s%s: %s", key->name,
                        *path != '\0' ? " in '" : "", path, *path != '\0' ? "'" : "", key->doc);
    if (is_idle && blame.known && is_to_blame(r, given->at, blame.rank))
        loader_complain(r->loader, given->at, "'%s%s%s' has no effect here: it counts only when %s",
                        path, *path != '\0' ? "." : "", key->name, when);
}

static bool is_given(const struct config_block *child, const struct config_block *parent)
{
    struct place at = child->origin->at, above = parent->origin->at;
    return at.source != above.source || at.line != above.line || at.column != above.column;
}

static void check_counts(struct resolver *r, const struct config_block *block)
{
    struct verdicts verdicts = {.count = 0};
    for (size_t i = 0; block->table != NULL && i < block->table->key_count; i++)
        check_key(r, block, i, &verdicts);
    for (size_t i = 0; i < block->block_count; i++) {
        const struct config_block *child = &block->blocks[i];
        /* The origin is ours until the config is handed out. */
        struct config_origin *origin = (struct config_origin *)(uintptr_t)child->origin;
        const char *when = child->section->when;
        bool is_pattern = resolve_is_pattern(r->config, block, child->section);
        origin->effect = is_pattern ? EFFECT_NONE : judge(r, block, when, &verdicts);
        if (is_pattern)
            continue;
        if (origin->effect == EFFECT_SOME)
            check_counts(r, child);
        if (origin->effect == EFFECT_SOME || !is_given(child, block))
            continue;
        struct blame blame = resolve_blame(r->config, block, when);
        if (blame.known && is_to_blame(r, origin->at, blame.rank))
            loader_complain(r->loader, origin->at,
                            "'%s' has no effect here: it counts only when %s", origin->path, when);
    }
}

/* What has no effect is not written down; a run must not see it either, or it would differ from the
 * run of its resolved scenario.  Behind the checks: conditions are asked of what was given. */
static void forget_idle(const struct config_block *block)
{
    char *values = (char *)(uintptr_t)block->values;
    for (size_t i = 0; block->table != NULL && i < block->table->key_count; i++) {
        const struct param_key *key = &block->table->keys[i];
        struct given *given = &block->origin->keys[i];
        if (given->effect != EFFECT_NONE || given->state != GIVEN_GOOD || key->fallback == NULL)
            continue;
        param_default(key, values + key->offset);
        given->state = GIVEN_NOT;
    }
    for (size_t i = 0; i < block->block_count; i++)
        if (block->blocks[i].origin->effect == EFFECT_SOME)
            forget_idle(&block->blocks[i]);
}

void resolve_tree(struct loader *loader, const struct node *root, struct config *config)
{
    struct resolver r = {loader, config};
    const struct config_section *section = config->schema->root;
    const struct param_table *table = section->table_count > 0 ? section->tables[0] : NULL;
    loader->visits_before = loader->visits;
    root = inherit_tree(loader, root);
    if (root == NULL)
        return;
    if (!start_block(&r, NULL, section, "", table, "", root->at, &config->root) ||
        !fill_block(&r, &config->root, root, false) || loader->over_budget)
        return;
    /* Only now: a value may be a file, which is one more source. */
    config->sources = loader->sources;
    config->source_count = loader->source_count;
    check_counts(&r, &config->root);
    if (loader->report.count == 0)
        forget_idle(&config->root);
}
