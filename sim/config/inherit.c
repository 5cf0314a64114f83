/*
 * inherit.c: groups that take from the top level what they leave out.
 *
 * In a scenario with such groups the top level's sections are a pattern: each is laid under the
 * section of the same key of every group.  One that reads the very same tables at the top level is
 * then no longer there; of one that reads others only the keys that the group knows go down.
 */
#include "config/inherit.h"

#include "config/layer.h"
#include "config/resolve.h"

#include <string.h>

const struct config_section *inherit_section(const struct config_section *root)
{
    for (size_t i = 0; i < root->section_count; i++)
        if (root->sections[i].shape == CONFIG_GROUPS && root->sections[i].inherits)
            return &root->sections[i];
    return NULL;
}

const struct config_section *inherit_source(const struct config_section *root,
                                            const struct config_section *child)
{
    return resolve_section(root->sections, root->section_count, child->key);
}

bool inherit_moves(const struct config_section *root, const struct config_section *child)
{
    const struct config_section *source = inherit_source(root, child);
    return source != NULL && source->tables == child->tables;
}

/* The groups that are there; NULL when there are none. */
static const struct node *groups_of(const struct config_section *section, const struct node *root)
{
    const struct entry *entry = section != NULL ? node_find(root, section->key) : NULL;
    bool some = entry != NULL && entry->value->kind == NODE_MAP && entry->value->count > 0;
    return some ? entry->value : NULL;
}

static bool knows_key(const struct config_section *section, const char *key)
{
    bool known = section->shape == CONFIG_CHOICE && strcmp(key, resolve_selector(section)) == 0;
    for (size_t t = 0; t < section->table_count; t++)
        known |= resolve_key(section->tables[t], key) != NULL;
    return known;
}

/* What of a top-level section goes down: a scalar, which names an option, as it is. */
static struct node *part_for(struct loader *loader, const struct config_section *child,
                             const struct node *from)
{
    struct node *part = node_create(loader, NODE_MAP, from->at);
    if (part == NULL)
        return NULL;
    part->end = from->end;
    for (size_t i = 0; i < from->count; i++) {
        if (!loader_visit(loader, from))
            return NULL;
        struct entry entry = from->entries[i];
        entry.at.inherited = true;
        if (knows_key(child, entry.key) && !node_put(loader, part, &entry))
            return NULL;
    }
    return node_index(loader, part) ? part : NULL;
}

/* The top level's sections as a group's. */
static struct node *pattern_of(struct loader *loader, const struct config_section *groups,
                               const struct node *root)
{
    const struct config_section *top = loader->schema->root;
    struct node *pattern = node_create(loader, NODE_MAP, root->at);
    for (size_t i = 0; pattern != NULL && i < groups->section_count; i++) {
        const struct config_section *child = &groups->sections[i];
        const struct entry *found = node_find(root, child->key);
        if (found == NULL || inherit_source(top, child) == NULL)
            continue;
        struct entry entry = *found;
        if (!inherit_moves(top, child) && entry.value->kind == NODE_MAP)
            entry.value = part_for(loader, child, entry.value);
        if (entry.value == NULL || !node_put(loader, pattern, &entry))
            return NULL;
    }
    return pattern != NULL && node_index(loader, pattern) ? pattern : NULL;
}

static struct node *fill_groups(struct loader *loader, const struct config_section *section,
                                const struct node *root, const struct node *groups)
{
    struct node *pattern = pattern_of(loader, section, root);
    struct node *filled = node_create(loader, NODE_MAP, groups->at);
    if (pattern == NULL || filled == NULL)
        return NULL;
    filled->end = groups->end;
    for (size_t i = 0; i < groups->count; i++) {
        struct entry entry = groups->entries[i];
        if (entry.value->kind == NODE_MAP)
            entry.value = layer_merge_block(loader, section, pattern, entry.value);
        if (entry.value == NULL || !node_put(loader, filled, &entry))
            return NULL;
    }
    return node_index(loader, filled) ? filled : NULL;
}

static bool is_moved(const struct config_section *top, const struct config_section *groups,
                     const char *key)
{
    const struct config_section *child =
        resolve_section(groups->sections, groups->section_count, key);
    return child != NULL && inherit_moves(top, child);
}

/* A section without a group would be there and yet be nobody's: it is complained about. */
static const struct node *without_empty(struct loader *loader, const struct config_section *section,
                                        const struct node *root)
{
    const struct entry *empty = section != NULL ? node_find(root, section->key) : NULL;
    if (empty == NULL || empty->value->kind != NODE_MAP)
        return root;
    loader_complain(loader, empty->at, "'%s' names none: leave it out, or name one", section->key);
    loader->incomplete = true;
    struct node *tree = node_create(loader, NODE_MAP, root->at);
    if (tree == NULL)
        return NULL;
    tree->end = root->end;
    for (size_t i = 0; i < root->count; i++)
        if (root->entries[i].value != empty->value && !node_put(loader, tree, &root->entries[i]))
            return NULL;
    return node_index(loader, tree) ? tree : NULL;
}

const struct node *inherit_tree(struct loader *loader, const struct node *root)
{
    const struct config_section *top = loader->schema->root, *section = inherit_section(top);
    const struct node *groups = groups_of(section, root);
    if (groups == NULL)
        return without_empty(loader, section, root);
    struct node *filled = fill_groups(loader, section, root, groups);
    struct node *tree = node_create(loader, NODE_MAP, root->at);
    if (filled == NULL || tree == NULL)
        return NULL;
    tree->end = root->end;
    for (size_t i = 0; i < root->count; i++) {
        struct entry entry = root->entries[i];
        if (is_moved(top, section, entry.key))
            continue;
        if (entry.value == groups)
            entry.value = filled;
        if (!node_put(loader, tree, &entry))
            return NULL;
    }
    return node_index(loader, tree) ? tree : NULL;
}

/* ---- paths ---------------------------------------------------------------------------------- */

bool inherit_allows_set(struct loader *loader, const struct node *root, const char *path,
                        struct place at)
{
    const struct config_section *top = loader->schema->root, *section = inherit_section(top);
    char name[300];
    size_t length = strcspn(path, ".");
    if (groups_of(section, root) == NULL || length >= sizeof(name))
        return true;
    memcpy(name, path, length);
    name[length] = '\0';
    const struct config_section *child =
        resolve_section(section->sections, section->section_count, name);
    const char *rest = path + length + (path[length] == '.');
    if (child == NULL || (!inherit_moves(top, child) && *rest != '\0' && !knows_key(child, rest)))
        return true;
    loader_complain(loader, at,
                    "'%.200s' is the pattern of several %s here: say which, as in "
                    "'%s.NAME.%.200s'",
                    path, section->key, section->key, path);
    return false;
}
