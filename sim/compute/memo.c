#include "compute/memo.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static uint64_t entry_bytes(const struct work *work)
{
    return sizeof(*work) + work->output_bytes + work->key_bytes;
}

bool memo_init(struct memo *memo, uint64_t bytes_max)
{
    *memo = (struct memo){.bytes_max = bytes_max};
    if (bytes_max == 0)
        return true;
    memo->bucket_count = 1024;
    while (memo->bucket_count < bytes_max / 1024 && memo->bucket_count < (size_t)1 << 22)
        memo->bucket_count *= 2;
    memo->buckets = calloc(memo->bucket_count, sizeof(struct work *));
    return memo->buckets != NULL;
}

void memo_release(struct memo *memo)
{
    free(memo->buckets);
    *memo = (struct memo){0};
}

uint64_t memo_hash(uint32_t kind, const void *key, uint32_t key_bytes)
{
    return XXH3_64bits_withSeed(key, key_bytes, kind);
}

static struct work **bucket_of(struct memo *memo, uint64_t hash)
{
    return &memo->buckets[hash & (memo->bucket_count - 1)];
}

static void unlink_use(struct memo *memo, struct work *work)
{
    if (work->newer != NULL)
        work->newer->older = work->older;
    else
        memo->newest = work->older;
    if (work->older != NULL)
        work->older->newer = work->newer;
    else
        memo->oldest = work->newer;
}

static void link_newest(struct memo *memo, struct work *work)
{
    work->newer = NULL;
    work->older = memo->newest;
    if (memo->newest != NULL)
        memo->newest->newer = work;
    else
        memo->oldest = work;
    memo->newest = work;
}

static bool matches(const struct work *work, uint64_t hash, uint32_t kind, const void *key,
                    uint32_t key_bytes)
{
    return work->hash == hash && work->kind == kind && work->key_bytes == key_bytes &&
           memcmp(work->key, key, key_bytes) == 0;
}

struct work *memo_find(struct memo *memo, uint64_t hash, uint32_t kind, const void *key,
                       uint32_t key_bytes)
{
    struct work *work = *bucket_of(memo, hash);
    while (work != NULL && !matches(work, hash, kind, key, key_bytes))
        work = work->chain;
    if (work != NULL) {
        unlink_use(memo, work);
        link_newest(memo, work);
    }
    return work;
}

void memo_add(struct memo *memo, struct work *work)
{
    struct work **bucket = bucket_of(memo, work->hash);
    work->chain = *bucket;
    *bucket = work;
    work->is_memoised = true;
    link_newest(memo, work);
    memo->bytes += entry_bytes(work);
}

void memo_remove(struct memo *memo, struct work *work)
{
    struct work **link = bucket_of(memo, work->hash);
    while (*link != work)
        link = &(*link)->chain;
    *link = work->chain;
    work->is_memoised = false;
    unlink_use(memo, work);
    memo->bytes -= entry_bytes(work);
}

struct work *memo_surplus(const struct memo *memo)
{
    return memo->bytes > memo->bytes_max ? memo->oldest : NULL;
}
