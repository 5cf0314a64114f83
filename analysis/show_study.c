#include "analysis/show_study.h"

#include <stdlib.h>
#include <string.h>

enum { CELL_BYTES = 40, WIDTH_MIN = 10 };

/* ---- summary */

static void print_variables(const struct collection_reader *reader, const char *group, FILE *file)
{
    for (size_t i = 0; i < collection_read_count(reader); i++) {
        const struct collection_var *var = collection_read_var(reader, i);
        char shape[300] = "";
        if (strcmp(var->group, group) != 0)
            continue;
        for (int d = 0; d < var->rank; d++)
            snprintf(shape + strlen(shape), sizeof(shape) - strlen(shape), "%s%.60s",
                     d > 0 ? ", " : "", var->dims[d]);
        fprintf(file, "  %-40s (%s)%s%s%s  %s\n", var->name, shape, *var->units ? " [" : "",
                var->units, *var->units ? "]" : "", var->long_name);
    }
}

static void print_attr(const struct collection_reader *reader, const char *name, FILE *file)
{
    const char *text = collection_read_attr(reader, name);
    if (*text != '\0')
        fprintf(file, "  %-28s %s\n", name, text);
}

enum sim_status show_study_summary(const struct collection_reader *reader, FILE *file,
                                   struct sim_error *err)
{
    static const char *const attrs[] = {"title",        "question",        "design",      "version",
                                        "study_digest", "parameter_names", "metric_names"};
    const struct collection_var *done = collection_read_find(reader, "", "done");
    struct collection_values values = {0};
    if (done == NULL || done->rank != 2)
        return SIM_FAIL(err, SIM_IO, "'%s' does not say which runs are done",
                        collection_read_path(reader));
    enum sim_status status = collection_read_values(reader, done, &values, err);
    if (status != SIM_OK)
        return status;
    size_t count = 0;
    for (size_t i = 0; i < values.count; i++)
        count += values.whole != NULL && values.whole[i] != 0;
    fprintf(file, "%s: a study's collected file, %llu points x %llu replicates, %zu of %zu runs\n",
            collection_read_path(reader), (unsigned long long)done->shape[0],
            (unsigned long long)done->shape[1], count, values.count);
    collection_values_release(&values);
    for (size_t a = 0; a < sizeof(attrs) / sizeof(attrs[0]); a++)
        print_attr(reader, attrs[a], file);
    fputs("\nover points, replicates and epochs; 'points' prints those of points alone\n", file);
    print_variables(reader, "", file);
    fputs("\ntable: a line a run\n", file);
    print_variables(reader, "table", file);
    if (collection_read_find(reader, "sensitivity", "parameter") != NULL) {
        fputs("\nsensitivity: a line a parameter\n", file);
        print_variables(reader, "sensitivity", file);
    }
    return SIM_OK;
}

/* ---- tables */

struct column {
    const struct collection_var *var;
    struct collection_values values;
    int width;
};

struct columns {
    struct column *items; /* owned */
    size_t count;
    uint64_t rows;
};

static void columns_release(struct columns *columns)
{
    for (size_t c = 0; c < columns->count; c++)
        collection_values_release(&columns->items[c].values);
    free(columns->items);
}

static bool belongs(const struct collection_var *var, const char *table)
{
    if (var->rank != 1)
        return false;
    if (strcmp(table, "points") == 0)
        return *var->group == '\0' && strcmp(var->dims[0], "point") == 0;
    return strcmp(var->group, table) == 0 || (*var->group == '\0' && strcmp(var->name, table) == 0);
}

static enum sim_status columns_init(struct columns *columns, const struct collection_reader *reader,
                                    const char *table, struct sim_error *err)
{
    size_t total = collection_read_count(reader);
    *columns = (struct columns){.items = calloc(total + 1, sizeof(*columns->items))};
    if (columns->items == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "show: out of memory");
    for (size_t i = 0; i < total; i++) {
        const struct collection_var *var = collection_read_var(reader, i);
        if (!belongs(var, table) || (columns->count > 0 && var->shape[0] != columns->rows))
            continue;
        struct column *column = &columns->items[columns->count];
        enum sim_status status = collection_read_values(reader, var, &column->values, err);
        if (status != SIM_OK)
            return status;
        column->var = var;
        column->width = (int)strlen(var->name) > WIDTH_MIN ? (int)strlen(var->name) : WIDTH_MIN;
        columns->rows = var->shape[0];
        columns->count++;
    }
    if (columns->count == 0)
        return SIM_FAIL(err, SIM_CONFIG,
                        "'%s' has no table '%.60s'; there are points, table%s, and variables of "
                        "one dimension",
                        collection_read_path(reader), table,
                        collection_read_find(reader, "sensitivity", "parameter") != NULL
                            ? ", sensitivity"
                            : "");
    return SIM_OK;
}

static uint64_t row_end(uint64_t rows, const struct show_options *options)
{
    if (options->count == 0 || options->first >= rows || options->count > rows - options->first)
        return rows;
    return options->first + options->count;
}

enum sim_status show_study_table(const struct collection_reader *reader, const char *name,
                                 const struct show_options *options, FILE *file,
                                 struct sim_error *err)
{
    struct columns columns;
    enum sim_status status = columns_init(&columns, reader, name, err);
    for (size_t c = 0; c < columns.count && status == SIM_OK; c++)
        show_cell(file, columns.items[c].var->name, options->csv, columns.items[c].width, c == 0);
    if (status == SIM_OK)
        putc('\n', file);
    uint64_t end = row_end(columns.rows, options);
    for (uint64_t row = options->first; row < end && status == SIM_OK; row++) {
        for (size_t c = 0; c < columns.count; c++) {
            char cell[CELL_BYTES];
            const struct column *column = &columns.items[c];
            show_cell(file,
                      collection_values_text(&column->values, (size_t)row, cell, sizeof(cell)),
                      options->csv, column->width, c == 0);
        }
        putc('\n', file);
    }
    columns_release(&columns);
    return status;
}
