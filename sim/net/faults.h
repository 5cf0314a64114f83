/*
 * faults.h: what goes wrong during a run, by schedule or at random.
 *
 * A fault holds from at_ns for duration_ns (0: for good) on a set of hosts.  Faults overlap: a host
 * is up when nothing keeps it down, factors multiply, chances of loss combine.
 *  - crash: the hosts are down (net_host_down), and return at the end.
 *  - slow: they compute at `speed` times their speed; the network is untouched.
 *  - link: bandwidths, latency and loss of their access links change by factors.
 *  - cut: two regions cannot reach each other.
 *  - flood: each of the hosts keeps `parallel` messages of message_bytes on their way to the
 *    victim, so honest traffic has to share the victim's down link with them.  One that is lost is
 *    sent again after a second.
 *
 * Random failures: a host with a mean time between failures crashes after Exp(mtbf) and returns
 * after Exp(mttr), again and again.  The n-th failure's two times come from the stream
 * (seed, STREAM_FAULT, the host's entity, n): no other host's failures move them.
 *
 * Tags with FAULTS_TAG set are the floods': whoever owns the network's callback passes them on to
 * faults_delivered and uses none of them itself.
 */
#ifndef NET_FAULTS_H
#define NET_FAULTS_H

#include "net/net.h"

enum fault_kind { FAULT_CRASH, FAULT_SLOW, FAULT_LINK, FAULT_CUT, FAULT_FLOOD };

struct fault {
    enum fault_kind kind;
    int64_t at_ns, duration_ns;
    const uint32_t *hosts; /* crash, slow, link; flood: the senders.  Each at most once */
    uint32_t host_count;
    double speed;                  /* slow: > 0 */
    double up_factor, down_factor; /* link: > 0 */
    double latency_factor;         /* link: >= 0 */
    double loss;                   /* link: 0..1 */
    uint32_t region_a, region_b;   /* cut: below NET_REGION_MAX */
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

struct faults_wiring {
    struct evq *queue; /* borrowed, as is net; both must outlive the faults */
    struct net *net;
    const struct net_host *hosts; /* as given to net_create; used for their entities only, copied */
    uint32_t first_kind;          /* kinds first_kind .. first_kind + FAULTS_KIND_COUNT - 1 */
    uint64_t seed;
    faults_changed changed; /* may be NULL */
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
/* Lets a host fail at random from now on; both means > 0.  At most once a host. */
SIM_CHECKED enum sim_status faults_random(struct faults *faults, int64_t now_ns, uint32_t host,
                                          int64_t mtbf_ns, int64_t mttr_ns, struct sim_error *err);

/* The event handler for its kinds (a loop_handler; context = the struct faults). */
SIM_CHECKED enum sim_status faults_handle(void *faults, const struct event *event,
                                          struct sim_error *err);
/* For a message with FAULTS_TAG that ended. */
SIM_CHECKED enum sim_status faults_delivered(struct faults *faults, uint64_t tag,
                                             enum net_outcome outcome, int64_t now_ns,
                                             struct sim_error *err);

struct host_condition faults_host(const struct faults *faults, uint32_t host);

/* What holds now.  The faults themselves and the means are the scenario's: a resumed run adds them
 * again, in the same order, then resets and loads the queue (evq_reset), then calls faults_load. */
void faults_save(const struct faults *faults, struct buffer *buffer);
SIM_CHECKED enum sim_status faults_load(struct faults *faults, struct buffer_reader *reader,
                                        struct sim_error *err);

#endif
