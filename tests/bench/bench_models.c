/*
 * bench_models [AGENTS [PEER.py]]: how fast the language models learn and answer, through the
 * compute pool as in a run; beside OpenBLAS's products of the same shapes and, when PEER.py
 * (tests/bench/peer_models.py) is named, PyTorch in the same minute.
 *
 * One figure a line: name, value, unit, separated by tabs.  Tokens per second are per core: CPU
 * time of the process, one thread; the speed-up of two cores is of wall time.  Each figure is the
 * best of a few repeats.  AGENTS is 4096 unless told.
 */
#include "base/digest.h"
#include "base/param_text.h"
#include "base/stream.h"
#include "compute/compute.h"
#include "compute/version.h"
#include "lm/gru.h"
#include "lm/lm_list.h"
#include "lm/product.h"
#include "lm/train.h"
#include "scorer/scorer_list.h"

#include <f77blas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { B = 8, T = 16, TOKENS = B * (T + 1), ROWS = B * T, AGENTS = 4096, WINDOW = 256 };
enum { KIND_TRAIN, KIND_INFER };

/* 50, 40 and 10 of 100 agents. */
static const struct gru_shape tiers[3] = {
    {.vocabulary = 64, .embedding = 16, .hidden = 16},
    {.vocabulary = 64, .embedding = 32, .hidden = 48},
    {.vocabulary = 64, .embedding = 32, .hidden = 96},
};
static const char *const tier_names[3] = {"gru_s", "gru_m", "gru_l"};
static const double tier_share[3] = {0.5, 0.4, 0.1};

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void print(const char *name, double value, const char *unit)
{
    printf("%s\t%.6g\t%s\n", name, value, unit);
    fflush(stdout);
}

static _Noreturn void give_up(const struct sim_error *err)
{
    fprintf(stderr, "bench_models: %s\n", err->text);
    exit(1);
}

/* ---- jobs, as a neuron starts them ---- */

struct model_input {
    const struct gru_shape *shape;
    const struct lm_optimiser *optimiser;
    const struct version *from;
    struct version *into;
    uint64_t step;
    uint8_t tokens[TOKENS];
};

static enum sim_status train_job(const void *input, void *output,
                                 const struct compute_scratch *scratch)
{
    const struct model_input *in = input;
    struct lm_batch batch = {.sequence_count = B, .sequence_length = T, .tokens = in->tokens};
    return lm_trainer.step(&gru_ops, in->shape, in->optimiser, in->step, in->from->values, &batch,
                           in->into->values, output, scratch->bytes);
}

static enum sim_status infer_job(const void *input, void *output,
                                 const struct compute_scratch *scratch)
{
    const struct model_input *in = input;
    struct lm_batch batch = {.sequence_count = B, .sequence_length = T, .tokens = in->tokens};
    gru_ops.forward(in->shape, in->from->values, &batch,
                    &(struct lm_outputs){.log_probability = output}, scratch->bytes);
    return SIM_OK;
}

struct agent {
    const struct gru_shape *shape;
    struct version *version, *next;
    struct compute_ticket ticket;
};

struct mix {
    struct compute_pool *pool;
    struct version_pool *versions;
    struct agent *agents;
    size_t agent_count;
    struct lm_optimiser optimiser;
    uint64_t steps;
    struct digest digest;
};

/* Text-like tokens: frequent ones far more frequent, the next one near the last. */
static void draw_tokens(struct stream *stream, uint8_t *tokens)
{
    uint8_t token = 0;
    for (size_t i = 0; i < TOKENS; i++) {
        double u = stream_uniform(stream);
        token = (uint8_t)((token * 5 + (unsigned)(40 * u * u * u)) & 63);
        tokens[i] = token;
    }
}

