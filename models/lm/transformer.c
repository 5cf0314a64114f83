#include "lm/transformer.h"

#include "lm/attention.h"
#include "lm/head.h"
#include "lm/layers.h"
#include "lm/product.h"

static const struct param_key transformer_keys[] = {
    {"vocabulary", PARAM_U32, offsetof(struct transformer_shape, vocabulary), "2", "256", "64",
     NULL, "number of different tokens"},
    {"context", PARAM_U32, offsetof(struct transformer_shape, context), "1", "1024", "64", NULL,
     "longest sequence that it takes"},
    {"width", PARAM_U32, offsetof(struct transformer_shape, width), "1", "1024", "32", NULL,
     "width of a token's vector; a multiple of heads"},
    {"heads", PARAM_U32, offsetof(struct transformer_shape, heads), "1", "64", "2", NULL,
     "heads of attention"},
    {"hidden", PARAM_U32, offsetof(struct transformer_shape, hidden), "1", "4096", "128", NULL,
     "width of the hidden layer of a block"},
    {"layers", PARAM_U32, offsetof(struct transformer_shape, layers), "1", "6", "1", NULL,
     "number of blocks"},
};
static const struct param_table transformer_table =
    PARAM_TABLE("transformer", struct transformer_shape, transformer_keys,
                "a decoder with causal self-attention and learned positions");

struct transformer_size {
    size_t vocabulary, context, width, heads, hidden, layers;
};

static struct transformer_size size_of(const void *shape)
{
    const struct transformer_shape *t = shape;
    return (struct transformer_size){t->vocabulary, t->context, t->width,
                                     t->heads,      t->hidden,  t->layers};
}

/* One block's parameters, or their gradients. */
struct transformer_layer {
    lm_real *gain;       /* [d] */
    lm_real *joined;     /* Wqkv [d][3d] */
    lm_real *projection; /* Wp [d][d] */
    struct lm_feed_forward block;
};

struct transformer_tensors {
    lm_real *embedding; /* E [V][d] */
    lm_real *position;  /* P [context][d] */
    struct transformer_layer layer[TRANSFORMER_LAYERS_MAX];
    lm_real *gain;        /* [d] of the last norm */
    lm_real *output;      /* Wo [d][V] */
    lm_real *output_bias; /* bo [V] */
};

static struct transformer_tensors cut(struct transformer_size size, lm_real *block)
{
    struct transformer_tensors t;
    size_t d = size.width;
    t.embedding = block;
    t.position = t.embedding + size.vocabulary * d;
    lm_real *position = t.position + size.context * d;
    for (size_t i = 0; i < size.layers; i++) {
        struct transformer_layer *layer = &t.layer[i];
        layer->gain = position;
        layer->joined = layer->gain + d;
        layer->projection = layer->joined + d * 3 * d;
        position = layer->projection + d * d;
        layer->block = lm_feed_forward_cut(d, size.hidden, &position);
    }
    t.gain = position;
    t.output = t.gain + d;
    t.output_bias = t.output + d * size.vocabulary;
    return t;
}

static size_t transformer_list(const void *shape, struct lm_tensor *ret_tensors)
{
    const struct transformer_shape *t = shape;
    struct lm_tensor tensors[LM_TENSORS_MAX] = {
        {"embedding", 0, t->vocabulary, t->width, true},
        {"position", 0, t->context, t->width, true},
    };
    size_t count = 2;
    for (uint32_t i = 0; i < t->layers; i++) {
        tensors[count++] = (struct lm_tensor){"attention_gain", 0, 1, t->width, false};
        tensors[count++] = (struct lm_tensor){"attention", 0, t->width, 3 * t->width, false};
        tensors[count++] = (struct lm_tensor){"projection", 0, t->width, t->width, false};
        count += lm_feed_forward_list(t->width, t->hidden, tensors + count);
    }
    tensors[count++] = (struct lm_tensor){"gain", 0, 1, t->width, false};
    tensors[count++] = (struct lm_tensor){"output", 0, t->width, t->vocabulary, false};
    tensors[count++] = (struct lm_tensor){"output_bias", 0, 1, t->vocabulary, false};
    return lm_tensors_place(count, tensors, ret_tensors);
}

