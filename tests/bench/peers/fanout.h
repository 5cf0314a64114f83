/*
 * fanout.h: one workload for every simulator that is compared, in C and C++.
 *
 * `hosts` hosts; the first `askers` of them are validators.  Once a period, each at a phase of its
 * own, a validator sends `request_bytes` to `peers_asked` hosts, and each answers with
 * `reply_bytes`.  Bandwidths are log-uniform over one decade, half latencies uniform over
 * 5..50 ms.  Every draw is a hash of what it is for (SplitMix64, Steele, Lea, Flood 2014), so the
 * order of asking does not matter.
 */
#ifndef BENCH_FANOUT_H
#define BENCH_FANOUT_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct fanout {
    int hosts, askers, peers_asked, rounds;
    double period_s; /* between a validator's rounds */
    double request_bytes, reply_bytes;
    double bandwidth_scale; /* 1: 12.5 to 125 MB/s */
    double latency_scale;   /* 1: halves of 5 to 50 ms */
    int same_latency;       /* all halves 20 ms */
};

static inline struct fanout fanout_default(void)
{
    struct fanout fanout = {4096, 64, 64, 10, 1.0, 32768, 65536, 1.0, 1.0, 0};
    return fanout;
}

static inline uint64_t fanout_hash(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* Uniform in (0, 1). */
static inline double fanout_uniform(uint64_t who, uint64_t what)
{
    uint64_t bits = fanout_hash(fanout_hash(who) ^ (what * UINT64_C(0xD1342543DE82EF95)));
    return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

static inline double fanout_up_bytes_per_s(const struct fanout *f, int host)
{
    return f->bandwidth_scale * 12.5e6 * pow(10, fanout_uniform((uint64_t)host, 1));
}

static inline double fanout_down_bytes_per_s(const struct fanout *f, int host)
{
    return f->bandwidth_scale * 12.5e6 * pow(10, fanout_uniform((uint64_t)host, 2));
}

static inline double fanout_half_latency_s(const struct fanout *f, int host)
{
    if (f->same_latency)
        return 0.02 * f->latency_scale;
    return f->latency_scale * (0.005 + 0.045 * fanout_uniform((uint64_t)host, 3));
}

/* When a validator asks for the `round`-th time. */
static inline double fanout_ask_s(const struct fanout *f, int asker, int round)
{
    return f->period_s * (round + fanout_uniform((uint64_t)asker, 4));
}

/* Whom validator `asker` asks in `round` as its `number`-th peer; never itself. */
static inline int fanout_peer(const struct fanout *f, int asker, int round, int number)
{
    uint64_t which = fanout_hash((uint64_t)asker << 32 | (uint32_t)round);
    uint64_t bits = fanout_hash(which ^ ((uint64_t)number * UINT64_C(0xA24BAED4963EE407)));
    int peer = (int)(bits % (uint64_t)f->hosts);
    return peer == asker ? (peer + 1) % f->hosts : peer;
}

static inline long fanout_query_count(const struct fanout *f)
{
    return (long)f->askers * f->rounds * f->peers_asked;
}

static inline long fanout_query(const struct fanout *f, int asker, int round, int number)
{
    return ((long)round * f->askers + asker) * f->peers_asked + number;
}

/* Sets a field from "name=value"; 0 when there is no such field. */
static inline int fanout_argument(struct fanout *f, const char *text)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL)
        return 0;
    double value = atof(equals + 1);
    size_t length = (size_t)(equals - text);
#define FANOUT_IS(name) (length == strlen(name) && memcmp(text, name, length) == 0)
    if (FANOUT_IS("hosts"))
        f->hosts = (int)value;
    else if (FANOUT_IS("askers"))
        f->askers = (int)value;
    else if (FANOUT_IS("peers"))
        f->peers_asked = (int)value;
    else if (FANOUT_IS("rounds"))
        f->rounds = (int)value;
    else if (FANOUT_IS("period"))
        f->period_s = value;
    else if (FANOUT_IS("request"))
        f->request_bytes = value;
    else if (FANOUT_IS("reply"))
        f->reply_bytes = value;
    else if (FANOUT_IS("bandwidth"))
        f->bandwidth_scale = value;
    else if (FANOUT_IS("latency"))
        f->latency_scale = value;
    else if (FANOUT_IS("same_latency"))
        f->same_latency = (int)value;
    else
        return 0;
#undef FANOUT_IS
    return 1;
}

static inline double fanout_cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Largest resident memory of the process so far. */
static inline double fanout_resident_bytes(void)
{
    long kib = 0;
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    }
    fclose(file);
    return 1024.0 * (double)kib;
}

#endif
