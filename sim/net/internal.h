/*
 * internal.h: the network's state, shared by the files of sim/net and by nobody else.
 *
 * Links are numbered 2 * host (up) and 2 * host + 1 (down).
 */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include "net/heap.h"
#include "net/net.h"
#include "net/pool.h"

#include <math.h>

enum net_event { NET_EVENT_START, NET_EVENT_SETTLE, NET_EVENT_END, NET_EVENT_ARRIVE };

enum flow_state {
    FLOW_FREE,
    FLOW_WAITING, /* in its latency: a START event holds its handle */
    FLOW_SHARING, /* on both links under max-min */
    FLOW_QUEUED,  /* fifo: behind others at the up link or on the way; START is due at the down link
                   */
    FLOW_ARRIVING, /* an ARRIVE event says when the last byte is there */
};

enum { FLOW_UP, FLOW_DOWN };
#define FLOW_NONE UINT32_MAX
/* An unsaturated link is looked at again this close to its capacity. */
#define NET_SLACK_MARGIN 1e-9
#define NS_NEVER INT64_MAX

struct flow {
    uint64_t tag;
    uint64_t size_bytes;
    uint64_t serial;         /* order of sending; ties between ends go by it */
    double weight;           /* share of a link relative to others */
    int64_t latency_ns;      /* one way, jitter included; fifo only */
    int64_t last_ns;         /* fifo: when the last byte leaves the up link */
    uint32_t link[2];        /* [FLOW_UP], [FLOW_DOWN]; link[0] chains free slots */
    uint32_t position[2];    /* of its entry in each link while FLOW_SHARING */
    uint32_t incarnation[2]; /* of source and target when it was sent */
    uint32_t generation;     /* of the slot: half of the handle */
    uint8_t state;           /* enum flow_state */
    bool doomed;             /* drawn to be lost on the way */
};

/* What sharing: tcp knows about a flow beside that; in net->tcp at the flow's index. */
struct tcp_flow {
    uint64_t left_bytes;             /* not yet released by a window */
    uint64_t train_bytes;            /* of the window under way, on the wire */
    int64_t last_ns;                 /* when its last packet reaches the link that comes next */
    int64_t released_ns;             /* when it was released */
    double rtt_ns, rtt_deviation_ns; /* smoothed round trip; 0 before the first */
    double timeout_ns;               /* how long an acknowledgement may take */
    uint32_t window;                 /* the next one, in segments */
    uint32_t sent_window;            /* the one under way; 0 before the first */
    uint8_t stage;                   /* enum tcp_stage */
    bool steady;                     /* a time-out has ended slow start; windows grow by one */
};

/* One end of a flow, in its link's list. */
struct link_entry {
    double weight;
    double finish;  /* virtual time of the link at which the flow ends; infinity when the other
                       link is the one that limits the flow */
    uint32_t other; /* the flow's other link */
    uint32_t flow;
};

/*
 * A saturated link with level L serves each flow that it limits at L per unit of weight.  Its
 * virtual time is the integral of L: a flow of size S and weight w that it starts to limit at
 * virtual time v ends at v + S / w however L moves.  So a change of level re-times the link, not
 * its flows.
 */
struct link {
    double bytes_per_s;
    double settled_level; /* the level since virtual_ns */
    double virtual_time;  /* at virtual_ns */
    int64_t virtual_ns;
    double passed_bytes;   /* of flows that have left the link */
    int64_t busy_until_ns; /* fifo */
    struct pool_block entries;
    bool dirty;   /* in net->dirty */
    bool touched; /* in net->touched: level moved or flows it limits came or went */
    bool moved;   /* its level was changed in this settle */
};

/* What an unsaturated link carries, kept up to date without walking its flows. */
struct link_slack {
    double load_bytes_per_s;
    double limit_bytes_per_s; /* beyond this the link has to be looked at again */
};

struct host {
    int64_t half_latency_ns;
    double loss;
    uint64_t entity;
    uint32_t region;
    uint32_t incarnation; /* moves at each crash and each return */
    bool up;
    struct net_counters counters;
};

/* A growable list of numbers: links or flows. */
struct net_list {
    uint32_t *items;
    uint32_t count, capacity;
};

struct net_notice {
    uint64_t tag;
    enum net_outcome outcome;
};

struct net {
    struct net_options options;
    struct net_wiring wiring;
    uint32_t host_count, link_count;
    struct host *hosts;
    struct link *links;
    double *level; /* (link_count) the working level of each link, infinity when unsaturated */
    struct link_slack *slack; /* (link_count) */
    struct pool pool;         /* of struct link_entry: the links' lists */
    struct heap ends;         /* links by the end of the first flow that they limit */

