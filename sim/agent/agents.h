/*
 * agents.h: all neurons of one network, and what they do from event to event.
 *
 * A neuron is an identity: a hotkey of a group, with or without a uid.  Behind it stands a server
 * (a host with one model and one queue), which may serve several identities, and an owner (a
 * coldkey), who may hold several.  Validator and miner are two flags.
 *
 *   validator  every query.interval: draw text, ask K peers over the network, wait for answers or
 *              the time-out, score, keep running averages; every weights_interval: set weights
 *   server     one job at a time: questions by the caller's stake, else a training step when due;
 *              a forward pass and a training step are compute jobs that are due at the simulated
 *              instant at which the host has done their operations
 *   owner      works for a uid for its identities that want one, one after the other
 *
 * The module starts and redeems computations, sends messages, submits extrinsics; it owns none of
 * the queue, network, chain or pool, which must outlive it.  All chance is keyed by group and
 * index.  Everything whose size follows from the scenario is allocated at creation; questions and
 * their answers live in pools that grow to the peak.
 */
#ifndef AGENT_AGENTS_H
#define AGENT_AGENTS_H

#include "agent/corpus.h"
#include "agent/group.h"
#include "agent/lm.h"
#include "agent/money.h"
#include "agent/router.h"
#include "agent/scorer.h"
#include "agent/strategy.h"
#include "base/buffer.h"
#include "base/digest.h"
#include "base/error.h"
#include "chain/chain.h"
#include "chain/genesis.h"
#include "compute/compute.h"
#include "compute/version.h"
#include "event/queue.h"
#include "net/faults.h"
#include "net/net.h"

#include <stdbool.h>
#include <stdint.h>

/* Event kinds: first_kind .. first_kind + AGENT_KIND_COUNT - 1. */
enum agent_kind {
    AGENT_ASK,         /* entity: validator; its next question is due */
    AGENT_TIMEOUT,     /* payload: question */
    AGENT_SERVED,      /* entity: server; the forward pass under way is due */
    AGENT_TRAIN,       /* entity: server; the next training step is due to start */
    AGENT_TRAINED,     /* entity: server; the training step under way is due */
    AGENT_SOLVED,      /* entity: owner; payload: generation of its work */
    AGENT_SET_WEIGHTS, /* entity: validator */
    AGENT_KIND_COUNT
};

/* Kinds of compute jobs, for the pool's counters. */
enum agent_job { AGENT_JOB_FORWARD, AGENT_JOB_TRAIN, AGENT_JOB_EVALUATE };

#define AGENT_NONE UINT32_MAX

/* Most symbols of held-out text, over all sequences, of one evaluation. */
enum { AGENT_EVALUATION_TOKENS_MAX = 64 * 1024 };

/* One group of the scenario; everything is borrowed and outlives the agents. */
struct agents_group {
    const char *name;
    const char *stable_name; /* what draws and accounts are keyed by; NULL: the name */
    const struct group_params *params;
    const struct group_host_params *host;
    const struct group_training_params *training;
    const struct corpus_diet *diet;
    const struct lm_optimiser *optimiser;
    const struct lm_ops *lm;
    const void *lm_shape;
    const struct strategy_ops *strategy;
    const void *strategy_params;
    const struct group_money_params *money;
};

/* One kind of delegators; borrowed likewise. */
struct agents_delegators {
    const char *name;
    const char *stable_name; /* as a group's */
    const struct delegator_params *params;
};

struct agents_setup {
    uint64_t seed;
    uint16_t netuid;
    int64_t block_time_ns;
    uint32_t uid_capacity;   /* most uids that the network may ever have */
    enum region_set regions; /* whose shares of nodes `region: drawn` follows */
    const struct agents_group *groups;
    uint32_t group_count;
    const struct agents_delegators *delegators; /* (delegator_kind_count) */
    uint32_t delegator_kind_count;
    const struct genesis_table *genesis; /* NULL: uids and stakes are the groups' */
    bool can_set_take;                   /* the chain's profile lets a delegate choose its take */
    const struct query_params *query;
    const struct corpus *corpus;
    const struct lm_trainer *trainer;
    const struct scorer_ops *scorer;
    const void *scorer_params;
    const struct router_ops *router;
    const void *router_params;
};

