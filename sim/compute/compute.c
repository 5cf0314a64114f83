#include "compute/compute.h"

#include "compute/blocks.h"
#include "compute/crew.h"
#include "compute/memo.h"
#include "compute/version.h"

#include <stdlib.h>
#include <string.h>

enum {
    PAGE_WORKS = 512,
    STAGE_MAX = 64,
    /* Works are published when this much has come together (some hundred microseconds), or less
     * while somebody has nothing to do. */
    STAGE_FLOP = 16000000,
    STAGE_FLOP_IDLE = 1000000,
    TICKET_MAX_DEFAULT = 1 << 22,
    THREADS_MAX = 256
};

/* A ticket's id is (round << 32 | index + 1). */
struct ticket_place {
    struct work *work; /* NULL while free */
    uint32_t round;
    uint32_t next_free; /* index + 1; 0 = none */
};

struct compute_pool {
    struct crew crew;
    struct blocks blocks; /* inputs, outputs, keys */
    struct memo memo;
    struct ticket_place *tickets; /* [ticket_capacity] */
    uint32_t ticket_capacity, ticket_used, ticket_free, ticket_count, ticket_max;
    struct work **pages; /* [page_count] of PAGE_WORKS */
    size_t page_count, page_capacity;
    struct work *free_works;
    struct work *abandoned;             /* dropped while they ran */
    struct crew_entry stage[STAGE_MAX]; /* started and not yet published */
    uint64_t stage_group[STAGE_MAX];
    size_t stage_count;
    uint64_t stage_flop;
    struct compute_counters counters;
};

enum sim_status compute_create(const struct compute_options *options,
                               struct compute_pool **ret_pool, struct sim_error *err)
{
    if (options->threads < 1 || options->threads > THREADS_MAX)
        return SIM_FAIL(err, SIM_CONFIG, "compute pool: %u threads, expected 1 to %d",
                        options->threads, THREADS_MAX);
    struct compute_pool *pool = calloc(1, sizeof(*pool));
    if (pool == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "compute pool: out of memory");
    pool->ticket_max = options->ticket_max == 0 ? TICKET_MAX_DEFAULT : options->ticket_max;
    blocks_init(&pool->blocks, 0);
    enum sim_status status = crew_init(&pool->crew, options, err);
    if (status == SIM_OK && !memo_init(&pool->memo, options->memo_bytes))
        status = SIM_FAIL(err, SIM_MEMORY, "compute pool: out of memory");
    if (status != SIM_OK) {
        compute_free(pool);
        return status;
    }
    *ret_pool = pool;
    return SIM_OK;
}

/* ---- works ---- */

static bool add_page(struct compute_pool *pool)
{
    if (pool->page_count == pool->page_capacity) {
        size_t capacity = pool->page_capacity == 0 ? 16 : 2 * pool->page_capacity;
        struct work **pages = realloc(pool->pages, capacity * sizeof(struct work *));
        if (pages == NULL)
            return false;
        pool->pages = pages;
        pool->page_capacity = capacity;
    }
    struct work *page = calloc(PAGE_WORKS, sizeof(*page));
    if (page == NULL)
        return false;
    pool->pages[pool->page_count++] = page;
    for (size_t i = PAGE_WORKS; i-- > 0;) {
        page[i].next = pool->free_works;
        pool->free_works = &page[i];
    }
    return true;
}

/* What only the run needed; the output stays. */
static void give_back_input(struct compute_pool *pool, struct work *work)
{
    if (work->is_redeemed)
        return;
    work->is_redeemed = true;
    if (work->input != NULL)
        blocks_give(&pool->blocks, work->input, work->input_class);
    work->input = NULL;
    for (uint32_t i = 0; i < work->hold_count; i++)
        version_release(work->holds[i]);
    work->hold_count = 0;
}

/* No thread uses the work. */
static void free_work(struct compute_pool *pool, struct work *work)
{
    give_back_input(pool, work);
    if (work->output != NULL)
        blocks_give(&pool->blocks, work->output, work->output_class);
    if (work->key != NULL)
        blocks_give(&pool->blocks, work->key, work->key_class);
    work->output = work->key = NULL;
    uint64_t round = atomic_load_explicit(&work->tag, memory_order_relaxed) >> 2;
    atomic_store_explicit(&work->tag, work_tag(round + 1, WORK_FREE), memory_order_release);
    work->next = pool->free_works;
    pool->free_works = work;
}

