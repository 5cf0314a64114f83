/*
 * collect.h: a study's runs as one file.
 *
 * FOLDER/collected.h5, in the form of record/collection.h:
 *   root          dimensions point, replicate, epoch
 *     done(point, replicate)            1 where there is a result, whole and of this very run
 *     seed(point, replicate), epochs(point, replicate)
 *     PARAMETER(point)                  a number in its units, or the text
 *     METRIC(point, replicate)          one number a run (metric.h)
 *     METRIC_by_epoch(point, replicate, epoch)
 *     METRIC_mean, _low, _high(point)   over replicates, with Student's 95 % interval
 *     ARRAY(point, replicate, epoch[, uid])   the study's `arrays`: copied, or with `is_virtual`
 *                                       looked up in the runs' own files
 *   table         a line a task: point, replicate, seed, hash, done, parameters, metrics
 *   sensitivity   of saltelli and morris: METRIC_first, METRIC_total or METRIC_mu, METRIC_mu_star,
 *                 METRIC_sigma over dimension parameter, each with _low and _high
 * Names have '_' for '.'.  Where there is no result: NaN, 0 for integers.
 *
 * The file follows from the study and its results alone: who ran them, where, when and in which
 * order leaves no trace.
 */
#ifndef ANALYSIS_COLLECT_H
#define ANALYSIS_COLLECT_H

#include "analysis/metric.h"
#include "sweep/plan.h"

/* The metrics and arrays of a study, found in the tables of results. */
struct collect_wanted {
    struct metric *metrics; /* (metric_count), owned */
    size_t metric_count;
    enum record_var *arrays; /* (array_count), owned */
    size_t array_count;
};

/* The names that a study's `arrays` can have, with a NULL behind; returns how many. */
size_t collect_array_names(const char *ret_names[RECORD_VAR_COUNT + 1]);
/* Are the names of metrics and arrays known?  Says which is none; groups are not looked for.  A
 * study_check_names. */
bool collect_check_names(const struct study *study, struct config_report *report);
/* SIM_CONFIG: the report says which name is none; a metric's group must be one of `config`, a
 * scenario of the study.  SIM_MEMORY. */
SIM_CHECKED enum sim_status collect_wanted_init(struct collect_wanted *ret_wanted,
                                                const struct study *study,
                                                struct config_report *report,
                                                struct sim_error *err);
void collect_wanted_release(struct collect_wanted *wanted);

/* What an index says, for printing; rows in the order of metrics, parameters, kinds. */
struct collect_index {
    const char *metric, *parameter, *kind; /* borrowed: the wanted's, the study's, fixed */
    double estimate, low, high;
};

struct collect_summary {
    size_t task_count, done_count;
    struct collect_index *indices; /* (index_count), owned */
    size_t index_count;
    struct sim_error first_damage; /* why a result that is there was not taken */
    size_t damage_count;
};

struct collect_options {
    const char *folder;  /* of the study */
    const char *path;    /* of the file that is written */
    const char *version; /* of this program */
    bool is_virtual;
};

/* Reads all results and writes the file.  Results that are not there yet are no error; damaged
 * ones, or those of another run, count as not there and are told in the summary, which the caller
 * releases. */
SIM_CHECKED enum sim_status collect_write(const struct plan *plan,
                                          const struct collect_wanted *wanted,
                                          const struct collect_options *options,
                                          struct collect_summary *ret_summary,
                                          struct sim_error *err);
void collect_summary_release(struct collect_summary *summary);

#endif
