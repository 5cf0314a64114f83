/*
 * node.h: what a YAML file says, before anybody checks it: nodes that know where they stand.
 *
 * Internal to sim/config.  A tree is a graph without cycles: an alias shares its anchor's node.
 * Its height is at most NODE_HEIGHT_MAX, so recursion over it is safe; how often nodes are visited
 * is not bounded by their number, so every walk counts its steps with loader_visit.
 */
#ifndef CONFIG_NODE_H
#define CONFIG_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loader;

enum { NODE_HEIGHT_MAX = 64, NODE_COUNT_MAX = 100000, NODE_STEPS_MAX = 2000000 };

/* Line and column count characters from 0. */
struct place {
    uint32_t source; /* index into loader.sources */
    uint32_t line, column;
    bool inherited; /* a group has it from the top level, which keeps it too */
};

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
