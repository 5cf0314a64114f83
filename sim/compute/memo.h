/*
 * memo.h: works that can be shared, by key.  Internal to compute; the loop's thread alone.
 *
 * Keys are compared byte by byte; the hash only finds the bucket.  The least recently used entries
 * leave when the bound is passed.  The memo holds one reference of each entry, which the caller
 * takes and gives back.
 */
#ifndef COMPUTE_MEMO_H
#define COMPUTE_MEMO_H

#include "compute/work.h"

struct memo {
    struct work **buckets; /* [bucket_count], a power of two */
    size_t bucket_count;
    struct work *newest, *oldest;
    uint64_t bytes, bytes_max;
};

/* False when out of memory.  bytes_max = 0: nothing is ever found. */
bool memo_init(struct memo *memo, uint64_t bytes_max);
void memo_release(struct memo *memo);

uint64_t memo_hash(uint32_t kind, const void *key, uint32_t key_bytes);

/* The entry of equal kind and key, now the newest; NULL when there is none. */
struct work *memo_find(struct memo *memo, uint64_t hash, uint32_t kind, const void *key,
                       uint32_t key_bytes);

/* Adds a work whose key, key_bytes, hash and output_bytes are set. */
void memo_add(struct memo *memo, struct work *work);
void memo_remove(struct memo *memo, struct work *work);

/* The entry to give up next, or NULL while the bound holds. */
struct work *memo_surplus(const struct memo *memo);

#endif
