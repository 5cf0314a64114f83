/*
 * loop.h: takes events from the queue one by one and calls the handler of their kind.
 *
 * The loop is the only place where simulated time passes.  It feeds every event to the order
 * digest before its handler runs, counts events by kind, and counts ties (events that share the
 * instant of the one before).  It borrows the queue, which must outlive it.
 */
#ifndef EVENT_LOOP_H
#define EVENT_LOOP_H

#include "base/buffer.h"
#include "base/error.h"
#include "event/order.h"
#include "event/queue.h"

#include <stdint.h>

/* Kinds are small numbers that the composer of a run deals out; each module takes a range. */
#define LOOP_KIND_COUNT 512

/* The event is the loop's copy: the handler may push, cancel, and stop the loop. */
typedef enum sim_status (*loop_handler)(void *context, const struct event *event,
                                        struct sim_error *err);

struct loop;

/* The caller owns *ret_loop.  SIM_MEMORY. */
SIM_CHECKED enum sim_status loop_create(struct evq *queue, struct loop **ret_loop,
                                        struct sim_error *err);
/* Accepts NULL, returns NULL.  The queue and the handlers' contexts are not touched. */
struct loop *loop_free(struct loop *loop);

/* Names the handler of kinds first_kind .. first_kind + kind_count - 1.  `name` (a literal) is put
 * before the messages of its errors.  A kind has one handler: naming a second is a bug. */
void loop_handle(struct loop *loop, uint32_t first_kind, uint32_t kind_count, const char *name,
                 loop_handler handler, void *context);

/* Runs events until none lies at or before until_ns, a handler fails (its status, with name and
 * simulated time put before the message) or loop_stop() was called.  May be called again. */
SIM_CHECKED enum sim_status loop_run(struct loop *loop, int64_t until_ns, struct sim_error *err);
/* One event, the same way; *ret_ran tells whether there was one. */
SIM_CHECKED enum sim_status loop_step(struct loop *loop, int64_t until_ns, bool *ret_ran,
                                      struct sim_error *err);
/* From a handler: loop_run returns SIM_OK after it. */
void loop_stop(struct loop *loop);

/* Of every event so far: see event/order.h. */
uint64_t loop_digest(const struct loop *loop);
uint64_t loop_event_count(const struct loop *loop);
uint64_t loop_kind_count(const struct loop *loop, uint32_t kind);
uint64_t loop_tie_count(const struct loop *loop);

/* Digest and counts; the queue is saved by itself. */
void loop_save(const struct loop *loop, struct buffer *buffer);
SIM_CHECKED enum sim_status loop_load(struct loop *loop, struct buffer_reader *reader,
                                      struct sim_error *err);

#endif
