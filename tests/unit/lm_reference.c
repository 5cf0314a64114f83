#include "lm_reference.h"

#include "lm/bigram.h"
#include "lm/conv.h"
#include "lm/gru.h"
#include "lm/mlp.h"
#include "lm/transformer.h"

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

static void bigram_sequence(const struct bigram_shape *b, const double *p, const uint8_t *tokens,
                            size_t length, double *ret_logits)
{
    for (size_t t = 0; t < length; t++)
        for (size_t k = 0; k < b->vocabulary; k++)
            ret_logits[t * b->vocabulary + k] = at(p, b->vocabulary, tokens[t], k);
}

static void mlp_sequence(const struct mlp_shape *m, const double *p, const uint8_t *tokens,
                         size_t length, double *ret_logits)
{
    size_t v = m->vocabulary, n = m->context, d = m->embedding, h = m->hidden;
    const double *e = p, *w = e + v * d, *b = w + n * d * h, *o = b + h, *ob = o + h * v;
    double *x = calloc(n * d, sizeof(double)), *hidden = calloc(h, sizeof(double));
    for (size_t t = 0; t < length; t++) {
        for (size_t k = 0; k < n; k++)
            for (size_t j = 0; j < d; j++)
                x[k * d + j] = t + k + 1 < n ? 0 : at(e, d, tokens[t + k + 1 - n], j);
        for (size_t j = 0; j < h; j++)
            hidden[j] = fmax(0, times_column(x, n * d, w, h, j) + b[j]);
        for (size_t k = 0; k < v; k++)
            ret_logits[t * v + k] = times_column(hidden, h, o, v, k) + ob[k];
    }
    free(x);
    free(hidden);
}

/* y = gain * x / sqrt(mean(x^2) + 1e-5) */
static void norm(size_t width, const double *x, const double *gain, double *ret_y)
{
    double sum = 0;
    for (size_t j = 0; j < width; j++)
        sum += x[j] * x[j];
    for (size_t j = 0; j < width; j++)
        ret_y[j] = gain[j] * x[j] / sqrt(sum / (double)width + 1e-5);
}

/* x += relu(norm(x) w + b) w2, parameters gain, w, b, w2 at p; returns what comes after them. */
static const double *feed_forward(size_t width, size_t hidden, const double *p, double *x)
{
    const double *gain = p, *w = gain + width, *b = w + width * hidden, *w2 = b + hidden;
    double *normed = calloc(width, sizeof(double)), *inner = calloc(hidden, sizeof(double));
    norm(width, x, gain, normed);
    for (size_t j = 0; j < hidden; j++)
        inner[j] = fmax(0, times_column(normed, width, w, hidden, j) + b[j]);
    for (size_t j = 0; j < width; j++)
        x[j] += times_column(inner, hidden, w2, width, j);
    free(normed);
    free(inner);
    return w2 + hidden * width;
}

/* logits = norm(x) o + ob, parameters gain, o, ob at p. */
static void normed_output(size_t width, size_t vocabulary, const double *p, const double *x,
                          double *ret_logits)
{
    const double *gain = p, *o = gain + width, *ob = o + width * vocabulary;
    double *normed = calloc(width, sizeof(double));
    norm(width, x, gain, normed);
    for (size_t k = 0; k < vocabulary; k++)
        ret_logits[k] = times_column(normed, width, o, vocabulary, k) + ob[k];
    free(normed);
}

static void conv_sequence(const struct conv_shape *c, const double *p, const uint8_t *tokens,
                          size_t length, double *ret_logits)
{
    size_t v = c->vocabulary, n = c->context, d = c->width;
    const double *e = p, *kernel = e + v * d, *blocks = kernel + n * d;
    double *x = calloc(d, sizeof(double));
    for (size_t t = 0; t < length; t++) {
        for (size_t j = 0; j < d; j++) {
            x[j] = 0;
            for (size_t back = 0; back < n && back <= t; back++)
                x[j] += at(e, d, tokens[t - back], j) * at(kernel, d, n - 1 - back, j);
        }
        const double *position = blocks;
        for (size_t layer = 0; layer < c->layers; layer++)
            position = feed_forward(d, c->hidden, position, x);
        normed_output(d, v, position, x, ret_logits + t * v);
    }
    free(x);
}

/* x[t] += attention over x[0..t], for every t; parameters gain, qkv, projection at p. */
static const double *attention(size_t length, size_t d, size_t heads, const double *p, double *x)
{
    const double *gain = p, *joined = gain + d, *projection = joined + d * 3 * d;
    size_t head_width = d / heads;
    double *normed = calloc(d, sizeof(double)), *qkv = calloc(length * 3 * d, sizeof(double));
    double *mixed = calloc(length * d, sizeof(double)), *weight = calloc(length, sizeof(double));
    for (size_t t = 0; t < length; t++) {
        norm(d, x + t * d, gain, normed);
        for (size_t j = 0; j < 3 * d; j++)
            qkv[t * 3 * d + j] = times_column(normed, d, joined, 3 * d, j);
    }
    for (size_t t = 0; t < length; t++) {
        for (size_t head = 0; head < heads; head++) {
            size_t first = head * head_width;
            double sum = 0;
            for (size_t i = 0; i <= t; i++) {
                double product = 0;
                for (size_t j = first; j < first + head_width; j++)
                    product += at(qkv, 3 * d, t, j) * at(qkv, 3 * d, i, d + j);
                weight[i] = exp(product / sqrt((double)head_width));
                sum += weight[i];
            }
            for (size_t i = 0; i <= t; i++)
                for (size_t j = first; j < first + head_width; j++)
                    mixed[t * d + j] += weight[i] / sum * at(qkv, 3 * d, i, 2 * d + j);
        }
    }
    for (size_t t = 0; t < length; t++)
        for (size_t j = 0; j < d; j++)
            x[t * d + j] += times_column(mixed + t * d, d, projection, d, j);
    free(normed);
    free(qkv);
    free(mixed);
    free(weight);
    return projection + d * d;
}

static void transformer_sequence(const struct transformer_shape *m, const double *p,
                                 const uint8_t *tokens, size_t length, double *ret_logits)
{
    size_t v = m->vocabulary, d = m->width;
    const double *e = p, *positions = e + v * d, *position = positions + m->context * d;
    double *x = calloc(length * d, sizeof(double));
    for (size_t t = 0; t < length; t++)
        for (size_t j = 0; j < d; j++)
            x[t * d + j] = at(e, d, tokens[t], j) + at(positions, d, t, j);
    for (size_t layer = 0; layer < m->layers; layer++) {
        const double *block = attention(length, d, m->heads, position, x);
        for (size_t t = 0; t < length; t++)
            position = feed_forward(d, m->hidden, block, x + t * d);
    }
    for (size_t t = 0; t < length; t++)
        normed_output(d, v, position, x + t * d, ret_logits + t * v);
    free(x);
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
        else if (ops == &mlp_ops)
            mlp_sequence(shape, parameters, tokens, length, logits);
        else if (ops == &conv_ops)
            conv_sequence(shape, parameters, tokens, length, logits);
        else if (ops == &transformer_ops)
            transformer_sequence(shape, parameters, tokens, length, logits);
        else if (ops == &bigram_ops)
            bigram_sequence(shape, parameters, tokens, length, logits);
        else
            abort();
    }
}
