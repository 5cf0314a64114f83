/*
 * seed.h: where the randomness of a study comes from.
 *
 * Every seed is a hash of (master, point, replicate, stream name): neighbouring points or
 * replicates have nothing in common, and adding points, replicates or streams moves no other.
 */
#ifndef SWEEP_SEED_H
#define SWEEP_SEED_H

#include <stdint.h>

/* Stands for the point where all points are to share their random numbers. */
#define SEED_COMMON_POINT UINT64_MAX

uint64_t seed_of(uint64_t master, uint64_t point, uint64_t replicate, const char *stream);

#endif
