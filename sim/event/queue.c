#include "event/queue.h"

#include "event/seqset.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    DIGIT_BITS = 6,
    DIGIT_COUNT = 1 << DIGIT_BITS,
    LEVEL_COUNT = (63 + DIGIT_BITS - 1) / DIGIT_BITS,
    CHUNK_EVENTS = 63, /* makes a chunk 2 KiB */
    SLAB_BYTES = 2 << 20,
    /* Chunks that need not be full: the tail of every bucket and of `current`, the head of
     * `current`, the one that is being dealt out. */
    LOOSE_CHUNKS = LEVEL_COUNT * DIGIT_COUNT + 3
};
#define CAPACITY_MAX (UINT64_C(1) << 40)

struct chunk {
    struct chunk *next;
    uint64_t count;
    uint64_t unused[2]; /* keeps the events on 32-byte borders */
    struct event events[CHUNK_EVENTS];
};

/* A first-in first-out chain of chunks; none of them is empty. */
struct bucket {
    struct chunk *head, *tail;
    int64_t earliest_ns; /* undefined when empty */
};

/*
 * An event at time t lies in
 *  - `current` when t equals clock_ns;
 *  - else in bucket[l][d], where l is the highest digit in which t and clock_ns differ and d that
 *    digit of t.  All of bucket[l][d] is later than all of bucket[k][*] for k < l and than all of
 *    bucket[l][c] for c < d, so the next instant is in the lowest non-empty bucket.
 * Bitmaps say which are not empty.  When `current` runs dry the clock jumps to the earliest event
 * of that bucket, and its events are dealt out again relative to the new clock: each falls at
 * least one level.  Dealing out keeps the order of the chain, and equal times always lie in the
 * same bucket, hence first-in first-out without a comparison.
 */
struct evq {
    int64_t clock_ns;
    uint64_t stored_count; /* pending and cancelled */
    uint64_t next_sequence;
    uint64_t current_index; /* next event in current.head */
    struct bucket current;
    uint64_t level_map;
    uint64_t digit_map[LEVEL_COUNT];
    struct bucket bucket[LEVEL_COUNT][DIGIT_COUNT];
    struct chunk *free_chunks;
    struct seqset cancelled;
    uint64_t capacity;
    uint64_t backed_count; /* so many events fit into the chunks at hand, wherever they lie */
    void **slabs;
    uint64_t slab_count, slab_capacity;
};

_Static_assert(sizeof(struct event) == 32, "an event is 32 bytes");
_Static_assert(sizeof(struct chunk) == 2048, "a chunk is 2 KiB");

enum sim_status evq_create(const struct evq_options *options, struct evq **ret_queue,
                           struct sim_error *err)
{
    if (options->capacity == 0 || options->capacity > CAPACITY_MAX)
        return SIM_FAIL(err, SIM_CONFIG, "event queue: capacity %llu is not within 1..2^40",
                        (unsigned long long)options->capacity);
    struct evq *queue = calloc(1, sizeof(*queue));
    if (queue == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "event queue: out of memory");
    queue->capacity = options->capacity;
    *ret_queue = queue;
    return SIM_OK;
}

struct evq *evq_free(struct evq *queue)
{
    if (queue == NULL)
        return NULL;
    for (uint64_t i = 0; i < queue->slab_count; i++)
        free(queue->slabs[i]);
    free(queue->slabs);
    seqset_release(&queue->cancelled);
    free(queue);
    return NULL;
}

