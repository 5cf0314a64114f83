/*
 * checkpoint.h: named sections of bytes in a file that is whole, or is not used.
 *
 * A checkpoint is FOLDER/checkpoint/NNNNNNNN.ckpt, numbered by the epoch rows before it.  It is
 * written aside, synced and renamed; the last two are kept.  Header and every section carry an
 * XXH64.  Opening takes the newest good one, and says which newer ones were damaged.
 *
 * What the sections mean is the callers'.  Values are the machine's own bytes (x86-64): a
 * checkpoint is for the same build on the same kind of machine, which `run_hash` should cover.
 *
 *   checkpoint_begin(folder, epoch, run_hash, &writer, &err);
 *   checkpoint_section(writer, "chain");
 *   checkpoint_put(writer, &chain->block, sizeof(chain->block)); ...
 *   checkpoint_commit(writer, &err);                             (frees the writer)
 *
 *   checkpoint_open(folder, UINT64_MAX, run_hash, &checkpoint, &err);
 *   checkpoint_find(checkpoint, "chain", &cursor, &err);
 *   checkpoint_take(&cursor, &chain->block, sizeof(chain->block), &err); ...
 *   checkpoint = checkpoint_free(checkpoint);
 */
#ifndef RECORD_CHECKPOINT_H
#define RECORD_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CHECKPOINT_FORMAT 3

/* ---- writing */

struct checkpoint_writer;

/* `epoch`: rows of the epoch dimension so far.  `run_hash`: of all that must be equal for the
 * bytes to make sense again (resolved scenario, seed, version, kernel). */
SIM_CHECKED enum sim_status checkpoint_begin(const char *folder, uint64_t epoch, uint64_t run_hash,
                                             struct checkpoint_writer **ret_writer,
                                             struct sim_error *err);
/* Ends the section before, if any, and starts one.  Names: 1..31 bytes, each once. */
void checkpoint_section(struct checkpoint_writer *writer, const char *name);
/* Appends to the open section.  A failure (full disk) shows at checkpoint_commit. */
void checkpoint_put(struct checkpoint_writer *writer, const void *bytes, size_t size_bytes);
/* Publishes the file and removes all but the last two.  Always frees the writer; after a failure
 * (SIM_IO with step and path) the older checkpoints are as they were. */
SIM_CHECKED enum sim_status checkpoint_commit(struct checkpoint_writer *writer,
                                              struct sim_error *err);
/* Gives up: removes what was written aside.  Accepts NULL, returns NULL. */
struct checkpoint_writer *checkpoint_abandon(struct checkpoint_writer *writer);

/* Removes checkpoints with at least `first_epoch` epoch rows, and all that was left written aside:
 * before a new run with 0, before one that continues behind epoch E with E + 1.  SIM_IO. */
SIM_CHECKED enum sim_status checkpoint_drop(const char *folder, uint64_t first_epoch,
                                            struct sim_error *err);

/* ---- reading */

struct checkpoint;

/* The newest good checkpoint with at most `epoch_max` epoch rows; *ret_checkpoint = NULL when the
 * folder has none.  SIM_IO when all are damaged; SIM_CONFIG when the newest good one has another
 * run_hash. */
SIM_CHECKED enum sim_status checkpoint_open(const char *folder, uint64_t epoch_max,
                                            uint64_t run_hash, struct checkpoint **ret_checkpoint,
                                            struct sim_error *err);
/* Accepts NULL, returns NULL. */
struct checkpoint *checkpoint_free(struct checkpoint *checkpoint);
uint64_t checkpoint_epoch(const struct checkpoint *checkpoint);
/* Which newer file was damaged, and how; "" when none was. */
const char *checkpoint_damage(const struct checkpoint *checkpoint);

/* A place in a section; valid while the checkpoint is open. */
struct checkpoint_cursor {
    const unsigned char *at, *end;
    const char *section;
};
/* SIM_IO when there is no such section. */
SIM_CHECKED enum sim_status checkpoint_find(const struct checkpoint *checkpoint, const char *name,
                                            struct checkpoint_cursor *ret_cursor,
                                            struct sim_error *err);
/* Copies the next bytes.  SIM_IO when the section is too short. */
SIM_CHECKED enum sim_status checkpoint_take(struct checkpoint_cursor *cursor, void *ret_bytes,
                                            size_t size_bytes, struct sim_error *err);
/* SIM_IO unless the section was taken to its end. */
SIM_CHECKED enum sim_status checkpoint_taken(const struct checkpoint_cursor *cursor,
                                             struct sim_error *err);

#endif
