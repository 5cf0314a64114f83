/*
 * layout.h: how the schema and a run's meta data become HDF5 objects.
 *
 * Every function returns false when a step failed; writer->step and writer->item then say which.
 */
#ifndef RECORD_LAYOUT_H
#define RECORD_LAYOUT_H

#include "record/writer.h"

/* Creates the file with groups, scales, datasets (no rows yet) and all their attributes. */
bool layout_create(struct writer *writer);
/* Writes `count` rows of a variable from row `first` of the file on, extending it. */
bool layout_write(struct writer *writer, enum record_var var, uint64_t first, uint64_t count,
                  const void *values);
/* Extends the scales, writes coordinates, static tables, the scenario and the root's and
 * /provenance's attributes. */
bool layout_finish(struct writer *writer);

#endif
