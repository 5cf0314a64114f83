/*
 * strategy.h: what a neuron decides.
 *
 * A strategy is a table of pure decisions.  It sees what a neuron on the real network could see
 * (the chain's public state, who calls, its own score of its peers) and changes nothing itself;
 * sim/agent carries the decision out.  Every hook may be NULL, which means the honest choice that
 * its comment names.  A hook must not allocate, block, or draw from anything but the stream that
 * it is handed.
 *
 * Parameters come from the strategy's own table (base/param.h) and are shared by a group.
 */
#ifndef AGENT_STRATEGY_H
#define AGENT_STRATEGY_H

#include "base/param.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stdint.h>

#define STRATEGY_UID_NONE UINT32_MAX

/* The public state, as one neuron sees it at one instant.  Arrays are indexed by uid and belong
 * to the caller; they are valid during the call only. */
struct strategy_view {
    uint64_t block;
    uint32_t uid_count;
    uint32_t self_uid;               /* STRATEGY_UID_NONE while not registered */
    uint32_t self_owner;             /* coldkey account */
    const uint32_t *owner_of_uid;    /* (uid_count) coldkey accounts */
    const uint64_t *stake_rao;       /* (uid_count) */
    const uint8_t *validator_permit; /* (uid_count) 0 or 1 */
    const uint8_t *serves;           /* (uid_count) 1 where the uid has announced an axon */
    /* (uid_count) 1 where the uid belongs to the neuron's own alliance, itself included; NULL in
     * answer(), whose caller says it of himself. */
    const uint8_t *ally;
};

/* Who asks. */
struct strategy_caller {
    uint32_t uid;
    uint32_t owner;
    uint64_t stake_rao;
    bool ally; /* of the neuron that is asked */
};

enum strategy_answer {
    STRATEGY_ANSWER, /* a forward pass of the model that is served */
    STRATEGY_REFUSE, /* no response at all: the caller's time-out ends the query */
    STRATEGY_GUESS   /* the uniform distribution, without a forward pass */
};

struct strategy_ops {
    const struct param_table *params;

    /* Called when a query reaches the head of the server's queue.  NULL: answer. */
    enum strategy_answer (*answer)(const void *params, const struct strategy_view *view,
                                   const struct strategy_caller *caller, struct stream *stream);

    /* Called before a validator sets weights: `weights` (uid_count, >= 0, any scale) holds what
     * its scorer found, in and out.  All zero afterwards means: set nothing.  NULL: keep. */
    void (*weights)(const void *params, const struct strategy_view *view, double *weights);

    /* Whether a neuron without a uid works for one now.  NULL: yes. */
    bool (*enter)(const void *params, const struct strategy_view *view);
};

/* What a shared object of a user's own exports as `taosim_strategy`. */
#define STRATEGY_INTERFACE_VERSION 1u
struct strategy_plugin {
    uint32_t interface_version; /* STRATEGY_INTERFACE_VERSION */
    const struct strategy_ops *ops;
};

#endif
