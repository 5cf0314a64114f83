/*
 * bench_corpus: how long corpora take to load, and what their domains are like.
 *
 *   bench_corpus [DOMAIN...]      the default domains unless named; the synthetic source always
 */
#include "corpus/synthetic.h"
#include "corpus/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPEATS = 3 };

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void print_corpus(const char *name, const struct corpus *corpus, double load_s)
{
    printf("%s.load\t%.3f\ts\n", name, load_s);
    printf("%s.files\t%u\tfiles\n", name, corpus->file_count);
    for (uint32_t d = 0; d < corpus->domain_count; d++) {
        const struct corpus_domain *domain = &corpus->domains[d];
        printf("%s.%s.train\t%llu\ttokens\n", name, domain->name,
               (unsigned long long)domain->stats.train_tokens);
        printf("%s.%s.heldout\t%llu\ttokens\n", name, domain->name,
               (unsigned long long)domain->stats.heldout_tokens);
        printf("%s.%s.unigram\t%.4f\tnats\n", name, domain->name, domain->stats.unigram_nats);
        printf("%s.%s.bigram\t%.4f\tnats\n", name, domain->name, domain->stats.bigram_nats);
    }
    printf("%s.digest\t%016llx\txxh64\n", name, (unsigned long long)corpus->digest);
}

static void measure(const struct corpus_ops *ops, const void *params)
{
    double best_s = 1e9;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        struct sim_error err = {0};
        struct corpus *corpus = NULL;
        double start_s = now_s();
        if (ops->load(params, 1, &corpus, &err) != SIM_OK) {
            fprintf(stderr, "bench_corpus: %s\n", err.text);
            exit(1);
        }
        double load_s = now_s() - start_s;
        best_s = load_s < best_s ? load_s : best_s;
        if (repeat == REPEATS - 1)
            print_corpus(ops->params->name, corpus, best_s);
        corpus_free(corpus);
    }
}

int main(int argc, char **argv)
{
    const char *names[CORPUS_DOMAINS_MAX];
    size_t count = 0;
    for (int i = 1; i < argc && count < CORPUS_DOMAINS_MAX; i++)
        names[count++] = argv[i];
    struct text_params text = {.text = {names, count}, .tokens_max = 2000000, .root = "/"};
    struct synthetic_params source = synthetic_defaults();
    measure(&corpus_text, &text);
    measure(&corpus_synthetic, &source);
    return 0;
}
