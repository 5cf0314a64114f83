/*
 * fuzz_result [--seconds N] [--seed S]: damaged results, segments and checkpoints.
 *
 * Writes a small run once, then damages one of its files in one to four ways drawn from the seed
 * (bits, bytes, cuts, insertions, copied blocks) and opens it.  Either the damage is found, and
 * the message names the file, or every number is as it was written.  A crash, a hang or another
 * number is a failure, printed with seed and round.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/stream.h"
#include "record/checkpoint.h"
#include "record/reader.h"
#include "record/record.h"

enum { UIDS = 5, EPOCHS = 6, RUN_HASH = 3, FILE_COUNT = 3 };
static const char *const names[FILE_COUNT] = {"result.h5", "seg/00000.h5",
                                              "checkpoint/00000006.ckpt"};

struct bytes {
    unsigned char *at; /* owned */
    size_t size;
};

struct fuzz {
    char folder[64];
    struct bytes files[FILE_COUNT];
    uint64_t seed, round;
    uint64_t found, harmless;
};

static void need(enum sim_status status, const struct sim_error *err)
{
    if (status == SIM_OK)
        return;
    fprintf(stderr, "fuzz_result: %s\n", err->text);
    exit(1);
}

static _Noreturn void fail(const struct fuzz *fuzz, const char *what)
{
    fprintf(stderr, "fuzz_result: seed %llu, round %llu: %s\n", (unsigned long long)fuzz->seed,
            (unsigned long long)fuzz->round, what);
    exit(1);
}

/* ---- what is damaged */

static uint64_t stake_of(uint64_t epoch, uint64_t uid)
{
    return UINT64_C(1000003) * epoch + uid + 1;
}

static void write_run(const char *folder)
{
    struct sim_error err = {0};
    struct record *record = NULL;
    const struct record_options options = {.uid_count = UIDS};
    need(record_create(folder, &options, &record, &err), &err);
    record_attr_u64(record, RECORD_ROOT, "seed", 7);
    record_scenario(record, "seed: 7\n");
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        uint64_t stake_rao[UIDS];
        for (uint64_t uid = 0; uid < UIDS; uid++)
            stake_rao[uid] = stake_of(epoch, uid);
        need(record_rows_begin(record, RECORD_DIM_EPOCH, 1, &err), &err);
        record_put(record, RECORD_STAKE_RAO, stake_rao, UIDS);
        need(record_rows_end(record, RECORD_DIM_EPOCH, &err), &err);
    }
    need(record_finish(record, &err), &err);
    record_free(record);
    struct checkpoint_writer *writer = NULL;
    need(checkpoint_begin(folder, EPOCHS, RUN_HASH, &writer, &err), &err);
    checkpoint_section(writer, "chain");
    for (uint64_t epoch = 0; epoch < 50; epoch++)
        checkpoint_put(writer, &epoch, sizeof(epoch));
    need(checkpoint_commit(writer, &err), &err);
}

static struct bytes read_bytes(const char *folder, const char *name)
{
    char path[128];
    struct stat info;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &info) != 0)
        exit(1);
    struct bytes bytes = {.at = malloc((size_t)info.st_size), .size = (size_t)info.st_size};
    if (bytes.at == NULL || fread(bytes.at, 1, bytes.size, file) != bytes.size)
        exit(1);
    fclose(file);
    return bytes;
}

/* ---- damage */

static void damage_once(struct stream *dice, unsigned char *bytes, size_t *size, size_t room)
{
    size_t at = stream_below(dice, *size), other = stream_below(dice, *size);
    size_t length = 1 + stream_below(dice, 64);
    size_t left = *size - (at > other ? at : other);
    length = length < left ? length : left;
    switch (stream_below(dice, 5)) {
    case 0:
        bytes[at] ^= (unsigned char)(1u << stream_below(dice, 8));
        break;
    case 1:
        bytes[at] = (unsigned char)stream_below(dice, 256);
        break;
    case 2: /* cut the end off; something stays */
        *size = at + 1;
        break;
    case 3:
        memmove(bytes + at, bytes + other, length);
        break;
    default:
        if (*size + length > room)
            break;
        memmove(bytes + at + length, bytes + at, *size - at);
        *size += length;
        break;
    }
}

