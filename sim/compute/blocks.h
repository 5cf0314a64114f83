/*
 * blocks.h: memory in size classes for the loop's thread, freed in one go.
 *
 * Four classes to each power of two, so at most a quarter of a block is unused.  A block given back
 * is the next one taken of its class, still warm in the cache.  Slabs go back to the system when
 * the pool is released and not before.  Not thread-safe.  Internal to compute.
 */
#ifndef COMPUTE_BLOCKS_H
#define COMPUTE_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

enum { BLOCKS_CLASSES = 160, BLOCKS_ALIGNMENT = 64 };

struct blocks {
    void *free_list[BLOCKS_CLASSES]; /* each block's first word is the next */
    void *slabs;                     /* each slab's first word is the next */
    uint64_t bytes;                  /* of all slabs */
    uint64_t bytes_max;              /* 0 = no bound */
};

void blocks_init(struct blocks *blocks, uint64_t bytes_max);
void blocks_release(struct blocks *blocks);

/* The class that holds `bytes`, and what it holds. */
uint32_t blocks_class(size_t bytes);
size_t blocks_class_bytes(uint32_t size_class);

/* NULL when out of memory or beyond bytes_max; contents undefined, aligned to 64. */
void *blocks_take(struct blocks *blocks, uint32_t size_class);
void blocks_give(struct blocks *blocks, void *block, uint32_t size_class);

#endif
