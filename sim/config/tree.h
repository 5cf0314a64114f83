/*
 * tree.h: what a YAML file says, before anybody checks it: nodes that know where they stand.
 *
 * Internal to sim/config.  A tree is a graph without cycles: an alias shares its anchor's node.
 * Its height is at most TREE_HEIGHT_MAX, so recursion over it is safe; how often nodes are visited
 * is not bounded by their number, so every walk counts its steps with loader_visit.
 */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include "config/config.h"

enum {
    TREE_HEIGHT_MAX = 64,
    TREE_NODES_MAX = 100000,
    TREE_FILE_BYTES_MAX = 4 << 20,
    TREE_BASES_MAX = 16,
    TREE_MESSAGES_MAX = 200
};

/* ---- Memory: everything of a config is freed at once ---------------------------------------- */

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
};

/* Zeroed, aligned for any type; NULL when out of memory. */
void *arena_alloc(struct arena *arena, size_t bytes);
char *arena_copy(struct arena *arena, const char *text, size_t bytes);
void arena_release(struct arena *arena);

/* ---- Places and messages -------------------------------------------------------------------- */

/* Line and column count characters from 0. */
struct place {
    uint32_t source; /* index into loader.sources */
    uint32_t line, column;
};

struct source {
    const char *name; /* "sybil.yaml" or "--set #2" */
    const char *path; /* what relative paths in it start from: the file, or the scenario's */
    const char *text; /* whole contents; the arena's */
    size_t text_bytes;
    bool is_set; /* one line without number: places are just the name */
    int rank;    /* a higher one overrides a lower one */
};

struct node;

/* One reading of a scenario: where nodes, sources and messages go. */
struct loader {
    const struct config_schema *schema;
    struct arena *arena;
    struct source *sources; /* (source_count), heap */
    size_t source_count;
    struct config_report report;  /* handed to the caller at the end */
    struct place *message_places; /* (report.count), heap */
    size_t nodes;                 /* made by the reader */
    size_t visits;                /* steps of all walks of the current check */
    bool over_budget;             /* said once */
    bool no_memory;
};

/* False when out of memory (loader->no_memory is set). */
bool loader_add_source(struct loader *loader, const struct source *source, uint32_t *ret_index);

/* Counts one step; false when the budget is used up, which is reported once, at `node`. */
bool loader_visit(struct loader *loader, const struct node *node);

/* Adds one message with place, source line and caret, unless the same stands there already or
 * there are TREE_MESSAGES_MAX. */
void loader_complain(struct loader *loader, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds to any report; takes `excerpt`.  False when out of memory. */
bool report_add(struct config_report *report, const char *place, const char *text, char *excerpt);

/* The source line and a caret; heap, NULL when out of memory. */
char *source_excerpt(const struct source *source, struct place at);

/* Messages by source, line and column. */
void loader_sort_messages(struct loader *loader);

/* A path written in the source of `at`, relative to that source's folder. */
void loader_relative_path(const struct loader *loader, struct place at, const char *path,
                          char *ret_path, size_t bytes);

/* "name:line:column", or the name alone for a set. */
void loader_place_text(const struct loader *loader, struct place at, char *text, size_t bytes);

/* ---- Nodes ---------------------------------------------------------------------------------- */

/* BROKEN stands where something was complained about already; checks pass over it in silence. */
enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST, NODE_BROKEN };

struct entry {
    const char *key;
    struct place at; /* of the key */
    struct node *value;
};

struct node {
    enum node_kind kind;
    bool plain;      /* scalar: not quoted */
    unsigned height; /* 1 for a scalar */
    struct place at;
    struct place end;      /* map: of its last character */
    const char *text;      /* scalar */
    struct entry *entries; /* (count) map, in the file's order */
    uint32_t *by_key;      /* (count) map: indices of the entries, sorted by key and index */
    struct node **items;   /* (count) list */
    size_t count, capacity;
};

struct node *node_create(struct loader *loader, enum node_kind kind, struct place at);
bool node_append(struct loader *loader, struct node *list, struct node *item);
bool node_put(struct loader *loader, struct node *map, const struct entry *entry);

/* To be called when a map is complete: fills by_key. */
bool node_index(struct loader *loader, struct node *map);

/* The first entry of that key; NULL if there is none. */
const struct entry *node_find(const struct node *map, const char *key);

/* A plain empty text, ~ or null. */
bool node_is_null(const struct node *node);

/* A plain scalar that YAML takes for a number, a truth value or nothing. */
bool node_is_typed(const struct node *node);

/* "a mapping", "a list", "a single value": for messages. */
const char *node_kind_text(const struct node *node);

#endif