static enum sim_status transformer_check(const void *shape, struct sim_error *err)
{
    const struct transformer_shape *t = shape;
    if (t->width % t->heads != 0)
        return SIM_FAIL(err, SIM_CONFIG,
                        "transformer: %u heads do not divide the width %u: make it a multiple",
                        t->heads, t->width);
    return SIM_OK;
}

static uint32_t transformer_vocabulary(const void *shape)
{
    return ((const struct transformer_shape *)shape)->vocabulary;
}

static uint32_t transformer_hidden_width(const void *shape)
{
    return ((const struct transformer_shape *)shape)->width;
}

static uint32_t transformer_sequence_length_max(const void *shape)
{
    return ((const struct transformer_shape *)shape)->context;
}

static size_t transformer_parameter_count(const void *shape)
{
    return lm_tensors_count(transformer_list, shape);
}

/* What the forward pass keeps of one block. */
struct transformer_kept {
    lm_real *x;       /* [rows][d] its input */
    lm_real *normed;  /* [rows][d] */
    lm_real *inverse; /* [rows] */
    lm_real *joined;  /* [rows][3d] q, k, v */
    lm_real *weights; /* [B][heads][T][T] */
    lm_real *mixed;   /* [rows][d] attention's result */
    lm_real *between; /* [rows][d] input of the feed-forward part */
    struct lm_feed_forward_kept block;
};

