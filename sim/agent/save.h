/*
 * save.h: the pieces of a checkpoint of the neurons, for save.c and save_pools.c alone.
 */
#ifndef AGENT_SAVE_H
#define AGENT_SAVE_H

#include "agent/state.h"

/* An index that was saved: below `limit`, or AGENT_NONE. */
uint32_t save_get_index(struct buffer_reader *reader, uint32_t limit);
/* A count that follows from the scenario: fails the reader where it is another. */
void save_get_same(struct buffer_reader *reader, uint32_t expected);

/* A ticket's output, as its job has run; none for none. */
void save_put_ticket(const struct agents *agents, struct compute_ticket ticket,
                     struct buffer *buffer);
SIM_CHECKED enum sim_status save_get_ticket(struct agents *agents, enum agent_job kind,
                                            struct buffer_reader *reader,
                                            struct compute_ticket *ret_ticket,
                                            struct sim_error *err);

/* Questions and queries. */
void save_put_pools(const struct agents *agents, struct buffer *buffer);
SIM_CHECKED enum sim_status save_get_pools(struct agents *agents, struct buffer_reader *reader,
                                           struct sim_error *err);
void save_put_lessons(const struct agents *agents, struct buffer *buffer);
SIM_CHECKED enum sim_status save_get_lessons(struct agents *agents, struct buffer_reader *reader,
                                             struct sim_error *err);
void save_put_reveals(const struct agents *agents, struct buffer *buffer);
SIM_CHECKED enum sim_status save_get_reveals(struct agents *agents, struct buffer_reader *reader,
                                             struct sim_error *err);

#endif
