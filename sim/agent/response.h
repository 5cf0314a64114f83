/*
 * response.h: forward passes that answer questions, as compute jobs, in the form that travels.
 *
 * Whatever the form (query.response), a job's output is what the caller reads out of the answer:
 * for each of `rows` rows the log-probability of the truth, in nats a symbol, and, where they are
 * kept, logits of the next symbol, rows x V, and behind them the derivative by phrases.  What goes
 * over the network is encoded and decoded inside the job, so what the wire loses is lost.
 *
 * - logits: a row a position; float32 as they are
 * - hidden: a row a position; the state between zeros, read by the answering model's own output
 *   layer, which whoever serves publishes
 * - topk: a row a position; the largest probabilities, the rest shared
 * - phrases: a row a sequence; its last `continuation` symbols are not sent but asked for, and the
 *   answer is a list of continuations with probabilities, the result of a beam search
 *
 * For sim/agent alone.
 */
#ifndef AGENT_RESPONSE_H
#define AGENT_RESPONSE_H

#include "agent/state.h"

/* Rows of an answer. */
uint32_t response_rows(const struct query_params *query);
/* The symbol that row `row` of an answer foretells. */
uint8_t response_target(const struct query_params *query, const uint8_t *tokens, uint32_t row);
/* Symbols of each sequence that are sent. */
uint32_t response_positions(const struct query_params *query);

/* Numbers that follow an answer, for the gradient that comes back: the derivative of the loss by
 * each phrase's probability and by the floors.  0 for other forms (it follows from their logits),
 * and when none comes back. */
size_t response_derivative_count(const struct query_params *query, uint32_t symbols);

/* Bytes of a question, of a group's answer, and of the gradient that comes back with the question's
 * symbols, without wire_scale. */
uint64_t response_request_bytes(const struct query_params *query);
uint64_t response_bytes(const struct agents_setup *setup, const struct agents_group *group);
uint64_t response_gradient_bytes(const struct agents_setup *setup,
                                 const struct agents_group *group);
/* Operations of a group's answer: a beam search passes forward many times. */
uint64_t response_flop(const struct query_params *query, const struct agents_group *group);

/* SIM_CONFIG for a form that this corpus or this group's model cannot answer in. */
SIM_CHECKED enum sim_status response_check(const struct agents_setup *setup,
                                           const struct agents_group *group, struct sim_error *err);

/* Bytes of the largest input. */
size_t response_input_bytes(const struct query_params *query);

SIM_CHECKED enum sim_status response_start(struct agents *agents, uint32_t model,
                                           const uint8_t *tokens, struct compute_ticket *ret_ticket,
                                           struct sim_error *err);

/* logits [rows][V] = hidden [rows][width] x weight [width][V] + bias (none when NULL). */
void response_read_hidden(const float *hidden, const float *weight, const float *bias, size_t rows,
                          uint32_t width, uint32_t symbols, float *ret_logits);

#endif
