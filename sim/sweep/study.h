/*
 * study.h: a study file: which runs of which scenario answer a question.
 *
 *     name: difficulty
 *     base: ../quickstart/scenario.yaml     relative to this file
 *     set: {until: 25 min}                  over the base, in every run
 *     design: grid                          how points are chosen among the values of `params`
 *     replicates: 5                         runs of each point, with seeds of their own
 *     params:
 *       chain.difficulty: {log: [1000000000, 9000000000], n: 5}      axis.h
 *       mechanism: [finney, yuma3]
 *     where: "groups.swarm.count < groups.small.count / 2"           where.h
 *     metrics: [emission_rao.share@attackers.mean]                   analysis/metric.h
 *
 * The keys of plain values are those of study_param_table, those of lists and mappings those of
 * study_keys; both drive reading, messages, the schema for editors and docs/STUDY.md.  Parameters
 * are dotted paths of the scenario, checked by the scenario's own tables.
 */
#ifndef SWEEP_STUDY_H
#define SWEEP_STUDY_H

#include "sweep/axis.h"

enum study_design {
    STUDY_GRID,     /* every combination */
    STUDY_ZIP,      /* first with first, second with second, ... */
    STUDY_RANDOM,   /* `points` independent draws */
    STUDY_LHS,      /* Latin hypercube: each parameter's range cut into `points` equal parts */
    STUDY_SOBOL,    /* the Sobol sequence, at most 40 parameters */
    STUDY_SALTELLI, /* `points` rows of two Sobol matrices and their mixtures: variance shares */
    STUDY_MORRIS    /* `points` trajectories of one-at-a-time steps: elementary effects */
};
extern const char *const study_design_names[]; /* as in the file, NULL behind */

struct study_params {
    const char *name;
    const char *question;
    const char *cost;
    int design; /* enum study_design */
    uint32_t points, levels, replicates, resamples;
    uint64_t seed;
    bool common_random_numbers, shift;
    const char *where; /* "" = all points */
};
extern const struct param_table study_param_table;

/* A key that takes more than a plain value. */
struct study_key {
    const char *name;
    enum document_kind kind;
    const char *what; /* for messages and the manual, "a list of names" */
    bool required;
    const char *doc;
};
extern const struct study_key study_keys[]; /* ends with a NULL name */

struct study {
    struct config_document *document;
    const char *path; /* of the study file, the caller's */
    struct study_params params;
    char *base_path; /* owned */
    char **sets;     /* (set_count) "path=value", owned */
    char **set_places;
    size_t set_count;
    struct axis *axes; /* (axis_count), owned */
    size_t axis_count;
    const char **metrics; /* (metric_count) texts of the document */
    const struct node **metric_nodes;
    size_t metric_count;
    const char **arrays; /* (array_count) */
    const struct node **array_nodes;
    size_t array_count;
    struct config_template *base; /* base and sets; every point is made from it */
    int64_t until_ns;             /* of every run */
    uint64_t digest;              /* of the study's text, the base with its sets, and the version */
};

/* Adds what is wrong with the names of metrics and arrays, which another layer knows; false when
 * something is.  The study has no base yet. */
typedef bool study_check_names(const struct study *study, struct config_report *report);

/* Reads a study and its base, and binds each parameter to its key.  SIM_CONFIG: the report has all
 * that was found, in the study and in the base; SIM_IO, SIM_MEMORY.  `schema` and `path` must
 * outlive the study; `check` may be NULL. */
SIM_CHECKED enum sim_status study_read(const char *path, const struct config_schema *schema,
                                       const char *version, study_check_names *check,
                                       struct study **ret_study, struct config_report *report,
                                       struct sim_error *err);
/* Accepts NULL.  Always returns NULL. */
struct study *study_free(struct study *study);

/* Is the file a study rather than a scenario?  Told by the keys that only one of them has; false
 * for what cannot be read. */
bool study_is_one(const char *path, const struct config_schema *schema);

/* Does the scenario have a group of this name, with the first value of every list?  If not,
 * ret_meant is the name that was probably meant, or "". */
bool study_has_group(const struct study *study, const char *name, char *ret_meant, size_t bytes);

/* Adds what somebody else found at a node of the study, such as an unknown metric. */
void study_complain(const struct study *study, struct config_report *report,
                    const struct node *node, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
