/*
 * study_base.h: the scenario that a study starts from, and its parameters on the scenario's keys.
 * Internal to sim/sweep.
 */
#ifndef SWEEP_STUDY_BASE_H
#define SWEEP_STUDY_BASE_H

#include "sweep/study.h"

/* One reading of a study. */
struct study_reading {
    struct study *study;
    const struct config_schema *schema;
    struct config_report *report;
    bool good;      /* nothing to complain about so far */
    bool no_memory; /* something could not be kept */
};

/* Opens the base, binds the parameters that are computed, and learns what the scenario of the first
 * values tells.  What is wrong goes to the report and clears `good`; then all listed values are
 * tried too, so that one reading tells everything.  SIM_MEMORY, SIM_LIMIT. */
SIM_CHECKED enum sim_status study_base_bind(struct study_reading *reading, struct sim_error *err);

/* Which values a scenario of the study gets. */
struct study_sample {
    bool lists;               /* the first value of each list */
    const struct axis *tried; /* and this axis' sample, also if it is computed; NULL = none */
    const char *value;        /* instead of it; NULL = the sample */
};

/* The scenario in which an axis' key can be looked up.  Errors as config_load. */
SIM_CHECKED enum sim_status study_base_load(const struct study *study,
                                            const struct study_sample *sample,
                                            struct config **ret_config,
                                            struct config_report *report, struct sim_error *err);

#endif
