#include "analysis/report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/record.h"

/*
 * Four slots, eight epochs.  Slot 0 validates (owner 10); slots 1 and 2 are honest miners
 * (owners 11, 12); slot 3 is the attacker's, whose owner is 11 too.  An epoch pays
 * 400, 300, 200 and 100 rao; in the twin 400, 300, 250 and 50.
 */
enum { UIDS = 4, EPOCHS = 8 };

struct folder {
    char path[64];
};

static struct folder new_folder(void)
{
    /* In memory where that can be had: a hundred synced files take a while on a busy disk. */
    struct folder folder = {"/dev/shm/taosim-test-XXXXXX"};
    if (access("/dev/shm", W_OK) != 0)
        snprintf(folder.path, sizeof(folder.path), "/tmp/taosim-test-XXXXXX");
    assert_non_null(mkdtemp(folder.path));
    return folder;
}

static void remove_tree(const char *path)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

static void good(enum sim_status status, const struct sim_error *err)
{
    if (status != SIM_OK)
        fail_msg("%s", err->text);
}

static void put_epoch(struct record *record, int64_t epoch, bool twin)
{
    struct sim_error err = {0};
    const uint64_t emission[UIDS] = {400, 300, twin ? 250 : 200, twin ? 50 : 100};
    const uint32_t hotkey[UIDS] = {0, 1, 2, 3}, owner[UIDS] = {10, 11, 12, 11};
    const uint32_t answered[UIDS] = {0, 5, 6, 7};
    const uint16_t group[UIDS] = {0, 0, 0, 1};
    const uint8_t role[UIDS] = {3, 1, 1, 1};
    const float loss[UIDS] = {2.5f, 2.0f, 3.0f, 3.5f}, incentive[UIDS] = {0, 0.5f, 0.3f, 0.2f};
    double time_s = (double)epoch * 3600;
    int64_t block = epoch * 300;
    good(record_rows_begin(record, RECORD_DIM_EPOCH, 1, &err), &err);
    record_put(record, RECORD_BLOCK, &block, 1);
    record_put(record, RECORD_TIME, &time_s, 1);
    record_put(record, RECORD_EMISSION_RAO, emission, UIDS);
    record_put(record, RECORD_HOTKEY_ID, hotkey, UIDS);
    record_put(record, RECORD_OWNER_ID, owner, UIDS);
    record_put(record, RECORD_GROUP_ID, group, UIDS);
    record_put(record, RECORD_ROLE, role, UIDS);
    record_put(record, RECORD_LOSS_TRUE_NATS, loss, UIDS);
    record_put(record, RECORD_INCENTIVE, incentive, UIDS);
    record_put(record, RECORD_QUERIES_ANSWERED, answered, UIDS);
    good(record_rows_end(record, RECORD_DIM_EPOCH, &err), &err);
}

static void write_run(const char *folder, bool twin, bool finish, const bool *skipped)
{
    struct sim_error err = {0};
    struct record *record = NULL;
    const struct record_options options = {.uid_count = UIDS, .skipped = skipped};
    static const char *const names[] = {"honest <b>", "sybils"};
    good(record_create(folder, &options, &record, &err), &err);
    record_attr_text(record, RECORD_ROOT, "trace_digest", "0123456789abcdef");
    record_attr_f64(record, RECORD_ROOT, "bigram_entropy_nats", 2.4);
    record_scenario(record, "# Question: who </script> gains?\nseed: 1\n");
    good(record_rows_begin(record, RECORD_DIM_GROUP, 2, &err), &err);
    record_put(record, RECORD_GROUP_NAME, names, 2);
    record_put(record, RECORD_GROUP_ATTACKER, ((const uint8_t[]){0, !twin}), 2);
    good(record_rows_end(record, RECORD_DIM_GROUP, &err), &err);
    for (int64_t epoch = 0; epoch < EPOCHS; epoch++)
        put_epoch(record, epoch, twin);
    good(finish ? record_finish(record, &err) : record_segment_close(record, NULL, &err), &err);
    record_free(record);
}

static void write_pair(const char *folder)
{
    char twin[96];
    snprintf(twin, sizeof(twin), "%s/twin", folder);
    write_run(folder, false, true, NULL);
    write_run(twin, true, true, NULL);
}

