#include "lm/head.h"

void lm_distinct_init(struct lm_distinct *distinct, const struct lm_batch *batch)
{
    bool seen[256] = {false};
    for (size_t place = 0; place < lm_rows(batch); place++)
        seen[*lm_token_at(batch, place)] = true;
    distinct->count = 0;
    for (size_t token = 0; token < 256; token++) {
        if (!seen[token])
            continue;
        distinct->index[token] = (uint8_t)distinct->count;
        distinct->token[distinct->count++] = (uint8_t)token;
    }
}

/* x becomes exp(x - max x); returns log p(target) and, by ret_sum, what the exponentials sum to.
 * A NaN among the logits makes both NaN. */
static lm_real softmax(size_t vocabulary, lm_real *x, size_t target, lm_real *ret_sum)
{
    lm_real largest = lm_max(vocabulary, x);
    lm_real above = x[target] - largest;
    for (size_t v = 0; v < vocabulary; v++)
        x[v] = lm_exp(x[v] - largest);
    *ret_sum = lm_sum(vocabulary, x);
    return above - (lm_real)lm_log((double)*ret_sum);
}

void lm_head_outputs(const struct lm_batch *batch, enum lm_order order, size_t vocabulary,
                     lm_real *logits, size_t hidden_width, const lm_real *hidden,
                     const struct lm_outputs *outputs)
{
    for (size_t row = 0; row < lm_rows(batch); row++) {
        size_t place = lm_place(batch, order, row);
        lm_real *x = logits + row * vocabulary, sum;
        if (outputs->hidden != NULL)
            memcpy(outputs->hidden + place * hidden_width, hidden + row * hidden_width,
                   hidden_width * sizeof(lm_real));
        if (outputs->logits != NULL)
            memcpy(outputs->logits + place * vocabulary, x, vocabulary * sizeof(lm_real));
        if (outputs->log_probability != NULL)
            outputs->log_probability[place] =
                softmax(vocabulary, x, lm_token_at(batch, place)[1], &sum);
    }
}

/* Exponentials become the derivative of -weight log p(target) by their logits. */
static void by_own_loss(size_t vocabulary, lm_real *x, size_t target, lm_real weight, lm_real sum)
{
    lm_real scale = weight / sum;
    for (size_t v = 0; v < vocabulary; v++)
        x[v] *= scale;
    x[target] -= weight;
}

double lm_head_gradient(const struct lm_batch *batch, enum lm_order order, size_t vocabulary,
                        lm_real *logits, lm_real *ret_log_probability)
{
    size_t rows = lm_rows(batch);
    double total = 0;
    for (size_t row = 0; row < rows; row++) {
        size_t place = lm_place(batch, order, row), target = lm_token_at(batch, place)[1];
        lm_real *x = logits + row * vocabulary, sum;
        lm_real log_probability = softmax(vocabulary, x, target, &sum);
        if (batch->by_logits != NULL)
            memcpy(x, batch->by_logits + place * vocabulary, vocabulary * sizeof(*x));
        else if (batch->by_hidden != NULL)
            lm_fill(x, vocabulary, 0);
        else
            by_own_loss(vocabulary, x, target,
                        batch->row_weight == NULL ? 1 / (lm_real)rows : batch->row_weight[place],
                        sum);
        total -= (double)log_probability;
        if (ret_log_probability != NULL)
            ret_log_probability[place] = log_probability;
    }
    return total / (double)rows;
}

void lm_head_add_hidden(const struct lm_batch *batch, enum lm_order order, size_t width,
                        lm_real *by_hidden)
{
    for (size_t row = 0; batch->by_hidden != NULL && row < lm_rows(batch); row++)
        lm_add(width, batch->by_hidden + lm_place(batch, order, row) * width,
               by_hidden + row * width);
}

lm_real *lm_fill_random(struct stream *stream, lm_real *to, size_t count, double deviation)
{
    double range = 1.7320508075688772 * deviation;
    for (size_t i = 0; i < count; i++)
        to[i] = (lm_real)((2 * stream_uniform(stream) - 1) * range);
    return to + count;
}

lm_real *lm_fill(lm_real *to, size_t count, lm_real value)
{
    for (size_t i = 0; i < count; i++)
        to[i] = value;
    return to + count;
}

size_t lm_tensors_place(size_t count, const struct lm_tensor *tensors,
                        struct lm_tensor *ret_tensors)
{
    size_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        ret_tensors[i] = tensors[i];
        ret_tensors[i].offset = offset;
        offset += (size_t)tensors[i].rows * tensors[i].columns;
    }
    return count;
}

size_t lm_tensors_count(lm_tensors_f *tensors, const void *shape)
{
    struct lm_tensor list[LM_TENSORS_MAX];
    const struct lm_tensor *last = &list[tensors(shape, list) - 1];
    return last->offset + (size_t)last->rows * last->columns;
}

uint64_t lm_tensors_flop(lm_tensors_f *tensors, const void *shape)
{
    struct lm_tensor list[LM_TENSORS_MAX];
    size_t count = tensors(shape, list);
    uint64_t flop = 0;
    for (size_t i = 0; i < count; i++)
        flop += (uint64_t)list[i].rows * list[i].columns * (list[i].rows == 1 ? 1 : 2);
    return flop;
}

enum sim_status lm_check_nothing(const void *shape, struct sim_error *err)
{
    (void)shape;
    (void)err;
    return SIM_OK;
}

uint32_t lm_any_length(const void *shape)
{
    (void)shape;
    return UINT16_MAX;
}

void lm_add(size_t n, const lm_real *restrict x, lm_real *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] += x[i];
}
