/*
 * Each allocation of reading and planning a study fails once; nothing is tested where malloc cannot
 * be replaced (failing_malloc.h).
 */
#include "cli/scenario.h"
#include "failing_malloc.h"
#include "sweep/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef FAILING_MALLOC

struct place {
    char folder[64], study[96], base[96];
};

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static struct place place_of(const char *study)
{
    struct place place = {.folder = "/tmp/taosim-test-sweep-XXXXXX"};
    assert_non_null(mkdtemp(place.folder));
    snprintf(place.study, sizeof(place.study), "%s/study.yaml", place.folder);
    snprintf(place.base, sizeof(place.base), "%s/base.yaml", place.folder);
    write_file(place.study, study);
    write_file(place.base, "name: base\nuntil: 1 h\n"
                           "groups: {miners: {count: 4}, judges: {count: 2, validator: true}}\n");
    return place;
}

static void leave(const struct place *place)
{
    unlink(place->study);
    unlink(place->base);
    rmdir(place->folder);
}

static enum sim_status plan_it(const char *path, const struct config_schema *schema,
                               struct config_report *report, struct sim_error *err)
{
    struct study *study = NULL;
    struct plan *plan = NULL;
    enum sim_status status = study_read(path, schema, "1", NULL, &study, report, err);
    if (status == SIM_OK)
        status = plan_draft(study, "1", &plan, report, err);
    struct plan_mark marks[4] = {{0}};
    if (status == SIM_OK)
        status = plan_check(plan, 0, 4, marks, report, err);
    if (status == SIM_OK)
        status = plan_write(plan, "/nowhere/at/all", err) == SIM_IO ? SIM_OK : SIM_MEMORY;
    plan_free(plan);
    study_free(study);
    return status;
}

/* A file that could not be opened for want of memory is told as one. */
static bool is_honest(enum sim_status status, enum sim_status expected,
                      const struct config_report *report, const struct sim_error *err)
{
    static const char reason[] = "Cannot allocate memory";
    if (status == SIM_MEMORY || status == expected)
        return true;
    bool told = strstr(err->text, reason) != NULL;
    for (size_t i = 0; i < report->count; i++)
        told |= strstr(report->messages[i].text, reason) != NULL;
    return told;
}

static void fail_each(const char *text, enum sim_status expected)
{
    if (is_replaced())
        skip();
    struct scenario_schema schema;
    struct place place = place_of(text);
    scenario_schema_init(&schema);
    long before = live;
    enum sim_status status;
    for (long n = 0;; n++) {
        struct config_report report = {0};
        struct sim_error err = {0};
        countdown = n;
        status = plan_it(place.study, &schema.config, &report, &err);
        bool finished = countdown >= 0;
        countdown = -1;
        if (!finished && !is_honest(status, expected, &report, &err))
            fail_msg("allocation %ld: %s", n, err.text);
        config_report_release(&report);
        assert_int_equal(live, before);
        if (finished) {
            assert_true(n > 100);
            break;
        }
    }
    assert_int_equal(status, expected);
    scenario_schema_release(&schema);
    leave(&place);
}

static void a_study_without_memory_says_so_and_leaks_nothing(void **state)
{
    (void)state;
    fail_each("name: test\nbase: base.yaml\nset: {query.timeout: 5 s}\nwhere: until > 3 s\n"
              "params: {groups.miners.count: {range: [1, 2], n: 2}, mechanism: [finney, yuma3]}\n",
              SIM_OK);
}

static void a_broken_study_without_memory_leaks_nothing(void **state)
{
    (void)state;
    fail_each("name: test\nbase: base.yaml\nset: {query.timeot: 5 s}\nreplicate: 3\n"
              "params: {groups.miners.count: {range: [4, 2], n: 2}, mechanism: [finney, yuma33]}\n",
              SIM_CONFIG);
}

#else

static void a_study_without_memory_says_so_and_leaks_nothing(void **state)
{
    (void)state;
    skip();
}

static void a_broken_study_without_memory_leaks_nothing(void **state)
{
    (void)state;
    skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_study_without_memory_says_so_and_leaks_nothing),
        cmocka_unit_test(a_broken_study_without_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
