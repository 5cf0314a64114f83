/* Studies: seeds, axes, designs, conditions, plans. */
#include "cli/scenario.h"
#include "sweep/plan.h"
#include "sweep/seed.h"
#include "sweep/where.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void assert_near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("%.17g, not %.17g", found, expected);
}

static const char base_text[] =
    "name: base\nseed: 1\nuntil: 1 h\n"
    "groups: {miners: {count: 4}, judges: {count: 2, validator: true}}\n";

/* A folder with base.yaml and study.yaml; the study reads from there. */
struct fixture {
    char folder[64];
    char path[96];
    struct scenario_schema schema;
};

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int make_fixture(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/taosim-test-sweep-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof(fixture->path), "%s/study.yaml", fixture->folder);
    scenario_schema_init(&fixture->schema);
    write_file(fixture->folder, "base.yaml", base_text);
    *state = fixture;
    return 0;
}

static int drop_fixture(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"base.yaml", "study.yaml", "points.tsv"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", fixture->folder, names[i]);
        unlink(path);
    }
    rmdir(fixture->folder);
    scenario_schema_release(&fixture->schema);
    free(fixture);
    return 0;
}

/* The study `name: test, base: base.yaml` and this text; fails the test when it is not valid. */
static struct study *study_of(struct fixture *fixture, const char *text)
{
    char whole[2048];
    struct study *study = NULL;
    struct config_report report = {0};
    struct sim_error err = {0};
    snprintf(whole, sizeof(whole), "name: test\nbase: base.yaml\n%s\n", text);
    write_file(fixture->folder, "study.yaml", whole);
    if (study_read(fixture->path, &fixture->schema.config, "1", NULL, &study, &report, &err) !=
        SIM_OK)
        fail_msg("%s", err.text);
    return study;
}

static struct design design_of(struct fixture *fixture, const char *text, struct study **ret_study)
{
    struct design design;
    struct config_report report = {0};
    struct sim_error err = {0};
    *ret_study = study_of(fixture, text);
    if (design_init(&design, *ret_study, &report, &err) != SIM_OK)
        fail_msg("%s", err.text);
    return design;
}

static const char two_free[] =
    "params: {groups.miners.count: {range: [1, 6]}, groups.judges.count: {range: [1, 6]}}";

/* ---- seeds */

static void a_seed_changes_with_each_of_its_four_parts(void **state)
{
    (void)state;
    uint64_t one = seed_of(1, 2, 3, "run");
    assert_int_equal(one, seed_of(1, 2, 3, "run"));
    assert_true(one != seed_of(2, 2, 3, "run"));
    assert_true(one != seed_of(1, 3, 3, "run"));
    assert_true(one != seed_of(1, 2, 4, "run"));
    assert_true(one != seed_of(1, 2, 3, "ran"));
    assert_true(seed_of(1, 2, 3, "run") != seed_of(1, 3, 2, "run"));
}

/* ---- axes */

static void a_distribution_is_the_inverse_of_its_distribution_function(void **state)
{
    struct study *study =
        study_of(*state, "design: random\nparams:\n"
                         "  groups.miners.diet.concentration: {normal: {mean: 3, sd: 2}}\n"
                         "  groups.judges.diet.concentration: {lognormal: {median: 3, sigma: 2}}\n"
                         "  query.flop_scale: {exponential: {mean: 3}}\n"
                         "  query.wire_scale: {pareto: {minimum: 3, exponent: 2}}\n");
    /* Phi(1) = 0.841344746 */
    assert_near(axis_number(&study->axes[0], 0.5), 3, 1e-12);
    assert_near(axis_number(&study->axes[0], 0.8413447460685429), 5, 1e-9);
    assert_near(axis_number(&study->axes[1], 0.8413447460685429), 3 * exp(2), 1e-7);
    assert_near(axis_number(&study->axes[2], 0.5), 3 * log(2), 1e-12);
    assert_near(axis_number(&study->axes[3], 0.75), 6, 1e-12);
    assert_true(isfinite(axis_number(&study->axes[0], 0)));
    assert_true(isfinite(axis_number(&study->axes[3], 1)));
    study_free(study);
}

