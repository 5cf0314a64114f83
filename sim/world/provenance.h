/*
 * provenance.h: where, when and how fast a run ran.  All of it goes into the result's group
 * /provenance and nowhere else, since it differs between equal runs.
 */
#ifndef WORLD_PROVENANCE_H
#define WORLD_PROVENANCE_H

#include "compute/compute.h"
#include "record/record.h"

struct provenance_clock {
    double wall_s, cpu_s; /* at the start */
};

/* Seconds of wall time from any start: for /provenance, and for whether a checkpoint is due, which
 * changes nothing in a result. */
double provenance_wall_s(void);

void provenance_clock_start(struct provenance_clock *clock);

/* Wall and CPU time since the start, split by layer as far as it was measured; host, processor,
 * kernel, libraries, peak memory. */
void provenance_write(struct record *record, const struct provenance_clock *clock,
                      const struct compute_counters *compute, uint32_t threads);

#endif
