/*
 * document.h: a YAML file of another form than a scenario, such as a study's: its tree, with
 * places for messages.
 *
 * The same reader, with the same limits and complaints, anchors and merge keys; what the tree means
 * is the caller's business.  Values for scenarios go on as texts, `config_set`s, so that a study's
 * values are checked by the scenario's own tables.
 */
#ifndef CONFIG_DOCUMENT_H
#define CONFIG_DOCUMENT_H

#include "config/config.h"

struct config_document;
struct node; /* belongs to the document */

enum document_kind { DOCUMENT_SCALAR, DOCUMENT_MAP, DOCUMENT_LIST };

/* Reads a file (`text` != NULL: its contents) whose root is a mapping.  Errors as config_load. */
SIM_CHECKED enum sim_status document_read(const char *path, const char *text, size_t text_bytes,
                                          struct config_document **ret_document,
                                          struct config_report *report, struct sim_error *err);

/* Accepts NULL.  Always returns NULL. */
struct config_document *document_free(struct config_document *document);

const struct node *document_root(const struct config_document *document);
enum document_kind document_kind(const struct node *node);

/* Entries of a map or items of a list, in the file's order; 0 for a scalar. */
size_t document_count(const struct node *node);
const char *document_key(const struct node *map, size_t index);
const struct node *document_item(const struct node *node, size_t index);

/* The value of a key; NULL if it is absent or `node` is no map. */
const struct node *document_find(const struct node *node, const char *key);

/* A scalar's text, quotes resolved; NULL for a map or list. */
const char *document_text(const struct node *node);

/* The node as YAML on one line, as the value of a config_set; heap, NULL when out of memory. */
char *document_flow(const struct node *node);

/* "study.yaml:12:3", as the label of a config_set. */
void document_place(const struct config_document *document, const struct node *node, char *ret_text,
                    size_t bytes);

/* Adds a message at a node, or at the key of an entry with `node` its map and `index` < count. */
void document_complain(const struct config_document *document, struct config_report *report,
                       const struct node *node, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void document_complain_key(const struct config_document *document, struct config_report *report,
                           const struct node *map, size_t index, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
