#include "record/reader.h"
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dirent.h>
#include <hdf5.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/stream.h"

enum { UIDS = 37, EPOCHS = 300 };

/* ---- a run of known numbers */

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

static uint64_t stake_of(uint64_t epoch, uint64_t uid)
{
    return UINT64_C(9007199254740993) + epoch * 1000 + uid; /* no double holds these */
}

static float incentive_of(uint64_t epoch, uint64_t uid)
{
    return (float)((epoch * 31 + uid * 7) % 101) / 101.0f;
}

static void put_epoch(struct record *record, uint64_t epoch, struct sim_error *err)
{
    uint64_t stake_rao[UIDS];
    float incentive[UIDS];
    for (uint64_t uid = 0; uid < UIDS; uid++) {
        stake_rao[uid] = stake_of(epoch, uid);
        incentive[uid] = incentive_of(epoch, uid);
    }
    int64_t block = (int64_t)epoch * 100;
    double time_s = (double)block * 12.0;
    good(record_rows_begin(record, RECORD_DIM_EPOCH, 1, err), err);
    record_put(record, RECORD_BLOCK, &block, 1);
    record_put(record, RECORD_TIME, &time_s, 1);
    record_put(record, RECORD_STAKE_RAO, stake_rao, UIDS);
    record_put(record, RECORD_INCENTIVE, incentive, UIDS - 2); /* two slots are not there */
    good(record_rows_end(record, RECORD_DIM_EPOCH, err), err);
}

static void put_tables(struct record *record, uint64_t epoch, struct sim_error *err)
{
    const uint32_t target[] = {1, 5, 2}, value[] = {65535, 7, (uint32_t)epoch};
    const struct record_call call = {.time_ns = 5,
                                     .block = (int64_t)epoch,
                                     .uid = 3,
                                     .entry_count = (uint32_t)(1 + epoch % 3),
                                     .target = target,
                                     .value = value};
    good(record_set_weights(record, &call, err), err);
    const struct record_event event = {.time_ns = (int64_t)epoch,
                                       .kind = RECORD_EVENT_EVICTION,
                                       .uid = (uint32_t)epoch,
                                       .value = 0.5,
                                       .other_hotkey_id = RECORD_NOBODY};
    good(record_event(record, &event, err), err);
    if (epoch % 10 == 0) {
        const uint64_t row_start[] = {0, 2, 2, 3}, bond[] = {1, UINT64_MAX, epoch};
        const struct record_csr csr = {
            .block = (int64_t)epoch, .row_count = 3, .row_start = row_start, .target = target};
        good(record_weights(record, &csr, value, err), err);
        good(record_bonds(record, &csr, bond, err), err);
    }
    const struct record_progress_item item = {"epoch", (double)epoch};
    good(record_progress(record, &item, 1, err), err);
}

static void put_head(struct record *record, struct sim_error *err)
{
    static const char *const strategies[] = {"honest", "weight copier"};
    static const char *const names[] = {"miners", "sybils \xc3\xa9"};
    record_attr_u64(record, RECORD_ROOT, "seed", UINT64_MAX);
    record_attr_f64(record, RECORD_ROOT, "bigram_entropy_nats", 2.25);
    record_attr_text(record, RECORD_ROOT, "version", "0.1.0");
    record_scenario(record, "schema: 1\nseed: 7\n");
    record_labels(record, RECORD_STRATEGY, strategies, 2);
    good(record_rows_begin(record, RECORD_DIM_GROUP, 2, err), err);
    record_put(record, RECORD_GROUP_NAME, names, 2);
    record_put(record, RECORD_GROUP_SIZE, ((const uint32_t[]){30, 7}), 2);
    good(record_rows_end(record, RECORD_DIM_GROUP, err), err);
}

static struct record *open_with(const char *folder, const struct record_mark *after,
                                const bool *skipped)
{
    struct sim_error err = {0};
    struct record *record = NULL;
    const struct record_options options = {.uid_count = UIDS, .after = after, .skipped = skipped};
    good(record_create(folder, &options, &record, &err), &err);
    put_head(record, &err);
    return record;
}

