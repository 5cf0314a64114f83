/*
 * source_file.h: a file read whole, with its SHA-256, and the files that a pattern names.
 */
#ifndef CORPUS_SOURCE_FILE_H
#define CORPUS_SOURCE_FILE_H

#include "agent/corpus.h"

/* The caller frees `bytes`. */
struct source_file {
    char *bytes;
    size_t size_bytes;
    char sha256[CORPUS_SHA256_HEX_BYTES];
};

/* SIM_IO names path and reason. */
SIM_CHECKED enum sim_status source_file_read(const char *path, struct source_file *ret_file,
                                             struct sim_error *err);

/* Paths in byte order, whatever the locale. */
struct source_list {
    char **paths;
    size_t count;
};

/* Regular files (symbolic links are skipped: the same text twice) that match the glob `pattern`
 * below `root` and whose name matches none of `unread` (NULL-terminated; may be NULL).  None at
 * all is a list of 0. */
SIM_CHECKED enum sim_status source_list_find(const char *root, const char *pattern,
                                             const char *const *unread,
                                             struct source_list *ret_list, struct sim_error *err);
void source_list_release(struct source_list *list);

#endif
