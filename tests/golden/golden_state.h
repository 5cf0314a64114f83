/*
 * golden_state.h: the chain's state as the epoch vectors describe it: read, changed by a step's
 * transactions, shown to a mechanism, and moved on by its result.
 */
#ifndef TESTS_GOLDEN_STATE_H
#define TESTS_GOLDEN_STATE_H

#include "chain/mechanism.h"
#include "golden/golden.h"

enum golden_chain { GOLDEN_NAKAMOTO, GOLDEN_FINNEY, GOLDEN_V2, GOLDEN_HEAD };

struct golden_state_row {
    uint32_t *column;
    uint64_t *value;
    size_t count;
};

struct golden_state {
    uint32_t n;
    enum golden_chain chain;
    struct mechanism_rules rules;
    uint32_t owner_uid;
    uint64_t *stake, *last_update, *registered, *priority, *commit; /* commit: NULL if off */
    uint8_t *permit, *pruned;
    struct golden_state_row *weights, *bonds;
    /* The compressed rows of golden_state_input(). */
    uint64_t *weight_start, *bond_start, *bond_value;
    uint32_t *weight_column, *weight_value, *bond_column;
};

void golden_state_init(struct golden_state *state, struct golden *golden,
                       const struct json_value *root);
void golden_state_release(struct golden_state *state);
/* The transactions of a step, in the vectors' order. */
void golden_state_apply(struct golden_state *state, struct golden *golden,
                        const struct json_value *step);
/* Points into the state; valid until it changes. */
void golden_state_input(struct golden_state *state, struct golden *golden,
                        const struct json_value *step, struct mechanism_input *ret_input);
/* Takes over permits, bonds and priorities; in nakamoto also the emission as stake. */
void golden_state_adopt(struct golden_state *state, const struct mechanism_output *output);

#endif
