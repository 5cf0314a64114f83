/*
 * choice_scorers.h: scorers that ask what a peer adds to the joined answer, or what the gate
 * thinks of it: leave_one_out, masking, sampled_shapley, gate, fisher_rowsum, fisher_diag,
 * fisher_full, prompting.
 */
#ifndef SCORER_CHOICE_SCORERS_H
#define SCORER_CHOICE_SCORERS_H

#include "agent/scorer.h"

enum choice_weights { CHOICE_TOP, CHOICE_QUANTILE };

struct choice_params {
    double alpha;      /* of the running averages */
    int weights;       /* enum choice_weights: how values become weights */
    uint32_t orders;   /* sampled_shapley: permutations a step */
    double unanswered; /* leave_one_out, masking: what silence and a peer never asked are worth */
};

extern const struct scorer_ops scorer_leave_one_out, scorer_masking, scorer_sampled_shapley,
    scorer_gate, scorer_fisher_rowsum, scorer_fisher_diag, scorer_fisher_full, scorer_prompting;

#endif
