/*
 * permutation.h: routers that do not look at the text.
 *
 * permutation: a uniform random order of all uids, consumed K at a time; when it is used up a new
 * one is drawn.  It outlives epochs (validators v3.5 and later; v3.3.3 drew a new one each epoch).
 * The last slice may be shorter than K.  Excluded uids are passed over when their turn comes.
 * random: K different uids, drawn anew each time (v3.0-v3.2).
 */
#ifndef ROUTER_PERMUTATION_H
#define ROUTER_PERMUTATION_H

#include "agent/router.h"

extern const struct router_ops router_permutation, router_random;

#endif
