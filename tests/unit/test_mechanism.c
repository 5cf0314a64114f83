/*
 * The interface of mechanisms: defaults, the conservation check, scratch, and what becomes of bonds
 * when one mechanism follows another.
 */
#include "chain/mechanism.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

enum { N = 3 };

static const struct param_table table = PARAM_TABLE_EMPTY("fake", "does what its params say");

static const uint64_t stake_rao[N] = {100, 50, 0};
static const uint64_t zeros[N + 1];
static const uint64_t priority[N] = {1, 2, 3};
static const uint8_t permit[N] = {1, 0, 1};
static const uint64_t bond_start[N + 1] = {0, 2, 3, 3};
static const uint32_t bond_column[] = {2, 0, 1};
static const uint64_t bond_value[] = {65535, 100, 7};

static struct mechanism_input input_of(void)
{
    return (struct mechanism_input){
        .neuron_count = N,
        .block = 10,
        .emission_rao = 1000,
        .owner_uid = MECHANISM_NO_UID,
        .stake_rao = stake_rao,
        .last_update = zeros,
        .block_at_registration = zeros,
        .permit = permit,
        .weights = {zeros, bond_column, NULL},
        .bonds = {bond_start, bond_column, bond_value},
        .priority = priority,
    };
}

/* What the fake pays and does. */
struct fake {
    uint64_t emission_rao[N];
    int64_t stake_change_rao[N];
    uint64_t incentive;
    bool bad_bonds;
};

static size_t fake_scratch(const void *params, const struct mechanism_input *input, bool traced)
{
    (void)params;
    (void)traced;
    return mechanism_scratch_cost(input->neuron_count, 8) + mechanism_scratch_cost(5, 1);
}

static enum sim_status fake_epoch(const void *params, const struct mechanism_input *input,
                                  struct mechanism_output *output,
                                  struct mechanism_scratch *scratch,
                                  const struct mechanism_trace *trace, struct sim_error *err)
{
    const struct fake *fake = params;
    (void)trace;
    uint64_t *work = mechanism_scratch_take(scratch, input->neuron_count, 8);
    unsigned char *more = mechanism_scratch_zero(scratch, 5, 1);
    assert_int_equal((uintptr_t)work % 64, 0);
    assert_int_equal((uintptr_t)more % 64, 0);
    assert_int_equal(more[4], 0);
    memset(work, 0xff, input->neuron_count * sizeof(*work));
    memcpy(output->emission_rao, fake->emission_rao, sizeof(fake->emission_rao));
    memcpy(output->stake_change_rao, fake->stake_change_rao, sizeof(fake->stake_change_rao));
    output->incentive[0] = fake->incentive;
    enum sim_status status = mechanism_bonds_reserve(&output->bonds, 2, err);
    if (status != SIM_OK)
        return status;
    output->bonds.column[0] = 1;
    output->bonds.column[1] = fake->bad_bonds ? 1 : 2;
    for (uint32_t i = 1; i <= N; i++)
        output->bonds.start[i] = 2;
    return SIM_OK;
}

static struct mechanism_ops fake_ops(uint32_t fields)
{
    return (struct mechanism_ops){
        .interface_version = MECHANISM_INTERFACE_VERSION,
        .params = &table,
        .fields = fields,
        .weight_one = 65535,
        .fraction_one = 65535,
        .bond_unit = MECHANISM_BONDS_RELATIVE,
        .scratch_bytes = fake_scratch,
        .epoch = fake_epoch,
    };
}

static enum sim_status run(const struct mechanism_ops *ops, const struct fake *fake,
                           struct mechanism_output *output, struct sim_error *err)
{
    struct mechanism_scratch scratch = {0};
    struct mechanism_input input = input_of();
    enum sim_status status = mechanism_epoch(ops, fake, &input, output, &scratch, NULL, err);
    mechanism_scratch_release(&scratch);
    return status;
}

