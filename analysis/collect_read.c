#include "analysis/collect_read.h"

#include "base/param_text.h"
#include "sweep/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names */

static bool is_array(enum record_var var)
{
    const struct record_var_info *info = record_var_info(var);
    return info->dim == RECORD_DIM_EPOCH && info->type != RECORD_TEXT;
}

size_t collect_array_names(const char *ret_names[RECORD_VAR_COUNT + 1])
{
    size_t count = 0;
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++)
        if (is_array((enum record_var)v))
            ret_names[count++] = record_var_info((enum record_var)v)->name;
    ret_names[count] = NULL;
    return count;
}

/* RECORD_VAR_COUNT when there is none of that name. */
static enum record_var find_array(const char *name)
{
    unsigned v = 0;
    while (v < RECORD_VAR_COUNT && (!is_array((enum record_var)v) ||
                                    strcmp(record_var_info((enum record_var)v)->name, name) != 0))
        v++;
    return (enum record_var)v;
}

static bool check_array(const struct study *study, size_t a, struct config_report *report)
{
    const char *names[RECORD_VAR_COUNT + 1], *name = study->arrays[a];
    if (name == NULL || find_array(name) != RECORD_VAR_COUNT)
        return true;
    (void)collect_array_names(names);
    const char *meant = param_nearest(name, names);
    study_complain(study, report, study->array_nodes[a],
                   "results have no variable over epochs called '%.60s'%s%s%s", name,
                   meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
    return false;
}

bool collect_check_names(const struct study *study, struct config_report *report)
{
    struct metric metric;
    char reason[METRIC_REASON_BYTES];
    bool good = true;
    for (size_t m = 0; m < study->metric_count; m++) {
        if (study->metrics[m] == NULL || metric_parse(study->metrics[m], &metric, reason))
            continue;
        study_complain(study, report, study->metric_nodes[m], "%s", reason);
        good = false;
    }
    for (size_t a = 0; a < study->array_count; a++)
        good &= check_array(study, a, report);
    return good;
}

static bool check_group(const struct study *study, size_t m, const struct metric *metric,
                        struct config_report *report)
{
    char meant[METRIC_NAME_BYTES];
    if (*metric->group == '\0' || strcmp(metric->group, "attackers") == 0 ||
        study_has_group(study, metric->group, meant, sizeof(meant)))
        return true;
    study_complain(study, report, study->metric_nodes[m], "the scenario has no group '%.60s'%s%s%s",
                   metric->group, *meant != '\0' ? "; did you mean '" : "", meant,
                   *meant != '\0' ? "'?" : "");
    return false;
}

enum sim_status collect_wanted_init(struct collect_wanted *ret_wanted, const struct study *study,
                                    struct config_report *report, struct sim_error *err)
{
    char reason[METRIC_REASON_BYTES];
    bool good = collect_check_names(study, report);
    struct collect_wanted wanted = {
        .metrics = calloc(study->metric_count + 1, sizeof(struct metric)),
        .arrays = calloc(study->array_count + 1, sizeof(enum record_var)),
    };
    bool memory = wanted.metrics != NULL && wanted.arrays != NULL;
    for (size_t m = 0; m < study->metric_count && memory; m++) {
        struct metric *metric = &wanted.metrics[wanted.metric_count];
        if (!metric_parse(study->metrics[m], metric, reason))
            continue;
        good &= check_group(study, m, metric, report);
        wanted.metric_count++;
    }
    for (size_t a = 0; a < study->array_count && memory; a++)
        wanted.arrays[wanted.array_count++] = find_array(study->arrays[a]);
    if (memory && good) {
        *ret_wanted = wanted;
        return SIM_OK;
    }
    collect_wanted_release(&wanted);
    return memory ? SIM_FAIL(err, SIM_CONFIG, "the study '%s' is not valid", study->path)
                  : SIM_FAIL(err, SIM_MEMORY, "no memory for the metrics of '%s'", study->path);
}

void collect_wanted_release(struct collect_wanted *wanted)
{
    free(wanted->metrics);
    free(wanted->arrays);
    *wanted = (struct collect_wanted){0};
}

/* ---- runs */

enum sim_status collect_open(const struct plan *plan, const char *folder, size_t task,
                             struct reader **ret_reader, struct sim_error *err)
{
    char path[TASK_PATH_BYTES], result[TASK_PATH_BYTES];
    enum sim_status status = task_folder(folder, plan->tasks[task].hash, path, err);
    if (status != SIM_OK)
        return status;
    snprintf(result, sizeof(result), "%.*s/result.h5", TASK_PATH_BYTES - 16, path);
    struct reader *reader;
    status = reader_open(result, &reader, err);
    if (status != SIM_OK)
        return status;
    const char *hash = reader_attr_text(reader, RECORD_ROOT, "scenario_sha256");
    if (hash == NULL || strcmp(hash, plan->tasks[task].hash) != 0) {
        reader_free(reader);
        return SIM_FAIL(err, SIM_IO, "'%s' is the result of another run", result);
    }
    *ret_reader = reader;
    return SIM_OK;
}

static enum sim_status read_metrics(const struct collect_wanted *wanted, struct reader *reader,
                                    const uint64_t *rows, struct collect_run *run,
                                    struct sim_error *err)
{
    run->finals = calloc(wanted->metric_count + 1, sizeof(*run->finals));
    run->series = calloc(wanted->metric_count * run->epoch_count + 1, sizeof(*run->series));
    if (run->finals == NULL || run->series == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu epochs", run->epoch_count);
    enum sim_status status = SIM_OK;
    for (size_t m = 0; m < wanted->metric_count && status == SIM_OK; m++) {
        const struct metric *metric = &wanted->metrics[m];
        double *series = run->series + m * run->epoch_count;
        status = metric_series(metric, reader, rows, run->epoch_count, series, err);
        if (status == SIM_OK)
            run->finals[m] = metric_over(metric, series, run->epoch_count);
    }
    return status;
}

static enum sim_status read_run(const struct collect_wanted *wanted, struct reader *reader,
                                struct collect_run *run, struct sim_error *err)
{
    run->row_count = reader_rows(reader, RECORD_DIM_EPOCH);
    run->uid_count = reader_rows(reader, RECORD_DIM_UID);
    uint64_t *rows = calloc(run->row_count + 1, sizeof(*rows));
    if (rows == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu epochs", run->row_count);
    enum sim_status status = metric_rows(reader, rows, &run->epoch_count, err);
    if (status == SIM_OK)
        status = read_metrics(wanted, reader, rows, run, err);
    free(rows);
    run->done = status == SIM_OK;
    return status;
}

static void note_damage(struct collect_summary *summary, const struct sim_error *damage)
{
    if (summary->damage_count++ == 0)
        summary->first_damage = *damage;
}

/* A file that cannot be read, or is not what it should be, is as good as none. */
static enum sim_status read_task(const struct plan *plan, const struct collect_wanted *wanted,
                                 const char *folder, size_t task, struct collect_run *run,
                                 struct collect_summary *summary, struct sim_error *err)
{
    char path[TASK_PATH_BYTES];
    struct reader *reader;
    struct sim_error own = {0};
    enum sim_status status = task_folder(folder, plan->tasks[task].hash, path, err);
    if (status != SIM_OK || task_judge(path, plan->study->until_ns) != TASK_DONE)
        return status;
    status = collect_open(plan, folder, task, &reader, &own);
    if (status == SIM_OK) {
        status = read_run(wanted, reader, run, &own);
        reader_free(reader);
    }
    if (status == SIM_OK)
        summary->done_count++;
    if (status == SIM_IO) {
        note_damage(summary, &own);
        return SIM_OK;
    }
    return status == SIM_OK ? SIM_OK : SIM_FAIL(err, status, "task %zu: %s", task, own.text);
}

enum sim_status collect_read(const struct plan *plan, const struct collect_wanted *wanted,
                             const char *folder, struct collect_runs *ret_runs,
                             struct collect_summary *summary, struct sim_error *err)
{
    struct collect_runs runs = {.task_count = plan->task_count,
                                .runs = calloc(plan->task_count + 1, sizeof(*runs.runs))};
    enum sim_status status = SIM_OK;
    if (runs.runs == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for %zu runs", plan->task_count);
    for (size_t t = 0; t < plan->task_count && status == SIM_OK; t++) {
        struct collect_run *run = &runs.runs[t];
        status = read_task(plan, wanted, folder, t, run, summary, err);
        if (run->done && run->row_count > runs.epoch_count)
            runs.epoch_count = run->row_count;
        if (run->done && run->uid_count > runs.uid_count)
            runs.uid_count = run->uid_count;
    }
    if (status == SIM_OK)
        *ret_runs = runs;
    else
        collect_runs_release(&runs);
    return status;
}

void collect_runs_release(struct collect_runs *runs)
{
    for (size_t t = 0; runs->runs != NULL && t < runs->task_count; t++) {
        free(runs->runs[t].finals);
        free(runs->runs[t].series);
    }
    free(runs->runs);
    *runs = (struct collect_runs){0};
}
