/*
 * collection_read.h: reads what collection.h wrote: a study's collected file.
 *
 * Its variables are listed as they were written, root first, and read whole.  The checksum is
 * verified when the file is opened.
 */
#ifndef RECORD_COLLECTION_READ_H
#define RECORD_COLLECTION_READ_H

#include "record/collection.h"

#include <stdio.h>

struct collection_reader;

enum collection_kind { COLLECTION_WHOLE, COLLECTION_REAL, COLLECTION_TEXT };

struct collection_var {
    char group[COLLECTION_NAME_BYTES]; /* "" = the root */
    char name[COLLECTION_NAME_BYTES + 32];
    char units[64], long_name[320];
    enum collection_kind kind;
    int rank;
    uint64_t shape[COLLECTION_RANK_MAX];
    char dims[COLLECTION_RANK_MAX][COLLECTION_NAME_BYTES]; /* a dimension's own is its name */
};

/* All values of a variable: one of the three is not NULL. */
struct collection_values {
    uint64_t *whole;
    double *real;
    char **texts;
    size_t count;
};

/* Is there a file of this form?  Opens it, but does not verify it. */
bool collection_read_is_one(const char *path);
/* SIM_IO: no such file, not one of these, or damaged.  The caller owns *ret_reader. */
SIM_CHECKED enum sim_status collection_read_open(const char *path,
                                                 struct collection_reader **ret_reader,
                                                 struct sim_error *err);
/* Accepts NULL, returns NULL. */
struct collection_reader *collection_read_free(struct collection_reader *reader);

const char *collection_read_path(const struct collection_reader *reader);
/* An attribute of the root, a text; "" when there is none. */
const char *collection_read_attr(const struct collection_reader *reader, const char *name);
size_t collection_read_count(const struct collection_reader *reader);
const struct collection_var *collection_read_var(const struct collection_reader *reader,
                                                 size_t index);
/* NULL when there is none of that name in the group. */
const struct collection_var *collection_read_find(const struct collection_reader *reader,
                                                  const char *group, const char *name);

/* The values, released by the caller in any case. */
SIM_CHECKED enum sim_status collection_read_values(const struct collection_reader *reader,
                                                   const struct collection_var *var,
                                                   struct collection_values *ret_values,
                                                   struct sim_error *err);
void collection_values_release(struct collection_values *values);
/* A value as a number, NaN for texts. */
double collection_values_number(const struct collection_values *values, size_t index);
/* A value as text, "" for NaN: in ret_text, or the values' own. */
const char *collection_values_text(const struct collection_values *values, size_t index,
                                   char *ret_text, size_t size);

#endif
