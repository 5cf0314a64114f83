#include "scorer/scorer_list.h"

#include "scorer/choice_scorers.h"
#include "scorer/pair_scorers.h"

const struct scorer_ops *const scorer_list[] = {
    &scorer_shapley,       &scorer_loss,          &scorer_divergence,
    &scorer_leave_one_out, &scorer_masking,       &scorer_sampled_shapley,
    &scorer_gate,          &scorer_fisher_rowsum, &scorer_fisher_diag,
    &scorer_fisher_full,   &scorer_prompting};
const size_t scorer_list_count = sizeof(scorer_list) / sizeof(scorer_list[0]);
