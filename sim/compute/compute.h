/*
 * compute.h: pure computations that run elsewhere and are due at a simulated instant.
 *
 * A handler of the event loop starts a job and receives a ticket; it schedules the completion at a
 * simulated instant that it knows from operation counts alone.  The completion event redeems the
 * ticket.  In between, any thread may run the job, in any order, or none: redeeming runs what is
 * not yet done.  There is no way to ask whether a ticket is ready, so no decision can depend on it.
 *
 *   struct compute_job job = {.kind = FORWARD, .run = forward_run, .input = &input,
 *                             .input_bytes = sizeof(input), .output_bytes = 512, ...};
 *   compute_start(pool, &job, &ticket, err);        // now; everything is frozen here
 *   ...                                             // schedule at now + cost
 *   compute_redeem(pool, ticket, &output, err);     // in the completion event
 *   compute_drop(pool, ticket);                     // when the output is no longer read
 *
 * All functions are called by the loop's thread alone; only a job's `run` runs elsewhere.
 * compute_start costs well under a microsecond, takes a lock once in many jobs, and wakes nobody
 * who is awake.  With one thread in all, jobs run when they are redeemed, by the same code.
 *
 * What makes results independent of threads: a job's run function reads its input and the versions
 * that it holds, writes its output and the versions that it fills, and nothing else; jobs are
 * grouped for the caches' sake and never joined into one product.
 */
#ifndef COMPUTE_COMPUTE_H
#define COMPUTE_COMPUTE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct version; /* compute/version.h */

/* At most this many versions a job may hold, and this many kinds of job are counted apart. */
enum { COMPUTE_HOLDS_MAX = 4, COMPUTE_KINDS_MAX = 16 };

struct compute_options {
    uint32_t threads;    /* all threads, the loop's included; 1..256 */
    uint32_t ticket_max; /* tickets not yet dropped; 0 = 1 << 22 */
    uint64_t memo_bytes; /* memory for memoised outputs and their keys; 0 = no memo */

    /* For tests; no result may change with any of them. */
    uint64_t test_seed;         /* of the two below */
    uint32_t test_delay_us_max; /* each job sleeps up to this long before and after; 0 = never */
    bool test_shuffle;          /* workers take jobs in random order, newest or oldest first */
    bool test_poison_scratch;   /* scratch is filled with NaN before each job */
};

/* Memory of the running thread: contents undefined at entry and lost at return. */
struct compute_scratch {
    void *bytes; /* aligned to 64 */
    size_t size_bytes;
};

/* A pure function.  `output` is zeroed at entry.  What it returns is what compute_redeem returns;
 * SIM_NUMERIC says that no number came out (the output then tells what the kind says it tells). */
typedef enum sim_status compute_run_f(const void *input, void *output,
                                      const struct compute_scratch *scratch);

struct compute_job {
    compute_run_f *run;
    uint32_t kind;        /* 0..COMPUTE_KINDS_MAX-1; for the counters */
    const void *input;    /* copied at start: the tokens, the shapes, pointers to held versions */
    uint32_t input_bytes; /* any; the copy is aligned to 64 */
    uint32_t output_bytes;
    uint64_t scratch_bytes;
    uint64_t work_flop; /* how much work, roughly: sizes the batches that wake a worker */
    uint64_t group;     /* jobs of equal group run one after the other (the version id, say) */
    /* Versions that the input points to, to read or to fill: referenced from start until the job
     * has run and was redeemed or dropped. */
    struct version *holds[COMPUTE_HOLDS_MAX];
    uint32_t hold_count;
    /* The memo's key, or NULL for a job that fills a version: everything that the output depends
     * on: version id, all token bytes, form of the response, the whole shape.  Copied.  Jobs of
     * equal kind and equal key have equal outputs, and share one. */
    const void *memo_key;
    uint32_t memo_key_bytes;
};

/* A value; {0} is no ticket. */
struct compute_ticket {
    uint64_t id;
};

static inline bool compute_ticket_is_none(struct compute_ticket ticket)
{
    return ticket.id == 0;
}

/* What the machine did, for /provenance and for benchmarks; never for a decision. */
struct compute_counters {
    uint64_t jobs[COMPUTE_KINDS_MAX];      /* started, memo hits included */
    uint64_t memo_hits[COMPUTE_KINDS_MAX]; /* jobs that shared another's output */
    uint64_t dropped[COMPUTE_KINDS_MAX];   /* tickets dropped unredeemed */
    uint64_t busy_ns[COMPUTE_KINDS_MAX];   /* CPU time inside run, all threads */
    uint64_t loop_busy_ns;                 /* of that, on the loop's thread */
    uint64_t loop_wait_ns;                 /* time in which the loop could only wait */
    uint64_t memo_bytes;                   /* now held by the memo */
    uint64_t ticket_count;                 /* now open */
};

struct compute_pool;

/* Starts threads - 1 workers.  The caller owns *ret_pool.  SIM_CONFIG for options out of range,
 * SIM_MEMORY when memory or threads are short. */
SIM_CHECKED enum sim_status compute_create(const struct compute_options *options,
                                           struct compute_pool **ret_pool, struct sim_error *err);

/* Waits for running jobs, drops open tickets, ends the workers.  Accepts NULL, returns NULL.
 * The versions' pool must still be there: holds are given back. */
struct compute_pool *compute_free(struct compute_pool *pool);

/* Freezes *job and promises its output.  SIM_LIMIT at ticket_max, SIM_MEMORY. */
SIM_CHECKED enum sim_status compute_start(struct compute_pool *pool, const struct compute_job *job,
                                          struct compute_ticket *ret_ticket, struct sim_error *err);

/* The job's output, run now if it has not run, waited for if it runs elsewhere; the waiting thread
 * helps with other jobs.  Returns what the job returned, with a text in `err` that the caller puts
 * its own place before (neuron, step).  *ret_output is written in every case: output_bytes long,
 * aligned to 64, the pool's, unchanged until compute_drop(ticket).  Redeeming again gives the
 * same. */
SIM_CHECKED enum sim_status compute_redeem(struct compute_pool *pool, struct compute_ticket ticket,
                                           const void **ret_output, struct sim_error *err);

/* Gives the ticket back, redeemed or not.  Not redeemed means dropped unseen: the job may run, may
 * have run, or never runs; its holds go back when no thread uses them.  Each ticket is dropped
 * exactly once; {0} is accepted and does nothing. */
void compute_drop(struct compute_pool *pool, struct compute_ticket ticket);

/* For checkpoints, between events: runs every open job to its end.  Changes nothing that a
 * simulation can see. */
void compute_finish(struct compute_pool *pool);

/* For checkpoints, after compute_finish: the output and status of an open ticket. */
const void *compute_output(const struct compute_pool *pool, struct compute_ticket ticket,
                           uint32_t *ret_output_bytes, enum sim_status *ret_status);

/* For resuming: a ticket whose job has run and gave these bytes (copied) and this status.  It
 * holds nothing; the versions that the job filled come from the checkpoint themselves. */
SIM_CHECKED enum sim_status
compute_restore(struct compute_pool *pool, uint32_t kind, const void *output, uint32_t output_bytes,
                enum sim_status status, struct compute_ticket *ret_ticket, struct sim_error *err);

struct compute_counters compute_counters(const struct compute_pool *pool);

#endif
