/*
 * bench_learning [DOMAIN [MODEL [KEY=VALUE ...]]]: what models of each kind, or of one, have
 * learned after how many steps, with keys of the optimiser changed.
 *
 * One figure a line: name, value, unit, separated by tabs.  Losses are on held-out rows of 16
 * tokens of the domain (reference-en unless told), after steps of 8 rows of 16 tokens with the
 * optimiser's defaults; means of three seeds.  Then the default mix of sizes on private mixtures of
 * all default domains (Dirichlet 1): the median over models, each on its own mixture, of its loss
 * and of the bigram's.
 */
#include "corpus/text.h"
#include "lm/bigram.h"
#include "lm/conv.h"
#include "lm/mlp.h"
#include "lm/transformer.h"
#include "tests/support/learner.h"

#include <stdio.h>
#include <string.h>

enum { SEEDS = 3, MIXED_MODELS = 20, CHECKPOINTS = 7 };
static const uint64_t checkpoints[CHECKPOINTS] = {100, 200, 300, 450, 700, 1000, 1500};

static const struct mlp_shape mlp_small = {64, 6, 8, 64}, mlp_middle = {64, 8, 16, 96},
                              mlp_large = {64, 8, 16, 256};
static const struct conv_shape conv_middle = {64, 12, 32, 96, 1}, conv_large = {64, 12, 32, 192, 2};
static const struct transformer_shape transformer_middle = {64, 32, 32, 2, 64, 1},
                                      transformer_large = {64, 32, 64, 4, 192, 1};
static const struct bigram_shape bigram = {64};

static const struct {
    const char *name;
    const struct lm_ops *ops;
    const void *shape;
} models[] = {
    {"gru_s", &gru_ops, &learner_tiers[0]},
    {"gru_m", &gru_ops, &learner_tiers[1]},
    {"gru_l", &gru_ops, &learner_tiers[2]},
    {"mlp_s", &mlp_ops, &mlp_small},
    {"mlp_m", &mlp_ops, &mlp_middle},
    {"mlp_l", &mlp_ops, &mlp_large},
    {"conv_m", &conv_ops, &conv_middle},
    {"conv_l", &conv_ops, &conv_large},
    {"transformer_m", &transformer_ops, &transformer_middle},
    {"transformer_l", &transformer_ops, &transformer_large},
    {"bigram", &bigram_ops, &bigram},
};
enum { MODEL_COUNT = sizeof(models) / sizeof(models[0]) };

/* Sets keys of the optimiser from texts KEY=VALUE, NULL-terminated. */
static void set_keys(struct lm_optimiser *optimiser, char **sets)
{
    for (; *sets != NULL; sets++) {
        char reason[PARAM_REASON_BYTES] = "there is no such key";
        const char *value = strchr(*sets, '=');
        bool known = false;
        for (size_t i = 0; value != NULL && i < lm_optimiser_table.key_count; i++) {
            const struct param_key *key = &lm_optimiser_table.keys[i];
            if (strlen(key->name) != (size_t)(value - *sets) ||
                strncmp(key->name, *sets, strlen(key->name)) != 0)
                continue;
            known = param_parse(key, value + 1, (char *)optimiser + key->offset, reason);
        }
        if (!known) {
            fprintf(stderr, "bench_learning: %s: %s\n", *sets, reason);
            exit(2);
        }
    }
}

static void bench_model(size_t model, const struct corpus *corpus, const double *weights,
                        char **sets)
{
    double loss[CHECKPOINTS] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct learner l;
        learner_init(&l, models[model].ops, models[model].shape, corpus, weights, 8, 16, seed);
        set_keys(&l.optimiser, sets);
        for (int i = 0; i < CHECKPOINTS; i++) {
            learner_run_to(&l, checkpoints[i]);
            loss[i] += learner_heldout(&l, weights, 16).mean_nats / SEEDS;
        }
        learner_release(&l);
    }
    printf("learn.%s.parameters\t%zu\tparameters\n", models[model].name,
           models[model].ops->parameter_count(models[model].shape));
    for (int i = 0; i < CHECKPOINTS; i++)
        printf("learn.%s.after_%llu\t%.4f\tnats\n", models[model].name,
               (unsigned long long)checkpoints[i], loss[i]);
    fflush(stdout);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, MIXED_MODELS, sizeof(values[0]), by_size);
    return (values[MIXED_MODELS / 2 - 1] + values[MIXED_MODELS / 2]) / 2;
}

static void bench_mixtures(const struct corpus *corpus, uint64_t steps)
{
    double loss[MIXED_MODELS], floor_nats[MIXED_MODELS], weights[CORPUS_DOMAINS_MAX];
    const struct corpus_diet diet = {.concentration = 1};
    for (uint64_t i = 0; i < MIXED_MODELS; i++) {
        struct learner l;
        struct stream stream;
        struct corpus_stats stats;
        stream_init(&stream, 1, STREAM_CORPUS, i, 0);
        corpus_mixture(corpus, &diet, &stream, weights);
        corpus_mixture_stats(corpus, weights, &stats);
        int tier = i % 10 < 5 ? 0 : i % 10 < 9 ? 1 : 2;
        learner_init(&l, &gru_ops, &learner_tiers[tier], corpus, weights, 8, 16, i);
        learner_run_to(&l, steps);
        loss[i] = learner_heldout(&l, weights, 16).mean_nats;
        floor_nats[i] = stats.bigram_nats;
        learner_release(&l);
    }
    printf("mixtures.median_loss.after_%llu\t%.4f\tnats\n", (unsigned long long)steps,
           median(loss));
    printf("mixtures.median_bigram\t%.4f\tnats\n", median(floor_nats));
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "reference-en";
    double weights[CORPUS_DOMAINS_MAX] = {0};
    struct sim_error err = {0};
    struct text_params params;
    struct corpus *corpus;
    param_defaults(corpus_text.params, &params);
    if (argc > 1)
        params.text = (struct param_strings){.items = &name, .count = 1};
    if (corpus_text.load(&params, 1, &corpus, &err) != SIM_OK) {
        fprintf(stderr, "bench_learning: %s\n", err.text);
        return 1;
    }
    for (uint32_t domain = 0; domain < corpus->domain_count; domain++) {
        bool is_it = strcmp(corpus->domains[domain].name, name) == 0;
        weights[domain] = is_it ? 1 : 0;
        if (is_it)
            printf("text.bigram\t%.4f\tnats\ntext.unigram\t%.4f\tnats\n",
                   corpus->domains[domain].stats.bigram_nats,
                   corpus->domains[domain].stats.unigram_nats);
    }
    for (size_t model = 0; model < MODEL_COUNT; model++)
        if (argc <= 2 || strcmp(models[model].name, argv[2]) == 0)
            bench_model(model, corpus, weights, argc > 3 ? argv + 3 : &argv[argc]);
    if (argc == 1)
        for (uint64_t steps = 300; steps <= 900; steps += 150)
            bench_mixtures(corpus, steps);
    corpus_free(corpus);
    return 0;
}
