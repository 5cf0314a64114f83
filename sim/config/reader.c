#include "config/reader.h"

#include <string.h>
#include <yaml.h>

struct anchor {
    const char *name;
    struct node *node; /* NULL while the anchored node is being read */
    struct anchor *next;
};

struct reader {
    struct loader *loader;
    uint32_t source;
    yaml_parser_t parser;
    struct anchor *anchors; /* the latest first: a name may be used again */
};

static struct place place_of(const struct reader *reader, yaml_mark_t mark)
{
    return (struct place){reader->source, (uint32_t)mark.line, (uint32_t)mark.column, false};
}

/* libyaml says "found character that cannot start any token" for a tab. */
static bool stands_at_tab(const struct reader *reader, struct place at)
{
    const struct source *source = &reader->loader->sources[reader->source];
    return loader_character(source, at) == '\t';
}

static void complain_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    struct place at = place_of(reader, parser->problem_mark);
    const char *problem = parser->problem != NULL ? parser->problem : "not readable as YAML";
    if (parser->error == YAML_MEMORY_ERROR) {
        reader->loader->no_memory = true;
    } else if (parser->error == YAML_READER_ERROR) {
        loader_complain(reader->loader, (struct place){.source = reader->source},
                        "%s (at byte %zu)", problem, parser->problem_offset + 1);
    } else if (parser->error == YAML_SCANNER_ERROR && stands_at_tab(reader, at)) {
        loader_complain(reader->loader, at, "a tab cannot indent; use spaces");
    } else if (parser->context != NULL && strstr(problem, "end of stream") != NULL) {
        loader_complain(reader->loader, place_of(reader, parser->context_mark), "%s (%s)", problem,
                        parser->context);
    } else if (parser->context != NULL) {
        loader_complain(reader->loader, at, "%s (%s that starts on line %zu)", problem,
                        parser->context, parser->context_mark.line + 1);
    } else {
        loader_complain(reader->loader, at, "%s", problem);
    }
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    complain_syntax(reader);
    return false;
}

static bool refuse(struct reader *reader, yaml_mark_t mark, const char *message)
{
    loader_complain(reader->loader, place_of(reader, mark), "%s", message);
    return false;
}

/* ---- Anchors and merge keys ----------------------------------------------------------------- */

/* Remembers the name before its node is read, so that a node within itself is noticed. */
static struct anchor *declare_anchor(struct reader *reader, const yaml_char_t *name)
{
    struct anchor *anchor = arena_alloc(reader->loader->arena, sizeof(*anchor));
    char *copy = arena_copy(reader->loader->arena, (const char *)name, strlen((const char *)name));
    if (anchor == NULL || copy == NULL) {
        reader->loader->no_memory = true;
        return NULL;
    }
    *anchor = (struct anchor){.name = copy, .next = reader->anchors};
    reader->anchors = anchor;
    return anchor;
}

static struct node *resolve_alias(struct reader *reader, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct place at = place_of(reader, event->start_mark);
    for (const struct anchor *anchor = reader->anchors; anchor != NULL; anchor = anchor->next) {
        if (strcmp(anchor->name, name) != 0)
            continue;
        if (anchor->node == NULL)
            loader_complain(reader->loader, at, "alias '*%.40s' stands inside its own anchor",
                            name);
        return anchor->node;
    }
    loader_complain(reader->loader, at, "alias '*%.40s' has no anchor '&%.40s' before it", name,
                    name);
    return node_create(reader->loader, NODE_BROKEN, at);
}

/* Copies entries whose keys the map does not have yet. */
static bool merge_map(struct reader *reader, struct node *map, const struct node *from)
{
    if (!node_index(reader->loader, map))
        return false;
    size_t own = map->count;
    for (size_t i = 0; i < from->count; i++) {
        if (!loader_visit(reader->loader, from))
            return false;
        struct node view = *map;
        view.count = own;
        if (node_find(&view, from->entries[i].key) == NULL &&
            !node_put(reader->loader, map, &from->entries[i]))
            return false;
    }
    return true;
}