/* What the agents act upon; borrowed, must outlive them. */
struct agents_wiring {
    struct evq *queue;
    uint32_t first_kind;
    struct net *net;
    struct chain *chain;
    struct compute_pool *pool;
    struct version_pool *versions;
    /* Where others share the network: the number there of the first host of these agents, and what
     * is or-ed to the tags of their messages (bits that AGENTS_TAG_BITS leaves free). */
    uint32_t first_host;
    uint64_t tag;
};
enum { AGENTS_TAG_BITS = 48 };

/* What one neuron did since agents_reset_counters(). */
struct agent_counters {
    uint32_t training_steps;
    uint32_t queries_asked;
    uint32_t queries_answered;
    uint32_t queries_timed_out; /* asked of this neuron, in vain */
    uint64_t bytes_up, bytes_down;
    uint64_t flop_done; /* operations charged, flop_scale included */
    uint64_t wait_ns;   /* of the answered queries, in the queue */
};

/* What a neuron is; `model` and `owner` are indices that identities may share. */
struct agent_info {
    uint32_t group, index_in_group;
    uint32_t uid; /* AGENT_NONE while not registered */
    uint32_t hotkey, coldkey;
    uint32_t model, owner;
    bool validator, miner, serving;
    uint64_t training_step_count; /* of its model, since the start */
    double training_loss_nats;    /* of the last step's batch; NAN before the first */
    double owner_hashes_per_s;    /* of all hosts of its owner */
};

/* What happened to a neuron off the chain. */
enum agent_incident_kind {
    AGENT_INCIDENT_NO_NUMBER /* value: finished steps of its model when a step gave no number */
};
struct agent_incident {
    enum agent_incident_kind kind;
    uint32_t neuron;
    uint64_t value;
};

struct agents;

const char *agents_group_stable_name(const struct agents_group *group);

/* Whether models, questions, scorer and router fit together; without a corpus, all that can be said
 * without its text.  SIM_CONFIG; the message begins with the key that it is about. */
SIM_CHECKED enum sim_status agents_setup_check(const struct agents_setup *setup,
                                               struct sim_error *err);

/* Draws every neuron, with hosts, mixtures and first parameters.  The caller owns *ret_agents.
 * SIM_CONFIG for what does not fit together, SIM_MEMORY. */
SIM_CHECKED enum sim_status agents_create(const struct agents_setup *setup,
                                          struct version_pool *versions, struct agents **ret_agents,
                                          struct sim_error *err);
/* Accepts NULL, returns NULL. */
struct agents *agents_free(struct agents *agents);

/* The hosts to build the network from: (*ret_count) of them; the agents' until freed. */
const struct net_host *agents_hosts(const struct agents *agents, uint32_t *ret_count);

/* Adds accounts and genesis neurons to the chain (uids in the order of groups and indices) and
 * schedules everybody's first events.  Once, before the first event. */
SIM_CHECKED enum sim_status agents_start(struct agents *agents, const struct agents_wiring *wiring,
                                         struct sim_error *err);

/* The handler of the agents' event kinds (a loop_handler; context = the struct agents). */
SIM_CHECKED enum sim_status agents_handle(void *agents, const struct event *event,
                                          struct sim_error *err);
/* The network's callback (context = the struct agents). */
SIM_CHECKED enum sim_status agents_delivered(void *agents, uint64_t tag, enum net_outcome outcome,
                                             int64_t now_ns, struct sim_error *err);
/* The faults' callback (context = the struct agents): a host crashes, returns, or computes at
 * another speed.  A crash drops its queue, the job under way unseen, its validators' open
 * questions; nothing is answered and nobody is told.  While it is down its neurons neither ask nor
 * train nor set weights nor work for a uid.  A new speed holds for jobs started from then on. */
SIM_CHECKED enum sim_status agents_host_changed(void *agents, uint32_t host,
                                                const struct host_condition *condition,
                                                int64_t now_ns, struct sim_error *err);
/* After each chain_block: registrations, evictions, refusals, difficulty. */
SIM_CHECKED enum sim_status agents_on_block(struct agents *agents, int64_t now_ns,
                                            struct sim_error *err);

