/*
 * Properties of every mechanism on random and extreme states, and of mechanisms broken on purpose,
 * each of which some property must catch.
 */
#include "mechanism/mechanism_list.h"
#include "property/mechanism_properties.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STATES = 300, NEURONS_MAX = 40 };

/* The first property that does not hold; seed draws the relabelling. */
static struct property_finding check_all(const struct mechanism_ops *ops,
                                         const struct mechanism_state *state, uint64_t seed)
{
    struct property_finding finding = property_payment(ops, state);
    if (finding.text[0] == '\0')
        finding = property_relabelling(ops, state, seed);
    if (finding.text[0] == '\0')
        finding = property_stake_scale(ops, state, 2 + seed % 9);
    if (finding.text[0] == '\0')
        finding = property_memory(ops, state);
    return finding;
}

static void must_hold(const struct mechanism_ops *ops, const struct mechanism_state *state,
                      uint64_t seed)
{
    struct property_finding finding = check_all(ops, state, seed);
    if (finding.text[0] != '\0')
        fail_msg("%s, seed %" PRIu64 ": %s", ops->params->name, seed, finding.text);
}

static void invariants_hold_on_random_states(void **unused)
{
    (void)unused;
    const char *more = getenv("MECHANISM_STATES");
    uint64_t states = more == NULL ? STATES : strtoull(more, NULL, 10);
    for (size_t m = 0; m < mechanism_list_count(); m++)
        for (uint64_t seed = 0; seed < states; seed++) {
            struct mechanism_state state;
            mechanism_state_draw(&state, mechanism_list_item(m), seed, NEURONS_MAX);
            must_hold(mechanism_list_item(m), &state, seed);
            mechanism_state_release(&state);
        }
}

/* ------------------------------------------------------------------------------------- extremes */

enum extreme { PLAIN, NO_STAKE, EQUAL_STAKE, ONE_HAS_ALL, ZERO_WEIGHTS, FULL_WEIGHTS, EXTREMES };

/* Changes a full state in place; its arrays are heap memory behind const pointers. */
static void make_extreme(struct mechanism_state *state, const struct mechanism_ops *ops,
                         enum extreme kind, uint64_t *stake, uint32_t *weight)
{
    uint32_t n = state->input.neuron_count;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t one = i == n / 3 ? (uint64_t)1 << 54 : 0;
        stake[i] = kind == NO_STAKE      ? 0
                   : kind == EQUAL_STAKE ? 1
                   : kind == ONE_HAS_ALL ? one
                                         : state->input.stake_rao[i];
    }
    for (uint64_t k = 0; k < state->input.weights.start[n]; k++)
        weight[k] = kind == ZERO_WEIGHTS   ? 0
                    : kind == FULL_WEIGHTS ? ops->weight_one
                                           : state->input.weights.value[k];
    state->input.stake_rao = stake;
    state->input.weights.value = weight;
}

static void try_extremes(const struct mechanism_ops *ops, uint32_t neurons, uint32_t voters)
{
    for (int kind = PLAIN; kind < EXTREMES; kind++) {
        struct mechanism_state state;
        mechanism_state_full(&state, ops, 5, neurons, voters);
        uint64_t *stake = calloc(neurons, sizeof(*stake));
        uint32_t *weight = calloc((size_t)voters * neurons, sizeof(*weight));
        assert_true(stake != NULL && weight != NULL);
        make_extreme(&state, ops, (enum extreme)kind, stake, weight);
        must_hold(ops, &state, (uint64_t)kind);
        mechanism_state_release(&state);
        free(stake);
        free(weight);
    }
}

static void invariants_hold_for_one_uid_and_for_4096(void **unused)
{
    (void)unused;
    for (size_t m = 0; m < mechanism_list_count(); m++) {
        try_extremes(mechanism_list_item(m), 1, 1);
        try_extremes(mechanism_list_item(m), 2, 1);
        try_extremes(mechanism_list_item(m), 4096, 16);
    }
}

/* More stake than the whole supply a thousand times over: the chain's sums wrap, and what it then
 * pays is nothing that a ledger may take; an error must say so, and nothing may crash. */
