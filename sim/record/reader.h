/*
 * reader.h: reads what record.h wrote: a result.h5, or the closed segments of a run folder.
 *
 * Rows of segments are seen as one array.  Each file's checksum is verified before anything is
 * taken from it: a changed byte is SIM_IO, not a wrong number.  A file that another program wrote
 * (h5repack, ...) has no checksum; it is read, and reader_verified says false.
 *
 * A variable that the run did not record, or that the file's schema version did not have, is
 * absent: reader_has says so, and reading it is SIM_CONFIG.
 */
#ifndef RECORD_READER_H
#define RECORD_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/record.h"
#include "record/schema.h"

struct reader;

/* `path` is a result file, or a run folder: its result.h5 if there is one, else seg/NNNNN.h5.
 * SIM_IO: no such file, not a result, damaged, or of a newer schema version.
 * The caller owns *ret_reader. */
SIM_CHECKED enum sim_status reader_open(const char *path, struct reader **ret_reader,
                                        struct sim_error *err);
/* The first `count` segments of a run folder, whether or not there is a result. */
SIM_CHECKED enum sim_status reader_open_segments(const char *folder, uint32_t count,
                                                 struct reader **ret_reader, struct sim_error *err);
/* Accepts NULL, returns NULL. */
struct reader *reader_free(struct reader *reader);

/* From now on the reader shows one network's rows: of its epochs, events, calls, copies, states and
 * groups, whose numbers in other variables count among these alone, and its own mechanism and
 * corpus as attributes.  NULL: the first network, of the lowest netuid, of several; all there is
 * where the result names none.  SIM_CONFIG for a name that is none. */
SIM_CHECKED enum sim_status reader_choose_network(struct reader *reader, const char *name,
                                                  struct sim_error *err);
/* NULL while all are shown. */
const char *reader_network(const struct reader *reader);
/* How many networks the result names, shown or not. */
uint64_t reader_network_count(const struct reader *reader);
/* Lives as long as the reader. */
const char *reader_network_name(const struct reader *reader, uint64_t index);

/* The path as it was opened; lives as long as the reader. */
const char *reader_path(const struct reader *reader);
/* False when a file carries no checksum of ours. */
bool reader_verified(const struct reader *reader);
/* False while only segments are there. */
bool reader_finished(const struct reader *reader);
uint32_t reader_schema_version(const struct reader *reader);

bool reader_has(const struct reader *reader, enum record_var var);
/* Rows of a dimension (fixed ones: their length). */
uint64_t reader_rows(const struct reader *reader, enum record_dim dim);
/* Elements of one row: 1, or the length of the trailing dimension. */
uint64_t reader_width(const struct reader *reader, enum record_var var);

/* Reads rows first..first+count-1 of a variable into the caller's array of count x width
 * elements.  The array's type is the variable's own or double (integers above 2^53 are rounded).
 * SIM_CONFIG: absent, or a text.  Rows beyond the end are a bug of the caller. */
#define reader_read(reader, var, first, count, ret_values, err)                                    \
    reader_read_typed((reader), (var), RECORD_TYPE_OF(ret_values), (first), (count), (ret_values), \
                      (err))
SIM_CHECKED enum sim_status reader_read_typed(struct reader *reader, enum record_var var,
                                              enum record_type type, uint64_t first, uint64_t count,
                                              void *ret_values, struct sim_error *err);
/* The text at a row of a text variable; "" when absent.  Lives as long as the reader. */
const char *reader_text(const struct reader *reader, enum record_var var, uint64_t row);

/* Attributes.  NULL, or false and *ret untouched, when there is none of that name. */
const char *reader_attr_text(const struct reader *reader, enum record_scope scope,
                             const char *name);
bool reader_attr_u64(const struct reader *reader, enum record_scope scope, const char *name,
                     uint64_t *ret_value);
bool reader_attr_f64(const struct reader *reader, enum record_scope scope, const char *name,
                     double *ret_value);
/* The number of attributes, and each one's name and value as text. */
size_t reader_attr_count(const struct reader *reader, enum record_scope scope);
const char *reader_attr_name(const struct reader *reader, enum record_scope scope, size_t index);
const char *reader_attr_print(const struct reader *reader, enum record_scope scope, size_t index);

/* The fewest decimal digits that give the same double again ("2.41"). */
void reader_format_f64(double value, char *ret_text, size_t size);

/* The resolved scenario, "" when absent. */
const char *reader_scenario(const struct reader *reader);
/* The name of a value of a labelled variable; NULL when it has none. */
const char *reader_label(const struct reader *reader, enum record_var var, uint64_t value);

#endif
