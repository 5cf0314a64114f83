/*
 * What models learn, held against what can be known: the exact entropy of a source, the domains
 * that a model has seen, and the bigram entropy of real text.
 */
#include "corpus/corpus_list.h"
#include "corpus/synthetic.h"
#include "corpus/text.h"
#include "tests/support/learner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { PEERS = 6 };

static struct corpus *known_source(uint32_t domains)
{
    struct sim_error err = {0};
    struct corpus *corpus = NULL;
    struct synthetic_params params = synthetic_defaults();
    params.domains = domains;
    params.entropy_nats = 1.6;
    if (corpus_synthetic.load(&params, 5, &corpus, &err) != SIM_OK)
        fail_msg("%s", err.text);
    return corpus;
}

/* Rows of 64 start from nothing, so the first tokens of each cost more than the entropy rate: the
 * bounds leave room for that. */
static void a_gru_nears_the_entropy_of_a_known_source_and_never_beats_it(void **state)
{
    (void)state;
    struct corpus *corpus = known_source(1);
    double all[1] = {1}, entropy = corpus->domains[0].stats.exact_nats;
    const struct {
        uint64_t steps;
        double gap_nats;
    } bounds[] = {{1500, 0.18}, {6000, 0.13}};
    struct learner l;
    learner_init(&l, &gru_ops, &learner_tiers[1], corpus, all, 8, 32, 1);
    for (int i = 0; i < 2; i++) {
        learner_run_to(&l, bounds[i].steps);
        struct learner_loss loss = learner_heldout(&l, all, 64);
        print_message("%lu steps: %.4f +- %.4f nats above the entropy of %.6f\n",
                      (unsigned long)bounds[i].steps, loss.mean_nats - entropy,
                      loss.standard_error_nats, entropy);
        assert_true(loss.mean_nats - entropy < bounds[i].gap_nats);
        assert_true(loss.mean_nats - entropy > -3 * loss.standard_error_nats);
    }
    learner_release(&l);
    corpus_free(corpus);
}

static void specialists_beat_generalists_on_their_own_domain(void **state)
{
    (void)state;
    enum { DOMAINS = 3, STEPS = 1500 };
    struct corpus *corpus = known_source(DOMAINS);
    double all[DOMAINS] = {1, 1, 1};
    struct learner generalist;
    learner_init(&generalist, &gru_ops, &learner_tiers[1], corpus, all, 8, 16, 2);
    learner_run_to(&generalist, STEPS);
    for (int domain = 0; domain < DOMAINS; domain++) {
        double only[DOMAINS] = {0};
        struct learner specialist;
        only[domain] = 1;
        learner_init(&specialist, &gru_ops, &learner_tiers[1], corpus, only, 8, 16, 2);
        learner_run_to(&specialist, STEPS);
        double own = learner_heldout(&specialist, only, 16).mean_nats;
        double general = learner_heldout(&generalist, only, 16).mean_nats;
        double elsewhere = learner_heldout(&specialist, all, 16).mean_nats;
        print_message("domain %d: specialist %.3f, generalist %.3f nats; on all domains %.3f\n",
                      domain, own, general, elsewhere);
        assert_true(own < general - 0.1);
        assert_true(elsewhere > own + 0.1);
        learner_release(&specialist);
    }
    learner_release(&generalist);
    corpus_free(corpus);
}

/* Mean loss in nats of each of `batches` batches of held-out text: of every peer alone, and of the
 * mean of their distributions. */
static void batch_losses(struct learner *peers, uint32_t count, const double *weights,
                         uint32_t batches, double (*ret_alone)[PEERS], double *ret_joined)
{
    enum { LENGTH = 16, ROWS = LEARNER_ROWS * LENGTH };
    float *log_probability = learner_floats(ROWS);
    static double joined[ROWS];
    struct stream stream;
    stream_init(&stream, 99, STREAM_TEST, 1, 0);
    for (uint32_t i = 0; i < batches; i++) {
        learner_draw(&peers[0], CORPUS_HELDOUT, weights, LEARNER_ROWS, LENGTH, &stream);
        struct lm_batch batch = {
            .sequence_count = LEARNER_ROWS, .sequence_length = LENGTH, .tokens = peers[0].tokens};
        memset(joined, 0, sizeof(joined));
        for (uint32_t k = 0; k < count; k++) {
            peers[k].ops->forward(peers[k].shape, peers[k].block, &batch,
                                  &(struct lm_outputs){.log_probability = log_probability},
                                  peers[k].scratch);
            ret_alone[i][k] = 0;
            for (uint32_t r = 0; r < ROWS; r++) {
                ret_alone[i][k] -= (double)log_probability[r] / ROWS;
                joined[r] += exp((double)log_probability[r]) / count;
            }
        }
        ret_joined[i] = 0;
        for (uint32_t r = 0; r < ROWS; r++)
            ret_joined[i] -= log(joined[r]) / ROWS;
    }
    free(log_probability);
}

