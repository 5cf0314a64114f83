/*
 * headline.h: the handful of numbers that a reader wants first, with intervals where one run
 * gives them.
 */
#ifndef REPORT_HEADLINE_H
#define REPORT_HEADLINE_H

#include "analysis/report/reduce.h"

/* Adds the table `headline` (label, value, low, high, twin, units, note) from the tables that
 * report_reduce and report_agree made.  `twin` and `twin_window` may be NULL. */
SIM_CHECKED enum sim_status report_headline(struct report_run *run,
                                            const struct report_window *window,
                                            const struct report_window *twin_window,
                                            struct report_tables *tables, struct sim_error *err);

#endif
