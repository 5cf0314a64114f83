/*
 * filter.h: which lines of text are kept: no duplicates, no licences.
 *
 * One filter serves all domains of a corpus, so a line that two of them share stays in the first
 * alone; otherwise held-out text of one would be training text of the other.
 */
#ifndef CORPUS_FILTER_H
#define CORPUS_FILTER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Shorter lines (headings, table cells, "see also") repeat by nature and are always kept. */
enum { FILTER_SHORTEST_TOKENS = 32 };

struct filter {
    uint64_t *seen; /* open addressing; 0 = free */
    size_t capacity, count;
    uint64_t duplicate_lines, licence_lines;
};

void filter_init(struct filter *filter);
void filter_release(struct filter *filter);

/* Notes the line (its tokens) as seen; *ret_new says whether it was not seen before. */
SIM_CHECKED enum sim_status filter_see(struct filter *filter, const uint8_t *tokens, size_t count,
                                       bool *ret_new, struct sim_error *err);

/* True for the stock phrases of licences and disclaimers. */
bool filter_is_licence(const char *line, size_t size_bytes);

#endif
