#include "scorer/scorer_list.h"

#include "scorer/pair_scorers.h"

const struct scorer_ops *const scorer_list[] = {&scorer_shapley, &scorer_loss, &scorer_divergence};
const size_t scorer_list_count = sizeof(scorer_list) / sizeof(scorer_list[0]);
