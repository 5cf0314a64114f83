/*
 * averages.h: the running averages of one peer (struct scorer_stats).
 */
#ifndef SCORER_AVERAGES_H
#define SCORER_AVERAGES_H

#include "agent/scorer.h"

enum averages_key { AVERAGES_LOSS, AVERAGES_SYNERGY, AVERAGES_EXCESS, AVERAGES_VALUE };

/* x <- observed on first sight, else (1 - alpha) x + alpha observed.  NaN is passed over. */
void averages_plain(struct scorer_stats *stats, enum averages_key key, double alpha,
                    double observed);

/* The average that is paid: starts at zero and takes zero for silence; counts the query. */
void averages_paid(struct scorer_stats *stats, double alpha, double value, int answered);

#endif
