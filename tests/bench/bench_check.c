/*
 * bench_check.c: how long `taosim check` takes, without starting a process.
 *
 *   bench_check SCENARIO.yaml...
 *
 * One figure a line: the CPU time of reading and checking a scenario, the best of ten.
 */
#include "cli/scenario.h"

#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Seconds of the fastest reading; the hash is a checksum of what was read. */
static bool measure(const struct scenario_schema *schema, const char *path, double *ret_s,
                    char ret_hash[CONFIG_HASH_CHARS])
{
    *ret_s = 1e9;
    for (int repeat = 0; repeat < 10; repeat++) {
        struct config_input input = {.path = path};
        struct config_report report = {0};
        struct config *config;
        struct sim_error err = {0};
        double start_s = cpu_s();
        enum sim_status status = scenario_load(schema, &input, &config, &report, &err);
        double took_s = cpu_s() - start_s;
        *ret_s = took_s < *ret_s ? took_s : *ret_s;
        config_report_release(&report);
        if (status == SIM_OK)
            status = config_hash(config, "", ret_hash, &err);
        if (status != SIM_OK) {
            fprintf(stderr, "bench_check: %s\n", err.text);
            return false;
        }
        config_free(config);
    }
    return true;
}

int main(int argc, char **argv)
{
    struct scenario_schema schema;
    scenario_schema_init(&schema);
    for (int a = 1; a < argc; a++) {
        char folder[4096], hash[CONFIG_HASH_CHARS];
        double seconds;
        if (!measure(&schema, argv[a], &seconds, hash))
            return 1;
        snprintf(folder, sizeof(folder), "%s", argv[a]);
        const char *name = basename(dirname(folder));
        printf("check.%s\t%.2f\tms\n", name, 1e3 * seconds);
        printf("check.%s.checksum\t%.16s\tdigest\n", name, hash);
    }
    return 0;
}
