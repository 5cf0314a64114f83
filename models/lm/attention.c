#include "lm/attention.h"

#include "lm/head.h"
#include "lm/product.h"

/* Row i of a head's scores becomes its weights: exponentials up to i, zeros beyond. */
static void causal_softmax(size_t length, lm_real scale, lm_real *scores)
{
    for (size_t i = 0; i < length; i++) {
        lm_real *row = scores + i * length;
        lm_real largest = lm_max(i + 1, row);
        for (size_t j = 0; j <= i; j++)
            row[j] = lm_exp((row[j] - largest) * scale);
        lm_real part = 1 / lm_sum(i + 1, row);
        for (size_t j = 0; j <= i; j++)
            row[j] *= part;
        lm_fill(row + i + 1, length - i - 1, 0);
    }
}

/* by_weights becomes the derivative by the products q . k: w (by_w - sum_j w by_w) scale. */
static void causal_softmax_back(size_t length, lm_real scale, const lm_real *weights,
                                lm_real *by_weights)
{
    for (size_t i = 0; i < length; i++) {
        const lm_real *w = weights + i * length;
        lm_real *by = by_weights + i * length;
        lm_real mean = lm_dot(i + 1, w, by);
        for (size_t j = 0; j <= i; j++)
            by[j] = w[j] * (by[j] - mean) * scale;
        lm_fill(by + i + 1, length - i - 1, 0);
    }
}

static lm_real scale_of(size_t head_width)
{
    return 1 / lm_sqrt((lm_real)head_width);
}

void lm_attention(struct lm_attention_size size, const lm_real *joined, lm_real *ret_y,
                  lm_real *ret_weights, lm_real *transposed)
{
    size_t head_width = size.width / size.heads, stride = 3 * size.width, length = size.length;
    for (size_t b = 0; b < size.sequences; b++) {
        for (size_t head = 0; head < size.heads; head++) {
            size_t row = b * length;
            const lm_real *q = joined + row * stride + head * head_width;
            const lm_real *k = q + size.width, *v = k + size.width;
            lm_real *weights = ret_weights + (b * size.heads + head) * length * length;
            lm_transpose(length, head_width, k, stride, transposed, length);
            lm_product(false, length, length, head_width, q, stride, transposed, length, weights,
                       length);
            causal_softmax(length, scale_of(head_width), weights);
            lm_product(false, length, head_width, length, weights, length, v, stride,
                       ret_y + row * size.width + head * head_width, size.width);
        }
    }
}

void lm_attention_back(struct lm_attention_size size, const lm_real *joined, const lm_real *weights,
                       const lm_real *by_y, lm_real *ret_by_joined, lm_real *by_weights,
                       lm_real *transposed)
{
    size_t head_width = size.width / size.heads, stride = 3 * size.width, length = size.length;
    for (size_t b = 0; b < size.sequences; b++) {
        for (size_t head = 0; head < size.heads; head++) {
            size_t row = b * length, at = row * stride + head * head_width;
            const lm_real *q = joined + at, *k = q + size.width, *v = k + size.width;
            lm_real *by_q = ret_by_joined + at, *by_k = by_q + size.width,
                    *by_v = by_k + size.width;
            const lm_real *w = weights + (b * size.heads + head) * length * length;
            const lm_real *by = by_y + row * size.width + head * head_width;
            lm_product_transposed(false, length, head_width, length, w, length, by, size.width,
                                  by_v, stride);
            lm_transpose(length, head_width, v, stride, transposed, length);
            lm_product(false, length, length, head_width, by, size.width, transposed, length,
                       by_weights, length);
            causal_softmax_back(length, scale_of(head_width), w, by_weights);
            lm_product(false, length, head_width, length, by_weights, length, k, stride, by_q,
                       stride);
            lm_product_transposed(false, length, head_width, length, by_weights, length, q, stride,
                                  by_k, stride);
        }
    }
}
