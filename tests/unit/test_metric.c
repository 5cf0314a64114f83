/* Metrics of a result, and files of many results. */
#include "analysis/metric.h"
#include "record/collection.h"
#include "record/record.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { UIDS = 5, EPOCHS = 3 };

static char folder[] = "/tmp/taosim-test-metric-XXXXXX";

/* Slots 0 and 1 are honest, 2 and 3 attack, 4 is empty though it has a number. */
static int write_result(void **state)
{
    static const char *const names[] = {"honest", "swarm"};
    static const uint8_t attacks[] = {0, 1};
    static const uint16_t group[] = {0, 0, 1, 1, 0};
    static const uint32_t hotkey[] = {0, 1, 2, 3, UINT32_MAX};
    struct record_options options = {.uid_count = UIDS};
    struct record *record;
    struct sim_error err = {0};
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(record_create(folder, &options, &record, &err), SIM_OK);
    assert_int_equal(record_rows_begin(record, RECORD_DIM_GROUP, 2, &err), SIM_OK);
    record_put(record, RECORD_GROUP_NAME, names, 2);
    record_put(record, RECORD_GROUP_ATTACKER, attacks, 2);
    assert_int_equal(record_rows_end(record, RECORD_DIM_GROUP, &err), SIM_OK);
    for (uint32_t e = 0; e < EPOCHS; e++) {
        const uint64_t stake[UIDS] = {10, 30, 20 + 20 * e, 40, 999};
        const float loss[UIDS] = {1, NAN, 3, 4, 0};
        const uint32_t peers = 4 + e;
        assert_int_equal(record_rows_begin(record, RECORD_DIM_EPOCH, 1, &err), SIM_OK);
        record_put(record, RECORD_PEERS, &peers, 1);
        record_put(record, RECORD_STAKE_RAO, stake, UIDS);
        record_put(record, RECORD_LOSS_TRUE_NATS, loss, UIDS);
        record_put(record, RECORD_GROUP_ID, group, UIDS);
        record_put(record, RECORD_HOTKEY_ID, hotkey, UIDS);
        assert_int_equal(record_rows_end(record, RECORD_DIM_EPOCH, &err), SIM_OK);
    }
    assert_int_equal(record_finish(record, &err), SIM_OK);
    record_free(record);
    return 0;
}

static int remove_result(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof(command), "rm -r '%s'", folder);
    return system(command);
}

static double value_of(const char *text)
{
    struct metric metric;
    struct reader *reader;
    struct sim_error err = {0};
    char reason[METRIC_REASON_BYTES];
    uint64_t rows[EPOCHS];
    double series[EPOCHS];
    size_t count;
    if (!metric_parse(text, &metric, reason))
        fail_msg("%s: %s", text, reason);
    assert_int_equal(reader_open(folder, &reader, &err), SIM_OK);
    assert_int_equal(metric_rows(reader, rows, &count, &err), SIM_OK);
    assert_int_equal(count, EPOCHS);
    assert_int_equal(metric_series(&metric, reader, rows, count, series, &err), SIM_OK);
    reader_free(reader);
    return metric_over(&metric, series, count);
}

static void a_metric_is_what_its_words_say(void **state)
{
    /* Stakes 10 30 s 40 with s = 20, 40, 60. */
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"peers", 6},
        {"peers.sum", 15},
        {"peers.mean", 5},
        {"peers.min", 4},
        {"stake_rao.sum", 140},
        {"stake_rao.sum.max", 140},
        {"stake_rao.sum.min", 100},
        {"stake_rao.mean.mean", 30},
        {"stake_rao.median", 35},
        {"stake_rao.max@honest", 30},
        {"stake_rao.min@swarm.min", 20},
        {"stake_rao.sum@attackers", 100},
        {"stake_rao.share@attackers", 100.0 / 140},
        {"stake_rao.share@honest.max", 40.0 / 100},
        {"stake_rao.nakamoto", 2},
        {"stake_rao.gini@honest", 0.25},
        {"loss_true_nats.mean", 8.0 / 3},
        {"loss_true_nats.max@honest", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (fabs(value_of(cases[i].text) - cases[i].value) > 1e-12)
            fail_msg("%s: %.17g, not %.17g", cases[i].text, value_of(cases[i].text),
                     cases[i].value);
}

static void a_text_that_is_no_metric_is_told_why(void **state)
{
    static const char *const cases[][2] = {
        {"paers", "did you mean 'peers'?"},
        {"stake_rao", "this variable has slots"},
        {"stake_rao.ginni", "did you mean 'gini'?"},
        {"stake_rao.share", "whose share?"},
        {"stake_rao.sum@", "a group's name is missing"},
        {"peers.gini", "over epochs there is no 'gini'"},
        {"stake_rao.sum.last.last", "too many parts"},
        {"", "no number an epoch called ''"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct metric metric;
        char reason[METRIC_REASON_BYTES];
        assert_false(metric_parse(cases[i][0], &metric, reason));
        if (strstr(reason, cases[i][1]) == NULL)
            fail_msg("%s: %s", cases[i][0], reason);
    }
}

static void a_group_that_is_not_there_is_an_error(void **state)
{
    struct metric metric;
    struct reader *reader;
    struct sim_error err = {0};
    char reason[METRIC_REASON_BYTES];
    const uint64_t row = 0;
    double value;
    (void)state;
    assert_true(metric_parse("stake_rao.sum@nobody", &metric, reason));
    assert_int_equal(reader_open(folder, &reader, &err), SIM_OK);
    assert_int_equal(metric_series(&metric, reader, &row, 1, &value, &err), SIM_CONFIG);
    assert_non_null(strstr(err.text, "has no group 'nobody'"));
    reader_free(reader);
}

static void a_collection_that_cannot_be_written_says_which_step_failed(void **state)
{
    struct collection *collection;
    struct sim_error err = {0};
    char path[128];
    (void)state;
    assert_int_equal(collection_create("/nowhere/at/all.h5", false, &collection, &err), SIM_IO);
    assert_non_null(strstr(err.text, "/nowhere/at/all.h5"));
    snprintf(path, sizeof(path), "%s/twice.h5", folder);
    assert_int_equal(collection_create(path, false, &collection, &err), SIM_OK);
    int dim = collection_dim(collection, "", "point", 2, NULL, "points");
    struct collection_spec spec = {"", "same", &dim, 1, RECORD_F64, "1", "the same name twice"};
    collection_var(collection, &spec);
    int var = collection_var(collection, &spec);
    collection_put(collection, var, &(uint64_t){0}, &(uint64_t){2}, (double[]){1, 2});
    assert_int_equal(collection_close(collection, &err), SIM_IO);
    assert_non_null(strstr(err.text, "cannot create variable same"));
    collection_free(collection);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path, sizeof(path), "%s/twice.h5.part", folder);
    assert_int_not_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_metric_is_what_its_words_say),
        cmocka_unit_test(a_text_that_is_no_metric_is_told_why),
        cmocka_unit_test(a_group_that_is_not_there_is_an_error),
        cmocka_unit_test(a_collection_that_cannot_be_written_says_which_step_failed),
    };
    return cmocka_run_group_tests(tests, write_result, remove_result);
}
