#include "lm/conv.h"

#include "lm/head.h"
#include "lm/layers.h"

static const struct param_key conv_keys[] = {
    {"vocabulary", PARAM_U32, offsetof(struct conv_shape, vocabulary), "2", "256", "64", NULL,
     "number of different tokens"},
    {"context", PARAM_U32, offsetof(struct conv_shape, context), "1", "256", "12", NULL,
     "tokens that it sees"},
    {"width", PARAM_U32, offsetof(struct conv_shape, width), "1", "1024", "32", NULL,
     "width of a token's vector and of what the blocks add to"},
    {"hidden", PARAM_U32, offsetof(struct conv_shape, hidden), "1", "4096", "192", NULL,
     "width of the hidden layer of a block"},
    {"layers", PARAM_U32, offsetof(struct conv_shape, layers), "1", "8", "1", NULL,
     "number of blocks"},
};
static const struct param_table conv_table =
    PARAM_TABLE("conv", struct conv_shape, conv_keys,
                "a causal convolution over token vectors, then feed-forward blocks");

struct conv_size {
    size_t vocabulary, context, width, hidden, layers;
};

static struct conv_size size_of(const void *shape)
{
    const struct conv_shape *conv = shape;
    return (struct conv_size){conv->vocabulary, conv->context, conv->width, conv->hidden,
                              conv->layers};
}

struct conv_tensors {
    lm_real *embedding; /* E [V][d] */
    lm_real *kernel;    /* C [n][d] */
    struct lm_feed_forward block[CONV_LAYERS_MAX];
    lm_real *gain;        /* [d] of the last norm */
    lm_real *output;      /* Wo [d][V] */
    lm_real *output_bias; /* bo [V] */
};

static struct conv_tensors cut(struct conv_size size, lm_real *block)
{
    struct conv_tensors t;
    t.embedding = block;
    t.kernel = t.embedding + size.vocabulary * size.width;
    lm_real *position = t.kernel + size.context * size.width;
    for (size_t layer = 0; layer < size.layers; layer++)
        t.block[layer] = lm_feed_forward_cut(size.width, size.hidden, &position);
    t.gain = position;
    t.output = t.gain + size.width;
    t.output_bias = t.output + size.width * size.vocabulary;
    return t;
}

static uint32_t conv_reach(const void *shape)
{
    return ((const struct conv_shape *)shape)->context;
}

static size_t conv_list(const void *shape, struct lm_tensor *ret_tensors)
{
    const struct conv_shape *conv = shape;
    struct lm_tensor tensors[LM_TENSORS_MAX] = {
        {"embedding", 0, conv->vocabulary, conv->width, true},
        {"kernel", 0, conv->context, conv->width, false},
    };
    size_t count = 2;
    for (uint32_t layer = 0; layer < conv->layers; layer++)
        count += lm_feed_forward_list(conv->width, conv->hidden, tensors + count);
    tensors[count++] = (struct lm_tensor){"gain", 0, 1, conv->width, false};
    tensors[count++] = (struct lm_tensor){"output", 0, conv->width, conv->vocabulary, false};
    tensors[count++] = (struct lm_tensor){"output_bias", 0, 1, conv->vocabulary, false};
    return lm_tensors_place(count, tensors, ret_tensors);
}

static uint32_t conv_vocabulary(const void *shape)
{
    return ((const struct conv_shape *)shape)->vocabulary;
}

static uint32_t conv_hidden_width(const void *shape)
{
    return ((const struct conv_shape *)shape)->width;
}

static size_t conv_parameter_count(const void *shape)
{
    return lm_tensors_count(conv_list, shape);
}

struct conv_scratch {
    lm_real *x[CONV_LAYERS_MAX + 1]; /* [rows][d] before and after each block */
    struct lm_feed_forward_kept kept[CONV_LAYERS_MAX];
    lm_real *normed;  /* [rows][d] of the last norm */
    lm_real *inverse; /* [rows] */
    lm_real *logits;  /* [rows][V] */
    lm_real *by_x;    /* [rows][d] */
    struct lm_feed_forward_scratch back;
    size_t count;
};

