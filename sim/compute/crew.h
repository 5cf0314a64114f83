/*
 * crew.h: the threads that run works, the loop's own among them.  Internal to compute.
 *
 * One queue, one lock.  Works are published many at a time and taken a few at a time, so the lock
 * is touched once in several jobs.  An entry is a work and the tag that makes it runnable; the loop
 * may have claimed it in the meantime, and then it is passed over.
 */
#ifndef COMPUTE_CREW_H
#define COMPUTE_CREW_H

#include "compute/work.h"

#include <pthread.h>

struct crew_entry {
    struct work *work;
    uint64_t tag; /* pending, of one round */
};

struct crew;

/* One thread's own: runner 0 is the loop's. */
struct crew_runner {
    struct crew *crew;
    pthread_t thread;
    struct compute_scratch scratch;
    uint64_t dice; /* state of the tests' random delays */
    _Atomic uint64_t busy_ns[COMPUTE_KINDS_MAX];
};

struct crew {
    struct compute_options options;
    struct crew_runner *runners; /* [runner_count] */
    uint32_t runner_count;       /* those that exist, the loop's included */
    pthread_mutex_t lock;
    pthread_cond_t work_came, work_done;
    /* Under the lock: a ring of fixed size. */
    struct crew_entry *ring;
    size_t head;
    uint64_t dice; /* of the tests' random order */
    bool stop;
    /* Changed under the lock, glanced at without it. */
    _Atomic size_t count;
    _Atomic uint32_t idle;
    _Atomic bool loop_waits;
    uint64_t wait_ns; /* the loop's */
};

SIM_CHECKED enum sim_status crew_init(struct crew *crew, const struct compute_options *options,
                                      struct sim_error *err);
/* Ends the workers after the jobs that they run; accepts what crew_init left half done. */
void crew_release(struct crew *crew);

/* Hands over `count` works, in this order.  Those beyond the queue's end, which has room for some
 * seconds of work, are not handed over: they run when they are redeemed. */
void crew_publish(struct crew *crew, const struct crew_entry *entries, size_t count);

/* Takes the work if it is still pending in that round, and runs it on the calling thread. */
bool crew_try_run(struct crew_runner *runner, struct crew_entry entry);

/* Loop: returns when the work, which runs elsewhere, is done; helps meanwhile. */
void crew_await(struct crew *crew, const struct work *work);

#endif
