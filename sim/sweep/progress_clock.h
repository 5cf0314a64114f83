/* progress_clock.h: wall time, for rates and the time left; no decision depends on it. */
#ifndef SWEEP_PROGRESS_CLOCK_H
#define SWEEP_PROGRESS_CLOCK_H

/* Seconds since an arbitrary instant. */
double progress_clock_s(void);

#endif
