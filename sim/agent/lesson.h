/*
 * lesson.h: what neurons learn from each other, up to the training step that uses it: gradients
 * that validators send back, and the joined answer of a neuron's peers.
 *
 * A validator that has scored a question sends each peer that answered the derivative of its loss
 * by that answer, with the question's symbols, as a message that is charged like any other
 * (bittensor v3: the backward call of the dendrite).  It waits at the server for the next training
 * step; no more than remote_max do, the oldest are dropped.  A neuron that distils keeps its last
 * question and the mean of what was answered for its own next step.
 *
 * For sim/agent alone.
 */
#ifndef AGENT_LESSON_H
#define AGENT_LESSON_H

#include "agent/state.h"

/* Messages whose tag has this bit carry a lesson, others a query. */
#define LESSON_TAG (UINT64_C(1) << 40)

/* Numbers of the largest derivative of any group's answer. */
size_t lesson_float_count(const struct agents_setup *setup);
/* Numbers of the derivative of one model's answer. */
size_t lesson_derivative_count(const struct agents *agents, const struct agent_model *model);
/* Whether lessons are made of the logits of answers, which then are kept. */
bool lesson_needs_logits(const struct agents_setup *setup);
/* SIM_CONFIG when a group distils from answers that have no logits. */
SIM_CHECKED enum sim_status lesson_check(const struct agents_setup *setup,
                                         const struct agents_group *group, struct sim_error *err);

/* After a question was scored: gradients to those that answered, the teacher to the asker. */
SIM_CHECKED enum sim_status lesson_send(struct agents *agents,
                                        const struct agent_question *question, int64_t now_ns,
                                        struct sim_error *err);
/* A message with LESSON_TAG has arrived, or was lost. */
void lesson_delivered(struct agents *agents, uint32_t lesson, enum net_outcome outcome);

/* The oldest that waits at a server; the caller releases it. */
uint32_t lesson_take_first(struct agents *agents, struct agent_server *server);
void lesson_release(struct agents *agents, uint32_t lesson);
/* Nothing waits at the server any more. */
void lesson_forget(struct agents *agents, struct agent_server *server);
/* More free slots. */
SIM_CHECKED enum sim_status lesson_grow(struct agents *agents, struct sim_error *err);
void lesson_free_all(struct agents *agents);

#endif
