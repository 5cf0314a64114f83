/*
 * record.h: what a run leaves behind, from rows of numbers to result.h5.
 *
 * A recorder owns a run folder:
 *   progress.jsonl   a line of JSON an epoch, appended, for whoever watches
 *   seg/NNNNN.h5     closed segments: written aside, synced, renamed; never half a file
 *   result.h5        at the end: all segments as one file, which shows no segment borders
 *
 * Use:
 *   record_create(folder, &options, &rec, &err);
 *   record_attr_u64(rec, "seed", seed); ...; record_scenario(rec, yaml);
 *   record_rows_begin(rec, RECORD_DIM_EPOCH, 1, &err);
 *   record_put(rec, RECORD_BLOCK, &block, 1);
 *   record_put(rec, RECORD_STAKE_RAO, stake_rao, uid_count);
 *   record_rows_end(rec, RECORD_DIM_EPOCH, &err);
 *   ...
 *   record_segment_close(rec, &mark, &err);      with each checkpoint
 *   record_finish(rec, &err);                    writes result.h5
 *   rec = record_free(rec);
 *
 * Two runs that put the same rows and attributes leave the same result.h5 (names, types, shapes,
 * bytes, attributes) outside the group /provenance, wherever their segments ended.  Wall time,
 * host and command line therefore go to RECORD_PROVENANCE only.
 *
 * A closed file ends in 16 bytes beyond the HDF5 part: a mark and the XXH64 of all bytes before
 * it.  Other readers skip it; ours (reader.h) refuses a file whose bytes do not fit.
 *
 * One thread only.  A full disk, or any other failure to write, is SIM_IO and names step and
 * path; files that were closed before stay good.  After an error only record_free may be called.
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/schema.h"

struct record;

/* How far a recorder had come at a segment's end; plain bytes, goes into the checkpoint. */
struct record_mark {
    uint32_t segment_count;
    uint32_t reserved; /* 0 */
    uint64_t rows[RECORD_DIM_COUNT];
};

struct record_options {
    uint32_t uid_count;  /* length of `uid` and `target`; >= 1 */
    const bool *skipped; /* (RECORD_VAR_COUNT); true = not recorded; NULL = record all */
    const struct record_mark *after; /* NULL = a new run; else continue behind this mark */
};

/* Opens a recorder on a folder (made if absent).  A new run removes result.h5, progress.jsonl and
 * seg/ files of an earlier run in the folder, nothing else.  Continuing checks that the mark's
 * segments are there and whole (SIM_IO names the bad one) and removes later ones and later lines of
 * progress. Static rows and attributes are put again by the caller, as at the start. The caller
 * owns *ret_record. */
SIM_CHECKED enum sim_status record_create(const char *folder, const struct record_options *options,
                                          struct record **ret_record, struct sim_error *err);
/* Accepts NULL, returns NULL.  Drops rows not yet in a closed segment. */
struct record *record_free(struct record *record);

/* ---- attributes: kept in memory, written into every file; setting a name again replaces it */

enum record_scope { RECORD_ROOT, RECORD_PROVENANCE };

/* Names are NUL-terminated ASCII, at most 63 bytes; texts are UTF-8 and copied. */
void record_attr_text(struct record *record, enum record_scope scope, const char *name,
                      const char *text);
void record_attr_u64(struct record *record, enum record_scope scope, const char *name,
                     uint64_t value);
void record_attr_i64(struct record *record, enum record_scope scope, const char *name,
                     int64_t value);
void record_attr_f64(struct record *record, enum record_scope scope, const char *name,
                     double value);
/* The resolved scenario: the scalar string dataset /scenario, and its hash as an attribute. */
void record_scenario(struct record *record, const char *yaml);
/* Names for the values 0..count-1 of an integer variable (strategy, model_kind): they become
 * flag_values and flag_meanings.  Blanks in a name become '_'.  Copies. */
void record_labels(struct record *record, enum record_var var, const char *const *names,
                   size_t count);

/* ---- rows */

/* False for a variable that the options skip: whoever computes it may spare the work. */
bool record_wants(const struct record *record, enum record_var var);

/* Starts `count` >= 1 rows at the end of a growing or static dimension.  Every variable over it
 * starts at its fill value: 0, NaN for floats, "" for texts.  Several dimensions may be open. */
SIM_CHECKED enum sim_status record_rows_begin(struct record *record, enum record_dim dim,
                                              uint64_t count, struct sim_error *err);
/* Copies `count` elements into the open rows of var's dimension, from the first element on: rows x
 * width, or fewer (a smaller network: its first uids; with one open row only).  The pointer's
 * type must be the variable's.  A skipped variable is ignored. */
#define record_put(record, var, values, count)                                                     \
    record_put_typed((record), (var), RECORD_TYPE_OF(values), (values), (count))