/* A new slab's chunks onto the free list, lowest address first. */
static enum sim_status queue_add_slab(struct evq *queue, struct sim_error *err)
{
    if (queue->slab_count == queue->slab_capacity) {
        uint64_t capacity = queue->slab_capacity * 2 + 16;
        void **slabs = realloc(queue->slabs, capacity * sizeof(slabs[0]));
        if (slabs == NULL)
            return SIM_FAIL(err, SIM_MEMORY, "event queue: out of memory");
        queue->slabs = slabs;
        queue->slab_capacity = capacity;
    }
    struct chunk *chunks = aligned_alloc(SLAB_BYTES, SLAB_BYTES);
    if (chunks == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "event queue: out of memory with %llu events pending",
                        (unsigned long long)queue->stored_count);
    /* Only a hint: large pages spare address translations at millions of events. */
    (void)madvise(chunks, SLAB_BYTES, MADV_HUGEPAGE);
    queue->slabs[queue->slab_count++] = chunks;
    for (size_t i = SLAB_BYTES / sizeof(chunks[0]); i-- > 0;) {
        chunks[i].next = queue->free_chunks;
        queue->free_chunks = &chunks[i];
    }
    uint64_t chunk_count = queue->slab_count * (SLAB_BYTES / sizeof(chunks[0]));
    queue->backed_count = (chunk_count - LOOSE_CHUNKS) * CHUNK_EVENTS;
    return SIM_OK;
}

static struct chunk *chunk_take(struct evq *queue)
{
    struct chunk *chunk = queue->free_chunks;
    queue->free_chunks = chunk->next;
    chunk->next = NULL;
    chunk->count = 0;
    return chunk;
}

static void chunk_give(struct evq *queue, struct chunk *chunk)
{
    chunk->next = queue->free_chunks;
    queue->free_chunks = chunk;
}

/* There is always a free chunk for it: backed_count. */
static inline void bucket_append(struct evq *queue, struct bucket *bucket,
                                 const struct event *event)
{
    struct chunk *tail = bucket->tail;
    if (__builtin_expect(tail == NULL || tail->count == CHUNK_EVENTS, 0)) {
        struct chunk *chunk = chunk_take(queue);
        if (tail == NULL) {
            bucket->head = chunk;
            bucket->earliest_ns = event->at_ns;
        } else {
            tail->next = chunk;
        }
        bucket->tail = tail = chunk;
    }
    if (event->at_ns < bucket->earliest_ns)
        bucket->earliest_ns = event->at_ns;
    tail->events[tail->count++] = *event;
}

static inline unsigned queue_level(uint64_t difference)
{
    return (63u - (unsigned)__builtin_clzll(difference)) / DIGIT_BITS;
}

static inline void queue_place(struct evq *queue, const struct event *event)
{
    uint64_t difference = (uint64_t)event->at_ns ^ (uint64_t)queue->clock_ns;
    if (difference == 0) {
        bucket_append(queue, &queue->current, event);
        return;
    }
    unsigned level = queue_level(difference);
    unsigned digit = (uint64_t)event->at_ns >> (level * DIGIT_BITS) & (DIGIT_COUNT - 1);
    bucket_append(queue, &queue->bucket[level][digit], event);
    queue->digit_map[level] |= UINT64_C(1) << digit;
    queue->level_map |= UINT64_C(1) << level;
}

enum sim_status evq_push(struct evq *queue, int64_t at_ns, uint32_t kind, uint32_t entity,
                         uint64_t payload, struct sim_error *err)
{
    SIM_ASSERT(at_ns >= queue->clock_ns && at_ns < TIME_NS_MAX);
    if (__builtin_expect(queue->stored_count >= queue->capacity, 0))
        return SIM_FAIL(err, SIM_LIMIT, "event queue: its capacity of %llu events is used up",
                        (unsigned long long)queue->capacity);
    /* Memory is taken here only, so that popping cannot fail. */
    if (__builtin_expect(queue->stored_count >= queue->backed_count, 0)) {
        enum sim_status status = queue_add_slab(queue, err);
        if (status != SIM_OK)
            return status;
    }
    struct event event = {at_ns, queue->next_sequence++, kind, entity, payload};
    queue_place(queue, &event);
    queue->stored_count++;
    return SIM_OK;
}

uint64_t evq_last_sequence(const struct evq *queue)
{
    SIM_ASSERT(queue->next_sequence > 0);
    return queue->next_sequence - 1;
}

enum sim_status evq_cancel(struct evq *queue, uint64_t sequence, struct sim_error *err)
{
    SIM_ASSERT(sequence < queue->next_sequence);
    SIM_ASSERT(queue->cancelled.count < queue->stored_count);
    return seqset_add(&queue->cancelled, sequence, err);
}