static void impossible_stakes_end_in_an_error_or_in_a_valid_output(void **unused)
{
    (void)unused;
    for (size_t m = 0; m < mechanism_list_count(); m++) {
        const struct mechanism_ops *ops = mechanism_list_item(m);
        struct mechanism_state state;
        struct mechanism_output *output = NULL;
        struct mechanism_scratch scratch = {0};
        struct sim_error err = {0};
        mechanism_state_full(&state, ops, 5, 33, 8);
        uint64_t stake[33];
        for (uint32_t i = 0; i < 33; i++)
            stake[i] = UINT64_MAX - i % 3;
        state.input.stake_rao = stake;
        assert_int_equal(mechanism_output_create(33, ops->memory_words, &output, &err), SIM_OK);
        enum sim_status status =
            mechanism_epoch(ops, &state.params, &state.input, output, &scratch, NULL, &err);
        assert_true(status == SIM_OK || status == SIM_NUMERIC);
        mechanism_output_free(output);
        mechanism_scratch_release(&scratch);
        mechanism_state_release(&state);
    }
}

/* --------------------------------------------------------------------------------- broken on
 * purpose */

typedef void (*break_f)(const struct mechanism_input *input, struct mechanism_output *output);

static void pays_too_much(const struct mechanism_input *input, struct mechanism_output *output)
{
    output->emission_rao[0] += input->emission_rao / 2;
}

static void pays_too_little(const struct mechanism_input *input, struct mechanism_output *output)
{
    for (uint32_t i = 0; i < input->neuron_count; i++)
        output->emission_rao[i] -= output->emission_rao[i] / 100;
}

static void loses_a_part(const struct mechanism_input *input, struct mechanism_output *output)
{
    for (uint32_t i = 0; i < input->neuron_count; i++)
        output->server_emission_rao[i] /= 2;
}

static void prefers_a_uid(const struct mechanism_input *input, struct mechanism_output *output)
{
    uint32_t last = input->neuron_count - 1;
    output->incentive[last] -= output->incentive[last] > 0;
}

static void permits_by_uid(const struct mechanism_input *input, struct mechanism_output *output)
{
    for (uint32_t i = 0; i < input->neuron_count; i++)
        output->permit[i] = i % 2;
}

static void looks_at_absolute_stake(const struct mechanism_input *input,
                                    struct mechanism_output *output)
{
    for (uint32_t i = 0; i < input->neuron_count; i++)
        output->consensus[i] = input->stake_rao[i] % 7;
}

static void exceeds_one(const struct mechanism_input *input, struct mechanism_output *output)
{
    (void)input;
    output->dividends[0] = 65536;
}

static void takes_without_leave(const struct mechanism_input *input,
                                struct mechanism_output *output)
{
    (void)input;
    output->stake_change_rao[0] = -1;
}

static void disorders_bonds(const struct mechanism_input *input, struct mechanism_output *output)
{
    struct mechanism_bonds_out *bonds = &output->bonds;
    for (uint32_t i = 0; i < input->neuron_count; i++)
        if (bonds->start[i + 1] - bonds->start[i] > 1)
            bonds->column[bonds->start[i]] = bonds->column[bonds->start[i] + 1];
}

static void bonds_by_uid(const struct mechanism_input *input, struct mechanism_output *output)
{
    struct mechanism_bonds_out *bonds = &output->bonds;
    for (uint32_t i = 0; i < input->neuron_count; i++)
        for (uint64_t k = bonds->start[i]; k < bonds->start[i + 1]; k++)
            bonds->value[k] ^= i & 1;
}

static void takes_by_uid(const struct mechanism_input *input, struct mechanism_output *output)
{
    for (uint32_t i = 0; i < input->neuron_count; i++)
        output->stake_change_rao[i] -= i % 2 && input->stake_rao[i] > 0;
}

static void takes_a_fixed_sum(const struct mechanism_input *input, struct mechanism_output *output)
{
    for (uint32_t i = 0; i < input->neuron_count; i++)
        if (input->stake_rao[i] > 1000000)
            output->stake_change_rao[i] = -1000000;
}

static void takes_more_than_there_is(const struct mechanism_input *input,
                                     struct mechanism_output *output)
{
    output->stake_change_rao[0] = -(int64_t)(input->stake_rao[0] + output->emission_rao[0]) - 1;
}

static void gives_what_was_not_taken(const struct mechanism_input *input,
                                     struct mechanism_output *output)
{
    output->stake_change_rao[0] += (int64_t)input->emission_rao;
}

static void draws_by_uid(const struct mechanism_input *input, struct mechanism_output *output)
{
    uint64_t pool_rao = input->emission_rao;
    for (uint32_t i = 0; i < input->neuron_count; i++)
        output->emission_rao[i] = output->server_emission_rao[i] =
            output->validator_emission_rao[i] = 0;
    uint32_t winner = (uint32_t)(input->outside->network_dice % input->neuron_count);
    output->emission_rao[winner] = output->server_emission_rao[winner] = pool_rao;
}

