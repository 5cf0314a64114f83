/*
 * bench_net [quick]: query fan-out (peers/fanout.h) through the dispatch that a run uses, order
 * digest on.  One figure a line: name<TAB>value<TAB>unit.
 *
 * bench_net blocks: every host asks 20 others once a block of 12 s; the cost for 256 to 16384 hosts
 * over 5 blocks, then one simulated hour of 4096 hosts.
 *
 * bench_net name=value ...: one run of that workload, with the solver's own counts.  Beside the
 * names of peers/fanout.h: eps, weights (1: 1 / latency), sharing, slow_start
 * (numbers of net.h), growth, out=FILE (answers' end times, int64 ns).
 */
#include "tests/support/fanout_run.h"

#include <time.h>

static struct net_options net_options_of(double eps, bool rtt_weights)
{
    return (struct net_options){.sharing = NET_MAXMIN,
                                .eps = eps,
                                .slow_start = NET_SLOW_START_OFF,
                                .rtt_weights = rtt_weights,
                                .flow_limit = 100000000};
}

static struct fanout_figures fanout_best(const struct fanout *fanout,
                                         const struct net_options *options, int repeats)
{
    struct fanout_figures best = fanout_run(fanout, options);
    for (int i = 1; i < repeats; i++) {
        struct fanout_figures again = fanout_run(fanout, options);
        if (again.digest != best.digest)
            fprintf(stderr, "bench_net: two equal runs have different digests\n");
        struct fanout_figures worse = again.cpu_s < best.cpu_s ? best : again;
        if (again.cpu_s < best.cpu_s)
            best = again;
        free(worse.end_ns);
    }
    return best;
}

static int double_compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The 95th percentile of the relative difference of the queries' times. */
static double error_p95(const struct fanout *fanout, const struct fanout_figures *exact,
                        const struct fanout_figures *near)
{
    long count = fanout_query_count(fanout);
    double *errors = malloc((size_t)count * sizeof(errors[0]));
    if (errors == NULL)
        exit(1);
    for (long i = 0; i < count; i++) {
        int asker = (int)(i / fanout->peers_asked % fanout->askers);
        int round = (int)(i / fanout->peers_asked / fanout->askers);
        double begin_ns = (double)fanout_ns(fanout_ask_s(fanout, asker, round));
        double took_ns = (double)exact->end_ns[i] - begin_ns;
        errors[i] = fabs((double)(near->end_ns[i] - exact->end_ns[i])) / took_ns;
    }
    qsort(errors, (size_t)count, sizeof(errors[0]), double_compare);
    double p95 = errors[count * 95 / 100];
    free(errors);
    return p95;
}

#define EPS_LARGE 1e-3

static void bench_everybody(double v64_us_per_flow, bool quick)
{
    struct fanout fanout = fanout_default();
    fanout.askers = quick ? 1024 : 4096;
    fanout.rounds = 1;
    struct net_options exact_options = net_options_of(1e-12, false);
    struct net_options near_options = net_options_of(EPS_LARGE, false);
    struct fanout_figures near = fanout_best(&fanout, &near_options, quick ? 1 : 3);
    struct fanout_figures exact = fanout_best(&fanout, &exact_options, 1);
    printf("fanout.v%d.us_per_flow\t%.3f\tus\n", fanout.askers, near.us_per_flow);
    printf("fanout.v%d.eps\t%g\trelative\n", fanout.askers, EPS_LARGE);
    printf("fanout.v%d.error_p95\t%.6f\t%%\n", fanout.askers,
           100 * error_p95(&fanout, &exact, &near));
    printf("fanout.v%d.cost_of_v64\t%.2f\tratio\n", fanout.askers,
           near.us_per_flow / v64_us_per_flow);
    printf("fanout.v%d.exact_us_per_flow\t%.3f\tus\n", fanout.askers, exact.us_per_flow);
    printf("fanout.v%d.checksum\t%016llx\tdigest\n", fanout.askers,
           (unsigned long long)near.digest);
    free(near.end_ns);
    free(exact.end_ns);
}

static void bench_all(bool quick)
{
    struct net_options options = net_options_of(1e-12, true);
    struct fanout fanout = fanout_default();
    int repeats = quick ? 1 : 5;
    struct fanout_figures v64 = fanout_best(&fanout, &options, repeats);
    printf("fanout.v64.flows_per_s\t%.0f\t1/s\n", v64.flows_per_s);
    printf("fanout.v64.us_per_flow\t%.3f\tus\n", v64.us_per_flow);
    printf("fanout.v64.bytes\t%llu\tB\n", (unsigned long long)v64.net_bytes);
    printf("fanout.v64.checksum\t%016llx\tdigest\n", (unsigned long long)v64.digest);
    fanout.same_latency = 1;
    struct fanout_figures same = fanout_best(&fanout, &options, repeats);
    printf("fanout.v64.same_latency_flows_per_s\t%.0f\t1/s\n", same.flows_per_s);
    fanout.same_latency = 0;
    fanout.askers = 512;
    fanout.rounds = 2;
    struct fanout_figures v512 = fanout_best(&fanout, &options, repeats);
    printf("fanout.v512.us_per_flow\t%.3f\tus\n", v512.us_per_flow);
    printf("fanout.v512.checksum\t%016llx\tdigest\n", (unsigned long long)v512.digest);
    bench_everybody(v64.us_per_flow, quick);
    free(v64.end_ns);
    free(same.end_ns);
    free(v512.end_ns);
}

