/*
 * sweep_table.h: how a sweep stands, on stderr.
 *
 * On a terminal a table with a row a worker, rewritten a few times a second; elsewhere a line each
 * 30 s.
 */
#ifndef CLI_SWEEP_TABLE_H
#define CLI_SWEEP_TABLE_H

#include "sweep/pool.h"

struct sweep_table {
    const char *name;
    bool quiet, terminal;
    size_t lines; /* drawn last, to be overwritten */
    double last_s;
    size_t failures_told;
};

void sweep_table_init(struct sweep_table *table, const char *name, bool quiet);
/* The pool's callbacks; context = the table. */
void sweep_table_update(void *table, const struct pool_status *status);
void sweep_table_failed(void *table, size_t task, const char *reason);
/* The last state, once. */
void sweep_table_end(struct sweep_table *table, const struct pool_status *status);

#endif