static struct record *open_record(const char *folder, const struct record_mark *after)
{
    return open_with(folder, after, NULL);
}

/* Only what put_epoch puts: many small files take less time. */
static struct record *open_small(const char *folder, const struct record_mark *after)
{
    bool skipped[RECORD_VAR_COUNT];
    memset(skipped, true, sizeof(skipped));
    skipped[RECORD_BLOCK] = skipped[RECORD_TIME] = false;
    skipped[RECORD_STAKE_RAO] = skipped[RECORD_INCENTIVE] = false;
    return open_with(folder, after, skipped);
}

/* Epochs first..last-1, a segment after each multiple of `segment_epochs` (0 = one segment). */
static struct record_mark put_epochs(struct record *record, uint64_t first, uint64_t last,
                                     uint64_t segment_epochs)
{
    struct sim_error err = {0};
    struct record_mark mark = {0};
    for (uint64_t epoch = first; epoch < last; epoch++) {
        put_epoch(record, epoch, &err);
        put_tables(record, epoch, &err);
        if (segment_epochs != 0 && (epoch + 1) % segment_epochs == 0)
            good(record_segment_close(record, &mark, &err), &err);
    }
    return mark;
}

static void write_run(const char *folder, uint64_t epochs, uint64_t segment_epochs)
{
    struct sim_error err = {0};
    struct record *record = open_record(folder, NULL);
    put_epochs(record, 0, epochs, segment_epochs);
    good(record_finish(record, &err), &err);
    record_free(record);
}

static struct reader *open_reader(const char *path)
{
    struct sim_error err = {0};
    struct reader *reader = NULL;
    good(reader_open(path, &reader, &err), &err);
    return reader;
}

static unsigned char *file_bytes(const char *folder, const char *name, size_t *ret_size)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *ret_size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*ret_size);
    assert_int_equal(fread(bytes, 1, *ret_size, file), *ret_size);
    fclose(file);
    return bytes;
}

