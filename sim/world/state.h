/*
 * state.h: the fields behind world.h, for sim/world alone.
 */
#ifndef WORLD_STATE_H
#define WORLD_STATE_H

#include "base/buffer.h"
#include "event/loop.h"
#include "record/checkpoint.h"
#include "world/outside.h"
#include "world/provenance.h"
#include "world/world.h"

struct world {
    struct world_setup setup;
    struct chain_net_config chain_net;
    struct evq *queue;
    struct loop *loop;
    struct version_pool *versions;
    struct compute_pool *pool;
    struct agents *agents;
    struct net *net;
    struct faults *faults; /* NULL when nothing goes wrong */
    struct chain *chain;
    struct record *record;
    struct probe *probe;
    struct outside *outside;
    struct provenance_clock clock;
    bool interrupted;

    /* checkpoint.c's */
    struct checkpoint *opened; /* while a world is built from one */
    struct record_mark mark;   /* the opened one's */
    bool resumed;
    char damage[512];                           /* which newer checkpoints were damaged; "" */
    struct buffer buffer;                       /* one section's bytes */
    double checkpoint_end_s, checkpoint_cost_s; /* wall time of the last one */
    uint64_t checkpoint_count;                  /* written by this process */
    double checkpoint_total_s;
};

/* ---- idle.c */
/* Makes the idle blocks behind the last one, where the scenario lets them be merged; *ret_next_ns
 * is when the next block is due. */
SIM_CHECKED enum sim_status world_skip_idle(struct world *world, int64_t now_ns,
                                            int64_t *ret_next_ns, struct sim_error *err);

/* ---- checkpoint.c */
/* Whether enough wall time has passed for another, at the end of an epoch. */
bool world_checkpoint_due(const struct world *world);
/* Between events.  SIM_IO. */
SIM_CHECKED enum sim_status world_checkpoint_write(struct world *world, struct sim_error *err);

/* When the setup says so, finds the newest good checkpoint: world->opened, NULL when there is none.
 * Otherwise removes what an earlier run left.  SIM_CONFIG for one that another version, scenario
 * or kernel wrote. */
SIM_CHECKED enum sim_status world_checkpoint_open(struct world *world, struct sim_error *err);
/* What stands in for the first steps of a new run while `opened` is there. */
SIM_CHECKED enum sim_status world_resume_chain(struct world *world, struct sim_error *err);
SIM_CHECKED enum sim_status
world_resume_agents(struct world *world, const struct agents_wiring *wiring, struct sim_error *err);
/* Queue, loop and probe; closes the checkpoint. */
SIM_CHECKED enum sim_status world_resume_rest(struct world *world, struct sim_error *err);

/* ---- faults.c */
/* Behind the network; nothing when the scenario has no faults. */
SIM_CHECKED enum sim_status world_faults_build(struct world *world, uint32_t first_kind,
                                               struct sim_error *err);
/* The network's callback (context = the world): a flood's messages to the faults, the others to
 * the agents. */
SIM_CHECKED enum sim_status world_delivered(void *world, uint64_t tag, enum net_outcome outcome,
                                            int64_t now_ns, struct sim_error *err);
/* Puts the names that the events' numbers stand for. */
void world_faults_name(const struct world *world);

#endif
