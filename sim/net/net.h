/*
 * net.h: messages between hosts over access links that they share.
 *
 * A host has one up link and one down link.  A message from A to B waits out its latency and then
 * flows through A's up link and B's down link; it is delivered when its last byte arrives.
 *
 *   latency(A, B) = half_latency(A) + half_latency(B) + table(region(A), region(B))      one way
 *   wait          = latency * (1 + jitter * E) + 2 * latency * rounds,   E ~ Exp(1) a message
 *   rounds        = round trips of TCP: 1 for a new connection + slow start's (see slow_start)
 *
 * How flows share links (`sharing`):
 *  - maxmin: weighted max-min fairness, exact and incremental.  Every link has a level L; a flow of
 *    weight w runs at w * min(level of its two links); on a saturated link the rates add up to the
 *    capacity, an unsaturated link has no level (infinity).  This fixed point is the max-min
 *    allocation (Bertsekas & Gallager, Data Networks, section 6.5.2).  After a change only links
 *    whose level moves by more than a relative `eps` are touched.
 *  - fifo: each link serves whole messages in the order in which they reach it, cut-through: the
 *    down link starts when the first byte arrives.
 *  - tcp: the windows of TCP's slow start queue at the links, packets with headers, first in first
 *    out; slow_start and rtt_weights do not apply.  The closest to packets under congestion.
 *  - latency: nothing is shared; a message takes wait + size / min(up, down).
 *
 * What happens at one instant is settled once, by an event at that same instant.  The network
 * keeps at most a few events of its own in the queue: one for each message in its latency, one for
 * the next flow's end, one to settle.
 *
 * Loss: a message is lost with probability loss (drawn when it is sent); it uses the links all the
 * same and is then reported as NET_LOST instead of NET_DELIVERED.  Draws come from the stream
 * (seed, STREAM_NETWORK, the source's entity, number of the message at its source): no other host
 * and no other message moves them.
 *
 * Failures: see net_host_down, net_set_link, net_cut.  Units: bytes, bytes a second, nanoseconds.
 * Nothing is allocated per message once the peak has been seen.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/param.h"
#include "event/queue.h"
#include "net/region.h"

#include <stdbool.h>
#include <stdint.h>

enum net_sharing { NET_MAXMIN, NET_FIFO, NET_LATENCY, NET_TCP };
enum net_slow_start {
    NET_SLOW_START_OFF,    /* no rounds at all, no handshake: the fluid limit */
    NET_SLOW_START_ROUNDS, /* windows of 10, 20, 40 ... segments: one round trip for each but the
                              last, charged as latency, and one for the handshake */
};

/* What a scenario sets under `network:`; filled from net_param_table. */
struct net_options {
    int sharing;          /* enum net_sharing */
    double eps;           /* relative change of a level that is passed on; 1e-12 is exact */
    int slow_start;       /* enum net_slow_start */
    bool rtt_weights;     /* weight of a flow = 1 / latency in seconds; else 1 */
    int regions;          /* enum region_set */
    double window_growth; /* tcp: a window over the one before; 2, or 1.5 where an acknowledgement
                             for two segments opens the window by one */
    double jitter;        /* mean extra latency as a fraction of the latency */
    double loss;          /* probability that a message is lost */
    uint32_t flow_limit;  /* most messages under way at once; more is SIM_LIMIT */
};
extern const struct param_table net_param_table;

struct net_host {
    double up_bytes_per_s;   /* > 0, finite */
    double down_bytes_per_s; /* > 0, finite */
    int64_t half_latency_ns; /* >= 0 */
    uint32_t region;         /* row of the latency table; with regions: none any number below
                                NET_REGION_MAX, for net_cut */
    uint64_t entity;         /* stable name for random draws: stream_entity() */
};
#define NET_REGION_MAX 64
#define NET_HOST_MAX 100000000u

enum net_outcome { NET_DELIVERED, NET_LOST };
/* Called once for every message that was neither cancelled nor still under way, from net_handle or
 * from the failure that ended it.  NET_LOST is for the books: the receiver never saw the message
 * and the sender is not told, so an agent acts on its own time-out.  May call anything of net.h. */
typedef enum sim_status (*net_delivered)(void *context, uint64_t tag, enum net_outcome outcome,
                                         int64_t now_ns, struct sim_error *err);

/* Where the network meets the run. */
struct net_wiring {
    struct evq *queue;   /* borrowed; must outlive the network */
    uint32_t first_kind; /* kinds first_kind .. first_kind + NET_KIND_COUNT - 1 are its own */
    uint64_t seed;
    net_delivered delivered;
    void *context;
};
#define NET_KIND_COUNT 4

struct net;

/* Copies options, hosts and wiring.  The caller owns *ret_net.
 * SIM_CONFIG (which host or option, and why), SIM_MEMORY. */
SIM_CHECKED enum sim_status net_create(const struct net_options *options,
                                       const struct net_host *hosts, uint32_t host_count,
                                       const struct net_wiring *wiring, struct net **ret_net,
                                       struct sim_error *err);
/* Accepts NULL, returns NULL. */
struct net *net_free(struct net *net);