/* `<<: *a` or `<<: [*a, *b]`: own keys win, then the first map of the list that has the key. */
static bool apply_merge(struct reader *reader, struct node *map, const struct node *merge)
{
    if (merge->kind == NODE_BROKEN)
        return true;
    if (merge->kind == NODE_MAP)
        return merge_map(reader, map, merge);
    bool valid = merge->kind == NODE_LIST;
    for (size_t i = 0; valid && i < merge->count; i++) {
        valid = merge->items[i]->kind == NODE_MAP;
        if (valid && !merge_map(reader, map, merge->items[i]))
            return false;
    }
    if (!valid)
        loader_complain(reader->loader, merge->at,
                        "'<<' takes a mapping or a list of mappings, usually an alias");
    return true;
}

static void complain_duplicates(struct reader *reader, const struct node *map)
{
    for (size_t i = 1; i < map->count; i++) {
        const struct entry *first = &map->entries[map->by_key[i - 1]];
        const struct entry *again = &map->entries[map->by_key[i]];
        if (strcmp(first->key, again->key) == 0)
            loader_complain(reader->loader, again->at,
                            "key '%.60s' is given twice, first on line %u", again->key,
                            first->at.line + 1);
    }
}

/* ---- Nodes ---------------------------------------------------------------------------------- */

static struct node *read_node(struct reader *reader, yaml_event_t *event, unsigned depth);

static struct node *read_scalar(struct reader *reader, const yaml_event_t *event)
{
    struct loader *loader = reader->loader;
    struct node *node = node_create(loader, NODE_SCALAR, place_of(reader, event->start_mark));
    if (node == NULL)
        return NULL;
    const char *value = (const char *)event->data.scalar.value;
    if (strlen(value) != event->data.scalar.length) {
        refuse(reader, event->start_mark, "a text must not contain a zero byte");
        return NULL;
    }
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = arena_copy(loader->arena, value, event->data.scalar.length);
    loader->no_memory |= node->text == NULL;
    return node->text != NULL ? node : NULL;
}

static struct node *read_list(struct reader *reader, yaml_mark_t mark, unsigned depth)
{
    struct node *list = node_create(reader->loader, NODE_LIST, place_of(reader, mark));
    yaml_event_t event;
    while (list != NULL && next_event(reader, &event)) {
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return list;
        }
        struct node *item = read_node(reader, &event, depth + 1);
        if (item == NULL || !node_append(reader->loader, list, item))
            return NULL;
    }
    return NULL;
}

/* One key and its value; the key's event is consumed. */
static bool read_entry(struct reader *reader, yaml_event_t *event, struct node *map,
                       struct node **ret_merge, unsigned depth)
{
    struct node *key = read_node(reader, event, depth + 1);
    if (key == NULL)
        return false;
    if (key->kind != NODE_SCALAR) {
        loader_complain(reader->loader, key->at, "a key must be a single value, not %s",
                        node_kind_text(key));
        return false;
    }
    yaml_event_t next;
    if (!next_event(reader, &next))
        return false;
    struct node *value = read_node(reader, &next, depth + 1);
    if (value == NULL)
        return false;
    if (key->plain && strcmp(key->text, "<<") == 0) {
        if (*ret_merge != NULL)
            loader_complain(reader->loader, key->at,
                            "'<<' is given twice; write one list: '<<: [*a, *b]'");
        *ret_merge = value;
        return true;
    }
    return node_put(reader->loader, map, &(struct entry){key->text, key->at, value});
}

