/*
 * folder.h: the names in a run folder, and the plain files beside the HDF5 ones.
 */
#ifndef RECORD_FOLDER_H
#define RECORD_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Each writes a path into the caller's buffer.  SIM_LIMIT when it does not fit. */
enum { FOLDER_PATH_BYTES = 4096 };
struct folder_path {
    char text[FOLDER_PATH_BYTES];
};
SIM_CHECKED enum sim_status folder_path_of(const char *folder, const char *name,
                                           struct folder_path *ret_path, struct sim_error *err);
SIM_CHECKED enum sim_status folder_segment(const char *folder, uint32_t index,
                                           struct folder_path *ret_path, struct sim_error *err);
/* How many of 00000.h5, 00001.h5, ... are there without a gap. */
SIM_CHECKED enum sim_status folder_count_segments(const char *folder, uint32_t *ret_count,
                                                  struct sim_error *err);

/* Makes the folder and its seg/; existing ones are fine. */
SIM_CHECKED enum sim_status folder_make(const char *folder, struct sim_error *err);
/* Removes result.h5, its .part, and segments from `first_segment` on. */
SIM_CHECKED enum sim_status folder_drop(const char *folder, uint32_t first_segment,
                                        struct sim_error *err);
/* Keeps the first `lines` lines of progress.jsonl (0: an empty file). */
SIM_CHECKED enum sim_status folder_cut_progress(const char *folder, uint64_t lines,
                                                struct sim_error *err);

#endif
