/*
 * trace.h: keeps what an epoch traces: vectors and matrices of raw fixed-point bits by label.
 */
#ifndef REPLAY_TRACE_H
#define REPLAY_TRACE_H

#include "base/fixed.h"
#include "chain/mechanism.h"

/* One row of a matrix, or the only row of a vector. */
struct trace_row {
    uint32_t count;
    uint32_t *column; /* NULL for dense rows */
    fixed_i128 *value;
};

struct trace_record {
    char label[64];
    unsigned occurrence; /* of the label in this epoch, from 1 */
    bool matrix;
    struct trace_row *rows;
    uint32_t row_count;
};

struct trace {
    struct mechanism_trace sink; /* give its address to mechanism_epoch() */
    struct trace_record *records;
    size_t count, capacity;
    bool failed; /* out of memory: records are missing */
};

/* `trace` must not move afterwards. */
void trace_init(struct trace *trace);
void trace_release(struct trace *trace);

/* The record of a label; occurrence 0 is the last one.  NULL: none. */
const struct trace_record *trace_find(const struct trace *trace, const char *label,
                                      unsigned occurrence);

#endif
