/*
 * mechanism_properties.h: what holds for every mechanism on every state.
 *
 * Each property is checked through mechanism_epoch(), as a run calls it.  The same functions are
 * tried on mechanisms that are broken on purpose, so that none of them holds by accident.
 */
#ifndef TESTS_MECHANISM_PROPERTIES_H
#define TESTS_MECHANISM_PROPERTIES_H

#include "property/mechanism_states.h"

enum { PROPERTY_TEXT_BYTES = 256 };

/* What is wrong, or an empty text. */
struct property_finding {
    char text[PROPERTY_TEXT_BYTES];
};

/* Paid is at most the emission; anything less is truncation, or nobody had a claim; a neuron's
 * parts add up to its whole. */
struct property_finding property_payment(const struct mechanism_ops *ops,
                                         const struct mechanism_state *state);
/* Renaming the uids renames the result: everything, unless equal stakes compete for the last
 * permits, where the chain prefers the higher uid; then everything but permits and bonds. */
struct property_finding property_relabelling(const struct mechanism_ops *ops,
                                             const struct mechanism_state *state, uint64_t seed);
/* All stakes times a number leave everything but priorities as it is. */
struct property_finding property_stake_scale(const struct mechanism_ops *ops,
                                             const struct mechanism_state *state, uint64_t factor);
/* A second epoch from the first one's bonds is one too: what comes out may go in. */
struct property_finding property_memory(const struct mechanism_ops *ops,
                                        const struct mechanism_state *state);

#endif
