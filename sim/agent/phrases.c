#include "agent/phrases.h"

#include <math.h>
#include <string.h>

/* ---- sizes */

uint32_t phrases_possible(const struct query_params *query, uint32_t symbols)
{
    uint64_t count = 1;
    for (uint32_t i = 0; i < query->continuation; i++)
        if ((count *= symbols) > UINT32_MAX)
            return 0;
    return (uint32_t)count;
}

uint32_t phrases_kept(const struct query_params *query, uint32_t symbols, uint32_t length)
{
    uint64_t count = 1;
    for (uint32_t i = 0; i < length && count < query->phrases; i++)
        count *= symbols;
    return count < query->phrases ? (uint32_t)count : query->phrases;
}

size_t phrases_derivative_count(const struct query_params *query, uint32_t symbols)
{
    return (size_t)query->batch * (phrases_kept(query, symbols, query->continuation) + 1);
}

uint32_t phrases_positions(const struct query_params *query)
{
    return query->sequence + 1 - query->continuation;
}

/* Of all passes of one sequence's search but the last. */
static uint64_t prefix_flop(const struct query_params *query, const struct lm_ops *lm,
                            const void *shape)
{
    uint32_t symbols = lm->vocabulary(shape);
    uint64_t flop = 0;
    for (uint32_t length = 0; length + 1 < query->continuation; length++)
        flop += lm->forward_flop(shape, phrases_kept(query, symbols, length),
                                 phrases_positions(query) + length);
    return flop;
}

/* Sequences of the last pass. */
static uint32_t last_width(const struct query_params *query, uint32_t symbols)
{
    return phrases_kept(query, symbols, query->continuation - 1);
}

uint64_t phrases_answer_flop(const struct query_params *query, const struct lm_ops *lm,
                             const void *shape)
{
    uint32_t width = last_width(query, lm->vocabulary(shape));
    return query->batch *
           (prefix_flop(query, lm, shape) + lm->forward_flop(shape, width, query->sequence));
}

uint64_t phrases_lesson_flop(const struct query_params *query, const struct lm_ops *lm,
                             const void *shape)
{
    uint32_t width = last_width(query, lm->vocabulary(shape));
    return query->batch *
           (prefix_flop(query, lm, shape) + lm->training_flop(shape, width, query->sequence));
}

/* ---- the search of one sequence */

/* The phrases found so far, the likeliest first. */
struct beam {
    uint32_t width;
    uint32_t *tokens, *next_tokens; /* (phrases, continuation) */
    double *probability;            /* (phrases) ln of it while the search goes on */
    double *scores;                 /* (phrases, V) */
    uint32_t *chosen;               /* (phrases) places in `scores`: parent x V + symbol */
    uint32_t *lengths;              /* (phrases) */
    const uint32_t **pointers;      /* (phrases) */
    double left;                    /* probability of what is not listed */
    uint8_t *batch_tokens;          /* (phrases, sequence + 1) of the last pass */
    lm_real *logits;                /* (phrases, sequence, V) of the last pass */
    lm_real *gradient;              /* (parameters) */
    float *wire;                    /* of the phrases, encoded */
    void *rest;                     /* of the model */
};

/* Cuts arrays off the scratch, or counts when there is none. */
struct cutter {
    char *base;
    size_t used_bytes;
};

static void *cut(struct cutter *cutter, size_t bytes)
{
    void *piece = cutter->base == NULL ? NULL : cutter->base + cutter->used_bytes;
    cutter->used_bytes += (bytes + LM_ALIGNMENT - 1) / LM_ALIGNMENT * LM_ALIGNMENT;
    return piece;
}

static struct beam beam_in(struct cutter *cutter, const struct query_params *query,
                           const struct lm_ops *lm, const void *shape)
{
    size_t width = query->phrases, symbols = lm->vocabulary(shape), length = query->continuation;
    struct beam beam = {.width = 1};
    beam.tokens = cut(cutter, width * length * sizeof(*beam.tokens));
    beam.next_tokens = cut(cutter, width * length * sizeof(*beam.next_tokens));
    beam.probability = cut(cutter, width * sizeof(*beam.probability));
    beam.scores = cut(cutter, width * symbols * sizeof(*beam.scores));
    beam.chosen = cut(cutter, width * sizeof(*beam.chosen));
    beam.lengths = cut(cutter, width * sizeof(*beam.lengths));
    beam.pointers = cut(cutter, width * sizeof(*beam.pointers));
    beam.batch_tokens = cut(cutter, width * (query->sequence + 1));
    beam.logits = cut(cutter, width * query->sequence * symbols * sizeof(*beam.logits));
    beam.gradient = cut(cutter, lm->parameter_count(shape) * sizeof(*beam.gradient));
    beam.wire = cut(cutter, (width * (length + 1) + 1) * sizeof(*beam.wire));
    beam.rest = cut(cutter, 0);
    return beam;
}