struct transformer_scratch {
    struct transformer_kept kept[TRANSFORMER_LAYERS_MAX];
    lm_real *x;           /* [rows][d] after the last block */
    lm_real *normed;      /* [rows][d] */
    lm_real *inverse;     /* [rows] */
    lm_real *logits;      /* [rows][V] */
    lm_real *by_x;        /* [rows][d] */
    lm_real *by_joined;   /* [rows][3d] */
    lm_real *by_weights;  /* [T][T] */
    lm_real *head_matrix; /* [d / heads][T] */
    struct lm_feed_forward_scratch back;
    size_t count;
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static struct transformer_scratch scratch_of(struct transformer_size size, size_t sequences,
                                             size_t length, bool training, lm_real *base)
{
    struct lm_arena arena = {.base = base};
    struct transformer_scratch s = {0};
    size_t rows = sequences * length, d = size.width;
    for (size_t i = 0; i < size.layers; i++) {
        struct transformer_kept *kept = &s.kept[i];
        kept->x = lm_take(&arena, rows * d);
        kept->normed = lm_take(&arena, rows * d);
        kept->inverse = lm_take(&arena, rows);
        kept->joined = lm_take(&arena, rows * 3 * d);
        kept->weights = lm_take(&arena, size.heads * rows * length);
        kept->mixed = lm_take(&arena, rows * d);
        kept->between = lm_take(&arena, rows * d);
        kept->block = lm_feed_forward_keep(&arena, rows, d, size.hidden);
    }
    s.x = lm_take(&arena, rows * d);
    s.normed = lm_take(&arena, rows * d);
    s.inverse = lm_take(&arena, rows);
    s.logits = lm_take(&arena, rows * size.vocabulary);
    s.head_matrix = lm_take(&arena, d / size.heads * length);
    if (training) {
        s.by_x = lm_take(&arena, rows * d);
        s.by_joined = lm_take(&arena, rows * 3 * d);
        s.by_weights = lm_take(&arena, length * length);
        s.back.by_hidden = lm_take(&arena, rows * size.hidden);
        s.back.by_normed = lm_take(&arena, rows * d);
        s.back.transposed =
            lm_take(&arena, d * larger(larger(size.vocabulary, size.hidden), 3 * d));
    }
    s.count = arena.used;
    return s;
}

static size_t transformer_scratch_count(const void *shape, uint32_t sequence_count,
                                        uint32_t sequence_length, bool training)
{
    return scratch_of(size_of(shape), sequence_count, sequence_length, training, NULL).count;
}

/* The weights, and for each row t of a sequence the t + 1 positions that attention looks at: two
 * products of width d each. */
static uint64_t transformer_forward_flop(const void *shape, uint32_t sequence_count,
                                         uint32_t sequence_length)
{
    struct transformer_size size = size_of(shape);
    uint64_t length = sequence_length;
    uint64_t attention = 2 * size.layers * size.width * length * (length + 1);
    return sequence_count * (lm_tensors_flop(transformer_list, shape) * length + attention);
}

static uint64_t transformer_training_flop(const void *shape, uint32_t sequence_count,
                                          uint32_t sequence_length)
{
    return 3 * transformer_forward_flop(shape, sequence_count, sequence_length);
}

static void transformer_init(const void *shape, struct stream *stream, lm_real *ret_parameters)
{
    struct transformer_size size = size_of(shape);
    struct transformer_tensors t = cut(size, ret_parameters);
    size_t d = size.width;
    double narrow = 1 / __builtin_sqrt((double)d);
    lm_fill_random(stream, t.embedding, size.vocabulary * d, 1);
    lm_fill_random(stream, t.position, size.context * d, 0.3);
    for (size_t i = 0; i < size.layers; i++) {
        lm_fill(t.layer[i].gain, d, 1);
        lm_fill_random(stream, t.layer[i].joined, d * 3 * d, narrow);
        lm_fill_random(stream, t.layer[i].projection, d * d, 0.5 * narrow);
        lm_feed_forward_init(d, size.hidden, stream, &t.layer[i].block);
    }
    lm_fill(t.gain, d, 1);
    lm_fill_random(stream, t.output, d * size.vocabulary, 0.5 * narrow);
    lm_fill(t.output_bias, size.vocabulary, 0);
}

static void embed(struct transformer_size size, const struct transformer_tensors *p,
                  const struct lm_batch *batch, lm_real *ret_x)
{
    for (size_t row = 0; row < lm_rows(batch); row++) {
        lm_real *x = ret_x + row * size.width;
        memcpy(x, p->embedding + *lm_token_at(batch, row) * size.width,
               size.width * sizeof(lm_real));
        lm_add(size.width, p->position + row % batch->sequence_length * size.width, x);
    }
}

static void embed_back(struct transformer_size size, const struct lm_batch *batch,
                       const lm_real *by_x, const struct transformer_tensors *g)
{
    lm_fill(g->embedding, size.vocabulary * size.width, 0);
    lm_fill(g->position, size.context * size.width, 0);
    for (size_t row = 0; row < lm_rows(batch); row++) {
        const lm_real *by = by_x + row * size.width;
        lm_add(size.width, by, g->embedding + *lm_token_at(batch, row) * size.width);
        lm_add(size.width, by, g->position + row % batch->sequence_length * size.width);
    }
}

static struct lm_attention_size attention_size(struct transformer_size size,
                                               const struct lm_batch *batch)
{
    return (struct lm_attention_size){batch->sequence_count, batch->sequence_length, size.width,
                                      size.heads};
}

static void run_layer(struct transformer_size size, const struct transformer_layer *p,
                      const struct lm_batch *batch, const struct transformer_kept *kept,
                      lm_real *head_matrix, lm_real *ret_x)
{
    size_t rows = lm_rows(batch), d = size.width;
    lm_norm(rows, d, kept->x, p->gain, kept->normed, kept->inverse);
    lm_linear(rows, d, 3 * d, kept->normed, p->joined, NULL, kept->joined);
    lm_attention(attention_size(size, batch), kept->joined, kept->mixed, kept->weights,
                 head_matrix);
    memcpy(kept->between, kept->x, rows * d * sizeof(lm_real));
    lm_product(true, rows, d, d, kept->mixed, d, p->projection, d, kept->between, d);
    lm_feed_forward(rows, d, size.hidden, &p->block, kept->between, &kept->block, ret_x);
}

static void run_forward(struct transformer_size size, const struct transformer_tensors *p,
                        const struct lm_batch *batch, const struct transformer_scratch *s)
{
    size_t rows = lm_rows(batch);
    embed(size, p, batch, s->kept[0].x);
    for (size_t i = 0; i < size.layers; i++)
        run_layer(size, &p->layer[i], batch, &s->kept[i], s->head_matrix,
                  i + 1 < size.layers ? s->kept[i + 1].x : s->x);
    lm_norm(rows, size.width, s->x, p->gain, s->normed, s->inverse);
    lm_linear(rows, size.width, size.vocabulary, s->normed, p->output, p->output_bias, s->logits);
}

static const lm_real *transformer_output_layer(const void *shape, const lm_real *parameters,
                                               const lm_real **ret_bias)
{
    struct transformer_tensors p = cut(size_of(shape), lm_unconst(parameters));
    *ret_bias = p.output_bias;
    return p.output;
}

static void transformer_forward(const void *shape, const lm_real *parameters,
                                const struct lm_batch *batch, const struct lm_outputs *outputs,
                                lm_real *scratch)
{
    struct transformer_size size = size_of(shape);
    struct transformer_scratch s =
        scratch_of(size, batch->sequence_count, batch->sequence_length, false, scratch);
    const struct transformer_tensors p = cut(size, lm_unconst(parameters));
    run_forward(size, &p, batch, &s);
    lm_head_outputs(batch, LM_BY_SEQUENCE, size.vocabulary, s.logits, size.width, s.normed,
                    outputs);
}

/* s->by_x, the derivative by the block's result, becomes that by its input. */
static void run_layer_back(struct transformer_size size, const struct transformer_layer *p,
                           const struct lm_batch *batch, const struct transformer_kept *kept,
                           const struct transformer_scratch *s, const struct transformer_layer *g)
{
    size_t rows = lm_rows(batch), d = size.width;
    lm_feed_forward_back(rows, d, size.hidden, &p->block, kept->between, &kept->block, s->by_x,
                         &g->block, &s->back);
    lm_linear_back(rows, d, d, kept->mixed, p->projection, s->by_x, g->projection, NULL,
                   s->back.by_normed, s->back.transposed);
    lm_attention_back(attention_size(size, batch), kept->joined, kept->weights, s->back.by_normed,
                      s->by_joined, s->by_weights, s->head_matrix);
    lm_linear_back(rows, d, 3 * d, kept->normed, p->joined, s->by_joined, g->joined, NULL,
                   s->back.by_normed, s->back.transposed);
    lm_norm_back(rows, d, kept->x, p->gain, kept->inverse, s->back.by_normed, s->by_x, g->gain);
}

static double transformer_loss_gradient(const void *shape, const lm_real *parameters,
                                        const struct lm_batch *batch, lm_real *ret_gradient,
                                        lm_real *ret_log_probability, lm_real *scratch)
{
    struct transformer_size size = size_of(shape);
    size_t rows = lm_rows(batch), d = size.width;
    struct transformer_scratch s =
        scratch_of(size, batch->sequence_count, batch->sequence_length, true, scratch);
    const struct transformer_tensors p = cut(size, lm_unconst(parameters)),
                                     g = cut(size, ret_gradient);
    run_forward(size, &p, batch, &s);
    double loss_nats =
        lm_head_gradient(batch, LM_BY_SEQUENCE, size.vocabulary, s.logits, ret_log_probability);

    lm_linear_back(rows, d, size.vocabulary, s.normed, p.output, s.logits, g.output, g.output_bias,
                   s.back.by_normed, s.back.transposed);
    lm_head_add_hidden(batch, LM_BY_SEQUENCE, d, s.back.by_normed);
    lm_fill(s.by_x, rows * d, 0);
    lm_norm_back(rows, d, s.x, p.gain, s.inverse, s.back.by_normed, s.by_x, g.gain);
    for (size_t i = size.layers; i-- > 0;)
        run_layer_back(size, &p.layer[i], batch, &s.kept[i], &s, &g.layer[i]);
    embed_back(size, batch, s.by_x, &g);
    return loss_nats;
}

const struct lm_ops transformer_ops = {
    .table = &transformer_table,
    .check = transformer_check,
    .vocabulary = transformer_vocabulary,
    .hidden_width = transformer_hidden_width,
    .sequence_length_max = transformer_sequence_length_max,
    .reach = transformer_sequence_length_max,
    .parameter_count = transformer_parameter_count,
    .tensors = transformer_list,
    .scratch_count = transformer_scratch_count,
    .forward_flop = transformer_forward_flop,
    .training_flop = transformer_training_flop,
    .init = transformer_init,
    .output_layer = transformer_output_layer,
    .forward = transformer_forward,
    .loss_gradient = transformer_loss_gradient,
};
