/*
 * writer.h: one HDF5 file of ours while it is written: a segment or the whole result.
 *
 * The file appears under PATH.part, is sealed, synced and renamed by writer_close; whatever goes
 * wrong before leaves no file at PATH.  Rows wait in a stage per variable until they fill a whole
 * chunk, so that a chunk is compressed and written once.
 *
 * Form: old file format, link and attribute order tracked, no times in objects, shuffle +
 * deflate 4 + fletcher32, a dimension scale for every dimension.
 */
#ifndef RECORD_WRITER_H
#define RECORD_WRITER_H

#include <hdf5.h>

#include "record/file_driver.h"
#include "record/meta.h"

/* Rows of a chunk of a plain column. */
enum { WRITER_COLUMN_CHUNK = 1024 };

struct writer {
    const struct meta *meta;              /* must outlive the writer */
    char *path;                           /* owned */
    char *path_aside;                     /* owned */
    uint64_t base_rows[RECORD_DIM_COUNT]; /* rows of the run before this file */
    uint64_t rows[RECORD_DIM_COUNT];      /* rows put into this file */
    /* Rows that the file will have in the end; 0 = not known.  Set before the first row by who
     * knows; else known when the file is made at its close. */
    uint64_t final_rows[RECORD_DIM_COUNT];
    struct stage stage[RECORD_VAR_COUNT];
    uint64_t written[RECORD_VAR_COUNT]; /* rows of the variable already in the file */

    bool created;
    struct file_trouble trouble;
    const char *step; /* what is being done, for messages */
    const char *item;
    hid_t driver, file;
    hid_t scale[RECORD_DIM_COUNT];
    hid_t var[RECORD_VAR_COUNT];
};

/* No file is made yet: the first whole chunk or writer_close does it. */
SIM_CHECKED enum sim_status writer_init(struct writer *writer, const struct meta *meta,
                                        const char *path,
                                        const uint64_t base_rows[RECORD_DIM_COUNT],
                                        struct sim_error *err);
/* Closes what is open and removes the file aside, unless writer_close went well. */
void writer_release(struct writer *writer);

/* Makes room in the stages of all recorded variables of a growing dimension. */
SIM_CHECKED enum sim_status writer_grow(struct writer *writer, enum record_dim dim, uint64_t count,
                                        struct sim_error *err);
/* Writes the whole chunks that wait in the stages of a dimension. */
SIM_CHECKED enum sim_status writer_flush(struct writer *writer, enum record_dim dim,
                                         struct sim_error *err);
/* Writes the rest, the coordinates, and publishes the file. */
SIM_CHECKED enum sim_status writer_close(struct writer *writer, struct sim_error *err);

/* Rows of one chunk of a variable: never more than the file will have. */
uint64_t writer_chunk_rows(const struct writer *writer, enum record_var var);

#endif
