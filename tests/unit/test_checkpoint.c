#include "record/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/stream.h"

enum { RUN_HASH = 77 };

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

/* Two sections; the second in three pieces. */
static enum sim_status write_one(const char *folder, uint64_t epoch, struct sim_error *err)
{
    struct checkpoint_writer *writer = NULL;
    enum sim_status status = checkpoint_begin(folder, epoch, RUN_HASH, &writer, err);
    if (status != SIM_OK)
        return status;
    checkpoint_section(writer, "chain");
    checkpoint_put(writer, &epoch, sizeof(epoch));
    checkpoint_section(writer, "models");
    for (uint32_t i = 0; i < 3; i++)
        checkpoint_put(writer, &i, sizeof(i));
    return checkpoint_commit(writer, err);
}

static void write_good(const char *folder, uint64_t epoch)
{
    struct sim_error err = {0};
    if (write_one(folder, epoch, &err) != SIM_OK)
        fail_msg("%s", err.text);
}

static void check_one(const struct checkpoint *checkpoint, uint64_t epoch)
{
    struct sim_error err = {0};
    struct checkpoint_cursor cursor;
    uint64_t stored = 0;
    uint32_t numbers[3];
    assert_int_equal(checkpoint_epoch(checkpoint), epoch);
    assert_int_equal(checkpoint_find(checkpoint, "chain", &cursor, &err), SIM_OK);
    assert_int_equal(checkpoint_take(&cursor, &stored, 8, &err), SIM_OK);
    assert_int_equal(stored, epoch);
    assert_int_equal(checkpoint_find(checkpoint, "models", &cursor, &err), SIM_OK);
    assert_int_equal(checkpoint_take(&cursor, numbers, 12, &err), SIM_OK);
    assert_int_equal(checkpoint_taken(&cursor, &err), SIM_OK);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(numbers[i], i);
}

static bool there(const char *folder, uint64_t epoch)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/checkpoint/%08u.ckpt", folder, (unsigned)epoch);
    return access(path, F_OK) == 0;
}

static void the_newest_is_opened_and_the_last_two_are_kept(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    struct sim_error err = {0};
    struct checkpoint *checkpoint = NULL;
    assert_int_equal(checkpoint_open(folder.path, UINT64_MAX, RUN_HASH, &checkpoint, &err), SIM_OK);
    assert_null(checkpoint);
    for (uint64_t epoch = 8; epoch <= 12; epoch++)
        write_good(folder.path, epoch);
    assert_int_equal(checkpoint_open(folder.path, UINT64_MAX, RUN_HASH, &checkpoint, &err), SIM_OK);
    check_one(checkpoint, 12);
    assert_string_equal(checkpoint_damage(checkpoint), "");
    checkpoint = checkpoint_free(checkpoint);
    assert_true(there(folder.path, 12) && there(folder.path, 11) && !there(folder.path, 10));

    assert_int_equal(checkpoint_open(folder.path, 11, RUN_HASH, &checkpoint, &err), SIM_OK);
    check_one(checkpoint, 11);
    checkpoint = checkpoint_free(checkpoint);
    remove_tree(folder.path);
}

