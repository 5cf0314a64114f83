/*
 * bench_batches [PEER.py]: how fast one model learns and answers with batches of 64 and of 256
 * rows, parameters in the cache; beside OpenBLAS's products of the same shapes and, when PEER.py
 * (tests/bench/peer_batches.py) is named, PyTorch in the same minute.
 *
 * One figure a line: name, value, unit, separated by tabs.  Times are CPU time of one core, the
 * best of a few repeats.  `peak_share` counts the multiplications that a step really does (a
 * look-up and what equal tokens share are not among them) over OpenBLAS's best rate on this
 * machine; `products_share` is the part of the step's time that they take.
 */
#include "base/param_text.h"
#include "base/stream.h"
#include "lm/gru.h"
#include "lm/lm_list.h"
#include "lm/mlp.h"
#include "lm/product.h"
#include "lm/train.h"

#include <f77blas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { T = 16, WARM = 16, PRODUCTS_MAX = 16, V = 64, SUBJECTS = 4 };

struct product {
    bool transposed; /* the left factor */
    int count, m, n, k;
};

struct subject {
    const char *name;
    const struct lm_ops *ops;
    const void *shape;
};
static const struct mlp_shape mlp_20k = {64, 8, 16, 96}, mlp_103k = {64, 12, 32, 224};
static const struct gru_shape gru_m = {64, 32, 48}, gru_l = {64, 32, 96};
static const struct subject subjects[SUBJECTS] = {{"mlp_20k", &mlp_ops, &mlp_20k},
                                                  {"mlp_103k", &mlp_ops, &mlp_103k},
                                                  {"gru_m", &gru_ops, &gru_m},
                                                  {"gru_l", &gru_ops, &gru_l}};

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void print(const char *what, const char *name, int rows, double value, const char *unit)
{
    char line[96];
    snprintf(line, sizeof(line), what, name, rows);
    printf("%s\t%.6g\t%s\n", line, value, unit);
    fflush(stdout);
}

static float *floats(size_t count)
{
    float *block = aligned_alloc(LM_ALIGNMENT, (count * sizeof(float) + 127) / 64 * 64);
    for (size_t i = 0; i < count; i++)
        block[i] = 0.001F * (float)(i % 97);
    return block;
}

/* ---- sixteen agents of one shape */

struct warm {
    const struct subject *subject;
    int sequences;
    struct lm_optimiser optimiser;
    float *blocks[WARM], *spare, *scratch, *log_probability;
    uint8_t *tokens[WARM];
    uint64_t steps;
};

/* Text-like tokens: frequent ones far more frequent, the next one near the last. */
static void draw_tokens(struct stream *stream, size_t count, uint8_t *tokens)
{
    uint8_t token = 0;
    for (size_t i = 0; i < count; i++) {
        double u = stream_uniform(stream);
        token = (uint8_t)((token * 5 + (unsigned)(40 * u * u * u)) & 63);
        tokens[i] = token;
    }
}

static void warm_init(struct warm *w, const struct subject *subject, int sequences)
{
    struct stream stream;
    *w = (struct warm){.subject = subject, .sequences = sequences};
    param_defaults(&lm_optimiser_table, &w->optimiser);
    size_t count = lm_trainer.block_count(subject->ops, subject->shape, &w->optimiser);
    size_t tokens = (size_t)sequences * (T + 1);
    w->spare = floats(count);
    w->scratch =
        floats(lm_trainer.scratch_count(subject->ops, subject->shape, (uint32_t)sequences, T));
    w->log_probability = floats((size_t)sequences * T);
    stream_init(&stream, 2, STREAM_TEST, 0, 0);
    for (int i = 0; i < WARM; i++) {
        w->blocks[i] = floats(count);
        w->tokens[i] = malloc(tokens);
        lm_trainer.init(subject->ops, subject->shape, &w->optimiser, &stream, w->blocks[i]);
        draw_tokens(&stream, tokens, w->tokens[i]);
    }
}

static void warm_release(struct warm *w)
{
    for (int i = 0; i < WARM; i++) {
        free(w->blocks[i]);
        free(w->tokens[i]);
    }
    free(w->spare);
    free(w->scratch);
    free(w->log_probability);
}

