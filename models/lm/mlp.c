#include "lm/mlp.h"

#include "lm/head.h"
#include "lm/layers.h"
#include "lm/product.h"

enum { MLP_CONTEXT_MAX = 64 }; /* as the key's bound says */

static const struct param_key mlp_keys[] = {
    {"vocabulary", PARAM_U32, offsetof(struct mlp_shape, vocabulary), "2", "256", "64", NULL,
     "number of different tokens"},
    {"context", PARAM_U32, offsetof(struct mlp_shape, context), "1", "64", "8", NULL,
     "tokens that it sees"},
    {"embedding", PARAM_U32, offsetof(struct mlp_shape, embedding), "1", "1024", "16", NULL,
     "width of a token's vector"},
    {"hidden", PARAM_U32, offsetof(struct mlp_shape, hidden), "1", "4096", "96", NULL,
     "width of the hidden layer"},
};
static const struct param_table mlp_table =
    PARAM_TABLE("mlp", struct mlp_shape, mlp_keys, "two layers over the last few tokens");

struct mlp_size {
    size_t vocabulary, context, embedding, hidden;
};

static struct mlp_size size_of(const void *shape)
{
    const struct mlp_shape *mlp = shape;
    return (struct mlp_size){mlp->vocabulary, mlp->context, mlp->embedding, mlp->hidden};
}

struct mlp_tensors {
    lm_real *embedding;   /* E  [V][d] */
    lm_real *weight;      /* W  [n][d][h] */
    lm_real *bias;        /* b  [h] */
    lm_real *output;      /* Wo [h][V] */
    lm_real *output_bias; /* bo [V] */
};

static struct mlp_tensors cut(struct mlp_size size, lm_real *block)
{
    struct mlp_tensors t;
    t.embedding = block;
    t.weight = t.embedding + size.vocabulary * size.embedding;
    t.bias = t.weight + size.context * size.embedding * size.hidden;
    t.output = t.bias + size.hidden;
    t.output_bias = t.output + size.hidden * size.vocabulary;
    return t;
}

static uint32_t mlp_reach(const void *shape)
{
    return ((const struct mlp_shape *)shape)->context;
}

static size_t mlp_list(const void *shape, struct lm_tensor *ret_tensors)
{
    const struct mlp_shape *mlp = shape;
    const struct lm_tensor tensors[] = {
        {"embedding", 0, mlp->vocabulary, mlp->embedding, true},
        {"weight", 0, mlp->context * mlp->embedding, mlp->hidden, false},
        {"bias", 0, 1, mlp->hidden, false},
        {"output", 0, mlp->hidden, mlp->vocabulary, false},
        {"output_bias", 0, 1, mlp->vocabulary, false},
    };
    return lm_tensors_place(sizeof(tensors) / sizeof(tensors[0]), tensors, ret_tensors);
}

static uint32_t mlp_vocabulary(const void *shape)
{
    return ((const struct mlp_shape *)shape)->vocabulary;
}

static uint32_t mlp_hidden_width(const void *shape)
{
    return ((const struct mlp_shape *)shape)->hidden;
}

static size_t mlp_parameter_count(const void *shape)
{
    return lm_tensors_count(mlp_list, shape);
}

struct mlp_scratch {
    lm_real *distinct;    /* [D][d]    vectors of the batch's different tokens */
    lm_real *table;       /* [n][D][h] what each adds to the hidden sums at each distance */
    lm_real *hidden;      /* [rows][h] */
    lm_real *logits;      /* [rows][V] */
    lm_real *by_hidden;   /* [rows][h] */
    lm_real *by_distinct; /* [D][d] */
    lm_real *transposed;  /* [V][h] or [h][d] */
    size_t count;
};

static struct mlp_scratch scratch_of(struct mlp_size size, size_t rows, bool training,
                                     lm_real *base)
{
    struct lm_arena arena = {.base = base};
    struct mlp_scratch s = {0};
    size_t distinct = size.vocabulary < rows ? size.vocabulary : rows;
    s.distinct = lm_take(&arena, distinct * size.embedding);
    s.table = lm_take(&arena, size.context * distinct * size.hidden);
    s.hidden = lm_take(&arena, rows * size.hidden);
    s.logits = lm_take(&arena, rows * size.vocabulary);
    if (training) {
        size_t other = size.vocabulary > size.embedding ? size.vocabulary : size.embedding;
        s.by_hidden = lm_take(&arena, rows * size.hidden);
        s.by_distinct = lm_take(&arena, distinct * size.embedding);
        s.transposed = lm_take(&arena, other * size.hidden);
    }
    s.count = arena.used;
    return s;
}

static size_t mlp_scratch_count(const void *shape, uint32_t sequence_count,
                                uint32_t sequence_length, bool training)
{
    size_t rows = (size_t)sequence_count * sequence_length;
    return scratch_of(size_of(shape), rows, training, NULL).count;
}

static uint64_t mlp_forward_flop(const void *shape, uint32_t sequence_count,
                                 uint32_t sequence_length)
{
    return lm_tensors_flop(mlp_list, shape) * sequence_count * sequence_length;
}

