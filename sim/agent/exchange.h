/*
 * exchange.h: what neurons learn from each other, beyond the text of their own.
 *
 * Gradients that come back over the wire, and peers' answers as teachers.
 */
#ifndef AGENT_EXCHANGE_H
#define AGENT_EXCHANGE_H

#include <stddef.h>

/* In place: g / (sum g + 1e-5), as servers treated a gradient that a validator sent.  A sum, no
 * norm: the sign may flip, and near a sum of -1e-5 it explodes. */
void exchange_normalise_gradient(double *gradient, size_t count);

/* Distillation: the mean squared difference of a student's and a teacher's vectors (count numbers
 * in all); ret_gradient (count; may be NULL) by the student's.  The teacher is a constant. */
double exchange_distil(const double *student, const double *teacher, size_t count,
                       double *ret_gradient);

/* A caller's place in a server's queue, higher first: p + noise p, where p is its stake in TAO, or,
 * without stake, `lot`, a whole number of 1..100; noise is uniform in 0..0.01. */
double exchange_priority(double stake_tao, double lot, double noise);

#endif
