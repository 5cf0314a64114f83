/*
 * metric.h: one number an epoch, and one a run, out of what a result recorded.
 *
 * Written VARIABLE[.STATISTIC[@GROUP]][.OVER], with VARIABLE of the epoch dimension of
 * record/schema.h:
 *     peers                              one number an epoch; of the run: that of the last epoch
 *     registrations.sum                  summed over the epochs
 *     stake_rao.gini                     over the occupied slots of an epoch
 *     loss_true_nats.median@miners.min   over the slots of group `miners`; the lowest of all epochs
 *     emission_rao.share@attackers.mean  what part of all a group holds; `attackers` is every group
 *                                        with `attacker: true`
 * STATISTIC: sum mean median min max gini hhi nakamoto share; a variable with slots needs one.
 * OVER: last (the default) mean sum min max.
 *
 * Slots where the variable is NaN do not count.  Nothing to take a statistic of gives NaN, and so
 * does the share of nothing.  A result with several networks is read for the lowest.
 */
#ifndef ANALYSIS_METRIC_H
#define ANALYSIS_METRIC_H

#include "base/error.h"
#include "record/reader.h"

enum { METRIC_NAME_BYTES = 128, METRIC_REASON_BYTES = 320 };

enum metric_statistic {
    METRIC_PLAIN, /* no slots */
    METRIC_SUM,
    METRIC_MEAN,
    METRIC_MEDIAN,
    METRIC_MIN,
    METRIC_MAX,
    METRIC_GINI,
    METRIC_HHI,
    METRIC_NAKAMOTO,
    METRIC_SHARE
};

enum metric_over {
    METRIC_OVER_LAST,
    METRIC_OVER_MEAN,
    METRIC_OVER_SUM,
    METRIC_OVER_MIN,
    METRIC_OVER_MAX
};

struct metric {
    char name[METRIC_NAME_BYTES]; /* the text with '_' for '.', '@' and '-': for files */
    enum record_var var;
    enum metric_statistic statistic;
    enum metric_over over;
    char group[METRIC_NAME_BYTES]; /* "" = all slots */
};

/* False, and the reason, when the text is no metric. */
bool metric_parse(const char *text, struct metric *ret_metric, char reason[METRIC_REASON_BYTES]);
/* A regular expression that every metric matches, for editors; heap, NULL when out of memory. */
char *metric_pattern(void);
/* Of the values themselves: the variable's, or "1" for shares and indices. */
const char *metric_units(const struct metric *metric);

/* Rows of the epoch dimension of the lowest network: writes at most reader_rows() of them and
 * returns how many. */
SIM_CHECKED enum sim_status metric_rows(struct reader *reader, uint64_t *ret_rows,
                                        size_t *ret_count, struct sim_error *err);
/* One number for each of these rows.  SIM_CONFIG when the run did not record the variable or has no
 * such group; SIM_IO, SIM_MEMORY. */
SIM_CHECKED enum sim_status metric_series(const struct metric *metric, struct reader *reader,
                                          const uint64_t *rows, size_t count, double *ret_series,
                                          struct sim_error *err);
/* One number of a series; NaN epochs do not count but for `last`.  NaN when there is none. */
double metric_over(const struct metric *metric, const double *series, size_t count);

#endif