static void whole_numbers_of_a_range_are_equally_likely(void **state)
{
    struct study *study = study_of(*state, "design: random\nparams: {groups.miners.count: "
                                           "{range: [2, 5]}}");
    int count[8] = {0};
    for (int i = 0; i < 4000; i++) {
        char *text = axis_at(&study->axes[0], (i + 0.5) / 4000);
        count[strtol(text, NULL, 10) & 7]++;
        free(text);
    }
    for (int number = 2; number <= 5; number++)
        assert_int_equal(count[number], 1000);
    study_free(study);
}

static void check_levels(struct fixture *fixture, const char *values, const char *expected)
{
    char text[256], found[256] = "";
    snprintf(text, sizeof(text), "params: {%s}", values);
    struct study *study = study_of(fixture, text);
    for (size_t i = 0; i < study->axes[0].count; i++)
        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s", i > 0 ? "|" : "",
                 study->axes[0].texts[i]);
    assert_string_equal(found, expected);
    study_free(study);
}

static void steps_and_numbers_of_values_include_both_ends(void **state)
{
    check_levels(*state, "query.timeout: {range: [1 s, 2 s], step: 250 ms}",
                 "1 s|1250 ms|1500 ms|1750 ms|2 s");
    check_levels(*state, "query.timeout: {range: [1 s, 2 s], step: 400 ms}", "1 s|1400 ms|1800 ms");
    check_levels(*state, "groups.miners.diet.concentration: {range: [1, 1.3], step: 0.1}",
                 "1|1.1|1.2|1.3");
    check_levels(*state, "query.timeout: {range: [1 s, 2 s], n: 3}", "1 s|1500 ms|2 s");
    check_levels(*state, "groups.miners.host.up: {log: [1 Mbit/s, 100 Mbit/s], n: 3}",
                 "1 Mbit/s|10 Mbit/s|100 Mbit/s");
}

/* ---- designs */

static void a_latin_hypercube_has_one_point_in_each_part_of_each_axis(void **state)
{
    struct study *study;
    char text[256];
    snprintf(text, sizeof(text), "design: lhs\npoints: 50\n%s", two_free);
    struct design design = design_of(*state, text, &study);
    for (size_t a = 0; a < 2; a++) {
        bool seen[50] = {false};
        for (size_t p = 0; p < 50; p++)
            seen[(int)(design.unit[p * 2 + a] * 50)] = true;
        for (size_t i = 0; i < 50; i++)
            assert_true(seen[i]);
    }
    design_release(&design);
    study_free(study);
}

static void the_sobol_sequence_is_the_published_one_and_a_shift_moves_it(void **state)
{
    static const double first[] = {0.5, 0.5, 0.75, 0.25, 0.25, 0.75, 0.375, 0.375};
    struct study *study;
    char text[256];
    snprintf(text, sizeof(text), "design: sobol\npoints: 4\n%s", two_free);
    struct design design = design_of(*state, text, &study);
    for (size_t i = 0; i < 8; i++)
        assert_near(design.unit[i], first[i], 0);
    design_release(&design);
    study_free(study);
    snprintf(text, sizeof(text), "design: sobol\npoints: 4\nshift: true\n%s", two_free);
    design = design_of(*state, text, &study);
    double shift = design.unit[0] - first[0];
    assert_true(shift != 0);
    for (size_t p = 0; p < 4; p++) {
        double moved = first[2 * p] + shift;
        assert_near(design.unit[2 * p], moved - floor(moved), 1e-15);
    }
    design_release(&design);
    study_free(study);
}

static void a_saltelli_block_mixes_two_rows_one_column_at_a_time(void **state)
{
    struct study *study;
    char text[256];
    snprintf(text, sizeof(text), "design: saltelli\npoints: 8\n%s", two_free);
    struct design design = design_of(*state, text, &study);
    assert_int_equal(design.point_count, 8 * 4);
    for (size_t n = 0; n < 8; n++) {
        const double *a = design.unit + n * 8, *b = a + 2, *ab1 = a + 4, *ab2 = a + 6;
        assert_true(ab1[0] == b[0] && ab1[1] == a[1]);
        assert_true(ab2[0] == a[0] && ab2[1] == b[1]);
    }
    design_release(&design);
    study_free(study);
}

