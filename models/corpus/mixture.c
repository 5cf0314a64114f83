#include "corpus/domains.h"

#include <gsl/gsl_randist.h>
#include <string.h>

/* ---- a neuron's weights ---------------------------------------------------------------------- */

void domains_mixture(const struct corpus *corpus, const struct corpus_diet *diet,
                     struct stream *stream, double *ret_weights)
{
    const struct domains *domains = (const struct domains *)corpus;
    uint32_t count = domains->public_count;
    memset(ret_weights, 0, corpus->domain_count * sizeof(*ret_weights));

    double alpha[CORPUS_DOMAINS_MAX], share[CORPUS_DOMAINS_MAX];
    uint32_t only = (uint32_t)stream_below(stream, count);
    for (uint32_t i = 0; i < count; i++) {
        alpha[i] = diet->concentration;
        share[i] = i == only; /* the limit of a concentration that goes to 0 */
    }
    /* Below this, gamma draws underflow and the limit is as good. */
    if (count > 1 && diet->concentration >= 1e-3)
        gsl_ran_dirichlet(&stream->rng, count, alpha, share);

    double private_share = domains->private_count > 0 ? diet->private_share : 0;
    for (uint32_t i = 0; i < count; i++)
        ret_weights[domains->public_domains[i]] = (1 - private_share) * share[i];
    if (private_share > 0)
        ret_weights[domains->private_domains[stream_below(stream, domains->private_count)]] =
            private_share;
}

/* ---- statistics of a mixture ----------------------------------------------------------------- */

/*
 * Counts of a mixture: c(a,b) = sum_d w_d (N / N_d) c_d(a,b), N = sum_d w_d N_d, w summing to 1;
 * for one domain these are its own counts.  Smoothed, p(b|a) = (c(a,b) + 1/2) / (c(a) + V/2), and
 * the loss is sum_d w_d x the mean of -ln p over domain d's held-out pairs.
 */
static double cross_entropy_row(const double *model, const uint32_t *counts, uint32_t symbols)
{
    const double smoothing = 0.5;
    double total = 0, loss_nats = 0;
    for (uint32_t b = 0; b < symbols; b++)
        total += model[b] + smoothing;
    for (uint32_t b = 0; b < symbols; b++)
        if (counts[b] > 0)
            loss_nats -= counts[b] * log((model[b] + smoothing) / total);
    return loss_nats;
}

static double sum_of(const uint32_t *counts, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += counts[i];
    return sum;
}

/* What the sums over domains need of each. */
struct terms {
    double share;         /* w_d; 0 = takes no part */
    double train_scale;   /* w_d N / N_d */
    double heldout_scale; /* w_d / held-out pairs of d */
};

/* The nats that one row of counts adds: `train` and `heldout` give domain d's row of V counts. */
static double charge_row(const struct domains *domains, const struct terms *terms,
                         const uint32_t *const *train, const uint32_t *const *heldout)
{
    uint32_t symbols = domains->base.vocabulary_symbols;
    double model[256] = {0}, nats = 0;
    for (uint32_t d = 0; d < domains->base.domain_count; d++)
        for (uint32_t b = 0; terms[d].share > 0 && b < symbols; b++)
            model[b] += terms[d].train_scale * train[d][b];
    for (uint32_t d = 0; d < domains->base.domain_count; d++)
        if (terms[d].share > 0)
            nats += terms[d].heldout_scale * cross_entropy_row(model, heldout[d], symbols);
    return nats;
}

static double unigram_nats(const struct domains *domains, const struct terms *terms)
{
    const uint32_t *train[CORPUS_DOMAINS_MAX], *heldout[CORPUS_DOMAINS_MAX];
    for (uint32_t d = 0; d < domains->base.domain_count; d++) {
        train[d] = domains->texts[d].train_counts;
        heldout[d] = domains->texts[d].heldout_counts;
    }
    return charge_row(domains, terms, train, heldout);
}

static double bigram_nats(const struct domains *domains, const struct terms *terms)
{
    const uint32_t *train[CORPUS_DOMAINS_MAX], *heldout[CORPUS_DOMAINS_MAX];
    uint32_t symbols = domains->base.vocabulary_symbols;
    double nats = 0;
    for (uint32_t a = 0; a < symbols; a++) {
        for (uint32_t d = 0; d < domains->base.domain_count; d++) {
            if (terms[d].share <= 0)
                continue;
            train[d] = domains->texts[d].train_pairs + (size_t)a * symbols;
            heldout[d] = domains->texts[d].heldout_pairs + (size_t)a * symbols;
        }
        nats += charge_row(domains, terms, train, heldout);
    }
    return nats;
}

static void prepare_terms(const struct domains *domains, const double *weights, struct terms *terms)
{
    uint32_t symbols = domains->base.vocabulary_symbols;
    double sum = 0, size = 0;
    for (uint32_t d = 0; d < domains->base.domain_count; d++)
        sum += weights[d];
    SIM_ASSERT(sum > 0);
    for (uint32_t d = 0; d < domains->base.domain_count; d++) {
        terms[d] = (struct terms){.share = weights[d] / sum};
        if (terms[d].share > 0)
            size += terms[d].share * sum_of(domains->texts[d].train_counts, symbols);
    }
    for (uint32_t d = 0; d < domains->base.domain_count; d++) {
        if (terms[d].share <= 0)
            continue;
        const struct domains_text *text = &domains->texts[d];
        terms[d].train_scale = terms[d].share * size / sum_of(text->train_counts, symbols);
        terms[d].heldout_scale = terms[d].share / sum_of(text->heldout_counts, symbols);
    }
}

void domains_mixture_stats(const struct corpus *corpus, const double *weights,
                           struct corpus_stats *ret_stats)
{
    const struct domains *domains = (const struct domains *)corpus;
    struct terms terms[CORPUS_DOMAINS_MAX];
    prepare_terms(domains, weights, terms);
    struct corpus_stats stats = {.unigram_nats = unigram_nats(domains, terms),
                                 .bigram_nats = bigram_nats(domains, terms)};
    for (uint32_t d = 0; d < corpus->domain_count; d++) {
        if (terms[d].share <= 0)
            continue;
        stats.train_tokens += domains->domains[d].stats.train_tokens;
        stats.heldout_tokens += domains->domains[d].stats.heldout_tokens;
        stats.exact_nats += terms[d].share * domains->domains[d].stats.exact_nats;
    }
    *ret_stats = stats;
}
