#include "cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINE_INTERVAL_S = 30 };

static double wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void progress_start(struct progress *progress, const char *label, bool quiet)
{
    double now_s = wall_s();
    *progress = (struct progress){
        .label = label,
        .quiet = quiet,
        .terminal = isatty(STDERR_FILENO) == 1,
        .start_s = now_s,
        .last_s = now_s,
    };
}

static void print_line(const struct progress *progress, const struct world_status *status)
{
    double elapsed_s = wall_s() - progress->start_s;
    double simulated_s = (double)status->now_ns * 1e-9;
    double total_s = (double)status->until_ns * 1e-9;
    double left_s = simulated_s > 0 ? elapsed_s * (total_s / simulated_s - 1) : 0;
    const struct probe_summary *summary = &status->summary;
    fprintf(stderr, "%s%s: block %llu, %.2f of %.2f h, %.0fx real time, %.1f Mevents",
            progress->terminal ? "\r\033[K" : "", progress->label,
            (unsigned long long)status->block, simulated_s / 3600, total_s / 3600,
            elapsed_s > 0 ? simulated_s / elapsed_s : 0, (double)status->event_count * 1e-6);
    if (summary->epoch_count > 0)
        fprintf(stderr, ", epoch %u, median loss %.3f nats", summary->epoch_count,
                summary->loss_median_nats);
    if (summary->epoch_count > 0 && isfinite(summary->attacker_share))
        fprintf(stderr, ", attackers %.1f %%", 100 * summary->attacker_share);
    fprintf(stderr, ", %.0f s left%s", left_s > 0 ? left_s : 0, progress->terminal ? "" : "\n");
}

void progress_update(void *context, const struct world_status *status)
{
    struct progress *progress = context;
    double now_s = wall_s();
    double interval_s = progress->terminal ? 0.1 : LINE_INTERVAL_S;
    if (progress->quiet || now_s - progress->last_s < interval_s)
        return;
    progress->last_s = now_s;
    print_line(progress, status);
}

void progress_end(struct progress *progress, const struct world_status *status)
{
    if (progress->quiet)
        return;
    print_line(progress, status);
    if (progress->terminal)
        fputc('\n', stderr);
}
