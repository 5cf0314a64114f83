/*
 * router.h: which peers a validator asks next.
 *
 * A router's memory is one block of plain bytes a validator, of a size fixed at the start: no
 * pointer inside, so a checkpoint copies it.  All chance comes from the caller's stream
 * (STREAM_ROUTE, keyed by the validator's stable name).
 */
#ifndef AGENT_ROUTER_H
#define AGENT_ROUTER_H

#include "base/error.h"
#include "base/param.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What may be asked at this moment. */
struct router_request {
    uint32_t peer_count_max; /* K */
    uint32_t uid_count;      /* uids 0..uid_count-1 exist; at most the uid_capacity of init */
    uint32_t self_uid;       /* never returned */
    const uint8_t *excluded; /* (uid_count) 1 = not to be asked (empty, no axon), or NULL */
    /* For routers that look at the text (uses_context): pooled features of each sequence. */
    uint32_t context_rows; /* sequences in the batch */
    const double *context; /* (context_rows, context_width), or NULL */
};

/* What came of the last pick, for routers that learn. */
struct router_feedback {
    uint32_t peer_count;
    const uint32_t *uids;    /* (peer_count) as returned by the pick */
    const uint8_t *answered; /* (peer_count) */
    const double *loss_nats; /* (peer_count) mean loss; read where answered */
    uint32_t uid_count;
    uint32_t context_rows; /* the pick's own context again */
    const double *context;
};

struct router_ops {
    const struct param_table *params; /* params->name is the YAML name */
    bool uses_context;
    /* Bytes of state for up to uid_capacity uids; 8-byte aligned by the caller. */
    size_t (*state_bytes)(const void *params, uint32_t uid_capacity, uint32_t context_width);
    void (*init)(const void *params, uint32_t uid_capacity, uint32_t context_width,
                 struct stream *stream, void *state);
    uint32_t (*pick)(const void *params, void *state, const struct router_request *request,
                     struct stream *stream, uint32_t *ret_uids, double *ret_gate);
    void (*learn)(const void *params, void *state, const struct router_feedback *feedback);
    void (*forget)(const void *params, void *state, uint32_t uid);
};

/* What a shared object of a user's own exports as `taosim_router`. */
#define ROUTER_INTERFACE_VERSION 1u
struct router_plugin {
    uint32_t interface_version; /* ROUTER_INTERFACE_VERSION */
    const struct router_ops *ops;
};

static inline size_t router_state_bytes(const struct router_ops *ops, const void *params,
                                        uint32_t uid_capacity, uint32_t context_width)
{
    return ops->state_bytes(params, uid_capacity, context_width);
}

/* Ready for the first pick. */
static inline void router_init(const struct router_ops *ops, const void *params,
                               uint32_t uid_capacity, uint32_t context_width, struct stream *stream,
                               void *state)
{
    ops->init(params, uid_capacity, context_width, stream, state);
}

/* Writes at most peer_count_max different uids to ret_uids and returns how many: fewer when a
 * permutation runs out or fewer are allowed; 0 only when nobody is.  ret_gate (peer_count_max; may
 * be NULL) gets the router's noise-free score of each, NaN for routers that have none. */
static inline uint32_t router_pick(const struct router_ops *ops, const void *params, void *state,
                                   const struct router_request *request, struct stream *stream,
                                   uint32_t *ret_uids, double *ret_gate)
{
    return ops->pick(params, state, request, stream, ret_uids, ret_gate);
}

/* A no-op for routers that do not learn. */
static inline void router_learn(const struct router_ops *ops, const void *params, void *state,
                                const struct router_feedback *feedback)
{
    if (ops->learn != NULL)
        ops->learn(params, state, feedback);
}

/* The uid has a new owner: what was learnt of it is void.  A no-op where nothing is learnt. */
static inline void router_forget(const struct router_ops *ops, const void *params, void *state,
                                 uint32_t uid)
{
    if (ops->forget != NULL)
        ops->forget(params, state, uid);
}

#endif
