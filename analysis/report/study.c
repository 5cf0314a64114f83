#include "analysis/report/study.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/metrics.h"

/* ---- names */

enum sim_status report_names_init(struct report_names *names, const struct collection_reader *study,
                                  const char *attr, struct sim_error *err)
{
    const char *text = collection_read_attr(study, attr);
    *names = (struct report_names){.storage = strdup(text),
                                   .names = calloc(strlen(text) / 2 + 2, sizeof(char *))};
    if (names->storage == NULL || names->names == NULL) {
        report_names_release(names);
        return SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    }
    char *rest = NULL;
    for (char *word = strtok_r(names->storage, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest))
        names->names[names->count++] = word;
    return SIM_OK;
}

void report_names_release(struct report_names *names)
{
    free(names->storage);
    free(names->names);
    *names = (struct report_names){0};
}

/* ---- reading */

/* What is being reduced. */
struct reduction {
    const struct collection_reader *study;
    struct report_tables *tables;
    struct report_names parameters, metrics;
    struct collection_values done, points;
    size_t point_count, replicate_count;
};

static enum sim_status read_named(const struct collection_reader *study, const char *group,
                                  const char *name, int rank, struct collection_values *ret_values,
                                  const struct collection_var **ret_var, struct sim_error *err)
{
    const struct collection_var *var = collection_read_find(study, group, name);
    if (var == NULL || var->rank != rank)
        return SIM_FAIL(err, SIM_IO, "'%s' has no '%s' as a collected file has it",
                        collection_read_path(study), name);
    if (ret_var != NULL)
        *ret_var = var;
    return collection_read_values(study, var, ret_values, err);
}

static enum sim_status open_reduction(struct reduction *r, struct sim_error *err)
{
    const struct collection_var *done = NULL;
    enum sim_status status = read_named(r->study, "", "done", 2, &r->done, &done, err);
    if (status == SIM_OK) {
        r->point_count = (size_t)done->shape[0];
        r->replicate_count = (size_t)done->shape[1];
        status = read_named(r->study, "", "point", 1, &r->points, NULL, err);
    }
    if (status == SIM_OK)
        status = report_names_init(&r->parameters, r->study, "parameter_names", err);
    if (status == SIM_OK)
        status = report_names_init(&r->metrics, r->study, "metric_names", err);
    if (status == SIM_OK && r->points.count != r->point_count)
        status = SIM_FAIL(err, SIM_IO, "'%s' contradicts itself: how many points?",
                          collection_read_path(r->study));
    return status;
}

static void close_reduction(struct reduction *r)
{
    report_names_release(&r->parameters);
    report_names_release(&r->metrics);
    collection_values_release(&r->done);
    collection_values_release(&r->points);
}

static bool is_done(const struct reduction *r, size_t run)
{
    return collection_values_number(&r->done, run) != 0;
}

/* ---- points */

static void add_point_numbers(struct reduction *r, struct report_table *table)
{
    double *point = report_table_numbers(r->tables, table, "point", "");
    double *runs = report_table_numbers(r->tables, table, "runs", "");
    for (size_t p = 0; p < r->point_count && point != NULL && runs != NULL; p++) {
        point[p] = collection_values_number(&r->points, p);
        runs[p] = 0;
        for (size_t i = 0; i < r->replicate_count; i++)
            runs[p] += is_done(r, p * r->replicate_count + i);
    }
}

static enum sim_status add_parameter(struct reduction *r, struct report_table *table, size_t index,
                                     struct sim_error *err)
{
    const struct collection_var *var = NULL;
    struct collection_values values = {0};
    char name[64];
    enum sim_status status =
        read_named(r->study, "", r->parameters.names[index], 1, &values, &var, err);
    if (status != SIM_OK)
        return status;
    snprintf(name, sizeof(name), "parameter%zu", index);
    if (values.texts != NULL) {
        char **texts = report_table_texts(r->tables, table, name);
        for (size_t p = 0; p < table->rows && texts != NULL; p++)
            report_text_set(r->tables, texts, p, values.texts[p]);
    } else {
        double *numbers = report_table_numbers(r->tables, table, name, var->units);
        for (size_t p = 0; p < table->rows && numbers != NULL; p++)
            numbers[p] = collection_values_number(&values, p);
    }
    collection_values_release(&values);
    return SIM_OK;
}

/* Student's interval over the runs that are done, as the file itself has it. */
static enum sim_status add_metric(struct reduction *r, struct report_table *table, size_t index,
                                  struct sim_error *err)
{
    static const char *const endings[] = {"mean", "low", "high"};
    const struct collection_var *var = NULL;
    struct collection_values values = {0};
    double *columns[3], *there = calloc(r->replicate_count + 1, sizeof(*there));
    enum sim_status status =
        there != NULL ? read_named(r->study, "", r->metrics.names[index], 2, &values, &var, err)
                      : SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    bool good = status == SIM_OK;
    for (int c = 0; c < 3 && good; c++) {
        char name[64];
        snprintf(name, sizeof(name), "metric%zu_%s", index, endings[c]);
        columns[c] = report_table_numbers(r->tables, table, name, var->units);
        good = columns[c] != NULL;
    }
    for (size_t p = 0; p < table->rows && good; p++) {
        size_t count = 0;
        for (size_t i = 0; i < r->replicate_count; i++) {
            double value = collection_values_number(&values, p * r->replicate_count + i);
            if (!isnan(value))
                there[count++] = value;
        }
        struct metrics_interval interval = metrics_t_interval(there, count, 0.95);
        columns[0][p] = interval.estimate;
        columns[1][p] = interval.low;
        columns[2][p] = interval.high;
    }
    free(there);
    collection_values_release(&values);
    return status;
}

