/*
 * mechanism_states.h: random states of a chain before an epoch, each drawn whole from one seed.
 *
 * The draws seek out what is rare in a life: nobody or everybody permitted, inactive, registered
 * since; no stake, equal stakes, all of the supply on one uid; empty, full, single and unordered
 * rows, entries of 0 and on uids that are gone; both ends of every parameter; facts from outside
 * that are zero, equal, tiny, huge or missing.  Parameters of a mechanism that this file does not
 * know are drawn from its table, so that whatever is listed is tested.
 */
#ifndef TESTS_MECHANISM_STATES_H
#define TESTS_MECHANISM_STATES_H

#include "chain/mechanism.h"
#include "mechanism/nakamoto.h"
#include "mechanism/yuma.h"

union mechanism_state_params {
    struct yuma_params yuma;
    struct nakamoto_params nakamoto;
    _Alignas(16) unsigned char any[512]; /* of every other mechanism */
};

struct mechanism_state {
    struct mechanism_input input; /* points into what follows */
    union mechanism_state_params params;
    struct mechanism_outside outside; /* what input.outside points to, where it is not NULL */
    void *memory[32];
    size_t memory_count;
};

/* At most `neuron_max` uids.  `ops` fixes the units of weights and bonds and which parameters are
 * drawn. */
void mechanism_state_draw(struct mechanism_state *state, const struct mechanism_ops *ops,
                          uint64_t seed, uint32_t neuron_max);
void mechanism_state_release(struct mechanism_state *state);

/* The same state with uid i renamed to order[i]; rows come out ascending.  Not to be moved. */
void mechanism_state_relabel(const struct mechanism_state *state, const uint32_t *order,
                             const struct mechanism_ops *ops, struct mechanism_state *ret_state);

/* Rows of `voters` uids over all of `neuron_count`, random u16 weights, bonds likewise if asked:
 * what the benchmarks run. */
void mechanism_state_full(struct mechanism_state *state, const struct mechanism_ops *ops,
                          uint64_t seed, uint32_t neuron_count, uint32_t voters);

/* Puts an output's bonds in the place of the state's. */
void mechanism_state_adopt_bonds(struct mechanism_state *state,
                                 const struct mechanism_output *output);

#endif
