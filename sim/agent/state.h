/*
 * state.h: the fields behind agents.h, for sim/agent alone.
 */
#ifndef AGENT_STATE_H
#define AGENT_STATE_H

#include "agent/agents.h"

/* Parameters that are trained and served: one a server. */
struct agent_model {
    const struct agents_group *group;
    uint64_t entity;         /* stable name: (group, index of the server) */
    struct version *version; /* what new forward passes read */
    struct version *next;    /* what the training step under way fills, or NULL */
    struct version *before;  /* on_nan: revert: what `version` was made from, or NULL */
    struct compute_ticket training;
    uint64_t step_count;
    double loss_nats;                        /* of the last step's batch */
    const double *mixture;                   /* (domain_count) */
    uint64_t forward_flop, step_flop;        /* of one question's batch, of one step on own text */
    uint64_t response_bytes, gradient_bytes; /* of its answer, of what comes back; wire_scale in */
    bool is_shared; /* several identities serve it: answers are worth memoising */
};

/* A host: one queue, one job at a time. */
struct agent_server {
    uint32_t model;
    uint32_t first_neuron; /* training is booked on it */
    double flops;
    double hash_rate_hashes_per_s; /* counted for the owner of first_neuron */
    struct host_condition condition;
    uint64_t generation; /* raised by a crash: what was due then is void */
    int64_t training_interval_ns;
    int64_t training_phase_ns; /* of its first step */
    bool busy;
    bool training_due;
    uint32_t serving; /* the query under way, or AGENT_NONE */
    uint32_t waiting; /* root of the heap of waiting queries, or AGENT_NONE */
    struct stream *lottery;
    bool stopped; /* its model gave no number, and on_nan: stop */
    bool taught;  /* the teacher below is of a question since the last step */
    uint32_t lesson_count, first_lesson, last_lesson; /* gradients that wait, oldest first */
    float *teacher;          /* (rows, V) its peers' joined logits, or NULL: it does not distil */
    uint8_t *teacher_tokens; /* (batch, sequence + 1) */
};

/* A gradient on its way to a server, or waiting there for the next training step. */
struct agent_lesson {
    uint32_t neuron;   /* whose answer it is about, or AGENT_NONE in a free slot */
    uint32_t next;     /* of the free ones, or of those that wait at a server */
    bool useful;       /* the receiver learns from it, and all of its numbers are finite */
    uint8_t *tokens;   /* (batch, sequence + 1) */
    float *derivative; /* (lesson_floats) of the loss by what the answer carries */
};

/* A coldkey and the work that it does for its identities, which follow one another. */
struct agent_owner {
    uint32_t account;
    uint32_t first_neuron, neuron_count;
    uint64_t balance_rao; /* at the start */
    uint64_t money_phase_blocks;
    double hash_rate_hashes_per_s;        /* of its hosts as they are now */
    uint32_t first_waiting, last_waiting; /* neurons that want a uid, oldest first */
    bool solving;
    uint64_t generation; /* raised when a drawn solving time is void */
    uint64_t submitted;  /* extrinsic that waits for its block; 0 = none */
    struct stream *work;
};

struct agent_neuron {
    uint32_t group, index_in_group;
    uint64_t entity;
    uint32_t hotkey; /* account */
    uint32_t owner, server;
    uint32_t uid;
    uint32_t validator; /* index, or AGENT_NONE */
    uint32_t next_waiting;
    bool is_waiting;    /* in its owner's list */
    uint64_t stake_rao; /* at the start */
    int64_t enter_ns;   /* when it begins to want a uid */
    bool is_late;       /* that is still to come */
    bool serving;       /* has announced its axon under the present uid */
    struct agent_counters counters;
};

struct agent_delegator {
    const struct delegator_params *params;
    uint32_t kind, index;
    uint32_t account;
    uint32_t hotkey;      /* account it staked on last, or AGENT_NONE */
    uint64_t balance_rao; /* at the start */
    uint64_t phase_blocks;
    struct stream dice;
};

/* A row whose hash is committed, or on its way to be. */
struct agent_reveal {
    uint32_t neuron;
    uint32_t count;
    uint32_t *row;  /* (2 count) uids, then values; owned */
    uint64_t id;    /* of the call that waits for its block, commit or reveal; 0 = none */
    uint64_t epoch; /* of the commit */
    uint64_t version_key;
    uint16_t salt[CHAIN_SALT_COUNT];
    bool is_committed;
};

