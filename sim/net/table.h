/*
 * table.h: a file of comma-separated numbers under a line of names (private to sim/net).
 */
#ifndef NET_TABLE_H
#define NET_TABLE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 32, TABLE_LINE_BYTES = 4096 };

struct table {
    const char *path;
    FILE *file;
    int line_number;
    char names[TABLE_LINE_BYTES]; /* the first line, cut into fields */
    char line[TABLE_LINE_BYTES];  /* the present one, cut into fields */
    const char *name[TABLE_COLUMNS_MAX];
    const char *field[TABLE_COLUMNS_MAX];
    int name_count, field_count;
};

/* Opens the file and reads its first line.  `path` must outlive the table.  SIM_IO, SIM_CONFIG.
 * table_close is needed after success only. */
SIM_CHECKED enum sim_status table_open(struct table *table, const char *path,
                                       struct sim_error *err);
void table_close(struct table *table);
/* The number of the column of that name; SIM_CONFIG when there is none, unless ret_column may
 * become -1 (optional). */
SIM_CHECKED enum sim_status table_column(const struct table *table, const char *name, bool optional,
                                         int *ret_column, struct sim_error *err);
/* The next line that is not empty; *ret_row is false at the end of the file. */
SIM_CHECKED enum sim_status table_next(struct table *table, bool *ret_row, struct sim_error *err);
/* Numbers of the present line; SIM_CONFIG naming line and column.  A real is finite and within
 * 0..max. */
SIM_CHECKED enum sim_status table_real(const struct table *table, int column, double max,
                                       double *ret_value, struct sim_error *err);
/* Within 0..max, but not 0. */
SIM_CHECKED enum sim_status table_positive(const struct table *table, int column, double max,
                                           double *ret_value, struct sim_error *err);
SIM_CHECKED enum sim_status table_whole(const struct table *table, int column, uint64_t max,
                                        uint64_t *ret_value, struct sim_error *err);

#endif
