#include "lm/gru.h"

#include "lm/head.h"
#include "lm/product.h"

static const struct param_key gru_keys[] = {
    {"vocabulary", PARAM_U32, offsetof(struct gru_shape, vocabulary), "2", "256", "64", NULL,
     "number of different tokens"},
    {"embedding", PARAM_U32, offsetof(struct gru_shape, embedding), "1", "1024", "32", NULL,
     "width of a token's vector"},
    {"hidden", PARAM_U32, offsetof(struct gru_shape, hidden), "1", "1024", "48", NULL,
     "width of the state"},
};
static const struct param_table gru_table =
    PARAM_TABLE("gru", struct gru_shape, gru_keys,
                "one layer of gated recurrent units; the best of the small models");

/* The parameter block, or its gradient, cut into its tensors. */
struct gru_tensors {
    lm_real *embedding;   /* E  [V][d] */
    lm_real *input;       /* W  [d][3h], columns r, z, n */
    lm_real *input_bias;  /* b  [3h] */
    lm_real *recurrent;   /* U  [h][3h] */
    lm_real *output;      /* Wo [h][V] */
    lm_real *output_bias; /* bo [V] */
};

/* The sizes that every function needs. */
struct gru_size {
    size_t vocabulary, embedding, hidden, gates; /* gates = 3 hidden */
};

static struct gru_size size_of(const void *shape)
{
    const struct gru_shape *gru = shape;
    return (struct gru_size){gru->vocabulary, gru->embedding, gru->hidden, 3 * gru->hidden};
}

static uint32_t gru_vocabulary(const void *shape)
{
    return ((const struct gru_shape *)shape)->vocabulary;
}

static uint32_t gru_hidden_width(const void *shape)
{
    return ((const struct gru_shape *)shape)->hidden;
}

static uint32_t gru_reach(const void *shape)
{
    (void)shape;
    return 0;
}

static size_t gru_list(const void *shape, struct lm_tensor *ret_tensors)
{
    const struct gru_shape *gru = shape;
    uint32_t vocabulary = gru->vocabulary, embedding = gru->embedding, hidden = gru->hidden;
    const struct lm_tensor tensors[] = {
        {"embedding", 0, vocabulary, embedding, true}, {"input", 0, embedding, 3 * hidden, false},
        {"input_bias", 0, 1, 3 * hidden, false},       {"recurrent", 0, hidden, 3 * hidden, false},
        {"output", 0, hidden, vocabulary, false},      {"output_bias", 0, 1, vocabulary, false},
    };
    return lm_tensors_place(sizeof(tensors) / sizeof(tensors[0]), tensors, ret_tensors);
}

static size_t gru_parameter_count(const void *shape)
{
    return lm_tensors_count(gru_list, shape);
}

static struct gru_tensors cut(struct gru_size size, lm_real *block)
{
    struct gru_tensors t;
    t.embedding = block;
    t.input = t.embedding + size.vocabulary * size.embedding;
    t.input_bias = t.input + size.embedding * size.gates;
    t.recurrent = t.input_bias + size.gates;
    t.output = t.recurrent + size.hidden * size.gates;
    t.output_bias = t.output + size.hidden * size.vocabulary;
    return t;
}

/* Scratch of a pass; rows are numbered by time.  The backward pass writes over what the forward
 * pass left: gates become the derivatives of their sums, candidate those of n's. */
struct gru_scratch {
    lm_real *distinct;         /* [D][d]     vectors of the batch's different tokens */
    lm_real *table;            /* [D][3h]    what each of them adds to the gates' sums */
    lm_real *state;            /* [T+1][B][h] h_{-1} .. h_{T-1} */
    lm_real *product;          /* [B][3h]    h_{t-1} U of one instant */
    lm_real *logits;           /* [T][B][V] */
    lm_real *gates;            /* [T][B][3h] r, z, n */
    lm_real *candidate;        /* [T][B][h]  h_{t-1} Un */
    lm_real *transposed;       /* [3h][h], [V][h] or [3h][d]: one weight matrix at a time */
    lm_real *state_gradient;   /* [T][B][h] from the logits */
    lm_real *carried_gradient; /* [B][h]    from the instant after */
    size_t count;
};