static void write_damaged(const struct fuzz *fuzz, struct stream *dice, int which)
{
    const struct bytes *file = &fuzz->files[which];
    size_t room = file->size + 512, size = file->size;
    unsigned char *copy = malloc(room);
    if (copy == NULL)
        exit(1);
    memcpy(copy, file->at, file->size);
    for (uint64_t times = 1 + stream_below(dice, 4); times > 0; times--)
        damage_once(dice, copy, &size, room);
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", fuzz->folder, which < 2 ? "damaged.h5" : names[which]);
    FILE *out = fopen(path, "wb");
    if (out == NULL || fwrite(copy, 1, size, out) != size || fclose(out) != 0)
        exit(1);
    free(copy);
}

/* ---- what must hold */

static void check_result(struct fuzz *fuzz)
{
    char path[128];
    struct sim_error err = {0};
    struct reader *reader = NULL;
    snprintf(path, sizeof(path), "%s/damaged.h5", fuzz->folder);
    enum sim_status status = reader_open(path, &reader, &err);
    if (status != SIM_OK) {
        if (status != SIM_IO || strstr(err.text, "damaged.h5") == NULL)
            fail(fuzz, "the message does not name the file");
        fuzz->found++;
        return;
    }
    uint64_t stake_rao[UIDS * EPOCHS], seed = 0;
    if (!reader_has(reader, RECORD_STAKE_RAO) || reader_rows(reader, RECORD_DIM_EPOCH) != EPOCHS ||
        reader_rows(reader, RECORD_DIM_UID) != UIDS)
        fail(fuzz, "rows are missing and nothing was said");
    if (reader_read(reader, RECORD_STAKE_RAO, 0, EPOCHS, stake_rao, &err) != SIM_OK) {
        fuzz->found++; /* no seal any more, but the variable's own checksum */
        reader_free(reader);
        return;
    }
    for (uint64_t i = 0; i < UIDS * EPOCHS; i++)
        if (stake_rao[i] != stake_of(i / UIDS, i % UIDS))
            fail(fuzz, "another number was read");
    if (!reader_attr_u64(reader, RECORD_ROOT, "seed", &seed) || seed != 7)
        fail(fuzz, "another attribute was read");
    fuzz->harmless++;
    reader_free(reader);
}

static void check_checkpoint(struct fuzz *fuzz)
{
    struct sim_error err = {0};
    struct checkpoint *checkpoint = NULL;
    if (checkpoint_open(fuzz->folder, UINT64_MAX, RUN_HASH, &checkpoint, &err) != SIM_OK) {
        if (strstr(err.text, "00000006.ckpt") == NULL)
            fail(fuzz, "the message does not name the checkpoint");
        fuzz->found++;
        return;
    }
    struct checkpoint_cursor cursor;
    if (checkpoint == NULL || checkpoint_find(checkpoint, "chain", &cursor, &err) != SIM_OK)
        fail(fuzz, "a section is missing and nothing was said");
    for (uint64_t epoch = 0; epoch < 50; epoch++) {
        uint64_t stored;
        if (checkpoint_take(&cursor, &stored, sizeof(stored), &err) != SIM_OK || stored != epoch)
            fail(fuzz, "another number was read from a checkpoint");
    }
    fuzz->harmless++;
    checkpoint_free(checkpoint);
}

int main(int argc, char **argv)
{
    struct fuzz fuzz = {.folder = "/tmp/taosim-fuzz-XXXXXX", .seed = 1};
    double seconds = 5;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seconds") == 0)
            seconds = atof(argv[i + 1]);
        else if (strcmp(argv[i], "--seed") == 0)
            fuzz.seed = strtoull(argv[i + 1], NULL, 10);
    }
    if (mkdtemp(fuzz.folder) == NULL)
        return 1;
    write_run(fuzz.folder);
    for (int f = 0; f < FILE_COUNT; f++)
        fuzz.files[f] = read_bytes(fuzz.folder, names[f]);
    time_t end = time(NULL) + (time_t)seconds;
    for (; fuzz.round < 1000 || time(NULL) < end; fuzz.round++) {
        struct stream dice;
        stream_init(&dice, fuzz.seed, STREAM_TEST, 0, fuzz.round);
        int which = (int)stream_below(&dice, FILE_COUNT);
        write_damaged(&fuzz, &dice, which);
        if (which < 2)
            check_result(&fuzz);
        else
            check_checkpoint(&fuzz);
    }
    printf("%llu damaged files: %llu found, %llu harmless\n", (unsigned long long)fuzz.round,
           (unsigned long long)fuzz.found, (unsigned long long)fuzz.harmless);
    char command[96];
    snprintf(command, sizeof(command), "rm -rf '%s'", fuzz.folder);
    for (int f = 0; f < FILE_COUNT; f++)
        free(fuzz.files[f].at);
    return system(command) == 0 && fuzz.found > 0 ? 0 : 1;
}
