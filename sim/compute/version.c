#include "compute/version.h"

#include "compute/blocks.h"

#include <stdlib.h>
#include <string.h>

enum { PADDING_FLOATS = 16 };

struct version_pool {
    struct blocks values; /* blocks of floats */
    struct blocks heads;  /* struct version */
    uint64_t next_id;
    uint64_t count;
};

enum sim_status version_pool_create(uint64_t bytes_max, struct version_pool **ret_pool,
                                    struct sim_error *err)
{
    struct version_pool *pool = malloc(sizeof(*pool));
    if (pool == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "versions of models: out of memory");
    *pool = (struct version_pool){.next_id = 1};
    blocks_init(&pool->values, bytes_max);
    blocks_init(&pool->heads, 0);
    *ret_pool = pool;
    return SIM_OK;
}

struct version_pool *version_pool_free(struct version_pool *pool)
{
    if (pool == NULL)
        return NULL;
    SIM_ASSERT(pool->count == 0);
    blocks_release(&pool->values);
    blocks_release(&pool->heads);
    free(pool);
    return NULL;
}

static enum sim_status create_with_id(struct version_pool *pool, uint64_t id, size_t value_count,
                                      struct version **ret_version, struct sim_error *err)
{
    size_t padded = (value_count + PADDING_FLOATS - 1) & ~(size_t)(PADDING_FLOATS - 1);
    uint32_t size_class = blocks_class(padded * sizeof(float));
    struct version *version = blocks_take(&pool->heads, blocks_class(sizeof(*version)));
    if (version == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "versions of models: out of memory");
    float *values = blocks_take(&pool->values, size_class);
    if (values == NULL) {
        blocks_give(&pool->heads, version, blocks_class(sizeof(*version)));
        if (pool->values.bytes_max == 0)
            return SIM_FAIL(err, SIM_MEMORY, "versions of models: out of memory");
        return SIM_FAIL(err, SIM_LIMIT,
                        "versions of models: %zu floats more than the %llu bytes allowed",
                        value_count, (unsigned long long)pool->values.bytes_max);
    }
    memset(values + value_count, 0, (padded - value_count) * sizeof(float));
    *version = (struct version){.id = id,
                                .values = values,
                                .value_count = value_count,
                                .references = 1,
                                .size_class = size_class,
                                .pool = pool};
    pool->count++;
    *ret_version = version;
    return SIM_OK;
}

enum sim_status version_create(struct version_pool *pool, size_t value_count,
                               struct version **ret_version, struct sim_error *err)
{
    enum sim_status status = create_with_id(pool, pool->next_id, value_count, ret_version, err);
    if (status == SIM_OK)
        pool->next_id++;
    return status;
}

enum sim_status version_restore(struct version_pool *pool, uint64_t id, size_t value_count,
                                struct version **ret_version, struct sim_error *err)
{
    SIM_ASSERT(id > 0 && id < pool->next_id);
    return create_with_id(pool, id, value_count, ret_version, err);
}

struct version *version_reference(struct version *version)
{
    SIM_ASSERT(version->references > 0 && version->references < UINT32_MAX);
    version->references++;
    return version;
}

struct version *version_release(struct version *version)
{
    if (version == NULL)
        return NULL;
    SIM_ASSERT(version->references > 0);
    if (--version->references > 0)
        return NULL;
    struct version_pool *pool = version->pool;
    blocks_give(&pool->values, version->values, version->size_class);
    blocks_give(&pool->heads, version, blocks_class(sizeof(*version)));
    pool->count--;
    return NULL;
}

uint64_t version_next_id(const struct version_pool *pool)
{
    return pool->next_id;
}

void version_set_next_id(struct version_pool *pool, uint64_t id)
{
    SIM_ASSERT(id >= pool->next_id);
    pool->next_id = id;
}

uint64_t version_pool_count(const struct version_pool *pool)
{
    return pool->count;
}