static void start(struct mix *mix, size_t index, uint32_t kind, uint32_t round)
{
    struct sim_error err = {0};
    struct agent *agent = &mix->agents[index];
    struct model_input input = {.shape = agent->shape,
                                .optimiser = &mix->optimiser,
                                .from = agent->version,
                                .step = mix->steps};
    struct stream stream;
    stream_init(&stream, 1, STREAM_TRAIN_DATA, index, round);
    draw_tokens(&stream, input.tokens);
    struct compute_job job = {.kind = kind,
                              .input = &input,
                              .input_bytes = sizeof(input),
                              .group = agent->version->id,
                              .holds = {agent->version},
                              .hold_count = 1};
    if (kind == KIND_TRAIN) {
        if (version_create(mix->versions, agent->version->value_count, &input.into, &err) != SIM_OK)
            give_up(&err);
        agent->next = input.into;
        job.run = train_job;
        job.output_bytes = sizeof(struct lm_step_result);
        job.scratch_bytes = sizeof(float) * lm_trainer.scratch_count(&gru_ops, agent->shape, B, T);
        job.work_flop = gru_ops.training_flop(agent->shape, B, T);
        job.holds[job.hold_count++] = input.into;
    } else {
        job.run = infer_job;
        job.output_bytes = ROWS * sizeof(float);
        job.scratch_bytes = sizeof(float) * gru_ops.scratch_count(agent->shape, B, T, false);
        job.work_flop = gru_ops.forward_flop(agent->shape, B, T);
    }
    if (compute_start(mix->pool, &job, &agent->ticket, &err) != SIM_OK)
        give_up(&err);
}

static void finish(struct mix *mix, size_t index, uint32_t kind)
{
    struct sim_error err = {0};
    struct agent *agent = &mix->agents[index];
    const void *output;
    if (compute_redeem(mix->pool, agent->ticket, &output, &err) != SIM_OK)
        give_up(&err);
    digest_bytes(&mix->digest, output, kind == KIND_TRAIN ? sizeof(double) : ROWS * sizeof(float));
    compute_drop(mix->pool, agent->ticket);
    if (kind == KIND_TRAIN) {
        version_release(agent->version);
        agent->version = agent->next;
    }
}

/* Every agent once, WINDOW tickets open at a time. */
static void pass(struct mix *mix, uint32_t kind, uint32_t round)
{
    for (size_t i = 0; i < mix->agent_count + WINDOW; i++) {
        if (i >= WINDOW)
            finish(mix, i - WINDOW, kind);
        if (i < mix->agent_count)
            start(mix, i, kind, round);
    }
    mix->steps += kind == KIND_TRAIN;
}

static void mix_init(struct mix *mix, size_t agent_count, uint32_t threads)
{
    struct sim_error err = {0};
    *mix = (struct mix){.agent_count = agent_count};
    digest_init(&mix->digest);
    param_defaults(&lm_optimiser_table, &mix->optimiser);
    mix->agents = calloc(agent_count, sizeof(*mix->agents));
    if (compute_create(&(struct compute_options){.threads = threads}, &mix->pool, &err) ||
        version_pool_create(0, &mix->versions, &err))
        give_up(&err);
    for (size_t i = 0; i < agent_count; i++) {
        struct agent *agent = &mix->agents[i];
        size_t share = i * 7919 % 10;
        agent->shape = &tiers[share < 5 ? 0 : share < 9 ? 1 : 2];
        size_t count = lm_trainer.block_count(&gru_ops, agent->shape, &mix->optimiser);
        if (version_create(mix->versions, count, &agent->version, &err) != SIM_OK)
            give_up(&err);
        struct stream stream;
        stream_init(&stream, 1, STREAM_MODEL_INIT, i, 0);
        lm_trainer.init(&gru_ops, agent->shape, &mix->optimiser, &stream, agent->version->values);
    }
}

static void mix_release(struct mix *mix)
{
    compute_free(mix->pool);
    for (size_t i = 0; i < mix->agent_count; i++)
        version_release(mix->agents[i].version);
    version_pool_free(mix->versions);
    free(mix->agents);
}

struct mix_times {
    double train_cpu_s, train_wall_s, infer_cpu_s, infer_wall_s;
    uint64_t digest;
};

static void keep_least(double *least, double value)
{
    if (*least == 0 || value < *least)
        *least = value;
}

static struct mix_times time_mix(size_t agent_count, uint32_t threads, uint32_t rounds)
{
    struct mix mix;
    struct mix_times times = {0};
    mix_init(&mix, agent_count, threads);
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t kind = KIND_TRAIN; kind <= KIND_INFER; kind++) {
            double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
            pass(&mix, kind, 2 * round + kind);
            cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
            wall = seconds(CLOCK_MONOTONIC) - wall;
            keep_least(kind == KIND_TRAIN ? &times.train_cpu_s : &times.infer_cpu_s, cpu);
            keep_least(kind == KIND_TRAIN ? &times.train_wall_s : &times.infer_wall_s, wall);
        }
    }
    times.digest = digest_value(&mix.digest);
    mix_release(&mix);
    return times;
}