struct agent_validator {
    uint32_t neuron;
    uint64_t ask_count;
    void *router_state;
    struct stream *route, *dice;            /* the router's and the scorer's */
    struct scorer_stats *stats;             /* (uid_capacity) */
    uint32_t *stats_hotkey;                 /* (uid_capacity) whose stats these are */
    int64_t ask_phase_ns, weights_phase_ns; /* of its first question and weights */
    double floor_nats;                      /* entropy floor of its own text */
    uint32_t open_question;                 /* or AGENT_NONE */
    int64_t asked_ns;                       /* start of the last question */
};

/* One batch put to K peers.  Lives until it is closed and no query refers to it. */
struct agent_question {
    uint32_t validator;
    uint64_t number; /* of all questions, from 1: tells a reused slot from the old one */
    bool closed;
    uint32_t peer_count;
    uint32_t open_answers; /* peers that may still answer */
    uint32_t references;   /* queries that point here */
    uint32_t next_free;
    uint32_t *uids;    /* (K) */
    uint32_t *neurons; /* (K) */
    uint8_t *answered; /* (K) */
    double *loss_nats; /* (K, rows) */
    double *gate;      /* (K) the router's scores, NaN for routers that have none */
    float *logits;     /* (K, rows, V), or NULL when nobody reads them */
    float *derivative; /* (K, response_derivative_count()) of the losses, or NULL */
    uint8_t *tokens;   /* (batch, sequence + 1) */
};

enum agent_query_phase { QUERY_FREE, QUERY_ASKED, QUERY_WAITING, QUERY_SERVING, QUERY_ANSWERING };

/* One peer's part of a question. */
struct agent_query {
    uint32_t question;
    uint32_t slot;   /* of the question, 0..K-1 */
    uint32_t neuron; /* asked */
    uint8_t phase;   /* enum agent_query_phase */
    bool guessed;    /* answered without a forward pass */
    int64_t arrived_ns;
    double priority;         /* higher is served first */
    uint32_t child, sibling; /* pairing heap; sibling also links free slots */
    struct compute_ticket ticket;
};

struct agents {
    struct agents_setup setup;
    struct agents_wiring wiring;
    uint64_t seed;
    uint32_t rows;          /* batch x sequence of a question */
    uint64_t request_bytes; /* a question's, wire_scale included */
    bool keeps_logits;      /* answers keep theirs until they are scored */

    uint32_t neuron_count, server_count, owner_count, validator_count;
    struct agent_neuron *neurons;
    struct agent_model *models; /* (server_count) */
    struct agent_server *servers;
    struct net_host *hosts; /* (server_count) */
    struct agent_owner *owners;
    struct agent_validator *validators;
    struct agent_delegator *delegators; /* (delegator_count) */
    uint32_t delegator_count;
    uint32_t late_count; /* neurons whose time to want a uid is still to come */
    double *mixtures;    /* (server_count, domain_count) */
    struct stream *streams;
    uint32_t stream_count;

    uint32_t *neuron_of_uid;     /* (uid_capacity) */
    uint8_t *excluded;           /* (uid_capacity) 1 = cannot be asked */
    uint8_t *axon;               /* (uid_capacity) the complement, for strategies */
    uint8_t *ally;               /* (uid_capacity) of the neuron whose weights are due */
    uint32_t *neuron_of_account; /* (account_capacity) of hotkeys, from first_account on */
    uint32_t *owner_of_account;  /* (account_capacity) of coldkeys, delegators' behind owners */
    uint32_t account_capacity;
    uint32_t first_account; /* on the chain: ours follow one another */

    struct agent_question **questions; /* (question_capacity), slots allocated one by one */
    uint32_t question_capacity, question_free;
    uint64_t question_number;
    struct agent_query *queries;
    uint32_t query_capacity, query_free;

    struct agent_lesson *lessons; /* (lesson_capacity), with memory of their own */
    uint32_t lesson_capacity, lesson_free;
    size_t lesson_floats;
    struct agent_reveal *reveals; /* (reveal_capacity) in the order of their commits */
    uint32_t reveal_count, reveal_capacity;
    struct agent_incident *incidents; /* (incident_capacity) since agents_forget_incidents() */
    size_t incident_count, incident_capacity;