static void must_refuse(uint32_t fields, const struct fake *fake, const char *message)
{
    struct mechanism_ops ops = fake_ops(fields);
    struct mechanism_output *output = NULL;
    struct sim_error err = {0};
    assert_int_equal(mechanism_output_create(N, 0, &output, &err), SIM_OK);
    assert_int_equal(run(&ops, fake, output, &err), SIM_NUMERIC);
    assert_string_equal(err.text, message);
    mechanism_output_free(output);
}

static void what_a_mechanism_leaves_alone_has_its_default(void **state)
{
    (void)state;
    struct mechanism_ops ops = fake_ops(0);
    struct mechanism_output *output = NULL;
    struct sim_error err = {0};
    assert_int_equal(mechanism_output_create(N, 0, &output, &err), SIM_OK);
    struct fake first = {.emission_rao = {1, 2, 3}, .incentive = 9}, second = {.incentive = 0};
    assert_int_equal(run(&ops, &first, output, &err), SIM_OK);
    assert_int_equal(output->emission_rao[2], 3);
    assert_int_equal(output->incentive[0], 9);
    assert_int_equal(run(&ops, &second, output, &err), SIM_OK);
    assert_int_equal(output->emission_rao[2], 0);
    assert_int_equal(output->incentive[0], 0);
    assert_memory_equal(output->permit, permit, N);
    assert_memory_equal(output->priority, priority, sizeof(priority));
    assert_null(output->memory);
    assert_null(mechanism_output_free(output));
    assert_null(mechanism_output_free(NULL));
}

static void a_payment_above_the_emission_is_refused(void **state)
{
    (void)state;
    struct fake fake = {.emission_rao = {600, 401, 0}};
    must_refuse(0, &fake, "mechanism fake pays 1 rao too much (emission is 1000 rao)");
    /* A sum that wraps in 64 bits is no way round. */
    fake = (struct fake){.emission_rao = {UINT64_MAX, 2, 0}};
    must_refuse(0, &fake,
                "mechanism fake pays 18446744073709550617 rao too much (emission is 1000 rao)");
}

static void what_is_taken_may_be_given_but_no_more(void **state)
{
    (void)state;
    struct mechanism_ops ops = fake_ops(MECHANISM_STAKE_CHANGE);
    struct mechanism_output *output = NULL;
    struct sim_error err = {0};
    assert_int_equal(mechanism_output_create(N, 0, &output, &err), SIM_OK);
    struct fake fake = {.emission_rao = {1000, 0, 0}, .stake_change_rao = {-100, 40, 60}};
    assert_int_equal(run(&ops, &fake, output, &err), SIM_OK);
    mechanism_output_free(output);
    fake.stake_change_rao[2] = 61;
    must_refuse(MECHANISM_STAKE_CHANGE, &fake,
                "mechanism fake pays 1 rao too much (emission is 1000 rao)");
}

static void nobody_loses_more_than_he_has(void **state)
{
    (void)state;
    struct fake fake = {.stake_change_rao = {0, -51, 0}};
    must_refuse(MECHANISM_STAKE_CHANGE, &fake,
                "mechanism fake: stake change -51 of uid 1 leaves no valid stake (it has 50 rao)");
}

static void a_mechanism_that_takes_must_say_so(void **state)
{
    (void)state;
    struct fake fake = {.stake_change_rao = {-1, 1, 0}};
    must_refuse(0, &fake,
                "mechanism fake changes the stake of uid 0 but does not declare that it takes");
}

static void fractions_above_one_and_disordered_bonds_are_refused(void **state)
{
    (void)state;
    struct fake fake = {.incentive = 65536};
    must_refuse(0, &fake, "mechanism fake: incentive of uid 0 is 65536, more than one (65535)");
    fake = (struct fake){.bad_bonds = true};
    must_refuse(0, &fake, "mechanism fake: bonds of uid 0 are not well formed");
}

