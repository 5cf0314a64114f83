/*
 * execute.h: one run into one folder, as run, resume, twin and verify all do it.
 */
#ifndef CLI_EXECUTE_H
#define CLI_EXECUTE_H

#include "cli/fork.h"
#include "cli/scenario.h"

/* Whether a folder holds a run, and which. */
enum execute_state {
    EXECUTE_EMPTY,
    EXECUTE_UNFINISHED,
    EXECUTE_FINISHED,
    EXECUTE_SHORTER, /* finished, but up to an earlier `until` */
    EXECUTE_OTHER    /* another scenario, seed or version, or a result that is not a run's */
};

/* What the folder is to a run of this scenario. */
SIM_CHECKED enum sim_status execute_inspect(const struct scenario_schema *schema,
                                            const char *folder, const struct config *config,
                                            enum execute_state *ret_state, struct sim_error *err);

struct execute_options {
    const char *folder;
    const char *label; /* for progress */
    uint32_t threads;  /* 0 = one a core */
    bool quiet;
    bool resume;                /* continue from the folder's newest good checkpoint, if any */
    bool checkpoint_each_epoch; /* for tests */
    const struct fork *fork;    /* a new run starts from this one's state; or NULL */
    /* A worker of a sweep ends with the sweep, and only its first signal counts: batch systems
     * signal a whole tree of processes, so that one request may come twice. */
    bool is_worker;
};

/* Runs to the end, writes scenario.yaml and result.h5.  Installs the signal handlers: the first
 * SIGINT or SIGTERM ends the run after the block under way with a checkpoint (SIM_INTERRUPTED), the
 * second ends the process with 128 + its number.  SIM_CONFIG while another process runs there. */
SIM_CHECKED enum sim_status execute_run(const struct scenario_schema *schema,
                                        const struct config *config,
                                        const struct execute_options *options,
                                        struct world_digests *ret_digests, struct sim_error *err);

/* Makes the folder and those above it.  SIM_CONFIG for a path that is too long, SIM_IO. */
SIM_CHECKED enum sim_status execute_make_folders(const char *folder, struct sim_error *err);

/* Cores of this machine. */
uint32_t execute_core_count(void);

#endif