void record_put_typed(struct record *record, enum record_var var, enum record_type type,
                      const void *values, size_t count);
/* Closes the rows.  Writes when enough are there for whole chunks. */
SIM_CHECKED enum sim_status record_rows_end(struct record *record, enum record_dim dim,
                                            struct sim_error *err);
/* Rows so far in a dimension, earlier segments included; for fixed dimensions their length. */
uint64_t record_row_count(const struct record *record, enum record_dim dim);

#define RECORD_TYPE_OF(values)                                                                     \
    _Generic((values),                                                                             \
        uint8_t *: RECORD_U8, const uint8_t *: RECORD_U8,                                          \
        int8_t *: RECORD_I8, const int8_t *: RECORD_I8,                                            \
        uint16_t *: RECORD_U16, const uint16_t *: RECORD_U16,                                      \
        uint32_t *: RECORD_U32, const uint32_t *: RECORD_U32,                                      \
        int64_t *: RECORD_I64, const int64_t *: RECORD_I64,                                        \
        uint64_t *: RECORD_U64, const uint64_t *: RECORD_U64,                                      \
        float *: RECORD_F32, const float *: RECORD_F32,                                            \
        double *: RECORD_F64, const double *: RECORD_F64,                                          \
        const char **: RECORD_TEXT, const char *const *: RECORD_TEXT)

/* One row of /events. */
struct record_event {
    int64_t time_ns;
    int64_t block;
    enum record_event_kind kind;
    uint16_t netuid;
    uint32_t uid;
    uint32_t hotkey_id;
    uint32_t owner_id;
    uint32_t other_hotkey_id; /* RECORD_NOBODY = none */
    uint64_t amount_rao;
    double value;
};
SIM_CHECKED enum sim_status record_event(struct record *record, const struct record_event *event,
                                         struct sim_error *err);

/* One row of /set_weights with its entries. */
struct record_call {
    int64_t time_ns;
    int64_t block;
    uint16_t netuid;
    uint32_t uid;
    uint32_t hotkey_id;
    uint32_t entry_count;
    uint32_t age_blocks;
    const uint32_t *target; /* (entry_count) */
    const uint32_t *value;  /* (entry_count) */
};
SIM_CHECKED enum sim_status
record_set_weights(struct record *record, const struct record_call *call, struct sim_error *err);

/* One snapshot of a sparse matrix by rows: of row i the entries row_start[i]..row_start[i+1]-1. */
struct record_csr {
    int64_t block;
    uint16_t netuid;
    uint32_t row_count;        /* <= uid_count; later rows are empty */
    const uint64_t *row_start; /* (row_count + 1), row_start[0] = 0 */
    const uint32_t *target;    /* (row_start[row_count]) */
};
/* A snapshot belongs to the last ended row of the epoch dimension. */
SIM_CHECKED enum sim_status record_weights(struct record *record, const struct record_csr *csr,
                                           const uint32_t *value, struct sim_error *err);
SIM_CHECKED enum sim_status record_bonds(struct record *record, const struct record_csr *csr,
                                         const uint64_t *value, struct sim_error *err);

/* ---- progress, segments, the end */

struct record_progress_item {
    const char *name; /* a JSON key: letters, digits, '_' */
    double value;     /* NaN and infinities become null */
};
/* Appends one line to progress.jsonl: one for each row of the epoch dimension, in order, since
 * continuing keeps as many lines as the mark has epochs. */
SIM_CHECKED enum sim_status record_progress(struct record *record,
                                            const struct record_progress_item *items, size_t count,
                                            struct sim_error *err);

/* Bytes that the open segment holds in memory and on disk, before compression: a caller may
 * close a segment when this grows large. */
uint64_t record_segment_bytes(const struct record *record);

/* Closes the open segment if it holds a row; no rows may be open.  Afterwards every row put so
 * far is on the disk.  *ret_mark (may be NULL) is what a checkpoint stores. */
SIM_CHECKED enum sim_status
record_segment_close(struct record *record, struct record_mark *ret_mark, struct sim_error *err);

/* Closes the open segment and merges all into result.h5 (written as result.h5.part, synced,
 * renamed).  The segments stay: a finished run can be continued. */
SIM_CHECKED enum sim_status record_finish(struct record *record, struct sim_error *err);

/* ---- sizes, before a run */

/* How many rows each dimension will get; for --dry-run. */
struct record_plan {
    uint32_t uid_count;
    const bool *skipped; /* as in the options */
    uint64_t rows[RECORD_DIM_COUNT];
};
/* An upper bound of result.h5 in bytes: the plain size of every array, uncompressed. */
uint64_t record_plan_bytes(const struct record_plan *plan);

#endif
