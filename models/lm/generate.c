#include "lm/lm_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_DEFAULT = 128 };

/* What one call works with. */
struct generator {
    const struct lm_ops *ops;
    const void *shape;
    const float *parameters;
    size_t vocabulary, window;
    uint8_t *tokens; /* [window + 1], the last one is not looked at */
    float *logits;   /* [window][V] */
    float *scratch;
};

static float *floats(size_t count)
{
    return aligned_alloc(LM_ALIGNMENT,
                         (count * sizeof(float) + LM_ALIGNMENT) / LM_ALIGNMENT * LM_ALIGNMENT);
}

static size_t window_of(const struct lm_ops *ops, const void *shape, size_t wanted)
{
    size_t most = ops->sequence_length_max(shape), window = wanted == 0 ? WINDOW_DEFAULT : wanted;
    return window < most ? window : most;
}

static void release(struct generator *g)
{
    free(g->tokens);
    free(g->logits);
    free(g->scratch);
}

/* The logits of the token after `seen`, of which the last `window` count. */
static const float *logits_after(const struct generator *g, const uint8_t *seen, size_t count)
{
    size_t length = count < g->window ? count : g->window;
    memcpy(g->tokens, seen + count - length, length);
    g->tokens[length] = 0;
    struct lm_batch batch = {
        .sequence_count = 1, .sequence_length = (uint32_t)length, .tokens = g->tokens};
    g->ops->forward(g->shape, g->parameters, &batch, &(struct lm_outputs){.logits = g->logits},
                    g->scratch);
    return g->logits + (length - 1) * g->vocabulary;
}

static size_t most_probable(size_t vocabulary, const float *logits)
{
    size_t best = 0;
    for (size_t v = 1; v < vocabulary; v++)
        best = logits[v] > logits[best] ? v : best;
    return best;
}

/* Draws from the softmax; false when it is none. */
static bool draw(size_t vocabulary, const float *logits, double temperature, struct stream *stream,
                 uint8_t *ret_token)
{
    size_t best = most_probable(vocabulary, logits), chosen = best;
    double part[256], sum = 0;
    for (size_t v = 0; v < vocabulary; v++) {
        double below = (double)logits[v] - (double)logits[best];
        part[v] = temperature > 0 ? exp(below / temperature) : v == best;
        sum += part[v] + 0 * below; /* a NaN below makes the sum one */
    }
    if (!isfinite(sum))
        return false;
    double left = stream_uniform(stream) * sum;
    for (size_t v = 0; v < vocabulary && left >= 0; v++) {
        left -= part[v];
        chosen = part[v] > 0 ? v : chosen;
    }
    *ret_token = (uint8_t)chosen;
    return true;
}

static enum sim_status write_tokens(const struct generator *g,
                                    const struct lm_generate_options *options,
                                    struct stream *stream, uint8_t *text, struct sim_error *err)
{
    for (size_t i = 0; i < options->count; i++) {
        size_t seen = options->prompt_count + i;
        if (!draw(g->vocabulary, logits_after(g, text, seen), options->temperature, stream,
                  &text[seen]))
            return SIM_FAIL(err, SIM_NUMERIC, "the model gives no number after %zu tokens", seen);
    }
    return SIM_OK;
}

enum sim_status lm_generate(const struct lm_ops *ops, const void *shape, const float *parameters,
                            const struct lm_generate_options *options, struct stream *stream,
                            uint8_t *ret_tokens, struct sim_error *err)
{
    SIM_ASSERT(options->prompt_count > 0);
    struct generator g = {.ops = ops,
                          .shape = shape,
                          .parameters = parameters,
                          .vocabulary = ops->vocabulary(shape),
                          .window = window_of(ops, shape, options->window)};
    uint8_t *text = malloc(options->prompt_count + options->count);
    g.tokens = malloc(g.window + 1);
    g.logits = floats(g.window * g.vocabulary);
    g.scratch = floats(ops->scratch_count(shape, 1, (uint32_t)g.window, false));
    enum sim_status status;
    if (text == NULL || g.tokens == NULL || g.logits == NULL || g.scratch == NULL) {
        status = SIM_FAIL(err, SIM_MEMORY, "writing text: out of memory");
    } else {
        memcpy(text, options->prompt, options->prompt_count);
        status = write_tokens(&g, options, stream, text, err);
    }
    if (status == SIM_OK)
        memcpy(ret_tokens, text + options->prompt_count, options->count);
    free(text);
    release(&g);
    return status;
}
