#include "analysis/collect.h"

#include "analysis/collect_read.h"
#include "analysis/sensitivity.h"
#include "record/collection.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Student's and the bootstrap's intervals. */
static const double LEVEL = 0.95;

enum { NAME_BYTES = COLLECTION_NAME_BYTES + 32, LONG_NAME_BYTES = 320 };

/* What is being written, with the dimensions of the root. */
struct writing {
    const struct plan *plan;
    const struct collect_wanted *wanted;
    const struct collect_options *options;
    struct collect_runs *runs;
    struct collect_summary *summary;
    struct collection *file;
    size_t points, replicates;
    int point, replicate, epoch, uid;
};

/* "mechanism.kappa" as the name of a variable. */
static void file_name(char ret_name[NAME_BYTES], const char *path, const char *ending)
{
    snprintf(ret_name, NAME_BYTES, "%.*s%s", COLLECTION_NAME_BYTES - 1, path, ending);
    for (char *at = ret_name; *at != '\0'; at++)
        if (*at == '.' || *at == '-' || *at == '/')
            *at = '_';
}

/* A whole variable of the root over its first dimensions. */
static void put_root(struct writing *w, const char *name, enum record_type type, int rank,
                     const char *units, const char *long_name, const void *values)
{
    const int dims[] = {w->point, w->replicate, w->epoch};
    const uint64_t start[3] = {0};
    const uint64_t count[3] = {w->points, w->replicates, w->runs->epoch_count};
    struct collection_spec spec = {"", name, dims, rank, type, units, long_name};
    int var = collection_var(w->file, &spec);
    collection_put(w->file, var, start, count, values);
}

static void *allocate(struct writing *w, size_t count, size_t bytes, struct sim_error *err)
{
    void *block = calloc(count + 1, bytes);
    if (block == NULL)
        (void)SIM_FAIL(err, SIM_MEMORY, "no memory to collect %zu tasks", w->plan->task_count);
    return block;
}

/* ---- parameters */

/* The values of a parameter at the points, or of the tasks' points: numbers or texts. */
struct column {
    bool is_number;
    double *numbers;
    char **texts;
    size_t count;
};

static void column_release(struct column *column)
{
    for (size_t i = 0; column->texts != NULL && i < column->count; i++)
        free(column->texts[i]);
    free(column->texts);
    free(column->numbers);
}

static bool column_init(struct column *column, const struct plan *plan, size_t a, bool by_task)
{
    const struct axis *axis = &plan->study->axes[a];
    size_t count = by_task ? plan->task_count : plan->point_count;
    *column = (struct column){.is_number = axis_is_number(axis),
                              .numbers = calloc(count + 1, sizeof(double)),
                              .texts = calloc(count + 1, sizeof(char *)),
                              .count = count};
    bool good = column->numbers != NULL && column->texts != NULL;
    for (size_t i = 0; i < count && good; i++) {
        char *text = plan_value(plan, by_task ? plan->tasks[i].point : i, a);
        good = text != NULL;
        if (good && column->is_number)
            column->numbers[i] = axis_quantity(axis, text);
        column->texts[i] = text;
    }
    return good;
}

static enum sim_status write_parameters(struct writing *w, const char *group, int dim, bool by_task,
                                        struct sim_error *err)
{
    const uint64_t start = 0;
    for (size_t a = 0; a < w->plan->study->axis_count; a++) {
        const struct axis *axis = &w->plan->study->axes[a];
        char name[NAME_BYTES];
        struct column column;
        bool good = column_init(&column, w->plan, a, by_task);
        if (good) {
            file_name(name, axis->path, "");
            bool number = column.is_number;
            struct collection_spec spec = {.group = group,
                                           .name = name,
                                           .dims = &dim,
                                           .rank = 1,
                                           .type = number ? RECORD_F64 : RECORD_TEXT,
                                           .units = number ? axis_units(axis) : "",
                                           .long_name = axis->path};
            int var = collection_var(w->file, &spec);
            uint64_t count = column.count;
            collection_put(w->file, var, &start, &count,
                           number ? (const void *)column.numbers : (const void *)column.texts);
        }
        column_release(&column);
        if (!good)
            return SIM_FAIL(err, SIM_MEMORY, "no memory for the values of '%s'", axis->path);
    }
    return SIM_OK;
}

/* ---- tasks */

