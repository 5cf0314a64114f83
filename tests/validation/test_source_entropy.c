/*
 * The sources of known entropy against independent counting: what their own text says of them.
 */
#include "corpus/source.h"
#include "corpus/synthetic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { V = 64, RANK = 8, TOKENS = 2000000 };

static void make(struct source *source, double entropy_nats, uint64_t number)
{
    struct sim_error err = {0};
    static double shared[3 * V * RANK];
    SIM_ASSERT(source_init(source, V, &err) == SIM_OK);
    for (uint64_t try = 0;; try++) {
        struct stream stream;
        stream_init(&stream, 11, STREAM_TEST, stream_entity("source", number), try);
        source_draw(source, shared, RANK, 0, &stream);
        if (source_tune(source, entropy_nats))
            return;
        assert_true(try < 20);
    }
}

static uint8_t *sample(struct source *source, uint64_t number)
{
    struct stream stream;
    stream_init(&stream, 11, STREAM_TEST, stream_entity("text", number), 0);
    uint8_t *text = malloc(TOKENS);
    SIM_ASSERT(text != NULL);
    source_prepare_sampling(source);
    source_sample(source, &stream, text, TOKENS);
    return text;
}

/* p(y | a, b) out of the cumulative chances. */
static double chance_of(const struct source *source, uint8_t a, uint8_t b, uint8_t y)
{
    const double *row = source->chance + ((size_t)a * V + b) * V;
    return row[y] - (y > 0 ? row[y - 1] : 0);
}

/* The mean of -ln p over the text and its standard error, by batches of 1000 tokens as they are
 * not independent. */
static void surprise(const struct source *source, const uint8_t *text, double *ret_mean,
                     double *ret_error)
{
    enum { BATCH = 1000, BATCHES = TOKENS / BATCH - 1 };
    double sum = 0, squares = 0;
    for (int i = 0; i < BATCHES; i++) {
        double batch = 0;
        for (int t = i * BATCH + 2; t < (i + 1) * BATCH + 2; t++)
            batch -= log(chance_of(source, text[t - 1], text[t - 2], text[t])) / BATCH;
        sum += batch;
        squares += batch * batch;
    }
    *ret_mean = sum / BATCHES;
    *ret_error = sqrt((squares / BATCHES - *ret_mean * *ret_mean) / BATCHES);
}

static void a_text_is_as_surprising_as_its_source_says_up_to_sampling(void **state)
{
    (void)state;
    const double entropies[] = {1.6, 2.5};
    for (uint64_t i = 0; i < 2; i++) {
        struct source source;
        make(&source, entropies[i], i);
        double entropy_nats = source.entropy_nats, mean, error;
        uint8_t *text = sample(&source, i);
        surprise(&source, text, &mean, &error);
        assert_true(error < 0.004);
        if (!(fabs(mean - entropy_nats) < 4 * error))
            fail_msg("mean -ln p %.5f +- %.5f, entropy %.5f", mean, error, entropy_nats);
        free(text);
        source_release(&source);
    }
}

/* Of the pairs' stationary distribution: H(next | last), which is above the entropy rate because
 * the source looks two symbols back. */
static double exact_bigram_nats(const struct source *source)
{
    double nats = 0;
    for (uint32_t a = 0; a < V; a++) {
        double next[V] = {0}, last = 0;
        for (uint32_t b = 0; b < V; b++) {
            double weight = source->stationary[b * V + a];
            last += weight;
            for (uint32_t y = 0; y < V; y++)
                next[y] += weight * source->chance[((size_t)a * V + b) * V + y];
        }
        for (uint32_t y = 0; y < V; y++)
            nats -= next[y] * log(next[y] / last);
    }
    return nats;
}

static double counted_bigram_nats(const uint8_t *text)
{
    static double pairs[V][V];
    memset(pairs, 0, sizeof(pairs));
    double nats = 0;
    for (int t = 1; t < TOKENS; t++)
        pairs[text[t - 1]][text[t]]++;
    for (int a = 0; a < V; a++) {
        double row = 0;
        for (int y = 0; y < V; y++)
            row += pairs[a][y];
        for (int y = 0; y < V; y++)
            if (pairs[a][y] > 0)
                nats -= pairs[a][y] / (TOKENS - 1) * log(pairs[a][y] / row);
    }
    return nats;
}

static void counted_bigrams_have_the_entropy_of_the_stationary_distribution(void **state)
{
    (void)state;
    struct source source;
    make(&source, 1.6, 2);
    double exact = exact_bigram_nats(&source);
    assert_true(exact > 1.7);
    uint8_t *text = sample(&source, 2);
    double counted = counted_bigram_nats(text);
    /* Counting 4096 cells from 2e6 tokens is low by about 4096 / (2 x 2e6) = 0.001. */
    if (!(fabs(counted - exact) < 0.006))
        fail_msg("counted %.5f, exact %.5f", counted, exact);
    free(text);
    source_release(&source);
}

/* No model of a finite order that is fitted to training text does better on held-out text than the
 * entropy; here the best of all, the source itself, is charged on the loaded corpus. */
static void heldout_statistics_never_fall_below_the_entropy(void **state)
{
    (void)state;
    struct synthetic_params params = synthetic_defaults();
    params.domains = 3;
    struct corpus *corpus = NULL;
    struct sim_error err = {0};
    SIM_ASSERT(corpus_synthetic.load(&params, 3, &corpus, &err) == SIM_OK);
    for (uint32_t d = 0; d < corpus->domain_count; d++) {
        const struct corpus_stats *stats = &corpus->domains[d].stats;
        assert_true(stats->bigram_nats > stats->exact_nats + 0.1);
        assert_true(stats->unigram_nats > stats->bigram_nats + 0.1);
        assert_true(stats->unigram_nats < log(V));
    }
    corpus_free(corpus);
}

static void a_source_that_mixes_slowly_is_refused(void **state)
{
    (void)state;
    struct source source;
    struct sim_error err = {0};
    SIM_ASSERT(source_init(&source, V, &err) == SIM_OK);
    static double shared[3 * V * RANK];
    int refused = 0;
    for (uint64_t i = 0; i < 5; i++) {
        struct stream stream;
        stream_init(&stream, 11, STREAM_TEST, stream_entity("cold", i), 0);
        source_draw(&source, shared, RANK, 0, &stream);
        refused += !source_tune(&source, 0.15);
    }
    assert_true(refused >= 3);
    source_release(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_as_surprising_as_its_source_says_up_to_sampling),
        cmocka_unit_test(counted_bigrams_have_the_entropy_of_the_stationary_distribution),
        cmocka_unit_test(heldout_statistics_never_fall_below_the_entropy),
        cmocka_unit_test(a_source_that_mixes_slowly_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
