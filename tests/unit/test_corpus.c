#include "corpus/alphabet.h"
#include "corpus/catalogue.h"
#include "corpus/corpus_list.h"
#include "corpus/filter.h"
#include "corpus/synthetic.h"
#include "corpus/text.h"

#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- files of one's own ---------------------------------------------------------------------- */

struct folder {
    char path[64];
};

static void folder_make(struct folder *folder)
{
    strcpy(folder->path, "/tmp/taosim-corpus-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

static void folder_file(const struct folder *folder, const char *name, char *ret_path,
                        const char *text, size_t size)
{
    sprintf(ret_path, "%s/%s", folder->path, name);
    FILE *file = fopen(ret_path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
}

/* Lines "<tag> NNNNNN xxxx...": all different, of 64 characters. */
static char *numbered_text(const char *tag, size_t lines)
{
    char *text = malloc(lines * 66 + 1);
    SIM_ASSERT(text != NULL);
    for (size_t i = 0; i < lines; i++)
        sprintf(text + 66 * i, "%-10.10s %06zu abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrs\n\n",
                tag, i);
    return text;
}

static struct text_params own_files(const char *const *items, size_t count)
{
    return (struct text_params){.files = {items, count}, .tokens_max = 1000000, .root = "/nowhere"};
}

static struct corpus *load(const struct corpus_ops *ops, const void *params, uint64_t seed)
{
    struct sim_error err = {0};
    struct corpus *corpus = NULL;
    if (ops->load(params, seed, &corpus, &err) != SIM_OK)
        fail_msg("%s", err.text);
    return corpus;
}

static void assert_refused(const struct corpus_ops *ops, const void *params, const char *text)
{
    struct sim_error err = {0};
    struct corpus *corpus = NULL;
    assert_int_equal(ops->load(params, 1, &corpus, &err), SIM_CONFIG);
    assert_null(corpus);
    assert_string_equal(err.text, text);
}

/* Two domains, tagged alpha and beta, of which beta repeats 500 lines of alpha. */
static struct corpus *two_domains(struct folder *folder)
{
    char a[128], b[128], item_a[160], item_b[160];
    char *alpha = numbered_text("alpha", 3000), *beta = numbered_text("beta", 3000);
    memcpy(beta + 66 * 100, alpha + 66 * 100, 66 * 500);
    folder_make(folder);
    folder_file(folder, "a.txt", a, alpha, 66 * 3000);
    folder_file(folder, "b.txt", b, beta, 66 * 3000);
    free(alpha);
    free(beta);
    sprintf(item_a, "first=%s", a);
    sprintf(item_b, "second=%s", b);
    const char *items[] = {item_a, item_b};
    struct text_params params = own_files(items, 2);
    struct corpus *corpus = load(&corpus_text, &params, 1);
    assert_int_equal(unlink(a), 0);
    assert_int_equal(unlink(b), 0);
    assert_int_equal(rmdir(folder->path), 0);
    return corpus;
}

static void own_files_become_domains_with_checksum_and_without_repeats(void **state)
{
    (void)state;
    struct folder folder;
    struct corpus *corpus = two_domains(&folder);
    assert_int_equal(corpus->domain_count, 2);
    assert_string_equal(corpus->domains[0].name, "first");
    assert_int_equal(corpus->file_count, 2);
    assert_int_equal(corpus->files[1].size_bytes, 66 * 3000);
    assert_int_equal(corpus->files[1].domain, 1);
    assert_int_equal(strlen(corpus->files[0].sha256), 64);
    const struct corpus_stats *first = &corpus->domains[0].stats;
    const struct corpus_stats *second = &corpus->domains[1].stats;
    /* 3000 lines of 65 tokens; the 500 repeated ones are in the first domain alone. */
    assert_int_equal(first->heldout_tokens, 3000 * 65 / 40960 * 4096);
    assert_int_equal(second->heldout_tokens, 2500 * 65 / 40960 * 4096);
    assert_true(isnan(first->exact_nats));
    corpus = corpus_free(corpus);
    assert_null(corpus);
}

/* The block of the domain's text in which the drawn sequence lies: the text has no repeats, so
 * its place is where it is found. */
static size_t find_block(const struct corpus_domain *domain, const uint8_t *tokens, size_t length)
{
    for (size_t at = 0; at + length <= domain->token_count; at++)
        if (memcmp(domain->tokens + at, tokens, length) == 0)
            return (at / CORPUS_BLOCK_TOKENS == (at + length - 1) / CORPUS_BLOCK_TOKENS ||
                    at / CORPUS_BLOCK_TOKENS % 10 < 8)
                       ? at / CORPUS_BLOCK_TOKENS
                       : SIZE_MAX;
    return SIZE_MAX;
}

static void training_draws_never_touch_heldout_blocks_and_heldout_draws_only_those(void **state)
{
    (void)state;
    struct folder folder;
    struct corpus *corpus = two_domains(&folder);
    struct stream stream;
    stream_init(&stream, 1, STREAM_TEST, 0, 0);
    uint8_t tokens[CORPUS_BLOCK_TOKENS];
    bool seen_block[64] = {false};
    for (int i = 0; i < 600; i++) {
        enum corpus_part part = i % 2 ? CORPUS_HELDOUT : CORPUS_TRAIN;
        uint32_t length = 100 + (uint32_t)stream_below(&stream, i < 100 ? 3997 : 50);
        corpus_draw(corpus,
                    &(struct corpus_request){.part = part, .domain = 0, .length_tokens = length},
                    &stream, tokens);
        size_t block = find_block(&corpus->domains[0], tokens, length);
        assert_true(block < 64);
        assert_int_equal(block % 10 == 9, part == CORPUS_HELDOUT);
        seen_block[block] = true;
    }
    for (size_t block = 0; block < corpus->domains[0].token_count / CORPUS_BLOCK_TOKENS; block++)
        assert_true(seen_block[block]);
    corpus_free(corpus);
}

static void spoiled_draws_are_what_they_are_called(void **state)
{
    (void)state;
    struct folder folder;
    struct corpus *corpus = two_domains(&folder);
    struct stream stream;
    stream_init(&stream, 2, STREAM_TEST, 0, 0);
    enum { LENGTH = 200 };
    uint8_t tokens[LENGTH], turned[LENGTH];
    const double one[] = {0, 1};
    for (int i = 0; i < 50; i++) {
        struct corpus_request request = {.weights = one, .length_tokens = LENGTH};
        request.leak_share = 1;
        assert_int_equal(corpus_draw(corpus, &request, &stream, tokens), 1);
        assert_int_equal(find_block(&corpus->domains[1], tokens, LENGTH) % 10, 9);
        request.leak_share = 0;
        request.poison_share = 1;
        struct stream before = stream;
        corpus_draw(corpus, &request, &stream, tokens);
        for (int t = 0; t < LENGTH; t++)
            turned[t] = tokens[LENGTH - 1 - t];
        assert_true(find_block(&corpus->domains[1], turned, LENGTH) % 10 < 9);
        request.poison_share = 1e-300; /* as many draws, and never meant */
        corpus_draw(corpus, &request, &before, tokens);
        assert_memory_equal(tokens, turned, LENGTH);
        request.poison_share = 0;
        request.junk_share = 1;
        corpus_draw(corpus, &request, &stream, tokens);
        assert_int_equal(find_block(&corpus->domains[1], tokens, LENGTH), SIZE_MAX);
    }
    corpus_free(corpus);
}

static void shares_of_spoiled_text_are_met(void **state)
{
    (void)state;
    struct folder folder;
    struct corpus *corpus = two_domains(&folder);
    struct stream stream;
    stream_init(&stream, 3, STREAM_TEST, 0, 0);
    enum { LENGTH = 100, DRAWS = 1000 };
    uint8_t tokens[LENGTH], turned[LENGTH];
    const double one[] = {1, 0}, shares[] = {0.1, 0.2, 0.4, 0.3};
    int counts[4] = {0};
    struct corpus_request request = {.weights = one,
                                     .length_tokens = LENGTH,
                                     .leak_share = shares[0],
                                     .junk_share = shares[1],
                                     .poison_share = shares[2]};
    for (int i = 0; i < DRAWS; i++) {
        corpus_draw(corpus, &request, &stream, tokens);
        for (int t = 0; t < LENGTH; t++)
            turned[t] = tokens[LENGTH - 1 - t];
        size_t block = find_block(&corpus->domains[0], tokens, LENGTH);
        bool is_turned = find_block(&corpus->domains[0], turned, LENGTH) != SIZE_MAX;
        counts[block == SIZE_MAX ? (is_turned ? 2 : 1) : block % 10 == 9 ? 0 : 3]++;
    }
    for (int k = 0; k < 4; k++)
        assert_true(fabs(counts[k] - shares[k] * DRAWS) <
                    4 * sqrt(DRAWS * shares[k] * (1 - shares[k])));
    corpus_free(corpus);
}

static void what_is_wrong_with_a_corpus_is_said(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    char path[128], item[256], expected[512];
    folder_file(&folder, "x", path, "ok \xff", 4);
    sprintf(item, "d=%s", path);
    const char *items[] = {item};
    struct text_params params = own_files(items, 1);
    sprintf(expected, "corpus: '%s' is not UTF-8 (at byte 3)", path);
    assert_refused(&corpus_text, &params, expected);
    folder_file(&folder, "x", path, "short", 5);
    assert_refused(&corpus_text, &params,
                   "corpus: domain 'd' has 6 tokens; at least 40960 are needed for one held-out "
                   "block");
    char other[512];
    sprintf(other, "%s=%064d", path, 0);
    const char *checksums[] = {other};
    params.sha256 = (struct param_strings){checksums, 1};
    sprintf(expected,
            "corpus: '%s' is not the file that the scenario names: its SHA-256 is "
            "f9b0078b5df596d2ea19010c001bbd009e651de2c57e8fb7e355f31eb9d3f739, not %064d",
            path, 0);
    assert_refused(&corpus_text, &params, expected);
    params.sha256.count = 0;
    items[0] = "nothing";
    assert_refused(&corpus_text, &params,
                   "corpus: file 'nothing' is not of the form 'domain=path'");
    const char *built_in[] = {"perl", "latin"};
    params = (struct text_params){.text = {built_in, 2}, .root = folder.path, .tokens_max = 1e6};
    assert_refused(&corpus_text, &params,
                   "corpus: there is no built-in domain 'latin'; docs/CORPUS.md lists them");
    params.text.count = 1;
    sprintf(expected,
            "corpus: domain 'perl' needs the Debian package 'perl-doc', which is not installed "
            "(no file %s/usr/share/perl/5.*.*/pod/perl*.pod); install it with: apt-get install "
            "perl-doc",
            folder.path);
    assert_refused(&corpus_text, &params, expected);
    struct synthetic_params source = synthetic_defaults();
    source.entropy_nats = 4.2;
    assert_refused(&corpus_synthetic, &source,
                   "corpus: an entropy of 4.2 nats is not below ln 64 = 4.1589 nats");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder.path), 0);
}

static void text_that_is_missing_becomes_the_source_only_where_the_scenario_says_so(void **state)
{
    (void)state;
    const char *names[] = {"perl", "fortunes"};
    const char *privates[] = {"fortunes"};
    struct text_params params = {.text = {names, 2},
                                 .private_ = {privates, 1},
                                 .tokens_max = 1000000,
                                 .root = "/nowhere",
                                 .otherwise = TEXT_ELSE_SYNTHETIC};
    struct corpus *corpus = load(&corpus_text, &params, 1);
    assert_string_equal(corpus->kind, "synthetic");
    assert_non_null(strstr(corpus->fallback, "needs the Debian package 'perl-doc'"));
    assert_int_equal(corpus->domain_count, 2);
    assert_string_equal(corpus->domains[1].name, "fortunes");
    assert_true(corpus->domains[1].is_private);
    corpus_free(corpus);
}

/* ---- the source ------------------------------------------------------------------------------ */

static struct synthetic_params small_source(void)
{
    struct synthetic_params params = synthetic_defaults();
    params.domains = 2;
    params.tokens = 400000;
    return params;
}

static void a_source_has_the_entropy_that_was_asked_for(void **state)
{
    (void)state;
    const double wanted[] = {1.6, 3.0};
    for (int i = 0; i < 2; i++) {
        struct synthetic_params params = small_source();
        params.entropy_nats = wanted[i];
        struct corpus *corpus = load(&corpus_synthetic, &params, 7);
        for (uint32_t d = 0; d < corpus->domain_count; d++) {
            const struct corpus_stats *stats = &corpus->domains[d].stats;
            assert_true(fabs(stats->exact_nats - wanted[i]) < 1e-9);
            assert_true(stats->bigram_nats > wanted[i] && stats->unigram_nats > stats->bigram_nats);
        }
        corpus_free(corpus);
    }
}

static void a_source_is_the_same_for_a_seed_and_another_for_another(void **state)
{
    (void)state;
    struct synthetic_params params = small_source();
    struct corpus *a = load(&corpus_synthetic, &params, 7),
                  *b = load(&corpus_synthetic, &params, 7);
    struct corpus *c = load(&corpus_synthetic, &params, 8);
    assert_true(a->digest == b->digest);
    assert_true(a->digest != c->digest);
    corpus_free(a);
    corpus_free(b);
    corpus_free(c);
}

/* The bigram loss of domain `text` under counts of domain `model`: how alike two domains are. */
static double loss_under(const struct corpus *corpus, uint32_t model, uint32_t text)
{
    static double count[64][64];
    double loss = 0;
    for (int i = 0; i < 64 * 64; i++)
        count[i / 64][i % 64] = 0.5;
    const struct corpus_domain *m = &corpus->domains[model], *t = &corpus->domains[text];
    for (uint64_t i = 1; i < m->token_count; i++)
        count[m->tokens[i - 1]][m->tokens[i]]++;
    for (uint64_t i = 1; i < t->token_count; i++) {
        double row = 0;
        for (int v = 0; v < 64; v++)
            row += count[t->tokens[i - 1]][v];
        loss -= log(count[t->tokens[i - 1]][t->tokens[i]] / row);
    }
    return loss / (double)(t->token_count - 1);
}

static void domains_with_more_overlap_are_more_alike(void **state)
{
    (void)state;
    double excess[3];
    for (int i = 0; i < 3; i++) {
        struct synthetic_params params = small_source();
        params.tokens = 200000;
        params.overlap = 0.5 * i;
        struct corpus *corpus = load(&corpus_synthetic, &params, 7);
        excess[i] = loss_under(corpus, 0, 1) - loss_under(corpus, 1, 1);
        corpus_free(corpus);
    }
    assert_true(excess[0] > excess[1] + 0.1 && excess[1] > excess[2] + 0.1);
    assert_true(excess[2] < 0.05); /* full overlap: the same source */
}

/* ---- mixtures -------------------------------------------------------------------------------- */

static struct corpus *four_domains(int64_t drift_ns)
{
    struct synthetic_params params = synthetic_defaults();
    params.tokens = 40960;
    params.private_domains = 1;
    params.symbols = 16;
    params.entropy_nats = 2;
    params.drift_ns = drift_ns;
    return load(&corpus_synthetic, &params, 7);
}

static void mixtures_sum_to_one_and_follow_concentration_and_privacy(void **state)
{
    (void)state;
    struct corpus *corpus = four_domains(0);
    double largest[3] = {0};
    const double concentration[] = {0, 0.3, 1000};
    enum { NEURONS = 300 };
    for (int c = 0; c < 3; c++) {
        for (uint64_t n = 0; n < NEURONS; n++) {
            struct stream stream;
            stream_init(&stream, 1, STREAM_CORPUS, n, 0);
            double w[4];
            corpus_mixture(corpus, &(struct corpus_diet){.concentration = concentration[c]},
                           &stream, w);
            assert_true(fabs(w[0] + w[1] + w[2] + w[3] - 1) < 1e-12);
            assert_true(w[3] == 0);
            largest[c] += fmax(fmax(w[0], w[1]), w[2]) / NEURONS;
            corpus_mixture(corpus, &(struct corpus_diet){.private_share = 0.25}, &stream, w);
            assert_true(fabs(w[3] - 0.25) < 1e-12);
            assert_true(fabs(w[0] + w[1] + w[2] + w[3] - 1) < 1e-12);
        }
    }
    assert_true(fabs(largest[0] - 1) < 1e-9);
    assert_true(largest[1] > 0.7 && largest[1] < 0.9);
    assert_true(largest[2] < 0.4);
    corpus_free(corpus);
}

static void a_drifting_interest_visits_the_public_domains_in_turn(void **state)
{
    (void)state;
    struct corpus *corpus = four_domains(NS_PER_S);
    struct stream stream;
    stream_init(&stream, 1, STREAM_TEST, 0, 0);
    const double only_first[] = {1, 0, 0, 0}, only_private[] = {0, 0, 0, 1};
    uint8_t token;
    int moved = 0;
    for (int i = 0; i < 1000; i++) {
        struct corpus_request request = {.weights = only_first, .length_tokens = 1};
        request.time_ns = 4 * NS_PER_S; /* four steps over three domains */
        assert_int_equal(corpus_draw(corpus, &request, &stream, &token), 1);
        request.time_ns = NS_PER_S / 4;
        moved += corpus_draw(corpus, &request, &stream, &token) == 1;
        request.weights = only_private;
        assert_int_equal(corpus_draw(corpus, &request, &stream, &token), 3);
    }
    assert_true(moved > 180 && moved < 320);
    corpus_free(corpus);
}

static void domains_are_drawn_in_proportion_to_their_weights(void **state)
{
    (void)state;
    struct corpus *corpus = four_domains(0);
    struct stream stream;
    stream_init(&stream, 1, STREAM_TEST, 0, 0);
    const double weights[] = {2, 0, 5, 3};
    int drawn[4] = {0};
    uint8_t token;
    for (int i = 0; i < 10000; i++)
        drawn[corpus_draw(corpus, &(struct corpus_request){.weights = weights, .length_tokens = 1},
                          &stream, &token)]++;
    for (int d = 0; d < 4; d++)
        assert_true(abs(drawn[d] - (int)(1000 * weights[d])) < 250); /* 5 standard deviations */
    assert_int_equal(drawn[1], 0);
    corpus_free(corpus);
}

static void statistics_agree_with_counting_by_hand(void **state)
{
    (void)state;
    struct corpus *corpus = four_domains(0);
    const struct corpus_domain *domain = &corpus->domains[0];
    double unigram[16], bigram[16][16], loss1 = 0, loss2 = 0, pairs = 0, total = 8;
    for (int a = 0; a < 16; a++)
        for (int b = 0; b < 16; b++)
            unigram[b] = bigram[a][b] = 0.5;
    const uint8_t *t = domain->tokens;
    for (int i = 1; i < 9 * 4096; i++, total++) {
        unigram[t[i]]++;
        bigram[t[i - 1]][t[i]]++;
    }
    for (int i = 9 * 4096 + 1; i < 10 * 4096; i++, pairs++) {
        double row = 0;
        for (int b = 0; b < 16; b++)
            row += bigram[t[i - 1]][b];
        loss1 -= log(unigram[t[i]] / total);
        loss2 -= log(bigram[t[i - 1]][t[i]] / row);
    }
    assert_int_equal(domain->stats.train_tokens, 9 * 4096);
    assert_int_equal(domain->stats.heldout_tokens, 4096);
    assert_true(fabs(domain->stats.unigram_nats - loss1 / pairs) < 1e-12);
    assert_true(fabs(domain->stats.bigram_nats - loss2 / pairs) < 1e-12);

    const double first[] = {3, 0, 0, 0}, both[] = {1, 1, 0, 0};
    struct corpus_stats stats;
    corpus_mixture_stats(corpus, first, &stats);
    assert_true(stats.bigram_nats == domain->stats.bigram_nats);
    corpus_mixture_stats(corpus, both, &stats);
    double mean = (domain->stats.bigram_nats + corpus->domains[1].stats.bigram_nats) / 2;
    assert_true(stats.bigram_nats > mean); /* one model for two texts serves neither */
    assert_int_equal(stats.heldout_tokens, 2 * 4096);
    corpus_free(corpus);
}

/* ---- the catalogue --------------------------------------------------------------------------- */

static void the_default_domains_are_in_the_catalogue_and_names_are_unique(void **state)
{
    (void)state;
    for (const char *const *name = catalogue_default; *name != NULL; name++)
        assert_non_null(catalogue_find(*name));
    for (size_t i = 0; i < catalogue_count; i++)
        assert_ptr_equal(catalogue_find(catalogue_entries[i].name), &catalogue_entries[i]);
    assert_null(catalogue_find("latin"));
}

static bool line_in_file(FILE *file, const char *wanted)
{
    char line[256];
    rewind(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, wanted) == 0)
            return true;
    }
    return false;
}

