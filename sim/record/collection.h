/*
 * collection.h: a file of arrays over named dimensions, made from many results.
 *
 * What record.h does for one run this does for a study: the caller names dimensions and variables,
 * puts values into blocks of them, and closes.  The file is written aside, sealed, synced and
 * renamed; it holds no time, path or host of its own, so equal puts give equal bytes.
 *
 * A variable can also be virtual: its blocks are then variables of other files, found by a path
 * relative to this one, and a block whose file is missing reads as the fill value.
 *
 * The form is that of results: dimension scales, shuffle + deflate + fletcher32, units and
 * long_name.  Floats are filled with NaN, integers with 0, texts with "".
 *
 * Failure is sticky: after one, puts do nothing, and collection_close tells step and cause.
 */
#ifndef RECORD_COLLECTION_H
#define RECORD_COLLECTION_H

#include "record/record.h"

enum { COLLECTION_RANK_MAX = 4, COLLECTION_NAME_BYTES = 128 };

struct collection;

/* What a variable is.  `group` must have been named by its dimensions. */
struct collection_spec {
    const char *group; /* "" = the root */
    const char *name;
    const int *dims; /* (rank) as collection_dim gave them */
    int rank;        /* 1..COLLECTION_RANK_MAX */
    enum record_type type;
    const char *units; /* "" = none */
    const char *long_name;
};

/* The caller owns *ret_collection.  `is_virtual` allows virtual variables, which older programs
 * cannot read. */
SIM_CHECKED enum sim_status collection_create(const char *path, bool is_virtual,
                                              struct collection **ret_collection,
                                              struct sim_error *err);
/* Throws away what was not closed.  Accepts NULL, returns NULL. */
struct collection *collection_free(struct collection *collection);

/* A dimension with the coordinate values[i], or i where `values` is NULL; length may be 0. */
int collection_dim(struct collection *collection, const char *group, const char *name,
                   uint64_t length, const int64_t *values, const char *long_name);
/* A dimension whose coordinate is a text each. */
int collection_dim_text(struct collection *collection, const char *group, const char *name,
                        uint64_t length, const char *const *values, const char *long_name);
int collection_var(struct collection *collection, const struct collection_spec *spec);

/* Values for the block that begins at start[] and extends count[] in each dimension; they have the
 * variable's type (texts: const char *). */
void collection_put(struct collection *collection, int var, const uint64_t *start,
                    const uint64_t *count, const void *values);

/* A block of a virtual variable: all of the variable `var_path` of another file, which has the
 * shape count[rank - source_rank..]. */
struct collection_source {
    const char *file;
    uint64_t start[COLLECTION_RANK_MAX], count[COLLECTION_RANK_MAX];
};
int collection_virtual(struct collection *collection, const struct collection_spec *spec,
                       const char *var_path, int source_rank,
                       const struct collection_source *sources, size_t source_count);

/* Attributes of the root. */
void collection_attr_text(struct collection *collection, const char *name, const char *text);
void collection_attr_u64(struct collection *collection, const char *name, uint64_t value);

/* SIM_IO, naming step and cause, when anything failed; the collection can then only be freed. */
SIM_CHECKED enum sim_status collection_close(struct collection *collection, struct sim_error *err);

#endif
