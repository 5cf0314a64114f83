/*
 * golden_trace.h: keeps what an epoch traces, to be compared with a vector's raw intermediates.
 */
#ifndef TESTS_GOLDEN_TRACE_H
#define TESTS_GOLDEN_TRACE_H

#include "chain/mechanism.h"
#include "golden/golden.h"

struct golden_record; /* one label's vector or matrix */

struct golden_trace {
    struct mechanism_trace sink; /* give its address to mechanism_epoch() */
    struct golden_record *records;
    size_t count, capacity;
};

/* `trace` must not move afterwards. */
void golden_trace_init(struct golden_trace *trace);
void golden_trace_release(struct golden_trace *trace);

/* Compares every member of the vector's `fx` object; "label#2", or the
 * label given for the second time, is its second record. */
void golden_trace_compare(const struct golden_trace *trace, struct golden *golden,
                          const struct json_value *fx);

/* The same for one label. */
void golden_trace_compare_one(const struct golden_trace *trace, struct golden *golden,
                              const char *label, unsigned occurrence,
                              const struct json_value *expected);

#endif
