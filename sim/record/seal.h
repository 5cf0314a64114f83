/*
 * seal.h: files that are whole or not there.
 *
 * A file is written under another name, sealed (16 bytes at its end: a mark and the XXH64 of all
 * bytes before), synced and renamed.  HDF5 keeps its own end in the superblock and ignores what
 * lies behind.
 */
#ifndef RECORD_SEAL_H
#define RECORD_SEAL_H

#include <stdbool.h>

#include "base/error.h"

/* Seals and syncs `path_aside`, renames it to `path`, syncs the folder. */
SIM_CHECKED enum sim_status seal_publish(const char *path_aside, const char *path,
                                         struct sim_error *err);
/* The last step alone, for files that carry their own checksums.  SIM_IO also when `path` is there
 * and is a device, a pipe or a folder. */
SIM_CHECKED enum sim_status seal_rename(const char *path_aside, const char *path,
                                        struct sim_error *err);
/* *ret_sealed: whether the file carries a seal.  SIM_IO when it does and a byte was changed, or
 * when the file cannot be read. */
SIM_CHECKED enum sim_status seal_verify(const char *path, bool *ret_sealed, struct sim_error *err);

#endif