static struct lm_batch batch_of(const struct warm *w, size_t call)
{
    return (struct lm_batch){.sequence_count = (uint32_t)w->sequences,
                             .sequence_length = T,
                             .tokens = w->tokens[call % WARM]};
}

static void train(void *context, size_t call)
{
    struct warm *w = context;
    float **block = &w->blocks[call % WARM], *spare = w->spare;
    struct lm_batch batch = batch_of(w, call);
    struct lm_step_result result;
    if (lm_trainer.step(w->subject->ops, w->subject->shape, &w->optimiser, w->steps++, *block,
                        &batch, spare, &result, w->scratch) != SIM_OK)
        abort();
    w->spare = *block;
    *block = spare;
}

static void infer(void *context, size_t call)
{
    struct warm *w = context;
    struct lm_batch batch = batch_of(w, call);
    w->subject->ops->forward(w->subject->shape, w->blocks[call % WARM], &batch,
                             &(struct lm_outputs){.log_probability = w->log_probability},
                             w->scratch);
}

static double call_s(void (*what)(void *context, size_t call), void *context, size_t calls)
{
    double best = 0;
    for (int repeat = 0; repeat < 4; repeat++) {
        double begin = cpu_s();
        for (size_t call = 0; call < calls; call++)
            what(context, call);
        double each = (cpu_s() - begin) / (double)calls;
        best = best == 0 || each < best ? each : best;
    }
    return best;
}

/* ---- the products of a training step, as gru.c and mlp.c do them */

static int list_gru(const struct gru_shape *g, int sequences, int distinct, struct product *ret)
{
    int d = (int)g->embedding, h = (int)g->hidden, rows = sequences * T;
    const struct product products[] = {
        {false, 1, distinct, 3 * h, d},
        {false, T - 1, sequences, 3 * h, h},
        {false, 1, rows, V, h},
        {true, 1, h, V, rows},
        {false, 1, rows, h, V},
        {false, T - 1, sequences, h, 3 * h},
        {true, 1, h, 3 * h, rows - sequences},
        {true, 1, d, 3 * h, distinct},
        {false, 1, distinct, d, 3 * h},
    };
    memcpy(ret, products, sizeof(products));
    return sizeof(products) / sizeof(products[0]);
}

static int list_mlp(const struct mlp_shape *p, int sequences, int distinct, struct product *ret)
{
    int d = (int)p->embedding, h = (int)p->hidden, c = (int)p->context, rows = sequences * T;
    const struct product products[] = {
        {false, c, distinct, h, d}, {false, 1, rows, V, h},    {true, 1, h, V, rows},
        {false, 1, rows, h, V},     {true, c, d, h, distinct}, {false, c, distinct, d, h},
    };
    memcpy(ret, products, sizeof(products));
    return sizeof(products) / sizeof(products[0]);
}

struct products {
    struct product list[PRODUCTS_MAX];
    int count;
    float *a, *b, *c;
};

static double products_flop(const struct products *p)
{
    double flop = 0;
    for (int i = 0; i < p->count; i++)
        flop += 2.0 * p->list[i].count * p->list[i].m * p->list[i].n * p->list[i].k;
    return flop;
}

static void multiply_ours(void *context, size_t call)
{
    const struct products *p = context;
    (void)call;
    for (int i = 0; i < p->count; i++) {
        const struct product *q = &p->list[i];
        size_t m = (size_t)q->m, n = (size_t)q->n, k = (size_t)q->k;
        for (int repeat = 0; repeat < q->count; repeat++)
            (q->transposed ? lm_product_transposed : lm_product)(
                false, m, n, k, p->a, q->transposed ? m : k, p->b, n, p->c, n);
    }
}

/* By columns, as Fortran has it: c^T = b^T a^T. */
static void multiply_blas(void *context, size_t call)
{
    const struct products *p = context;
    (void)call;
    float one = 1, zero = 0;
    char as_it_lies[] = "N", turned[] = "T";
    for (int i = 0; i < p->count; i++) {
        const struct product *q = &p->list[i];
        blasint m = q->m, n = q->n, k = q->k, a_step = q->transposed ? q->m : q->k;
        for (int repeat = 0; repeat < q->count; repeat++)
            sgemm_(as_it_lies, q->transposed ? turned : as_it_lies, &n, &m, &k, &one, p->b, &n,
                   p->a, &a_step, &zero, p->c, &n);
    }
}