/* Nobody wants the work any more: it is freed now, or when the thread that runs it is done. */
static void abandon(struct compute_pool *pool, struct work *work)
{
    uint64_t tag = atomic_load_explicit(&work->tag, memory_order_acquire);
    if ((tag & 3) == WORK_PENDING &&
        atomic_compare_exchange_strong(&work->tag, &tag, work_tag(tag >> 2, WORK_DONE))) {
        free_work(pool, work);
        return;
    }
    if ((tag & 3) == WORK_DONE) {
        free_work(pool, work);
        return;
    }
    work->next = pool->abandoned;
    pool->abandoned = work;
}

static void free_abandoned(struct compute_pool *pool)
{
    struct work **link = &pool->abandoned;
    while (*link != NULL) {
        struct work *work = *link;
        if (work_state(work) != WORK_DONE) {
            link = &work->next;
            continue;
        }
        *link = work->next;
        free_work(pool, work);
    }
}

static void forget(struct compute_pool *pool, struct work *work)
{
    SIM_ASSERT(work->references > 0);
    if (--work->references == 0)
        abandon(pool, work);
}

static void *copy_of(struct compute_pool *pool, const void *bytes, uint32_t size_bytes,
                     uint32_t *ret_class)
{
    *ret_class = blocks_class(size_bytes);
    void *copy = blocks_take(&pool->blocks, *ret_class);
    if (copy != NULL && size_bytes > 0)
        memcpy(copy, bytes, size_bytes);
    return copy;
}

/* A free work with its memory taken, its round's tag not yet pending. */
static struct work *take_work(struct compute_pool *pool, const struct compute_job *job)
{
    if (pool->free_works == NULL && !add_page(pool))
        return NULL;
    struct work *work = pool->free_works;
    pool->free_works = work->next;
    work->run = job->run;
    work->scratch_bytes = job->scratch_bytes;
    work->work_flop = job->work_flop;
    work->group = job->group;
    work->output_bytes = job->output_bytes;
    work->kind = job->kind;
    work->status = SIM_OK;
    work->references = 1;
    work->hold_count = 0;
    work->is_redeemed = false;
    work->is_memoised = false;
    work->key = NULL;
    work->output_class = blocks_class(job->output_bytes);
    work->output = blocks_take(&pool->blocks, work->output_class);
    work->input = copy_of(pool, job->input, job->input_bytes, &work->input_class);
    if (work->output == NULL || work->input == NULL) {
        free_work(pool, work);
        return NULL;
    }
    return work;
}

/* ---- tickets ---- */

static bool reserve_ticket(struct compute_pool *pool)
{
    if (pool->ticket_free != 0 || pool->ticket_used < pool->ticket_capacity)
        return true;
    uint32_t capacity = pool->ticket_capacity == 0 ? 1024 : 2 * pool->ticket_capacity;
    struct ticket_place *tickets = realloc(pool->tickets, capacity * sizeof(*tickets));
    if (tickets == NULL)
        return false;
    memset(tickets + pool->ticket_capacity, 0,
           (capacity - pool->ticket_capacity) * sizeof(*tickets));
    pool->tickets = tickets;
    pool->ticket_capacity = capacity;
    return true;
}

/* After reserve_ticket. */
static struct compute_ticket give_ticket(struct compute_pool *pool, struct work *work)
{
    uint32_t index;
    if (pool->ticket_free != 0) {
        index = pool->ticket_free - 1;
        pool->ticket_free = pool->tickets[index].next_free;
    } else {
        index = pool->ticket_used++;
    }
    pool->tickets[index].work = work;
    pool->ticket_count++;
    return (struct compute_ticket){(uint64_t)pool->tickets[index].round << 32 |
                                   (uint64_t)(index + 1)};
}

static struct ticket_place *place_of(const struct compute_pool *pool, struct compute_ticket ticket)
{
    uint32_t index = (uint32_t)ticket.id - 1;
    SIM_ASSERT(ticket.id != 0 && index < pool->ticket_used);
    struct ticket_place *place = &pool->tickets[index];
    SIM_ASSERT(place->work != NULL && place->round == (uint32_t)(ticket.id >> 32));
    return place;
}

/* ---- starting ---- */

/* Equal groups side by side, in the order of their first start, so that a model's parameters are
 * read while they are in the cache. */
static void group_stage(struct compute_pool *pool)
{
    struct crew_entry grouped[STAGE_MAX];
    bool taken[STAGE_MAX] = {false};
    size_t count = 0;
    for (size_t i = 0; i < pool->stage_count; i++) {
        for (size_t j = i; j < pool->stage_count; j++) {
            if (taken[j] || pool->stage_group[j] != pool->stage_group[i])
                continue;
            taken[j] = true;
            grouped[count++] = pool->stage[j];
        }
    }
    memcpy(pool->stage, grouped, count * sizeof(grouped[0]));
}

