/*
 * order.h: the digest over a run's events, cheap enough to be always on.
 *
 * The value is XXH64 with seed 0 over the events in the order in which they ran, each written as
 * 32 little-endian bytes: at_ns, sequence, kind, entity, payload.  One event is one stripe of that
 * hash, so feeding one costs four independent multiply-rotate-multiply steps and no buffering:
 * 2 to 3 ns.  Any XXH64 over the same bytes gives the same value.
 */
#ifndef EVENT_ORDER_H
#define EVENT_ORDER_H

#include "event/queue.h"

#include <stdint.h>

/* Plain numbers in the caller's memory; a checkpoint copies them. */
struct order_digest {
    uint64_t lane[4];
    uint64_t event_count;
};

#define ORDER_PRIME_1 UINT64_C(0x9E3779B185EBCA87)
#define ORDER_PRIME_2 UINT64_C(0xC2B2AE3D27D4EB4F)

void order_digest_init(struct order_digest *digest);
/* The number so far; more events may follow. */
uint64_t order_digest_value(const struct order_digest *digest);

static inline uint64_t order_digest_round(uint64_t lane, uint64_t word)
{
    lane += word * ORDER_PRIME_2;
    lane = (lane << 31) | (lane >> 33);
    return lane * ORDER_PRIME_1;
}

static inline void order_digest_event(struct order_digest *digest, const struct event *event)
{
    uint64_t who = (uint64_t)event->kind | (uint64_t)event->entity << 32;
    digest->lane[0] = order_digest_round(digest->lane[0], (uint64_t)event->at_ns);
    digest->lane[1] = order_digest_round(digest->lane[1], event->sequence);
    digest->lane[2] = order_digest_round(digest->lane[2], who);
    digest->lane[3] = order_digest_round(digest->lane[3], event->payload);
    digest->event_count++;
}

#endif