/* Different tokens among a batch's inputs, on average over the agents. */
static int mean_distinct(const struct warm *w)
{
    int sum = 0;
    for (int i = 0; i < WARM; i++) {
        bool seen[256] = {false};
        for (int k = 0; k < w->sequences * (T + 1); k++) {
            bool is_input = k % (T + 1) < T;
            sum += is_input && !seen[w->tokens[i][k]];
            seen[w->tokens[i][k]] |= is_input;
        }
    }
    return sum / WARM;
}

static double bench_subject(const struct subject *subject, int rows, double peak,
                            struct products *p)
{
    struct warm w;
    warm_init(&w, subject, rows / T);
    double train_s = call_s(train, &w, 300), infer_s = call_s(infer, &w, 300);
    int distinct = mean_distinct(&w);
    p->count = subject->ops == &gru_ops ? list_gru(subject->shape, w.sequences, distinct, p->list)
                                        : list_mlp(subject->shape, w.sequences, distinct, p->list);
    double ours_s = call_s(multiply_ours, p, 300), blas_s = call_s(multiply_blas, p, 300);
    double formula = (double)subject->ops->training_flop(subject->shape, (uint32_t)w.sequences, T);
    print("train.%s.m%d.tokens_per_s", subject->name, rows, rows / train_s, "tokens/s/core");
    print("infer.%s.m%d.tokens_per_s", subject->name, rows, rows / infer_s, "tokens/s/core");
    print("train.%s.m%d.peak_share", subject->name, rows, products_flop(p) / train_s / peak,
          "of OpenBLAS's sgemm at 256");
    print("train.%s.m%d.formula_share", subject->name, rows, formula / train_s / peak,
          "of the same, by the plain formula's operations");
    print("train.%s.m%d.products_share", subject->name, rows, ours_s / train_s,
          "of the step's time");
    print("products.%s.m%d.flop_per_s", subject->name, rows, products_flop(p) / ours_s, "FLOP/s");
    print("products.%s.m%d.openblas.flop_per_s", subject->name, rows, products_flop(p) / blas_s,
          "FLOP/s");
    warm_release(&w);
    return rows / train_s;
}

/* Repeats the peer's lines, and adds ours in units of each: names are torch.train.NAME.mROWS.HOW.
 */
static void bench_peer(const char *script, double rates[SUBJECTS][2])
{
    char command[4096], name[96], unit[96], part[48];
    double value;
    snprintf(command, sizeof(command), "/usr/bin/python3 '%s'", script);
    FILE *peer = popen(command, "r");
    while (peer != NULL && fscanf(peer, " %95[^\t] %lf %95[^\n]", name, &value, unit) == 3) {
        printf("%s\t%.6g\t%s\n", name, value, unit);
        for (int s = 0; s < SUBJECTS; s++)
            for (int large = 0; large < 2; large++) {
                snprintf(part, sizeof(part), ".%s.m%d.", subjects[s].name, large ? 256 : 64);
                if (strstr(name, part) != NULL)
                    printf("%s.ours_over_it\t%.3g\tx\n", name, rates[s][large] / value);
            }
        fflush(stdout);
    }
    if (peer != NULL)
        pclose(peer);
}

int main(int argc, char **argv)
{
    struct sim_error err = {0};
    if (lm_kernel_check(&err) != SIM_OK) {
        fprintf(stderr, "bench_batches: %s\n", err.text);
        return 1;
    }
    double rates[SUBJECTS][2];
    struct products p = {.a = floats(1 << 18), .b = floats(1 << 18), .c = floats(1 << 18)};
    p.list[0] = (struct product){false, 1, 256, 256, 256};
    p.count = 1;
    double peak = products_flop(&p) / call_s(multiply_blas, &p, 100);
    printf("sgemm.openblas.256.flop_per_s\t%.6g\tFLOP/s\n", peak);
    for (int s = 0; s < SUBJECTS; s++)
        for (int large = 0; large < 2; large++)
            rates[s][large] = bench_subject(&subjects[s], large ? 256 : 64, peak, &p);
    if (argc > 1)
        bench_peer(argv[1], rates);
    free(p.a);
    free(p.b);
    free(p.c);
    return 0;
}
