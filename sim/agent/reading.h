/*
 * reading.h: what a validator reads out of a question's text and its answers, for routers and
 * scorers that want more than losses.  For sim/agent alone.
 */
#ifndef AGENT_READING_H
#define AGENT_READING_H

#include "agent/state.h"

/* Scratch for one question, allocated where the setup's router or scorer asks for it. */
SIM_CHECKED enum sim_status reading_create(struct agents *agents, struct sim_error *err);
void reading_free(struct agents *agents);

/* Numbers of each sequence that a router sees: how often it holds each symbol, as a share; 0 for
 * routers that do not look. */
uint32_t reading_context_width(const struct agents_setup *setup);

/* Fills agents->context from the question's text (not its last, secret tokens); NULL context for
 * routers that do not look. */
void reading_fill_context(struct agents *agents, const struct agent_question *question,
                          const double **ret_context, uint32_t *ret_rows);

/* Adds to the step what the scorer needs beyond losses, from the question's logits. */
void reading_fill_step(struct agents *agents, const struct agent_question *question,
                       struct scorer_step *step);

/* Whether the scorer reads whole distributions. */
bool reading_wants_logits(const struct agents_setup *setup);

void reading_softmax(const float *logits, uint32_t symbols, double *ret);

/* Hands a learning router the losses of those that answered. */
void reading_teach_router(struct agents *agents, const struct agent_question *question);

#endif