static enum sim_status write_tasks(struct writing *w, struct sim_error *err)
{
    size_t count = w->plan->task_count;
    uint8_t *done = allocate(w, count, sizeof(*done), err);
    uint32_t *epochs = allocate(w, count, sizeof(*epochs), err);
    uint64_t *seeds = allocate(w, count, sizeof(*seeds), err);
    bool good = done != NULL && epochs != NULL && seeds != NULL;
    for (size_t t = 0; t < count && good; t++) {
        done[t] = w->runs->runs[t].done;
        epochs[t] = (uint32_t)w->runs->runs[t].epoch_count;
        seeds[t] = w->plan->tasks[t].seed;
    }
    if (good) {
        put_root(w, "done", RECORD_U8, 2, "1", "1 = the run's result is in this file", done);
        put_root(w, "seed", RECORD_U64, 2, "1", "seed of the scenario", seeds);
        put_root(w, "epochs", RECORD_U32, 2, "1", "epochs of the run", epochs);
    }
    free(done);
    free(epochs);
    free(seeds);
    return good ? SIM_OK : err->status;
}

/* ---- metrics */

/* `scratch` has room for a number a point and one a replicate. */
static void write_interval(struct writing *w, const struct metric *metric, const double *finals,
                           double *scratch)
{
    static const char *const endings[] = {"_mean", "_low", "_high"};
    static const char *const words[] = {"mean over replicates", "95 % interval's low end",
                                        "95 % interval's high end"};
    for (int part = 0; part < 3; part++) {
        char name[NAME_BYTES], long_name[LONG_NAME_BYTES];
        for (size_t p = 0; p < w->points; p++) {
            double *there = scratch + w->points;
            size_t count = 0;
            for (size_t r = 0; r < w->replicates; r++)
                if (!isnan(finals[p * w->replicates + r]))
                    there[count++] = finals[p * w->replicates + r];
            struct metrics_interval interval = metrics_t_interval(there, count, LEVEL);
            scratch[p] = part == 0 ? interval.estimate : part == 1 ? interval.low : interval.high;
        }
        file_name(name, metric->name, endings[part]);
        snprintf(long_name, sizeof(long_name), "%s: %s", metric->name, words[part]);
        put_root(w, name, RECORD_F64, 1, metric_units(metric), long_name, scratch);
    }
}

static enum sim_status write_metric(struct writing *w, size_t m, struct sim_error *err)
{
    const struct metric *metric = &w->wanted->metrics[m];
    size_t tasks = w->plan->task_count, epochs = w->runs->epoch_count;
    double *finals = allocate(w, tasks, sizeof(*finals), err);
    double *scratch = allocate(w, w->points + w->replicates, sizeof(*scratch), err);
    double *series = allocate(w, tasks * epochs, sizeof(*series), err);
    bool good = finals != NULL && scratch != NULL && series != NULL;
    for (size_t t = 0; t < tasks && good; t++) {
        const struct collect_run *run = &w->runs->runs[t];
        finals[t] = run->done ? run->finals[m] : NAN;
        for (size_t e = 0; e < epochs; e++)
            series[t * epochs + e] =
                run->done && e < run->epoch_count ? run->series[m * run->epoch_count + e] : NAN;
    }
    if (good) {
        char name[NAME_BYTES];
        const char *text = w->plan->study->metrics[m];
        put_root(w, metric->name, RECORD_F64, 2, metric_units(metric), text, finals);
        file_name(name, metric->name, "_by_epoch");
        put_root(w, name, RECORD_F64, 3, metric_units(metric), text, series);
        if (w->replicates > 1)
            write_interval(w, metric, finals, scratch);
    }
    free(finals);
    free(scratch);
    free(series);
    return good ? SIM_OK : err->status;
}

/* ---- arrays of the runs */

static enum sim_status copy_array(struct writing *w, enum record_var array, int var,
                                  struct sim_error *err)
{
    const struct record_var_info *info = record_var_info(array);
    enum sim_status status = SIM_OK;
    for (size_t t = 0; t < w->plan->task_count && status == SIM_OK; t++) {
        const struct collect_run *run = &w->runs->runs[t];
        if (!run->done)
            continue;
        struct reader *reader;
        status = collect_open(w->plan, w->options->folder, t, &reader, err);
        if (status != SIM_OK)
            break;
        uint64_t rows = reader_rows(reader, RECORD_DIM_EPOCH);
        uint64_t width = reader_width(reader, array);
        void *values = allocate(w, rows * width, sizeof(uint64_t), err);
        status = values == NULL ? SIM_MEMORY : SIM_OK;
        if (status == SIM_OK)
            status = reader_read_typed(reader, array, info->type, 0, rows, values, err);
        const uint64_t start[] = {t / w->replicates, t % w->replicates, 0, 0};
        const uint64_t count[] = {1, 1, rows, width};
        if (status == SIM_OK)
            collection_put(w->file, var, start, count, values);
        free(values);
        reader_free(reader);
    }
    return status;
}