static void a_morris_trajectory_moves_each_parameter_once_by_half_the_levels(void **state)
{
    struct study *study;
    struct design design =
        design_of(*state,
                  "design: morris\npoints: 30\nlevels: 6\nparams: {groups.miners.count: "
                  "{range: [1, 6]}, groups.judges.count: {range: [1, 6]}, "
                  "groups.miners.diet.concentration: {lognormal: {median: 2, sigma: 1}}}",
                  &study);
    assert_int_equal(design.point_count, 30 * 4);
    for (size_t t = 0; t < 30; t++) {
        unsigned moved = 0;
        for (size_t i = 0; i < 3; i++) {
            double step;
            size_t axis = design_morris_moved(&design, t, i, &step);
            moved |= 1u << axis;
            /* Levels at 0, 0.2, .. 1, or at the middles of sixths where there are no ends. */
            assert_near(fabs(step), axis < 2 ? 0.6 : 0.5, 1e-12);
        }
        assert_int_equal(moved, 7);
    }
    for (size_t i = 0; i < design.point_count * 3; i++)
        assert_true(design.unit[i] >= 0 && design.unit[i] <= 1);
    design_release(&design);
    study_free(study);
}

static void more_points_keep_the_earlier_ones(void **state)
{
    static const char *const designs[] = {"random", "sobol", "saltelli", "morris"};
    for (size_t d = 0; d < 4; d++) {
        struct study *study, *more_study;
        char text[256];
        snprintf(text, sizeof(text), "design: %s\npoints: 5\n%s", designs[d], two_free);
        struct design few = design_of(*state, text, &study);
        snprintf(text, sizeof(text), "design: %s\npoints: 9\n%s", designs[d], two_free);
        struct design more = design_of(*state, text, &more_study);
        assert_true(more.point_count > few.point_count);
        assert_memory_equal(few.unit, more.unit, few.point_count * 2 * sizeof(double));
        design_release(&few);
        design_release(&more);
        study_free(study);
        study_free(more_study);
    }
}

/* ---- conditions */

static void a_condition_is_read_as_it_is_written(void **state)
{
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {
        {"groups.miners.count == 4", true},
        {"groups.miners.count - 1 < groups.judges.count", false},
        {"2 + 3 * 4 == 14 and (2 + 3) * 4 == 20", true},
        {"7 - 2 - 1 == 4 and 8 / 2 / 2 == 2", true},
        {"-groups.judges.count == -2", true},
        {"not groups.judges.validator or false", false},
        {"groups.judges.validator and not groups.miners.validator", true},
        {"false and false or true", true},
        {"chain == 'finney'", true},
        {"mechanism != 'finney'", false},
        {"until == 60 min and until >= 1 h", true},
        {"until / 2 < 1799 s", false},
        {"1 <= 1 and 1 >= 1 and 1 < 2 and not 2 > 2", true},
    };
    struct fixture *fixture = *state;
    struct config *config = NULL;
    struct config_report report = {0};
    struct sim_error err = {0};
    struct config_input input = {
        .path = "base.yaml", .text = base_text, .text_bytes = sizeof(base_text) - 1};
    assert_int_equal(config_load(&fixture->schema.config, &input, &config, &report, &err), SIM_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool holds = !cases[i].holds;
        if (where_holds(cases[i].text, config, &holds, &err) != SIM_OK)
            fail_msg("%s: %s", cases[i].text, err.text);
        if (holds != cases[i].holds)
            fail_msg("%s: %d", cases[i].text, holds);
    }
    config_free(config);
}

