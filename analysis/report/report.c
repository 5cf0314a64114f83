#include "analysis/report/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/seal.h"
#include "analysis/report/agree.h"
#include "analysis/report/changes.h"
#include "analysis/report/failures.h"
#include "analysis/report/headline.h"
#include "analysis/report/page.h"
#include "analysis/report/reduce.h"
#include "analysis/report/study.h"
#include "analysis/report/study_page.h"

struct report {
    struct report_run run, twin;
    bool has_twin;
    struct collection_reader *study; /* instead of runs; NULL otherwise */
    struct report_window window, twin_window;
    struct report_tables tables;
};

static void report_release(struct report *report)
{
    report_tables_release(&report->tables);
    report_window_release(&report->window);
    report_window_release(&report->twin_window);
    report_run_release(&report->run);
    report_run_release(&report->twin);
    collection_read_free(report->study);
}

/* RUN/twin beside a run folder or its result.h5, if somebody ran it. */
static bool find_twin(const struct report_options *options, char *ret_path, size_t size)
{
    struct stat info;
    if (options->twin_path != NULL)
        return snprintf(ret_path, size, "%s", options->twin_path) < (int)size;
    if (stat(options->result_path, &info) != 0)
        return false;
    int folder = (int)strlen(options->result_path);
    if (!S_ISDIR(info.st_mode)) {
        const char *slash = strrchr(options->result_path, '/');
        folder = slash != NULL ? (int)(slash - options->result_path) : 0;
    }
    int length =
        snprintf(ret_path, size, "%.*s%stwin", folder, options->result_path, folder > 0 ? "/" : "");
    if (length < 0 || length >= (int)size)
        return false;
    char inside[4200];
    snprintf(inside, sizeof(inside), "%s/result.h5", ret_path);
    if (access(inside, R_OK) == 0)
        return true;
    snprintf(inside, sizeof(inside), "%s/seg/00000.h5", ret_path);
    return access(inside, R_OK) == 0;
}

/* Who attacks in the run is asked about in the twin too, where the same group behaves. */
static void share_attackers(const struct report_run *run, struct report_run *twin)
{
    for (size_t g = 0; g < twin->group_count && g < run->group_count; g++)
        if (strcmp(report_group_name(run, g), report_group_name(twin, g)) == 0)
            twin->attacker[g] = run->attacker[g];
}

static enum sim_status load_run(const struct report_options *options, struct report *report,
                                struct sim_error *err)
{
    char twin_path[4096];
    enum sim_status status =
        report_run_open(options->result_path, options->network, &report->run, err);
    if (status == SIM_OK && find_twin(options, twin_path, sizeof(twin_path))) {
        status = report_run_open(twin_path, reader_network(report->run.reader), &report->twin, err);
        report->has_twin = status == SIM_OK;
        if (report->has_twin)
            share_attackers(&report->run, &report->twin);
    }
    if (status == SIM_OK)
        status = report_reduce(&report->run, "run", &report->tables, &report->window, err);
    if (status == SIM_OK && report->has_twin)
        status = report_reduce(&report->twin, "twin", &report->tables, &report->twin_window, err);
    if (status == SIM_OK)
        status = report_agree(&report->run, &report->tables, err);
    if (status == SIM_OK)
        status = report_changes(&report->run, &report->tables, err);
    if (status == SIM_OK)
        status = report_failures(&report->run, &report->tables, err);
    if (status == SIM_OK)
        status =
            report_headline(&report->run, &report->window,
                            report->has_twin ? &report->twin_window : NULL, &report->tables, err);
    if (status == SIM_OK && report->tables.out_of_memory)
        status = SIM_FAIL(err, SIM_MEMORY, "report: out of memory");
    return status;
}

static enum sim_status load(const struct report_options *options, struct report *report,
                            struct sim_error *err)
{
    if (!collection_read_is_one(options->result_path))
        return load_run(options, report, err);
    enum sim_status status = collection_read_open(options->result_path, &report->study, err);
    return status == SIM_OK ? report_study(report->study, &report->tables, err) : status;
}

static void print_page(FILE *file, const struct report *report, const char *title)
{
    if (report->study != NULL)
        report_study_page(file, report->study, &report->tables, title);
    else
        report_page_print(file, &report->run, report->has_twin ? &report->twin : NULL,
                          &report->tables, title);
}

/* A file written aside: opened, and later synced, closed and renamed. */
static enum sim_status open_aside(const char *path, char *ret_aside, size_t size, FILE **ret_file,
                                  struct sim_error *err)
{
    int length = snprintf(ret_aside, size, "%s.part", path);
    if (length < 0 || (size_t)length >= size)
        return SIM_FAIL(err, SIM_LIMIT, "'%.200s...': the path is too long", path);
    *ret_file = fopen(ret_aside, "we");
    if (*ret_file == NULL)
        return SIM_FAIL(err, SIM_IO, "report: cannot create '%s': %s", ret_aside, strerror(errno));
    return SIM_OK;
}

static enum sim_status close_aside(FILE *file, const char *aside, const char *path,
                                   struct sim_error *err)
{
    errno = 0;
    bool good = !ferror(file) && fflush(file) == 0 && fsync(fileno(file)) == 0;
    int error = errno;
    if (fclose(file) != 0 || !good) {
        unlink(aside);
        return SIM_FAIL(err, SIM_IO, "report: cannot write '%s': %s", aside,
                        strerror(error != 0 ? error : errno));
    }
    return seal_rename(aside, path, err);
}

enum sim_status report_write(const struct report_options *options, const char *output_path,
                             struct sim_error *err)
{
    struct report report = {0};
    char aside[4096];
    FILE *file = NULL;
    enum sim_status status = load(options, &report, err);
    if (status == SIM_OK)
        status = open_aside(output_path, aside, sizeof(aside), &file, err);
    if (status == SIM_OK) {
        print_page(file, &report, options->title);
        status = close_aside(file, aside, output_path, err);
    }
    report_release(&report);
    return status;
}

static enum sim_status write_csv(const struct report_table *table, const char *folder,
                                 struct sim_error *err)
{
    char path[4096], aside[4096];
    FILE *file = NULL;
    if (snprintf(path, sizeof(path), "%s/%s.csv", folder, table->name) >= (int)sizeof(path))
        return SIM_FAIL(err, SIM_LIMIT, "'%.200s...': the path is too long", folder);
    enum sim_status status = open_aside(path, aside, sizeof(aside), &file, err);
    if (status != SIM_OK)
        return status;
    report_table_print_csv(table, file);
    return close_aside(file, aside, path, err);
}

enum sim_status report_csv(const struct report_options *options, const char *folder,
                           struct sim_error *err)
{
    struct report report = {0};
    enum sim_status status = load(options, &report, err);
    if (status == SIM_OK && mkdir(folder, 0777) != 0 && errno != EEXIST)
        status = SIM_FAIL(err, SIM_IO, "cannot make the folder '%s': %s", folder, strerror(errno));
    for (size_t i = 0; i < report.tables.count && status == SIM_OK; i++)
        status = write_csv(&report.tables.items[i], folder, err);
    report_release(&report);
    return status;
}
