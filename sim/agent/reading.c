#include "agent/reading.h"

#include "agent/response.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool reading_wants_logits(const struct agents_setup *setup)
{
    return (setup->scorer->needs & (SCORER_NEEDS_DISTRIBUTIONS | SCORER_NEEDS_RESPONSES)) != 0;
}

uint32_t reading_context_width(const struct agents_setup *setup)
{
    return setup->router->uses_context ? setup->corpus->vocabulary_symbols : 0;
}

enum sim_status reading_create(struct agents *agents, struct sim_error *err)
{
    const struct agents_setup *setup = &agents->setup;
    size_t peers = setup->query->peers, symbols = setup->corpus->vocabulary_symbols;
    size_t context = (size_t)setup->query->batch * reading_context_width(setup);
    size_t responses =
        setup->scorer->needs & SCORER_NEEDS_RESPONSES ? peers * agents->rows * symbols : 0;
    size_t distributions = setup->scorer->needs & SCORER_NEEDS_DISTRIBUTIONS
                               ? peers * setup->query->batch * symbols
                               : 0;
    agents->context = calloc(context + 1, sizeof(double));
    agents->responses = calloc(responses + 1, sizeof(double));
    agents->distributions = calloc(distributions + 1, sizeof(double));
    agents->targets = calloc(agents->rows, 1);
    agents->mean_losses = calloc(peers, sizeof(double));
    if (agents->context && agents->responses && agents->distributions && agents->targets &&
        agents->mean_losses)
        return SIM_OK;
    return SIM_FAIL(err, SIM_MEMORY, "no memory for the answers of %zu peers", peers);
}

void reading_free(struct agents *agents)
{
    free(agents->context);
    free(agents->responses);
    free(agents->distributions);
    free(agents->targets);
    free(agents->mean_losses);
}

void reading_fill_context(struct agents *agents, const struct agent_question *question,
                          const double **ret_context, uint32_t *ret_rows)
{
    uint32_t width = reading_context_width(&agents->setup);
    uint32_t length = agents->setup.query->sequence;
    uint32_t sent = response_positions(agents->setup.query);
    *ret_context = width > 0 ? agents->context : NULL;
    *ret_rows = width > 0 ? agents->setup.query->batch : 0;
    for (uint32_t b = 0; b < *ret_rows; b++) {
        double *shares = agents->context + (size_t)b * width;
        memset(shares, 0, width * sizeof(*shares));
        for (uint32_t t = 0; t < sent; t++)
            shares[question->tokens[(size_t)b * (length + 1) + t]] += 1.0 / sent;
    }
}

void reading_softmax(const float *logits, uint32_t symbols, double *ret)
{
    double largest = -INFINITY, sum = 0;
    for (uint32_t v = 0; v < symbols; v++)
        largest = fmax(largest, (double)logits[v]);
    for (uint32_t v = 0; v < symbols; v++) {
        ret[v] = exp((double)logits[v] - largest);
        sum += ret[v];
    }
    for (uint32_t v = 0; v < symbols; v++)
        ret[v] /= sum;
}

/* The distribution after the last token of each sequence: where the historic validator looked. */
static void fill_distributions(struct agents *agents, const struct agent_question *question,
                               struct scorer_step *step)
{
    uint32_t symbols = step->vocabulary_symbols;
    uint32_t rows = agents->rows / agents->setup.query->batch; /* a sequence */
    step->distribution_rows = agents->setup.query->batch;
    step->distributions = agents->distributions;
    for (uint32_t k = 0; k < step->peer_count; k++) {
        for (uint32_t b = 0; step->answered[k] && b < step->distribution_rows; b++) {
            size_t row = (size_t)k * agents->rows + (size_t)b * rows + rows - 1;
            reading_softmax(question->logits + row * symbols, symbols,
                            agents->distributions +
                                ((size_t)k * step->distribution_rows + b) * symbols);
        }
    }
}

/* The peers' logits are what is joined: there is no decoder between. */
static void fill_responses(struct agents *agents, const struct agent_question *question,
                           struct scorer_step *step)
{
    size_t numbers = (size_t)agents->rows * step->vocabulary_symbols;
    for (uint32_t k = 0; k < step->peer_count; k++)
        for (size_t i = k * numbers; step->answered[k] && i < (k + 1) * numbers; i++)
            agents->responses[i] = (double)question->logits[i];
    for (uint32_t row = 0; row < agents->rows; row++)
        agents->targets[row] = response_target(agents->setup.query, question->tokens, row);
    step->response_width = step->vocabulary_symbols;
    step->responses = agents->responses;
    step->targets = agents->targets;
}

void reading_fill_step(struct agents *agents, const struct agent_question *question,
                       struct scorer_step *step)
{
    uint32_t needs = agents->setup.scorer->needs;
    if (needs & SCORER_NEEDS_DISTRIBUTIONS)
        fill_distributions(agents, question, step);
    if (needs & SCORER_NEEDS_RESPONSES)
        fill_responses(agents, question, step);
    if (needs & SCORER_NEEDS_GATE)
        step->gate = question->gate;
}

void reading_teach_router(struct agents *agents, const struct agent_question *question)
{
    if (agents->setup.router->learn == NULL)
        return;
    const struct agent_validator *validator = &agents->validators[question->validator];
    for (uint32_t k = 0; k < question->peer_count; k++)
        agents->mean_losses[k] = agents->measures[k].loss_nats;
    struct router_feedback feedback = {
        .peer_count = question->peer_count,
        .uids = question->uids,
        .answered = question->answered,
        .loss_nats = agents->mean_losses,
        .uid_count = chain_view(agents->wiring.chain, agents->setup.netuid)->neuron_count,
    };
    reading_fill_context(agents, question, &feedback.context, &feedback.context_rows);
    router_learn(agents->setup.router, agents->setup.router_params, validator->router_state,
                 &feedback);
}