static void write_bytes(const char *path, const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void check_numbers(struct reader *reader, uint64_t epochs)
{
    struct sim_error err = {0};
    assert_int_equal(reader_rows(reader, RECORD_DIM_EPOCH), epochs);
    assert_int_equal(reader_rows(reader, RECORD_DIM_UID), UIDS);
    uint64_t *stake = malloc(epochs * UIDS * sizeof(*stake));
    float *incentive = malloc(epochs * UIDS * sizeof(*incentive));
    good(reader_read(reader, RECORD_STAKE_RAO, 0, epochs, stake, &err), &err);
    good(reader_read(reader, RECORD_INCENTIVE, 0, epochs, incentive, &err), &err);
    for (uint64_t epoch = 0; epoch < epochs; epoch++)
        for (uint64_t uid = 0; uid < UIDS; uid++) {
            size_t at = (size_t)(epoch * UIDS + uid);
            assert_int_equal(stake[at], stake_of(epoch, uid));
            if (uid < UIDS - 2)
                assert_true(incentive[at] == incentive_of(epoch, uid));
            else
                assert_true(isnan(incentive[at]));
        }
    free(incentive), free(stake);
}

/* ---- cases */

static void rows_read_back_are_the_rows_put_whatever_the_segments(void **state)
{
    (void)state;
    static const uint64_t segment_epochs[] = {0, 1, 23, 130};
    for (size_t i = 0; i < 4; i++) {
        uint64_t epochs = segment_epochs[i] == 1 ? 20 : EPOCHS;
        struct folder folder = new_folder();
        struct record *record = open_record(folder.path, NULL);
        put_epochs(record, 0, epochs, segment_epochs[i]);
        struct sim_error err = {0};
        good(record_segment_close(record, NULL, &err), &err);
        struct reader *reader = open_reader(folder.path); /* while it runs */
        assert_false(reader_finished(reader));
        check_numbers(reader, epochs);
        reader = reader_free(reader);

        good(record_finish(record, &err), &err);
        record_free(record);
        reader = open_reader(folder.path);
        assert_true(reader_finished(reader) && reader_verified(reader));
        check_numbers(reader, epochs);
        reader_free(reader);
        remove_tree(folder.path);
    }
}

static void the_merged_file_shows_no_segment_borders(void **state)
{
    (void)state;
    struct folder whole = new_folder(), parts = new_folder();
    write_run(whole.path, EPOCHS, 0);
    write_run(parts.path, EPOCHS, 37);
    size_t size_whole, size_parts;
    unsigned char *a = file_bytes(whole.path, "result.h5", &size_whole);
    unsigned char *b = file_bytes(parts.path, "result.h5", &size_parts);
    assert_int_equal(size_whole, size_parts);
    assert_memory_equal(a, b, size_whole);
    free(a), free(b);
    remove_tree(whole.path), remove_tree(parts.path);
}

static void a_run_continued_behind_a_mark_leaves_the_unbroken_result(void **state)
{
    (void)state;
    struct folder whole = new_folder(), broken = new_folder();
    write_run(whole.path, 90, 20);

    struct sim_error err = {0};
    struct record *record = open_record(broken.path, NULL);
    struct record_mark mark = put_epochs(record, 0, 40, 20);
    put_epochs(record, 40, 75, 30); /* segment 60, and an open one: both lost */
    record_free(record);
    char lost[128];
    snprintf(lost, sizeof(lost), "%s/seg/00002.h5", broken.path);
    assert_int_equal(access(lost, F_OK), 0);
    record = open_record(broken.path, &mark);
    assert_int_not_equal(access(lost, F_OK), 0); /* nobody may read it as part of this run */
    put_epochs(record, 40, 90, 20);
    good(record_finish(record, &err), &err);
    record_free(record);

    size_t size_whole, size_broken, lines_whole, lines_broken;
    unsigned char *a = file_bytes(whole.path, "result.h5", &size_whole);
    unsigned char *b = file_bytes(broken.path, "result.h5", &size_broken);
    unsigned char *c = file_bytes(whole.path, "progress.jsonl", &lines_whole);
    unsigned char *d = file_bytes(broken.path, "progress.jsonl", &lines_broken);
    assert_int_equal(size_whole, size_broken);
    assert_memory_equal(a, b, size_whole);
    assert_int_equal(lines_whole, lines_broken);
    assert_memory_equal(c, d, lines_whole);
    free(a), free(b), free(c), free(d);
    remove_tree(whole.path), remove_tree(broken.path);
}

static void continuing_without_a_segment_of_the_mark_names_it(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    struct record *record = open_record(folder.path, NULL);
    struct record_mark mark = put_epochs(record, 0, 6, 2);
    record_free(record);
    char path[128];
    snprintf(path, sizeof(path), "%s/seg/00001.h5", folder.path);
    assert_int_equal(unlink(path), 0);

    struct sim_error err = {0};
    const struct record_options options = {.uid_count = UIDS, .after = &mark};
    assert_int_equal(record_create(folder.path, &options, &record, &err), SIM_IO);
    assert_non_null(strstr(err.text, "seg/00001.h5"));
    remove_tree(folder.path);
}

static void attributes_texts_and_labels_come_back(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    write_run(folder.path, 3, 0);
    struct reader *reader = open_reader(folder.path);
    uint64_t seed = 0;
    double entropy = 0;
    assert_true(reader_attr_u64(reader, RECORD_ROOT, "seed", &seed));
    assert_int_equal(seed, UINT64_MAX);
    assert_true(reader_attr_f64(reader, RECORD_ROOT, "bigram_entropy_nats", &entropy));
    assert_true(entropy == 2.25);
    assert_string_equal(reader_attr_text(reader, RECORD_ROOT, "version"), "0.1.0");
    assert_null(reader_attr_text(reader, RECORD_ROOT, "no_such_name"));
    assert_string_equal(reader_scenario(reader), "schema: 1\nseed: 7\n");
    assert_string_equal(reader_text(reader, RECORD_GROUP_NAME, 1), "sybils \xc3\xa9");
    assert_string_equal(reader_label(reader, RECORD_STRATEGY, 1), "weight_copier");
    assert_null(reader_label(reader, RECORD_STRATEGY, 2));
    assert_string_equal(reader_label(reader, RECORD_EVENT_KIND, RECORD_EVENT_EVICTION), "eviction");
    reader_free(reader);
    remove_tree(folder.path);
}

static void tables_keep_their_entries_across_segments(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    write_run(folder.path, 60, 7);
    struct sim_error err = {0};
    struct reader *reader = open_reader(folder.path);
    int64_t start[60], row[6 * (UIDS + 1)], epoch_row[6];
    uint64_t bond[18];
    uint32_t count[60], value[120];
    assert_int_equal(reader_rows(reader, RECORD_DIM_CALL), 60);
    assert_int_equal(reader_rows(reader, RECORD_DIM_CALL_ENTRY), 120);
    good(reader_read(reader, RECORD_CALL_ENTRY_START, 0, 60, start, &err), &err);
    good(reader_read(reader, RECORD_CALL_ENTRY_COUNT, 0, 60, count, &err), &err);
    good(reader_read(reader, RECORD_CALL_VALUE, 0, 120, value, &err), &err);
    for (uint32_t i = 0; i < 60; i++) {
        assert_int_equal(count[i], 1 + i % 3);
        assert_int_equal(value[start[i]], 65535);
        if (count[i] == 3)
            assert_int_equal(value[start[i] + 2], i);
    }
    good(reader_read(reader, RECORD_BOND_VALUE, 0, 18, bond, &err), &err);
    good(reader_read(reader, RECORD_BOND_ROW, 0, 6, row, &err), &err);
    good(reader_read(reader, RECORD_BOND_EPOCH_ROW, 0, 6, epoch_row, &err), &err);
    for (uint64_t i = 0; i < 6; i++) {
        assert_int_equal(bond[3 * i + 1], UINT64_MAX);
        assert_int_equal(bond[3 * i + 2], 10 * i);
        assert_int_equal(epoch_row[i], 10 * i);
        assert_int_equal(row[i * (UIDS + 1) + 2], 2);
        assert_int_equal(row[i * (UIDS + 1) + UIDS], 3); /* the rows that are not there are empty */
    }
    reader_free(reader);
    remove_tree(folder.path);
}

static void a_skipped_variable_is_absent_and_the_rest_is_there(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    struct sim_error err = {0};
    bool skipped[RECORD_VAR_COUNT] = {[RECORD_STAKE_RAO] = true, [RECORD_CALL_VALUE] = true};
    const struct record_options options = {.uid_count = UIDS, .skipped = skipped};
    struct record *record = NULL;
    good(record_create(folder.path, &options, &record, &err), &err);
    assert_false(record_wants(record, RECORD_STAKE_RAO));
    put_head(record, &err);
    put_epochs(record, 0, 9, 4);
    good(record_finish(record, &err), &err);
    record_free(record);
    struct reader *reader = open_reader(folder.path);
    assert_false(reader_has(reader, RECORD_STAKE_RAO));
    assert_true(reader_has(reader, RECORD_INCENTIVE));
    uint64_t stake[UIDS];
    assert_int_equal(reader_read(reader, RECORD_STAKE_RAO, 0, 1, stake, &err), SIM_CONFIG);
    assert_non_null(strstr(err.text, "stake_rao"));
    reader_free(reader);
    remove_tree(folder.path);
}

static void any_changed_byte_is_found_or_harmless(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    write_run(folder.path, 12, 5);
    size_t size;
    unsigned char *bytes = file_bytes(folder.path, "result.h5", &size);
    char path[128];
    snprintf(path, sizeof(path), "%s/flipped.h5", folder.path);
    struct stream dice;
    stream_init(&dice, 8, STREAM_TEST, 0, 0);
    int found = 0;
    for (int i = 0; i < 300; i++) {
        /* The last flips all hit the seal. */
        size_t at =
            (size_t)(i < 280 ? stream_below(&dice, size) : size - 1 - stream_below(&dice, 16));
        unsigned char flip = (unsigned char)(1u << stream_below(&dice, 8));
        bytes[at] ^= flip;
        write_bytes(path, bytes, size);
        bytes[at] ^= flip;
        struct sim_error err = {0};
        struct reader *reader = NULL;
        if (reader_open(path, &reader, &err) != SIM_OK) {
            assert_int_equal(err.status, SIM_IO);
            assert_non_null(strstr(err.text, "flipped.h5"));
            found++;
            continue;
        }
        assert_false(reader_verified(reader));
        check_numbers(reader, 12);
        reader_free(reader);
    }
    assert_true(found >= 280);
    free(bytes);
    remove_tree(folder.path);
}

static void limit_file_bytes(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Runs epochs 0..199 in four segments and the end; the status of the first call that fails. */
static enum sim_status run_in_little_room(struct record *record, struct record_mark *ret_mark,
                                          struct sim_error *err)
{
    for (uint64_t epoch = 0; epoch < 200; epoch++) {
        put_epoch(record, epoch, err);
        enum sim_status status =
            epoch % 50 == 49 ? record_segment_close(record, ret_mark, err) : SIM_OK;
        if (status != SIM_OK)
            return status;
    }
    return record_finish(record, err);
}

static void a_full_disk_is_one_clear_error_and_the_run_goes_on_afterwards(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    struct folder whole = new_folder();
    struct sim_error err = {0};
    struct record_mark mark = {0};
    struct record *record = open_small(whole.path, NULL);
    good(run_in_little_room(record, &mark, &err), &err);
    record_free(record);
    size_t size;
    unsigned char *bytes = file_bytes(whole.path, "result.h5", &size);

    for (rlim_t place = 1; place <= 20; place++) {
        struct folder folder = new_folder();
        record = open_small(folder.path, NULL);
        mark = (struct record_mark){0};
        limit_file_bytes(size * place / 20 - 1);
        enum sim_status status = run_in_little_room(record, &mark, &err);
        limit_file_bytes(RLIM_INFINITY);
        assert_int_equal(status, SIM_IO);
        assert_non_null(strstr(err.text, "File too large"));
        assert_non_null(strstr(err.text, folder.path));
        record_free(record);
        assert_int_equal(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
        record = open_small(folder.path, mark.segment_count > 0 ? &mark : NULL);
        for (uint64_t epoch = mark.rows[RECORD_DIM_EPOCH]; epoch < 200; epoch++)
            put_epoch(record, epoch, &err);
        good(record_finish(record, &err), &err);
        record_free(record);
        size_t again_size;
        unsigned char *again = file_bytes(folder.path, "result.h5", &again_size);
        assert_int_equal(again_size, size);
        assert_memory_equal(again, bytes, size);
        free(again);
        remove_tree(folder.path);
    }
    free(bytes);
    remove_tree(whole.path);
}

static void a_result_of_a_newer_schema_is_refused_by_number(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    write_run(folder.path, 2, 0);
    char path[128];
    snprintf(path, sizeof(path), "%s/result.h5", folder.path);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t attr = H5Aopen(file, "schema_version", H5P_DEFAULT);
    const uint32_t version = RECORD_SCHEMA_VERSION + 1;
    assert_true(H5Awrite(attr, H5T_NATIVE_UINT32, &version) >= 0);
    H5Aclose(attr);
    H5Fclose(file);
    struct sim_error err = {0};
    struct reader *reader = NULL;
    assert_int_equal(reader_open(path, &reader, &err), SIM_IO);
    assert_non_null(strstr(err.text, "schema version 2"));
    remove_tree(folder.path);
}

static void what_is_no_result_is_refused_with_its_name(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    struct sim_error err = {0};
    struct reader *reader = NULL;
    assert_int_equal(reader_open(folder.path, &reader, &err), SIM_IO);
    assert_non_null(strstr(err.text, "no result.h5 and no closed segment"));
    assert_int_equal(reader_open("/nonexistent/r.h5", &reader, &err), SIM_IO);
    assert_non_null(strstr(err.text, "/nonexistent/r.h5"));
    char path[128];
    snprintf(path, sizeof(path), "%s/text.h5", folder.path);
    write_bytes(path, (const unsigned char *)"not HDF5", 8);
    assert_int_equal(reader_open(path, &reader, &err), SIM_IO);
    assert_non_null(strstr(err.text, "not an HDF5 file"));
    remove_tree(folder.path);
}

static void a_new_run_removes_its_own_files_and_no_others(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    write_run(folder.path, 4, 1);
    char note[128], segment[128];
    snprintf(note, sizeof(note), "%s/seg/notes.txt", folder.path);
    snprintf(segment, sizeof(segment), "%s/seg/00003.h5", folder.path);
    write_bytes(note, (const unsigned char *)"mine", 4);
    record_free(open_record(folder.path, NULL));
    assert_int_equal(access(note, F_OK), 0);
    assert_int_not_equal(access(segment, F_OK), 0);
    remove_tree(folder.path);
}

static void a_plan_bounds_the_size_and_counts_follow_the_rows(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    struct record *record = open_record(folder.path, NULL);
    struct sim_error err = {0};
    assert_int_equal(record_segment_bytes(record), 0);
    put_epochs(record, 0, 300, 0);
    assert_int_equal(record_row_count(record, RECORD_DIM_EPOCH), 300);
    assert_int_equal(record_row_count(record, RECORD_DIM_WEIGHT_EDGE), UIDS + 1);
    struct record_plan plan = {.uid_count = UIDS};
    for (unsigned d = 0; d < RECORD_DIM_COUNT; d++)
        if (record_dim_info((enum record_dim)d)->growth == RECORD_GROWS)
            plan.rows[d] = record_row_count(record, (enum record_dim)d);
    assert_int_equal(record_plan_bytes(&plan), record_segment_bytes(record));
    good(record_finish(record, &err), &err);
    record_free(record);
    size_t size;
    free(file_bytes(folder.path, "result.h5", &size));
    assert_true(size < record_plan_bytes(&plan));
    plan.rows[RECORD_DIM_EPOCH] = 0;
    bool skipped[RECORD_VAR_COUNT];
    memset(skipped, true, sizeof(skipped));
    skipped[RECORD_CALL_UID] = false; /* 300 calls of 4 bytes */
    plan.skipped = skipped;
    assert_int_equal(record_plan_bytes(&plan), 1200);
    remove_tree(folder.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_read_back_are_the_rows_put_whatever_the_segments),
        cmocka_unit_test(the_merged_file_shows_no_segment_borders),
        cmocka_unit_test(a_run_continued_behind_a_mark_leaves_the_unbroken_result),
        cmocka_unit_test(continuing_without_a_segment_of_the_mark_names_it),
        cmocka_unit_test(attributes_texts_and_labels_come_back),
        cmocka_unit_test(tables_keep_their_entries_across_segments),
        cmocka_unit_test(a_skipped_variable_is_absent_and_the_rest_is_there),
        cmocka_unit_test(any_changed_byte_is_found_or_harmless),
        cmocka_unit_test(a_full_disk_is_one_clear_error_and_the_run_goes_on_afterwards),
        cmocka_unit_test(a_result_of_a_newer_schema_is_refused_by_number),
        cmocka_unit_test(what_is_no_result_is_refused_with_its_name),
        cmocka_unit_test(a_new_run_removes_its_own_files_and_no_others),
        cmocka_unit_test(a_plan_bounds_the_size_and_counts_follow_the_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
