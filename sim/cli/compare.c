/*
 * compare.c: two runs, or two sets of runs over several seeds, side by side.
 */
#include "analysis/metrics.h"
#include "analysis/outcome.h"
#include "cli/cli.h"
#include "cli/differences.h"
#include "cli/gate.h"

#include <dirent.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RUNS_MAX = 1024, PATH_BYTES = 4096 };

/* Runs of one scenario that differ in their seeds. */
struct run_set {
    const char *path;
    const char *network;      /* of several; NULL: the first */
    struct outcome *outcomes; /* (count) by seed */
    size_t count;
    char *scenario; /* of the first */
    bool is_replay;
};

/* ---- reading */

static enum sim_status add_run(struct run_set *set, const char *path, struct sim_error *err)
{
    struct reader *reader;
    if (set->count == RUNS_MAX)
        return SIM_FAIL(err, SIM_LIMIT, "'%s' holds more than %d runs", set->path, RUNS_MAX);
    enum sim_status status = reader_open(path, &reader, err);
    if (status != SIM_OK)
        return status;
    status = reader_choose_network(reader, set->network, err);
    if (status != SIM_OK) {
        reader_free(reader);
        return status;
    }
    struct outcome *outcomes = realloc(set->outcomes, (set->count + 1) * sizeof(*outcomes));
    if (outcomes == NULL) {
        reader_free(reader);
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu runs", set->count + 1);
    }
    set->outcomes = outcomes;
    status = outcome_read(reader, &outcomes[set->count++], err);
    if (status == SIM_OK && set->scenario == NULL) {
        set->scenario = strdup(reader_scenario(reader));
        set->is_replay = reader_attr_text(reader, RECORD_ROOT, "replay_of") != NULL;
        if (set->scenario == NULL)
            status = SIM_FAIL(err, SIM_MEMORY, "no memory for a scenario");
    }
    reader_free(reader);
    return status;
}

static bool has_result(const char *folder)
{
    char path[PATH_BYTES + 32];
    snprintf(path, sizeof(path), "%s/result.h5", folder);
    return access(path, F_OK) == 0;
}

/* Every folder with a result that is directly in this one. */
static enum sim_status add_folder(struct run_set *set, struct sim_error *err)
{
    struct dirent **entries;
    int count = scandir(set->path, &entries, NULL, alphasort);
    if (count < 0)
        return SIM_FAIL(err, SIM_IO, "cannot read the folder '%s'", set->path);
    enum sim_status status = SIM_OK;
    for (int e = 0; e < count; e++) {
        char path[PATH_BYTES];
        int used = snprintf(path, sizeof(path), "%s/%s", set->path, entries[e]->d_name);
        bool fits = used > 0 && (size_t)used < sizeof(path) && entries[e]->d_name[0] != '.';
        if (status == SIM_OK && fits && has_result(path))
            status = add_run(set, path, err);
        free(entries[e]);
    }
    free(entries);
    if (status == SIM_OK && set->count == 0)
        status = SIM_FAIL(err, SIM_IO, "'%s' holds no result, and no folder with one", set->path);
    return status;
}

static int by_seed(const void *a, const void *b)
{
    const struct outcome *left = a, *right = b;
    return (left->seed > right->seed) - (left->seed < right->seed);
}

static enum sim_status read_set(struct run_set *set, const char *path, const char *network,
                                struct sim_error *err)
{
    struct stat status;
    *set = (struct run_set){.path = path, .network = network};
    bool is_folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    enum sim_status result =
        is_folder && !has_result(path) ? add_folder(set, err) : add_run(set, path, err);
    if (result == SIM_OK)
        qsort(set->outcomes, set->count, sizeof(*set->outcomes), by_seed);
    return result;
}

static void release_set(struct run_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        outcome_release(&set->outcomes[i]);
    free(set->outcomes);
    free(set->scenario);
}

/* ---- differences */

/* Runs of the same seeds are compared one with one: what a seed does to both drops out. */
static bool is_paired(const struct run_set *a, const struct run_set *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->outcomes[i].seed != b->outcomes[i].seed)
            return false;
    return true;
}

static double value_of(const struct outcome *outcome, const char *line,
                       enum outcome_measure measure, int64_t epoch)
{
    const struct outcome_line *found = outcome_find(outcome, line);
    if (epoch < 0)
        return outcome_share(outcome, found, measure);
    if ((uint64_t)epoch >= outcome->epoch_count)
        return NAN;
    return outcome_share_at(outcome, found, measure, (uint64_t)epoch);
}

