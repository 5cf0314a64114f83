/* `twin` and `schedule`: other scenarios within a scenario. */
#include "config/inherit.h"
#include "config/load.h"

#include "base/param_text.h"
#include "config/layer.h"

#include <stdio.h>
#include <string.h>

enum { CHANGES_MAX = 1000 };

/* Does the path end at a section as a whole, which is no choice, may not be left out, and is no
 * single group?  Then it says too much: what of it changes could not be written down again. */
static bool names_whole_section(const struct loader *loader, const char *path)
{
    const struct config_section *section = loader->schema->root;
    bool whole = false;
    while (section != NULL && *path != '\0') {
        char key[64];
        size_t length = strcspn(path, ".");
        snprintf(key, sizeof(key), "%.*s", (int)length, path);
        path += length + (path[length] == '.');
        section = resolve_section(section->sections, section->section_count, key);
        whole = section != NULL && section->shape != CONFIG_CHOICE && !section->optional;
        if (section != NULL && section->shape == CONFIG_GROUPS && *path != '\0') {
            length = strcspn(path, ".");
            path += length + (path[length] == '.');
            whole = false;
        }
    }
    return section != NULL && whole;
}

/* {path: value, ...} laid over the tree, path by path. */
static struct node *apply_set(struct loader *loader, struct node *root, const struct node *set)
{
    for (size_t i = 0; root != NULL && i < set->count; i++) {
        const struct entry *entry = &set->entries[i];
        if (!layer_knows_group(loader, root, entry->key, entry->at, entry->value) ||
            !inherit_allows_set(loader, root, entry->key, entry->at))
            continue;
        struct node *tree = layer_from_path(loader, entry->key, entry->at, entry->value);
        if (tree != NULL && resolve_is_own_key(tree->entries[0].key))
            loader_complain(loader, entry->at, "'%s' cannot be set here", tree->entries[0].key);
        else if (tree != NULL && names_whole_section(loader, entry->key))
            loader_complain(loader, entry->at,
                            "'%s' is a section; set its keys one by one, each with its path",
                            entry->key);
        else if (tree != NULL)
            root = layer_merge(loader, loader->schema->root, root, tree);
    }
    return root;
}

/* The map behind `set`; NULL after a complaint. */
static const struct node *set_of(struct loader *loader, const struct node *map, const char *what,
                                 const char *form)
{
    if (map->kind == NODE_BROKEN)
        return NULL;
    const struct entry *set = map->kind == NODE_MAP ? node_find(map, "set") : NULL;
    if (set == NULL || set->value->kind != NODE_MAP || set->value->count == 0) {
        if (set == NULL || set->value->kind != NODE_BROKEN)
            loader_complain(loader, map->at, "%s is written %s", what, form);
        return NULL;
    }
    return set->value;
}

static struct config *create_child(struct loader *loader, struct config *owner)
{
    struct config *child = arena_alloc(loader->arena, sizeof(*child));
    loader->no_memory |= child == NULL;
    if (child != NULL)
        *child = (struct config){.schema = owner->schema, .arena = owner->arena, .owner = owner};
    return child;
}

static bool refuse_others(struct loader *loader, const struct node *map, const char *what,
                          const char *const *known)
{
    bool fine = true;
    for (size_t i = 0; map->kind == NODE_MAP && i < map->count; i++) {
        bool found = false;
        for (size_t k = 0; known[k] != NULL; k++)
            found |= strcmp(known[k], map->entries[i].key) == 0;
        const char *near = param_nearest(map->entries[i].key, known);
        if (!found)
            loader_complain(loader, map->entries[i].at, "unknown key '%.60s' in '%s'%s%s%s",
                            map->entries[i].key, what, near != NULL ? "; did you mean '" : "",
                            near != NULL ? near : "", near != NULL ? "'?" : "");
        fine &= found;
    }
    return fine;
}

void load_twin(struct loader *loader, struct node *root, struct config *config)
{
    static const char *const known[] = {"set", NULL};
    const struct entry *twin = node_find(root, "twin");
    if (twin == NULL)
        return;
    if (!refuse_others(loader, twin->value, "twin", known))
        return;
    const struct node *set = set_of(loader, twin->value, "'twin'", "twin: {set: {path: value}}");
    if (set == NULL)
        return;
    struct config *child = create_child(loader, config);
    struct node *tree = child != NULL ? apply_set(loader, root, set) : NULL;
    if (tree == NULL)
        return;
    child->set = set;
    resolve_tree(loader, tree, child);
    load_schedule(loader, tree, child);
    config->twin = child;
}

/* ---- Schedule ------------------------------------------------------------------------------- */

