#include "lm/lm_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Tokens of one pass where a state carries the rest, and tokens shown at once. */
enum { PASS_TOKENS = 128, SHOWN_TOKENS = 4096 };

/* What one call works with. */
struct generator {
    const struct lm_ops *ops;
    const void *shape;
    const float *parameters;
    size_t vocabulary, window;
    bool carries; /* a state, of the tokens before `read` */
    size_t read;
    uint8_t *tokens; /* [window + 1], the last one is not looked at */
    float *logits;   /* [window][V] */
    float *hidden;   /* [window][hidden_width] */
    float *state;    /* [hidden_width] */
    float *scratch;
};

static float *floats(size_t count)
{
    return aligned_alloc(LM_ALIGNMENT,
                         (count * sizeof(float) + LM_ALIGNMENT) / LM_ALIGNMENT * LM_ALIGNMENT);
}

static bool generator_init(struct generator *g, const struct lm_ops *ops, const void *shape,
                           const float *parameters)
{
    size_t reach = ops->reach(shape), width = ops->hidden_width(shape);
    *g = (struct generator){.ops = ops,
                            .shape = shape,
                            .parameters = parameters,
                            .vocabulary = ops->vocabulary(shape),
                            .window = reach == 0 ? PASS_TOKENS : reach,
                            .carries = reach == 0};
    g->tokens = malloc(g->window + 1);
    g->logits = floats(g->window * g->vocabulary);
    g->hidden = floats(g->window * width);
    g->state = floats(width);
    g->scratch = floats(ops->scratch_count(shape, 1, (uint32_t)g->window, false));
    return g->tokens != NULL && g->logits != NULL && g->hidden != NULL && g->state != NULL &&
           g->scratch != NULL;
}

static void generator_release(struct generator *g)
{
    free(g->tokens);
    free(g->logits);
    free(g->hidden);
    free(g->state);
    free(g->scratch);
}

/* A pass over `length` tokens; logits and hidden states of each stay in g. */
static void pass(const struct generator *g, const uint8_t *from, size_t length, const float *state)
{
    memcpy(g->tokens, from, length);
    g->tokens[length] = 0;
    struct lm_batch batch = {.sequence_count = 1,
                             .sequence_length = (uint32_t)length,
                             .tokens = g->tokens,
                             .state = state};
    g->ops->forward(g->shape, g->parameters, &batch,
                    &(struct lm_outputs){.logits = g->logits, .hidden = g->hidden}, g->scratch);
}

/* The logits of the token after `count` that were seen. */
static const float *logits_after(struct generator *g, const uint8_t *seen, size_t count)
{
    size_t width = g->ops->hidden_width(g->shape), length = count < g->window ? count : g->window;
    if (!g->carries)
        pass(g, seen + count - length, length, NULL);
    while (g->carries && g->read < count) {
        length = count - g->read < g->window ? count - g->read : g->window;
        pass(g, seen + g->read, length, g->read == 0 ? NULL : g->state);
        memcpy(g->state, g->hidden + (length - 1) * width, width * sizeof(*g->state));
        g->read += length;
    }
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

static enum sim_status write_tokens(struct generator *g, const struct lm_generate_options *options,
                                    struct stream *stream, uint8_t *text, struct sim_error *err)
{
    size_t shown = options->prompt_count, end = options->prompt_count + options->count;
    for (size_t seen = shown; seen < end; seen++) {
        if (!draw(g->vocabulary, logits_after(g, text, seen), options->temperature, stream,
                  &text[seen]))
            return SIM_FAIL(err, SIM_NUMERIC, "the model gives no number after %zu tokens", seen);
        if (options->take == NULL || (seen + 1 - shown < SHOWN_TOKENS && seen + 1 < end))
            continue;
        options->take(options->take_context, text + shown, seen + 1 - shown);
        shown = seen + 1;
    }
    return SIM_OK;
}

enum sim_status lm_generate(const struct lm_ops *ops, const void *shape, const float *parameters,
                            const struct lm_generate_options *options, struct stream *stream,
                            uint8_t *ret_tokens, struct sim_error *err)
{
    SIM_ASSERT(options->prompt_count > 0);
    struct generator g;
    bool ready = generator_init(&g, ops, shape, parameters);
    uint8_t *text = malloc(options->prompt_count + options->count);
    enum sim_status status;
    if (text == NULL || !ready) {
        status = SIM_FAIL(err, SIM_MEMORY, "writing text: out of memory");
    } else {
        memcpy(text, options->prompt, options->prompt_count);
        status = write_tokens(&g, options, stream, text, err);
    }
    if (status == SIM_OK)
        memcpy(ret_tokens, text + options->prompt_count, options->count);
    free(text);
    generator_release(&g);
    return status;
}
