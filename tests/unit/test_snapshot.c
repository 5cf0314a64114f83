#include "replay/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

/* Uid 1 holds a bond, a permit, a priority and a word of the mechanism's own. */
static struct snapshot *held(void)
{
    struct snapshot *snapshot;
    assert_int_equal(snapshot_create(3, 1, &snapshot, NULL), SIM_OK);
    assert_int_equal(snapshot_row_resize(&snapshot->bonds[1], 1, NULL), SIM_OK);
    snapshot->bonds[1].column[0] = 2;
    snapshot->bonds[1].value[0] = 65535;
    snapshot->permit[1] = 1;
    snapshot->priority[1] = 7;
    snapshot->memory[1] = 9;
    return snapshot;
}

static void a_slot_that_changes_hands_loses_what_the_chain_says(void **state)
{
    (void)state;
    struct snapshot *snapshot = held();
    snapshot_clear_slot(snapshot, 1, true);
    assert_int_equal(snapshot->bonds[1].count, 0);
    assert_int_equal(snapshot->permit[1] + snapshot->priority[1] + snapshot->memory[1], 0);
    snapshot = snapshot_free(snapshot);

    snapshot = held();
    snapshot_clear_slot(snapshot, 1, false);
    assert_int_equal(snapshot->bonds[1].count, 1);
    assert_int_equal(snapshot->permit[1], 1);
    assert_int_equal(snapshot->priority[1], 7);
    assert_int_equal(snapshot->memory[1], 0);
    snapshot = snapshot_free(snapshot);
}

static void a_mechanism_sees_rows_as_they_are_now(void **state)
{
    (void)state;
    struct mechanism_input input;
    struct snapshot *snapshot = held();
    assert_int_equal(snapshot_input(snapshot, &input, NULL), SIM_OK);
    assert_int_equal(input.bonds.start[3], 1);
    assert_int_equal(input.bonds.column[0], 2);
    assert_null(input.outside);
    assert_null(input.earliest_commit_block);
    assert_int_equal(snapshot_row_resize(&snapshot->bonds[0], 0, NULL), SIM_OK);
    assert_int_equal(snapshot_row_resize(&snapshot->bonds[1], 0, NULL), SIM_OK);
    snapshot->facts = MECHANISM_NEEDS_CLONES;
    assert_int_equal(snapshot_input(snapshot, &input, NULL), SIM_OK);
    assert_int_equal(input.bonds.start[3], 0);
    assert_ptr_equal(input.outside->clones, snapshot->clones);
    assert_null(input.outside->true_value);
    snapshot = snapshot_free(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_that_changes_hands_loses_what_the_chain_says),
        cmocka_unit_test(a_mechanism_sees_rows_as_they_are_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
