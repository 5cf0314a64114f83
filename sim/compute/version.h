/*
 * version.h: immutable blocks of parameters that jobs read while newer ones are made.
 *
 * A version is a block of floats with a reference count and a number that no other version of the
 * run ever has.  A training job reads one version and fills another; when it is due, the neuron
 * puts the new one in the old one's place.  Jobs that were started before keep the old one alive.
 *
 * Counts are touched by the loop's thread alone (compute_start takes references, redeem and drop
 * give them back), so they are plain integers.  Blocks come from pools of size classes and go back
 * to them: the block just freed is the next one given out, still warm in the cache.
 */
#ifndef COMPUTE_VERSION_H
#define COMPUTE_VERSION_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct version_pool;

struct version {
    uint64_t id;   /* unique in the run, from 1; part of the memo's keys */
    float *values; /* [value_count], aligned to 64 bytes, zero padded to 16 floats */
    size_t value_count;
    uint32_t references; /* read it in tests; change it through the functions below */
    uint32_t size_class; /* the pool's */
    struct version_pool *pool;
};

/* bytes_max bounds all blocks together, free ones included; 0 = no bound.  The caller owns
 * *ret_pool. */
SIM_CHECKED enum sim_status version_pool_create(uint64_t bytes_max, struct version_pool **ret_pool,
                                                struct sim_error *err);

/* Accepts NULL, returns NULL.  Every version must have been given back. */
struct version_pool *version_pool_free(struct version_pool *pool);

/* A new version with the next id and one reference, which the caller owns.  Its values are
 * undefined: fill them, or let one job fill them, before anyone reads.  SIM_LIMIT beyond
 * bytes_max, SIM_MEMORY. */
SIM_CHECKED enum sim_status version_create(struct version_pool *pool, size_t value_count,
                                           struct version **ret_version, struct sim_error *err);

/* One reference more; returns the same version. */
struct version *version_reference(struct version *version);

/* One reference less; the block is free at none.  Accepts NULL, returns NULL. */
struct version *version_release(struct version *version);

/* For checkpoints: the id that the next version gets.  Setting it may only raise it. */
uint64_t version_next_id(const struct version_pool *pool);
void version_set_next_id(struct version_pool *pool, uint64_t id);

/* For resuming: as version_create, with the id that it had; below version_next_id. */
SIM_CHECKED enum sim_status version_restore(struct version_pool *pool, uint64_t id,
                                            size_t value_count, struct version **ret_version,
                                            struct sim_error *err);

uint64_t version_pool_count(const struct version_pool *pool); /* versions alive */

#endif