    uint64_t last_difficulty;
    struct digest digest;

    /* Scratch of the loop's thread. */
    void *job_input;
    size_t job_input_bytes;
    void *score_scratch, *weights_scratch;
    struct scorer_measures *measures;                          /* (K) */
    double *context, *responses, *distributions, *mean_losses; /* reading.c's */
    uint8_t *targets;
    struct scorer_weights weights;
    double *weights_real; /* (uid_capacity) */
    uint32_t *row_values; /* (uid_capacity) */
};

/* ---- build.c */
/* Bytes of a question and an answer, by the query's keys as they are now. */
void build_set_wire_bytes(struct agents *agents);
/* Draws the speed of the neuron's host again, if it is the one that brought it. */
void build_draw_speed(struct agents *agents, uint32_t neuron);

/* ---- training.c */
/* Whether there is anything to learn from at present. */
bool training_has_matter(const struct agents *agents, uint32_t server);
/* Operations of a step that is started now. */
uint64_t training_flop(const struct agents *agents, uint32_t server);
size_t training_input_bytes(const struct agents_setup *setup, size_t lesson_floats);
/* Uses up what waits at the server. */
SIM_CHECKED enum sim_status training_start(struct agents *agents, uint32_t server,
                                           struct sim_error *err);

/* ---- model.c */
/* Puts the trained version in place; where no number came out, does what on_nan says: fails with
 * SIM_NUMERIC and the group, index and step, or notes an incident. */
SIM_CHECKED enum sim_status model_finish_training(struct agents *agents, uint32_t model,
                                                  struct sim_error *err);
/* Drops the step under way unseen, if there is one: the next is the same step. */
void model_cancel_training(struct agents *agents, uint32_t model);

/* ---- server.c */
SIM_CHECKED enum sim_status server_receive(struct agents *agents, uint32_t query, int64_t now_ns,
                                           struct sim_error *err);
/* `generation` is the server's when the job was started. */
SIM_CHECKED enum sim_status server_on_served(struct agents *agents, uint32_t server,
                                             uint64_t generation, int64_t now_ns,
                                             struct sim_error *err);
SIM_CHECKED enum sim_status server_on_train(struct agents *agents, uint32_t server, int64_t now_ns,
                                            struct sim_error *err);
SIM_CHECKED enum sim_status server_on_trained(struct agents *agents, uint32_t server,
                                              uint64_t generation, int64_t now_ns,
                                              struct sim_error *err);
/* Drops the queue and the job under way, without an answer to anybody. */
void server_crash(struct agents *agents, uint32_t server);

/* ---- query.c */
SIM_CHECKED enum sim_status query_on_ask(struct agents *agents, uint32_t validator, int64_t now_ns,
                                         struct sim_error *err);
SIM_CHECKED enum sim_status query_on_timeout(struct agents *agents, uint64_t payload,
                                             int64_t now_ns, struct sim_error *err);
SIM_CHECKED enum sim_status query_on_answer(struct agents *agents, uint32_t query, int64_t now_ns,
                                            struct sim_error *err);
/* A validator whose host crashes forgets its question, unscored; it asks again in its time. */
SIM_CHECKED enum sim_status query_abandon(struct agents *agents, uint32_t validator, int64_t now_ns,
                                          struct sim_error *err);
/* More free slots: queries by the thousand, questions one by one. */
SIM_CHECKED enum sim_status query_grow(struct agents *agents, struct sim_error *err);
SIM_CHECKED enum sim_status query_add_question(struct agents *agents, struct sim_error *err);
/* The query ends here: its slot is free, its question may be. */
void query_release(struct agents *agents, uint32_t query);

/* ---- agents.c */
/* Fills neuron_of_account and owner_of_account once all accounts are known. */
void agents_map_accounts(struct agents *agents, uint32_t first_account);
/* Position in the maps; account_capacity or more: not ours. */
static inline uint32_t agents_account(const struct agents *agents, uint32_t account)
{
    return account - agents->first_account;
}

/* ---- weights.c */
SIM_CHECKED enum sim_status weights_on_due(struct agents *agents, uint32_t validator,
                                           int64_t now_ns, struct sim_error *err);