static void bench_mix(size_t agent_count)
{
    enum { ROUNDS = 4 };
    struct mix_times one = time_mix(agent_count, 1, ROUNDS), two = time_mix(agent_count, 2, ROUNDS);
    double tokens = (double)agent_count * ROWS;
    print("train.default_mix.tokens_per_s", tokens / one.train_cpu_s, "tokens/s/core");
    print("infer.default_mix.tokens_per_s", tokens / one.infer_cpu_s, "tokens/s/core");
    print("train.default_mix.two_threads.tokens_per_s", tokens / two.train_wall_s, "tokens/s");
    print("infer.default_mix.two_threads.tokens_per_s", tokens / two.infer_wall_s, "tokens/s");
    print("train.two_core_speedup", one.train_wall_s / two.train_wall_s, "x");
    print("infer.two_core_speedup", one.infer_wall_s / two.infer_wall_s, "x");
    print("pool.equal_digests", one.digest == two.digest, "1=yes");
    printf("pool.digest\t%016llx\tchecksum\n", (unsigned long long)one.digest);
}

/* ---- one model after the other, without the pool ---- */

/* Seconds of CPU that one call of `what` takes: the best of a few repeats of many calls. */
struct timed {
    void (*what)(void *context, size_t call);
    void *context;
};

static double call_seconds(struct timed timed, size_t calls)
{
    double best = 0;
    for (int repeat = 0; repeat < 4; repeat++) {
        double begin = seconds(CLOCK_PROCESS_CPUTIME_ID);
        for (size_t call = 0; call < calls; call++)
            timed.what(timed.context, call);
        keep_least(&best, (seconds(CLOCK_PROCESS_CPUTIME_ID) - begin) / (double)calls);
    }
    return best;
}

static float *floats(size_t count)
{
    float *block = aligned_alloc(LM_ALIGNMENT, (count * sizeof(float) + 127) / 64 * 64);
    for (size_t i = 0; i < count; i++)
        block[i] = 0.001F * (float)(i % 97);
    return block;
}

/* Sixteen agents of one tier, as many blocks as stay warm, and texts to learn from. */
enum { WARM_AGENTS = 16 };
struct warm {
    const struct gru_shape *shape;
    struct lm_optimiser optimiser;
    float *blocks[WARM_AGENTS], *spare, *scratch;
    float log_probability[ROWS];
    uint8_t tokens[WARM_AGENTS][TOKENS];
    uint64_t steps;
};

static void warm_train(void *context, size_t call)
{
    struct warm *w = context;
    float **block = &w->blocks[call % WARM_AGENTS], *spare = w->spare;
    struct lm_batch batch = {
        .sequence_count = B, .sequence_length = T, .tokens = w->tokens[call % WARM_AGENTS]};
    struct lm_step_result result;
    if (lm_trainer.step(&gru_ops, w->shape, &w->optimiser, w->steps++, *block, &batch, spare,
                        &result, w->scratch) != SIM_OK)
        give_up(&(struct sim_error){.text = "a model gave no number"});
    w->spare = *block;
    *block = spare;
}

static void warm_infer(void *context, size_t call)
{
    struct warm *w = context;
    struct lm_batch batch = {
        .sequence_count = B, .sequence_length = T, .tokens = w->tokens[call % WARM_AGENTS]};
    gru_ops.forward(w->shape, w->blocks[call % WARM_AGENTS], &batch,
                    &(struct lm_outputs){.log_probability = w->log_probability}, w->scratch);
}

static void warm_init(struct warm *w, const struct gru_shape *shape)
{
    struct stream stream;
    *w = (struct warm){.shape = shape};
    param_defaults(&lm_optimiser_table, &w->optimiser);
    size_t count = lm_trainer.block_count(&gru_ops, shape, &w->optimiser);
    w->spare = floats(count);
    w->scratch = floats(lm_trainer.scratch_count(&gru_ops, shape, B, T));
    stream_init(&stream, 2, STREAM_TEST, 0, 0);
    for (int i = 0; i < WARM_AGENTS; i++) {
        w->blocks[i] = floats(count);
        lm_trainer.init(&gru_ops, shape, &w->optimiser, &stream, w->blocks[i]);
        draw_tokens(&stream, w->tokens[i]);
    }
}

static void warm_release(struct warm *w)
{
    for (int i = 0; i < WARM_AGENTS; i++)
        free(w->blocks[i]);
    free(w->spare);
    free(w->scratch);
}

/* ---- the products alone, ours and OpenBLAS's ---- */

