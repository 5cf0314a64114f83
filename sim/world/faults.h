/*
 * faults.h: what goes wrong in a scenario (`faults:`), from names of groups and regions to hosts.
 *
 * What a fault does to hosts and links is net/faults.h's; what becomes of the neurons on them,
 * agent/condition.c's.
 */
#ifndef WORLD_FAULTS_H
#define WORLD_FAULTS_H

#include "agent/agents.h"
#include "base/dist.h"
#include "base/param.h"

/* In the order of enum fault_kind. */
struct world_fault_params {
    int kind;
    struct param_strings groups;  /* whose hosts; empty: of all groups */
    struct param_strings regions; /* only hosts there; a partition: the regions cut off */
    struct param_strings from;    /* a partition: from these; empty: from all others */
    uint32_t first;               /* so many of each group at most; 0: all */
    double share;                 /* of those, each host by a lot of its own */
    int64_t at_ns, for_ns;        /* for_ns 0: to the end */
    struct dist mtbf_ns, mttr_ns; /* constants of 0: it holds all that time */
    double speed;                 /* slow */
    double up, down, latency;     /* link: factors */
    double loss;                  /* link */
    const char *victim;           /* flood: a group */
    uint32_t victim_index;        /* in it */
    uint32_t parallel;            /* flood: messages of each host under way at once */
    uint64_t message_bytes;
};
extern const struct param_table world_fault_table;

/* One entry of `faults:`. */
struct world_fault {
    const char *name;
    const struct world_fault_params *params;
};

/* What no table can say: that the groups and regions named are there, and that values agree.  Of
 * the groups only name and count are read.  SIM_CONFIG, and the key at fault in *ret_key. */
SIM_CHECKED enum sim_status world_fault_check(const struct world_fault *fault,
                                              const struct agents_group *groups,
                                              uint32_t group_count, const char **ret_key,
                                              struct sim_error *err);

#endif