static bool read_time(struct loader *loader, const struct node *node, struct config_change *change)
{
    static const struct param_key duration = {
        .name = "at", .kind = PARAM_DURATION_NS, .min = "0 s"};
    static const struct param_key blocks = {.name = "at", .kind = PARAM_BLOCKS};
    char reason[PARAM_REASON_BYTES];
    if (node->kind == NODE_BROKEN)
        return false;
    change->at_ns = -1;
    if (node->kind == NODE_SCALAR && (param_parse(&blocks, node->text, &change->at_block, reason) ||
                                      param_parse(&duration, node->text, &change->at_ns, reason)))
        return true;
    loader_complain(loader, node->at,
                    "'schedule': 'at' takes a time or a number of blocks, such as 3 d or 100 "
                    "blocks");
    return false;
}

/* Is the entry before this one not later?  Blocks and durations cannot be compared here. */
static bool in_order(const struct config_change *before, const struct config_change *change)
{
    if (before->at_ns >= 0 && change->at_ns >= 0)
        return before->at_ns <= change->at_ns;
    return before->at_ns >= 0 || change->at_ns >= 0 || before->at_block <= change->at_block;
}

/* Does the path name a block, or a key of one? */
static bool is_there(const struct config *config, const char *path)
{
    char parent[512];
    const char *dot = strrchr(path, '.');
    snprintf(parent, sizeof(parent), "%.*s", dot != NULL ? (int)(dot - path) : 0, path);
    const struct config_block *block = config_at(config, parent);
    return config_at(config, path) != NULL ||
           (block != NULL && resolve_key(block->table, dot != NULL ? dot + 1 : path) != NULL);
}

/* May what the path names change while running?  Of what is neither there before nor after it has
 * been said that it is unknown. */
static void check_live(struct loader *loader, const struct config *before,
                       const struct config *after, const char *path, struct place at)
{
    const struct config_block *block = config_at(before, path);
    const char *dot = strrchr(path, '.');
    const char *last = dot != NULL ? dot + 1 : path;
    bool live = false;
    if (block != NULL) {
        live = block->section->shape == CONFIG_CHOICE && block->section->live;
    } else {
        char parent[512];
        snprintf(parent, sizeof(parent), "%.*s", dot != NULL ? (int)(dot - path) : 0, path);
        block = config_at(before, parent);
        const struct param_key *key = block != NULL ? resolve_key(block->table, last) : NULL;
        /* All parameters of an option that may be replaced, also by the entry's own option. */
        live = (block != NULL && block->section->live) ||
               (key != NULL && (key->kind & PARAM_LIVE_FLAG) != 0);
    }
    if (!live && (is_there(before, path) || is_there(after, path)))
        loader_complain(loader, at, "'%s' cannot change while the scenario runs", path);
}

static struct node *read_change(struct loader *loader, const struct node *item, struct node *root,
                                const struct config *before, struct config *config)
{
    static const char *const known[] = {"at", "set", NULL};
    static const char form[] = "schedule: [{at: 3 d, set: {path: value}}]";
    if (!refuse_others(loader, item, "schedule", known))
        return root;
    const struct node *set = set_of(loader, item, "an entry of 'schedule'", form);
    if (set == NULL)
        return root;
    struct config_change *change = &config->changes[config->change_count];
    const struct entry *at = node_find(item, "at");
    if (at == NULL) {
        loader_complain(loader, item->at, "an entry of 'schedule' is written %s", form);
        return root;
    }
    if (!read_time(loader, at->value, change))
        return root;
    if (config->change_count > 0 && !in_order(change - 1, change))
        loader_complain(loader, at->value->at,
                        "'schedule': the entries stand in the order of time; this one is earlier "
                        "than the one before it");
    const char **paths = arena_alloc(loader->arena, set->count * sizeof(*paths));
    struct config *after = create_child(loader, config);
    struct node *tree = after != NULL && paths != NULL ? apply_set(loader, root, set) : NULL;
    loader->no_memory |= paths == NULL;
    if (tree == NULL)
        return root;
    after->set = set;
    resolve_tree(loader, tree, after);
    for (size_t i = 0; i < set->count; i++) {
        paths[i] = set->entries[i].key;
        check_live(loader, before, after, paths[i], set->entries[i].at);
    }
    change->after = after;
    change->paths = paths;
    change->path_count = set->count;
    config->change_count++;
    return tree;
}

void load_schedule(struct loader *loader, struct node *root, struct config *config)
{
    const struct entry *schedule = node_find(root, "schedule");
    if (schedule == NULL || schedule->value->kind == NODE_BROKEN)
        return;
    const struct node *list = schedule->value;
    if (list->kind != NODE_LIST || list->count > CHANGES_MAX) {
        loader_complain(loader, list->at,
                        "'schedule' is a list of at most %d entries: schedule: [{at: 3 d, set: "
                        "{path: value}}]",
                        CHANGES_MAX);
        return;
    }
    config->changes = arena_alloc(loader->arena, (list->count + 1) * sizeof(*config->changes));
    loader->no_memory |= config->changes == NULL;
    const struct config *before = config;
    for (size_t i = 0; config->changes != NULL && i < list->count && !loader->over_budget; i++) {
        root = read_change(loader, list->items[i], root, before, config);
        if (config->change_count > 0)
            before = config->changes[config->change_count - 1].after;
    }
}