    struct flow *flows;
    struct tcp_flow *tcp;               /* (flow_capacity) with sharing: tcp, else NULL */
    uint32_t flow_capacity, flow_slots; /* allocated; ever used */
    uint32_t free_flow;
    uint32_t active_count;
    uint64_t next_serial;

    struct net_list dirty; /* links to be solved, first in first out from dirty_head */
    uint32_t dirty_head;
    struct net_list touched;
    struct net_list fresh; /* flows that joined since the last settle */
    struct net_list due;
    int64_t settle_ns; /* instant of the settle event in the queue, -1 if none */
    int64_t end_ns;    /* instant of the valid end event in the queue, NS_NEVER if none */

    struct net_notice *notices; /* callbacks to be made, in order */
    uint32_t notice_count, notice_capacity, notice_head;
    bool notifying;

    uint64_t cut[NET_REGION_MAX]; /* bit b of cut[a]: no message passes between a and b */
    struct net_counters totals;
    struct net_effort effort;
};

static inline uint32_t link_host(uint32_t link)
{
    return link >> 1;
}

static inline struct link_entry *link_entries(const struct net *net, const struct link *link)
{
    return (struct link_entry *)pool_items(&net->pool, &link->entries);
}

/* Never overflows: what lies beyond the end of time is NS_NEVER. */
static inline int64_t ns_after(int64_t from_ns, double wait_ns)
{
    return wait_ns < (double)(NS_NEVER - from_ns) ? from_ns + (int64_t)ceil(wait_ns) : NS_NEVER;
}

/* net.c */
SIM_CHECKED enum sim_status net_list_add(struct net_list *list, uint32_t item,
                                         struct sim_error *err);
SIM_CHECKED enum sim_status net_push(struct net *net, int64_t at_ns, enum net_event kind,
                                     uint32_t entity, uint64_t payload, struct sim_error *err);
net_flow net_flow_handle(const struct net *net, uint32_t index);
/* FLOW_NONE when the handle's flow is gone. */
uint32_t net_flow_index(const struct net *net, net_flow handle);
/* Whether both hosts have been up since it was sent and no cut lies between them. */
bool net_flow_alive(const struct net *net, const struct flow *flow);
/* Books the outcome, frees the slot and notes the callback. The flow is on no link any more. */
SIM_CHECKED enum sim_status net_finish(struct net *net, uint32_t index, bool arrived,
                                       struct sim_error *err);
/* Books it as cancelled and frees the slot. The flow is on no link any more. */
void net_withdraw(struct net *net, uint32_t index);
/* Makes the callbacks that are noted; within one, leaves them to the outer call. */
SIM_CHECKED enum sim_status net_link_values_check(uint32_t host, const struct net_link *values,
                                                  struct sim_error *err);
SIM_CHECKED enum sim_status net_notify(struct net *net, int64_t now_ns, struct sim_error *err);

/* maxmin.c */
SIM_CHECKED enum sim_status maxmin_join(struct net *net, int64_t now_ns, uint32_t index,
                                        struct sim_error *err);
/* Takes the flow off its links, which have carried passed_bytes of it. */
SIM_CHECKED enum sim_status maxmin_leave(struct net *net, int64_t now_ns, uint32_t index,
                                         double passed_bytes, struct sim_error *err);
SIM_CHECKED enum sim_status maxmin_settle(struct net *net, int64_t now_ns, struct sim_error *err);
SIM_CHECKED enum sim_status maxmin_end(struct net *net, int64_t now_ns, struct sim_error *err);
SIM_CHECKED enum sim_status maxmin_capacity_changed(struct net *net, int64_t now_ns, uint32_t link,
                                                    struct sim_error *err);
/* Orders net->due by time of sending. */
void net_due_sort(struct net *net);
double maxmin_remaining_bytes(const struct net *net, int64_t now_ns, const struct flow *flow);
double maxmin_rate(const struct net *net, const struct flow *flow);
void maxmin_check(const struct net *net);

/* tcp.c */
void tcp_begin(struct net *net, uint32_t index, int64_t now_ns, enum net_connection connection);
SIM_CHECKED enum sim_status tcp_step(struct net *net, int64_t now_ns, uint32_t index,
                                     struct sim_error *err);
void tcp_save(const struct tcp_flow *tcp, struct buffer *buffer);
void tcp_load(struct tcp_flow *tcp, struct buffer_reader *reader);
enum { TCP_SAVED_BYTES = 7 * 8 + 2 * 4 + 2 };

/* fifo.c */
SIM_CHECKED enum sim_status fifo_join(struct net *net, int64_t now_ns, uint32_t index,
                                      struct sim_error *err);

#endif