static char *read_text(const char *folder, const char *name, size_t *ret_size)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 4 << 20);
    size_t size = fread(text, 1, (4 << 20) - 1, file);
    fclose(file);
    if (ret_size != NULL)
        *ret_size = size;
    return text;
}

static char *make_page(const char *folder, size_t *ret_size)
{
    struct sim_error err = {0};
    char page[96];
    snprintf(page, sizeof(page), "%s/report.html", folder);
    const struct report_options options = {.result_path = folder};
    good(report_write(&options, page, &err), &err);
    return read_text(folder, "report.html", ret_size);
}

/* The cell of a CSV file below a heading that starts with `column`. */
static double cell(const char *folder, const char *file, const char *column, int row)
{
    char name[64];
    snprintf(name, sizeof(name), "csv/%s", file);
    char *text = read_text(folder, name, NULL), *line = text, *save = NULL;
    int index = 0;
    char *end = strchr(line, '\n');
    *end = '\0';
    char *heading = strtok_r(line, ",", &save);
    for (; heading != NULL && strncmp(heading, column, strlen(column)) != 0; index++)
        heading = strtok_r(NULL, ",", &save);
    if (heading == NULL)
        fail_msg("%s has no column %s", file, column);
    line = end + 1;
    while (row-- > 0)
        line = strchr(line, '\n') + 1;
    while (index-- > 0)
        line = strchr(line, ',') + 1; /* no quoted cells before the numbers that are asked for */
    double value = strtod(line, NULL);
    free(text);
    return value;
}

static void near(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-9))
        fail_msg("%.12g, expected %.12g", value, expected);
}

/* ---- cases */

static void the_numbers_are_those_worked_out_by_hand(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    write_pair(folder.path);
    struct sim_error err = {0};
    char csv[96];
    snprintf(csv, sizeof(csv), "%s/csv", folder.path);
    const struct report_options options = {.result_path = folder.path};
    good(report_csv(&options, csv, &err), &err);

    near(cell(folder.path, "run_epochs.csv", "time", 3), 3);
    near(cell(folder.path, "run_epochs.csv", "attacker_emission_share", 0), 0.1);
    near(cell(folder.path, "twin_epochs.csv", "attacker_emission_share", 7), 0.05);
    near(cell(folder.path, "run_epochs.csv", "attacker_slot_share", 0), 0.25);
    /* 100, 200, 300, 400: (-300 - 200 + 300 + 1200) / (4 * 1000). */
    near(cell(folder.path, "run_epochs.csv", "gini_uid", 0), 0.25);
    /* Owners 200, 400, 400: (-400 + 800) / (3 * 1000). */
    near(cell(folder.path, "run_epochs.csv", "gini_owner", 0), 400.0 / 3000);
    near(cell(folder.path, "run_epochs.csv", "nakamoto_uid", 0), 2);
    near(cell(folder.path, "run_epochs.csv", "nakamoto_owner", 0), 2);
    /* 2.0, 2.5, 3.0 in the honest group. */
    near(cell(folder.path, "run_epochs.csv", "group0_loss_p50", 4), 2.5);
    near(cell(folder.path, "run_epochs.csv", "group0_loss_p10", 4), 2.1);
    near(cell(folder.path, "run_groups.csv", "slots_at_end", 0), 3);
    near(cell(folder.path, "run_groups.csv", "emission_share", 1), 0.1);
    near(cell(folder.path, "run_groups.csv", "emission [TAO]", 0), 7200e-9);
    near(cell(folder.path, "run_groups.csv", "queries_answered", 1), 7 * EPOCHS);
    near(cell(folder.path, "agreement.csv", "kendall_tau", 0), 1);
    near(cell(folder.path, "agreement.csv", "neurons", 0), 2);
    remove_tree(folder.path);
}

