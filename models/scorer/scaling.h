/*
 * scaling.h: from a loss to what a model of that loss is worth.
 *
 * Kaplan's scaling law read backwards, as the validators of v3.0-v4.0 did it: the number of
 * parameters that would reach loss L (nats a token of a large vocabulary) is
 *   N(L) = exp(ln 8.8e13 - ln(max(L, 1.69)) / 0.076),
 * and the value is N(L)^power.  1.69 nats is the loss that no model undercuts (Chinchilla's).
 */
#ifndef SCORER_SCALING_H
#define SCORER_SCALING_H

#include <stdint.h>

#define SCALING_FLOOR_NATS 1.69  /* irreducible loss of the historic text */
#define SCALING_START_NATS 10.82 /* loss of a uniform guess over its vocabulary */
#define SCALING_BAD_LOSS_NATS 20 /* stands for NaN and infinite losses */

enum scaling_map {
    SCALING_RAW,   /* L as it is */
    SCALING_AFFINE /* the straight line that takes the text's own floor h to 1.69 and a uniform
                      guess, ln V, to 10.82: small models on small vocabularies would else clip */
};

/* Says how losses are mapped; `slope` and `offset` are derived. */
struct scaling {
    double slope, offset; /* L' = offset + slope L */
};

/* Floor h and vocabulary V of the text; h < ln V, else the raw map is taken. */
struct scaling scaling_make(enum scaling_map map, double entropy_floor_nats,
                            uint32_t vocabulary_symbols);

/* N(L')^power of a loss that is still to be mapped; NaN counts as SCALING_BAD_LOSS_NATS. */
double scaling_value(const struct scaling *scaling, double loss_nats, double power);

#endif