static void publish(struct compute_pool *pool)
{
    if (pool->stage_count == 0)
        return;
    group_stage(pool);
    crew_publish(&pool->crew, pool->stage, pool->stage_count);
    pool->stage_count = 0;
    pool->stage_flop = 0;
}

/* Puts the pending work where workers will find it; without workers there is nothing to do. */
static void stage(struct compute_pool *pool, struct work *work, uint64_t tag)
{
    if (pool->crew.runner_count == 1)
        return;
    pool->stage_group[pool->stage_count] = work->group;
    pool->stage[pool->stage_count++] = (struct crew_entry){work, tag};
    pool->stage_flop += work->work_flop;
    bool somebody_idles = atomic_load_explicit(&pool->crew.idle, memory_order_relaxed) > 0;
    if (pool->stage_count == STAGE_MAX ||
        pool->stage_flop >= (uint64_t)(somebody_idles ? STAGE_FLOP_IDLE : STAGE_FLOP))
        publish(pool);
}

/* Makes the work findable by its key, and lets the oldest entries go. */
static bool memoise(struct compute_pool *pool, struct work *work, const struct compute_job *job,
                    uint64_t hash)
{
    work->key = copy_of(pool, job->memo_key, job->memo_key_bytes, &work->key_class);
    if (work->key == NULL)
        return false;
    work->key_bytes = job->memo_key_bytes;
    work->hash = hash;
    work->references++;
    memo_add(&pool->memo, work);
    struct work *surplus;
    while ((surplus = memo_surplus(&pool->memo)) != NULL) {
        memo_remove(&pool->memo, surplus);
        forget(pool, surplus);
    }
    return true;
}

static void hold_versions(struct work *work, const struct compute_job *job)
{
    for (uint32_t i = 0; i < job->hold_count; i++)
        work->holds[i] = version_reference(job->holds[i]);
    work->hold_count = job->hold_count;
}

static enum sim_status no_memory(struct sim_error *err)
{
    return SIM_FAIL(err, SIM_MEMORY, "compute pool: out of memory");
}

static enum sim_status start_new(struct compute_pool *pool, const struct compute_job *job,
                                 bool with_memo, uint64_t hash, struct compute_ticket *ret_ticket,
                                 struct sim_error *err)
{
    struct work *work = take_work(pool, job);
    if (work == NULL)
        return no_memory(err);
    uint64_t round = atomic_load_explicit(&work->tag, memory_order_relaxed) >> 2;
    uint64_t tag = work_tag(round, WORK_PENDING);
    *ret_ticket = give_ticket(pool, work);
    hold_versions(work, job);
    atomic_store_explicit(&work->tag, tag, memory_order_release);
    /* Without memory for the key the job simply is not shared. */
    if (with_memo)
        (void)memoise(pool, work, job, hash);
    stage(pool, work, tag);
    return SIM_OK;
}

enum sim_status compute_start(struct compute_pool *pool, const struct compute_job *job,
                              struct compute_ticket *ret_ticket, struct sim_error *err)
{
    SIM_ASSERT(job->run != NULL && job->kind < COMPUTE_KINDS_MAX);
    SIM_ASSERT(job->hold_count <= COMPUTE_HOLDS_MAX);
    if (pool->abandoned != NULL)
        free_abandoned(pool);
    if (pool->ticket_count == pool->ticket_max)
        return SIM_FAIL(err, SIM_LIMIT, "compute pool: more than %u open tickets",
                        pool->ticket_max);
    if (!reserve_ticket(pool))
        return no_memory(err);
    pool->counters.jobs[job->kind]++;
    if (job->memo_key == NULL || pool->memo.bytes_max == 0)
        return start_new(pool, job, false, 0, ret_ticket, err);

    uint64_t hash = memo_hash(job->kind, job->memo_key, job->memo_key_bytes);
    struct work *known =
        memo_find(&pool->memo, hash, job->kind, job->memo_key, job->memo_key_bytes);
    if (known == NULL)
        return start_new(pool, job, true, hash, ret_ticket, err);
    SIM_ASSERT(known->output_bytes == job->output_bytes);
    known->references++;
    pool->counters.memo_hits[job->kind]++;
    *ret_ticket = give_ticket(pool, known);
    return SIM_OK;
}

/* ---- redeeming ---- */

/* On return the work is done, by whomever. */
static void complete(struct compute_pool *pool, struct work *work)
{
    uint64_t tag = atomic_load_explicit(&work->tag, memory_order_acquire);
    if ((tag & 3) == WORK_DONE)
        return;
    struct crew_entry entry = {work, work_tag(tag >> 2, WORK_PENDING)};
    if (!crew_try_run(&pool->crew.runners[0], entry))
        crew_await(&pool->crew, work);
}