/* Where the next instant after clock_ns lies; level_map must not be empty. */
static inline struct bucket *queue_first_bucket(struct evq *queue, unsigned *ret_level,
                                                unsigned *ret_digit)
{
    unsigned level = (unsigned)__builtin_ctzll(queue->level_map);
    unsigned digit = (unsigned)__builtin_ctzll(queue->digit_map[level]);
    *ret_level = level;
    *ret_digit = digit;
    return &queue->bucket[level][digit];
}

/* Places the events of a chain anew, relative to a clock that has moved. */
static void queue_deal(struct evq *queue, struct chunk *chain)
{
    while (chain != NULL) {
        struct chunk *next = chain->next;
        const struct chunk *ahead = next != NULL ? next : chain;
        for (uint64_t i = 0; i < chain->count; i++) {
            __builtin_prefetch(&ahead->events[i]);
            queue_place(queue, &chain->events[i]);
        }
        chunk_give(queue, chain);
        chain = next;
    }
}

/* Fills `current`, which is empty, with the next instant's events and moves the clock there.
 * False, and nothing changed, when that instant lies beyond until_ns or there is none. */
static bool queue_advance(struct evq *queue, int64_t until_ns)
{
    if (queue->level_map == 0)
        return false;
    unsigned level, digit;
    struct bucket *bucket = queue_first_bucket(queue, &level, &digit);
    int64_t next_ns = bucket->earliest_ns;
    if (next_ns > until_ns)
        return false;
    struct bucket taken = *bucket;
    *bucket = (struct bucket){0};
    queue->digit_map[level] &= queue->digit_map[level] - 1;
    if (queue->digit_map[level] == 0)
        queue->level_map &= queue->level_map - 1;
    queue->clock_ns = next_ns;
    if (level == 0 || (taken.head == taken.tail && taken.head->count == 1))
        queue->current = taken;
    else
        queue_deal(queue, taken.head);
    return true;
}

/* Gives back what has been read of `current`; true when an event is left in it. */
static inline bool queue_trim_current(struct evq *queue)
{
    struct chunk *head = queue->current.head;
    if (head == NULL || queue->current_index < head->count)
        return head != NULL;
    queue->current.head = head->next;
    if (head->next == NULL)
        queue->current.tail = NULL;
    queue->current_index = 0;
    chunk_give(queue, head);
    return queue->current.head != NULL;
}

bool evq_pop_until(struct evq *queue, int64_t until_ns, struct event *ret_event)
{
    for (;;) {
        if (!queue_trim_current(queue)) {
            if (!queue_advance(queue, until_ns))
                return false;
        } else if (queue->clock_ns > until_ns) {
            return false;
        }
        const struct event *event = &queue->current.head->events[queue->current_index++];
        queue->stored_count--;
        if (__builtin_expect(queue->cancelled.count > 0, 0) &&
            seqset_remove(&queue->cancelled, event->sequence))
            continue;
        *ret_event = *event;
        return true;
    }
}

bool evq_pop(struct evq *queue, struct event *ret_event)
{
    return evq_pop_until(queue, TIME_NS_MAX, ret_event);
}

int64_t evq_now_ns(const struct evq *queue)
{
    return queue->clock_ns;
}

uint64_t evq_count(const struct evq *queue)
{
    return queue->stored_count - queue->cancelled.count;
}

uint64_t evq_size_bytes(const struct evq *queue)
{
    uint64_t set_slots = queue->cancelled.slots == NULL ? 0 : queue->cancelled.slot_mask + 1;
    return sizeof(*queue) + queue->slab_count * SLAB_BYTES +
           queue->slab_capacity * sizeof(queue->slabs[0]) + set_slots * sizeof(uint64_t);
}

/* For walks over everything, in the order of time: bucket 0 is `current`, then level by level. */
enum { WALK_COUNT = 1 + LEVEL_COUNT * DIGIT_COUNT };