static void headline_says_what_the_attack_gained_against_the_twin(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    write_pair(folder.path);
    size_t size;
    char *page = make_page(folder.path, &size);
    const char *headline = strstr(page, "\"headline\":");
    assert_non_null(headline);
    const char *value = strstr(headline, "\"value\":{\"units\":\"\",\"values\":[");
    assert_non_null(value);
    double share, gain, pay;
    assert_int_equal(sscanf(value + strlen("\"value\":{\"units\":\"\",\"values\":["), "%lf,%lf,%lf",
                            &share, &gain, &pay),
                     3);
    near(share, 10);
    near(gain, 5);
    near(pay, 100.0 / 250); /* a slot of the attacker 100, of an honest miner 250 on average */
    free(page);
    remove_tree(folder.path);
}

static void the_page_is_self_contained_small_and_the_same_again(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    write_pair(folder.path);
    size_t size, again_size;
    char *page = make_page(folder.path, &size), *again = make_page(folder.path, &again_size);
    assert_int_equal(size, again_size);
    assert_memory_equal(page, again, size);
    assert_true(size < 2 << 20);
    static const char *const forbidden[] = {" src=", "<link",  "@import",
                                            "url(",  "fetch(", "XMLHttpRequest"};
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
        if (strstr(page, forbidden[i]) != NULL)
            fail_msg("the page contains '%s'", forbidden[i]);
    assert_non_null(strstr(page, "default-src 'none'"));
    assert_non_null(strstr(page, "Permission is hereby granted")); /* uPlot's licence */
    assert_non_null(strstr(page, "0123456789abcdef"));
    free(page);
    free(again);
    remove_tree(folder.path);
}

static void texts_of_a_scenario_cannot_become_markup(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    write_run(folder.path, false, true, NULL);
    size_t size;
    char *page = make_page(folder.path, &size);
    assert_non_null(strstr(page, "who &lt;/script> gains?"));
    assert_null(strstr(page, "who </script>"));
    assert_null(strstr(page, "honest <b>"));
    assert_non_null(strstr(page, "honest \\u003cb\\u003e"));
    free(page);
    remove_tree(folder.path);
}

static void a_run_that_is_not_finished_is_reported_as_such(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    write_run(folder.path, false, false, NULL);
    size_t size;
    char *page = make_page(folder.path, &size);
    assert_non_null(strstr(page, "unfinished: closed segments so far"));
    free(page);
    remove_tree(folder.path);
}

static void what_was_not_recorded_is_left_out(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    bool skipped[RECORD_VAR_COUNT];
    memset(skipped, true, sizeof(skipped));
    skipped[RECORD_BLOCK] = false;
    write_run(folder.path, false, true, skipped);
    size_t size;
    char *page = make_page(folder.path, &size);
    assert_null(strstr(page, "\"points\":"));
    assert_null(strstr(page, "\"time\":"));
    assert_non_null(strstr(page, "\"block\":"));
    free(page);
    remove_tree(folder.path);
}

static void errors_name_the_file(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    struct sim_error err = {0};
    const struct report_options none = {.result_path = "/nonexistent/run"};
    assert_int_equal(report_write(&none, "/tmp/x.html", &err), SIM_IO);
    assert_non_null(strstr(err.text, "/nonexistent/run"));
    write_run(folder.path, false, true, NULL);
    const struct report_options options = {.result_path = folder.path};
    assert_int_equal(report_write(&options, "/nonexistent/report.html", &err), SIM_IO);
    assert_non_null(strstr(err.text, "/nonexistent/report.html"));

    signal(SIGXFSZ, SIG_IGN);
    char page[96];
    snprintf(page, sizeof(page), "%s/full.html", folder.path);
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct rlimit small = {.rlim_cur = 20000, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum sim_status status = report_write(&options, page, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(status, SIM_IO);
    assert_non_null(strstr(err.text, "full.html"));
    assert_int_not_equal(access(page, F_OK), 0);
    remove_tree(folder.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_numbers_are_those_worked_out_by_hand),
        cmocka_unit_test(headline_says_what_the_attack_gained_against_the_twin),
        cmocka_unit_test(the_page_is_self_contained_small_and_the_same_again),
        cmocka_unit_test(texts_of_a_scenario_cannot_become_markup),
        cmocka_unit_test(a_run_that_is_not_finished_is_reported_as_such),
        cmocka_unit_test(what_was_not_recorded_is_left_out),
        cmocka_unit_test(errors_name_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