static void a_wrong_condition_is_named_with_its_column(void **state)
{
    static const char *const cases[][2] = {
        {"groups.miners.cuont > 3", "column 1: the scenario has no 'groups.miners.cuont'"},
        {"1 < ", "column 5: a value is expected at"},
        {"(1 < 2", "column 7: ')' is missing"},
        {"1 < 2 3", "column 7: nothing is expected at '3'"},
        {"chain < 'finney'", "a text is equal to a text or not"},
        {"chain + 1", "a text is no number"},
        {"chain == 'finney", "a quote that does not end"},
        {"until > 3 hours", "no number with a unit: '3 hours'"},
    };
    struct fixture *fixture = *state;
    struct config *config = NULL;
    struct config_report report = {0};
    struct sim_error err = {0};
    struct config_input input = {
        .path = "base.yaml", .text = base_text, .text_bytes = sizeof(base_text) - 1};
    assert_int_equal(config_load(&fixture->schema.config, &input, &config, &report, &err), SIM_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool holds;
        assert_int_equal(where_holds(cases[i][0], config, &holds, &err), SIM_CONFIG);
        if (strstr(err.text, cases[i][1]) == NULL)
            fail_msg("%s: %s", cases[i][0], err.text);
    }
    char deep[400];
    memset(deep, '(', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    bool holds;
    assert_int_equal(where_holds(deep, config, &holds, &err), SIM_CONFIG);
    assert_non_null(strstr(err.text, "too deeply nested"));
    config_free(config);
}

/* ---- templates */

static char *resolved(const struct config *config)
{
    char *text = config_emit(config);
    assert_non_null(text);
    return text;
}

static void a_point_of_a_template_is_what_reading_everything_again_gives(void **state)
{
    static const struct config_set points[][2] = {
        {{"groups.miners.count=7", NULL}, {"chain.tempo=50 blocks", NULL}},
        {{"mechanism=yuma3", NULL}, {"groups.judges.host.up=3.5 Mbit/s", NULL}},
        {{"groups.miners.stake={uniform: [1 TAO, 2 TAO]}", NULL}, {"seed=9", NULL}},
    };
    struct fixture *fixture = *state;
    struct config_template *template = NULL;
    struct config_report report = {0};
    struct sim_error err = {0};
    struct config_input input = {
        .path = "base.yaml", .text = base_text, .text_bytes = sizeof(base_text) - 1};
    assert_int_equal(
        config_template_create(&fixture->schema.config, &input, &template, &report, &err), SIM_OK);
    for (size_t i = 0; i < 6; i++) {
        struct config *whole, *point;
        char hash[2][CONFIG_HASH_CHARS];
        input.sets = points[i % 3];
        input.set_count = 2;
        assert_int_equal(config_load(&fixture->schema.config, &input, &whole, &report, &err),
                         SIM_OK);
        assert_int_equal(config_template_load(template, points[i % 3], 2, &point, &report, &err),
                         SIM_OK);
        char *a = resolved(whole), *b = resolved(point);
        assert_string_equal(a, b);
        assert_int_equal(config_hash(whole, "1", hash[0], &err), SIM_OK);
        assert_int_equal(config_hash(point, "1", hash[1], &err), SIM_OK);
        assert_string_equal(hash[0], hash[1]);
        free(a);
        free(b);
        config_free(whole);
        config_free(point);
    }
    struct config *wrong;
    const struct config_set set = {"groups.miners.cuont=7", "here"};
    assert_int_equal(config_template_load(template, &set, 1, &wrong, &report, &err), SIM_CONFIG);
    assert_string_equal(report.messages[0].place, "here");
    assert_non_null(strstr(report.messages[0].text, "did you mean 'count'?"));
    config_report_release(&report);
    config_template_free(template);
}

/* ---- plans */

static struct plan *plan_of(struct fixture *fixture, struct study *study)
{
    struct plan *plan;
    struct config_report report = {0};
    struct sim_error err = {0};
    (void)fixture;
    assert_int_equal(plan_draft(study, "1", &plan, &report, &err), SIM_OK);
    struct plan_mark *marks = calloc(plan->task_count, sizeof(*marks));
    /* In two parts, as two processes would. */
    size_t half = plan->task_count / 2;
    assert_int_equal(plan_check(plan, half, plan->task_count - half, marks, &report, &err), SIM_OK);
    assert_int_equal(plan_check(plan, 0, half, marks, &report, &err), SIM_OK);
    plan_settle(plan, marks);
    free(marks);
    return plan;
}

static void a_plan_is_read_back_as_it_was_written_and_only_by_its_own_study(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] = "replicates: 2\nparams: {groups.miners.count: [1, 2, 3], "
                               "mechanism: [finney, yuma3]}\nwhere: groups.miners.count != 2";
    struct sim_error err = {0};
    struct study *study = study_of(fixture, text);
    struct plan *plan = plan_of(fixture, study), *again = NULL;
    assert_int_equal(plan->task_count, 8);
    assert_int_equal(plan->points[2], 4);
    assert_int_equal(plan_write(plan, fixture->folder, &err), SIM_OK);
    assert_int_equal(plan_read(study, "1", fixture->folder, &again, &err), SIM_OK);
    assert_non_null(again);
    assert_int_equal(again->task_count, plan->task_count);
    assert_memory_equal(again->points, plan->points, plan->point_count * sizeof(*plan->points));
    for (size_t t = 0; t < plan->task_count; t++) {
        assert_int_equal(again->tasks[t].seed, plan->tasks[t].seed);
        assert_string_equal(again->tasks[t].hash, plan->tasks[t].hash);
        for (size_t u = 0; u < t; u++)
            assert_string_not_equal(plan->tasks[u].hash, plan->tasks[t].hash);
    }
    plan_free(again);
    assert_int_equal(plan_read(study, "2", fixture->folder, &again, &err), SIM_OK);
    assert_null(again);
    plan_free(plan);
    study_free(study);
    study = study_of(fixture, "replicates: 3\nparams: {groups.miners.count: [1, 2, 3]}");
    assert_int_equal(plan_read(study, "1", fixture->folder, &again, &err), SIM_OK);
    assert_null(again);
    study_free(study);
}

