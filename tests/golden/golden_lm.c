/*
 * golden_lm FOLDER: the language models against PyTorch's numbers in FOLDER/lm_vectors.txt.
 *
 * make_lm_vectors.py beside the vectors says what they are.  The program is built twice: in double
 * it holds to 1e-9, in float, as a run computes, to 2e-4 (both relative to the largest number of
 * the vector).  Ends with `N passed, N failed` (cases); fails when one failed or there was none.
 */
#include "lm/lm_list.h"
#include "lm/real.h"
#include "lm/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double tolerance = LM_IS_FLOAT ? 2e-4 : 1e-9;

struct vector {
    size_t count;
    double *values;
};

enum { TOKENS, PARAMETERS, LOGITS, LOSS, GRADIENT, ADAM, SGD, VECTOR_COUNT };
static const char *const vector_names[VECTOR_COUNT] = {"tokens",   "parameters", "logits", "loss",
                                                       "gradient", "adam",       "sgd"};

/* One case; the shape's struct is filled through the model's own table of keys. */
struct golden_case {
    char name[64];
    const struct lm_ops *ops;
    union {
        unsigned char bytes[256];
        uint64_t aligned;
    } shape;
    uint32_t sequences, length;
    struct vector vectors[VECTOR_COUNT];
};

static _Noreturn void give_up(const char *what, const char *name)
{
    fprintf(stderr, "golden_lm: %s '%s'\n", what, name);
    exit(1);
}

static const struct lm_ops *model_of(const char *name)
{
    for (int i = 0; lm_all[i] != NULL; i++)
        if (strcmp(lm_all[i]->table->name, name) == 0)
            return lm_all[i];
    give_up("no model", name);
}

static void set_key(struct golden_case *c, const char *key, uint32_t value)
{
    if (strcmp(key, "sequences") == 0)
        c->sequences = value;
    else if (strcmp(key, "length") == 0)
        c->length = value;
    else {
        for (size_t i = 0; i < c->ops->table->key_count; i++) {
            const struct param_key *known = &c->ops->table->keys[i];
            if (strcmp(known->name, key) == 0) {
                memcpy(c->shape.bytes + known->offset, &value, sizeof(value));
                return;
            }
        }
        give_up("no key", key);
    }
}

/* The rest of a `case` line. */
static void read_head(FILE *file, struct golden_case *c)
{
    char model[32], rest[512], key[32];
    unsigned value;
    int used;
    if (fscanf(file, "%63s %31s %511[^\n]", c->name, model, rest) != 3)
        give_up("cannot read the head of a case after", c->name);
    c->ops = model_of(model);
    for (const char *at = rest; sscanf(at, " %31[^=]=%u%n", key, &value, &used) == 2; at += used)
        set_key(c, key, value);
}

static void read_vector(FILE *file, const char *name, struct vector *ret_vector)
{
    char found[32];
    if (fscanf(file, "%31s %zu", found, &ret_vector->count) != 2 || strcmp(found, name) != 0)
        give_up("cannot find vector", name);
    ret_vector->values = malloc(ret_vector->count * sizeof(double));
    for (size_t i = 0; i < ret_vector->count; i++)
        if (fscanf(file, "%lf", &ret_vector->values[i]) != 1)
            give_up("cannot read vector", name);
}

/* False at `end`. */
static bool read_case(FILE *file, struct golden_case *ret_case)
{
    char word[16];
    *ret_case = (struct golden_case){.ops = NULL};
    if (fscanf(file, "%15s", word) != 1)
        give_up("the file breaks off before", "end");
    if (strcmp(word, "end") == 0)
        return false;
    read_head(file, ret_case);
    for (int i = 0; i < VECTOR_COUNT; i++)
        read_vector(file, vector_names[i], &ret_case->vectors[i]);
    return true;
}

static lm_real *reals(size_t count)
{
    return aligned_alloc(LM_ALIGNMENT, (count * sizeof(lm_real) + 127) / 64 * 64);
}

/* Counts comparisons; says where the first difference is. */
static bool agrees(const struct golden_case *c, int which, const lm_real *values, size_t count,
                   size_t *comparisons)
{
    const struct vector *expected = &c->vectors[which];
    double largest = 0;
    if (expected->count != count) {
        printf("%s: %s has %zu numbers, the model %zu\n", c->name, vector_names[which],
               expected->count, count);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(expected->values[i]));
    for (size_t i = 0; i < count; i++) {
        if (!(fabs((double)values[i] - expected->values[i]) <= tolerance * largest)) {
            printf("%s: %s[%zu]: %.12g, expected %.12g\n", c->name, vector_names[which], i,
                   (double)values[i], expected->values[i]);
            return false;
        }
    }
    *comparisons += count;
    return true;
}