/* Paths relative to the collected file, which lies in the study's folder. */
static enum sim_status map_array(struct writing *w, const struct collection_spec *spec,
                                 enum record_var array, struct sim_error *err)
{
    size_t tasks = w->plan->task_count, used = 0;
    struct collection_source *sources = allocate(w, tasks, sizeof(*sources), err);
    char(*paths)[64] = allocate(w, tasks, sizeof(*paths), err);
    bool good = sources != NULL && paths != NULL;
    for (size_t t = 0; t < tasks && good; t++) {
        const struct collect_run *run = &w->runs->runs[t];
        if (!run->done)
            continue;
        snprintf(paths[t], sizeof(paths[t]), "runs/%.12s/result.h5", w->plan->tasks[t].hash);
        sources[used++] = (struct collection_source){paths[t],
                                                     {t / w->replicates, t % w->replicates, 0, 0},
                                                     {1, 1, run->row_count, run->uid_count}};
    }
    if (good)
        (void)collection_virtual(w->file, spec, record_var_info(array)->name, spec->rank - 2,
                                 sources, used);
    free(sources);
    free(paths);
    return good ? SIM_OK : err->status;
}

static enum sim_status write_array(struct writing *w, enum record_var array, struct sim_error *err)
{
    const struct record_var_info *info = record_var_info(array);
    const int dims[] = {w->point, w->replicate, w->epoch, w->uid};
    int rank = info->width == RECORD_DIM_NONE ? 3 : 4;
    struct collection_spec spec = {"",         info->name,  dims,           rank,
                                   info->type, info->units, info->long_name};
    if (w->options->is_virtual)
        return map_array(w, &spec, array, err);
    int var = collection_var(w->file, &spec);
    return copy_array(w, array, var, err);
}

/* ---- the table */

static void put_table(struct writing *w, int dim, const char *name, enum record_type type,
                      const char *long_name, const void *values)
{
    const uint64_t start = 0, count = w->plan->task_count;
    struct collection_spec spec = {"table", name, &dim, 1, type, "", long_name};
    int var = collection_var(w->file, &spec);
    collection_put(w->file, var, &start, &count, values);
}

static enum sim_status write_table(struct writing *w, struct sim_error *err)
{
    const struct plan *plan = w->plan;
    size_t count = plan->task_count;
    int dim = collection_dim(w->file, "table", "task", count, NULL, "number of the task");
    int64_t *number = allocate(w, count, sizeof(*number), err);
    uint64_t *seed = allocate(w, count, sizeof(*seed), err);
    uint8_t *done = allocate(w, count, sizeof(*done), err);
    const char **hash = allocate(w, count, sizeof(*hash), err);
    double *finals = allocate(w, count, sizeof(*finals), err);
    bool good = number != NULL && seed != NULL && done != NULL && hash != NULL && finals != NULL;
    for (int pass = 0; pass < 2 && good; pass++) {
        for (size_t t = 0; t < count; t++)
            number[t] = pass == 0 ? plan->points[plan->tasks[t].point] : plan->tasks[t].replicate;
        put_table(w, dim, pass == 0 ? "point" : "replicate", RECORD_I64,
                  pass == 0 ? "number of the point in the design" : "number of the replicate",
                  number);
    }
    for (size_t t = 0; t < count && good; t++) {
        seed[t] = plan->tasks[t].seed;
        done[t] = w->runs->runs[t].done;
        hash[t] = plan->tasks[t].hash;
    }
    enum sim_status status = good ? SIM_OK : err->status;
    if (good) {
        put_table(w, dim, "seed", RECORD_U64, "seed of the scenario", seed);
        put_table(w, dim, "hash", RECORD_TEXT, "hash of the run", hash);
        put_table(w, dim, "done", RECORD_U8, "1 = the run's result is in this file", done);
        status = write_parameters(w, "table", dim, true, err);
    }
    for (size_t m = 0; m < w->wanted->metric_count && status == SIM_OK; m++) {
        for (size_t t = 0; t < count; t++)
            finals[t] = done[t] ? w->runs->runs[t].finals[m] : NAN;
        put_table(w, dim, w->wanted->metrics[m].name, RECORD_F64, plan->study->metrics[m], finals);
    }
    free(number);
    free(seed);
    free(done);
    free(hash);
    free(finals);
    return status;
}

/* ---- sensitivity */