/* The event handler for the network's kinds (a loop_handler; context = the struct net). */
SIM_CHECKED enum sim_status net_handle(void *net, const struct event *event, struct sim_error *err);

/* Names a message under way; never reused for another.  0 is none. */
typedef uint64_t net_flow;

/* Whether a message opens a connection (and pays the handshake under slow_start: rounds) or is
 * sent on one that stands, such as an answer. */
enum net_connection { NET_CONNECT, NET_ON_CONNECTION };

struct net_message {
    uint32_t source, target; /* host numbers; equal: delivered at this instant, no link used */
    uint64_t size_bytes;     /* 0 is delivered after its latency */
    uint64_t tag;            /* the caller's; comes back in the callback */
    enum net_connection connection;
};

/* Sends a message; now_ns is evq_now_ns().  *ret_flow (may be NULL) is for net_cancel.  If either
 * host is down or they are cut off from each other the message is accepted and becomes NET_LOST
 * after its latency.  SIM_LIMIT, SIM_MEMORY. */
SIM_CHECKED enum sim_status net_send(struct net *net, int64_t now_ns,
                                     const struct net_message *message, net_flow *ret_flow,
                                     struct sim_error *err);
/* Takes a message back: no callback will come.  False when it is no longer under way. */
SIM_CHECKED enum sim_status net_cancel(struct net *net, int64_t now_ns, net_flow flow,
                                       bool *ret_cancelled, struct sim_error *err);

/* Crash and return.  Every message to or from a host that goes down is lost: at once if it is
 * flowing, at the end of its latency otherwise, also when the host is back by then. */
SIM_CHECKED enum sim_status net_host_down(struct net *net, int64_t now_ns, uint32_t host,
                                          struct sim_error *err);
void net_host_up(struct net *net, uint32_t host);
bool net_host_is_up(const struct net *net, uint32_t host);

/* What can be changed about a host's access while it runs. */
struct net_link {
    double up_bytes_per_s, down_bytes_per_s; /* > 0, finite */
    int64_t half_latency_ns;                 /* >= 0; holds for messages sent from now on */
    double loss;                             /* 0..1, on top of the network's own */
};
SIM_CHECKED enum sim_status net_set_link(struct net *net, int64_t now_ns, uint32_t host,
                                         const struct net_link *link, struct sim_error *err);
struct net_link net_get_link(const struct net *net, uint32_t host);

/* Cuts two regions (numbers below NET_REGION_MAX; may be equal) off from each other, or joins them
 * again.  Messages that flow between them are lost at once, those in their latency at its end
 * unless the cut is healed by then. */
SIM_CHECKED enum sim_status net_cut(struct net *net, int64_t now_ns, uint32_t region_a,
                                    uint32_t region_b, bool cut, struct sim_error *err);

/* One-way latency of a message without jitter and rounds. */
int64_t net_latency_ns(const struct net *net, uint32_t source, uint32_t target);
/* Round trips charged to a message of that size: handshake and slow start. */
uint32_t net_round_trips(const struct net *net, uint64_t size_bytes,
                         enum net_connection connection);
uint32_t net_host_count(const struct net *net);

/* Totals; messages started = delivered + lost + cancelled + under way.  Bytes of a message are
 * counted as sent when it is sent and as delivered when it is delivered. */
struct net_counters {
    uint64_t message_count, delivered_count, lost_count, cancelled_count;
    uint64_t sent_bytes, delivered_bytes, lost_bytes, cancelled_bytes;
};
struct net_counters net_totals(const struct net *net);
/* As a source: message_count, sent_bytes, lost, cancelled; as a target: delivered. */
struct net_counters net_host_counters(const struct net *net, uint32_t host);
uint32_t net_flow_count(const struct net *net); /* under way, latency included */
uint64_t net_size_bytes(const struct net *net); /* memory held */

/* What the sharing has done so far, for benches and tests. */
struct net_effort {
    uint64_t settle_count, level_count, changed_count, switch_count, stale_count;
    uint64_t settle_levels_max; /* most level computations in one settle */
};
struct net_effort net_effort(const struct net *net);

/* The present rate of a flow, 0 when it is not flowing (latency, no longer there). */
double net_flow_rate(const struct net *net, net_flow flow);
/* Bytes that have passed a link since the start: the integral of its use, for conservation. */
double net_link_bytes(const struct net *net, int64_t now_ns, uint32_t host, bool up);

/* All state but options, hosts and wiring as given to net_create; the queue is saved by itself. */
SIM_CHECKED enum sim_status net_save(const struct net *net, struct buffer *buffer,
                                     struct sim_error *err);
/* Into a network created with the same options, hosts and wiring and not used since. */
SIM_CHECKED enum sim_status net_load(struct net *net, struct buffer_reader *reader,
                                     struct sim_error *err);

/* Asserts the invariants: flows and links agree with each other; messages and bytes add up; and,
 * when nothing waits to be settled and eps is exact, no link carries more than its capacity
 * (relative 1e-9) and every flow has a saturated link on which its rate / weight is largest. */
void net_check(const struct net *net);

#endif
