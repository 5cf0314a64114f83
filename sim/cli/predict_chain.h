/*
 * predict_chain.h: what the chain of a plan costs and how often people come to it, for predict.c.
 */
#ifndef CLI_PREDICT_CHAIN_H
#define CLI_PREDICT_CHAIN_H

#include "cli/scenario.h"

/* CPU seconds on this machine. */
struct predict_chain_cost {
    double block_s; /* of a block in which nothing is done */
    double epoch_s; /* what an epoch takes beyond it */
};

/* Measured, in a tenth of a second or two blocks, on a chain with the plan's rules whose uids are
 * all taken and whose validators weigh everybody.  SIM_MEMORY, or what the chain says. */
SIM_CHECKED enum sim_status predict_chain_measure(const struct scenario_plan *plan,
                                                  struct predict_chain_cost *ret_cost,
                                                  struct sim_error *err);

/* Proofs of work that are found, accepted or not, over the run. */
double predict_chain_solutions(const struct scenario_plan *plan);

/* Blocks at the start in which the chain's prices still move, so that none is made in one go. */
double predict_chain_unrest(const struct scenario_plan *plan);

/* Looks of validators at whether a row of weights is due, the rows included; and rows alone. */
double predict_chain_looks(const struct scenario_plan *plan, double *ret_rows);

#endif
