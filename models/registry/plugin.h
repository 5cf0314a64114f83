/*
 * plugin.h: parts of a user's own, from shared objects.
 *
 * `mechanism: ./fair.so` in a scenario opens the file, takes its symbol `taosim_mechanism` and lets
 * its parameters be checked like those of a built-in one; likewise taosim_model, taosim_corpus,
 * taosim_scorer, taosim_router, taosim_strategy.  What the symbol is stands in the header of the
 * interface (chain/mechanism.h: a struct mechanism_ops; agent/strategy.h: a struct strategy_plugin;
 * the others like that).
 *
 * The table that a scenario sees is named by the file's absolute path, so that a resolved scenario
 * finds it from any folder, and has one key more, `sha256`: the checksum of the file.  The resolved
 * scenario says it; a file with another one is refused (plugin_check), so that a run is never
 * continued or verified with other code than it was made with.
 *
 * A file stays loaded until the process ends: tables and code point into it.
 */
#ifndef REGISTRY_PLUGIN_H
#define REGISTRY_PLUGIN_H

#include "base/error.h"
#include "base/param.h"
#include "registry/registry.h"

#include <stddef.h>

struct plugin_item;

/* The files opened so far; start it as {0}. */
struct plugin_list {
    struct plugin_item **items;
    size_t count;
};

/* The table of the file's part of that kind; the same one when it is opened again.  Lives as long
 * as the list.  SIM_CONFIG, naming the file: not there, no shared object, no such symbol, built for
 * another version of the interface, or not complete; SIM_MEMORY. */
SIM_CHECKED enum sim_status plugin_open(struct plugin_list *list, enum registry_kind kind,
                                        const char *path, const struct param_table **ret_table,
                                        struct sim_error *err);
/* The first kind that the file has a part of.  SIM_CONFIG when there is none. */
SIM_CHECKED enum sim_status plugin_kind(const char *path, enum registry_kind *ret_kind,
                                        struct sim_error *err);
/* Forgets the tables.  Accepts a zeroed list. */
void plugin_release(struct plugin_list *list);

/* The operations behind a table of plugin_open(), of the type that belongs to `kind`; NULL for any
 * other table. */
const void *plugin_operations(const struct plugin_list *list, enum registry_kind kind,
                              const struct param_table *table);
/* The file's SHA-256 in hex; NULL for any other table. */
const char *plugin_sha256(const struct plugin_list *list, const struct param_table *table);
/* SIM_CONFIG when `values` of that table were made with another file; SIM_OK for any other table.
 */
SIM_CHECKED enum sim_status plugin_check(const struct plugin_list *list,
                                         const struct param_table *table, const void *values,
                                         struct sim_error *err);

#endif
