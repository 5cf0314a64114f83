/*
 * bench_events [quick]: the event kernel through the dispatch that a run uses, order digest on.
 *
 * PHOLD: peers/phold.h.  Hold: every event causes one after an exponential time, so the number
 * pending stays; the time per event is one pop, one dispatch and one push.
 * One figure a line: name<TAB>value<TAB>unit.
 */
#include "event/loop.h"
#include "tests/bench/peers/fanout.h"
#include "tests/bench/peers/phold.h"

enum { PROCESSES = 4096, MESSAGES = 16, INCREMENTS = 4096 };

struct bench {
    struct evq *queue;
    struct loop *loop;
    uint64_t left_count;
    struct phold_random *processes;    /* PHOLD: (PROCESSES) */
    struct phold_random random;        /* hold */
    int64_t increments_ns[INCREMENTS]; /* hold: drawn beforehand, so that log() is not measured */
};

static void die(const struct sim_error *err)
{
    fprintf(stderr, "bench_events: %s\n", err->text);
    exit(1);
}

static void push(struct evq *queue, int64_t at_ns, uint32_t entity)
{
    struct sim_error err = {0};
    if (evq_push(queue, at_ns, 0, entity, 0, &err) != SIM_OK)
        die(&err);
}

static void bench_create(struct bench *bench, uint64_t capacity, loop_handler handler)
{
    struct sim_error err = {0};
    struct evq_options options = {.capacity = capacity};
    if (evq_create(&options, &bench->queue, &err) != SIM_OK ||
        loop_create(bench->queue, &bench->loop, &err) != SIM_OK)
        die(&err);
    loop_handle(bench->loop, 0, 1, "bench", handler, bench);
}

/* Runs `count` events; returns CPU seconds. */
static double bench_run(struct bench *bench, uint64_t count)
{
    struct sim_error err = {0};
    bench->left_count = count;
    double begin_s = fanout_cpu_s();
    if (loop_run(bench->loop, TIME_NS_MAX, &err) != SIM_OK)
        die(&err);
    return fanout_cpu_s() - begin_s;
}

static void bench_release(struct bench *bench)
{
    loop_free(bench->loop);
    evq_free(bench->queue);
}

static enum sim_status phold_event(void *context, const struct event *event, struct sim_error *err)
{
    struct bench *bench = context;
    struct phold_random *random = &bench->processes[event->entity];
    if (--bench->left_count == 0)
        loop_stop(bench->loop);
    uint32_t target = phold_target(random, PROCESSES);
    return evq_push(bench->queue, event->at_ns + phold_delay_ns(random), 0, target, 0, err);
}

static void phold(uint64_t count)
{
    struct bench bench = {.processes = calloc(PROCESSES, sizeof(struct phold_random))};
    if (bench.processes == NULL)
        exit(1);
    bench_create(&bench, PROCESSES * MESSAGES, phold_event);
    for (uint32_t i = 0; i < PROCESSES; i++) {
        phold_seed(&bench.processes[i], i);
        for (int k = 0; k < MESSAGES; k++)
            push(bench.queue, phold_delay_ns(&bench.processes[i]), i);
    }
    double cpu_s = bench_run(&bench, count);
    printf("phold.65536.events_per_s\t%.0f\t1/s\n", (double)count / cpu_s);
    printf("phold.65536.ns\t%.2f\tns\n", cpu_s / (double)count * 1e9);
    printf("phold.65536.checksum\t%016llx\tdigest\n", (unsigned long long)loop_digest(bench.loop));
    bench_release(&bench);
    free(bench.processes);
}

static enum sim_status hold_event(void *context, const struct event *event, struct sim_error *err)
{
    struct bench *bench = context;
    if (--bench->left_count == 0)
        loop_stop(bench->loop);
    int64_t wait_ns = bench->increments_ns[phold_next(&bench->random) >> 52];
    return evq_push(bench->queue, event->at_ns + wait_ns, 0, event->entity, 0, err);
}

static void hold(const char *name, uint64_t pending, uint64_t count)
{
    static struct bench bench;
    bench = (struct bench){0};
    phold_seed(&bench.random, 1);
    for (int i = 0; i < INCREMENTS; i++)
        bench.increments_ns[i] = (int64_t)(-log(phold_uniform(&bench.random)) * 1e9);
    bench_create(&bench, pending, hold_event);
    for (uint64_t i = 0; i < pending; i++)
        push(bench.queue, (int64_t)(-log(phold_uniform(&bench.random)) * 1e9), (uint32_t)i);
    bench_run(&bench, pending); /* to the steady state */
    double cpu_s = bench_run(&bench, count);
    printf("hold.%s.ns\t%.2f\tns\n", name, cpu_s / (double)count * 1e9);
    printf("hold.%s.bytes_per_event\t%.2f\tB\n", name,
           (double)evq_size_bytes(bench.queue) / (double)pending);
    printf("hold.%s.checksum\t%016llx\tdigest\n", name,
           (unsigned long long)loop_digest(bench.loop));
    bench_release(&bench);
}

int main(int argument_count, char **arguments)
{
    bool quick = argument_count > 1 && strcmp(arguments[1], "quick") == 0;
    phold(quick ? 1000000 : 10000000);
    hold("1e4", 10000, quick ? 500000 : 10000000);
    hold("1e5", 100000, quick ? 500000 : 10000000);
    hold("1e6", 1000000, quick ? 500000 : 10000000);
    if (!quick)
        hold("1e7", 10000000, 20000000);
    return 0;
}