size_t phrases_scratch_bytes(const struct query_params *query, const struct lm_ops *lm,
                             const void *shape, bool learning)
{
    struct cutter cutter = {0};
    (void)beam_in(&cutter, query, lm, shape);
    return cutter.used_bytes +
           sizeof(lm_real) * lm->scratch_count(shape, query->phrases, query->sequence, learning);
}

/* The sequence and each phrase of `length` symbols. */
static struct lm_batch batch_of(const struct query_params *query, const uint8_t *text,
                                uint32_t length, const struct beam *beam)
{
    uint32_t positions = phrases_positions(query), seen = positions + length;
    for (uint32_t k = 0; k < beam->width; k++) {
        uint8_t *row = beam->batch_tokens + (size_t)k * (seen + 1);
        memcpy(row, text, positions);
        for (uint32_t i = 0; i < length; i++)
            row[positions + i] = (uint8_t)beam->tokens[k * query->continuation + i];
        row[seen] = 0; /* nobody looks: only log-probabilities would */
    }
    return (struct lm_batch){
        .sequence_count = beam->width, .sequence_length = seen, .tokens = beam->batch_tokens};
}

/* Logits behind each, then scores of all phrases that are one symbol longer. */
static void score_longer(const struct phrases_asked *asked, const uint8_t *text, uint32_t length,
                         struct beam *beam)
{
    uint32_t symbols = asked->lm->vocabulary(asked->shape);
    struct lm_batch batch = batch_of(asked->query, text, length, beam);
    asked->lm->forward(asked->shape, asked->parameters, &batch,
                       &(struct lm_outputs){.logits = beam->logits}, beam->rest);
    for (uint32_t k = 0; k < beam->width; k++) {
        size_t row = (size_t)(k + 1) * batch.sequence_length - 1;
        const lm_real *logits = beam->logits + row * symbols;
        double before = length == 0 ? 0 : beam->probability[k];
        double sum = answer_log_sum(logits, symbols);
        for (uint32_t v = 0; v < symbols; v++)
            beam->scores[(size_t)k * symbols + v] = before + (double)logits[v] - sum;
    }
}

static void keep_best(const struct query_params *query, uint32_t symbols, uint32_t length,
                      struct beam *beam)
{
    uint32_t row = query->continuation, kept = phrases_kept(query, symbols, length + 1);
    answer_largest(beam->scores, beam->width * symbols, kept, beam->chosen);
    for (uint32_t k = 0; k < kept; k++) {
        uint32_t parent = beam->chosen[k] / symbols;
        memcpy(beam->next_tokens + k * row, beam->tokens + parent * row,
               length * sizeof(*beam->tokens));
        beam->next_tokens[k * row + length] = beam->chosen[k] % symbols;
        beam->probability[k] = beam->scores[beam->chosen[k]];
    }
    uint32_t *swap = beam->tokens;
    beam->tokens = beam->next_tokens;
    beam->next_tokens = swap;
    beam->width = kept;
}

/* Phrases that are possible and not listed. */
static uint32_t unlisted(const struct phrases_asked *asked, const struct beam *beam)
{
    return phrases_possible(asked->query, asked->lm->vocabulary(asked->shape)) - beam->width;
}

static struct answer_phrases search(const struct phrases_asked *asked, const uint8_t *text,
                                    struct beam *beam)
{
    const struct query_params *query = asked->query;
    uint32_t symbols = asked->lm->vocabulary(asked->shape);
    for (uint32_t length = 0; length < query->continuation; length++) {
        score_longer(asked, text, length, beam);
        keep_best(query, symbols, length, beam);
    }
    beam->left = 1;
    for (uint32_t k = 0; k < beam->width; k++) {
        beam->lengths[k] = query->continuation;
        beam->pointers[k] = beam->tokens + k * query->continuation;
        beam->probability[k] = exp(beam->probability[k]);
        beam->left -= beam->probability[k];
    }
    uint32_t others = unlisted(asked, beam);
    return (struct answer_phrases){.count = beam->width,
                                   .probabilities = beam->probability,
                                   .lengths = beam->lengths,
                                   .tokens = beam->pointers,
                                   .floor = others > 0 ? fmax(beam->left, 0) / others : 0};
}

