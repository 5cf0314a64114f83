#include "world/provenance.h"

#include "agent/agents.h"

#include <gsl/gsl_version.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

static double seconds(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double provenance_wall_s(void)
{
    return seconds(CLOCK_MONOTONIC);
}

void provenance_clock_start(struct provenance_clock *clock)
{
    clock->wall_s = seconds(CLOCK_MONOTONIC);
    clock->cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void put_f64(struct record *record, const char *name, double value)
{
    record_attr_f64(record, RECORD_PROVENANCE, name, value);
}

static void put_text(struct record *record, const char *name, const char *text)
{
    record_attr_text(record, RECORD_PROVENANCE, name, text);
}

static void put_times(struct record *record, const struct provenance_clock *clock,
                      const struct compute_counters *compute)
{
    static const char *const kinds[] = {"forward", "train", "evaluate"};
    double cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID) - clock->cpu_s;
    double model_s = 0;
    put_f64(record, "wall_s", seconds(CLOCK_MONOTONIC) - clock->wall_s);
    put_f64(record, "cpu_s", cpu_s);
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        char name[64];
        snprintf(name, sizeof(name), "model_%s_s", kinds[k]);
        put_f64(record, name, (double)compute->busy_ns[k] * 1e-9);
        model_s += (double)compute->busy_ns[k] * 1e-9;
        snprintf(name, sizeof(name), "jobs_%s", kinds[k]);
        record_attr_u64(record, RECORD_PROVENANCE, name, compute->jobs[k]);
        snprintf(name, sizeof(name), "memo_hits_%s", kinds[k]);
        record_attr_u64(record, RECORD_PROVENANCE, name, compute->memo_hits[k]);
    }
    put_f64(record, "outside_models_cpu_s", cpu_s - model_s);
    put_f64(record, "loop_wait_s", (double)compute->loop_wait_ns * 1e-9);
}

/* "AMD EPYC" from /proc/cpuinfo; "unknown" where it is not to be had. */
static void put_processor(struct record *record)
{
    char line[256], model[256] = "unknown";
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL)
            continue;
        snprintf(model, sizeof(model), "%s", colon + 2);
        model[strcspn(model, "\n")] = '\0';
        break;
    }
    if (file != NULL)
        fclose(file);
    put_text(record, "processor", model);
}

static void put_start_time(struct record *record, const struct provenance_clock *clock)
{
    time_t start = (time_t)(seconds(CLOCK_REALTIME) - (seconds(CLOCK_MONOTONIC) - clock->wall_s));
    struct tm utc;
    char text[32];
    gmtime_r(&start, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    put_text(record, "started", text);
}

void provenance_write(struct record *record, const struct provenance_clock *clock,
                      const struct compute_counters *compute, uint32_t threads)
{
    struct utsname host;
    struct rusage usage;
    put_times(record, clock, compute);
    put_start_time(record, clock);
    put_processor(record);
    record_attr_u64(record, RECORD_PROVENANCE, "threads", threads);
    if (uname(&host) == 0) {
        put_text(record, "host", host.nodename);
        put_text(record, "operating_system", host.release);
    }
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        record_attr_u64(record, RECORD_PROVENANCE, "peak_memory_bytes",
                        (uint64_t)usage.ru_maxrss * 1024);
    put_text(record, "compiler", __VERSION__);
    put_text(record, "gsl_version", gsl_version);
}
