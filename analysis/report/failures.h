/*
 * failures.h: what went wrong in a run, fault by fault.
 */
#ifndef REPORT_FAILURES_H
#define REPORT_FAILURES_H

#include "analysis/report/run.h"
#include "analysis/report/table.h"

/* Adds the table `faults`, a row for each fault of the scenario: how often it began, how many
 * neurons it struck, how long it held (summed over those struck, to the last epoch at most), when
 * it began first.  Nothing for a run without faults. */
SIM_CHECKED enum sim_status report_failures(struct report_run *run, struct report_tables *tables,
                                            struct sim_error *err);

#endif