static const struct bucket *queue_walk(const struct evq *queue, int number)
{
    return number == 0 ? &queue->current
                       : &queue->bucket[(number - 1) / DIGIT_COUNT][(number - 1) % DIGIT_COUNT];
}

/* The first event of a chunk that has not been popped. */
static uint64_t chunk_first(const struct evq *queue, const struct chunk *chunk)
{
    return chunk == queue->current.head ? queue->current_index : 0;
}

bool evq_peek_ns(const struct evq *queue, int64_t *ret_at_ns)
{
    int64_t earliest_ns = TIME_NS_MAX;
    for (int number = 0; number < WALK_COUNT && earliest_ns == TIME_NS_MAX; number++) {
        const struct chunk *chunk = queue_walk(queue, number)->head;
        for (; chunk != NULL; chunk = chunk->next) {
            for (uint64_t i = chunk_first(queue, chunk); i < chunk->count; i++) {
                const struct event *event = &chunk->events[i];
                if (event->at_ns < earliest_ns && !seqset_has(&queue->cancelled, event->sequence))
                    earliest_ns = event->at_ns;
            }
        }
    }
    if (earliest_ns == TIME_NS_MAX)
        return false;
    *ret_at_ns = earliest_ns;
    return true;
}

void evq_reset(struct evq *queue)
{
    for (int number = 0; number < WALK_COUNT; number++) {
        struct chunk *chunk = queue_walk(queue, number)->head;
        while (chunk != NULL) {
            struct chunk *next = chunk->next;
            chunk_give(queue, chunk);
            chunk = next;
        }
    }
    queue->current = (struct bucket){0};
    memset(queue->bucket, 0, sizeof(queue->bucket));
    memset(queue->digit_map, 0, sizeof(queue->digit_map));
    queue->level_map = queue->current_index = queue->stored_count = queue->next_sequence = 0;
    queue->clock_ns = 0;
    seqset_release(&queue->cancelled);
}

