#include "net/heap.h"

#include <stdbool.h>
#include <stdlib.h>

enum { ARITY = 4 };

enum sim_status heap_init(struct heap *heap, uint32_t capacity, struct sim_error *err)
{
    *heap = (struct heap){.capacity = capacity};
    heap->slots = malloc((capacity + 1) * sizeof(heap->slots[0]));
    heap->position = calloc(capacity + 1, sizeof(heap->position[0]));
    if (heap->slots == NULL || heap->position == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "network: out of memory for %u links", capacity);
    return SIM_OK;
}

void heap_release(struct heap *heap)
{
    free(heap->slots);
    free(heap->position);
    *heap = (struct heap){0};
}

static inline bool slot_before(struct heap_slot a, struct heap_slot b)
{
    return a.at_ns < b.at_ns || (a.at_ns == b.at_ns && a.number < b.number);
}

static inline void heap_put(struct heap *heap, uint32_t index, struct heap_slot slot)
{
    heap->slots[index] = slot;
    heap->position[slot.number] = index + 1;
}

static void heap_rise(struct heap *heap, uint32_t index, struct heap_slot slot)
{
    while (index > 0) {
        uint32_t parent = (index - 1) / ARITY;
        if (!slot_before(slot, heap->slots[parent]))
            break;
        heap_put(heap, index, heap->slots[parent]);
        index = parent;
    }
    heap_put(heap, index, slot);
}

static void heap_sink(struct heap *heap, uint32_t index, struct heap_slot slot)
{
    for (;;) {
        uint32_t first = index * ARITY + 1;
        if (first >= heap->count)
            break;
        uint32_t best = first;
        uint32_t end = first + ARITY < heap->count ? first + ARITY : heap->count;
        for (uint32_t child = first + 1; child < end; child++) {
            if (slot_before(heap->slots[child], heap->slots[best]))
                best = child;
        }
        if (!slot_before(heap->slots[best], slot))
            break;
        heap_put(heap, index, heap->slots[best]);
        index = best;
    }
    heap_put(heap, index, slot);
}

void heap_set(struct heap *heap, uint32_t number, int64_t at_ns)
{
    struct heap_slot slot = {at_ns, number};
    uint32_t position = heap->position[number];
    if (position == 0)
        heap_rise(heap, heap->count++, slot);
    else if (at_ns < heap->slots[position - 1].at_ns)
        heap_rise(heap, position - 1, slot);
    else
        heap_sink(heap, position - 1, slot);
}

void heap_remove(struct heap *heap, uint32_t number)
{
    uint32_t position = heap->position[number];
    if (position == 0)
        return;
    heap->position[number] = 0;
    struct heap_slot last = heap->slots[--heap->count];
    if (last.number == number)
        return;
    uint32_t index = position - 1;
    if (index > 0 && slot_before(last, heap->slots[(index - 1) / ARITY]))
        heap_rise(heap, index, last);
    else
        heap_sink(heap, index, last);
}

void heap_check(const struct heap *heap)
{
    uint32_t placed_count = 0;
    for (uint32_t i = 0; i < heap->count; i++) {
        SIM_ASSERT(heap->position[heap->slots[i].number] == i + 1);
        SIM_ASSERT(i == 0 || !slot_before(heap->slots[i], heap->slots[(i - 1) / ARITY]));
    }
    for (uint32_t number = 0; number < heap->capacity; number++)
        placed_count += heap->position[number] != 0;
    SIM_ASSERT(placed_count == heap->count);
}
