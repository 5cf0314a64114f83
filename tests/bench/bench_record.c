/*
 * bench_record [EPOCHS]: what recording costs: 4096 slots, every variable, noisy numbers that
 * compress no better than a run's, 45 set_weights calls of 3567 entries an epoch as the main run
 * (scenarios/sybil-swarm) has, a segment each eight epochs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/digest.h"
#include "base/stream.h"
#include "record/record.h"

enum { UIDS = 4096, SEGMENT_EPOCHS = 8, CALLS = 45, ENTRIES = 3567 };

struct bench {
    struct record *record;
    struct stream dice;
    double *noise; /* (UIDS) */
    void *values;  /* (UIDS) of any type */
};

static void need(enum sim_status status, const struct sim_error *err)
{
    if (status == SIM_OK)
        return;
    fprintf(stderr, "bench_record: %s\n", err->text);
    exit(1);
}

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Noise as the variable's type: floats with all their digits, integers of some 2^20. */
static void fill(struct bench *bench, enum record_type type, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double x = bench->noise[i];
        uint64_t n = (uint64_t)(x * 1048576);
        float f = (float)x;
        char *at = (char *)bench->values + i * record_type_bytes(type);
        if (type == RECORD_F32)
            memcpy(at, &f, sizeof(f));
        else if (type == RECORD_F64)
            memcpy(at, &x, sizeof(x));
        else
            memcpy(at, &n, record_type_bytes(type)); /* little-endian: the low bytes */
    }
}

/* Every variable over the epoch dimension. */
static void put_epoch(struct bench *bench, struct sim_error *err)
{
    for (int i = 0; i < UIDS; i++)
        bench->noise[i] = stream_uniform(&bench->dice);
    need(record_rows_begin(bench->record, RECORD_DIM_EPOCH, 1, err), err);
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        const struct record_var_info *info = record_var_info((enum record_var)v);
        if (info->dim != RECORD_DIM_EPOCH)
            continue;
        size_t count = info->width == RECORD_DIM_UID ? UIDS : 1;
        fill(bench, info->type, count);
        record_put_typed(bench->record, (enum record_var)v, info->type, bench->values, count);
    }
    need(record_rows_end(bench->record, RECORD_DIM_EPOCH, err), err);
}

static void put_calls(struct bench *bench, struct sim_error *err)
{
    uint32_t target[ENTRIES], value[ENTRIES];
    for (uint32_t c = 0; c < CALLS; c++) {
        for (uint32_t e = 0; e < ENTRIES; e++) {
            target[e] = e;
            value[e] = (uint32_t)(bench->noise[(e + c) % UIDS] * 65535);
        }
        struct record_call call = {
            .uid = c, .hotkey_id = c, .entry_count = ENTRIES, .target = target, .value = value};
        need(record_set_weights(bench->record, &call, err), err);
    }
}

static uint64_t file_checksum(const char *path, double *ret_bytes)
{
    struct digest digest;
    struct stat info;
    unsigned char block[65536];
    size_t got;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &info) != 0)
        exit(1);
    digest_init(&digest);
    while ((got = fread(block, 1, sizeof(block), file)) > 0)
        digest_bytes(&digest, block, got);
    fclose(file);
    *ret_bytes = (double)info.st_size;
    return digest_value(&digest);
}

int main(int argc, char **argv)
{
    int epochs = argc > 1 ? atoi(argv[1]) : 64;
    char folder[] = "/tmp/taosim-bench-XXXXXX", path[64], command[64];
    struct sim_error err = {0};
    struct bench bench = {.noise = malloc(UIDS * sizeof(double)), .values = malloc(UIDS * 8)};
    if (epochs < 1 || bench.noise == NULL || bench.values == NULL || mkdtemp(folder) == NULL)
        return 1;
    stream_init(&bench.dice, 1, STREAM_TEST, 0, 0);
    const struct record_options options = {.uid_count = UIDS};
    need(record_create(folder, &options, &bench.record, &err), &err);

    double start_s = cpu_s();
    for (int epoch = 0; epoch < epochs; epoch++) {
        put_epoch(&bench, &err);
        put_calls(&bench, &err);
        if (epoch % SEGMENT_EPOCHS == SEGMENT_EPOCHS - 1)
            need(record_segment_close(bench.record, NULL, &err), &err);
    }
    need(record_segment_close(bench.record, NULL, &err), &err);
    double rows_s = cpu_s();
    need(record_finish(bench.record, &err), &err);
    double merge_s = cpu_s() - rows_s;
    rows_s -= start_s;
    bench.record = record_free(bench.record);

    double bytes;
    snprintf(path, sizeof(path), "%s/result.h5", folder);
    uint64_t checksum = file_checksum(path, &bytes);
    printf("record_epoch_4096_cpu\t%.3f\tms\n", 1e3 * rows_s / epochs);
    printf("record_merge_epoch_4096_cpu\t%.3f\tms\n", 1e3 * merge_s / epochs);
    /* 18 epochs of the main run (docs/PERFORMANCE.md) take 265 s. */
    printf("record_main_run_cpu\t%.3f\ts\n", 18 * (rows_s + merge_s) / epochs);
    printf("record_result_bytes_an_epoch\t%.0f\tbyte\n", bytes / epochs);
    printf("record_checksum\t%016" PRIx64 "\txxh64\n", checksum);
    free(bench.noise);
    free(bench.values);
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command) == 0 ? 0 : 1;
}