/* Specialists of three domains and mixed text: no peer alone is as good as the mean of all. The
 * interval is of the paired difference over batches, which are independent draws. */
static void the_mixture_of_peers_beats_the_best_single_peer_on_mixed_text(void **state)
{
    (void)state;
    enum { DOMAINS = 3, BATCHES = 40, STEPS = 600 };
    struct corpus *corpus = known_source(DOMAINS);
    double all[DOMAINS] = {1, 1, 1}, diets[PEERS][DOMAINS] = {{0}};
    static double alone[BATCHES][PEERS], joined[BATCHES];
    struct learner peers[PEERS];
    for (uint32_t k = 0; k < PEERS; k++) {
        for (uint32_t d = 0; d < DOMAINS; d++)
            diets[k][d] = d == k % DOMAINS ? 0.8 : 0.1;
        learner_init(&peers[k], &gru_ops, &learner_tiers[1], corpus, diets[k], 8, 16, 10 + k);
        learner_run_to(&peers[k], STEPS);
    }
    batch_losses(peers, PEERS, all, BATCHES, alone, joined);
    double mean[PEERS] = {0};
    uint32_t best = 0;
    for (uint32_t k = 0; k < PEERS; k++) {
        for (uint32_t i = 0; i < BATCHES; i++)
            mean[k] += alone[i][k] / BATCHES;
        best = mean[k] < mean[best] ? k : best;
    }
    double gain = 0, squares = 0;
    for (uint32_t i = 0; i < BATCHES; i++) {
        double difference = alone[i][best] - joined[i];
        gain += difference / BATCHES;
        squares += difference * difference / BATCHES;
    }
    double error = sqrt((squares - gain * gain) / (BATCHES - 1));
    print_message("best of %d peers %.3f nats, their mixture %.3f: better by %.3f, 95 %% interval "
                  "%.3f to %.3f\n",
                  PEERS, mean[best], mean[best] - gain, gain, gain - 1.96 * error,
                  gain + 1.96 * error);
    assert_true(gain - 1.96 * error > 0.02);
    for (uint32_t k = 0; k < PEERS; k++)
        learner_release(&peers[k]);
    corpus_free(corpus);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Ten models of the default mix on real text, 450 steps of 8 rows of 16. */
static void the_median_model_is_below_the_bigram_after_450_steps(void **state)
{
    (void)state;
    enum { MODELS = 10 };
    struct sim_error err = {0};
    struct corpus *corpus = NULL;
    struct text_params params;
    param_defaults(corpus_text.params, &params);
    if (corpus_text.load(&params, 1, &corpus, &err) != SIM_OK) {
        print_message("skipped: %s\n", err.text);
        skip();
    }
    double losses[MODELS], only[CORPUS_DOMAINS_MAX] = {1};
    for (int i = 0; i < MODELS; i++) {
        struct learner l;
        int tier = i < 5 ? 0 : i < 9 ? 1 : 2;
        learner_init(&l, &gru_ops, &learner_tiers[tier], corpus, only, 8, 16, (uint64_t)i);
        learner_run_to(&l, 450);
        losses[i] = learner_heldout(&l, only, 16).mean_nats;
        learner_release(&l);
    }
    qsort(losses, MODELS, sizeof(losses[0]), by_size);
    double median = (losses[4] + losses[5]) / 2, bigram = corpus->domains[0].stats.bigram_nats;
    print_message("'%s': median %.3f, worst %.3f, bigram %.3f nats\n", corpus->domains[0].name,
                  median, losses[MODELS - 1], bigram);
    assert_true(median < bigram);
    corpus_free(corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gru_nears_the_entropy_of_a_known_source_and_never_beats_it),
        cmocka_unit_test(specialists_beat_generalists_on_their_own_domain),
        cmocka_unit_test(the_mixture_of_peers_beats_the_best_single_peer_on_mixed_text),
        cmocka_unit_test(the_median_model_is_below_the_bigram_after_450_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
