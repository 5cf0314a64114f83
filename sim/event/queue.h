/*
 * queue.h: the pending events of one simulation, and the clock they drive.
 *
 * Order is (at_ns, sequence): the sequence number is the order of pushing, so events of one
 * instant leave first-in first-out and a run is the same on every machine.  Nothing else breaks a
 * tie: no pointer, no hash, no floating-point number.
 *
 * The structure is a multi-level bucket queue, a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990,
 * "Faster algorithms for the shortest path problem") with 6-bit digits: an event lies in the
 * bucket named by the highest digit in which its time differs from the clock, and moves to a lower
 * level when the clock reaches that bucket: at most 11 times, in practice 2 to 4.  Events are
 * streamed through memory in chunks of 2 KiB; nothing is compared or chased.  Cost per event does
 * not grow with the number pending.  The price: the clock never goes back, which a simulation
 * never asks for.
 *
 * Memory grows in steps of 2 MiB up to what `capacity` events need (about 33 bytes each) and is
 * kept until evq_free.
 */
#ifndef EVENT_QUEUE_H
#define EVENT_QUEUE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/units.h"

#include <stdbool.h>
#include <stdint.h>

/* 32 bytes.  What kind, entity and payload mean is the business of whoever pushes. */
struct event {
    int64_t at_ns;
    uint64_t sequence; /* order of pushing, from 0; unique in a run */
    uint32_t kind;     /* selects the handler: event/loop.h */
    uint32_t entity;   /* e.g. a host's or neuron's number */
    uint64_t payload;
};

struct evq_options {
    uint64_t capacity; /* most events pending at once, 1..2^40; full is an error, never a drop */
};

struct evq; /* opaque: fields are in queue.c */

/* The clock starts at 0.  The caller owns *ret_queue and gives it back with evq_free().
 * SIM_CONFIG: capacity out of range.  SIM_MEMORY. */
SIM_CHECKED enum sim_status evq_create(const struct evq_options *options, struct evq **ret_queue,
                                       struct sim_error *err);
/* Accepts NULL.  Always returns NULL: `queue = evq_free(queue);` */
struct evq *evq_free(struct evq *queue);

/* Adds an event.  at_ns must not lie before evq_now_ns() nor be TIME_NS_MAX: scheduling into the
 * past is a bug of the caller.  SIM_LIMIT when `capacity` events are pending, SIM_MEMORY. */
SIM_CHECKED enum sim_status evq_push(struct evq *queue, int64_t at_ns, uint32_t kind,
                                     uint32_t entity, uint64_t payload, struct sim_error *err);
/* The sequence number of the event pushed last, the handle for evq_cancel. */
uint64_t evq_last_sequence(const struct evq *queue);

/* Takes a pending event back: it will not be popped and counts no more.  The event must be
 * pending; evq_check() finds a cancellation of one that is not.  The cost is one entry in a hash
 * set until the event's instant, and a look-up in that set for each event popped while it is not
 * empty: those who never cancel pay one predicted branch.  Until its instant a cancelled
 * event takes its place in the capacity.  SIM_MEMORY. */
SIM_CHECKED enum sim_status evq_cancel(struct evq *queue, uint64_t sequence, struct sim_error *err);

/* Removes the next event and moves the clock to it.  False, and *ret_event untouched, when
 * nothing is pending. */
bool evq_pop(struct evq *queue, struct event *ret_event);
/* The same, but only if that event lies at or before until_ns; else the clock stays. */
bool evq_pop_until(struct evq *queue, int64_t until_ns, struct event *ret_event);
/* The time of the next event without moving anything; false when nothing is pending.  Costs a
 * walk over one bucket: meant for rare questions. */
bool evq_peek_ns(const struct evq *queue, int64_t *ret_at_ns);

/* The time of the event popped last, or of a cancelled one that has been passed since. */
int64_t evq_now_ns(const struct evq *queue);
/* Events pending, cancelled ones not included. */
uint64_t evq_count(const struct evq *queue);
/* Memory held, for reports. */
uint64_t evq_size_bytes(const struct evq *queue);

/* Back to how evq_create left it, memory kept.  A resumed run is built like a new one, which pushes
 * its first events; then the queue is reset and loaded. */
void evq_reset(struct evq *queue);

/* Copies the pending events in order (evq_count of them) without disturbing the queue. */
void evq_snapshot(const struct evq *queue, struct event *ret_events);
/* Into a queue fresh from evq_create or evq_reset: sets the clock and the next sequence number and
 * adds the events, which are in order and keep their sequence numbers.  What is popped afterwards
 * is what the first queue would have popped.  SIM_LIMIT, SIM_MEMORY; SIM_IO when the events are not
 * in order, lie before now_ns or have a sequence number at or above next_sequence. */
SIM_CHECKED enum sim_status evq_restore(struct evq *queue, int64_t now_ns, uint64_t next_sequence,
                                        const struct event *events, uint64_t count,
                                        struct sim_error *err);
/* The same through bytes: clock, next sequence number, events. */
SIM_CHECKED enum sim_status evq_save(const struct evq *queue, struct buffer *buffer,
                                     struct sim_error *err);
SIM_CHECKED enum sim_status evq_load(struct evq *queue, struct buffer_reader *reader,
                                     struct sim_error *err);

/* Walks everything and asserts the invariants: each event in the bucket that its time names, no
 * time before the clock, equal times in the order of their sequence numbers, counts right, every
 * cancelled sequence number pending. */
void evq_check(const struct evq *queue);

#endif
