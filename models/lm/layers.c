#include "lm/layers.h"

#include "lm/head.h"
#include "lm/product.h"

void lm_linear(size_t rows, size_t in, size_t out, const lm_real *x, const lm_real *weight,
               const lm_real *bias, lm_real *ret_result)
{
    for (size_t row = 0; row < rows && bias != NULL; row++)
        memcpy(ret_result + row * out, bias, out * sizeof(lm_real));
    lm_product(bias != NULL, rows, out, in, x, in, weight, out, ret_result, out);
}

void lm_linear_back(size_t rows, size_t in, size_t out, const lm_real *x, const lm_real *weight,
                    const lm_real *by_result, lm_real *ret_by_weight, lm_real *ret_by_bias,
                    lm_real *ret_by_x, lm_real *transposed)
{
    lm_product_transposed(false, in, out, rows, x, in, by_result, out, ret_by_weight, out);
    if (ret_by_bias != NULL) {
        lm_fill(ret_by_bias, out, 0);
        lm_add_columns(rows, out, by_result, ret_by_bias);
    }
    if (ret_by_x != NULL) {
        lm_transpose(in, out, weight, out, transposed, in);
        lm_product(false, rows, in, out, by_result, out, transposed, in, ret_by_x, in);
    }
}

/* Written so that a NaN stays one. */
void lm_relu(size_t count, lm_real *x)
{
    for (size_t i = 0; i < count; i++)
        x[i] = x[i] < 0 ? 0 : x[i];
}

void lm_relu_back(size_t count, const lm_real *relu_of_x, lm_real *by_x)
{
    for (size_t i = 0; i < count; i++)
        by_x[i] = relu_of_x[i] > 0 ? by_x[i] : 0;
}

void lm_norm(size_t rows, size_t width, const lm_real *x, const lm_real *gain, lm_real *ret_y,
             lm_real *ret_inverse)
{
    for (size_t row = 0; row < rows; row++) {
        const lm_real *in = x + row * width;
        lm_real *out = ret_y + row * width;
        lm_real mean = lm_dot(width, in, in) / (lm_real)width;
        lm_real inverse = 1 / lm_sqrt(mean + (lm_real)1e-5);
        for (size_t j = 0; j < width; j++)
            out[j] = in[j] * inverse * gain[j];
        ret_inverse[row] = inverse;
    }
}

/* With i = inverse: by_x = i gain by_y - x i^3 / width * sum(gain by_y x). */
void lm_norm_back(size_t rows, size_t width, const lm_real *x, const lm_real *gain,
                  const lm_real *inverse, const lm_real *by_y, lm_real *by_x, lm_real *ret_by_gain)
{
    lm_fill(ret_by_gain, width, 0);
    for (size_t row = 0; row < rows; row++) {
        const lm_real *in = x + row * width, *by_out = by_y + row * width;
        lm_real *by_in = by_x + row * width;
        lm_real i = inverse[row], shared = 0;
        for (size_t j = 0; j < width; j++)
            shared = lm_fma(by_out[j] * gain[j], in[j], shared);
        shared *= i * i * i / (lm_real)width;
        for (size_t j = 0; j < width; j++) {
            ret_by_gain[j] += by_out[j] * in[j] * i;
            by_in[j] += by_out[j] * gain[j] * i - in[j] * shared;
        }
    }
}

struct lm_feed_forward lm_feed_forward_cut(size_t width, size_t hidden, lm_real **position)
{
    struct lm_feed_forward f;
    f.gain = *position;
    f.weight = f.gain + width;
    f.bias = f.weight + width * hidden;
    f.back = f.bias + hidden;
    *position = f.back + hidden * width;
    return f;
}

size_t lm_feed_forward_list(uint32_t width, uint32_t hidden, struct lm_tensor *ret_tensors)
{
    ret_tensors[0] = (struct lm_tensor){"block_gain", 0, 1, width, false};
    ret_tensors[1] = (struct lm_tensor){"block_weight", 0, width, hidden, false};
    ret_tensors[2] = (struct lm_tensor){"block_bias", 0, 1, hidden, false};
    ret_tensors[3] = (struct lm_tensor){"block_back", 0, hidden, width, false};
    return 4;
}

void lm_feed_forward_init(size_t width, size_t hidden, struct stream *stream,
                          const struct lm_feed_forward *ret_p)
{
    lm_fill(ret_p->gain, width, 1);
    lm_fill_random(stream, ret_p->weight, width * hidden, __builtin_sqrt(2 / (double)width));
    lm_fill(ret_p->bias, hidden, 0);
    lm_fill_random(stream, ret_p->back, hidden * width, 0.5 / __builtin_sqrt((double)hidden));
}

struct lm_feed_forward_kept lm_feed_forward_keep(struct lm_arena *arena, size_t rows, size_t width,
                                                 size_t hidden)
{
    struct lm_feed_forward_kept kept;
    kept.normed = lm_take(arena, rows * width);
    kept.inverse = lm_take(arena, rows);
    kept.hidden = lm_take(arena, rows * hidden);
    return kept;
}

void lm_feed_forward(size_t rows, size_t width, size_t hidden, const struct lm_feed_forward *p,
                     const lm_real *x, const struct lm_feed_forward_kept *kept, lm_real *ret_y)
{
    lm_norm(rows, width, x, p->gain, kept->normed, kept->inverse);
    lm_linear(rows, width, hidden, kept->normed, p->weight, p->bias, kept->hidden);
    lm_relu(rows * hidden, kept->hidden);
    memcpy(ret_y, x, rows * width * sizeof(lm_real));
    lm_product(true, rows, width, hidden, kept->hidden, hidden, p->back, width, ret_y, width);
}

void lm_feed_forward_back(size_t rows, size_t width, size_t hidden, const struct lm_feed_forward *p,
                          const lm_real *x, const struct lm_feed_forward_kept *kept, lm_real *by_y,
                          const struct lm_feed_forward *ret_gradient,
                          const struct lm_feed_forward_scratch *scratch)
{
    lm_linear_back(rows, hidden, width, kept->hidden, p->back, by_y, ret_gradient->back, NULL,
                   scratch->by_hidden, scratch->transposed);
    lm_relu_back(rows * hidden, kept->hidden, scratch->by_hidden);
    lm_linear_back(rows, width, hidden, kept->normed, p->weight, scratch->by_hidden,
                   ret_gradient->weight, ret_gradient->bias, scratch->by_normed,
                   scratch->transposed);
    lm_norm_back(rows, width, x, p->gain, kept->inverse, scratch->by_normed, by_y,
                 ret_gradient->gain);
}
