/*
 * bench_models: how fast the language models learn and answer, through the compute pool as in a
 * run, beside OpenBLAS's product of the same shapes.
 *
 *   bench_models [AGENTS]      4096 unless told
 *
 * One figure a line: name, value, unit, separated by tabs.  Tokens per second are per core: CPU
 * time of the process, one thread; the speed-up of two cores is of wall time.  Each figure is the
 * best of a few repeats.
 */
#include "base/digest.h"
#include "base/stream.h"
#include "compute/compute.h"
#include "compute/version.h"
#include "lm/gru.h"
#include "lm/lm_list.h"
#include "lm/train.h"

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
static const struct lm_optimiser optimiser = {.kind = LM_ADAM,
                                              .learning_rate = 0.02,
                                              .warmup_steps = 10,
                                              .decay_steps = 100,
                                              .clip_norm = 1,
                                              .momentum = 0.8,
                                              .beta2 = 0.99,
                                              .epsilon = 1e-8};

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
    return lm_trainer.step(&gru_ops, in->shape, &optimiser, in->step, in->from->values, &batch,
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
    struct model_input input = {.shape = agent->shape, .from = agent->version, .step = mix->steps};
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
    mix->agents = calloc(agent_count, sizeof(*mix->agents));
    if (compute_create(&(struct compute_options){.threads = threads}, &mix->pool, &err) ||
        version_pool_create(0, &mix->versions, &err))
        give_up(&err);
    for (size_t i = 0; i < agent_count; i++) {
        struct agent *agent = &mix->agents[i];
        size_t share = i * 7919 % 10;
        agent->shape = &tiers[share < 5 ? 0 : share < 9 ? 1 : 2];
        size_t count = lm_trainer.block_count(&gru_ops, agent->shape, &optimiser);
        if (version_create(mix->versions, count, &agent->version, &err) != SIM_OK)
            give_up(&err);
        struct stream stream;
        stream_init(&stream, 1, STREAM_MODEL_INIT, i, 0);
        lm_trainer.init(&gru_ops, agent->shape, &optimiser, &stream, agent->version->values);
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

int main(int argc, char **argv)
{
    struct sim_error err = {0};
    if (lm_kernel_check(&err) != SIM_OK)
        give_up(&err);
    bench_mix(argc > 1 ? strtoul(argv[1], NULL, 10) : AGENTS);
    return 0;
}