static void pays_what_is_not_a_number(const struct mechanism_input *input,
                                      struct mechanism_output *output)
{
    /* What a conversion makes of NaN on this machine. */
    for (uint32_t i = 0; i < input->neuron_count; i++)
        output->emission_rao[i] = (uint64_t)1 << 63;
}

static void keeps_a_part(const struct mechanism_input *input, struct mechanism_output *output)
{
    for (uint32_t i = 0; i < input->neuron_count; i++)
        output->emission_rao[i] = output->server_emission_rao[i] =
            output->server_emission_rao[i] / 1000 * 999;
}

static const struct {
    break_f run;
    const char *base, *name; /* what is broken, and how */
} mutants[] = {
    {pays_too_much, "yuma2", "pays too much"},
    {pays_too_little, "yuma2", "pays too little"},
    {loses_a_part, "yuma2", "loses a part"},
    {prefers_a_uid, "yuma2", "prefers a uid"},
    {permits_by_uid, "yuma2", "permits by uid"},
    {looks_at_absolute_stake, "yuma2", "looks at absolute stake"},
    {exceeds_one, "yuma2", "exceeds one"},
    {takes_without_leave, "yuma2", "takes without leave"},
    {disorders_bonds, "yuma2", "disorders bonds"},
    {bonds_by_uid, "yuma2", "bonds by uid"},
    {takes_by_uid, "slash", "takes by uid"},
    {takes_a_fixed_sum, "slash", "takes a fixed sum"},
    {takes_more_than_there_is, "slash", "takes more than there is"},
    {gives_what_was_not_taken, "slash", "gives what was not taken"},
    {draws_by_uid, "lottery", "draws by uid"},
    {pays_what_is_not_a_number, "oracle", "pays what is not a number"},
    {keeps_a_part, "oracle", "keeps a part"},
    {takes_without_leave, "central", "takes without leave"},
};

static const struct mechanism_ops *sound(size_t mutant)
{
    return mechanism_list_find(mutants[mutant].base);
}

#define MUTANT(index_)                                                                             \
    static enum sim_status mutant_##index_(                                                        \
        const void *params, const struct mechanism_input *input, struct mechanism_output *output,  \
        struct mechanism_scratch *scratch, const struct mechanism_trace *trace,                    \
        struct sim_error *err)                                                                     \
    {                                                                                              \
        enum sim_status status = sound(index_)->epoch(params, input, output, scratch, trace, err); \
        mutants[index_].run(input, output);                                                        \
        return status;                                                                             \
    }
MUTANT(0)
MUTANT(1)
MUTANT(2)
MUTANT(3)
MUTANT(4)
MUTANT(5)
MUTANT(6)
MUTANT(7)
MUTANT(8)
MUTANT(9)
MUTANT(10)
MUTANT(11)
MUTANT(12)
MUTANT(13)
MUTANT(14)
MUTANT(15)
MUTANT(16)
MUTANT(17)

static void every_way_to_break_a_mechanism_is_found(void **unused)
{
    (void)unused;
    enum sim_status (*const epochs[])(const void *, const struct mechanism_input *,
                                      struct mechanism_output *, struct mechanism_scratch *,
                                      const struct mechanism_trace *, struct sim_error *) = {
        mutant_0,  mutant_1,  mutant_2,  mutant_3,  mutant_4,  mutant_5,
        mutant_6,  mutant_7,  mutant_8,  mutant_9,  mutant_10, mutant_11,
        mutant_12, mutant_13, mutant_14, mutant_15, mutant_16, mutant_17};
    _Static_assert(sizeof(epochs) / sizeof(epochs[0]) == sizeof(mutants) / sizeof(mutants[0]),
                   "one function for each");
    for (size_t m = 0; m < sizeof(mutants) / sizeof(mutants[0]); m++) {
        struct mechanism_ops broken = *sound(m);
        broken.epoch = epochs[m];
        unsigned findings = 0;
        for (uint64_t seed = 0; seed < 20; seed++) {
            struct mechanism_state state;
            mechanism_state_full(&state, &broken, seed, 40, 8);
            findings += check_all(&broken, &state, seed).text[0] != '\0';
            mechanism_state_release(&state);
        }
        if (findings == 0)
            fail_msg("no property found a %s that %s", mutants[m].base, mutants[m].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invariants_hold_on_random_states),
        cmocka_unit_test(invariants_hold_for_one_uid_and_for_4096),
        cmocka_unit_test(impossible_stakes_end_in_an_error_or_in_a_valid_output),
        cmocka_unit_test(every_way_to_break_a_mechanism_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
