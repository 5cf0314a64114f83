/*
 * bench_pool: what a ticket of the compute pool costs the loop: starting, redeeming and dropping a
 * job that does next to nothing, with 1024 tickets open.
 *
 * One figure a line: name, value, unit, separated by tabs; the best of four repeats.
 */
#include "compute/compute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static _Noreturn void give_up(const struct sim_error *err)
{
    fprintf(stderr, "bench_pool: %s\n", err->text);
    exit(1);
}

enum { SMALL_JOBS = 400000, SMALL_OPEN = 1024 };

static enum sim_status small_job(const void *input, void *output,
                                 const struct compute_scratch *scratch)
{
    (void)scratch;
    memcpy(output, input, sizeof(uint64_t));
    return SIM_OK;
}

/* CPU time of the loop's thread for starting, redeeming and dropping a job. */
static double ticket_seconds(uint32_t threads)
{
    struct sim_error err = {0};
    struct compute_pool *pool;
    struct compute_ticket tickets[SMALL_OPEN];
    uint64_t input[20] = {0}; /* 160 bytes: a question of 8 x 17 tokens and a little more */
    struct compute_job job = {.run = small_job,
                              .input = input,
                              .input_bytes = sizeof(input),
                              .output_bytes = 128 * sizeof(float),
                              .work_flop = 1000000};
    if (compute_create(&(struct compute_options){.threads = threads}, &pool, &err) != SIM_OK)
        give_up(&err);
    double begin = seconds(CLOCK_THREAD_CPUTIME_ID);
    for (uint64_t i = 0; i < SMALL_JOBS + SMALL_OPEN; i++) {
        struct compute_ticket *ticket = &tickets[i % SMALL_OPEN];
        const void *output;
        if (i >= SMALL_OPEN) {
            if (compute_redeem(pool, *ticket, &output, &err) != SIM_OK)
                give_up(&err);
            compute_drop(pool, *ticket);
        }
        input[0] = job.group = i;
        if (i < SMALL_JOBS && compute_start(pool, &job, ticket, &err) != SIM_OK)
            give_up(&err);
    }
    double spent = seconds(CLOCK_THREAD_CPUTIME_ID) - begin;
    compute_free(pool);
    return spent / SMALL_JOBS;
}

int main(void)
{
    for (uint32_t threads = 1; threads <= 2; threads++) {
        char name[64];
        double best = ticket_seconds(threads);
        for (int repeat = 0; repeat < 3; repeat++) {
            double again = ticket_seconds(threads);
            best = again < best ? again : best;
        }
        snprintf(name, sizeof(name), "pool.ticket.%u_threads.ns", threads);
        printf("%s\t%.4g\tns of the loop's thread\n", name, 1e9 * best);
    }
    return 0;
}
