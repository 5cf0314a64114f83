/*
 * emit.h: a plan as the job of a batch system.
 *
 * Each script runs `sweep run --only FIRST-LAST` on parts of the plan; which tasks are done is
 * judged by their files, never by what the batch system remembers.
 */
#ifndef SWEEP_EMIT_H
#define SWEEP_EMIT_H

#include "sweep/plan.h"

enum emit_engine { EMIT_SLURM, EMIT_SNAKEMAKE, EMIT_PARALLEL, EMIT_ENGINE_COUNT };

struct emit_options {
    /* Absolute paths, the same on all machines. */
    const char *program, *study, *folder;
    uint32_t task_size;  /* tasks of a part; 0 = as many as the engine's limits ask for */
    uint32_t threads;    /* of a run */
    uint32_t part_limit; /* parts at once; 0 = as many as there is room for */
    bool portable;       /* products by kernels that every machine has */
};

/* The engine of a name; EMIT_ENGINE_COUNT when there is none.  NULL-terminated names. */
enum emit_engine emit_engine_of(const char *name);
extern const char *const emit_engine_names[];
/* What the script is called in the study's folder, and how it is started. */
const char *emit_file_name(enum emit_engine engine);
const char *emit_command(enum emit_engine engine);

/* Tasks of a part: the options', or enough that the engine's usual limits hold. */
uint32_t emit_task_size(enum emit_engine engine, const struct emit_options *options,
                        size_t task_count);
/* The script; heap, NULL when out of memory. */
char *emit_script(enum emit_engine engine, const struct plan *plan,
                  const struct emit_options *options);

#endif
