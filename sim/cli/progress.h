/*
 * progress.h: a line that says how a run stands, on stderr.
 *
 * On a terminal it is rewritten at most ten times a second; elsewhere a line is written each 30 s.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "world/world.h"

struct progress {
    const char *label; /* "run" or "twin" */
    bool quiet, terminal;
    double start_s, last_s; /* wall time */
};

void progress_start(struct progress *progress, const char *label, bool quiet);
/* The world's callback; context = the struct progress. */
void progress_update(void *progress, const struct world_status *status);
/* Ends the line on a terminal. */
void progress_end(struct progress *progress, const struct world_status *status);

#endif
