/*
 * maxmin_oracle.h: weighted max-min rates by progressive filling, from nothing, the textbook way.
 *
 * All rates per weight rise together; when a link is full its flows stop; repeat with the rest.
 * O(links * flows), for comparison with the incremental solver, with which it shares no line.
 */
#ifndef TESTS_MAXMIN_ORACLE_H
#define TESTS_MAXMIN_ORACLE_H

#include "base/error.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct oracle_flow {
    uint32_t link[2];
    double weight;
    double rate; /* result */
    bool stopped;
};

static inline double oracle_link_share(const double *capacity, const struct oracle_flow *flows,
                                       uint32_t flow_count, uint32_t link)
{
    double rest = capacity[link], weight = 0;
    for (uint32_t i = 0; i < flow_count; i++) {
        if (flows[i].link[0] != link && flows[i].link[1] != link)
            continue;
        if (flows[i].stopped)
            rest -= flows[i].rate;
        else
            weight += flows[i].weight;
    }
    return weight > 0 ? fmax(rest, 0) / weight : INFINITY;
}

static inline void oracle_fill(const double *capacity, uint32_t link_count,
                               struct oracle_flow *flows, uint32_t flow_count)
{
    for (uint32_t i = 0; i < flow_count; i++)
        flows[i].stopped = false;
    for (;;) {
        uint32_t tightest = UINT32_MAX;
        double share = INFINITY;
        for (uint32_t link = 0; link < link_count; link++) {
            double candidate = oracle_link_share(capacity, flows, flow_count, link);
            if (candidate < share) {
                share = candidate;
                tightest = link;
            }
        }
        if (tightest == UINT32_MAX)
            return;
        for (uint32_t i = 0; i < flow_count; i++) {
            if (flows[i].stopped || (flows[i].link[0] != tightest && flows[i].link[1] != tightest))
                continue;
            flows[i].rate = share * flows[i].weight;
            flows[i].stopped = true;
        }
    }
}

#endif
