/*
 * reader_pick.h: the rows of a result that are one network's.  Internal to sim/record.
 */
#ifndef RECORD_READER_PICK_H
#define RECORD_READER_PICK_H

#include "record/reader.h"

struct reader_pick {
    bool active;
    uint64_t network; /* row of /networks */
    uint16_t netuid;
    uint64_t *rows[RECORD_DIM_COUNT]; /* (count) owned, ascending; NULL: all rows are seen */
    uint64_t count[RECORD_DIM_COUNT];
};

/* Looks through the whole result; the pick in it must not be active. */
SIM_CHECKED enum sim_status reader_pick_make(struct reader *reader, uint64_t network,
                                             struct reader_pick *ret_pick, struct sim_error *err);
void reader_pick_release(struct reader_pick *pick);
/* Numbers of rows in values that were read become those of the rows that are seen. */
void reader_pick_translate(const struct reader_pick *pick, enum record_var var,
                           enum record_type type, uint64_t count, void *values);

#endif
