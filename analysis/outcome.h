/*
 * outcome.h: what became of each kind of neuron in a run: its part of what was paid and of the
 * stake.
 *
 * A line is a group ("group.swarm"), a role ("role.servers", "role.validators", "role.both"), or a
 * side ("honest", "attackers": the groups that are marked so).  Amounts go to who held the slot
 * when the row was written.
 */
#ifndef ANALYSIS_OUTCOME_H
#define ANALYSIS_OUTCOME_H

#include "record/reader.h"

struct outcome_line {
    char name[96];
    double *paid_rao;  /* (epoch_count) */
    double *stake_rao; /* (epoch_count) after the epoch */
};

struct outcome {
    uint64_t epoch_count;
    uint64_t seed;
    char mechanism[512];        /* mechanisms_text() */
    struct outcome_line *lines; /* (line_count) groups, then roles, then sides */
    size_t line_count;
    double *total_paid_rao;  /* (epoch_count) */
    double *total_stake_rao; /* (epoch_count) */
};

/* SIM_CONFIG when the result has no epoch; SIM_IO, SIM_MEMORY.  Release it in any case. */
SIM_CHECKED enum sim_status outcome_read(struct reader *reader, struct outcome *ret_outcome,
                                         struct sim_error *err);
void outcome_release(struct outcome *outcome);

/* NULL: no such line. */
const struct outcome_line *outcome_find(const struct outcome *outcome, const char *name);

enum outcome_measure {
    OUTCOME_PAID, /* of all that was paid: over the run, or in one epoch */
    OUTCOME_STAKE /* of all stake: at the end, or after one epoch */
};
/* A line's share, 0..1; NaN where there was nothing to share, 0 for NULL. */
double outcome_share(const struct outcome *outcome, const struct outcome_line *line,
                     enum outcome_measure measure);
double outcome_share_at(const struct outcome *outcome, const struct outcome_line *line,
                        enum outcome_measure measure, uint64_t epoch);

#endif
