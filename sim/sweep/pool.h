/*
 * pool.h: runs the tasks of a plan as processes of this machine.
 *
 * Each task is one process of `taosim run` (or of a program that takes the same arguments) with a
 * process group of its own.  A task that is done is passed over, one with a checkpoint continued.
 * A worker that ends by a signal is started again, a few times; one that fails leaves its reason
 * and stops nobody else.  Tasks that another process holds, here or on another machine with the
 * same file system, are waited for: several pools may work on one study.
 *
 * Whatever ends the pool, its files say how far it came.
 */
#ifndef SWEEP_POOL_H
#define SWEEP_POOL_H

#include "sweep/plan.h"
#include "sweep/task.h"

#include <signal.h>
#include <sys/types.h>

enum { POOL_JOBS_MAX = 1024, POOL_ATTEMPTS_MAX = 4 };

/* One worker under way. */
struct pool_slot {
    pid_t process;  /* 0 = free */
    int descriptor; /* becomes readable when the process ends; -1 = there is none */
    size_t task;
    double start_s; /* progress_clock_s */
    char folder[TASK_PATH_BYTES];
};

struct pool_status {
    const struct plan *plan;
    const struct pool_slot *slots; /* (job_count) */
    size_t job_count;
    size_t selected, done, running, failed, waiting;
    size_t elsewhere;     /* of the waiting ones: held by another process when last looked at */
    size_t finished_here; /* done by this pool */
    double start_s, now_s;
};

struct pool_options {
    const char *program; /* takes the arguments of `taosim` */
    const char *folder;  /* of the study */
    size_t job_count;    /* workers at once, 1..POOL_JOBS_MAX */
    uint32_t threads;    /* of each worker */
    /* How many times the user asked to stop: once, and workers write checkpoints and end; twice,
     * and they are killed. */
    const volatile sig_atomic_t *stop;
    void *context;
    void (*update)(void *context, const struct pool_status *status); /* often; may be NULL */
    void (*failed)(void *context, size_t task, const char *reason);  /* may be NULL */
};

/* Runs until every selected task is done or has failed (SIM_OK; *ret_status says which), or until
 * it is stopped (SIM_INTERRUPTED).  SIM_IO when a worker cannot be started or a folder cannot be
 * made. */
SIM_CHECKED enum sim_status pool_run(const struct plan *plan, const bool *selected,
                                     const struct pool_options *options,
                                     struct pool_status *ret_status, struct sim_error *err);

#endif
