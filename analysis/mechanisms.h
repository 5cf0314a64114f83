/*
 * mechanisms.h: who paid in a run, in words: the mechanism of its start and what its schedule
 * changed.
 */
#ifndef ANALYSIS_MECHANISMS_H
#define ANALYSIS_MECHANISMS_H

#include "record/reader.h"

#include <stddef.h>

/* "finney, from block 79 yuma3, from block 90 kappa 0.6"; "?" for a file that does not say.  What
 * does not fit becomes "...".  What was due behind the run's end is left out, and so are the
 * changes in a replay through one mechanism. */
void mechanisms_text(struct reader *reader, char *ret_text, size_t bytes);

#endif
