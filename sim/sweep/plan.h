/*
 * plan.h: the runs of a study, one a task: the list that every engine works on.
 *
 * Making one has three steps, so that the second, which resolves every scenario and is all of the
 * cost, can be cut into parts and done by several processes:
 *     plan_draft(study, &plan, ...);              points and seeds
 *     plan_check(plan, first, count, marks, ...); hashes, and which points the condition keeps
 *     plan_settle(plan, marks);                   tasks in their final order
 *
 * points.tsv in the study's folder has a line a task: number, point, replicate, seed, hash of the
 * run (config_hash: that of the run's folder and result) and the value of each parameter.  It is
 * derived from the study and the version alone; plan_read takes it only if it was made from the
 * very same.
 */
#ifndef SWEEP_PLAN_H
#define SWEEP_PLAN_H

#include "base/error.h"
#include "sweep/design.h"

struct plan_task {
    uint32_t point;     /* index into the plan's points */
    uint32_t replicate; /* from 0 */
    uint64_t seed;      /* of the scenario */
    char hash[CONFIG_HASH_CHARS];
};

struct plan {
    const struct study *study; /* borrowed */
    const char *version;       /* borrowed */
    struct design design;
    size_t point_count;
    uint32_t *points; /* (point_count) numbers in the design: the condition leaves gaps */
    size_t task_count;
    struct plan_task *tasks; /* (task_count), point by point */
};

enum plan_verdict { PLAN_OPEN, PLAN_KEPT, PLAN_LEFT_OUT, PLAN_BAD };

/* What a check found; plain bytes, may lie in memory that processes share. */
struct plan_mark {
    enum plan_verdict verdict;
    char hash[CONFIG_HASH_CHARS];
};

/* All points and replicates, without hashes.  The study outlives the plan.  Errors as
 * design_init. */
SIM_CHECKED enum sim_status plan_draft(const struct study *study, const char *version,
                                       struct plan **ret_plan, struct config_report *report,
                                       struct sim_error *err);
/* Resolves tasks first..first+count-1 and writes their marks.  Points that the scenario's tables
 * refuse are PLAN_BAD, and with a report are explained there, each message once; SIM_CONFIG when
 * there was one. */
SIM_CHECKED enum sim_status plan_check(const struct plan *plan, size_t first, size_t count,
                                       struct plan_mark *marks, struct config_report *report,
                                       struct sim_error *err);
/* Looks at a scenario beyond what the tables say; SIM_CONFIG with what is wrong in the report. */
typedef enum sim_status plan_judge(void *context, const struct config *config,
                                   struct config_report *report, struct sim_error *err);
/* Resolves the first replicate of every point and shows those that are kept to `judge`, without
 * making anything: for `taosim check`.  SIM_CONFIG: the report has everything that was found, also
 * that the condition leaves no point. */
SIM_CHECKED enum sim_status plan_try(const struct plan *plan, plan_judge *judge, void *context,
                                     struct config_report *report, struct sim_error *err);
/* SIM_CONFIG with a message at the condition when the plan has no task. */
SIM_CHECKED enum sim_status plan_check_empty(const struct study *study, size_t task_count,
                                             struct config_report *report, struct sim_error *err);
/* Takes the hashes over and drops what was left out.  No mark may be open or bad. */
void plan_settle(struct plan *plan, const struct plan_mark *marks);

/* points.tsv of a folder.  Reading: *ret_plan NULL and SIM_OK when there is none, or one of another
 * study or version. */
SIM_CHECKED enum sim_status plan_write(const struct plan *plan, const char *folder,
                                       struct sim_error *err);
SIM_CHECKED enum sim_status plan_read(const struct study *study, const char *version,
                                      const char *folder, struct plan **ret_plan,
                                      struct sim_error *err);
/* Accepts NULL.  Always returns NULL. */
struct plan *plan_free(struct plan *plan);

/* The value of a parameter at a point, as YAML; heap, NULL when out of memory. */
char *plan_value(const struct plan *plan, size_t point, size_t axis);

/* "3,7-9" as a list of flags, one a task.  SIM_CONFIG when it is no such list or out of range. */
SIM_CHECKED enum sim_status plan_select(const struct plan *plan, const char *only,
                                        bool *ret_selected, struct sim_error *err);

#endif