struct product {
    bool transposed; /* the left factor */
    int count, m, n, k;
};
enum { PRODUCTS = 9 };

/* What a training step of the tier multiplies (gru.c), with `distinct` different tokens. */
static void list_products(const struct gru_shape *g, int distinct, struct product *ret_products)
{
    int d = (int)g->embedding, h = (int)g->hidden, v = (int)g->vocabulary;
    const struct product products[PRODUCTS] = {
        {false, 1, distinct, 3 * h, d}, {false, T - 1, B, 3 * h, h},
        {false, 1, ROWS, v, h},         {true, 1, h, v, ROWS},
        {false, 1, ROWS, h, v},         {false, T - 1, B, h, 3 * h},
        {true, 1, h, 3 * h, ROWS - B},  {true, 1, d, 3 * h, distinct},
        {false, 1, distinct, d, 3 * h},
    };
    memcpy(ret_products, products, sizeof(products));
}

struct products {
    struct product list[PRODUCTS];
    float *a, *b, *c;
};

static void multiply_ours(void *context, size_t call)
{
    const struct products *p = context;
    (void)call;
    for (int i = 0; i < PRODUCTS; i++) {
        const struct product *q = &p->list[i];
        size_t m = (size_t)q->m, n = (size_t)q->n, k = (size_t)q->k;
        for (int repeat = 0; repeat < q->count; repeat++)
            (q->transposed ? lm_product_transposed : lm_product)(
                false, m, n, k, p->a, q->transposed ? m : k, p->b, n, p->c, n);
    }
}

/* By columns, as Fortran has it: c^T = b^T a^T. */
static void blas_product(const struct product *q, const struct products *p)
{
    float one = 1, zero = 0;
    blasint m = q->m, n = q->n, k = q->k, a_step = q->transposed ? q->m : q->k;
    char as_it_lies[] = "N", turned[] = "T";
    sgemm_(as_it_lies, q->transposed ? turned : as_it_lies, &n, &m, &k, &one, p->b, &n, p->a,
           &a_step, &zero, p->c, &n);
}

static void multiply_blas(void *context, size_t call)
{
    const struct products *p = context;
    (void)call;
    for (int i = 0; i < PRODUCTS; i++) {
        const struct product *q = &p->list[i];
        for (int repeat = 0; repeat < q->count; repeat++)
            blas_product(q, p);
    }
}

static double products_flop(const struct products *p)
{
    double flop = 0;
    for (int i = 0; i < PRODUCTS; i++)
        flop += 2.0 * p->list[i].count * p->list[i].m * p->list[i].n * p->list[i].k;
    return flop;
}

static void blas_peak(void *context, size_t call)
{
    const struct product square = {.m = 256, .n = 256, .k = 256};
    (void)call;
    blas_product(&square, context);
}

static void print_of_tier(const char *format, size_t tier, double value, const char *unit)
{
    char name[96];
    snprintf(name, sizeof(name), format, tier_names[tier]);
    print(name, value, unit);
}

/* Different tokens among a batch's inputs, on average over the agents. */
static int mean_distinct_tokens(const struct warm *w)
{
    int sum = 0;
    for (int i = 0; i < WARM_AGENTS; i++) {
        bool seen[256] = {false};
        for (int k = 0; k < TOKENS; k++) {
            bool is_input = k % (T + 1) < T;
            sum += is_input && !seen[w->tokens[i][k]];
            seen[w->tokens[i][k]] |= is_input;
        }
    }
    return sum / WARM_AGENTS;
}

struct tier_rates {
    double train[3], infer[3]; /* tokens/s */
};