static struct node *read_map(struct reader *reader, yaml_mark_t mark, unsigned depth)
{
    struct node *map = node_create(reader->loader, NODE_MAP, place_of(reader, mark));
    struct node *merge = NULL;
    yaml_event_t event;
    while (map != NULL && next_event(reader, &event)) {
        if (event.type != YAML_MAPPING_END_EVENT) {
            if (!read_entry(reader, &event, map, &merge, depth))
                return NULL;
            continue;
        }
        map->end = place_of(reader, event.end_mark);
        yaml_event_delete(&event);
        if (!node_index(reader->loader, map))
            return NULL;
        complain_duplicates(reader, map);
        if (merge != NULL && (!apply_merge(reader, map, merge) || !node_index(reader->loader, map)))
            return NULL;
        return map;
    }
    return NULL;
}

/* What stands before a node's contents: tag and anchor. */
static bool has_tag(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.tag != NULL;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.tag != NULL;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.tag != NULL;
    default:
        return false;
    }
}

static const yaml_char_t *anchor_name(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor;
    default:
        return NULL;
    }
}

static struct node *read_content(struct reader *reader, const yaml_event_t *event, unsigned depth)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        return read_list(reader, event->start_mark, depth);
    case YAML_MAPPING_START_EVENT:
        return read_map(reader, event->start_mark, depth);
    default:
        return resolve_alias(reader, event);
    }
}

static bool within_limits(struct reader *reader, const yaml_event_t *event, unsigned depth)
{
    if (++reader->loader->nodes > NODE_COUNT_MAX)
        return refuse(reader, event->start_mark, "the scenario has more than 100000 nodes");
    if (depth > NODE_HEIGHT_MAX)
        return refuse(reader, event->start_mark, "nested more than 64 levels deep");
    if (has_tag(event))
        refuse(reader, event->start_mark, "tags ('!...') are not used in scenarios");
    return true;
}

/* Consumes the event and all that belongs to its node. */
static struct node *read_node(struct reader *reader, yaml_event_t *event, unsigned depth)
{
    struct node *node = NULL;
    struct anchor *anchor = NULL;
    const yaml_char_t *name = anchor_name(event);
    if (within_limits(reader, event, depth) &&
        (name == NULL || (anchor = declare_anchor(reader, name)) != NULL))
        node = read_content(reader, event, depth);
    if (node != NULL && node->height > NODE_HEIGHT_MAX) {
        refuse(reader, event->start_mark, "nested more than 64 levels deep, aliases followed");
        node = NULL;
    }
    if (anchor != NULL)
        anchor->node = node;
    yaml_event_delete(event);
    return node;
}

/* ---- Documents ------------------------------------------------------------------------------ */

static struct node *read_document(struct reader *reader)
{
    yaml_event_t event;
    if (!next_event(reader, &event)) /* stream start */
        return NULL;
    yaml_event_delete(&event);
    if (!next_event(reader, &event))
        return NULL;
    bool is_empty = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
    if (is_empty) {
        loader_complain(reader->loader, (struct place){reader->source, 0, 0, false},
                        "the %s is empty",
                        reader->loader->sources[reader->source].is_set ? "value" : "file");
        return NULL;
    }
    if (!next_event(reader, &event))
        return NULL;
    struct node *root = read_node(reader, &event, 1);
    if (root == NULL || !next_event(reader, &event)) /* document end */
        return NULL;
    yaml_event_delete(&event);
    if (!next_event(reader, &event))
        return NULL;
    bool ended = event.type == YAML_STREAM_END_EVENT;
    if (!ended)
        refuse(reader, event.start_mark, "a file holds one document; a second one starts here");
    yaml_event_delete(&event);
    return ended ? root : NULL;
}

struct node *reader_parse(struct loader *loader, uint32_t source)
{
    struct reader reader = {.loader = loader, .source = source};
    const struct source *from = &loader->sources[source];
    if (!yaml_parser_initialize(&reader.parser)) {
        loader->no_memory = true;
        return NULL;
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)from->text,
                                 from->text_bytes);
    struct node *root = read_document(&reader);
    yaml_parser_delete(&reader.parser);
    return root;
}
