#include "config/node.h"

#include "config/loader.h"

#include <stdlib.h>
#include <string.h>

struct node *node_create(struct loader *loader, enum node_kind kind, struct place at)
{
    struct node *node = arena_alloc(loader->arena, sizeof(*node));
    if (node == NULL) {
        loader->no_memory = true;
        return NULL;
    }
    node->kind = kind;
    node->at = at;
    node->height = 1;
    return node;
}

/* Doubles the array of a list or map when it is full; the old one stays in the arena. */
static bool make_room(struct loader *loader, struct node *node, void **array, size_t item_bytes)
{
    if (node->count < node->capacity)
        return true;
    size_t capacity = node->capacity == 0 ? 8 : 2 * node->capacity;
    void *grown = arena_alloc(loader->arena, capacity * item_bytes);
    if (grown == NULL) {
        loader->no_memory = true;
        return false;
    }
    if (node->count > 0)
        memcpy(grown, *array, node->count * item_bytes);
    *array = grown;
    node->capacity = capacity;
    return true;
}

static void raise_height(struct node *parent, const struct node *child)
{
    if (parent->height < child->height + 1)
        parent->height = child->height + 1;
}

bool node_append(struct loader *loader, struct node *list, struct node *item)
{
    void *items = list->items;
    if (!make_room(loader, list, &items, sizeof(struct node *)))
        return false;
    list->items = items;
    list->items[list->count++] = item;
    raise_height(list, item);
    return true;
}

bool node_put(struct loader *loader, struct node *map, const struct entry *entry)
{
    void *entries = map->entries;
    if (!make_room(loader, map, &entries, sizeof(struct entry)))
        return false;
    map->entries = entries;
    map->entries[map->count++] = *entry;
    raise_height(map, entry->value);
    return true;
}

/* Merge sort of entry indices by key: stable, so that equal keys keep the file's order. */
static void sort_by_key(const struct entry *entries, uint32_t *index, uint32_t *scratch, size_t n)
{
    if (n < 2)
        return;
    size_t half = n / 2;
    sort_by_key(entries, index, scratch, half);
    sort_by_key(entries, index + half, scratch, n - half);
    memcpy(scratch, index, n * sizeof(*index));
    for (size_t a = 0, b = half, out = 0; out < n; out++) {
        bool take_a =
            b == n || (a < half && strcmp(entries[scratch[a]].key, entries[scratch[b]].key) <= 0);
        index[out] = take_a ? scratch[a++] : scratch[b++];
    }
}

bool node_index(struct loader *loader, struct node *map)
{
    map->by_key = arena_alloc(loader->arena, 2 * map->count * sizeof(*map->by_key));
    if (map->by_key == NULL) {
        loader->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < map->count; i++)
        map->by_key[i] = (uint32_t)i;
    sort_by_key(map->entries, map->by_key, map->by_key + map->count, map->count);
    return true;
}

const struct entry *node_find(const struct node *map, const char *key)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(map->entries[map->by_key[middle]].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == map->count)
        return NULL;
    const struct entry *entry = &map->entries[map->by_key[low]];
    return strcmp(entry->key, key) == 0 ? entry : NULL;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

bool node_is_null(const struct node *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};
    return node->kind == NODE_SCALAR && node->plain && is_one_of(node->text, words);
}

/* What YAML 1.2's core schema resolves to something else than a string. */
bool node_is_typed(const struct node *node)
{
    static const char *const words[] = {"true",  "True", "TRUE", "false", "False", "FALSE",
                                        ".inf",  ".Inf", ".INF", "-.inf", ".nan",  "-.Inf",
                                        "-.INF", ".NaN", ".NAN", "+.inf", NULL};
    if (node->kind != NODE_SCALAR || !node->plain)
        return false;
    if (node_is_null(node) || is_one_of(node->text, words))
        return true;
    const char *text = node->text;
    if (strncmp(text, "0x", 2) == 0 || strncmp(text, "0o", 2) == 0)
        return text[2] != '\0' && strspn(text + 2, "0123456789abcdefABCDEF") == strlen(text + 2);
    char *end;
    if (strspn(text, "+-.0123456789eE") != strlen(text))
        return false;
    strtod(text, &end);
    return end != text && *end == '\0';
}

const char *node_kind_text(const struct node *node)
{
    switch (node->kind) {
    case NODE_MAP:
        return "a mapping";
    case NODE_LIST:
        return "a list";
    default:
        return "a single value";
    }
}