static void the_set_up_installs_every_package_of_the_catalogue(void **state)
{
    (void)state;
    FILE *file = fopen(PACKAGES_TXT, "r");
    assert_non_null(file);
    for (size_t i = 0; i < catalogue_count; i++)
        if (!line_in_file(file, catalogue_entries[i].package))
            fail_msg("%s is not in packages.txt", catalogue_entries[i].package);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_files_become_domains_with_checksum_and_without_repeats),
        cmocka_unit_test(training_draws_never_touch_heldout_blocks_and_heldout_draws_only_those),
        cmocka_unit_test(spoiled_draws_are_what_they_are_called),
        cmocka_unit_test(shares_of_spoiled_text_are_met),
        cmocka_unit_test(what_is_wrong_with_a_corpus_is_said),
        cmocka_unit_test(text_that_is_missing_becomes_the_source_only_where_the_scenario_says_so),
        cmocka_unit_test(a_source_has_the_entropy_that_was_asked_for),
        cmocka_unit_test(a_source_is_the_same_for_a_seed_and_another_for_another),
        cmocka_unit_test(domains_with_more_overlap_are_more_alike),
        cmocka_unit_test(mixtures_sum_to_one_and_follow_concentration_and_privacy),
        cmocka_unit_test(a_drifting_interest_visits_the_public_domains_in_turn),
        cmocka_unit_test(domains_are_drawn_in_proportion_to_their_weights),
        cmocka_unit_test(statistics_agree_with_counting_by_hand),
        cmocka_unit_test(the_default_domains_are_in_the_catalogue_and_names_are_unique),
        cmocka_unit_test(the_set_up_installs_every_package_of_the_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
