/*
 * reduce.h: a run's arrays become the few thousand numbers that a page shows.
 */
#ifndef REPORT_REDUCE_H
#define REPORT_REDUCE_H

#include "analysis/report/run.h"
#include "analysis/report/table.h"

/* Sums over the last quarter of the epochs, by slot: what the headline numbers and their
 * bootstrap over slots need. */
struct report_window {
    size_t first_epoch;
    uint32_t uid_count;
    double *attacker_rao, *honest_rao;    /* (uid_count) emission of all, honest incl. validators */
    double *attacker_slots, *miner_slots; /* (uid_count) epochs with an attacker, an honest miner */
    double *miner_rao;                    /* (uid_count) emission of honest miners */
};

void report_window_release(struct report_window *window);

/* Adds the tables PREFIX_epochs (at most 600 points, each the mean of as many epochs as needed)
 * and PREFIX_groups (one row a group, totals over the run), and fills *ret_window, which the
 * caller releases. */
SIM_CHECKED enum sim_status report_reduce(struct report_run *run, const char *prefix,
                                          struct report_tables *tables,
                                          struct report_window *ret_window, struct sim_error *err);

#endif
