/*
 * What an epoch computes with a trace (stepwise, as the chain's code) and without one (fused, as a
 * run) agrees to the last bit, for every mechanism, on random states.
 */
#include "mechanism/mechanism_list.h"
#include "property/mechanism_states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STATES = 1000, NEURONS_MAX = 70 };

static void ignore_vector(void *context, const char *label, uint32_t count, const int64_t *value)
{
    (void)context, (void)label, (void)count, (void)value;
}

static void ignore_wide(void *context, const char *label, uint32_t index, uint32_t count,
                        const uint64_t value[2])
{
    (void)context, (void)label, (void)index, (void)count, (void)value;
}

static void ignore_row(void *context, const char *label, uint32_t row, uint32_t count,
                       const uint32_t *column, const int64_t *value)
{
    (void)context, (void)label, (void)row, (void)count, (void)column, (void)value;
}

static struct mechanism_output *run(const struct mechanism_ops *ops,
                                    const struct mechanism_state *state,
                                    struct mechanism_scratch *scratch,
                                    const struct mechanism_trace *trace, uint64_t seed)
{
    struct mechanism_output *output = NULL;
    struct sim_error err = {0};
    if (mechanism_output_create(state->input.neuron_count, ops->memory_words, &output, &err) !=
            SIM_OK ||
        mechanism_epoch(ops, &state->params, &state->input, output, scratch, trace, &err) != SIM_OK)
        fail_msg("%s, seed %" PRIu64 ": %s", ops->params->name, seed, err.text);
    return output;
}

static void must_agree(const struct mechanism_ops *ops, uint64_t seed, const char *what,
                       const void *a, const void *b, size_t size_bytes)
{
    if (size_bytes > 0 && memcmp(a, b, size_bytes) != 0)
        fail_msg("%s, seed %" PRIu64 ": %s differs with a trace", ops->params->name, seed, what);
}

static void compare(const struct mechanism_ops *ops, uint64_t seed,
                    const struct mechanism_output *a, const struct mechanism_output *b)
{
    size_t n = a->neuron_count, words = n * sizeof(uint64_t);
    uint64_t bonds = a->bonds.start[n];
    must_agree(ops, seed, "consensus", a->consensus, b->consensus, words);
    must_agree(ops, seed, "validator trust", a->validator_trust, b->validator_trust, words);
    must_agree(ops, seed, "stake weight", a->stake_weight, b->stake_weight, words);
    must_agree(ops, seed, "rank", a->rank, b->rank, words);
    must_agree(ops, seed, "trust", a->trust, b->trust, words);
    must_agree(ops, seed, "incentive", a->incentive, b->incentive, words);
    must_agree(ops, seed, "dividends", a->dividends, b->dividends, words);
    must_agree(ops, seed, "pruning score", a->pruning_score, b->pruning_score, words);
    must_agree(ops, seed, "emission", a->emission_rao, b->emission_rao, words);
    must_agree(ops, seed, "server emission", a->server_emission_rao, b->server_emission_rao, words);
    must_agree(ops, seed, "validator emission", a->validator_emission_rao,
               b->validator_emission_rao, words);
    must_agree(ops, seed, "priority", a->priority, b->priority, words);
    must_agree(ops, seed, "active", a->active, b->active, n);
    must_agree(ops, seed, "permit", a->permit, b->permit, n);
    must_agree(ops, seed, "bond rows", a->bonds.start, b->bonds.start, words + sizeof(uint64_t));
    must_agree(ops, seed, "bond columns", a->bonds.column, b->bonds.column,
               bonds * sizeof(uint32_t));
    must_agree(ops, seed, "bonds", a->bonds.value, b->bonds.value, bonds * sizeof(uint64_t));
}

static void one_state(const struct mechanism_ops *ops, struct mechanism_scratch *scratch,
                      uint64_t seed, uint32_t neuron_max)
{
    static const struct mechanism_trace trace = {NULL, ignore_vector, ignore_wide, ignore_row};
    struct mechanism_state state;
    mechanism_state_draw(&state, ops, seed, neuron_max);
    struct mechanism_output *plain = run(ops, &state, scratch, NULL, seed);
    struct mechanism_output *traced = run(ops, &state, scratch, &trace, seed);
    compare(ops, seed, plain, traced);
    mechanism_output_free(plain);
    mechanism_output_free(traced);
    mechanism_state_release(&state);
}

static void a_trace_changes_no_bit_of_a_thousand_random_epochs(void **state)
{
    (void)state;
    struct mechanism_scratch scratch = {0};
    const char *more = getenv("MECHANISM_STATES");
    uint64_t states = more == NULL ? STATES : strtoull(more, NULL, 10);
    for (size_t m = 0; m < mechanism_list_count(); m++)
        for (uint64_t seed = 0; seed < states; seed++)
            one_state(mechanism_list_item(m), &scratch, seed, NEURONS_MAX);
    mechanism_scratch_release(&scratch);
}

static void a_trace_changes_no_bit_of_large_epochs(void **state)
{
    (void)state;
    struct mechanism_scratch scratch = {0};
    for (size_t m = 0; m < mechanism_list_count(); m++)
        for (uint64_t seed = 0; seed < 6; seed++)
            one_state(mechanism_list_item(m), &scratch, seed, 600);
    mechanism_scratch_release(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_changes_no_bit_of_a_thousand_random_epochs),
        cmocka_unit_test(a_trace_changes_no_bit_of_large_epochs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
