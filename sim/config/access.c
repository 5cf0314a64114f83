/* Reading a config that is ready. */
#include "config/resolve.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct config_block *config_root(const struct config *config)
{
    return &config->root;
}

static const struct config_block *child_named(const struct config_block *block, const char *name,
                                              size_t length)
{
    for (size_t i = 0; i < block->block_count; i++)
        if (strlen(block->blocks[i].name) == length &&
            memcmp(block->blocks[i].name, name, length) == 0)
            return &block->blocks[i];
    return NULL;
}

const struct config_block *config_child(const struct config_block *block, const char *key)
{
    return child_named(block, key, strlen(key));
}

const struct config_block *access_below(const struct config_block *block, const char *path)
{
    while (block != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        block = child_named(block, path, length);
        path += length + (path[length] == '.');
    }
    return block;
}

const struct config_block *config_at(const struct config *config, const char *path)
{
    return access_below(&config->root, path);
}

const struct param_key *config_key_at(const struct config *config, const char *path)
{
    const char *dot = strrchr(path, '.');
    char parent[512];
    snprintf(parent, sizeof(parent), "%.*s", dot != NULL ? (int)(dot - path) : 0, path);
    const struct config_block *block = config_at(config, parent);
    return block != NULL ? resolve_key(block->table, dot != NULL ? dot + 1 : path) : NULL;
}

const void *config_values(const struct config *config, const char *path)
{
    const struct config_block *block = config_at(config, path);
    SIM_ASSERT(block != NULL);
    return block->values;
}

/* Where the key at the end of the path was given, or the deepest section on the way. */
static struct place place_of_path(const struct config *config, const char *path)
{
    const struct config_block *block = &config->root;
    struct place at = block->origin->at;
    while (*path != '\0') {
        size_t length = strcspn(path, ".");
        const struct config_block *child = child_named(block, path, length);
        if (child == NULL) {
            const struct param_key *key = resolve_key(block->table, path);
            const struct given *given =
                key != NULL ? &block->origin->keys[key - block->table->keys] : NULL;
            return given != NULL && given->state != GIVEN_NOT ? given->at : at;
        }
        block = child;
        at = block->origin->at;
        path += length + (path[length] == '.');
    }
    return at;
}

void config_complain(const struct config *config, struct config_report *report, const char *path,
                     const char *format, ...)
{
    char message[1000], place[1000];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    struct loader view = {.sources = config->sources, .source_count = config->source_count};
    struct place at = place_of_path(config, path);
    loader_place_text(&view, at, place, sizeof(place));
    /* Without memory the message is lost, the caller's failure is not. */
    (void)loader_report_add(report, place, message,
                            loader_excerpt(&config->sources[at.source], at));
}

void config_complain_item(const struct config *config, struct config_report *report,
                          const struct param_strings *list, size_t index, unsigned column,
                          const char *format, ...)
{
    char message[1000], place[1000];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    const struct loader_list *kept = config->lists;
    while (kept != NULL && kept->items != list->items)
        kept = kept->next;
    SIM_ASSERT(kept != NULL);
    struct place at = kept->node->at;
    if (index < kept->node->count) {
        const struct node *item = kept->node->items[index];
        bool quoted = loader_character(&config->sources[item->at.source], item->at) == '"';
        at = item->at;
        at.column += column + quoted;
    }
    struct loader view = {.sources = config->sources, .source_count = config->source_count};
    loader_place_text(&view, at, place, sizeof(place));
    (void)loader_report_add(report, place, message,
                            loader_excerpt(&config->sources[at.source], at));
}

const struct config *config_twin(const struct config *config)
{
    return config->twin;
}

size_t config_change_count(const struct config *config)
{
    return config->change_count;
}

const struct config_change *config_change_at(const struct config *config, size_t index)
{
    SIM_ASSERT(index < config->change_count);
    return &config->changes[index];
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
