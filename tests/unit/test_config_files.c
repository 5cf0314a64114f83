#include "config_cases.h"
#include "config/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/test_config_XXXXXX";

static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
}

static enum sim_status load_path(const char *name, struct config **ret_config,
                                 struct config_report *report, struct sim_error *err)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    struct config_input input = {.path = path};
    return config_load(&fixture_schema, &input, ret_config, report, err);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"base.yaml", "over.yaml", "circle.yaml", "broken.yaml",
                                        "stakes.csv"};
    char path[256];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        remove(path);
    }
    return rmdir(folder);
}

static void a_scenario_builds_on_its_base(void **state)
{
    (void)state;
    write_file("base.yaml", BASE_TEXT);
    write_file("stakes.csv", "uid, stake\n0, 1.5\n1, 2\n");
    write_file("over.yaml", "base: base.yaml\n"
                            "name: over\n"
                            "chain: {solver: statistical}\n"
                            "mechanism: {alpha_low: 0.1}\n"
                            "agents:\n"
                            "  sybils: ~\n"
                            "  miners: {stake: {file: stakes.csv, column: stake, unit: TAO}}\n"
                            "  more: {count: 1}\n");
    struct config *config = NULL;
    struct config_report report = {0};
    struct sim_error err = {0};
    if (load_path("over.yaml", &config, &report, &err) != SIM_OK)
        fail_msg("%s", err.text);
    assert_string_equal(((const struct fixture_root *)config_values(config, ""))->name, "over");
    const struct fixture_yuma *yuma = config_values(config, "mechanism");
    assert_int_equal(yuma->alpha_low, 6553);
    assert_int_equal(yuma->alpha_high, 58981);
    const struct config_block *agents = config_at(config, "agents");
    assert_int_equal(agents->block_count, 2);
    assert_string_equal(agents->blocks[1].name, "more");
    const struct fixture_group *miners = agents->blocks[0].values;
    assert_int_equal(miners->count, 8);
    assert_int_equal(miners->stake_rao.count, 2);
    assert_true(miners->stake_rao.values[0].u64 == 1500000000);
    char *text = config_emit(config);
    assert_non_null(strstr(text, "stake: {choice: [1.5 TAO, 2 TAO]}"));
    free(text);
    config_free(config);
}

static void an_error_in_a_base_stands_in_the_base(void **state)
{
    (void)state;
    write_file("base.yaml", "name: t\nmechanism: finny\n");
    write_file("over.yaml", "base: base.yaml\nseed: x\n");
    struct config *config = NULL;
    struct config_report report = {0};
    struct sim_error err = {0};
    assert_int_equal(load_path("over.yaml", &config, &report, &err), SIM_CONFIG);
    assert_int_equal(report.count, 2);
    assert_non_null(strstr(report.messages[0].place, "/over.yaml:2:7"));
    assert_non_null(strstr(report.messages[1].place, "/base.yaml:2:12"));
    config_report_release(&report);
}

static void a_base_that_leads_back_or_nowhere_is_an_error_at_its_line(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct config_report report = {0};
    struct sim_error err = {0};
    write_file("circle.yaml", "name: c\nmechanism: finney\nbase: circle.yaml\n");
    assert_int_equal(load_path("circle.yaml", &config, &report, &err), SIM_CONFIG);
    assert_non_null(strstr(report.messages[0].text, "circle"));
    assert_non_null(strstr(report.messages[0].place, "circle.yaml:3:7"));
    write_file("broken.yaml", "name: c\nmechanism: finney\nbase: none.yaml\n");
    assert_int_equal(load_path("broken.yaml", &config, &report, &err), SIM_CONFIG);
    assert_non_null(strstr(report.messages[0].text, "No such file"));
    config_report_release(&report);
}

static void a_file_that_cannot_be_read_is_an_error_of_its_own_kind(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct config_report report = {0};
    struct sim_error err = {0};
    assert_int_equal(load_path("none.yaml", &config, &report, &err), SIM_IO);
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(report.count, 0);
}

static void a_file_over_the_limit_is_an_error_of_the_scenario(void **state)
{
    (void)state;
    enum { BYTES = (4 << 20) + 1 };
    char *text = malloc(BYTES + 1);
    memset(text, '#', BYTES);
    text[BYTES] = '\0';
    write_file("over.yaml", text);
    free(text);
    struct config *config = NULL;
    struct config_report report = {0};
    struct sim_error err = {0};
    assert_int_equal(load_path("over.yaml", &config, &report, &err), SIM_CONFIG);
    assert_int_equal(report.count, 1);
    assert_string_equal(report.messages[0].text, "the file is larger than 4 MiB");
    config_report_release(&report);
}

static void a_document_of_another_form_keeps_its_places_and_passes_values_on(void **state)
{
    (void)state;
    static const char text[] = "base: t.yaml\n"
                               "x-r: &r {range: [0, 500], step: 50}\n"
                               "params:\n"
                               "  agents.miners.count: *r\n"
                               "  agents.miners.stake: {normal: {mean: 9 TAO, sd: \"1 TAO\"}}\n"
                               "  name: \"50\"\n";
    struct config_document *document = NULL;
    struct config_report report = {0};
    struct sim_error err = {0};
    assert_int_equal(document_read("study.yaml", text, strlen(text), &document, &report, &err),
                     SIM_OK);
    const struct node *params = document_find(document_root(document), "params");
    assert_int_equal(document_kind(params), DOCUMENT_MAP);
    assert_int_equal(document_count(params), 3);
    assert_string_equal(document_key(params, 0), "agents.miners.count");
    const struct node *range = document_find(document_item(params, 0), "range");
    assert_int_equal(document_kind(range), DOCUMENT_LIST);
    assert_string_equal(document_text(document_item(range, 1)), "500");
    assert_null(document_text(range));

    static const char *const flows[] = {"{range: [0, 500], step: 50}",
                                        "{normal: {mean: \"9 TAO\", sd: \"1 TAO\"}}", "\"50\""};
    for (size_t i = 0; i < 3; i++) {
        char *flow = document_flow(document_item(params, i));
        assert_string_equal(flow, flows[i]);
        free(flow);
    }
    document_complain(document, &report, range, "too long");
    document_complain_key(document, &report, params, 2, "no number");
    assert_string_equal(report.messages[0].place, "study.yaml:2:17");
    assert_string_equal(report.messages[1].place, "study.yaml:6:3");
    assert_string_equal(report.messages[1].excerpt, "   6 |   name: \"50\"\n     |   ^\n");
    config_report_release(&report);
    document_free(document);
    assert_int_equal(document_read("s.yaml", "a: 1\na: 2\n", 10, &document, &report, &err),
                     SIM_CONFIG);
    assert_string_equal(err.text, "s.yaml:2:1: key 'a' is given twice, first on line 1");
    static const char bomb[] = "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                               "c: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\n"
                               "e: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]\n";
    assert_int_equal(document_read("s.yaml", bomb, strlen(bomb), &document, &report, &err),
                     SIM_CONFIG);
    assert_non_null(strstr(err.text, "more than 100000 nodes"));
    config_report_release(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scenario_builds_on_its_base),
        cmocka_unit_test(an_error_in_a_base_stands_in_the_base),
        cmocka_unit_test(a_base_that_leads_back_or_nowhere_is_an_error_at_its_line),
        cmocka_unit_test(a_file_that_cannot_be_read_is_an_error_of_its_own_kind),
        cmocka_unit_test(a_file_over_the_limit_is_an_error_of_the_scenario),
        cmocka_unit_test(a_document_of_another_form_keeps_its_places_and_passes_values_on),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
