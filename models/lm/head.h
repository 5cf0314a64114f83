/*
 * head.h: what stands before and after every model: tokens in, losses out.
 *
 * A model numbers its rows either as lm.h does (r = b T + t) or by time first (r = t B + b), which
 * lets a recurrent model work on the rows of one instant as one matrix.  The functions here
 * translate.
 */
#ifndef LM_HEAD_H
#define LM_HEAD_H

#include "lm/real.h"

enum lm_order { LM_BY_SEQUENCE, LM_BY_TIME };

/* The place in lm.h's numbering of the model's row `row`. */
static inline size_t lm_place(const struct lm_batch *batch, enum lm_order order, size_t row)
{
    if (order == LM_BY_SEQUENCE)
        return row;
    size_t time = row / batch->sequence_count, sequence = row % batch->sequence_count;
    return sequence * batch->sequence_length + time;
}

/* The token read at a place (in lm.h's numbering); the next one is its truth. */
static inline const uint8_t *lm_token_at(const struct lm_batch *batch, size_t place)
{
    return batch->tokens + place + place / batch->sequence_length;
}

static inline size_t lm_rows(const struct lm_batch *batch)
{
    return (size_t)batch->sequence_count * batch->sequence_length;
}

/* The different tokens of a batch's inputs: whatever depends on the token alone is computed once
 * for each. */
struct lm_distinct {
    size_t count;
    uint8_t token[256]; /* [count], ascending */
    uint8_t index[256]; /* of a token in `token` */
};

void lm_distinct_init(struct lm_distinct *distinct, const struct lm_batch *batch);

/* Writes what is wanted.  logits [rows][V] in the model's order are lost; hidden [rows][width]. */
void lm_head_outputs(const struct lm_batch *batch, enum lm_order order, size_t vocabulary,
                     lm_real *logits, size_t hidden_width, const lm_real *hidden,
                     const struct lm_outputs *outputs);

/* Turns logits [rows][V] into the derivative by them of -sum weight log-probability, or into what
 * the batch gives in its place; returns the mean loss.  `ret_log_probability` (lm.h's order) may be
 * NULL. */
double lm_head_gradient(const struct lm_batch *batch, enum lm_order order, size_t vocabulary,
                        lm_real *logits, lm_real *ret_log_probability);

/* Adds the batch's derivative by the hidden state, if it gives one, to by_hidden [rows][width] in
 * the model's order. */
void lm_head_add_hidden(const struct lm_batch *batch, enum lm_order order, size_t width,
                        lm_real *by_hidden);

/* A model's table of tensors: sets each offset behind the one before; returns `count`. */
size_t lm_tensors_place(size_t count, const struct lm_tensor *tensors,
                        struct lm_tensor *ret_tensors);

/* From a model's `tensors` function: all floats, and the operations of multiplying one row with
 * all of them: two for each weight, looked up or multiplied, one for each bias (a tensor of one
 * row). */
typedef size_t lm_tensors_f(const void *shape, struct lm_tensor *ret_tensors);
size_t lm_tensors_count(lm_tensors_f *tensors, const void *shape);
uint64_t lm_tensors_flop(lm_tensors_f *tensors, const void *shape);

/* For models with nothing to check, and for those that take any length of sequence. */
enum sim_status lm_check_nothing(const void *shape, struct sim_error *err);
uint32_t lm_any_length(const void *shape);

/* to[n] += x[n] */
void lm_add(size_t n, const lm_real *restrict x, lm_real *restrict to);

/* Fills with numbers uniform in +-sqrt(3) deviation: their standard deviation is `deviation`. */
lm_real *lm_fill_random(struct stream *stream, lm_real *to, size_t count, double deviation);
lm_real *lm_fill(lm_real *to, size_t count, lm_real value);

#endif