static void another_base_or_set_is_another_study(void **state)
{
    static const char text[] = "design: random\nset: {until: 2 h}\n"
                               "params: {groups.miners.count: {range: [1, 6]}}";
    struct fixture *fixture = *state;
    struct study *study = study_of(fixture, text);
    uint64_t digest = study->digest;
    assert_int_equal(study->until_ns, 7200 * INT64_C(1000000000));
    study_free(study);
    study = study_of(fixture, text);
    assert_true(study->digest == digest);
    study_free(study);
    write_file(fixture->folder, "base.yaml",
               "name: base\nseed: 1\nuntil: 1 h\n"
               "groups: {miners: {count: 4}, judges: {count: 3, validator: true}}\n");
    study = study_of(fixture, text);
    assert_true(study->digest != digest);
    study_free(study);
}

static void a_selection_is_a_list_of_numbers_and_ranges(void **state)
{
    struct fixture *fixture = *state;
    struct study *study = study_of(fixture, "params: {groups.miners.count: [1, 2, 3, 4, 5, 6]}");
    struct plan *plan = plan_of(fixture, study);
    struct sim_error err = {0};
    bool selected[6];
    assert_int_equal(plan_select(plan, "5,0-1,3-9", selected, &err), SIM_OK);
    const bool expected[] = {true, true, false, true, true, true};
    assert_memory_equal(selected, expected, sizeof(expected));
    assert_int_equal(plan_select(plan, NULL, selected, &err), SIM_OK);
    assert_true(selected[2]);
    static const char *const wrong[] = {"a", "1-", "3-1", "6", "1,,2", "-1", "1 2"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (plan_select(plan, wrong[i], selected, &err) != SIM_CONFIG)
            fail_msg("'%s' was taken", wrong[i]);
    plan_free(plan);
    study_free(study);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_fixture, drop_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_seed_changes_with_each_of_its_four_parts),
        CASE(a_distribution_is_the_inverse_of_its_distribution_function),
        CASE(whole_numbers_of_a_range_are_equally_likely),
        CASE(steps_and_numbers_of_values_include_both_ends),
        CASE(a_latin_hypercube_has_one_point_in_each_part_of_each_axis),
        CASE(the_sobol_sequence_is_the_published_one_and_a_shift_moves_it),
        CASE(a_saltelli_block_mixes_two_rows_one_column_at_a_time),
        CASE(a_morris_trajectory_moves_each_parameter_once_by_half_the_levels),
        CASE(more_points_keep_the_earlier_ones),
        CASE(a_condition_is_read_as_it_is_written),
        CASE(a_wrong_condition_is_named_with_its_column),
        CASE(a_point_of_a_template_is_what_reading_everything_again_gives),
        CASE(a_plan_is_read_back_as_it_was_written_and_only_by_its_own_study),
        CASE(another_base_or_set_is_another_study),
        CASE(a_selection_is_a_list_of_numbers_and_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
