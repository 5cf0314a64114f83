/*
 * faults.h: what goes wrong during a run, by schedule or at random.
 *
 * A fault holds from at_ns for duration_ns (0: for good) on a set of hosts.  Faults overlap: a host
 * is up when nothing keeps it down, factors multiply, chances of loss combine.
 *  - crash: the hosts are down (net_host_down), and return at the end.
 *  - slow: they compute at `speed` times their speed; the network is untouched.
 *  - link: bandwidths, latency and loss of their access links change by factors.
 *  - cut: regions of one set cannot reach those of another.
 *  - flood: each of the hosts keeps `parallel` messages of message_bytes on their way to the
 *    victim, so honest traffic has to share the victim's down link with them.  One that is lost is
 *    sent again after a second.
 *
 * A fault with up_ns and down_ns holds at random between at_ns and its end: it begins after a draw
 * of up_ns, ends after a draw of down_ns, again and again.  The n-th occurrence's two times come
 * from the stream (seed, STREAM_FAULT, the fault's entity, n): no other fault moves them.
 *
 * Tags with FAULTS_TAG set are the floods': whoever owns the network's callback passes them on to
 * faults_delivered and uses none of them itself.
 */
#ifndef NET_FAULTS_H
#define NET_FAULTS_H

#include "base/dist.h"
#include "net/net.h"

enum fault_kind { FAULT_CRASH, FAULT_SLOW, FAULT_LINK, FAULT_CUT, FAULT_FLOOD };

struct fault {
    enum fault_kind kind;
    int64_t at_ns, duration_ns;
    const struct dist *up_ns, *down_ns; /* both NULL: it holds all the time.  Borrowed */
    uint64_t entity;                    /* of those draws: stream_entity() */
    uint32_t id;                        /* the caller's */
    const uint32_t *hosts; /* crash, slow, link; flood: the senders.  Each at most once */
    uint32_t host_count;
    double speed;                  /* slow: > 0 */
    double up_factor, down_factor; /* link: > 0 */
    double latency_factor;         /* link: >= 0 */
    double loss;                   /* link: 0..1 */
    uint64_t regions_a, regions_b; /* cut: bit r = region r; neither is empty */
    uint32_t victim, parallel;     /* flood: parallel > 0 */
    uint64_t message_bytes;        /* flood: > 0 */
};

#define FAULTS_TAG (UINT64_C(1) << 63)
#define FAULTS_KIND_COUNT 4

/* What a run has to know about a host beside its links: told after each change. */
struct host_condition {
    bool up;
    double speed; /* of computing, as a factor */
};
typedef enum sim_status (*faults_changed)(void *context, uint32_t host,
                                          const struct host_condition *condition, int64_t now_ns,
                                          struct sim_error *err);

/* A fault that begins or ends, with its own hosts; before the hosts are told. */
typedef enum sim_status (*faults_turned)(void *context, const struct fault *fault, bool begins,
                                         int64_t now_ns, struct sim_error *err);

struct faults_wiring {
    struct evq *queue; /* borrowed, as is net; both must outlive the faults */
    struct net *net;
    uint32_t first_kind; /* kinds first_kind .. first_kind + FAULTS_KIND_COUNT - 1 */
    uint64_t seed;
    faults_changed changed; /* may be NULL */
    faults_turned turned;   /* may be NULL */
    void *context;
};

struct faults;

/* Nothing goes wrong yet.  The caller owns *ret_faults.  SIM_MEMORY. */
SIM_CHECKED enum sim_status faults_create(const struct faults_wiring *wiring,
                                          struct faults **ret_faults, struct sim_error *err);
/* Accepts NULL, returns NULL. */
struct faults *faults_free(struct faults *faults);

/* Schedules a fault, copying it and its hosts; at_ns must not lie in the past.
 * SIM_CONFIG: a value out of range, naming it.  SIM_MEMORY, SIM_LIMIT. */
SIM_CHECKED enum sim_status faults_add(struct faults *faults, const struct fault *fault,
                                       struct sim_error *err);
/* The event handler for its kinds (a loop_handler; context = the struct faults). */
SIM_CHECKED enum sim_status faults_handle(void *faults, const struct event *event,
                                          struct sim_error *err);
/* For a message with FAULTS_TAG that ended. */
SIM_CHECKED enum sim_status faults_delivered(struct faults *faults, uint64_t tag,
                                             enum net_outcome outcome, int64_t now_ns,
                                             struct sim_error *err);

struct host_condition faults_host(const struct faults *faults, uint32_t host);

/* What holds now.  The faults themselves are the scenario's: a resumed run adds them
 * again, in the same order, then resets and loads the queue (evq_reset), then calls faults_load. */
void faults_save(const struct faults *faults, struct buffer *buffer);
SIM_CHECKED enum sim_status faults_load(struct faults *faults, struct buffer_reader *reader,
                                        struct sim_error *err);

#endif