static struct conv_scratch scratch_of(struct conv_size size, size_t rows, bool training,
                                      lm_real *base)
{
    struct lm_arena arena = {.base = base};
    struct conv_scratch s = {0};
    s.x[0] = lm_take(&arena, rows * size.width);
    for (size_t layer = 0; layer < size.layers; layer++) {
        s.kept[layer] = lm_feed_forward_keep(&arena, rows, size.width, size.hidden);
        s.x[layer + 1] = lm_take(&arena, rows * size.width);
    }
    s.normed = lm_take(&arena, rows * size.width);
    s.inverse = lm_take(&arena, rows);
    s.logits = lm_take(&arena, rows * size.vocabulary);
    if (training) {
        size_t other = size.vocabulary > size.hidden ? size.vocabulary : size.hidden;
        s.by_x = lm_take(&arena, rows * size.width);
        s.back.by_hidden = lm_take(&arena, rows * size.hidden);
        s.back.by_normed = lm_take(&arena, rows * size.width);
        s.back.transposed = lm_take(&arena, other * size.width);
    }
    s.count = arena.used;
    return s;
}

static size_t conv_scratch_count(const void *shape, uint32_t sequence_count,
                                 uint32_t sequence_length, bool training)
{
    size_t rows = (size_t)sequence_count * sequence_length;
    return scratch_of(size_of(shape), rows, training, NULL).count;
}

static uint64_t conv_forward_flop(const void *shape, uint32_t sequence_count,
                                  uint32_t sequence_length)
{
    return lm_tensors_flop(conv_list, shape) * sequence_count * sequence_length;
}

static uint64_t conv_training_flop(const void *shape, uint32_t sequence_count,
                                   uint32_t sequence_length)
{
    return 3 * conv_forward_flop(shape, sequence_count, sequence_length);
}

static void conv_init(const void *shape, struct stream *stream, lm_real *ret_parameters)
{
    struct conv_size size = size_of(shape);
    struct conv_tensors t = cut(size, ret_parameters);
    lm_fill_random(stream, t.embedding, size.vocabulary * size.width, 1);
    lm_fill_random(stream, t.kernel, size.context * size.width,
                   1 / __builtin_sqrt((double)size.context));
    for (size_t layer = 0; layer < size.layers; layer++)
        lm_feed_forward_init(size.width, size.hidden, stream, &t.block[layer]);
    lm_fill(t.gain, size.width, 1);
    lm_fill_random(stream, t.output, size.width * size.vocabulary,
                   0.5 / __builtin_sqrt((double)size.width));
    lm_fill(t.output_bias, size.vocabulary, 0);
}

/* The distances that the sequence has shown at this row: k runs from *_first to n - 1. */
static size_t first_seen(struct conv_size size, const struct lm_batch *batch, size_t row)
{
    size_t seen = row % batch->sequence_length + 1;
    return seen < size.context ? size.context - seen : 0;
}

static void convolve(struct conv_size size, const struct conv_tensors *p,
                     const struct lm_batch *batch, lm_real *ret_x)
{
    for (size_t row = 0; row < lm_rows(batch); row++) {
        lm_real *restrict x = ret_x + row * size.width;
        const uint8_t *token = lm_token_at(batch, row);
        lm_fill(x, size.width, 0);
        for (size_t k = first_seen(size, batch, row); k < size.context; k++) {
            size_t back = size.context - 1 - k;
            const lm_real *restrict e = p->embedding + *(token - back) * size.width;
            const lm_real *restrict c = p->kernel + k * size.width;
            for (size_t j = 0; j < size.width; j++)
                x[j] = lm_fma(e[j], c[j], x[j]);
        }
    }
}

static void convolve_back(struct conv_size size, const struct conv_tensors *p,
                          const struct lm_batch *batch, const lm_real *by_x,
                          const struct conv_tensors *g)
{
    lm_fill(g->embedding, size.vocabulary * size.width, 0);
    lm_fill(g->kernel, size.context * size.width, 0);
    for (size_t row = 0; row < lm_rows(batch); row++) {
        const lm_real *restrict by = by_x + row * size.width;
        const uint8_t *token = lm_token_at(batch, row);
        for (size_t k = first_seen(size, batch, row); k < size.context; k++) {
            size_t vector = *(token - (size.context - 1 - k)) * size.width;
            const lm_real *restrict e = p->embedding + vector;
            const lm_real *restrict c = p->kernel + k * size.width;
            lm_real *restrict by_e = g->embedding + vector;
            lm_real *restrict by_c = g->kernel + k * size.width;
            for (size_t j = 0; j < size.width; j++) {
                by_e[j] = lm_fma(by[j], c[j], by_e[j]);
                by_c[j] = lm_fma(by[j], e[j], by_c[j]);
            }
        }
    }
}

