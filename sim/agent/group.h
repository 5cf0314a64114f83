/*
 * group.h: what a scenario says of a group of neurons, of their questions and of their learning.
 *
 * Plain parameter structs and their tables (base/param.h).  A group is `count` neurons of one
 * kind with a stable name; whatever is a distribution is drawn once a neuron from the stream
 * (STREAM_GENESIS, stream_entity(group, index)), in the order of the fields, so that adding a
 * neuron or a group moves no other draw.
 */
#ifndef AGENT_GROUP_H
#define AGENT_GROUP_H

#include "agent/corpus.h"
#include "base/dist.h"
#include "base/param.h"

#include <stdbool.h>
#include <stdint.h>

/* Conditions of keys (base/param.h): somebody has a model, somebody asks. */
#define GROUP_ANY_MODEL "groups.*.model!=none"
#define GROUP_ANY_ASKS "groups.*.validator=true and groups.*.model!=none"
/* Messages go out, or hosts are told apart by where they stand. */
#define GROUP_ANY_SENDS GROUP_ANY_ASKS " or faults.*.kind=flood"
#define GROUP_ANY_PLACE GROUP_ANY_SENDS " or faults.*.regions!=0"

enum group_sharing { GROUP_EACH, GROUP_ONE };

/* `groups: {NAME: {...}}` */
struct group_params {
    uint32_t count;
    bool validator;       /* asks, scores and sets weights */
    bool miner;           /* serves an axon and answers */
    bool genesis;         /* holds a uid at the start; else it has to register */
    bool reenter;         /* works for a new uid when it has lost its own */
    bool attacker;        /* reports set these against all others */
    const char *alliance; /* groups of the same non-empty name know each other */
    int owner;            /* enum group_sharing: a coldkey for each, or one for the group */
    int server;           /* enum group_sharing: host and model for each, or one for the group */
    struct dist stake_rao;
    struct dist enter_ns; /* when a neuron without a uid at the start begins to want one */
    uint64_t version_key; /* of its rows of weights */
};

/* `host:` of a group. */
struct group_host_params {
    struct dist flops;                  /* floating-point operations a second */
    struct dist hash_rate_hashes_per_s; /* of registration work; an owner's hosts add up */
    struct dist up_bytes_per_s;
    struct dist down_bytes_per_s;
    struct dist half_latency_ns; /* to the backbone; a path has two halves */
    int region;                  /* row of net/region.h's table; REGION_COUNT = drawn by share */
};

/* Gradients from validators: not used; divided by their sum, as servers did; or by their length. */
enum group_remote { GROUP_REMOTE_NONE, GROUP_REMOTE_SUM, GROUP_REMOTE_NORM };
/* A step that gives no number ends the run; or undoes the last step; or ends the server. */
enum group_on_nan { GROUP_NAN_FAIL, GROUP_NAN_REVERT, GROUP_NAN_STOP };

/* `training:` of a group. */
struct group_training_params {
    bool enabled;
    struct dist interval_ns; /* from one step's due time to the next */
    uint32_t batch;          /* sequences a step */
    uint32_t sequence;       /* predictions a sequence */
    bool local;              /* learns from text of its own */
    int remote;              /* enum group_remote: what becomes of gradients that come back */
    double remote_weight;    /* of their mean, beside the gradient of the own text */
    uint32_t remote_max;     /* gradients that wait for a step; the oldest go first */
    double distil;           /* weight of the distance from what the peers answer; 0 = none */
    int on_nan;              /* enum group_on_nan: when a step gives no number */
};

/* `diet:` of a group: what text its neurons read. */
struct group_diet_params {
    struct corpus_diet diet;
};

enum query_response { QUERY_LOGITS, QUERY_HIDDEN, QUERY_TOPK, QUERY_PHRASES };

/* `query:`, what validators do and what it costs. */
struct query_params {
    int64_t interval_ns; /* from one question's start to the next at the earliest */
    uint32_t peers;
    uint32_t batch;
    uint32_t sequence;
    int64_t timeout_ns;    /* of the caller */
    int64_t max_wait_ns;   /* in a server's queue; who waited longer is not served */
    int response;          /* enum query_response: what an answer carries */
    uint32_t kept;         /* QUERY_TOPK: symbols of each position */
    uint32_t width;        /* QUERY_HIDDEN: numbers of a state on the wire; 0 = the model's own */
    uint32_t phrases;      /* QUERY_PHRASES: continuations of each sequence */
    uint32_t continuation; /* QUERY_PHRASES: symbols of one */
    bool gradients;        /* validators send back the derivatives of their losses */
    uint64_t weights_interval_blocks;
    bool heed_limits; /* weights are set when the chain would take them, not when they are due */
    double exclude_quantile;
    double max_min_ratio;
    double flop_scale; /* operations charged for one done */
    double wire_scale; /* bytes charged for one sent */
};

extern const struct param_table group_param_table;
extern const struct param_table group_host_param_table;
extern const struct param_table group_training_param_table;
extern const struct param_table group_diet_param_table;
extern const struct param_table query_param_table;

#endif
