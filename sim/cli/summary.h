/*
 * summary.h: who gained, in a few lines after a run.
 */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include "base/error.h"

/* Prints a row a group of `folder`/result.h5 to stdout: slots, stake at the first and the last
 * epoch, its share of all stake, and its share of what was paid over the run.  Nothing when the
 * result has no epoch.  SIM_IO, SIM_MEMORY. */
SIM_CHECKED enum sim_status summary_print(const char *folder, struct sim_error *err);

#endif