static uint64_t mlp_training_flop(const void *shape, uint32_t sequence_count,
                                  uint32_t sequence_length)
{
    return 3 * mlp_forward_flop(shape, sequence_count, sequence_length);
}

static void mlp_init(const void *shape, struct stream *stream, lm_real *ret_parameters)
{
    struct mlp_size size = size_of(shape);
    struct mlp_tensors t = cut(size, ret_parameters);
    size_t in = size.context * size.embedding;
    lm_fill_random(stream, t.embedding, size.vocabulary * size.embedding, 1);
    lm_fill_random(stream, t.weight, in * size.hidden, __builtin_sqrt(2 / (double)in));
    lm_fill(t.bias, size.hidden, 0);
    lm_fill_random(stream, t.output, size.hidden * size.vocabulary,
                   0.5 / __builtin_sqrt((double)size.hidden));
    lm_fill(t.output_bias, size.vocabulary, 0);
}

/* Where in the table the parts of the hidden sum of row (b, t) lie: one for each token of the last
 * n that the sequence has already shown, the oldest first.  Returns their number. */
static size_t parts_of(struct mlp_size size, const struct lm_batch *batch,
                       const struct lm_distinct *distinct, size_t b, size_t t, lm_real *table,
                       lm_real **ret_parts)
{
    const uint8_t *token = batch->tokens + b * (batch->sequence_length + 1) + t;
    size_t count = t + 1 < size.context ? t + 1 : size.context;
    for (size_t i = 0; i < count; i++) {
        size_t back = count - 1 - i, k = size.context - 1 - back;
        ret_parts[i] =
            table + (k * distinct->count + distinct->index[*(token - back)]) * size.hidden;
    }
    return count;
}

/* Strips of this many vectors stay in registers while all parts are gone through: adding one whole
 * row after the other in memory took a tenth of a training step. */
enum { STRIP = 4, STRIP_REALS = STRIP * LM_LANES };

/* to = relu(bias + the parts, in their order) */
static void gather(size_t n, const lm_real *bias, size_t count, lm_real *const *parts, lm_real *to)
{
    size_t j = 0;
    for (; j + STRIP_REALS <= n; j += STRIP_REALS) {
        lm_vec sum[STRIP];
#pragma GCC unroll 4
        for (size_t i = 0; i < STRIP; i++)
            sum[i] = lm_load(bias + j + i * LM_LANES);
        for (size_t k = 0; k < count; k++)
#pragma GCC unroll 4
            for (size_t i = 0; i < STRIP; i++)
                sum[i] += lm_load(parts[k] + j + i * LM_LANES);
#pragma GCC unroll 4
        for (size_t i = 0; i < STRIP; i++)
            lm_store(to + j + i * LM_LANES, sum[i]);
    }
    memcpy(to + j, bias + j, (n - j) * sizeof(lm_real));
    for (size_t k = 0; k < count; k++)
        lm_add(n - j, parts[k] + j, to + j);
    lm_relu(n, to);
}

/* each part += from */
static void scatter(size_t n, const lm_real *from, size_t count, lm_real *const *parts)
{
    size_t j = 0;
    for (; j + STRIP_REALS <= n; j += STRIP_REALS) {
        lm_vec strip[STRIP];
#pragma GCC unroll 4
        for (size_t i = 0; i < STRIP; i++)
            strip[i] = lm_load(from + j + i * LM_LANES);
        for (size_t k = 0; k < count; k++)
#pragma GCC unroll 4
            for (size_t i = 0; i < STRIP; i++) {
                lm_real *to = parts[k] + j + i * LM_LANES;
                lm_store(to, lm_load(to) + strip[i]);
            }
    }
    for (size_t k = 0; k < count; k++)
        lm_add(n - j, from + j, parts[k] + j);
}

static void run_hidden(struct mlp_size size, const struct mlp_tensors *p,
                       const struct lm_batch *batch, const struct lm_distinct *distinct,
                       const struct mlp_scratch *s)
{
    size_t part = distinct->count * size.hidden;
    for (size_t i = 0; i < distinct->count; i++)
        memcpy(s->distinct + i * size.embedding, p->embedding + distinct->token[i] * size.embedding,
               size.embedding * sizeof(lm_real));
    for (size_t k = 0; k < size.context; k++)
        lm_product(false, distinct->count, size.hidden, size.embedding, s->distinct, size.embedding,
                   p->weight + k * size.embedding * size.hidden, size.hidden, s->table + k * part,
                   size.hidden);
    lm_real *parts[MLP_CONTEXT_MAX], *hidden = s->hidden;
    for (size_t b = 0; b < batch->sequence_count; b++)
        for (size_t t = 0; t < batch->sequence_length; t++, hidden += size.hidden) {
            size_t count = parts_of(size, batch, distinct, b, t, s->table, parts);
            gather(size.hidden, p->bias, count, parts, hidden);
        }
}

