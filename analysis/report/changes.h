/*
 * changes.h: what the scenario's schedule set while it ran.
 */
#ifndef REPORT_CHANGES_H
#define REPORT_CHANGES_H

#include "analysis/report/run.h"
#include "analysis/report/table.h"

/* Adds the table `changes`, a row for each key that the schedule sets: when, which, to what.
 * Nothing for a run without a schedule. */
SIM_CHECKED enum sim_status report_changes(struct report_run *run, struct report_tables *tables,
                                           struct sim_error *err);

#endif
