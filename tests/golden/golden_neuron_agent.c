/*
 * Answers on the wire, priority in a queue, learning from each other: sim/agent.
 */
#include "golden/golden_neuron.h"

#include "agent/answer.h"
#include "agent/exchange.h"

static void run_phrase_cross_entropy(struct neuron_case *c)
{
    const struct json_value *phrases = json_get(c->in, "phrases");
    size_t count, target_count;
    const double *probabilities = neuron_reals(c, json_get(c->in, "topk_probs"), &count);
    const uint32_t *target = neuron_indices(c, json_get(c->in, "target"), &target_count);
    const uint32_t **tokens = neuron_memory(c, count, sizeof(*tokens));
    uint32_t *lengths = neuron_memory(c, count, sizeof(*lengths));
    for (size_t k = 0; k < count; k++) {
        size_t length;
        tokens[k] = neuron_indices(c, json_item(phrases, k), &length);
        lengths[k] = (uint32_t)length;
    }
    struct answer_phrases answer = {.count = (uint32_t)count,
                                    .probabilities = probabilities,
                                    .lengths = lengths,
                                    .tokens = tokens,
                                    .floor = neuron_input(c, "floor_prob")};
    struct answer_phrase_loss loss =
        answer_phrases_loss(&answer, target, (uint32_t)target_count,
                            neuron_index(c, json_get(c->in, "vocab_size_min")));
    neuron_compare_one(c, "loss_val", loss.next_nats);
    neuron_compare_one(c, "loss", loss.continuation_nats);
}

static void run_causallm_codec(struct neuron_case *c)
{
    size_t symbols;
    const double *logits = neuron_reals(c, json_get(c->in, "logits"), &symbols);
    const double *gradient = neuron_reals(c, json_get(c->in, "grad"), NULL);
    uint32_t k = neuron_index(c, json_get(c->in, "topk"));
    uint32_t *indices = neuron_memory(c, k, sizeof(*indices));
    double *probabilities = neuron_memory(c, k, sizeof(double));
    double *places = neuron_memory(c, k, sizeof(double));
    double *decoded = neuron_memory(c, symbols, sizeof(double));
    answer_topk_encode(logits, (uint32_t)symbols, k, indices, probabilities);
    for (uint32_t i = 0; i < k; i++)
        places[i] = indices[i];
    neuron_compare(c, "indices", places, k);
    neuron_compare(c, "probs", probabilities, k);
    answer_topk_decode(indices, probabilities, k, (uint32_t)symbols, decoded);
    neuron_compare(c, "decoded_logits", decoded, symbols);
    answer_topk_gradient(gradient, (uint32_t)symbols, k, indices, decoded);
    neuron_compare(c, "grad_decoded_topk_largest", decoded, symbols);
}

static uint64_t whole(struct neuron_case *c, const char *name)
{
    return neuron_index(c, json_get(c->in, name));
}

static void run_wire_bytes(struct neuron_case *c)
{
    struct answer_shape shape = {.sequences = whole(c, "batch"),
                                 .positions = whole(c, "seq"),
                                 .hidden_width = whole(c, "network_dim"),
                                 .kept = whole(c, "topk_causallm"),
                                 .phrases = whole(c, "topk_next"),
                                 .extra_tokens = whole(c, "extra_phrase_tokens")};
    struct answer_shape text = {.sequences = whole(c, "batch"),
                                .positions = whole(c, "num_to_generate")};
    neuron_compare_one(c, "request_tokens", (double)answer_request_bytes(&shape));
    neuron_compare_one(c, "last_hidden_fwd", (double)answer_hidden_bytes(&shape));
    neuron_compare_one(c, "last_hidden_bwd_grad", (double)answer_hidden_bytes(&shape));
    neuron_compare_one(c, "causallm_fwd", (double)answer_topk_bytes(&shape));
    neuron_compare_one(c, "causallm_bwd_grad", (double)answer_topk_bytes(&shape));
    neuron_compare_one(c, "causallmnext_fwd_min", (double)answer_phrases_bytes(&shape));
    neuron_compare_one(c, "causallmnext_bwd_grad", (double)answer_phrases_gradient_bytes(&shape));
    neuron_compare_one(c, "seq2seq_fwd_max_tokens", (double)answer_request_bytes(&text));
}

static void run_priority_order(struct neuron_case *c)
{
    size_t n;
    const double *stake = neuron_reals(c, json_get(c->in, "stake"), &n);
    const double *lot = neuron_reals(c, json_get(c->in, "zero_stake_lottery_1_100"), NULL);
    const double *noise = neuron_reals(c, json_get(c->in, "epsilon_0_0.01"), NULL);
    double *key = neuron_memory(c, n, sizeof(double));
    double *order = neuron_memory(c, n, sizeof(double));
    for (size_t i = 0; i < n; i++) {
        double priority = exchange_priority(stake[i], lot[i], noise[i]);
        key[i] = -priority; /* the historic queue serves the smallest key first */
        size_t place = i;
        for (; place > 0 && key[(size_t)order[place - 1]] > key[i]; place--)
            order[place] = order[place - 1];
        order[place] = (double)i;
    }
    neuron_compare(c, "key", key, n);
    neuron_compare(c, "order", order, n);
}

static void run_server_grad_norm(struct neuron_case *c)
{
    size_t count;
    double *gradient = neuron_reals(c, json_get(c->in, "grad"), &count);
    exchange_normalise_gradient(gradient, count);
    neuron_compare(c, "normalised", gradient, count);
}

static void run_distillation(struct neuron_case *c)
{
    size_t count;
    const double *student = neuron_reals(c, json_get(c->in, "student"), &count);
    const double *teacher = neuron_reals(c, json_get(c->in, "teacher"), NULL);
    double *by_student = neuron_memory(c, count, sizeof(double));
    double *by_teacher = neuron_memory(c, count, sizeof(double));
    neuron_compare_one(c, "mse", exchange_distil(student, teacher, count, by_student));
    neuron_compare(c, "grad_student", by_student, count);
    neuron_compare(c, "grad_teacher", by_teacher, count); /* none: the teacher is a constant */
}

const struct neuron_category neuron_agent_categories[] = {
    {"phrase_cross_entropy", run_phrase_cross_entropy},
    {"causallm_codec", run_causallm_codec},
    {"wire_bytes", run_wire_bytes},
    {"priority_order", run_priority_order},
    {"server_grad_norm", run_server_grad_norm},
    {"distillation", run_distillation},
    {NULL, NULL}};
