#include "agent/answer.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define PROBABILITY_FLOOR 1e-40
#define BAD_LOSS_NATS 20

enum { TOKEN_BYTES = 8, FLOAT_BYTES = 4 };

/* ---- sizes */

uint64_t answer_request_bytes(const struct answer_shape *shape)
{
    return TOKEN_BYTES * shape->sequences * shape->positions;
}

uint64_t answer_hidden_bytes(const struct answer_shape *shape)
{
    return FLOAT_BYTES * shape->sequences * shape->positions * shape->hidden_width;
}

uint64_t answer_topk_bytes(const struct answer_shape *shape)
{
    return FLOAT_BYTES * shape->sequences * shape->positions * 2 * shape->kept;
}

uint64_t answer_phrases_bytes(const struct answer_shape *shape)
{
    uint64_t tokens = shape->sequences * shape->phrases + shape->extra_tokens;
    return FLOAT_BYTES * (tokens + shape->sequences * shape->phrases + shape->sequences);
}

uint64_t answer_phrases_gradient_bytes(const struct answer_shape *shape)
{
    return FLOAT_BYTES * (2 + shape->sequences * (shape->phrases + 1));
}

/* ---- top k */

/* By insertion, as k is small. */
void answer_largest(const double *values, uint32_t count, uint32_t k, uint32_t *ret_indices)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (kept == k && !(values[i] > values[ret_indices[k - 1]]))
            continue;
        uint32_t place = kept < k ? kept++ : k - 1;
        for (; place > 0 && values[i] > values[ret_indices[place - 1]]; place--)
            ret_indices[place] = ret_indices[place - 1];
        ret_indices[place] = i;
    }
}

void answer_topk_encode(const double *logits, uint32_t symbols, uint32_t k, uint32_t *ret_indices,
                        double *ret_probabilities)
{
    answer_largest(logits, symbols, k, ret_indices);
    double top = logits[ret_indices[0]], sum = 0;
    for (uint32_t v = 0; v < symbols; v++)
        sum += exp(logits[v] - top);
    for (uint32_t i = 0; i < k; i++)
        ret_probabilities[i] = exp(logits[ret_indices[i]] - top) / sum;
}

void answer_topk_decode(const uint32_t *indices, const double *probabilities, uint32_t k,
                        uint32_t symbols, double *ret_logits)
{
    double left = 1;
    for (uint32_t i = 0; i < k; i++)
        left -= probabilities[i];
    double other = symbols > k ? fmax(left, 0) / (symbols - k) : 0;
    for (uint32_t v = 0; v < symbols; v++)
        ret_logits[v] = log(other + PROBABILITY_FLOOR);
    for (uint32_t i = 0; i < k; i++)
        ret_logits[indices[i]] = log(probabilities[i] + PROBABILITY_FLOOR);
}

void answer_topk_gradient(const double *gradient, uint32_t symbols, uint32_t k, uint32_t *scratch,
                          double *ret_gradient)
{
    answer_largest(gradient, symbols, k, scratch);
    memset(ret_gradient, 0, symbols * sizeof(*ret_gradient));
    for (uint32_t i = 0; i < k; i++)
        ret_gradient[scratch[i]] = gradient[scratch[i]];
}

double answer_log_sum(const lm_real *logits, uint32_t symbols)
{
    double largest = (double)logits[0], sum = 0;
    for (uint32_t v = 1; v < symbols; v++)
        largest = fmax(largest, (double)logits[v]);
    for (uint32_t v = 0; v < symbols; v++)
        sum += exp((double)logits[v] - largest);
    return largest + log(sum);
}

/* ---- hidden states */

void answer_hidden_encode(const float *hidden, size_t rows, uint32_t width, uint32_t wire_width,
                          float *ret_wire)
{
    memset(ret_wire, 0, rows * wire_width * sizeof(*ret_wire));
    for (size_t row = 0; row < rows; row++)
        memcpy(ret_wire + row * wire_width + (wire_width - width) / 2, hidden + row * width,
               width * sizeof(*hidden));
}

void answer_hidden_decode(const float *wire, size_t rows, uint32_t width, uint32_t wire_width,
                          float *ret_hidden)
{
    for (size_t row = 0; row < rows; row++)
        memcpy(ret_hidden + row * width, wire + row * wire_width + (wire_width - width) / 2,
               width * sizeof(*ret_hidden));
}

/* ---- phrases */

enum { TOKEN_SHIFT = 2 };

size_t answer_phrases_encode(const struct answer_phrases *phrases, float *ret_wire)
{
    size_t at = 0;
    for (uint32_t k = 0; k < phrases->count; k++) {
        ret_wire[at++] = (float)phrases->probabilities[k];
        for (uint32_t i = 0; i < phrases->lengths[k]; i++)
            ret_wire[at++] = (float)(phrases->tokens[k][i] + TOKEN_SHIFT);
    }
    ret_wire[at++] = (float)phrases->floor;
    return at;
}