static void run_forward(struct conv_size size, const struct conv_tensors *p,
                        const struct lm_batch *batch, const struct conv_scratch *s)
{
    size_t rows = lm_rows(batch);
    convolve(size, p, batch, s->x[0]);
    for (size_t layer = 0; layer < size.layers; layer++)
        lm_feed_forward(rows, size.width, size.hidden, &p->block[layer], s->x[layer],
                        &s->kept[layer], s->x[layer + 1]);
    lm_norm(rows, size.width, s->x[size.layers], p->gain, s->normed, s->inverse);
    lm_linear(rows, size.width, size.vocabulary, s->normed, p->output, p->output_bias, s->logits);
}

static const lm_real *conv_output_layer(const void *shape, const lm_real *parameters,
                                        const lm_real **ret_bias)
{
    struct conv_tensors p = cut(size_of(shape), lm_unconst(parameters));
    *ret_bias = p.output_bias;
    return p.output;
}

static void conv_forward(const void *shape, const lm_real *parameters, const struct lm_batch *batch,
                         const struct lm_outputs *outputs, lm_real *scratch)
{
    struct conv_size size = size_of(shape);
    struct conv_scratch s = scratch_of(size, lm_rows(batch), false, scratch);
    const struct conv_tensors p = cut(size, lm_unconst(parameters));
    run_forward(size, &p, batch, &s);
    lm_head_outputs(batch, LM_BY_SEQUENCE, size.vocabulary, s.logits, size.width, s.normed,
                    outputs);
}

static double conv_loss_gradient(const void *shape, const lm_real *parameters,
                                 const struct lm_batch *batch, lm_real *ret_gradient,
                                 lm_real *ret_log_probability, lm_real *scratch)
{
    struct conv_size size = size_of(shape);
    size_t rows = lm_rows(batch);
    struct conv_scratch s = scratch_of(size, rows, true, scratch);
    const struct conv_tensors p = cut(size, lm_unconst(parameters)), g = cut(size, ret_gradient);
    run_forward(size, &p, batch, &s);
    double loss_nats =
        lm_head_gradient(batch, LM_BY_SEQUENCE, size.vocabulary, s.logits, ret_log_probability);

    lm_linear_back(rows, size.width, size.vocabulary, s.normed, p.output, s.logits, g.output,
                   g.output_bias, s.back.by_normed, s.back.transposed);
    lm_head_add_hidden(batch, LM_BY_SEQUENCE, size.width, s.back.by_normed);
    lm_fill(s.by_x, rows * size.width, 0);
    lm_norm_back(rows, size.width, s.x[size.layers], p.gain, s.inverse, s.back.by_normed, s.by_x,
                 g.gain);
    for (size_t layer = size.layers; layer-- > 0;)
        lm_feed_forward_back(rows, size.width, size.hidden, &p.block[layer], s.x[layer],
                             &s.kept[layer], s.by_x, &g.block[layer], &s.back);
    convolve_back(size, &p, batch, s.by_x, &g);
    return loss_nats;
}

const struct lm_ops conv_ops = {
    .table = &conv_table,
    .check = lm_check_nothing,
    .vocabulary = conv_vocabulary,
    .hidden_width = conv_hidden_width,
    .sequence_length_max = lm_any_length,
    .reach = conv_reach,
    .parameter_count = conv_parameter_count,
    .tensors = conv_list,
    .scratch_count = conv_scratch_count,
    .forward_flop = conv_forward_flop,
    .training_flop = conv_training_flop,
    .init = conv_init,
    .output_layer = conv_output_layer,
    .forward = conv_forward,
    .loss_gradient = conv_loss_gradient,
};
