/*
 * study.h: the numbers of a study's page, out of its collected file.
 */
#ifndef REPORT_STUDY_H
#define REPORT_STUDY_H

#include "analysis/report/table.h"
#include "record/collection_read.h"

/* Parameters and metrics of a study, by their names in the file; entries of `names` are blanks cut
 * out of `storage`. */
struct report_names {
    char *storage; /* owned */
    char **names;  /* (count), owned */
    size_t count;
};
/* The words of an attribute of the file, such as "metric_names"; SIM_MEMORY. */
SIM_CHECKED enum sim_status report_names_init(struct report_names *names,
                                              const struct collection_reader *study,
                                              const char *attr, struct sim_error *err);
void report_names_release(struct report_names *names);

/*
 * Adds the tables
 *     points   a row a point: point, runs (how many are done), parameterI (number or text),
 *              metricI_mean, metricI_low, metricI_high (95 %, NaN without replicates)
 *     indices  a row a metric, parameter and kind: estimate, low, high; of saltelli and morris
 * SIM_IO when the file lacks what a collected file has; SIM_MEMORY.
 */
SIM_CHECKED enum sim_status report_study(const struct collection_reader *study,
                                         struct report_tables *tables, struct sim_error *err);

#endif
