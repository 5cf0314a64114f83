#include "lm_reference.h"

#include "lm/gru.h"

#include <math.h>
#include <stdlib.h>

/* Element (row, column) of a matrix of `columns`. */
static double at(const double *matrix, size_t columns, size_t row, size_t column)
{
    return matrix[row * columns + column];
}

/* sum_i x[i] w[i][column] */
static double times_column(const double *x, size_t rows, const double *w, size_t columns,
                           size_t column)
{
    double sum = 0;
    for (size_t i = 0; i < rows; i++)
        sum += x[i] * at(w, columns, i, column);
    return sum;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void gru_sequence(const struct gru_shape *g, const double *p, const uint8_t *tokens,
                         size_t length, double *ret_logits)
{
    size_t d = g->embedding, h = g->hidden, v = g->vocabulary, gates = 3 * h;
    const double *e = p, *w = e + v * d, *b = w + d * gates, *u = b + gates, *o = u + h * gates,
                 *ob = o + h * v;
    double *state = calloc(h, sizeof(double)), *next = calloc(h, sizeof(double));
    for (size_t t = 0; t < length; t++) {
        const double *x = e + tokens[t] * d;
        for (size_t j = 0; j < h; j++) {
            double r = sigmoid(times_column(x, d, w, gates, j) + b[j] +
                               times_column(state, h, u, gates, j));
            double z = sigmoid(times_column(x, d, w, gates, h + j) + b[h + j] +
                               times_column(state, h, u, gates, h + j));
            double n = tanh(times_column(x, d, w, gates, 2 * h + j) + b[2 * h + j] +
                            r * times_column(state, h, u, gates, 2 * h + j));
            next[j] = (1 - z) * n + z * state[j];
        }
        double *swap = state;
        state = next;
        next = swap;
        for (size_t k = 0; k < v; k++)
            ret_logits[t * v + k] = times_column(state, h, o, v, k) + ob[k];
    }
    free(state);
    free(next);
}

void lm_reference_logits(const struct lm_ops *ops, const void *shape, const double *parameters,
                         const struct lm_batch *batch, double *ret_logits)
{
    size_t vocabulary = ops->vocabulary(shape), length = batch->sequence_length;
    for (size_t b = 0; b < batch->sequence_count; b++) {
        const uint8_t *tokens = batch->tokens + b * (length + 1);
        double *logits = ret_logits + b * length * vocabulary;
        if (ops == &gru_ops)
            gru_sequence(shape, parameters, tokens, length, logits);
        else
            abort();
    }
}
