#include "compute/blocks.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { SLAB_BYTES = 1 << 18, SLAB_HEAD_BYTES = BLOCKS_ALIGNMENT, CLASS_BYTES_MIN = 64 };

static void *next_of(const void *block)
{
    void *next;
    memcpy(&next, block, sizeof(next));
    return next;
}

static void set_next(void *block, void *next)
{
    memcpy(block, &next, sizeof(next));
}

void blocks_init(struct blocks *blocks, uint64_t bytes_max)
{
    *blocks = (struct blocks){.bytes_max = bytes_max};
}

void blocks_release(struct blocks *blocks)
{
    while (blocks->slabs != NULL) {
        void *slab = blocks->slabs;
        blocks->slabs = next_of(slab);
        free(slab);
    }
    *blocks = (struct blocks){0};
}

/* Class 4 e + q holds 64 * 2^e * (4 + q) / 4 bytes, rounded up to the alignment. */
size_t blocks_class_bytes(uint32_t size_class)
{
    size_t bytes = ((size_t)CLASS_BYTES_MIN << (size_class / 4)) / 4 * (4 + size_class % 4);
    return (bytes + BLOCKS_ALIGNMENT - 1) & ~(size_t)(BLOCKS_ALIGNMENT - 1);
}

uint32_t blocks_class(size_t bytes)
{
    SIM_ASSERT(bytes <= SIZE_MAX >> 4);
    uint32_t size_class = 0;
    while (((size_t)CLASS_BYTES_MIN << (size_class / 4)) * 2 < bytes)
        size_class += 4;
    while (blocks_class_bytes(size_class) < bytes)
        size_class++;
    return size_class;
}

/* A slab of at least one block, cut and put on the free list so that the lowest leaves first. */
static void *add_slab(struct blocks *blocks, uint32_t size_class)
{
    size_t block_bytes = blocks_class_bytes(size_class);
    size_t count = block_bytes < SLAB_BYTES ? SLAB_BYTES / block_bytes : 1;
    size_t slab_bytes = SLAB_HEAD_BYTES + count * block_bytes;
    if (blocks->bytes_max != 0 && slab_bytes > blocks->bytes_max - blocks->bytes)
        return NULL;
    unsigned char *slab = aligned_alloc(BLOCKS_ALIGNMENT, slab_bytes);
    if (slab == NULL)
        return NULL;
    set_next(slab, blocks->slabs);
    blocks->slabs = slab;
    blocks->bytes += slab_bytes;
    for (size_t i = count; i-- > 0;)
        blocks_give(blocks, slab + SLAB_HEAD_BYTES + i * block_bytes, size_class);
    return slab;
}

void *blocks_take(struct blocks *blocks, uint32_t size_class)
{
    SIM_ASSERT(size_class < BLOCKS_CLASSES);
    if (blocks->free_list[size_class] == NULL && add_slab(blocks, size_class) == NULL)
        return NULL;
    void *block = blocks->free_list[size_class];
    blocks->free_list[size_class] = next_of(block);
    return block;
}

void blocks_give(struct blocks *blocks, void *block, uint32_t size_class)
{
    set_next(block, blocks->free_list[size_class]);
    blocks->free_list[size_class] = block;
}
