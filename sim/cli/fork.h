/*
 * fork.h: a run that shares the past of another: `taosim run --from DIR@EPOCH --set ...`.
 *
 * A fork is its parent's scenario with one more entry in the schedule, due right behind the
 * parent's EPOCH-th row of the epoch dimension; so it could run from the beginning, and verify does
 * that.  To save the way there it starts from the parent's newest checkpoint before that instant:
 * a copy of it, of the closed segments and of the progress lines goes into the fork's folder, with
 * a file `fork` that names whose checkpoint it is.
 */
#ifndef CLI_FORK_H
#define CLI_FORK_H

#include "cli/scenario.h"

struct fork {
    char folder[4096];                  /* the parent's */
    uint64_t epoch;                     /* rows that the two share */
    int64_t at_ns;                      /* the change's instant */
    struct world_checkpoint checkpoint; /* the one that the fork can start from, if any */
};

/* Reads "DIR@EPOCH" and finds the instant.  The caller owns *ret_parent, the parent's scenario.
 * SIM_CONFIG: not of that form, or a run that has not come so far; SIM_IO. */
SIM_CHECKED enum sim_status fork_open(const struct scenario_schema *schema, const char *from,
                                      struct fork *ret_fork, struct config **ret_parent,
                                      struct sim_error *err);
/* "schedule=[...]": the parent's schedule with the sets at the fork's instant.  Heap; NULL when out
 * of memory. */
char *fork_schedule(const struct fork *fork, const struct config *parent,
                    const struct config_set *sets, size_t set_count);
/* Whether the parent's state fits the changed scenario: as many uids, the same facts measured.
 * Otherwise no checkpoint is used, and the fork runs from the beginning. */
void fork_fit(struct fork *fork, const struct scenario_schema *schema, const struct config *parent,
              const struct config *child);

/* Copies what the fork starts from into its folder.  SIM_IO, SIM_LIMIT. */
SIM_CHECKED enum sim_status fork_copy(const struct fork *fork, const char *folder,
                                      struct sim_error *err);
/* The scenario's hash that a folder's file `fork` names; false when it is no fork. */
bool fork_parent_of(const char *folder, char ret_sha256[CONFIG_HASH_CHARS]);

#endif