static struct gru_scratch scratch_of(struct gru_size size, size_t sequences, size_t length,
                                     bool training, lm_real *base)
{
    struct lm_arena arena = {.base = base};
    struct gru_scratch s = {0};
    size_t rows = sequences * length;
    size_t distinct = size.vocabulary < rows ? size.vocabulary : rows;
    size_t kept = training ? rows : sequences; /* inference forgets the gates of past instants */
    s.distinct = lm_take(&arena, distinct * size.embedding);
    s.table = lm_take(&arena, distinct * size.gates);
    s.state = lm_take(&arena, (rows + sequences) * size.hidden);
    s.product = lm_take(&arena, sequences * size.gates);
    s.logits = lm_take(&arena, rows * size.vocabulary);
    s.gates = lm_take(&arena, kept * size.gates);
    s.candidate = lm_take(&arena, kept * size.hidden);
    if (training) {
        size_t widest = size.gates > size.vocabulary ? size.gates : size.vocabulary;
        size_t other = size.hidden > size.embedding ? size.hidden : size.embedding;
        s.transposed = lm_take(&arena, widest * other);
        s.state_gradient = lm_take(&arena, rows * size.hidden);
        s.carried_gradient = lm_take(&arena, sequences * size.hidden);
    }
    s.count = arena.used;
    return s;
}

static size_t gru_scratch_count(const void *shape, uint32_t sequence_count,
                                uint32_t sequence_length, bool training)
{
    return scratch_of(size_of(shape), sequence_count, sequence_length, training, NULL).count;
}

/* Multiplied weights and biases, each two operations a row. */
static uint64_t gru_forward_flop(const void *shape, uint32_t sequence_count,
                                 uint32_t sequence_length)
{
    return lm_tensors_flop(gru_list, shape) * sequence_count * sequence_length;
}

static uint64_t gru_training_flop(const void *shape, uint32_t sequence_count,
                                  uint32_t sequence_length)
{
    return 3 * gru_forward_flop(shape, sequence_count, sequence_length);
}

static void gru_init(const void *shape, struct stream *stream, lm_real *ret_parameters)
{
    struct gru_size size = size_of(shape);
    struct gru_tensors t = cut(size, ret_parameters);
    lm_fill_random(stream, t.embedding, size.vocabulary * size.embedding, 1);
    lm_fill_random(stream, t.input, size.embedding * size.gates,
                   1 / __builtin_sqrt((double)size.embedding));
    lm_fill(t.input_bias, size.gates, 0);
    lm_fill_random(stream, t.recurrent, size.hidden * size.gates,
                   1 / __builtin_sqrt((double)size.hidden));
    lm_fill_random(stream, t.output, size.hidden * size.vocabulary,
                   0.5 / __builtin_sqrt((double)size.hidden));
    lm_fill(t.output_bias, size.vocabulary, 0);
}

/* table[i] = E[token i] W + b for each different token. */
static void fill_table(struct gru_size size, const struct gru_tensors *p,
                       const struct lm_distinct *distinct, const struct gru_scratch *s)
{
    for (size_t i = 0; i < distinct->count; i++) {
        memcpy(s->distinct + i * size.embedding, p->embedding + distinct->token[i] * size.embedding,
               size.embedding * sizeof(lm_real));
        memcpy(s->table + i * size.gates, p->input_bias, size.gates * sizeof(lm_real));
    }
    lm_product(true, distinct->count, size.gates, size.embedding, s->distinct, size.embedding,
               p->input, size.gates, s->table, size.gates);
}

/* One unit's row at one instant: x and u are [3h] sums from the input and from the state. */
static void gate_row(size_t hidden, const lm_real *restrict x, const lm_real *restrict u,
                     const lm_real *restrict before, lm_real *restrict gates,
                     lm_real *restrict candidate, lm_real *restrict after)
{
    for (size_t j = 0; j < 2 * hidden; j++)
        gates[j] = lm_sigmoid(x[j] + u[j]);
    for (size_t j = 0; j < hidden; j++) {
        lm_real from_state = u[2 * hidden + j];
        lm_real n = lm_tanh(lm_fma(gates[j], from_state, x[2 * hidden + j]));
        candidate[j] = from_state;
        gates[2 * hidden + j] = n;
        after[j] = lm_fma(gates[hidden + j], before[j] - n, n);
    }
}

/* All states; with `keep`, every instant's gates, otherwise only the last one's.  The first instant
 * has no state to multiply, unless the batch brings one. */
static void run_states(struct gru_size size, const struct gru_tensors *p,
                       const struct lm_batch *batch, const struct lm_distinct *distinct, bool keep,
                       const struct gru_scratch *s)
{
    size_t sequences = batch->sequence_count;
    if (batch->state == NULL)
        lm_fill(s->state, sequences * size.hidden, 0);
    else
        memcpy(s->state, batch->state, sequences * size.hidden * sizeof(lm_real));
    for (size_t time = 0; time < batch->sequence_length; time++) {
        const lm_real *before = s->state + time * sequences * size.hidden;
        if (time == 0 && batch->state == NULL)
            lm_fill(s->product, sequences * size.gates, 0);
        else
            lm_product(false, sequences, size.gates, size.hidden, before, size.hidden, p->recurrent,
                       size.gates, s->product, size.gates);
        for (size_t b = 0; b < sequences; b++) {
            size_t row = time * sequences + b, slot = keep ? row : b;
            uint8_t token = *lm_token_at(batch, b * batch->sequence_length + time);
            gate_row(size.hidden, s->table + distinct->index[token] * size.gates,
                     s->product + b * size.gates, before + b * size.hidden,
                     s->gates + slot * size.gates, s->candidate + slot * size.hidden,
                     s->state + (row + sequences) * size.hidden);
        }
    }
}

