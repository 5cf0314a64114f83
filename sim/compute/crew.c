#include "compute/crew.h"

#include <immintrin.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TAKE_MAX = 8,              /* entries that a worker takes at once */
    SPINS_BEFORE_SLEEP = 1500, /* some tens of microseconds: less than waking up costs */
    RING_ENTRIES = 1 << 15     /* a power of two: half a megabyte */
};

static uint64_t clock_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* The tests' dice (xorshift, Marsaglia 2003): no result may depend on what they give. */
static uint64_t roll(uint64_t *dice)
{
    *dice ^= *dice << 13;
    *dice ^= *dice >> 7;
    *dice ^= *dice << 17;
    return *dice;
}

static void delay_for_tests(struct crew_runner *runner)
{
    uint32_t us_max = runner->crew->options.test_delay_us_max;
    if (us_max == 0)
        return;
    uint64_t us = roll(&runner->dice) % (us_max + UINT64_C(1));
    struct timespec pause = {.tv_sec = (time_t)(us / 1000000),
                             .tv_nsec = (long)(us % 1000000) * 1000};
    nanosleep(&pause, NULL);
}

/* Scratch of at least `bytes`; false when out of memory. */
static bool fit_scratch(struct crew_runner *runner, uint64_t bytes)
{
    if (bytes > runner->scratch.size_bytes) {
        size_t rounded = ((size_t)bytes + 4095) & ~(size_t)4095;
        free(runner->scratch.bytes);
        runner->scratch.bytes = aligned_alloc(64, rounded);
        runner->scratch.size_bytes = runner->scratch.bytes == NULL ? 0 : rounded;
        if (runner->scratch.bytes == NULL)
            return false;
    }
    if (runner->crew->options.test_poison_scratch && runner->scratch.size_bytes > 0)
        memset(runner->scratch.bytes, 0xff, runner->scratch.size_bytes);
    return true;
}

static void run_claimed(struct crew_runner *runner, struct work *work)
{
    uint64_t begin_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    memset(work->output, 0, work->output_bytes);
    work->status = fit_scratch(runner, work->scratch_bytes)
                       ? work->run(work->input, work->output, &runner->scratch)
                       : SIM_MEMORY;
    atomic_fetch_add_explicit(&runner->busy_ns[work->kind],
                              clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns, memory_order_relaxed);
}

/* Sequentially consistent on both sides: either the loop sees the work done before it sleeps, or
 * this thread sees that the loop waits. */
static void announce_done(struct crew *crew, struct work *work, uint64_t pending_tag)
{
    atomic_store(&work->tag, work_tag(pending_tag >> 2, WORK_DONE));
    if (!atomic_load(&crew->loop_waits))
        return;
    pthread_mutex_lock(&crew->lock);
    pthread_cond_signal(&crew->work_done);
    pthread_mutex_unlock(&crew->lock);
}

bool crew_try_run(struct crew_runner *runner, struct crew_entry entry)
{
    uint64_t expected = entry.tag;
    if (!atomic_compare_exchange_strong_explicit(&entry.work->tag, &expected,
                                                 work_tag(entry.tag >> 2, WORK_RUNNING),
                                                 memory_order_acq_rel, memory_order_relaxed))
        return false;
    delay_for_tests(runner);
    run_claimed(runner, entry.work);
    delay_for_tests(runner);
    announce_done(runner->crew, entry.work, entry.tag);
    return true;
}

/* Under the lock: the next entry; in shuffling tests any. */
static struct crew_entry pop(struct crew *crew)
{
    size_t mask = RING_ENTRIES - 1, count = atomic_load(&crew->count);
    struct crew_entry *first = &crew->ring[crew->head & mask];
    if (crew->options.test_shuffle) {
        struct crew_entry *any = &crew->ring[(crew->head + roll(&crew->dice) % count) & mask];
        struct crew_entry swapped = *first;
        *first = *any;
        *any = swapped;
    }
    struct crew_entry entry = *first;
    crew->head++;
    atomic_store(&crew->count, count - 1);
    return entry;
}

/* Under the lock: a share of what is there, so that the last jobs spread over all threads. */
static size_t pop_some(struct crew *crew, struct crew_entry *ret_entries)
{
    size_t share = atomic_load(&crew->count) / (2 * (size_t)crew->options.threads) + 1;
    size_t take = share < TAKE_MAX ? share : TAKE_MAX, count = 0;
    while (count < take && atomic_load(&crew->count) > 0)
        ret_entries[count++] = pop(crew);
    return count;
}

static void spin_for_work(struct crew *crew)
{
    for (int i = 0; i < SPINS_BEFORE_SLEEP && atomic_load(&crew->count) == 0; i++)
        _mm_pause();
}