enum sim_status compute_redeem(struct compute_pool *pool, struct compute_ticket ticket,
                               const void **ret_output, struct sim_error *err)
{
    struct work *work = place_of(pool, ticket)->work;
    if (work_state(work) != WORK_DONE) {
        publish(pool);
        complete(pool, work);
    }
    give_back_input(pool, work);
    *ret_output = work->output;
    if (work->status != SIM_OK)
        return SIM_FAIL(err, work->status, "%s", sim_status_text(work->status));
    return SIM_OK;
}

void compute_drop(struct compute_pool *pool, struct compute_ticket ticket)
{
    if (compute_ticket_is_none(ticket))
        return;
    struct ticket_place *place = place_of(pool, ticket);
    struct work *work = place->work;
    place->work = NULL;
    place->round++;
    place->next_free = pool->ticket_free;
    pool->ticket_free = (uint32_t)ticket.id;
    pool->ticket_count--;
    if (!work->is_redeemed)
        pool->counters.dropped[work->kind]++;
    forget(pool, work);
    if (work->references == 1 && work->is_memoised && work_state(work) != WORK_DONE) {
        /* Nobody but the memo wants it, and it has not run: a later start starts it anew. */
        memo_remove(&pool->memo, work);
        forget(pool, work);
    }
}

/* ---- checkpoints ---- */

void compute_finish(struct compute_pool *pool)
{
    publish(pool);
    for (size_t page = 0; page < pool->page_count; page++)
        for (size_t i = 0; i < PAGE_WORKS; i++)
            if (work_state(&pool->pages[page][i]) != WORK_FREE)
                complete(pool, &pool->pages[page][i]);
    free_abandoned(pool);
}

const void *compute_output(const struct compute_pool *pool, struct compute_ticket ticket,
                           uint32_t *ret_output_bytes, enum sim_status *ret_status)
{
    const struct work *work = place_of(pool, ticket)->work;
    SIM_ASSERT(work_state(work) == WORK_DONE);
    *ret_output_bytes = work->output_bytes;
    *ret_status = work->status;
    return work->output;
}

enum sim_status compute_restore(struct compute_pool *pool, uint32_t kind, const void *output,
                                uint32_t output_bytes, enum sim_status status,
                                struct compute_ticket *ret_ticket, struct sim_error *err)
{
    SIM_ASSERT(kind < COMPUTE_KINDS_MAX);
    const struct compute_job job = {.kind = kind, .output_bytes = output_bytes};
    if (pool->ticket_count == pool->ticket_max)
        return SIM_FAIL(err, SIM_LIMIT, "compute pool: more than %u open tickets",
                        pool->ticket_max);
    struct work *work = reserve_ticket(pool) ? take_work(pool, &job) : NULL;
    if (work == NULL)
        return no_memory(err);
    memcpy(work->output, output, output_bytes);
    work->status = status;
    uint64_t round = atomic_load_explicit(&work->tag, memory_order_relaxed) >> 2;
    atomic_store_explicit(&work->tag, work_tag(round, WORK_DONE), memory_order_release);
    *ret_ticket = give_ticket(pool, work);
    return SIM_OK;
}

struct compute_counters compute_counters(const struct compute_pool *pool)
{
    struct compute_counters counters = pool->counters;
    for (uint32_t i = 0; i < pool->crew.runner_count; i++) {
        for (uint32_t kind = 0; kind < COMPUTE_KINDS_MAX; kind++) {
            uint64_t busy_ns =
                atomic_load_explicit(&pool->crew.runners[i].busy_ns[kind], memory_order_relaxed);
            counters.busy_ns[kind] += busy_ns;
            counters.loop_busy_ns += i == 0 ? busy_ns : 0;
        }
    }
    counters.loop_wait_ns = pool->crew.wait_ns;
    counters.memo_bytes = pool->memo.bytes;
    counters.ticket_count = pool->ticket_count;
    return counters;
}

/* ---- the end ---- */

struct compute_pool *compute_free(struct compute_pool *pool)
{
    if (pool == NULL)
        return NULL;
    /* Workers end first, so that from here on no work runs. */
    crew_release(&pool->crew);
    for (size_t page = 0; page < pool->page_count; page++) {
        for (size_t i = 0; i < PAGE_WORKS; i++)
            if (work_state(&pool->pages[page][i]) != WORK_FREE)
                give_back_input(pool, &pool->pages[page][i]);
        free(pool->pages[page]);
    }
    free(pool->pages);
    free(pool->tickets);
    memo_release(&pool->memo);
    blocks_release(&pool->blocks);
    free(pool);
    return NULL;
}