struct answer_phrases phrases_search(const struct phrases_asked *asked, const uint8_t *text,
                                     void *scratch)
{
    struct cutter cutter = {.base = scratch};
    struct beam beam = beam_in(&cutter, asked->query, asked->lm, asked->shape);
    return search(asked, text, &beam);
}

/* ---- answers */

static void true_continuation(const struct query_params *query, const uint8_t *text,
                              uint32_t *ret_target)
{
    for (uint32_t i = 0; i < query->continuation; i++)
        ret_target[i] = text[phrases_positions(query) + i];
}

/* ln of the share of all claimed mass that begins with each symbol: as logits, a distribution. */
static void first_symbols(const struct answer_phrases *phrases, uint32_t symbols,
                          lm_real *ret_logits)
{
    double mass[256] = {0};
    for (uint32_t k = 0; k < phrases->count; k++)
        mass[phrases->tokens[k][0]] += phrases->probabilities[k];
    for (uint32_t v = 0; v < symbols; v++)
        ret_logits[v] = (lm_real)log(mass[v] + 1e-40);
}

/* By the probabilities and the floor, of this sequence's part of the mean loss a symbol. */
static void derive(const struct query_params *query, const struct answer_phrases *read,
                   const uint32_t *target, uint32_t possible, float *ret_derivative)
{
    double by_answer[PHRASES_MAX + 1];
    answer_phrases_gradient(read, target, query->continuation, possible, by_answer);
    for (uint32_t k = 0; k <= read->count; k++)
        ret_derivative[k] = (float)(by_answer[k] / query->continuation / query->batch);
}

/* What is read of one sequence's answer, its tokens where the search has no more use for them. */
static struct answer_phrases through_wire(const struct answer_phrases *sent,
                                          const struct beam *beam, double *probabilities,
                                          uint32_t *lengths, const uint32_t **tokens)
{
    size_t count = answer_phrases_encode(sent, beam->wire);
    return answer_phrases_decode(beam->wire, count, probabilities, lengths, tokens,
                                 beam->next_tokens);
}

void phrases_answer(const struct phrases_asked *asked, const uint8_t *tokens,
                    lm_real *ret_log_probability, lm_real *ret_logits, float *ret_derivative,
                    void *scratch)
{
    const struct query_params *query = asked->query;
    uint32_t symbols = asked->lm->vocabulary(asked->shape), target[PHRASES_SYMBOLS_MAX];
    uint32_t possible = phrases_possible(query, symbols), lengths[PHRASES_MAX];
    double probabilities[PHRASES_MAX];
    const uint32_t *pointers[PHRASES_MAX];
    for (uint32_t b = 0; b < query->batch; b++) {
        const uint8_t *text = tokens + (size_t)b * (query->sequence + 1);
        struct cutter cutter = {.base = scratch};
        struct beam beam = beam_in(&cutter, query, asked->lm, asked->shape);
        struct answer_phrases sent = search(asked, text, &beam);
        struct answer_phrases read = through_wire(&sent, &beam, probabilities, lengths, pointers);
        true_continuation(query, text, target);
        double loss_nats =
            answer_phrases_loss(&read, target, query->continuation, possible).continuation_nats;
        ret_log_probability[b] = (lm_real)(-loss_nats / query->continuation);
        if (ret_logits != NULL)
            first_symbols(&read, symbols, ret_logits + (size_t)b * symbols);
        if (ret_derivative != NULL)
            derive(query, &read, target, possible, ret_derivative + (size_t)b * (sent.count + 1));
    }
}

/* ---- the way back */

/* Of one phrase, in its parent's rows: they hold a softmax that is scaled once all are in, so its
 * weight is added to `mass`, and to its own symbols. */
struct weighed {
    double *mass;    /* (parents) sum of the weights of a parent's phrases */
    double *weights; /* (phrases) (G_k - G_floor / others) p_k */
};