/* logits = H Wo + bo over all rows. */
static void fill_logits(struct gru_size size, const struct gru_tensors *p, size_t rows,
                        const lm_real *states, lm_real *logits)
{
    for (size_t row = 0; row < rows; row++)
        memcpy(logits + row * size.vocabulary, p->output_bias, size.vocabulary * sizeof(lm_real));
    lm_product(true, rows, size.vocabulary, size.hidden, states, size.hidden, p->output,
               size.vocabulary, logits, size.vocabulary);
}

static const lm_real *gru_output_layer(const void *shape, const lm_real *parameters,
                                       const lm_real **ret_bias)
{
    struct gru_tensors p = cut(size_of(shape), lm_unconst(parameters));
    *ret_bias = p.output_bias;
    return p.output;
}

static void gru_forward(const void *shape, const lm_real *parameters, const struct lm_batch *batch,
                        const struct lm_outputs *outputs, lm_real *scratch)
{
    struct gru_size size = size_of(shape);
    struct gru_scratch s =
        scratch_of(size, batch->sequence_count, batch->sequence_length, false, scratch);
    const struct gru_tensors p = cut(size, lm_unconst(parameters));
    struct lm_distinct distinct;
    lm_distinct_init(&distinct, batch);
    fill_table(size, &p, &distinct, &s);
    run_states(size, &p, batch, &distinct, false, &s);
    const lm_real *states = s.state + batch->sequence_count * size.hidden;
    if (outputs->logits != NULL || outputs->log_probability != NULL)
        fill_logits(size, &p, lm_rows(batch), states, s.logits);
    lm_head_outputs(batch, LM_BY_TIME, size.vocabulary, s.logits, size.hidden, states, outputs);
}

/* One row back through the gates.  In: r, z, n and h_{t-1} Un.  Out, in their places: the
 * derivatives by the gates' sums from the state [3h], and by n's sum from the input [h].  `carried`
 * [h] becomes the part of the derivative by h_{t-1} that goes past the gates. */
static void gate_row_back(size_t hidden, const lm_real *restrict before,
                          const lm_real *restrict from_logits, lm_real *restrict gates,
                          lm_real *restrict candidate, lm_real *restrict carried)
{
    for (size_t j = 0; j < hidden; j++) {
        lm_real r = gates[j], z = gates[hidden + j], n = gates[2 * hidden + j];
        lm_real by_state = from_logits[j] + carried[j];
        lm_real by_n = by_state * (1 - z) * (1 - n * n);
        lm_real by_z = by_state * (before[j] - n) * z * (1 - z);
        lm_real by_r = by_n * candidate[j] * r * (1 - r);
        gates[j] = by_r;
        gates[hidden + j] = by_z;
        gates[2 * hidden + j] = by_n * r;
        candidate[j] = by_n;
        carried[j] = by_state * z;
    }
}

/* From the last instant to the first; leaves the derivatives in s->gates and s->candidate. */
static void run_back(struct gru_size size, const struct gru_tensors *p,
                     const struct lm_batch *batch, const struct gru_scratch *s)
{
    size_t sequences = batch->sequence_count;
    lm_transpose(size.hidden, size.gates, p->recurrent, size.gates, s->transposed, size.hidden);
    lm_fill(s->carried_gradient, sequences * size.hidden, 0);
    for (size_t time = batch->sequence_length; time-- > 0;) {
        for (size_t b = 0; b < sequences; b++) {
            size_t row = time * sequences + b;
            gate_row_back(size.hidden, s->state + row * size.hidden,
                          s->state_gradient + row * size.hidden, s->gates + row * size.gates,
                          s->candidate + row * size.hidden, s->carried_gradient + b * size.hidden);
        }
        if (time > 0)
            lm_product(true, sequences, size.hidden, size.gates,
                       s->gates + time * sequences * size.gates, size.gates, s->transposed,
                       size.hidden, s->carried_gradient, size.hidden);
    }
}

/* The derivative by U; the rows of the first instant have no state and add nothing. */
static void recurrent_gradient(struct gru_size size, const struct lm_batch *batch,
                               const struct gru_scratch *s, lm_real *ret_by_recurrent)
{
    size_t sequences = batch->sequence_count, rows = lm_rows(batch) - sequences;
    lm_product_transposed(false, size.hidden, size.gates, rows, s->state + sequences * size.hidden,
                          size.hidden, s->gates + sequences * size.gates, size.gates,
                          ret_by_recurrent, size.gates);
}

