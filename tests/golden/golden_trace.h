/*
 * golden_trace.h: compares what an epoch traced with a vector's raw intermediates.
 */
#ifndef TESTS_GOLDEN_TRACE_H
#define TESTS_GOLDEN_TRACE_H

#include "golden/golden.h"
#include "replay/trace.h"

/* Compares every member of the vector's `fx` object; "label#2", or the
 * label given for the second time, is its second record. */
void golden_trace_compare(const struct trace *trace, struct golden *golden,
                          const struct json_value *fx);

/* The same for one label. */
void golden_trace_compare_one(const struct trace *trace, struct golden *golden, const char *label,
                              unsigned occurrence, const struct json_value *expected);

#endif
