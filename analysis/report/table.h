/*
 * table.h: the numbers of a report, as named columns; written as JSON into the page or as CSV.
 */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

struct report_column {
    char name[64];
    char units[24];
    double *numbers; /* (rows), owned; NaN = not known; NULL for a column of texts */
    char **texts;    /* (rows), owned; NULL for a column of numbers */
};

struct report_table {
    char name[32];
    size_t rows;
    struct report_column *columns;
    size_t column_count;
};

/* Tables are found by name; memory that was not to be had is noted and reported at the end. */
struct report_tables {
    struct report_table *items;
    size_t count;
    bool out_of_memory;
};

void report_tables_release(struct report_tables *tables);
/* A new table; NULL when out of memory (noted).  The pointer holds until the next one is added. */
struct report_table *report_table_add(struct report_tables *tables, const char *name, size_t rows);
/* A new column of NaN; NULL when out of memory (noted), also when `table` is NULL. */
double *report_table_numbers(struct report_tables *tables, struct report_table *table,
                             const char *name, const char *units);
/* A column by name that is there already, or NULL. */
double *report_table_find(const struct report_table *table, const char *name);
/* A new column of texts: rows of NULL, to be set with report_text_set. */
char **report_table_texts(struct report_tables *tables, struct report_table *table,
                          const char *name);
/* Copies. */
void report_text_set(struct report_tables *tables, char **texts, size_t row, const char *text);

/* {"name": {"rows": n, "columns": {"name": {"units": "...", "values": [...]}}}}; safe inside a
 * script element. */
void report_tables_print_json(const struct report_tables *tables, FILE *file);
/* A string literal of JSON that is safe inside a script element. */
void report_print_json_text(FILE *file, const char *text);
/* One table: a header line name [units], then rows; '.' as decimal point, empty = not known. */
void report_table_print_csv(const struct report_table *table, FILE *file);

#endif