/* The kinds of indices of each design, in the order of the file. */
static const char *const saltelli_kinds[] = {"first", "total", NULL};
static const char *const morris_kinds[] = {"mu", "mu_star", "sigma", NULL};

/* `values` has room for a number a parameter. */
static void put_index(struct writing *w, int dim, const struct metric *metric, const char *kind,
                      const struct metrics_interval *intervals, double *values)
{
    static const char *const endings[] = {"", "_low", "_high"};
    const uint64_t start = 0, count = w->plan->study->axis_count;
    for (int part = 0; part < 3; part++) {
        char name[2 * NAME_BYTES], long_name[LONG_NAME_BYTES];
        for (size_t a = 0; a < count; a++)
            values[a] = part == 0   ? intervals[a].estimate
                        : part == 1 ? intervals[a].low
                                    : intervals[a].high;
        snprintf(name, sizeof(name), "%s_%s%s", metric->name, kind, endings[part]);
        snprintf(long_name, sizeof(long_name), "%s of %s%s", kind, metric->name,
                 part == 0   ? ""
                 : part == 1 ? ": bootstrap 95 % interval's low end"
                             : ": bootstrap 95 % interval's high end");
        struct collection_spec spec = {"sensitivity", name, &dim, 1, RECORD_F64, "1", long_name};
        int var = collection_var(w->file, &spec);
        collection_put(w->file, var, &start, &count, values);
    }
    for (size_t a = 0; a < count; a++)
        w->summary->indices[w->summary->index_count++] =
            (struct collect_index){metric->name,
                                   w->plan->study->axes[a].path,
                                   kind,
                                   intervals[a].estimate,
                                   intervals[a].low,
                                   intervals[a].high};
}

/* The mean of a metric over the replicates of each point, NaN while one is missing. */
static void point_means(const struct writing *w, size_t m, double *ret_means)
{
    for (size_t p = 0; p < w->points; p++) {
        double sum = 0;
        for (size_t r = 0; r < w->replicates; r++) {
            const struct collect_run *run = &w->runs->runs[p * w->replicates + r];
            sum += run->done ? run->finals[m] : NAN;
        }
        ret_means[p] = sum / (double)w->replicates;
    }
}

static enum sim_status write_indices(struct writing *w, int dim, size_t m, double *outputs,
                                     struct metrics_interval *intervals, struct sim_error *err)
{
    const struct study_params *params = &w->plan->study->params;
    const struct metric *metric = &w->wanted->metrics[m];
    size_t k = w->plan->study->axis_count;
    bool saltelli = params->design == STUDY_SALTELLI;
    const char *const *kinds = saltelli ? saltelli_kinds : morris_kinds;
    struct stream stream;
    /* A stream a metric, so that one more metric moves no other's interval. */
    stream_init(&stream, params->seed, STREAM_SWEEP, stream_entity(metric->name, 0), 1);
    point_means(w, m, outputs);
    struct sensitivity_shares shares = {intervals, intervals + k};
    struct sensitivity_effects effects = {intervals, intervals + k, intervals + 2 * k};
    enum sim_status status =
        saltelli ? sensitivity_saltelli(outputs, params->points, k, params->resamples, LEVEL,
                                        &stream, &shares, err)
                 : sensitivity_morris(outputs, &w->plan->design, params->resamples, LEVEL, &stream,
                                      &effects, err);
    for (size_t i = 0; kinds[i] != NULL && status == SIM_OK; i++)
        put_index(w, dim, metric, kinds[i], intervals + i * k, outputs);
    return status;
}

static enum sim_status write_sensitivity(struct writing *w, struct sim_error *err)
{
    int design = w->plan->study->params.design;
    size_t k = w->plan->study->axis_count, metrics = w->wanted->metric_count;
    if ((design != STUDY_SALTELLI && design != STUDY_MORRIS) || metrics == 0)
        return SIM_OK;
    const char **names = allocate(w, k, sizeof(*names), err);
    double *outputs = allocate(w, w->points + k, sizeof(*outputs), err);
    struct metrics_interval *intervals = allocate(w, 3 * k, sizeof(*intervals), err);
    w->summary->indices = allocate(w, 3 * k * metrics, sizeof(*w->summary->indices), err);
    enum sim_status status =
        names != NULL && outputs != NULL && intervals != NULL && w->summary->indices != NULL
            ? SIM_OK
            : err->status;
    if (status == SIM_OK) {
        for (size_t a = 0; a < k; a++)
            names[a] = w->plan->study->axes[a].path;
        int dim = collection_dim_text(w->file, "sensitivity", "parameter", k, names,
                                      "parameter of the study");
        for (size_t m = 0; m < metrics && status == SIM_OK; m++)
            status = write_indices(w, dim, m, outputs, intervals, err);
    }
    free(names);
    free(outputs);
    free(intervals);
    return status;
}