struct answer_phrases answer_phrases_decode(const float *wire, size_t count,
                                            double *ret_probabilities, uint32_t *ret_lengths,
                                            const uint32_t **ret_tokens, uint32_t *token_space)
{
    struct answer_phrases phrases = {.probabilities = ret_probabilities,
                                     .lengths = ret_lengths,
                                     .tokens = ret_tokens,
                                     .floor = count > 0 ? (double)wire[count - 1] : 0};
    for (size_t i = 0; i + 1 < count; i++) {
        if (wire[i] >= TOKEN_SHIFT && phrases.count > 0) {
            *token_space++ = (uint32_t)wire[i] - TOKEN_SHIFT;
            ret_lengths[phrases.count - 1]++;
        } else if (!(wire[i] >= TOKEN_SHIFT)) {
            ret_probabilities[phrases.count] = (double)wire[i];
            ret_tokens[phrases.count] = token_space;
            ret_lengths[phrases.count++] = 0;
        }
    }
    return phrases;
}

static double clamp01(double x)
{
    return x > 0 ? fmin(x, 1) : x <= 0 ? 0 : x; /* NaN stays */
}

static uint32_t unlisted(const struct answer_phrases *phrases, uint32_t symbols_min)
{
    return symbols_min > phrases->count ? symbols_min - phrases->count : 0;
}

static double total_mass(const struct answer_phrases *phrases, uint32_t symbols_min)
{
    double sum = 0;
    for (uint32_t k = 0; k < phrases->count; k++)
        sum += clamp01(phrases->probabilities[k]);
    return sum + unlisted(phrases, symbols_min) * clamp01(phrases->floor);
}

static bool begins(const struct answer_phrases *phrases, uint32_t k, const uint32_t *target)
{
    return phrases->lengths[k] >= 1 && phrases->tokens[k][0] == target[0];
}

static bool equals(const struct answer_phrases *phrases, uint32_t k, const uint32_t *target,
                   uint32_t length)
{
    return phrases->lengths[k] == length &&
           memcmp(phrases->tokens[k], target, length * sizeof(*target)) == 0;
}

/* Claimed mass of the phrases equal to target[0..length), or, for length 0, of those that begin
 * as the target does; the floor when there is none. */
static double matching(const struct answer_phrases *phrases, const uint32_t *target,
                       uint32_t length)
{
    bool any = false;
    double sum = 0;
    for (uint32_t k = 0; k < phrases->count; k++) {
        if (!(length == 0 ? begins(phrases, k, target) : equals(phrases, k, target, length)))
            continue;
        any = true;
        sum += clamp01(phrases->probabilities[k]);
    }
    return any ? sum : clamp01(phrases->floor);
}

static double loss_of(double probability)
{
    double loss_nats = -log((probability > 1 ? 1 : probability) + PROBABILITY_FLOOR);
    return isnan(loss_nats) ? BAD_LOSS_NATS : loss_nats;
}

/* C: the target is compared by its first 1..C tokens. */
static uint32_t compared(const struct answer_phrases *phrases, uint32_t target_count)
{
    uint32_t longest = 0;
    for (uint32_t k = 0; k < phrases->count; k++)
        longest = phrases->lengths[k] > longest ? phrases->lengths[k] : longest;
    return longest < target_count ? longest : target_count;
}

struct answer_phrase_loss answer_phrases_loss(const struct answer_phrases *phrases,
                                              const uint32_t *target, uint32_t target_count,
                                              uint32_t symbols_min)
{
    double total = total_mass(phrases, symbols_min), match = 0;
    for (uint32_t length = 1; length <= compared(phrases, target_count); length++)
        match += matching(phrases, target, length) / total;
    return (struct answer_phrase_loss){
        .next_nats = loss_of(matching(phrases, target, 0) / total),
        .continuation_nats = loss_of(match),
    };
}

/* Adds to ret (count + 1) how often each probability, and the floor, is part of the match. */
static void count_parts(const struct answer_phrases *phrases, const uint32_t *target,
                        uint32_t length, double *ret)
{
    bool any = false;
    for (uint32_t k = 0; k < phrases->count; k++) {
        bool is_part = equals(phrases, k, target, length);
        ret[k] += is_part;
        any = any || is_part;
    }
    ret[phrases->count] += !any;
}

static bool within01(double x)
{
    return x >= 0 && x <= 1;
}

void answer_phrases_gradient(const struct answer_phrases *phrases, const uint32_t *target,
                             uint32_t target_count, uint32_t symbols_min, double *ret_gradient)
{
    uint32_t count = phrases->count;
    double total = total_mass(phrases, symbols_min), match = 0;
    memset(ret_gradient, 0, (count + 1) * sizeof(*ret_gradient));
    for (uint32_t length = 1; length <= compared(phrases, target_count); length++) {
        match += matching(phrases, target, length) / total;
        count_parts(phrases, target, length, ret_gradient);
    }
    /* Where the match is cut off at 1, or is no number, the loss is a constant. */
    double by_match = match <= 1 ? -1 / (match + PROBABILITY_FLOOR) : 0;
    for (uint32_t k = 0; k <= count; k++) {
        bool is_floor = k == count;
        double claimed = is_floor ? phrases->floor : phrases->probabilities[k];
        double in_total = is_floor ? unlisted(phrases, symbols_min) : 1;
        double by_claim = (ret_gradient[k] - match * in_total) / total;
        ret_gradient[k] = by_match != 0 && within01(claimed) ? by_match * by_claim : 0;
    }
}