/* ------------------------------------------------------------------------------------- migrate */

static const struct mechanism_bonds_out *migrate(enum mechanism_bond_unit from,
                                                 enum mechanism_bond_unit to, const uint64_t *value,
                                                 struct mechanism_output *output)
{
    struct mechanism_ops old = fake_ops(0), new = fake_ops(0);
    old.bond_unit = from;
    new.bond_unit = to;
    struct mechanism_input input = input_of();
    input.bonds.value = value;
    struct sim_error err = {0};
    assert_int_equal(mechanism_migrate(&new, NULL, &old, &input, output, &err), SIM_OK);
    return &output->bonds;
}

static void bonds_are_translated_from_unit_to_unit(void **state)
{
    (void)state;
    struct mechanism_output *output = NULL;
    struct sim_error err = {0};
    assert_int_equal(mechanism_output_create(N, 0, &output, &err), SIM_OK);

    /* Relative to absolute: as they are, but in the order of columns. */
    const struct mechanism_bonds_out *got =
        migrate(MECHANISM_BONDS_RELATIVE, MECHANISM_BONDS_ABSOLUTE, bond_value, output);
    assert_int_equal(got->start[1], 2);
    assert_int_equal(got->start[3], 3);
    assert_int_equal(got->column[0], 0);
    assert_int_equal(got->value[0], 100);
    assert_int_equal(got->value[1], 65535);
    assert_int_equal(got->value[2], 7);

    /* To rao: a full bond is the emission, 1000. */
    got = migrate(MECHANISM_BONDS_RELATIVE, MECHANISM_BONDS_RAO, bond_value, output);
    assert_int_equal(got->value[0], 1);
    assert_int_equal(got->value[1], 1000);

    /* From rao: each column's largest is full. */
    static const uint64_t rao[] = {UINT64_C(1) << 60, 5, 0};
    got = migrate(MECHANISM_BONDS_RAO, MECHANISM_BONDS_RELATIVE, rao, output);
    assert_int_equal(got->value[0], 65535);
    assert_int_equal(got->value[1], 65535);
    assert_int_equal(got->value[2], 0);

    double real[3] = {0.5, 0.25, 2};
    uint64_t bits[3];
    memcpy(bits, real, sizeof(bits));
    got = migrate(MECHANISM_BONDS_F64, MECHANISM_BONDS_RELATIVE, bits, output);
    assert_int_equal(got->value[0], 65535);
    got = migrate(MECHANISM_BONDS_RELATIVE, MECHANISM_BONDS_F64, bond_value, output);
    memcpy(real, got->value, sizeof(real));
    assert_true(real[1] == 1.0);

    got = migrate(MECHANISM_BONDS_RELATIVE, MECHANISM_BONDS_NONE, bond_value, output);
    assert_int_equal(got->start[3], 0);
    mechanism_output_free(output);
}

static void a_weight_keeps_its_share_when_the_scale_changes(void **state)
{
    (void)state;
    assert_int_equal(mechanism_rescale_weight(UINT32_MAX, UINT32_MAX, 65535), 65535);
    assert_int_equal(mechanism_rescale_weight(65535, 65535, UINT32_MAX), UINT32_MAX);
    assert_int_equal(mechanism_rescale_weight(1, 65535, UINT32_MAX), 65537);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_mechanism_leaves_alone_has_its_default),
        cmocka_unit_test(a_payment_above_the_emission_is_refused),
        cmocka_unit_test(what_is_taken_may_be_given_but_no_more),
        cmocka_unit_test(nobody_loses_more_than_he_has),
        cmocka_unit_test(a_mechanism_that_takes_must_say_so),
        cmocka_unit_test(fractions_above_one_and_disordered_bonds_are_refused),
        cmocka_unit_test(bonds_are_translated_from_unit_to_unit),
        cmocka_unit_test(a_weight_keeps_its_share_when_the_scale_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