static double mean_of(const struct run_set *set, const char *line, enum outcome_measure measure,
                      int64_t epoch)
{
    double sum = 0;
    for (size_t i = 0; i < set->count; i++)
        sum += value_of(&set->outcomes[i], line, measure, epoch);
    return sum / (double)set->count;
}

static double variance_of(const struct run_set *set, const char *line, enum outcome_measure measure,
                          int64_t epoch)
{
    double mean = mean_of(set, line, measure, epoch), sum = 0;
    for (size_t i = 0; i < set->count; i++) {
        double off = value_of(&set->outcomes[i], line, measure, epoch) - mean;
        sum += off * off;
    }
    return sum / (double)(set->count - 1);
}

/* B - A with its 95 % interval: of the pairs, or after Welch; NaN bounds where a side has one run.
 */
static struct metrics_interval difference(const struct run_set *a, const struct run_set *b,
                                          const char *line, enum outcome_measure measure,
                                          int64_t epoch)
{
    if (is_paired(a, b)) {
        double values[RUNS_MAX];
        for (size_t i = 0; i < a->count; i++)
            values[i] = value_of(&b->outcomes[i], line, measure, epoch) -
                        value_of(&a->outcomes[i], line, measure, epoch);
        return metrics_t_interval(values, a->count, 0.95);
    }
    double estimate = mean_of(b, line, measure, epoch) - mean_of(a, line, measure, epoch);
    if (a->count < 2 || b->count < 2)
        return (struct metrics_interval){estimate, NAN, NAN};
    return metrics_welch_interval(estimate, variance_of(a, line, measure, epoch) / (double)a->count,
                                  a->count, variance_of(b, line, measure, epoch) / (double)b->count,
                                  b->count, 0.95);
}

/* ---- printing */

static void print_set(const char *label, const struct run_set *set)
{
    const struct outcome *first = &set->outcomes[0];
    printf("%s  %s: %s, ", label, set->path, first->mechanism);
    if (set->count == 1)
        printf("seed %llu", (unsigned long long)first->seed);
    else
        printf("%zu seeds", set->count);
    printf(", %llu epochs%s\n", (unsigned long long)first->epoch_count,
           set->is_replay ? " (a replay: behaviour held fixed)" : "");
}

static void print_interval(const struct metrics_interval *interval)
{
    if (isnan(interval->estimate)) {
        printf(" %8s", "none");
        return;
    }
    printf(" %+8.2f", 100 * interval->estimate);
    if (!isnan(interval->low))
        printf(" [%+.2f, %+.2f]", 100 * interval->low, 100 * interval->high);
}

/* A share of nothing is none, and so is a difference of such. */
static void print_share(double share)
{
    if (isnan(share))
        printf(" %11s", "none");
    else
        printf(" %9.2f %%", 100 * share);
}

static void print_line(const struct run_set *a, const struct run_set *b, const char *line,
                       int64_t epoch)
{
    for (int m = 0; m < 2; m++) {
        enum outcome_measure measure = m == 0 ? OUTCOME_PAID : OUTCOME_STAKE;
        struct metrics_interval interval = difference(a, b, line, measure, epoch);
        print_share(mean_of(a, line, measure, epoch));
        print_share(mean_of(b, line, measure, epoch));
        print_interval(&interval);
    }
    putchar('\n');
}

static void print_table(const struct run_set *a, const struct run_set *b, int64_t epoch)
{
    const struct outcome *of_a = &a->outcomes[0], *of_b = &b->outcomes[0];
    for (size_t i = 0; i < of_a->line_count + of_b->line_count; i++) {
        bool from_a = i < of_a->line_count;
        const char *name = from_a ? of_a->lines[i].name : of_b->lines[i - of_a->line_count].name;
        if (!from_a && outcome_find(of_a, name) != NULL)
            continue;
        printf("%-20s", name);
        print_line(a, b, name, epoch);
    }
}

static void print_header(const char *first)
{
    printf("%-20s %11s %11s %8s %11s %11s %8s\n", first, "paid, A", "paid, B", "B - A", "stake, A",
           "stake, B", "B - A");
}

