#include "config/value.h"

#include "base/param_text.h"
#include "config/load.h"

#include <string.h>

/* YAML says by quotes whether a scalar is a number; so that editors, which check by YAML's types,
 * agree with this reader, numbers and truth values stand without quotes and texts that look like
 * either stand with them. */
static bool fits_quotes(struct loader *loader, const struct param_key *key, const char *path,
                        const struct node *node)
{
    unsigned kind = key->kind & PARAM_KIND_MASK;
    bool bare = param_unit_names(kind) == NULL && kind != PARAM_ENUM && kind != PARAM_STRING &&
                kind != PARAM_STRING_LIST;
    if (bare && !node->plain && strchr(node->text, '/') == NULL) {
        loader_complain(loader, node->at, "'%s': write the value without quotes, for instance %s",
                        path, param_example(kind));
        return false;
    }
    bool text = kind == PARAM_STRING || kind == PARAM_STRING_LIST;
    if (text && node_is_typed(node)) {
        loader_complain(loader, node->at,
                        "'%s': a text that looks like a number or a truth value "
                        "needs quotes: \"%.40s\"",
                        path, node->text);
        return false;
    }
    return true;
}

bool value_read_plain(struct loader *loader, const struct param_key *key, const char *path,
                      const struct node *node, bool bounded, void *field)
{
    if (node->kind == NODE_BROKEN)
        return false;
    if (node->kind != NODE_SCALAR) {
        loader_complain(loader, node->at, "'%s': a single value is expected, not %s", path,
                        node_kind_text(node));
        return false;
    }
    if (node_is_null(node)) {
        loader_complain(loader, node->at, "'%s' has no value", path);
        return false;
    }
    if (!fits_quotes(loader, key, path, node))
        return false;
    char reason[PARAM_REASON_BYTES];
    bool parsed = bounded ? param_parse(key, node->text, field, reason)
                          : param_parse_unbounded(key, node->text, field, reason);
    if (!parsed)
        loader_complain(loader, node->at, "'%s': %s", path, reason);
    return parsed;
}

/* ---- Lists of texts ------------------------------------------------------------------------- */

static bool append_line(struct loader *loader, struct node *list, struct place at, const char *line,
                        size_t bytes)
{
    struct node *item = node_create(loader, NODE_SCALAR, at);
    char *copy = arena_copy(loader->arena, line, bytes);
    loader->no_memory |= copy == NULL;
    if (item == NULL || copy == NULL)
        return false;
    item->text = copy;
    return node_append(loader, list, item);
}

/* The file's lines as the items of a list, each with its place; no item for what follows the last
 * line break. */
static struct node *list_of_lines(struct loader *loader, uint32_t source, struct place at)
{
    const char *text = loader->sources[source].text;
    const char *end = text + loader->sources[source].text_bytes;
    struct node *list = node_create(loader, NODE_LIST, at);
    for (struct place line = {.source = source}; list != NULL && text < end; line.line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        const char *next = stop == NULL ? end : stop + 1;
        stop = stop == NULL ? end : stop;
        if (stop > text && stop[-1] == '\r')
            stop--;
        if (!append_line(loader, list, line, text, (size_t)(stop - text)))
            return NULL;
        text = next;
    }
    return list;
}

/* A file is read once, however often the scenario is checked for its twin and schedule. */
struct lines {
    const struct node *node; /* {file: ...} */
    struct node *list;
    struct lines *next;
};

static struct node *read_lines(struct loader *loader, const char *path, const struct node *node)
{
    for (const struct lines *known = loader->lines; known != NULL; known = known->next)
        if (known->node == node)
            return known->list;
    const struct entry *file = node_find(node, "file");
    if (file == NULL || node->count != 1 || file->value->kind != NODE_SCALAR ||
        node_is_null(file->value)) {
        loader_complain(loader, node->at, "'%s': a list is expected, or {file: lines.csv}", path);
        return NULL;
    }
    uint32_t source;
    struct sim_error err = {0};
    if (load_lines(loader, file->value->at, file->value->text, &source, &err) != SIM_OK) {
        loader_complain(loader, file->value->at, "'%s': %s", path, err.text);
        return NULL;
    }
    struct lines *lines = arena_alloc(loader->arena, sizeof(*lines));
    struct node *list = list_of_lines(loader, source, node->at);
    loader->no_memory |= lines == NULL;
    if (lines == NULL || list == NULL)
        return NULL;
    *lines = (struct lines){node, list, loader->lines};
    loader->lines = lines;
    return list;
}

static bool keep_places(struct loader *loader, const char *const *items, const struct node *list)
{
    struct loader_list *kept = arena_alloc(loader->arena, sizeof(*kept));
    loader->no_memory |= kept == NULL;
    if (kept == NULL)
        return false;
    *kept = (struct loader_list){items, list, loader->lists};
    loader->lists = kept;
    return true;
}

static bool read_list(struct loader *loader, const struct param_key *key, const char *path,
                      const struct node *node, struct param_strings *field)
{
    if (node->kind == NODE_BROKEN)
        return false;
    if (node->kind == NODE_MAP) {
        node = read_lines(loader, path, node);
        if (node == NULL)
            return false;
    }
    if (node->kind != NODE_LIST) {
        loader_complain(loader, node->at, "'%s': a list is expected: [first, second]", path);
        return false;
    }
    const char **items = arena_alloc(loader->arena, (node->count + 1) * sizeof(*items));
    if (items == NULL) {
        loader->no_memory = true;
        return false;
    }
    const struct param_key item_key = {.name = key->name, .kind = PARAM_STRING};
    bool valid = true;
    for (size_t i = 0; i < node->count; i++)
        valid &= loader_visit(loader, node->items[i]) &&
                 value_read_plain(loader, &item_key, path, node->items[i], true, &items[i]);
    valid = valid && keep_places(loader, items, node);
    if (valid)
        *field = (struct param_strings){items, node->count};
    return valid;
}

bool value_read(struct loader *loader, const struct param_key *key, const char *path,
                const struct node *node, void *field)
{
    if ((key->kind & PARAM_DIST_FLAG) != 0)
        return value_read_dist(loader, key, path, node, field);
    if ((key->kind & PARAM_KIND_MASK) == PARAM_STRING_LIST)
        return read_list(loader, key, path, node, field);
    return value_read_plain(loader, key, path, node, true, field);
}
