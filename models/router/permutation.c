#include "router/permutation.h"

#include <math.h>

/* The permutation of uid_count uids, used up to `next`. */
struct permutation {
    uint32_t uid_count, next;
    uint32_t uids[];
};

static const struct param_table permutation_table = PARAM_TABLE_EMPTY(
    "permutation", "a random order of all uids, used up before the next is drawn");
static const struct param_table random_table =
    PARAM_TABLE_EMPTY("random", "different uids at random, anew each time");

static size_t state_bytes(const void *params, uint32_t uid_capacity, uint32_t context_width)
{
    (void)params, (void)context_width;
    return sizeof(struct permutation) + uid_capacity * sizeof(uint32_t);
}

/* Empty: the first pick draws. */
static void init(const void *params, uint32_t uid_capacity, uint32_t context_width,
                 struct stream *stream, void *state)
{
    (void)params, (void)context_width, (void)stream;
    struct permutation *permutation = state;
    *permutation = (struct permutation){.uid_count = 0, .next = 0};
    for (uint32_t i = 0; i < uid_capacity; i++)
        permutation->uids[i] = 0;
}

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t kept = *a;
    *a = *b;
    *b = kept;
}

static void draw(struct permutation *permutation, uint32_t uid_count, struct stream *stream)
{
    permutation->uid_count = uid_count;
    permutation->next = 0;
    for (uint32_t i = 0; i < uid_count; i++)
        permutation->uids[i] = i;
    for (uint32_t i = uid_count; i > 1; i--)
        swap(&permutation->uids[i - 1], &permutation->uids[stream_below(stream, i)]);
}

static bool allowed(const struct router_request *request, uint32_t uid)
{
    return uid != request->self_uid && (request->excluded == NULL || !request->excluded[uid]);
}

/* Takes from the rest of the permutation. */
static uint32_t take(struct permutation *permutation, const struct router_request *request,
                     uint32_t *ret_uids)
{
    uint32_t count = 0;
    while (permutation->next < permutation->uid_count && count < request->peer_count_max) {
        uint32_t uid = permutation->uids[permutation->next++];
        if (allowed(request, uid))
            ret_uids[count++] = uid;
    }
    return count;
}

static void no_gate(uint32_t count, double *ret_gate)
{
    for (uint32_t i = 0; ret_gate != NULL && i < count; i++)
        ret_gate[i] = (double)NAN;
}

static uint32_t permutation_pick(const void *params, void *state,
                                 const struct router_request *request, struct stream *stream,
                                 uint32_t *ret_uids, double *ret_gate)
{
    (void)params;
    struct permutation *permutation = state;
    uint32_t count = 0;
    if (permutation->uid_count == request->uid_count)
        count = take(permutation, request, ret_uids);
    if (count == 0) {
        draw(permutation, request->uid_count, stream);
        count = take(permutation, request, ret_uids);
    }
    no_gate(count, ret_gate);
    return count;
}

/* Draws only as much of a permutation as is used: swaps of position i with one of i..n-1. */
static uint32_t random_pick(const void *params, void *state, const struct router_request *request,
                            struct stream *stream, uint32_t *ret_uids, double *ret_gate)
{
    (void)params;
    struct permutation *permutation = state;
    if (permutation->uid_count != request->uid_count) {
        permutation->uid_count = request->uid_count;
        for (uint32_t i = 0; i < request->uid_count; i++)
            permutation->uids[i] = i;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < request->uid_count && count < request->peer_count_max; i++) {
        uint64_t j = i + stream_below(stream, request->uid_count - i);
        swap(&permutation->uids[i], &permutation->uids[j]);
        if (allowed(request, permutation->uids[i]))
            ret_uids[count++] = permutation->uids[i];
    }
    no_gate(count, ret_gate);
    return count;
}

const struct router_ops router_permutation = {.params = &permutation_table,
                                              .state_bytes = state_bytes,
                                              .init = init,
                                              .pick = permutation_pick};
const struct router_ops router_random = {
    .params = &random_table, .state_bytes = state_bytes, .init = init, .pick = random_pick};