/* Every host asks 20 others once in each of `blocks` blocks. */
static struct fanout_figures blocks_run(int hosts, int blocks)
{
    struct net_options options = net_options_of(1e-12, false);
    struct fanout fanout = fanout_default();
    options.slow_start = NET_SLOW_START_ROUNDS;
    fanout.hosts = fanout.askers = hosts;
    fanout.peers_asked = 20;
    fanout.period_s = 12;
    fanout.rounds = blocks;
    struct fanout_figures figures = fanout_run(&fanout, &options);
    free(figures.end_ns);
    return figures;
}

static void bench_blocks(void)
{
    for (int hosts = 256; hosts <= 16384; hosts *= 4) {
        struct fanout_figures figures = blocks_run(hosts, 5);
        printf("blocks.%d.us_per_flow\t%.3f\tus\n", hosts, figures.us_per_flow);
        printf("blocks.%d.events_per_s\t%.0f\t1/s\n", hosts,
               (double)figures.event_count / figures.cpu_s);
        printf("blocks.%d.bytes\t%llu\tB\n", hosts,
               (unsigned long long)(figures.net_bytes + figures.queue_bytes));
    }
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    struct fanout_figures hour = blocks_run(4096, 300);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("hour.4096.wall\t%.1f\ts\n",
           difftime(end.tv_sec, begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec));
    printf("hour.4096.cpu\t%.1f\ts\n", hour.cpu_s);
    printf("hour.4096.events\t%llu\t1\n", (unsigned long long)hour.event_count);
    printf("hour.4096.events_per_s\t%.0f\t1/s\n", (double)hour.event_count / hour.cpu_s);
    printf("hour.4096.us_per_flow\t%.3f\tus\n", hour.us_per_flow);
    printf("hour.4096.bytes\t%llu\tB\n", (unsigned long long)(hour.net_bytes + hour.queue_bytes));
    printf("hour.4096.checksum\t%016llx\tdigest\n", (unsigned long long)hour.digest);
}

static void effort_print(const struct fanout *fanout, const struct fanout_figures *figures)
{
    double flows = 2.0 * (double)fanout_query_count(fanout);
    double settles = (double)figures->effort.settle_count;
    printf("cpu\t%.3f\ts\n", figures->cpu_s);
    printf("flows\t%.0f\t1\n", flows);
    printf("flows_per_s\t%.0f\t1/s\n", figures->flows_per_s);
    printf("us_per_flow\t%.3f\tus\n", figures->us_per_flow);
    printf("events_per_s\t%.0f\t1/s\n", (double)figures->event_count / figures->cpu_s);
    printf("events_per_flow\t%.3f\t1\n", (double)figures->event_count / flows);
    printf("net_bytes\t%llu\tB\n", (unsigned long long)figures->net_bytes);
    printf("resident_bytes\t%.0f\tB\n", fanout_resident_bytes());
    printf("levels_per_settle\t%.3f\t1\n", (double)figures->effort.level_count / settles);
    printf("levels_max\t%llu\t1\n", (unsigned long long)figures->effort.settle_levels_max);
    printf("switches_per_settle\t%.3f\t1\n", (double)figures->effort.switch_count / settles);
    printf("stale_per_flow\t%.3f\t1\n", (double)figures->effort.stale_count / flows);
    printf("checksum\t%016llx\tdigest\n", (unsigned long long)figures->digest);
}

static void end_times_write(const char *path, const struct fanout *fanout,
                            const struct fanout_figures *figures)
{
    size_t count = (size_t)fanout_query_count(fanout);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(figures->end_ns, sizeof(int64_t), count, file) != count ||
        fclose(file) != 0)
        fprintf(stderr, "bench_net: cannot write %s\n", path);
}

int main(int argument_count, char **arguments)
{
    struct fanout fanout = fanout_default();
    double eps = 1e-12, weights = 1, sharing = NET_MAXMIN, slow_start = 0, growth = 2;
    const char *out = NULL;
    bool quick = argument_count == 2 && strcmp(arguments[1], "quick") == 0;
    if (argument_count == 1 || quick) {
        bench_all(quick);
        return 0;
    }
    if (argument_count == 2 && strcmp(arguments[1], "blocks") == 0) {
        bench_blocks();
        return 0;
    }
    for (int i = 1; i < argument_count; i++) {
        if (strncmp(arguments[i], "eps=", 4) == 0)
            eps = atof(arguments[i] + 4);
        else if (strncmp(arguments[i], "weights=", 8) == 0)
            weights = atof(arguments[i] + 8);
        else if (strncmp(arguments[i], "sharing=", 8) == 0)
            sharing = atof(arguments[i] + 8);
        else if (strncmp(arguments[i], "slow_start=", 11) == 0)
            slow_start = atof(arguments[i] + 11);
        else if (strncmp(arguments[i], "growth=", 7) == 0)
            growth = atof(arguments[i] + 7);
        else if (strncmp(arguments[i], "out=", 4) == 0)
            out = arguments[i] + 4;
        else if (!fanout_argument(&fanout, arguments[i])) {
            fprintf(stderr, "bench_net: '%s' is not understood\n", arguments[i]);
            return 2;
        }
    }
    struct net_options options = net_options_of(eps, weights != 0);
    options.sharing = (int)sharing;
    options.slow_start = (int)slow_start;
    options.window_growth = growth;
    struct fanout_figures figures = fanout_run(&fanout, &options);
    effort_print(&fanout, &figures);
    if (out != NULL)
        end_times_write(out, &fanout, &figures);
    free(figures.end_ns);
    return 0;
}