static struct tier_rates bench_tiers(void)
{
    struct tier_rates rates;
    struct products p = {.a = floats(1 << 17), .b = floats(1 << 17), .c = floats(1 << 17)};
    double peak = 2.0 * 256 * 256 * 256 / call_seconds((struct timed){blas_peak, &p}, 100);
    print("sgemm.openblas.256.flop_per_s", peak, "FLOP/s");
    for (size_t tier = 0; tier < 3; tier++) {
        struct warm w;
        warm_init(&w, &tiers[tier]);
        double train_s = call_seconds((struct timed){warm_train, &w}, 400);
        double infer_s = call_seconds((struct timed){warm_infer, &w}, 400);
        list_products(&tiers[tier], mean_distinct_tokens(&w), p.list);
        double ours_s = call_seconds((struct timed){multiply_ours, &p}, 400);
        double blas_s = call_seconds((struct timed){multiply_blas, &p}, 400);
        rates.train[tier] = ROWS / train_s;
        rates.infer[tier] = ROWS / infer_s;
        print_of_tier("train.%s.tokens_per_s", tier, rates.train[tier], "tokens/s/core");
        print_of_tier("infer.%s.tokens_per_s", tier, rates.infer[tier], "tokens/s/core");
        print_of_tier("train.%s.peak_share", tier, products_flop(&p) / train_s / peak,
                      "of OpenBLAS's sgemm at 256");
        print_of_tier("train.%s.products_share", tier, ours_s / train_s, "of the step's time");
        print_of_tier("products.%s.flop_per_s", tier, products_flop(&p) / ours_s, "FLOP/s");
        print_of_tier("products.%s.openblas.flop_per_s", tier, products_flop(&p) / blas_s,
                      "FLOP/s");
        warm_release(&w);
    }
    free(p.a);
    free(p.b);
    free(p.c);
    return rates;
}

/* ---- scoring, through the scorer that a run uses by default ---- */

enum { PEERS = 20 };
struct scoring {
    const struct scorer_ops *ops;
    uint64_t params[64]; /* room for any scorer's parameters */
    struct scorer_step step;
    struct scorer_measures measures[PEERS];
    void *scratch;
};

static void score_once(void *context, size_t call)
{
    struct scoring *s = context;
    (void)call;
    scorer_score(s->ops, s->params, &s->step, s->scratch, s->measures, NULL);
}

static void bench_scorer(void)
{
    static uint8_t answered[PEERS];
    static double loss_nats[PEERS * ROWS];
    struct scoring *s = calloc(1, sizeof(*s));
    struct stream stream;
    stream_init(&stream, 3, STREAM_TEST, 0, 0);
    s->ops = scorer_list[0];
    SIM_ASSERT(s->ops->params->struct_bytes <= sizeof(s->params));
    param_defaults(s->ops->params, s->params);
    for (size_t i = 0; i < PEERS * ROWS; i++)
        loss_nats[i] = -log(stream_uniform(&stream) * 0.5 + 1e-3);
    memset(answered, 1, sizeof(answered));
    s->step = (struct scorer_step){.peer_count = PEERS,
                                   .row_count = ROWS,
                                   .vocabulary_symbols = 64,
                                   .entropy_floor_nats = 1.6,
                                   .answered = answered,
                                   .loss_nats = loss_nats};
    size_t bytes = scorer_scratch_bytes(s->ops, s->params, PEERS, ROWS, 64, 0);
    s->scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
    printf("score.scorer\t%s\tname\n", s->ops->params->name);
    print("score.k20.m128.us", 1e6 * call_seconds((struct timed){score_once, s}, 2000), "us");
    free(s->scratch);
    free(s);
}

/* ---- PyTorch ---- */

/* Repeats the lines of the peer's program and adds our rates in units of each of its rates. */
static void bench_peer(const char *script, const struct tier_rates *rates)
{
    char command[4096], name[96], unit[96];
    double value, loop_s = 0, batched_s = 0, ours_s = 0;
    snprintf(command, sizeof(command), "/usr/bin/python3 '%s'", script);
    FILE *peer = popen(command, "r");
    if (peer == NULL)
        give_up(&(struct sim_error){.text = "cannot start the peer"});
    while (fscanf(peer, " %95[^\t] %lf %95[^\n]", name, &value, unit) == 3) {
        print(name, value, unit);
        for (size_t tier = 0; tier < 3; tier++) {
            if (strstr(name, tier_names[tier]) == NULL)
                continue;
            if (strstr(name, "loop") != NULL)
                loop_s += tier_share[tier] / value;
            else
                batched_s += tier_share[tier] / value;
        }
    }
    pclose(peer);
    for (size_t tier = 0; tier < 3; tier++)
        ours_s += tier_share[tier] / rates->train[tier];
    print("train.default_mix.over_torch_loop", loop_s / ours_s, "x");
    print("train.default_mix.over_torch_batched", batched_s / ours_s, "x");
}

int main(int argc, char **argv)
{
    struct sim_error err = {0};
    if (lm_kernel_check(&err) != SIM_OK)
        give_up(&err);
    bench_mix(argc > 1 ? strtoul(argv[1], NULL, 10) : AGENTS);
    struct tier_rates rates = bench_tiers();
    bench_scorer();
    if (argc > 2)
        bench_peer(argv[2], &rates);
    return 0;
}