static const lm_real *mlp_output_layer(const void *shape, const lm_real *parameters,
                                       const lm_real **ret_bias)
{
    struct mlp_tensors p = cut(size_of(shape), lm_unconst(parameters));
    *ret_bias = p.output_bias;
    return p.output;
}

static void mlp_forward(const void *shape, const lm_real *parameters, const struct lm_batch *batch,
                        const struct lm_outputs *outputs, lm_real *scratch)
{
    struct mlp_size size = size_of(shape);
    size_t rows = lm_rows(batch);
    struct mlp_scratch s = scratch_of(size, rows, false, scratch);
    const struct mlp_tensors p = cut(size, lm_unconst(parameters));
    struct lm_distinct distinct;
    lm_distinct_init(&distinct, batch);
    run_hidden(size, &p, batch, &distinct, &s);
    if (outputs->logits != NULL || outputs->log_probability != NULL)
        lm_linear(rows, size.hidden, size.vocabulary, s.hidden, p.output, p.output_bias, s.logits);
    lm_head_outputs(batch, LM_BY_SEQUENCE, size.vocabulary, s.logits, size.hidden, s.hidden,
                    outputs);
}

/* The table becomes the derivative by the table, and from it come those by W and E. */
static void input_gradients(struct mlp_size size, const struct mlp_tensors *p,
                            const struct lm_batch *batch, const struct lm_distinct *distinct,
                            const struct mlp_scratch *s, const struct mlp_tensors *g)
{
    size_t part = distinct->count * size.hidden, matrix = size.embedding * size.hidden;
    lm_fill(s->table, size.context * part, 0);
    lm_real *parts[MLP_CONTEXT_MAX];
    const lm_real *by_hidden = s->by_hidden;
    for (size_t b = 0; b < batch->sequence_count; b++)
        for (size_t t = 0; t < batch->sequence_length; t++, by_hidden += size.hidden) {
            size_t count = parts_of(size, batch, distinct, b, t, s->table, parts);
            scatter(size.hidden, by_hidden, count, parts);
        }
    for (size_t k = 0; k < size.context; k++) {
        lm_product_transposed(false, size.embedding, size.hidden, distinct->count, s->distinct,
                              size.embedding, s->table + k * part, size.hidden,
                              g->weight + k * matrix, size.hidden);
        lm_transpose(size.embedding, size.hidden, p->weight + k * matrix, size.hidden,
                     s->transposed, size.embedding);
        lm_product(k > 0, distinct->count, size.embedding, size.hidden, s->table + k * part,
                   size.hidden, s->transposed, size.embedding, s->by_distinct, size.embedding);
    }
    lm_fill(g->embedding, size.vocabulary * size.embedding, 0);
    for (size_t i = 0; i < distinct->count; i++)
        memcpy(g->embedding + distinct->token[i] * size.embedding,
               s->by_distinct + i * size.embedding, size.embedding * sizeof(lm_real));
}

static double mlp_loss_gradient(const void *shape, const lm_real *parameters,
                                const struct lm_batch *batch, lm_real *ret_gradient,
                                lm_real *ret_log_probability, lm_real *scratch)
{
    struct mlp_size size = size_of(shape);
    size_t rows = lm_rows(batch);
    struct mlp_scratch s = scratch_of(size, rows, true, scratch);
    const struct mlp_tensors p = cut(size, lm_unconst(parameters)), g = cut(size, ret_gradient);
    struct lm_distinct distinct;
    lm_distinct_init(&distinct, batch);
    run_hidden(size, &p, batch, &distinct, &s);
    lm_linear(rows, size.hidden, size.vocabulary, s.hidden, p.output, p.output_bias, s.logits);
    double loss_nats =
        lm_head_gradient(batch, LM_BY_SEQUENCE, size.vocabulary, s.logits, ret_log_probability);

    lm_linear_back(rows, size.hidden, size.vocabulary, s.hidden, p.output, s.logits, g.output,
                   g.output_bias, s.by_hidden, s.transposed);
    lm_head_add_hidden(batch, LM_BY_SEQUENCE, size.hidden, s.by_hidden);
    lm_relu_back(rows * size.hidden, s.hidden, s.by_hidden);
    lm_fill(g.bias, size.hidden, 0);
    lm_add_columns(rows, size.hidden, s.by_hidden, g.bias);
    input_gradients(size, &p, batch, &distinct, &s, &g);
    return loss_nats;
}

const struct lm_ops mlp_ops = {
    .table = &mlp_table,
    .check = lm_check_nothing,
    .vocabulary = mlp_vocabulary,
    .hidden_width = mlp_hidden_width,
    .sequence_length_max = lm_any_length,
    .reach = mlp_reach,
    .parameter_count = mlp_parameter_count,
    .tensors = mlp_list,
    .scratch_count = mlp_scratch_count,
    .forward_flop = mlp_forward_flop,
    .training_flop = mlp_training_flop,
    .init = mlp_init,
    .output_layer = mlp_output_layer,
    .forward = mlp_forward,
    .loss_gradient = mlp_loss_gradient,
};
