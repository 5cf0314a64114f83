#include "golden/golden_trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void compare_dense(struct golden *golden, const struct trace_row *row,
                          const struct json_value *expected, const char *label)
{
    if (expected->kind != JSON_ARRAY) {
        golden_number(golden, expected, row->value[0], label, 0);
        return;
    }
    if (json_count(expected) != row->count) {
        golden_differs(golden, "%s: expected %zu numbers, got %" PRIu32, label,
                       json_count(expected), row->count);
        return;
    }
    for (uint32_t k = 0; k < row->count; k++)
        golden_number(golden, json_item(expected, k), row->value[k], label, k);
}

/* Pairs of column and value, in the chain's own order. */
static void compare_sparse(struct golden *golden, const struct trace_row *row,
                           const struct json_value *expected, const char *label)
{
    if (json_count(expected) != row->count) {
        golden_differs(golden, "%s: expected %zu entries, got %" PRIu32, label,
                       json_count(expected), row->count);
        return;
    }
    for (uint32_t k = 0; k < row->count; k++) {
        const struct json_value *pair = json_item(expected, k);
        if (json_count(pair) != 2) {
            golden_differs(golden, "%s: entry %" PRIu32 " is no pair", label, k);
            return;
        }
        golden_number(golden, json_item(pair, 0), row->column[k], label, k);
        golden_number(golden, json_item(pair, 1), row->value[k], label, k);
    }
}

static void compare_record(struct golden *golden, const struct trace_record *record,
                           const struct json_value *expected)
{
    char label[96];
    if (!record->matrix) {
        compare_dense(golden, &record->rows[0], expected, record->label);
        return;
    }
    if (json_count(expected) != record->row_count) {
        golden_differs(golden, "%s: expected %zu rows, got %" PRIu32, record->label,
                       json_count(expected), record->row_count);
        return;
    }
    for (uint32_t r = 0; r < record->row_count; r++) {
        const struct trace_row *row = &record->rows[r];
        snprintf(label, sizeof(label), "%s row %" PRIu32, record->label, r);
        if (row->column == NULL)
            compare_dense(golden, row, json_item(expected, r), label);
        else
            compare_sparse(golden, row, json_item(expected, r), label);
    }
}

void golden_trace_compare_one(const struct trace *trace, struct golden *golden, const char *label,
                              unsigned occurrence, const struct json_value *expected)
{
    const struct trace_record *record = trace_find(trace, label, occurrence);
    if (record == NULL)
        golden_differs(golden, "nothing was traced as '%s' (%u)", label, occurrence);
    else
        compare_record(golden, record, expected);
}

void golden_trace_compare(const struct trace *trace, struct golden *golden,
                          const struct json_value *fx)
{
    for (size_t i = 0; i < json_count(fx); i++) {
        const struct json_value *expected = json_item(fx, i);
        char label[64];
        snprintf(label, sizeof(label), "%s", expected->name);
        char *mark = strchr(label, '#');
        unsigned occurrence = mark == NULL ? 1 : (unsigned)atoi(mark + 1);
        if (mark != NULL)
            *mark = '\0';
        for (size_t k = 0; k < i; k++)
            occurrence += strcmp(json_item(fx, k)->name, expected->name) == 0;
        golden_trace_compare_one(trace, golden, label, occurrence, expected);
    }
}
