/*
 * report.h: one HTML page about a run, a run beside its twin, or a study's collected file.
 *
 * The page is self-contained (script, style and numbers inside, under 2 MB whatever the run's
 * size), asks no network, prints, and reads on a telephone.  Numbers are reduced here, in C; the
 * page only draws.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>

#include "base/error.h"

struct report_options {
    const char *result_path; /* a result.h5, a run folder (closed segments while it runs), or a
                                study's collected.h5 */
    const char *twin_path;   /* the same for the honest baseline; NULL = RUN/twin if it is there */
    const char *network;     /* of several; NULL = the first */
    const char *title;       /* NULL = the scenario's name and question */
};

/* Writes the page aside, syncs and renames it.  SIM_IO: a file could not be read or written. */
SIM_CHECKED enum sim_status report_write(const struct report_options *options,
                                         const char *output_path, struct sim_error *err);

/* The same numbers as files, one a plot (epochs.csv, groups.csv, ...), for other tools. */
SIM_CHECKED enum sim_status report_csv(const struct report_options *options, const char *folder,
                                       struct sim_error *err);

#endif
