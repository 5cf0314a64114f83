#include "net/pool.h"

#include <stdlib.h>
#include <string.h>

void pool_init(struct pool *pool, size_t item_bytes)
{
    SIM_ASSERT(item_bytes >= sizeof(uint32_t));
    *pool = (struct pool){.item_bytes = item_bytes};
}

void pool_release(struct pool *pool)
{
    free(pool->bytes);
    *pool = (struct pool){0};
}

static enum sim_status pool_grow(struct pool *pool, uint32_t room, struct sim_error *err)
{
    uint64_t capacity = (uint64_t)pool->capacity_items * 2 + 1024;
    while (capacity - pool->used_items < room)
        capacity *= 2;
    if (capacity > UINT32_MAX)
        return SIM_FAIL(err, SIM_LIMIT, "network: more than 2^32 places in the links' lists");
    unsigned char *bytes = realloc(pool->bytes, capacity * pool->item_bytes);
    if (bytes == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "network: out of memory for the links' lists");
    pool->bytes = bytes;
    pool->capacity_items = (uint32_t)capacity;
    return SIM_OK;
}

/* A free block's first bytes hold the offset + 1 of the next one. */
static enum sim_status pool_take(struct pool *pool, uint32_t class, uint32_t *ret_offset,
                                 struct sim_error *err)
{
    if (pool->free_first[class] != 0) {
        *ret_offset = pool->free_first[class] - 1;
        memcpy(&pool->free_first[class], pool->bytes + (size_t)*ret_offset * pool->item_bytes,
               sizeof(uint32_t));
        return SIM_OK;
    }
    uint32_t room = (uint32_t)POOL_FIRST_ITEMS << class;
    if (pool->capacity_items - pool->used_items < room) {
        enum sim_status status = pool_grow(pool, room, err);
        if (status != SIM_OK)
            return status;
    }
    *ret_offset = pool->used_items;
    pool->used_items += room;
    return SIM_OK;
}

static void pool_give(struct pool *pool, uint32_t class, uint32_t offset)
{
    memcpy(pool->bytes + (size_t)offset * pool->item_bytes, &pool->free_first[class],
           sizeof(uint32_t));
    pool->free_first[class] = offset + 1;
}

static enum sim_status pool_enlarge(struct pool *pool, struct pool_block *block,
                                    struct sim_error *err)
{
    uint32_t class = block->class_plus_one; /* of the bigger block */
    if (class == POOL_CLASS_COUNT)
        return SIM_FAIL(err, SIM_LIMIT, "network: too many flows on one link");
    uint32_t offset;
    enum sim_status status = pool_take(pool, class, &offset, err);
    if (status != SIM_OK)
        return status;
    if (block->class_plus_one > 0) {
        memcpy(pool->bytes + (size_t)offset * pool->item_bytes, pool_items(pool, block),
               block->count * pool->item_bytes);
        pool_give(pool, class - 1, block->offset);
    }
    block->offset = offset;
    block->class_plus_one = class + 1;
    return SIM_OK;
}

enum sim_status pool_append(struct pool *pool, struct pool_block *block, struct sim_error *err)
{
    if (block->class_plus_one == 0 || block->count == (uint32_t)POOL_FIRST_ITEMS
                                                          << (block->class_plus_one - 1)) {
        enum sim_status status = pool_enlarge(pool, block, err);
        if (status != SIM_OK)
            return status;
    }
    block->count++;
    return SIM_OK;
}