/* What one case works on. */
struct bench {
    size_t parameter_count;
    lm_real *parameters, *gradient, *logits, *scratch;
    uint8_t *tokens;
    struct lm_batch batch;
};

static struct bench bench_of(const struct golden_case *c)
{
    struct bench b = {.parameter_count = c->ops->parameter_count(c->shape.bytes)};
    size_t rows = (size_t)c->sequences * c->length;
    if (b.parameter_count != c->vectors[PARAMETERS].count)
        give_up("the model has another number of parameters than", c->name);
    b.parameters = reals(b.parameter_count);
    b.gradient = reals(b.parameter_count);
    b.logits = reals(rows * c->ops->vocabulary(c->shape.bytes));
    b.scratch = reals(lm_trainer.scratch_count(c->ops, c->shape.bytes, c->sequences, c->length));
    b.tokens = malloc(c->vectors[TOKENS].count);
    for (size_t i = 0; i < b.parameter_count; i++)
        b.parameters[i] = (lm_real)c->vectors[PARAMETERS].values[i];
    for (size_t i = 0; i < c->vectors[TOKENS].count; i++)
        b.tokens[i] = (uint8_t)c->vectors[TOKENS].values[i];
    b.batch = (struct lm_batch){
        .sequence_count = c->sequences, .sequence_length = c->length, .tokens = b.tokens};
    return b;
}

static void bench_release(struct bench *b)
{
    free(b->parameters);
    free(b->gradient);
    free(b->logits);
    free(b->scratch);
    free(b->tokens);
}

static bool steps_agree(const struct golden_case *c, int which, struct bench *b,
                        const struct lm_optimiser *optimiser, size_t *comparisons)
{
    const void *shape = c->shape.bytes;
    size_t count = lm_trainer.block_count(c->ops, shape, optimiser);
    lm_real *old = reals(count), *new = reals(count);
    struct lm_step_result result;
    bool good = true;
    memset(old, 0, count * sizeof(lm_real));
    memcpy(old, b->parameters, b->parameter_count * sizeof(lm_real));
    for (uint64_t step = 0; step < 3; step++) {
        good &= lm_trainer.step(c->ops, shape, optimiser, step, old, &b->batch, new, &result,
                                b->scratch) == SIM_OK;
        lm_real *swap = old;
        old = new;
        new = swap;
    }
    good &= agrees(c, which, old, b->parameter_count, comparisons);
    free(old);
    free(new);
    return good;
}

static bool case_passes(const struct golden_case *c, size_t *comparisons)
{
    const struct lm_optimiser adam = {
        .kind = LM_ADAM, .learning_rate = 0.01, .momentum = 0.9, .beta2 = 0.99, .epsilon = 1e-8};
    const struct lm_optimiser sgd = {
        .kind = LM_SGD, .learning_rate = 0.1, .momentum = 0.9, .clip_norm = 0.5};
    const void *shape = c->shape.bytes;
    struct bench b = bench_of(c);
    size_t rows = (size_t)c->sequences * c->length;
    c->ops->forward(shape, b.parameters, &b.batch, &(struct lm_outputs){.logits = b.logits},
                    b.scratch);
    lm_real loss =
        (lm_real)c->ops->loss_gradient(shape, b.parameters, &b.batch, b.gradient, NULL, b.scratch);
    bool good = agrees(c, LOGITS, b.logits, rows * c->ops->vocabulary(shape), comparisons);
    good &= agrees(c, LOSS, &loss, 1, comparisons);
    good &= agrees(c, GRADIENT, b.gradient, b.parameter_count, comparisons);
    good &= steps_agree(c, ADAM, &b, &adam, comparisons);
    good &= steps_agree(c, SGD, &b, &sgd, comparisons);
    bench_release(&b);
    return good;
}

int main(int argc, char **argv)
{
    char path[4096];
    size_t passed = 0, failed = 0, comparisons = 0;
    struct golden_case c;
    if (argc != 2)
        give_up("expected a folder, got", argc < 2 ? "" : argv[2]);
    snprintf(path, sizeof(path), "%s/lm_vectors.txt", argv[1]);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        give_up("cannot open", path);
    while (read_case(file, &c)) {
        if (case_passes(&c, &comparisons))
            passed++;
        else
            failed++;
        for (int i = 0; i < VECTOR_COUNT; i++)
            free(c.vectors[i].values);
    }
    fclose(file);
    printf("%zu comparisons\n%zu passed, %zu failed\n", comparisons, passed, failed);
    return failed > 0 || passed == 0;
}
