/*
 * agree.h: does the market pay what a neuron is worth?  Incentive against true quality, at the
 * last epoch.
 */
#ifndef REPORT_AGREE_H
#define REPORT_AGREE_H

#include "analysis/report/run.h"
#include "analysis/report/table.h"

/* Adds `points` (one row a serving neuron that does not validate, at most 6000 evenly chosen) and
 * `agreement`: Kendall's tau-b and Spearman's rho between incentive and minus held-out loss over
 * honest miners, all and by size of model, with 95 % bootstrap intervals over neurons.  Nothing is
 * added when incentive or loss was not recorded. */
SIM_CHECKED enum sim_status report_agree(struct report_run *run, struct report_tables *tables,
                                         struct sim_error *err);

#endif
