/* merge.h: all segments of a run folder as one result.h5. */
#ifndef RECORD_MERGE_H
#define RECORD_MERGE_H

#include "record/meta.h"

/* Row for row, dimension by dimension, so that nothing of the borders remains.  `meta` supplies
 * attributes and static tables. */
SIM_CHECKED enum sim_status merge_segments(const char *folder, uint32_t segment_count,
                                           const struct meta *meta, struct sim_error *err);

#endif
