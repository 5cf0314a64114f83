/*
 * gate.h: the router "gate": asks the peers whose gate opens widest for the text at hand.
 *
 * Scores are gates on the context (gating.h) with exploration noise, which learn by gradient
 * descent with momentum and clipping.  From losses (v3.0-v4.0): sigmoid gates, the targets
 * exp(-max(loss - floor, 0)) of those that answered, plus an importance loss that keeps all gates
 * in use.  From rewards (v5.0): linear gates, whose softmax over those that answered learns the
 * softmax of their rewards; a reward is minus the loss, as of the scorer "prompting".
 */
#ifndef ROUTER_GATE_H
#define ROUTER_GATE_H

#include "agent/router.h"

enum gate_learns { GATE_LEARNS_LOSSES, GATE_LEARNS_REWARDS };

struct gate_params {
    int learns;           /* enum gate_learns */
    double noise;         /* multiplier of the scores' spread */
    double importance;    /* factor of the importance loss */
    double learning_rate; /* SGD */
    double momentum;
    double clip_norm;  /* of the whole gradient of one step; 0 = none */
    double floor_nats; /* loss at and below which a peer is a perfect one */
};

extern const struct router_ops router_gate;

#endif
