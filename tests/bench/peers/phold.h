/*
 * phold.h: the PHOLD workload (Fujimoto 1990) for every engine that is compared, in C and C++.
 *
 * Every event at a logical process sends one on, to a process drawn at random, after a delay of
 * 0.1 s + Exp(0.9 s).  Each process has a generator of its own (xoshiro256+, Blackman and Vigna
 * 2018, seeded by SplitMix64), so engines that keep the same order make the same draws.
 */
#ifndef BENCH_PHOLD_H
#define BENCH_PHOLD_H

#include <math.h>
#include <stdint.h>

struct phold_random {
    uint64_t word[4];
};

static inline void phold_seed(struct phold_random *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t x = (seed += UINT64_C(0x9E3779B97F4A7C15));
        x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
        random->word[i] = x ^ (x >> 31);
    }
}

static inline uint64_t phold_next(struct phold_random *random)
{
    uint64_t *s = random->word, result = s[0] + s[3], shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = s[3] << 45 | s[3] >> 19;
    return result;
}

/* Uniform in (0, 1). */
static inline double phold_uniform(struct phold_random *random)
{
    return ((double)(phold_next(random) >> 11) + 0.5) * 0x1p-53;
}

static inline int64_t phold_delay_ns(struct phold_random *random)
{
    return 100000000 + (int64_t)(-log(phold_uniform(random)) * 0.9e9);
}

/* `processes` is a power of two. */
static inline uint32_t phold_target(struct phold_random *random, uint32_t processes)
{
    return (uint32_t)(phold_next(random) >> 40) & (processes - 1);
}

#endif