/* ---- together */

static enum sim_status write_dims(struct writing *w, struct sim_error *err)
{
    int64_t *numbers = allocate(w, w->points, sizeof(*numbers), err);
    if (numbers == NULL)
        return err->status;
    for (size_t p = 0; p < w->points; p++)
        numbers[p] = w->plan->points[p];
    w->point = collection_dim(w->file, "", "point", w->points, numbers,
                              "number of the point in the design");
    w->replicate =
        collection_dim(w->file, "", "replicate", w->replicates, NULL, "number of the replicate");
    w->epoch =
        collection_dim(w->file, "", "epoch", w->runs->epoch_count, NULL, "epochs of a run, from 0");
    if (w->wanted->array_count > 0)
        w->uid = collection_dim(w->file, "", "uid", w->runs->uid_count, NULL, "slots of a network");
    free(numbers);
    return SIM_OK;
}

/* Names of variables, blank-separated: which of the file's are which. */
static bool write_names(struct writing *w, const char *attr, size_t count, bool metrics)
{
    char *text = NULL, name[NAME_BYTES];
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    for (size_t i = 0; file != NULL && i < count; i++) {
        file_name(name, metrics ? w->wanted->metrics[i].name : w->plan->study->axes[i].path, "");
        fprintf(file, "%s%s", i > 0 ? " " : "", name);
    }
    bool good = file != NULL && fclose(file) == 0;
    if (good)
        collection_attr_text(w->file, attr, text);
    free(text);
    return good;
}

static enum sim_status write_attributes(struct writing *w, struct sim_error *err)
{
    const struct study *study = w->plan->study;
    char digest[20];
    snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)study->digest);
    collection_attr_text(w->file, "Conventions", "CF-1.10");
    collection_attr_text(w->file, "source", "taosim");
    collection_attr_text(w->file, "title", study->params.name);
    collection_attr_text(w->file, "question", study->params.question);
    collection_attr_text(w->file, "version", w->options->version);
    collection_attr_text(w->file, "study_digest", digest);
    collection_attr_text(w->file, "design", study_design_names[study->params.design]);
    if (!write_names(w, "parameter_names", study->axis_count, false) ||
        !write_names(w, "metric_names", w->wanted->metric_count, true))
        return SIM_FAIL(err, SIM_MEMORY, "no memory to collect '%s'", study->params.name);
    collection_attr_u64(w->file, "master_seed", study->params.seed);
    return SIM_OK;
}

static enum sim_status write_all(struct writing *w, struct sim_error *err)
{
    enum sim_status status = write_dims(w, err);
    if (status == SIM_OK)
        status = write_tasks(w, err);
    if (status == SIM_OK)
        status = write_parameters(w, "", w->point, false, err);
    for (size_t m = 0; m < w->wanted->metric_count && status == SIM_OK; m++)
        status = write_metric(w, m, err);
    for (size_t a = 0; a < w->wanted->array_count && status == SIM_OK; a++)
        status = write_array(w, w->wanted->arrays[a], err);
    if (status == SIM_OK)
        status = write_table(w, err);
    if (status == SIM_OK)
        status = write_sensitivity(w, err);
    if (status == SIM_OK)
        status = write_attributes(w, err);
    return status == SIM_OK ? collection_close(w->file, err) : status;
}

enum sim_status collect_write(const struct plan *plan, const struct collect_wanted *wanted,
                              const struct collect_options *options,
                              struct collect_summary *ret_summary, struct sim_error *err)
{
    struct collect_runs runs;
    *ret_summary = (struct collect_summary){.task_count = plan->task_count};
    enum sim_status status = collect_read(plan, wanted, options->folder, &runs, ret_summary, err);
    if (status != SIM_OK)
        return status;
    struct writing w = {.plan = plan,
                        .wanted = wanted,
                        .options = options,
                        .runs = &runs,
                        .summary = ret_summary,
                        .points = plan->point_count,
                        .replicates = plan->study->params.replicates};
    status = collection_create(options->path, options->is_virtual, &w.file, err);
    if (status == SIM_OK)
        status = write_all(&w, err);
    collection_free(w.file);
    collect_runs_release(&runs);
    if (status != SIM_OK)
        collect_summary_release(ret_summary);
    return status;
}

void collect_summary_release(struct collect_summary *summary)
{
    free(summary->indices);
    *summary = (struct collect_summary){0};
}
