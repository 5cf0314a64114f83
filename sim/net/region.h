/*
 * region.h: regions of the internet and the mean latency between them.
 *
 * Two measured tables of six regions (North America, Europe, South America, Asia-Pacific, Japan,
 * Australia), as published in the network settings of SimBlock (Aoki, Otsuki, Kaneko, Banno,
 * Shudo 2019, "SimBlock: a blockchain network simulator"): latency one way in milliseconds, mean
 * download and upload of a home link, and the share of Bitcoin's nodes in each, for 2015 and 2019.
 */
#ifndef NET_REGION_H
#define NET_REGION_H

#include <stdint.h>

enum region_set { REGION_NONE, REGION_2015, REGION_2019 };
#define REGION_COUNT 6

struct region {
    const char *name;
    double node_share; /* of Bitcoin's nodes; the six add up to 1 */
    double up_bytes_per_s, down_bytes_per_s;
    uint32_t latency_ms[REGION_COUNT]; /* one way, to each region */
};

/* REGION_COUNT rows; NULL for REGION_NONE. */
const struct region *region_table(enum region_set set);
/* 0 when the set is REGION_NONE. */
int64_t region_latency_ns(enum region_set set, uint32_t from, uint32_t to);

#endif
