/*
 * heap_oracle.h: a plain binary heap of events ordered by (time, sequence), for comparison with
 * the event queue.  Slow and obvious on purpose.
 */
#ifndef TESTS_HEAP_ORACLE_H
#define TESTS_HEAP_ORACLE_H

#include "event/queue.h"

#include <stdlib.h>

/* Starts as {0}. */
struct heap_oracle {
    struct event *events;
    uint64_t count, capacity;
};

static inline bool heap_oracle_before(const struct event *a, const struct event *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->sequence < b->sequence);
}

static inline void heap_oracle_swap(struct heap_oracle *heap, uint64_t a, uint64_t b)
{
    struct event event = heap->events[a];
    heap->events[a] = heap->events[b];
    heap->events[b] = event;
}

static inline void heap_oracle_push(struct heap_oracle *heap, struct event event)
{
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity * 2 + 64;
        heap->events = realloc(heap->events, heap->capacity * sizeof(heap->events[0]));
        SIM_ASSERT(heap->events != NULL);
    }
    uint64_t at = heap->count++;
    heap->events[at] = event;
    for (; at > 0 && heap_oracle_before(&heap->events[at], &heap->events[(at - 1) / 2]);
         at = (at - 1) / 2)
        heap_oracle_swap(heap, at, (at - 1) / 2);
}

/* The heap must not be empty. */
static inline struct event heap_oracle_pop(struct heap_oracle *heap)
{
    SIM_ASSERT(heap->count > 0);
    struct event first = heap->events[0];
    heap->events[0] = heap->events[--heap->count];
    for (uint64_t at = 0;;) {
        uint64_t best = at;
        for (uint64_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap->count; child++) {
            if (heap_oracle_before(&heap->events[child], &heap->events[best]))
                best = child;
        }
        if (best == at)
            return first;
        heap_oracle_swap(heap, at, best);
        at = best;
    }
}

static inline void heap_oracle_release(struct heap_oracle *heap)
{
    free(heap->events);
    *heap = (struct heap_oracle){0};
}

#endif