static void print_epochs(const struct run_set *a, const struct run_set *b)
{
    uint64_t count = a->outcomes[0].epoch_count < b->outcomes[0].epoch_count
                         ? a->outcomes[0].epoch_count
                         : b->outcomes[0].epoch_count;
    for (uint64_t epoch = 0; epoch < count; epoch++) {
        char label[32];
        snprintf(label, sizeof(label), "epoch %llu", (unsigned long long)epoch);
        print_header(label);
        print_table(a, b, (int64_t)epoch);
        putchar('\n');
    }
}

static bool pays_nothing(const struct run_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (isnan(outcome_share(&set->outcomes[i], &set->outcomes[i].lines[0], OUTCOME_PAID)))
            return true;
    return false;
}

static void print_all(const struct run_set *a, const struct run_set *b, bool epochs)
{
    print_set("A", a);
    print_set("B", b);
    printf("scenarios differ in:\n");
    if (differences_print(a->scenario, b->scenario) == 0)
        printf("  nothing%s\n", a->is_replay || b->is_replay ? " but the replay's mechanism" : "");
    putchar('\n');
    if (epochs)
        print_epochs(a, b);
    print_header("whole run");
    print_table(a, b, -1);
    if (a->count > 1 || b->count > 1)
        printf("\n[low, high]: 95 %% of Student's t over %s\n",
               is_paired(a, b) ? "pairs of runs with the same seed" : "independent runs (Welch)");
    if (pays_nothing(a) || pays_nothing(b))
        printf("\nnone: in a run of %s nothing was paid, so nobody had a part of it\n",
               !pays_nothing(b)   ? "A"
               : !pays_nothing(a) ? "B"
                                  : "A and one of B");
}

/* ---- the command */

struct compare_arguments {
    const char *a, *b, *network;
    bool epochs, has_gate;
    struct gate gate;
};

static int parse(int argc, char **argv, struct compare_arguments *arguments)
{
    static const struct option options[] = {{"epochs", no_argument, NULL, 'e'},
                                            {"fail-if", required_argument, NULL, 'f'},
                                            {"network", required_argument, NULL, 'N'},
                                            {NULL, 0, NULL, 0}};
    struct sim_error err = {0};
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (letter == 'e')
            arguments->epochs = true;
        else if (letter == 'N')
            arguments->network = optarg;
        else if (letter != 'f')
            return cli_usage("compare", "no option '%s', or it needs a value", argv[optind - 1]);
        else if (gate_parse(optarg, &arguments->gate, &err) != SIM_OK)
            return cli_fail(&err);
        else
            arguments->has_gate = true;
    }
    if (optind + 2 != argc)
        return cli_usage("compare", "two results, or folders of runs, are needed");
    arguments->a = argv[optind];
    arguments->b = argv[optind + 1];
    return CLI_DONE;
}

/* The gate is on B - A. */
static int check_gate(const struct compare_arguments *arguments, const struct run_set *a,
                      const struct run_set *b)
{
    const struct gate *gate = &arguments->gate;
    if (outcome_find(&a->outcomes[0], gate->line) == NULL &&
        outcome_find(&b->outcomes[0], gate->line) == NULL)
        return cli_usage("compare", "--fail-if: neither run has '%s'", gate->line);
    double value = difference(a, b, gate->line, gate->measure, -1).estimate;
    if (!gate_trips(gate, value))
        return CLI_DONE;
    if (isnan(value))
        fprintf(stderr, "taosim: --fail-if '%s': B - A is none, as nothing was paid in a run\n",
                gate->text);
    else
        fprintf(stderr, "taosim: --fail-if '%s': B - A is %.6g\n", gate->text, value);
    return CLI_GATE;
}

int cli_compare(int argc, char **argv)
{
    struct compare_arguments arguments = {0};
    int code = parse(argc, argv, &arguments);
    if (code != CLI_DONE)
        return code;
    struct run_set a = {0}, b = {0};
    struct sim_error err = {0};
    enum sim_status status = read_set(&a, arguments.a, arguments.network, &err);
    if (status == SIM_OK)
        status = read_set(&b, arguments.b, arguments.network, &err);
    if (status == SIM_OK) {
        print_all(&a, &b, arguments.epochs);
        code = arguments.has_gate ? check_gate(&arguments, &a, &b) : CLI_DONE;
    }
    release_set(&a);
    release_set(&b);
    return status == SIM_OK ? code : cli_fail(&err);
}