static enum sim_status add_points(struct reduction *r, struct sim_error *err)
{
    struct report_table *table = report_table_add(r->tables, "points", r->point_count);
    enum sim_status status = SIM_OK;
    if (table == NULL)
        return SIM_OK; /* noted */
    add_point_numbers(r, table);
    for (size_t a = 0; a < r->parameters.count && status == SIM_OK; a++)
        status = add_parameter(r, table, a, err);
    for (size_t m = 0; m < r->metrics.count && status == SIM_OK; m++)
        status = add_metric(r, table, m, err);
    return status;
}

/* ---- indices */

static bool is_kind(const char *name, const char *metric, const char *kind)
{
    size_t length = strlen(metric);
    return strncmp(name, metric, length) == 0 && name[length] == '_' &&
           strcmp(name + length + 1, kind) == 0;
}

struct index_rows {
    char **metric, **parameter, **kind;
    double *columns[3]; /* estimate, low, high */
    size_t count;
};

static enum sim_status add_kind(struct reduction *r, struct index_rows *rows,
                                const struct collection_values *paths, const char *metric,
                                const char *kind, struct sim_error *err)
{
    static const char *const endings[] = {"", "_low", "_high"};
    for (int c = 0; c < 3; c++) {
        char name[320];
        struct collection_values values = {0};
        snprintf(name, sizeof(name), "%s_%s%s", metric, kind, endings[c]);
        enum sim_status status = read_named(r->study, "sensitivity", name, 1, &values, NULL, err);
        if (status != SIM_OK)
            return status;
        for (size_t i = 0; i < paths->count && i < values.count; i++)
            rows->columns[c][rows->count + i] = collection_values_number(&values, i);
        collection_values_release(&values);
    }
    const struct collection_var *var = collection_read_find(r->study, "", metric);
    for (size_t i = 0; i < paths->count; i++, rows->count++) {
        report_text_set(r->tables, rows->metric, rows->count,
                        var != NULL ? var->long_name : metric);
        report_text_set(r->tables, rows->parameter, rows->count, paths->texts[i]);
        report_text_set(r->tables, rows->kind, rows->count, kind);
    }
    return SIM_OK;
}

/* The kinds that the file has of a metric, of all that there are. */
static bool has_kind(const struct reduction *r, const char *metric, const char *kind)
{
    for (size_t i = 0; i < collection_read_count(r->study); i++) {
        const struct collection_var *var = collection_read_var(r->study, i);
        if (strcmp(var->group, "sensitivity") == 0 && is_kind(var->name, metric, kind))
            return true;
    }
    return false;
}

static enum sim_status add_indices(struct reduction *r, struct sim_error *err)
{
    static const char *const kinds[] = {"first", "total", "mu", "mu_star", "sigma"};
    enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };
    struct collection_values paths = {0};
    size_t sets = 0;
    for (size_t m = 0; m < r->metrics.count; m++)
        for (int k = 0; k < KINDS; k++)
            sets += has_kind(r, r->metrics.names[m], kinds[k]);
    if (sets == 0)
        return SIM_OK;
    enum sim_status status = read_named(r->study, "sensitivity", "parameter", 1, &paths, NULL, err);
    struct report_table *table =
        status == SIM_OK ? report_table_add(r->tables, "indices", sets * paths.count) : NULL;
    struct index_rows rows = {.metric = report_table_texts(r->tables, table, "metric"),
                              .parameter = report_table_texts(r->tables, table, "parameter"),
                              .kind = report_table_texts(r->tables, table, "kind")};
    static const char *const names[] = {"estimate", "low", "high"};
    for (int c = 0; c < 3; c++)
        rows.columns[c] = report_table_numbers(r->tables, table, names[c], "1");
    bool good = rows.metric != NULL && rows.parameter != NULL && rows.kind != NULL &&
                rows.columns[0] != NULL && rows.columns[1] != NULL && rows.columns[2] != NULL;
    for (size_t m = 0; m < r->metrics.count && good; m++)
        for (int k = 0; k < KINDS && status == SIM_OK; k++)
            if (has_kind(r, r->metrics.names[m], kinds[k]))
                status = add_kind(r, &rows, &paths, r->metrics.names[m], kinds[k], err);
    collection_values_release(&paths);
    return status;
}

enum sim_status report_study(const struct collection_reader *study, struct report_tables *tables,
                             struct sim_error *err)
{
    struct reduction r = {.study = study, .tables = tables};
    enum sim_status status = open_reduction(&r, err);
    if (status == SIM_OK)
        status = add_points(&r, err);
    if (status == SIM_OK)
        status = add_indices(&r, err);
    if (status == SIM_OK && tables->out_of_memory)
        status = SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    close_reduction(&r);
    return status;
}
