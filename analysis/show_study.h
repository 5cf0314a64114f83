/*
 * show_study.h: a study's collected file as text: what it holds, or one of its tables.
 */
#ifndef ANALYSIS_SHOW_STUDY_H
#define ANALYSIS_SHOW_STUDY_H

#include "analysis/show.h"
#include "record/collection_read.h"

/* The study, how many of its runs are there, and every variable with its dimensions. */
SIM_CHECKED enum sim_status show_study_summary(const struct collection_reader *reader, FILE *file,
                                               struct sim_error *err);
/* "table" (a line a task), "points" (a line a point), "sensitivity" (a line a parameter), or a
 * variable of one dimension.  SIM_CONFIG, naming what there is, for another name. */
SIM_CHECKED enum sim_status show_study_table(const struct collection_reader *reader,
                                             const char *name, const struct show_options *options,
                                             FILE *file, struct sim_error *err);

#endif
