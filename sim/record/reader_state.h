/*
 * reader_state.h: the fields behind reader.h.  Internal to sim/record.
 */
#ifndef RECORD_READER_STATE_H
#define RECORD_READER_STATE_H

#include <hdf5.h>

#include "record/meta.h"
#include "record/reader_pick.h"

/* One file of a result: the whole, or a segment. */
struct source {
    char *path; /* owned */
    uint64_t rows[RECORD_DIM_COUNT];
    uint64_t first[RECORD_DIM_COUNT]; /* rows of the sources before */
};

struct reader {
    char *path; /* owned; as given */
    struct source *sources;
    size_t source_count;
    size_t open_source; /* index of the file that is open */
    hid_t file;         /* -1 = none */
    struct meta meta;   /* attributes, labels, static texts of the last source */
    uint64_t rows[RECORD_DIM_COUNT];
    bool has[RECORD_VAR_COUNT];
    uint32_t schema_version;
    bool verified, finished;
    struct reader_pick pick;
};

/* A text of a row as the files have it, whatever is shown. */
const char *reader_stored_text(const struct reader *reader, enum record_var var, uint64_t row);

#endif
