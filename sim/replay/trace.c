#include "replay/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct trace_record *find(const struct trace *trace, const char *label, unsigned occurrence)
{
    for (size_t i = trace->count; i > 0; i--) {
        struct trace_record *record = &trace->records[i - 1];
        if (strcmp(record->label, label) == 0 &&
            (occurrence == 0 || record->occurrence == occurrence))
            return record;
    }
    return NULL;
}

const struct trace_record *trace_find(const struct trace *trace, const char *label,
                                      unsigned occurrence)
{
    return find(trace, label, occurrence);
}

/* NULL when out of memory. */
static struct trace_record *add_record(struct trace *trace, const char *label, bool matrix)
{
    const struct trace_record *last = find(trace, label, 0);
    unsigned occurrence = last == NULL ? 1 : last->occurrence + 1;
    if (trace->count == trace->capacity) {
        size_t capacity = trace->capacity == 0 ? 32 : 2 * trace->capacity;
        struct trace_record *records = realloc(trace->records, capacity * sizeof(*trace->records));
        if (records == NULL) {
            trace->failed = true;
            return NULL;
        }
        trace->records = records;
        trace->capacity = capacity;
    }
    struct trace_record *record = &trace->records[trace->count++];
    *record = (struct trace_record){.occurrence = occurrence, .matrix = matrix};
    snprintf(record->label, sizeof(record->label), "%s", label);
    return record;
}

/* NULL when out of memory, or when `record` is. */
static struct trace_row *add_row(struct trace *trace, struct trace_record *record, uint32_t count,
                                 bool sparse)
{
    if (record == NULL)
        return NULL;
    struct trace_row *rows =
        realloc(record->rows, ((size_t)record->row_count + 1) * sizeof(*record->rows));
    if (rows != NULL)
        record->rows = rows;
    struct trace_row row = {.count = count, .value = calloc((size_t)count + 1, sizeof(fixed_i128))};
    if (sparse)
        row.column = calloc((size_t)count + 1, sizeof(*row.column));
    if (rows == NULL || row.value == NULL || (sparse && row.column == NULL)) {
        free(row.value);
        free(row.column);
        trace->failed = true;
        return NULL;
    }
    rows[record->row_count] = row;
    return &rows[record->row_count++];
}

static void keep_vector(void *context, const char *label, uint32_t count, const int64_t *value)
{
    struct trace_row *row = add_row(context, add_record(context, label, false), count, false);
    for (uint32_t i = 0; row != NULL && i < count; i++)
        row->value[i] = value[i];
}

static void keep_wide(void *context, const char *label, uint32_t index, uint32_t count,
                      const uint64_t value[2])
{
    struct trace *trace = context;
    if (index == 0)
        add_row(trace, add_record(trace, label, false), count, false);
    struct trace_record *record = find(trace, label, 0);
    if (!trace->failed && record != NULL && record->row_count > 0)
        record->rows[0].value[index] = (fixed_i128)((fixed_u128)value[1] << 64 | value[0]);
}

static void keep_row(void *context, const char *label, uint32_t row_index, uint32_t count,
                     const uint32_t *column, const int64_t *value)
{
    struct trace *trace = context;
    struct trace_record *record =
        row_index == 0 ? add_record(trace, label, true) : find(trace, label, 0);
    struct trace_row *row = add_row(trace, record, count, column != NULL);
    for (uint32_t k = 0; row != NULL && k < count; k++) {
        row->value[k] = value[k];
        if (column != NULL)
            row->column[k] = column[k];
    }
}

void trace_init(struct trace *trace)
{
    *trace = (struct trace){
        .sink = {.context = trace, .vector = keep_vector, .wide = keep_wide, .row = keep_row}};
}

void trace_release(struct trace *trace)
{
    for (size_t i = 0; i < trace->count; i++) {
        for (uint32_t r = 0; r < trace->records[i].row_count; r++) {
            free(trace->records[i].rows[r].column);
            free(trace->records[i].rows[r].value);
        }
        free(trace->records[i].rows);
    }
    free(trace->records);
    *trace = (struct trace){0};
}
