#include "config/value.h"

#include "base/param_text.h"

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

static bool read_list(struct loader *loader, const struct param_key *key, const char *path,
                      const struct node *node, struct param_strings *field)
{
    if (node->kind == NODE_BROKEN)
        return false;
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