/* The derivatives by E, W and b, through the sums for each different token. */
static void input_gradients(struct gru_size size, const struct gru_tensors *p,
                            const struct lm_batch *batch, const struct lm_distinct *distinct,
                            const struct gru_scratch *s, const struct gru_tensors *g)
{
    lm_fill(s->table, distinct->count * size.gates, 0);
    for (size_t row = 0; row < lm_rows(batch); row++) {
        uint8_t token = *lm_token_at(batch, lm_place(batch, LM_BY_TIME, row));
        lm_real *restrict sum = s->table + distinct->index[token] * size.gates;
        const lm_real *restrict by_gates = s->gates + row * size.gates;
        const lm_real *restrict by_n = s->candidate + row * size.hidden;
        for (size_t j = 0; j < 2 * size.hidden; j++)
            sum[j] += by_gates[j];
        for (size_t j = 0; j < size.hidden; j++)
            sum[2 * size.hidden + j] += by_n[j];
    }
    lm_fill(g->input_bias, size.gates, 0);
    lm_add_columns(distinct->count, size.gates, s->table, g->input_bias);
    lm_product_transposed(false, size.embedding, size.gates, distinct->count, s->distinct,
                          size.embedding, s->table, size.gates, g->input, size.gates);
    lm_transpose(size.embedding, size.gates, p->input, size.gates, s->transposed, size.embedding);
    lm_product(false, distinct->count, size.embedding, size.gates, s->table, size.gates,
               s->transposed, size.embedding, s->distinct, size.embedding);
    lm_fill(g->embedding, size.vocabulary * size.embedding, 0);
    for (size_t i = 0; i < distinct->count; i++)
        memcpy(g->embedding + distinct->token[i] * size.embedding, s->distinct + i * size.embedding,
               size.embedding * sizeof(lm_real));
}

/* The derivatives by Wo and bo, and by the states. */
static void output_gradients(struct gru_size size, const struct gru_tensors *p, size_t rows,
                             const lm_real *states, const struct gru_scratch *s,
                             const struct gru_tensors *g)
{
    lm_product_transposed(false, size.hidden, size.vocabulary, rows, states, size.hidden, s->logits,
                          size.vocabulary, g->output, size.vocabulary);
    lm_fill(g->output_bias, size.vocabulary, 0);
    lm_add_columns(rows, size.vocabulary, s->logits, g->output_bias);
    lm_transpose(size.hidden, size.vocabulary, p->output, size.vocabulary, s->transposed,
                 size.hidden);
    lm_product(false, rows, size.hidden, size.vocabulary, s->logits, size.vocabulary, s->transposed,
               size.hidden, s->state_gradient, size.hidden);
}

static double gru_loss_gradient(const void *shape, const lm_real *parameters,
                                const struct lm_batch *batch, lm_real *ret_gradient,
                                lm_real *ret_log_probability, lm_real *scratch)
{
    struct gru_size size = size_of(shape);
    struct gru_scratch s =
        scratch_of(size, batch->sequence_count, batch->sequence_length, true, scratch);
    const struct gru_tensors p = cut(size, lm_unconst(parameters)), g = cut(size, ret_gradient);
    size_t rows = lm_rows(batch);
    struct lm_distinct distinct;
    lm_distinct_init(&distinct, batch);
    fill_table(size, &p, &distinct, &s);
    run_states(size, &p, batch, &distinct, true, &s);
    const lm_real *states = s.state + batch->sequence_count * size.hidden;
    fill_logits(size, &p, rows, states, s.logits);
    double loss_nats =
        lm_head_gradient(batch, LM_BY_TIME, size.vocabulary, s.logits, ret_log_probability);

    output_gradients(size, &p, rows, states, &s, &g);
    lm_head_add_hidden(batch, LM_BY_TIME, size.hidden, s.state_gradient);
    run_back(size, &p, batch, &s);
    recurrent_gradient(size, batch, &s, g.recurrent);
    input_gradients(size, &p, batch, &distinct, &s, &g);
    return loss_nats;
}

const struct lm_ops gru_ops = {
    .table = &gru_table,
    .check = lm_check_nothing,
    .vocabulary = gru_vocabulary,
    .hidden_width = gru_hidden_width,
    .sequence_length_max = lm_any_length,
    .reach = gru_reach,
    .parameter_count = gru_parameter_count,
    .tensors = gru_list,
    .scratch_count = gru_scratch_count,
    .forward_flop = gru_forward_flop,
    .training_flop = gru_training_flop,
    .init = gru_init,
    .output_layer = gru_output_layer,
    .forward = gru_forward,
    .loss_gradient = gru_loss_gradient,
};