/* After the setup's query or a group's host or strategy was changed in place, between events:
 * draws of hosts are made again on their own streams (equal where the distribution is the same),
 * and owners whose hash rate is another go on at the new one.  Without a change nothing happens. */
SIM_CHECKED enum sim_status agents_on_change(struct agents *agents, int64_t now_ns,
                                             struct sim_error *err);

/* The same for agents that were resumed after the change: the work under way is at the new rate. */
SIM_CHECKED enum sim_status agents_adopt_change(struct agents *agents, struct sim_error *err);

/* What models are measured on, outside simulated time; the same text for all, at any time. */
enum agents_test {
    AGENTS_TEST_HELDOUT, /* text that nobody trains on */
    AGENTS_TEST_PUBLIC   /* text of the public training part, which all may have trained on */
};
/* Whether no owner, delegator, late neuron or validator with a row to reveal decides anything from
 * block to block. */
bool agents_rest(const struct agents *agents);

/* Loss in nats a token of every model on `sequence_count` sequences of a test: ret_loss_nats
 * (agents_model_count).  Changes nothing. */
SIM_CHECKED enum sim_status agents_test_models(struct agents *agents, enum agents_test test,
                                               uint32_t sequence_count, double *ret_loss_nats,
                                               struct sim_error *err);
/* The held-out test; also feeds parameters and losses to the model digest. */
SIM_CHECKED enum sim_status agents_evaluate(struct agents *agents, uint32_t sequence_count,
                                            double *ret_loss_nats, struct sim_error *err);

/* What has happened since agents_forget_incidents(), in order; valid until the next event.  Forget
 * them before a checkpoint: they are not saved. */
const struct agent_incident *agents_incidents(const struct agents *agents, size_t *ret_count);
void agents_forget_incidents(struct agents *agents);

uint32_t agents_count(const struct agents *agents); /* neurons */
uint32_t agents_model_count(const struct agents *agents);
uint32_t agents_uid_capacity(const struct agents *agents);
struct agent_info agents_info(const struct agents *agents, uint32_t neuron);
/* The neuron behind a uid, AGENT_NONE for an empty slot. */
uint32_t agents_of_uid(const struct agents *agents, uint32_t uid);
/* The first neuron that a host serves. */
uint32_t agents_of_host(const struct agents *agents, uint32_t host);
/* The neuron of a hotkey or AGENT_NONE. */
uint32_t agents_of_hotkey(const struct agents *agents, uint32_t hotkey);
/* Owners and, behind them, delegators. */
uint32_t agents_owner_count(const struct agents *agents);
/* The owner of a coldkey, as in agent_info, or AGENT_NONE; delegators are numbered behind owners.
 */
uint32_t agents_of_coldkey(const struct agents *agents, uint32_t coldkey);
const struct agent_counters *agents_counters(const struct agents *agents, uint32_t neuron);
void agents_reset_counters(struct agents *agents);
/* A model as it is now: its group says kind and shape; the parameters are valid until the next
 * event. */
const float *agents_parameters(const struct agents *agents, uint32_t model, uint32_t *ret_group);
/* Of every training loss, evaluated loss, evaluated parameter block and weight row so far. */
uint64_t agents_digest(const struct agents *agents);

/* Checkpoints: between events and after compute_finish().  Everything that the future depends on,
 * but the models, which come one by one since together they may fill gigabytes: parameters with the
 * optimiser's moments, the version that a training step is filling, the step's output. */
void agents_save(const struct agents *agents, struct buffer *buffer);
void agents_save_model(const struct agents *agents, uint32_t model, struct buffer *buffer);
/* Instead of agents_start(), on agents created from the same setup: agents_load, then each model.
 * The queue, the network and the chain are loaded by their own functions.  SIM_IO for bytes that
 * are not such a state, SIM_MEMORY. */
SIM_CHECKED enum sim_status agents_load(struct agents *agents, const struct agents_wiring *wiring,
                                        struct buffer_reader *reader, struct sim_error *err);
SIM_CHECKED enum sim_status agents_load_model(struct agents *agents, uint32_t model,
                                              struct buffer_reader *reader, struct sim_error *err);

/* Asserts what must always hold: uids and neurons point at each other, a busy server has one job,
 * every open question has as many open answers as it counts. */
void agents_check(const struct agents *agents);

#endif