static void *work_until_stopped(void *argument)
{
    struct crew_runner *runner = argument;
    struct crew *crew = runner->crew;
    struct crew_entry entries[TAKE_MAX];
    for (;;) {
        spin_for_work(crew);
        pthread_mutex_lock(&crew->lock);
        while (atomic_load(&crew->count) == 0 && !crew->stop) {
            atomic_fetch_add(&crew->idle, 1);
            pthread_cond_wait(&crew->work_came, &crew->lock);
            atomic_fetch_sub(&crew->idle, 1);
        }
        bool stop = crew->stop;
        size_t count = stop ? 0 : pop_some(crew, entries);
        pthread_mutex_unlock(&crew->lock);
        if (stop)
            return NULL;
        for (size_t i = 0; i < count; i++)
            crew_try_run(runner, entries[i]);
    }
}

void crew_publish(struct crew *crew, const struct crew_entry *entries, size_t count)
{
    pthread_mutex_lock(&crew->lock);
    size_t before = atomic_load(&crew->count), room = RING_ENTRIES - before;
    size_t taken = count < room ? count : room;
    for (size_t i = 0; i < taken; i++)
        crew->ring[(crew->head + before + i) & (RING_ENTRIES - 1)] = entries[i];
    atomic_store(&crew->count, before + taken);
    if (atomic_load(&crew->idle) > 1 && taken > 1)
        pthread_cond_broadcast(&crew->work_came);
    else if (atomic_load(&crew->idle) > 0)
        pthread_cond_signal(&crew->work_came);
    pthread_mutex_unlock(&crew->lock);
}

/* One published work, on the loop's thread; false when there is none. */
static bool help(struct crew *crew)
{
    if (atomic_load(&crew->count) == 0)
        return false;
    pthread_mutex_lock(&crew->lock);
    bool any = atomic_load(&crew->count) > 0;
    struct crew_entry entry = {0};
    if (any)
        entry = pop(crew);
    pthread_mutex_unlock(&crew->lock);
    if (any)
        crew_try_run(&crew->runners[0], entry);
    return any;
}

static void sleep_until_done(struct crew *crew, const struct work *work)
{
    uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
    for (int i = 0; i < SPINS_BEFORE_SLEEP && work_state(work) != WORK_DONE; i++)
        _mm_pause();
    pthread_mutex_lock(&crew->lock);
    atomic_store(&crew->loop_waits, true);
    while ((atomic_load(&work->tag) & 3) != WORK_DONE)
        pthread_cond_wait(&crew->work_done, &crew->lock);
    atomic_store(&crew->loop_waits, false);
    pthread_mutex_unlock(&crew->lock);
    crew->wait_ns += clock_ns(CLOCK_MONOTONIC) - begin_ns;
}

void crew_await(struct crew *crew, const struct work *work)
{
    while (work_state(work) != WORK_DONE)
        if (!help(crew))
            sleep_until_done(crew, work);
}

/* Workers take no signal: the loop's thread answers them. */
static bool start_worker(struct crew_runner *runner)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&runner->thread, NULL, work_until_stopped, runner);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0;
}

enum sim_status crew_init(struct crew *crew, const struct compute_options *options,
                          struct sim_error *err)
{
    *crew = (struct crew){.options = *options, .dice = options->test_seed * 2 + 1};
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->work_came, NULL);
    pthread_cond_init(&crew->work_done, NULL);
    crew->runners = calloc(options->threads, sizeof(*crew->runners));
    crew->ring = calloc(RING_ENTRIES, sizeof(*crew->ring));
    if (crew->runners == NULL || crew->ring == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "compute pool: out of memory");
    for (uint32_t i = 0; i < options->threads; i++) {
        struct crew_runner *runner = &crew->runners[i];
        runner->crew = crew;
        runner->dice = (options->test_seed + i) * 2 + 1;
        if (i > 0 && !start_worker(runner))
            return SIM_FAIL(err, SIM_MEMORY, "compute pool: cannot start thread %u of %u", i + 1,
                            options->threads);
        crew->runner_count = i + 1;
    }
    return SIM_OK;
}

void crew_release(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->stop = true;
    pthread_cond_broadcast(&crew->work_came);
    pthread_mutex_unlock(&crew->lock);
    for (uint32_t i = 0; i < crew->runner_count; i++) {
        if (i > 0)
            pthread_join(crew->runners[i].thread, NULL);
        free(crew->runners[i].scratch.bytes);
    }
    free(crew->runners);
    free(crew->ring);
    pthread_cond_destroy(&crew->work_done);
    pthread_cond_destroy(&crew->work_came);
    pthread_mutex_destroy(&crew->lock);
}