static int event_compare(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

void evq_snapshot(const struct evq *queue, struct event *ret_events)
{
    uint64_t count = 0;
    for (int number = 0; number < WALK_COUNT; number++) {
        const struct chunk *chunk = queue_walk(queue, number)->head;
        for (; chunk != NULL; chunk = chunk->next) {
            for (uint64_t i = chunk_first(queue, chunk); i < chunk->count; i++) {
                if (!seqset_has(&queue->cancelled, chunk->events[i].sequence))
                    ret_events[count++] = chunk->events[i];
            }
        }
    }
    SIM_ASSERT(count == evq_count(queue));
    if (count > 0)
        qsort(ret_events, count, sizeof(ret_events[0]), event_compare);
}

enum sim_status evq_restore(struct evq *queue, int64_t now_ns, uint64_t next_sequence,
                            const struct event *events, uint64_t count, struct sim_error *err)
{
    SIM_ASSERT(queue->stored_count == 0 && queue->next_sequence == 0 && queue->clock_ns == 0);
    if (now_ns < 0)
        return SIM_FAIL(err, SIM_IO, "event queue: a saved clock before the start");
    queue->clock_ns = now_ns;
    for (uint64_t i = 0; i < count; i++) {
        const struct event *event = &events[i];
        bool in_order = i == 0 || event_compare(&events[i - 1], event) < 0;
        if (!in_order || event->at_ns < now_ns || event->at_ns == TIME_NS_MAX ||
            event->sequence >= next_sequence)
            return SIM_FAIL(err, SIM_IO, "event queue: saved event %llu is out of order",
                            (unsigned long long)i);
        queue->next_sequence = event->sequence;
        enum sim_status status =
            evq_push(queue, event->at_ns, event->kind, event->entity, event->payload, err);
        if (status != SIM_OK)
            return status;
    }
    queue->next_sequence = next_sequence;
    return SIM_OK;
}

enum sim_status evq_save(const struct evq *queue, struct buffer *buffer, struct sim_error *err)
{
    uint64_t count = evq_count(queue);
    struct event *events = malloc((count + 1) * sizeof(events[0]));
    if (events == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "event queue: out of memory for a checkpoint");
    evq_snapshot(queue, events);
    buffer_put_tag(buffer, "evqueue");
    buffer_put_i64(buffer, queue->clock_ns);
    buffer_put_u64(buffer, queue->next_sequence);
    buffer_put_u64(buffer, count);
    for (uint64_t i = 0; i < count; i++) {
        buffer_put_i64(buffer, events[i].at_ns);
        buffer_put_u64(buffer, events[i].sequence);
        buffer_put_u32(buffer, events[i].kind);
        buffer_put_u32(buffer, events[i].entity);
        buffer_put_u64(buffer, events[i].payload);
    }
    free(events);
    return buffer_status(buffer, err);
}

enum sim_status evq_load(struct evq *queue, struct buffer_reader *reader, struct sim_error *err)
{
    buffer_get_tag(reader, "evqueue");
    int64_t now_ns = buffer_get_i64(reader);
    uint64_t next_sequence = buffer_get_u64(reader);
    uint64_t count = buffer_get_count(reader, sizeof(struct event));
    struct event *events = malloc((count + 1) * sizeof(events[0]));
    if (events == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "event queue: out of memory for a checkpoint");
    for (uint64_t i = 0; i < count; i++) {
        events[i].at_ns = buffer_get_i64(reader);
        events[i].sequence = buffer_get_u64(reader);
        events[i].kind = buffer_get_u32(reader);
        events[i].entity = buffer_get_u32(reader);
        events[i].payload = buffer_get_u64(reader);
    }
    enum sim_status status = buffer_reader_status(reader, err);
    if (status == SIM_OK)
        status = evq_restore(queue, now_ns, next_sequence, events, count, err);
    free(events);
    return status;
}

/* Whether an event of the bucket of that number may have this time. */
static bool queue_belongs(const struct evq *queue, int number, int64_t at_ns)
{
    uint64_t difference = (uint64_t)at_ns ^ (uint64_t)queue->clock_ns;
    if (at_ns < queue->clock_ns)
        return false;
    if (difference == 0)
        return number == 0;
    unsigned level = queue_level(difference);
    unsigned digit = (uint64_t)at_ns >> (level * DIGIT_BITS) & (DIGIT_COUNT - 1);
    return number == 1 + (int)(level * DIGIT_COUNT + digit);
}

void evq_check(const struct evq *queue)
{
    uint64_t stored_count = 0, cancelled_count = 0;
    for (int number = 0; number < WALK_COUNT; number++) {
        const struct bucket *bucket = queue_walk(queue, number);
        SIM_ASSERT((bucket->head == NULL) == (bucket->tail == NULL));
        if (number > 0) {
            unsigned level = (unsigned)(number - 1) / DIGIT_COUNT;
            unsigned digit = (unsigned)(number - 1) % DIGIT_COUNT;
            SIM_ASSERT((queue->digit_map[level] >> digit & 1) == (bucket->head != NULL));
            SIM_ASSERT((queue->level_map >> level & 1) == (queue->digit_map[level] != 0));
        }
        for (const struct chunk *chunk = bucket->head; chunk != NULL; chunk = chunk->next) {
            SIM_ASSERT(chunk->next != NULL || bucket->tail == chunk);
            SIM_ASSERT(chunk->next == NULL || chunk->count == CHUNK_EVENTS);
            for (uint64_t i = chunk_first(queue, chunk); i < chunk->count; i++) {
                SIM_ASSERT(queue_belongs(queue, number, chunk->events[i].at_ns));
                SIM_ASSERT(bucket->earliest_ns <= chunk->events[i].at_ns);
                SIM_ASSERT(chunk->events[i].sequence < queue->next_sequence);
                stored_count++;
                cancelled_count += seqset_has(&queue->cancelled, chunk->events[i].sequence);
            }
        }
    }
    SIM_ASSERT(stored_count == queue->stored_count && stored_count <= queue->backed_count);
    SIM_ASSERT(cancelled_count == queue->cancelled.count);
}
