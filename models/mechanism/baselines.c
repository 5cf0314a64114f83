#include "mechanism/baselines.h"

const struct mechanism_ops *const baselines_all[] = {
    &stake_mechanism,     &pow_mechanism,          &lottery_mechanism,    &race_mechanism,
    &volunteer_mechanism, &proportional_mechanism, &eigentrust_mechanism, &slash_mechanism,
    &oracle_mechanism,    &central_mechanism,      &benchmark_mechanism};
const size_t baselines_count = sizeof(baselines_all) / sizeof(baselines_all[0]);
