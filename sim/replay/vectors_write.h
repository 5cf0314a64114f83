/*
 * vectors_write.h: writes files of states (vectors.h).
 *
 * Members are written in order into an open file; a caller that gives all of them gets one JSON
 * object a file:
 *
 *   vectors_write_root(file, root);                        // all but `steps`, which it opens
 *   for each step:
 *       vectors_write_step(file, step, first);             // what the step says, without results
 *       vectors_write_output(file, "sparse", &result);     // after the epoch
 *       vectors_write_step_end(file);
 *   vectors_write_end(file);
 *
 * Whether the disk took it all is for the caller to ask (ferror, fclose).
 */
#ifndef REPLAY_VECTORS_WRITE_H
#define REPLAY_VECTORS_WRITE_H

#include "base/json.h"
#include "replay/snapshot.h"
#include "replay/trace.h"

#include <stdio.h>

void vectors_write_root(FILE *file, const struct json_value *root);
void vectors_write_step(FILE *file, const struct json_value *step, bool first);

/* The same from a snapshot, before an epoch of `ops` with `params`. */
struct vectors_state {
    const char *name;
    const struct mechanism_ops *ops;
    const void *params;
    const struct snapshot *snapshot;
};
void vectors_write_state(FILE *file, const struct vectors_state *state);

/* What an epoch gave. */
struct vectors_result {
    const struct mechanism_ops *ops;
    const struct mechanism_output *output;
    const struct trace *trace; /* NULL: no `fx` */
    const uint64_t *stake_rao; /* before it; NULL: no `stake` and no totals (nakamoto has them) */
    bool without_bonds;
};
void vectors_write_output(FILE *file, const char *member, const struct vectors_result *result);

void vectors_write_step_end(FILE *file);
void vectors_write_end(FILE *file);

#endif
