/*
 * show.h: a result as text: what it holds, and its tables, for people and for CSV readers.
 *
 * Integers are printed exactly, labelled values by name (in CSV by number), times in the units
 * of the schema.
 */
#ifndef ANALYSIS_SHOW_H
#define ANALYSIS_SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "record/reader.h"

/* Head, then every table with its rows, then the variables of each. */
void show_summary(struct reader *reader, FILE *file);

struct show_options {
    bool csv;       /* else aligned columns */
    uint64_t first; /* rows to leave out at the start */
    uint64_t count; /* rows at most; 0 = all */
};
/* `table`: attributes, provenance, epochs, neurons (a row an epoch and slot), networks, groups,
 * corpus, hotkeys, events, set_weights, set_weights/entry, weights, weights/entry, bonds,
 * bonds/entry, or the path of one variable ("stake_rao": a row an epoch, a column a slot).
 * SIM_CONFIG: no such table, with the names there are. */
SIM_CHECKED enum sim_status show_table(struct reader *reader, const char *table,
                                       const struct show_options *options, FILE *file,
                                       struct sim_error *err);

/* The schema's tables as Markdown: the generated part of docs/RESULTS.md. */
void show_schema_markdown(FILE *file);

/* One cell of a line, of at least this width; in CSV a comma before every cell but the first, and
 * cells with a comma, quote or new line in quotes. */
void show_cell(FILE *file, const char *text, bool csv, int width, bool first);

#endif
