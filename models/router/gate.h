/*
 * gate.h: the router "gate": asks the peers whose gate opens widest for the text at hand.
 *
 * Scores are sigmoid gates on the context (gating.h) with exploration noise; they learn, by
 * gradient descent with momentum and clipping, the targets exp(-max(loss - floor, 0)) of those
 * that answered, plus an importance loss that keeps all gates in use.
 */
#ifndef ROUTER_GATE_H
#define ROUTER_GATE_H

#include "agent/router.h"

struct gate_params {
    double noise;         /* multiplier of the scores' spread */
    double importance;    /* factor of the importance loss */
    double learning_rate; /* SGD */
    double momentum;
    double clip_norm;  /* of the whole gradient of one step; 0 = none */
    double floor_nats; /* loss at and below which a peer is a perfect one */
};

extern const struct router_ops router_gate;

#endif