static void dropping_removes_the_later_ones_and_what_was_left_aside(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    struct sim_error err = {0};
    assert_int_equal(checkpoint_drop(folder.path, 0, &err), SIM_OK); /* nothing there */
    write_good(folder.path, 11);
    write_good(folder.path, 12);
    char aside[128];
    snprintf(aside, sizeof(aside), "%s/checkpoint/00000009.ckpt.part", folder.path);
    FILE *file = fopen(aside, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(checkpoint_drop(folder.path, 12, &err), SIM_OK);
    assert_true(there(folder.path, 11) && !there(folder.path, 12));
    assert_int_not_equal(access(aside, F_OK), 0);
    assert_int_equal(checkpoint_drop(folder.path, 0, &err), SIM_OK);
    assert_false(there(folder.path, 11));
    remove_tree(folder.path);
}

static void every_changed_byte_and_every_cut_sends_to_the_older_one(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    write_good(folder.path, 3);
    write_good(folder.path, 4);
    char path[128];
    snprintf(path, sizeof(path), "%s/checkpoint/00000004.ckpt", folder.path);
    unsigned char bytes[1024];
    FILE *file = fopen(path, "rb");
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    for (size_t i = 0; i < 2 * size; i++) {
        bool cut = i >= size; /* bytes 0..i-size-1 only */
        if (!cut)
            bytes[i] ^= 0x10;
        file = fopen(path, "wb");
        fwrite(bytes, 1, cut ? i - size : size, file);
        fclose(file);
        if (!cut)
            bytes[i] ^= 0x10;
        struct sim_error err = {0};
        struct checkpoint *checkpoint = NULL;
        assert_int_equal(checkpoint_open(folder.path, UINT64_MAX, RUN_HASH, &checkpoint, &err),
                         SIM_OK);
        check_one(checkpoint, 3);
        assert_non_null(strstr(checkpoint_damage(checkpoint), "00000004.ckpt' is not used"));
        checkpoint_free(checkpoint);
    }
    remove_tree(folder.path);
}

static void when_all_are_damaged_the_error_names_them(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    write_good(folder.path, 1);
    write_good(folder.path, 2);
    for (int i = 1; i <= 2; i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/checkpoint/0000000%d.ckpt", folder.path, i);
        assert_int_equal(truncate(path, 50), 0);
    }
    struct sim_error err = {0};
    struct checkpoint *checkpoint = NULL;
    assert_int_equal(checkpoint_open(folder.path, UINT64_MAX, RUN_HASH, &checkpoint, &err), SIM_IO);
    assert_non_null(strstr(err.text, "00000001.ckpt"));
    assert_non_null(strstr(err.text, "00000002.ckpt"));
    remove_tree(folder.path);
}

static void another_run_and_missing_or_short_sections_are_refused(void **state)
{
    (void)state;
    struct folder folder = new_folder();
    write_good(folder.path, 1);
    struct sim_error err = {0};
    struct checkpoint *checkpoint = NULL;
    assert_int_equal(checkpoint_open(folder.path, UINT64_MAX, RUN_HASH + 1, &checkpoint, &err),
                     SIM_CONFIG);
    assert_non_null(strstr(err.text, "another scenario"));
    assert_int_equal(checkpoint_open(folder.path, UINT64_MAX, RUN_HASH, &checkpoint, &err), SIM_OK);
    struct checkpoint_cursor cursor;
    assert_int_equal(checkpoint_find(checkpoint, "net", &cursor, &err), SIM_IO);
    assert_non_null(strstr(err.text, "no section 'net'"));
    assert_int_equal(checkpoint_find(checkpoint, "chain", &cursor, &err), SIM_OK);
    assert_int_equal(checkpoint_taken(&cursor, &err), SIM_IO);
    char nine[9];
    assert_int_equal(checkpoint_take(&cursor, nine, 9, &err), SIM_IO);
    assert_non_null(strstr(err.text, "'chain' is too short"));
    checkpoint_free(checkpoint);
    remove_tree(folder.path);
}

static void a_full_disk_leaves_the_older_checkpoint(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    struct folder folder = new_folder();
    write_good(folder.path, 1);
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct sim_error err = {0};
    struct rlimit small = {.rlim_cur = 100, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum sim_status status = write_one(folder.path, 2, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(status, SIM_IO);
    assert_non_null(strstr(err.text, "00000002.ckpt.part': cannot write: File too large"));
    struct checkpoint *checkpoint = NULL;
    assert_int_equal(checkpoint_open(folder.path, UINT64_MAX, RUN_HASH, &checkpoint, &err), SIM_OK);
    check_one(checkpoint, 1);
    checkpoint_free(checkpoint);
    remove_tree(folder.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_is_opened_and_the_last_two_are_kept),
        cmocka_unit_test(dropping_removes_the_later_ones_and_what_was_left_aside),
        cmocka_unit_test(every_changed_byte_and_every_cut_sends_to_the_older_one),
        cmocka_unit_test(when_all_are_damaged_the_error_names_them),
        cmocka_unit_test(another_run_and_missing_or_short_sections_are_refused),
        cmocka_unit_test(a_full_disk_leaves_the_older_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
