/*
 * collect_read.h: what each run of a study gives.  Internal to collect.
 */
#ifndef ANALYSIS_COLLECT_READ_H
#define ANALYSIS_COLLECT_READ_H

#include "analysis/collect.h"

struct collect_run {
    bool done;
    size_t epoch_count; /* of the lowest network */
    size_t row_count;   /* of all */
    size_t uid_count;
    double *finals; /* (metric_count), owned */
    double *series; /* (metric_count, epoch_count), owned */
};

struct collect_runs {
    struct collect_run *runs; /* (task_count), owned */
    size_t task_count;
    size_t epoch_count, uid_count; /* the largest of all */
};

/* Fills *ret_runs, which the caller releases, and the summary's counts. */
SIM_CHECKED enum sim_status collect_read(const struct plan *plan,
                                         const struct collect_wanted *wanted, const char *folder,
                                         struct collect_runs *ret_runs,
                                         struct collect_summary *summary, struct sim_error *err);
void collect_runs_release(struct collect_runs *runs);

/* The result of a task, verified to be that of its hash; SIM_IO when it is not. */
SIM_CHECKED enum sim_status collect_open(const struct plan *plan, const char *folder, size_t task,
                                         struct reader **ret_reader, struct sim_error *err);

#endif
