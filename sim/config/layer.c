#include "config/layer.h"

#include "base/param_text.h"
#include "config/resolve.h"

#include <stdio.h>
#include <string.h>

enum { PATH_CHARS_MAX = 300 };

static struct node *merge_blocks(struct loader *loader, const struct config_section *section,
                                 struct node *under, struct node *over);

/* What an entry of the upper map does to one of the lower map; NULL in *ret_node: it is removed. */
static bool merge_entry(struct loader *loader, const struct config_section *child, bool is_group,
                        struct node *under, struct node *over, struct node **ret_node)
{
    if ((is_group || (child != NULL && child->optional)) && node_is_null(over)) {
        *ret_node = NULL;
        return true;
    }
    if (is_group)
        *ret_node = under->kind == NODE_MAP && over->kind == NODE_MAP
                        ? merge_blocks(loader, child, under, over)
                        : over;
    else
        *ret_node = child != NULL ? layer_merge(loader, child, under, over) : over;
    return *ret_node != NULL;
}

/* Entry by entry, the lower map's order first.  With `groups` every entry is a block of
 * `section`, else a key or a section below it. */
static struct node *merge_maps(struct loader *loader, const struct config_section *section,
                               struct node *under, struct node *over, bool groups)
{
    struct node *map = node_create(loader, NODE_MAP, over->at);
    if (map == NULL)
        return NULL;
    for (size_t i = 0; i < under->count; i++) {
        struct entry entry = under->entries[i];
        if (!loader_visit(loader, under))
            return NULL;
        const struct entry *above = node_find(over, entry.key);
        const struct config_section *child =
            groups ? section
                   : resolve_section(section->sections, section->section_count, entry.key);
        if (above != NULL) {
            entry.at = above->at;
            if (!merge_entry(loader, child, groups, entry.value, above->value, &entry.value))
                return NULL;
        }
        if (entry.value != NULL && !node_put(loader, map, &entry))
            return NULL;
    }
    for (size_t i = 0; i < over->count; i++) {
        if (!loader_visit(loader, over))
            return NULL;
        if (node_find(under, over->entries[i].key) == NULL &&
            !(groups && node_is_null(over->entries[i].value)) &&
            !node_put(loader, map, &over->entries[i]))
            return NULL;
    }
    return node_index(loader, map) ? map : NULL;
}

static struct node *merge_blocks(struct loader *loader, const struct config_section *section,
                                 struct node *under, struct node *over)
{
    return merge_maps(loader, section, under, over, false);
}

struct node *layer_merge_block(struct loader *loader, const struct config_section *section,
                               struct node *under, struct node *over)
{
    return merge_blocks(loader, section, under, over);
}

/* `finney` as {name: finney}. */
static struct node *spell_out(struct loader *loader, const struct config_section *section,
                              struct node *scalar)
{
    struct node *map = node_create(loader, NODE_MAP, scalar->at);
    struct entry entry = {resolve_selector(section), scalar->at, scalar};
    return map != NULL && node_put(loader, map, &entry) && node_index(loader, map) ? map : NULL;
}

/* Parameters stay only while the option stays. */
static struct node *merge_choices(struct loader *loader, const struct config_section *section,
                                  struct node *under, struct node *over)
{
    if (over->kind == NODE_SCALAR && !node_is_null(over))
        over = spell_out(loader, section, over);
    if (under->kind == NODE_SCALAR)
        under = spell_out(loader, section, under);
    if (under == NULL || over == NULL)
        return NULL;
    if (under->kind != NODE_MAP || over->kind != NODE_MAP)
        return over;
    const struct entry *before = node_find(under, resolve_selector(section));
    const struct entry *after = node_find(over, resolve_selector(section));
    const char *old = before != NULL && before->value->kind == NODE_SCALAR ? before->value->text
                                                                           : section->fallback;
    bool same = after == NULL || (old != NULL && after->value->kind == NODE_SCALAR &&
                                  strcmp(old, after->value->text) == 0);
    return same ? merge_blocks(loader, section, under, over) : over;
}

struct node *layer_merge(struct loader *loader, const struct config_section *section,
                         struct node *under, struct node *over)
{
    if (section->shape == CONFIG_CHOICE)
        return merge_choices(loader, section, under, over);
    if (under->kind != NODE_MAP || over->kind != NODE_MAP)
        return over;
    return merge_maps(loader, section, under, over, section->shape == CONFIG_GROUPS);
}

/* `own` and `pattern`, of either of which there may be none, hold the groups that are there. */
static void complain_group(struct loader *loader, const struct node *own,
                           const struct node *pattern, const char *section, const char *name,
                           struct place at)
{
    enum { NAMES_MAX = 200 };
    const char *names[NAMES_MAX + 1] = {NULL};
    size_t count = 0;
    const struct node *const both[] = {own, pattern};
    for (int b = 0; b < 2; b++)
        for (size_t i = 0; both[b] != NULL && both[b]->kind == NODE_MAP && i < both[b]->count; i++)
            if (count < NAMES_MAX)
                names[count++] = both[b]->entries[i].key;
    const char *near = param_nearest(name, names);
    loader_complain(loader, at, "'%s' has no group '%.60s'%s%s%s", section, name,
                    near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                    near != NULL ? "'?" : "");
}

static const struct node *value_in(const struct node *map, const char *key)
{
    const struct entry *entry = map != NULL && map->kind == NODE_MAP ? node_find(map, key) : NULL;
    return entry != NULL ? entry->value : NULL;
}

bool layer_knows_group(struct loader *loader, const struct node *root, const char *path,
                       struct place at, const struct node *value)
{
    const struct config_section *section = loader->schema->root;
    const struct node *map = root, *pattern = NULL; /* what a group that inherits lies over */
    while (section != NULL && *path != '\0' && strlen(path) <= PATH_CHARS_MAX) {
        char name[PATH_CHARS_MAX + 1];
        size_t length = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int)length, path);
        path += length + (path[length] == '.');
        at.column += (uint32_t)length + 1;
        section = resolve_section(section->sections, section->section_count, name);
        map = value_in(map, name);
        pattern = value_in(pattern, name);
        if (section == NULL || section->shape != CONFIG_GROUPS || *path == '\0')
            continue;
        length = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int)length, path);
        bool ends = path[length] == '\0';
        const struct node *group = value_in(map, name), *below = value_in(pattern, name);
        if (group == NULL && below == NULL && length > 0 && (!ends || node_is_null(value))) {
            complain_group(loader, map, pattern, section->key, name, at);
            return false;
        }
        map = group;
        pattern = section->inherits ? root : below;
        path += length + !ends;
        at.column += (uint32_t)length + 1;
    }
    return true;
}

struct node *layer_from_path(struct loader *loader, const char *path, struct place at,
                             struct node *value)
{
    size_t length = strcspn(path, ".");
    if (length == 0 || strlen(path) > PATH_CHARS_MAX) {
        loader_complain(loader, at, "a path is keys joined by single dots, such as chain.tempo");
        return NULL;
    }
    struct node *inner = value;
    char *key = arena_copy(loader->arena, path, length);
    loader->no_memory |= key == NULL;
    if (key != NULL && path[length] == '.') {
        struct place next = at;
        next.column += (uint32_t)length + 1;
        inner = layer_from_path(loader, path + length + 1, next, value);
    }
    struct node *map = node_create(loader, NODE_MAP, at);
    if (key == NULL || inner == NULL || map == NULL ||
        !node_put(loader, map, &(struct entry){key, at, inner}) || !node_index(loader, map))
        return NULL;
    return map;
}
