#include "golden/golden_trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One row of a matrix, or the only row of a vector. */
struct golden_row {
    uint32_t count;
    uint32_t *column; /* NULL for dense rows */
    fixed_i128 *value;
};

struct golden_record {
    char label[64];
    unsigned occurrence; /* from 1 */
    bool matrix;
    struct golden_row *rows;
    uint32_t row_count;
};

static void *must_have(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

static struct golden_record *find(const struct golden_trace *trace, const char *label,
                                  unsigned occurrence)
{
    for (size_t i = trace->count; i > 0; i--) {
        struct golden_record *record = &trace->records[i - 1];
        if (strcmp(record->label, label) == 0 &&
            (occurrence == 0 || record->occurrence == occurrence))
            return record;
    }
    return NULL;
}

static struct golden_record *add_record(struct golden_trace *trace, const char *label, bool matrix)
{
    const struct golden_record *last = find(trace, label, 0);
    unsigned occurrence = last == NULL ? 1 : last->occurrence + 1;
    if (trace->count == trace->capacity) {
        trace->capacity = trace->capacity == 0 ? 32 : 2 * trace->capacity;
        trace->records =
            must_have(realloc(trace->records, trace->capacity * sizeof(*trace->records)));
    }
    struct golden_record *record = &trace->records[trace->count++];
    *record = (struct golden_record){.occurrence = occurrence, .matrix = matrix};
    snprintf(record->label, sizeof(record->label), "%s", label);
    return record;
}

static struct golden_row *add_row(struct golden_record *record, uint32_t count)
{
    record->rows =
        must_have(realloc(record->rows, (record->row_count + 1) * sizeof(*record->rows)));
    struct golden_row *row = &record->rows[record->row_count++];
    *row = (struct golden_row){.count = count,
                               .value = must_have(calloc(count + 1, sizeof(*row->value)))};
    return row;
}

static void keep_vector(void *context, const char *label, uint32_t count, const int64_t *value)
{
    struct golden_row *row = add_row(add_record(context, label, false), count);
    for (uint32_t i = 0; i < count; i++)
        row->value[i] = value[i];
}

static void keep_wide(void *context, const char *label, uint32_t index, uint32_t count,
                      const uint64_t value[2])
{
    if (index == 0)
        add_row(add_record(context, label, false), count);
    struct golden_record *record = find(context, label, 0);
    record->rows[0].value[index] = (fixed_i128)((fixed_u128)value[1] << 64 | value[0]);
}

static void keep_row(void *context, const char *label, uint32_t row_index, uint32_t count,
                     const uint32_t *column, const int64_t *value)
{
    struct golden_record *record =
        row_index == 0 ? add_record(context, label, true) : find(context, label, 0);
    struct golden_row *row = add_row(record, count);
    for (uint32_t k = 0; k < count; k++)
        row->value[k] = value[k];
    if (column != NULL) {
        row->column = must_have(calloc(count + 1, sizeof(*row->column)));
        for (uint32_t k = 0; k < count; k++)
            row->column[k] = column[k];
    }
}

void golden_trace_init(struct golden_trace *trace)
{
    *trace = (struct golden_trace){
        .sink = {.context = trace, .vector = keep_vector, .wide = keep_wide, .row = keep_row}};
}

void golden_trace_release(struct golden_trace *trace)
{
    for (size_t i = 0; i < trace->count; i++) {
        for (uint32_t r = 0; r < trace->records[i].row_count; r++) {
            free(trace->records[i].rows[r].column);
            free(trace->records[i].rows[r].value);
        }
        free(trace->records[i].rows);
    }
    free(trace->records);
    *trace = (struct golden_trace){0};
}

static void compare_dense(struct golden *golden, const struct golden_row *row,
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
static void compare_sparse(struct golden *golden, const struct golden_row *row,
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

static void compare_record(struct golden *golden, const struct golden_record *record,
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
        const struct golden_row *row = &record->rows[r];
        snprintf(label, sizeof(label), "%s row %" PRIu32, record->label, r);
        if (row->column == NULL)
            compare_dense(golden, row, json_item(expected, r), label);
        else
            compare_sparse(golden, row, json_item(expected, r), label);
    }
}

void golden_trace_compare_one(const struct golden_trace *trace, struct golden *golden,
                              const char *label, unsigned occurrence,
                              const struct json_value *expected)
{
    const struct golden_record *record = find(trace, label, occurrence);
    if (record == NULL)
        golden_differs(golden, "nothing was traced as '%s' (%u)", label, occurrence);
    else
        compare_record(golden, record, expected);
}

void golden_trace_compare(const struct golden_trace *trace, struct golden *golden,
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
