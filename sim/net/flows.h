/*
 * flows.h: the network alone, on a table of hosts and a table of queries.
 *
 * HOSTS.csv has the columns host, up_bytes_per_s, down_bytes_per_s, half_latency_s and maybe
 * region; host numbers are 0..n-1 in any order.  QUERIES.csv has validator, peer, request_bytes,
 * reply_bytes, request_start_s: at that time the validator sends request_bytes to the peer, which,
 * when the last byte is there, at once sends reply_bytes back.  Columns are found by name; others
 * are ignored, except request_end_s and reply_end_s, which are kept as the expected times.
 */
#ifndef NET_FLOWS_H
#define NET_FLOWS_H

#include "net/net.h"

#include <stdio.h>

struct flows_query {
    uint32_t validator, peer;
    uint64_t request_bytes, reply_bytes;
    int64_t request_start_ns;
    int64_t request_end_ns, reply_end_ns;        /* results; -1 = never arrived */
    double expected_request_s, expected_reply_s; /* of the file, NaN if it has none */
};

struct flows {
    struct net_host *hosts;
    uint32_t host_count;
    struct flows_query *queries;
    uint64_t query_count;
    /* of the run */
    uint64_t event_count, digest_order;
    uint64_t net_size_bytes; /* memory of the network, at its largest */
    struct net_counters totals;
    struct net_effort effort;
};

/* Max-min sharing weighted by 1 / latency, latency first, no slow start: what SimGrid's CM02
 * computes without cross-traffic and TCP window. */
struct net_options flows_default_options(void);

/* SIM_IO: a file cannot be read.  SIM_CONFIG: `file:line:column: reason`.  SIM_MEMORY. */
SIM_CHECKED enum sim_status flows_read(const char *hosts_path, const char *queries_path,
                                       struct flows **ret_flows, struct sim_error *err);
/* For tables that do not come from files: takes over both arrays (from malloc). */
SIM_CHECKED enum sim_status flows_from(struct net_host *hosts, uint32_t host_count,
                                       struct flows_query *queries, uint64_t query_count,
                                       struct flows **ret_flows, struct sim_error *err);
struct flows *flows_free(struct flows *flows);

/* Runs all queries to their end and fills in the results.  The same tables, options and seed give
 * the same digest. */
SIM_CHECKED enum sim_status flows_run(struct flows *flows, const struct net_options *options,
                                      uint64_t seed, struct sim_error *err);
/* Rows of validator,peer,request_bytes,reply_bytes,request_start_s,request_end_s,reply_end_s in
 * the queries' order, times to the nanosecond, an empty field for what never arrived.  SIM_IO. */
SIM_CHECKED enum sim_status flows_write(const struct flows *flows, FILE *out,
                                        struct sim_error *err);

#endif
