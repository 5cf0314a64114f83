#include "config/document.h"

#include "config/load.h"
#include "config/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_BYTES = 1000 };

struct config_document {
    struct arena arena;
    struct source source; /* everything in it is the arena's */
    const struct node *root;
};

/* Steps over all that aliases stand for, so that the caller's walks are bounded too. */
static bool walk(struct loader *loader, const struct node *node)
{
    if (!loader_visit(loader, node))
        return false;
    for (size_t i = 0; i < node->count; i++)
        if (!walk(loader, document_item(node, i)))
            return false;
    return true;
}

enum sim_status document_read(const char *path, const char *text, size_t text_bytes,
                              struct config_document **ret_document, struct config_report *report,
                              struct sim_error *err)
{
    struct config_document *document = calloc(1, sizeof(*document));
    if (document == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for '%s'", path);
    struct sim_error io = {0};
    struct loader loader = {.arena = &document->arena};
    struct config_input input = {.path = path, .text = text, .text_bytes = text_bytes};
    enum sim_status status = SIM_OK;
    struct node *root = load_plain(&loader, &input, &io);
    document->root = root != NULL && walk(&loader, root) ? root : NULL;
    if (loader.no_memory)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for '%s'", path);
    else if (io.status != SIM_OK)
        status = SIM_FAIL(err, io.status, "%s", io.text);
    else if (loader.report.count > 0)
        status = loader_fail(&loader, report, err);
    if (status == SIM_OK) {
        document->source = loader.sources[0];
        *ret_document = document;
    } else {
        document_free(document);
    }
    loader_release(&loader);
    return status;
}

struct config_document *document_free(struct config_document *document)
{
    if (document != NULL)
        arena_release(&document->arena);
    free(document);
    return NULL;
}

const struct node *document_root(const struct config_document *document)
{
    return document->root;
}

enum document_kind document_kind(const struct node *node)
{
    if (node->kind == NODE_MAP)
        return DOCUMENT_MAP;
    return node->kind == NODE_LIST ? DOCUMENT_LIST : DOCUMENT_SCALAR;
}

size_t document_count(const struct node *node)
{
    return node->count;
}

const char *document_key(const struct node *map, size_t index)
{
    SIM_ASSERT(map->kind == NODE_MAP && index < map->count);
    return map->entries[index].key;
}

const struct node *document_item(const struct node *node, size_t index)
{
    SIM_ASSERT(index < node->count);
    return node->kind == NODE_MAP ? node->entries[index].value : node->items[index];
}

const struct node *document_find(const struct node *node, const char *key)
{
    const struct entry *entry = node->kind == NODE_MAP ? node_find(node, key) : NULL;
    return entry != NULL ? entry->value : NULL;
}

const char *document_text(const struct node *node)
{
    return node->kind == NODE_SCALAR ? node->text : NULL;
}

/* Numbers and the like stay bare, for their quotes would make them texts. */
static void add_flow(struct text *text, const struct node *node)
{
    if (node->kind == NODE_SCALAR && node_is_typed(node)) {
        text_add(text, "%s", *node->text != '\0' ? node->text : "~");
    } else if (node->kind == NODE_SCALAR) {
        text_add_yaml(text, node->text);
    } else {
        bool is_map = node->kind == NODE_MAP;
        text_add(text, is_map ? "{" : "[");
        for (size_t i = 0; i < node->count; i++) {
            text_add(text, "%s", i > 0 ? ", " : "");
            if (is_map)
                text_add_yaml(text, node->entries[i].key);
            text_add(text, "%s", is_map ? ": " : "");
            add_flow(text, document_item(node, i));
        }
        text_add(text, is_map ? "}" : "]");
    }
}

char *document_flow(const struct node *node)
{
    struct text text = {0};
    add_flow(&text, node);
    return text_take(&text);
}

void document_place(const struct config_document *document, const struct node *node, char *ret_text,
                    size_t bytes)
{
    snprintf(ret_text, bytes, "%s:%u:%u", document->source.name, node->at.line + 1,
             node->at.column + 1);
}

static void complain(const struct config_document *document, struct config_report *report,
                     struct place at, const char *format, va_list arguments)
{
    char message[MESSAGE_BYTES], place[MESSAGE_BYTES];
    vsnprintf(message, sizeof(message), format, arguments);
    snprintf(place, sizeof(place), "%s:%u:%u", document->source.name, at.line + 1, at.column + 1);
    /* Without memory the message is lost, the caller's failure is not. */
    (void)loader_report_add(report, place, message, loader_excerpt(&document->source, at));
}

void document_complain(const struct config_document *document, struct config_report *report,
                       const struct node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(document, report, node->at, format, arguments);
    va_end(arguments);
}

void document_complain_key(const struct config_document *document, struct config_report *report,
                           const struct node *map, size_t index, const char *format, ...)
{
    SIM_ASSERT(map->kind == NODE_MAP && index < map->count);
    va_list arguments;
    va_start(arguments, format);
    complain(document, report, map->entries[index].at, format, arguments);
    va_end(arguments);
}