/* The last pass's logits become the derivative by them; returns the sum of its squares. */
static double logits_to_derivative(const struct phrases_asked *asked, const struct weighed *weighed,
                                   uint32_t parents, const struct beam *beam)
{
    const struct query_params *query = asked->query;
    uint32_t symbols = asked->lm->vocabulary(asked->shape), m = query->continuation;
    uint32_t first = query->sequence - m; /* the row that foretells a phrase's first symbol */
    double squares = 0;
    for (uint32_t parent = 0; parent < parents; parent++) {
        lm_real *rows = beam->logits + (size_t)parent * query->sequence * symbols;
        memset(rows, 0, (size_t)first * symbols * sizeof(*rows));
        for (uint32_t row = first; row < query->sequence; row++) {
            lm_real *z = rows + (size_t)row * symbols;
            double sum = answer_log_sum(z, symbols);
            for (uint32_t v = 0; v < symbols; v++)
                z[v] = (lm_real)(-weighed->mass[parent] * exp((double)z[v] - sum));
        }
    }
    for (uint32_t k = 0; k < beam->width; k++) {
        size_t sequence = (size_t)(beam->chosen[k] / symbols) * query->sequence + first;
        for (uint32_t i = 0; i < m; i++)
            beam->logits[(sequence + i) * symbols + beam->tokens[k * m + i]] +=
                (lm_real)weighed->weights[k];
    }
    for (size_t i = 0; i < (size_t)parents * query->sequence * symbols; i++)
        squares += (double)beam->logits[i] * (double)beam->logits[i];
    return squares;
}

/* `scores` of the search are used up: the weights go there. */
static struct weighed weigh(const struct phrases_asked *asked, const double *derivative,
                            uint32_t parents, const struct beam *beam)
{
    uint32_t symbols = asked->lm->vocabulary(asked->shape), others = unlisted(asked, beam);
    struct weighed weighed = {.mass = beam->scores, .weights = beam->scores + parents};
    bool floor_moves = others > 0 && beam->left > 0;
    double by_floor = floor_moves ? derivative[beam->width] / others : 0;
    memset(weighed.mass, 0, parents * sizeof(*weighed.mass));
    for (uint32_t k = 0; k < beam->width; k++) {
        weighed.weights[k] = (derivative[k] - by_floor) * beam->probability[k];
        weighed.mass[beam->chosen[k] / symbols] += weighed.weights[k];
    }
    return weighed;
}

double phrases_gradient(const struct phrases_asked *asked, const uint8_t *tokens,
                        const double *derivative, lm_real *ret_gradient, double *ret_length,
                        void *scratch)
{
    const struct query_params *query = asked->query;
    uint32_t symbols = asked->lm->vocabulary(asked->shape), target[PHRASES_SYMBOLS_MAX];
    uint32_t parents = last_width(query, symbols), possible = phrases_possible(query, symbols);
    size_t parameters = asked->lm->parameter_count(asked->shape);
    double loss_nats = 0, squares = 0;
    memset(ret_gradient, 0, parameters * sizeof(*ret_gradient));
    for (uint32_t b = 0; b < query->batch; b++) {
        const uint8_t *text = tokens + (size_t)b * (query->sequence + 1);
        struct cutter cutter = {.base = scratch};
        struct beam beam = beam_in(&cutter, query, asked->lm, asked->shape);
        struct answer_phrases now = search(asked, text, &beam);
        true_continuation(query, text, target);
        loss_nats +=
            answer_phrases_loss(&now, target, query->continuation, possible).continuation_nats;
        struct weighed weighed =
            weigh(asked, derivative + (size_t)b * (now.count + 1), parents, &beam);
        squares += logits_to_derivative(asked, &weighed, parents, &beam);
        struct lm_batch batch = {.sequence_count = parents,
                                 .sequence_length = query->sequence,
                                 .tokens = beam.batch_tokens,
                                 .by_logits = beam.logits};
        (void)asked->lm->loss_gradient(asked->shape, asked->parameters, &batch, beam.gradient, NULL,
                                       beam.rest);
        for (size_t i = 0; i < parameters; i++)
            ret_gradient[i] += beam.gradient[i];
    }
    *ret_length = sqrt(squares);
    return loss_nats / query->continuation / query->batch;
}