/* Whether two neurons are of one alliance; a group without one is its own. */
bool agents_allied(const struct agents *agents, uint32_t a, uint32_t b);
/* What a neuron's strategy may see; without its allies. */
struct strategy_view agents_view(const struct agents *agents, uint32_t neuron);

/* ---- reveal.c */
/* Commits the hash of the call's row, whose kind does not count, and keeps the row. */
SIM_CHECKED enum sim_status reveal_commit(struct agents *agents, uint32_t neuron,
                                          struct chain_extrinsic call, struct sim_error *err);
/* A place in the list with memory for a row, both empty but for what is given. */
SIM_CHECKED enum sim_status reveal_add(struct agents *agents, uint32_t neuron, uint32_t count,
                                       struct sim_error *err);
/* Behind a block's events: reveals what is due. */
SIM_CHECKED enum sim_status reveal_on_block(struct agents *agents, struct sim_error *err);
void reveal_free_all(struct agents *agents);

/* ---- enter.c */
/* Works for the first identity of the owner's list, or for nobody when it is empty; what was drawn
 * before is void. */
SIM_CHECKED enum sim_status enter_work(struct agents *agents, uint32_t owner, int64_t now_ns,
                                       struct sim_error *err);
/* The neuron joins its owner's list unless it is in it, has a uid, or never wants one. */
SIM_CHECKED enum sim_status enter_want(struct agents *agents, uint32_t neuron, int64_t now_ns,
                                       struct sim_error *err);
/* The owner's work starts anew, or stops: for the neuron that has waited longest, at the present
 * difficulty. */
SIM_CHECKED enum sim_status enter_work(struct agents *agents, uint32_t owner, int64_t now_ns,
                                       struct sim_error *err);
/* After the owner's hash rate has changed. */
SIM_CHECKED enum sim_status enter_restart(struct agents *agents, uint32_t owner, int64_t now_ns,
                                          struct sim_error *err);
/* Tells the chain where a neuron with a uid serves. */
SIM_CHECKED enum sim_status enter_announce(struct agents *agents, uint32_t neuron,
                                           struct sim_error *err);
SIM_CHECKED enum sim_status enter_on_solved(struct agents *agents, uint32_t owner,
                                            uint64_t generation, int64_t now_ns,
                                            struct sim_error *err);

/* ---- money.c */
SIM_CHECKED enum sim_status money_genesis(struct agents *agents, struct sim_error *err);
/* Tells the chain who owns the network, if a group says that one of its owners does. */
void money_tell_owner(struct agents *agents);
/* Late neurons, burns, stakes: behind the events of a block. */
SIM_CHECKED enum sim_status money_on_block(struct agents *agents, int64_t now_ns,
                                           struct sim_error *err);
/* Whether the owner would work for a uid now. */
bool money_works(const struct agents *agents, const struct agent_owner *owner);
/* Makes the neuron's hotkey a delegate at its owner's take, where the owner wants it. */
SIM_CHECKED enum sim_status money_open_hotkey(struct agents *agents, uint32_t neuron,
                                              struct sim_error *err);

/* ---- delegator.c */
/* Draws all delegators; the array is there. */
void delegator_build(struct agents *agents);
/* Their accounts, behind all others, and balances. */
SIM_CHECKED enum sim_status delegator_genesis(struct agents *agents, struct sim_error *err);
SIM_CHECKED enum sim_status delegator_on_block(struct agents *agents, struct sim_error *err);
/* ---- condition.c */
/* Every owner's hash rate from its hosts' conditions. */
void condition_add_hash_rates(struct agents *agents);
static inline bool agents_host_is_up(const struct agents *agents, uint32_t neuron)
{
    return agents->servers[agents->neurons[neuron].server].condition.up;
}

static inline const struct agents_group *agents_group_of(const struct agents *agents,
                                                         uint32_t neuron)
{
    return &agents->setup.groups[agents->neurons[neuron].group];
}

static inline bool agents_has_model(const struct agents_group *group)
{
    return group->lm->forward != NULL;
}

SIM_CHECKED static inline enum sim_status agents_schedule(struct agents *agents, int64_t at_ns,
                                                          enum agent_kind kind, uint32_t entity,
                                                          uint64_t payload, struct sim_error *err)
{
    return evq_push(agents->wiring.queue, at_ns, agents->wiring.first_kind + (uint32_t)kind, entity,
                    payload, err);
}

#endif
