/*
 * loader.h: one reading of a scenario: its sources, and the messages about them.
 *
 * Internal to sim/config.
 */
#ifndef CONFIG_LOADER_H
#define CONFIG_LOADER_H

#include "config/arena.h"
#include "config/config.h"
#include "config/node.h"

enum { LOADER_MESSAGES_MAX = 200 };

struct column;
struct lines;

/* Where the items of a list of texts stand. */
struct loader_list {
    const char *const *items; /* as the field has them */
    const struct node *node;
    struct loader_list *next;
};

struct source {
    const char *name; /* "sybil.yaml" or "--set #2" */
    const char *path; /* what relative paths in it start from: the file, or the scenario's */
    const char *text; /* whole contents; the arena's */
    size_t text_bytes;
    bool is_set; /* one line without number: places are just the name */
    int rank;    /* a higher one overrides a lower one */
};

/* One reading of a scenario: where nodes, sources and messages go. */
struct loader {
    bool sets_differ; /* two sets of one key are an error */
    bool stored;      /* see struct config_input */
    const struct config_schema *schema;
    struct arena *arena;
    struct source *sources; /* (source_count), heap */
    size_t source_count;
    struct config_report report;  /* handed to the caller at the end */
    struct place *message_places; /* (report.count), heap */
    size_t nodes;                 /* made by the reader */
    size_t visits;                /* steps of all walks so far */
    size_t visits_before;         /* when the current check began: each may take NODE_COUNT_MAX */
    struct column *columns;       /* files of numbers read so far; value_dist.c */
    struct lines *lines;          /* files of lines; value.c */
    struct loader_list *lists;    /* all lists of texts */
    bool over_budget;             /* said once */
    bool no_memory;
};

/* False when out of memory (loader->no_memory is set). */
bool loader_add_source(struct loader *loader, const struct source *source, uint32_t *ret_index);

/* Counts one step; false when the budget is used up, which is reported once, at `node`. */
bool loader_visit(struct loader *loader, const struct node *node);

/* Adds one message with place, source line and caret, unless the same stands there already or
 * there are LOADER_MESSAGES_MAX. */
void loader_complain(struct loader *loader, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds to any report; takes `excerpt`.  False when out of memory. */
bool loader_report_add(struct config_report *report, const char *place, const char *text,
                       char *excerpt);

/* The source line and a caret; heap, NULL when out of memory. */
char *loader_excerpt(const struct source *source, struct place at);

/* The byte at a place, or 0 behind the end of its line. */
char loader_character(const struct source *source, struct place at);

/* Hands the messages over, sorted by source, line and column, with the first of them in `err`;
 * `report` may be NULL.  SIM_CONFIG.  There must be a message. */
enum sim_status loader_fail(struct loader *loader, struct config_report *report,
                            struct sim_error *err);

/* Messages and sources; the arena is not the loader's. */
void loader_release(struct loader *loader);

/* A path written in the source of `at`, relative to that source's folder. */
void loader_relative_path(const struct loader *loader, struct place at, const char *path,
                          char *ret_path, size_t bytes);

/* "name:line:column", or the name alone for a set. */
void loader_place_text(const struct loader *loader, struct place at, char *text, size_t bytes);

#endif
