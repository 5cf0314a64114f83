#include "analysis/show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <math.h>

#include "record/record.h"

static char folder[64];
static struct reader *reader;

static void good(enum sim_status status, const struct sim_error *err)
{
    if (status != SIM_OK)
        fail_msg("%s", err->text);
}

static void put_rows(struct record *record)
{
    struct sim_error err = {0};
    static const char *const names[] = {"plain", "with, comma and \"quote\""};
    const uint64_t stake[] = {UINT64_MAX, 9007199254740993u};
    const float loss[] = {0.1f, NAN};
    const uint32_t hotkey[] = {7, RECORD_NOBODY};
    int64_t block = -3;
    good(record_rows_begin(record, RECORD_DIM_GROUP, 2, &err), &err);
    record_put(record, RECORD_GROUP_NAME, names, 2);
    good(record_rows_end(record, RECORD_DIM_GROUP, &err), &err);
    good(record_rows_begin(record, RECORD_DIM_EPOCH, 1, &err), &err);
    record_put(record, RECORD_BLOCK, &block, 1);
    record_put(record, RECORD_STAKE_RAO, stake, 2);
    record_put(record, RECORD_LOSS_TRUE_NATS, loss, 2);
    record_put(record, RECORD_HOTKEY_ID, hotkey, 2);
    good(record_rows_end(record, RECORD_DIM_EPOCH, &err), &err);
    for (int i = 0; i < 3; i++) {
        const struct record_event event = {.time_ns = i, .kind = RECORD_EVENT_BURN, .value = 0.1};
        good(record_event(record, &event, &err), &err);
    }
}

static int set_up(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct record *record = NULL;
    bool skipped[RECORD_VAR_COUNT] = {[RECORD_INCENTIVE] = true};
    snprintf(folder, sizeof(folder), "/tmp/taosim-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    const struct record_options options = {.uid_count = 2, .skipped = skipped};
    good(record_create(folder, &options, &record, &err), &err);
    record_attr_f64(record, RECORD_ROOT, "bigram_entropy_nats", 2.41);
    put_rows(record);
    good(record_finish(record, &err), &err);
    record_free(record);
    good(reader_open(folder, &reader, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    reader = reader_free(reader);
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

/* What show_table prints; the caller frees it. */
static char *shown(const char *table, struct show_options options)
{
    struct sim_error err = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    good(show_table(reader, table, &options, file, &err), &err);
    fclose(file);
    return text;
}

static void csv_starts_with(const char *table, const char *expected)
{
    char *text = shown(table, (struct show_options){.csv = true});
    if (strncmp(text, expected, strlen(expected)) != 0)
        fail_msg("%s is\n%s", table, text);
    free(text);
}

static void csv_has_every_digit_and_quotes_what_needs_it(void **state)
{
    (void)state;
    csv_starts_with("stake_rao", "epoch,0,1\n0,18446744073709551615,9007199254740993\n");
    csv_starts_with("loss_true_nats", "epoch,0,1\n0,0.1,\n");
    csv_starts_with("groups", "group,name,strategy_name");
    csv_starts_with("groups/name", "group,name\n0,plain\n1,\"with, comma and \"\"quote\"\"\"\n");
    csv_starts_with("epochs", "epoch,block,time,netuid,");
    csv_starts_with("neurons", "epoch,uid,stake_rao,dividends,");
    csv_starts_with("attributes", "name,value\nConventions,CF-1.10\nbigram_entropy_nats,2.41\n");
    csv_starts_with("events/kind", "event,kind\n0,2\n");
}

static void people_read_labels_and_a_choice_of_rows(void **state)
{
    (void)state;
    char *text = shown("events", (struct show_options){.first = 1, .count = 1});
    assert_non_null(strstr(text, " burn "));
    int lines = 0;
    for (const char *c = text; *c != '\0'; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 2);
    assert_int_equal(strncmp(strchr(text, '\n') + 1, "       1", 8), 0);
    free(text);
}

static void the_summary_names_tables_rows_and_recorded_variables(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    show_summary(reader, file);
    fclose(file);
    assert_non_null(strstr(text, "finished, checksum good"));
    assert_non_null(strstr(text, "events: 3 rows"));
    assert_non_null(strstr(text, "neurons: 1 rows x 2 slots"));
    assert_non_null(strstr(text, "stake_rao "));
    assert_null(strstr(text, "  incentive "));
    free(text);
}

static void an_unknown_table_is_refused_with_the_names_there_are(void **state)
{
    (void)state;
    struct sim_error err = {0};
    const struct show_options options = {.csv = true};
    assert_int_equal(show_table(reader, "evnts", &options, stdout, &err), SIM_CONFIG);
    assert_non_null(strstr(err.text, "no table or variable 'evnts'"));
    assert_non_null(strstr(err.text, "events, set_weights"));
    assert_int_equal(show_table(reader, "incentive", &options, stdout, &err), SIM_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_has_every_digit_and_quotes_what_needs_it),
        cmocka_unit_test(people_read_labels_and_a_choice_of_rows),
        cmocka_unit_test(the_summary_names_tables_rows_and_recorded_variables),
        cmocka_unit_test(an_unknown_table_is_refused_with_the_names_there_are),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
