/*
 * sweep.c: plan, run, status, collect and emit.
 */
#include "cli/cli.h"

#include "analysis/collect.h"
#include "base/param_text.h"
#include "cli/execute.h"
#include "cli/sweep_plan.h"
#include "cli/sweep_table.h"
#include "sweep/emit.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAILURES_LISTED_MAX = 50 };

struct sweep_arguments {
    const char *verb, *engine, *study, *folder, *only, *program;
    uint32_t jobs, threads, task_size;
    bool quiet, todo, is_virtual, portable;
};

/* A study and its plan, with the names that its commands use. */
struct sweep {
    struct scenario_schema schema;
    struct study *study;
    struct plan *plan;
    struct collect_wanted wanted;
    char folder[4096];
    char program[4096];
};

/* How often the user asked to stop; the one variable that a signal handler can reach. */
static volatile sig_atomic_t stop_count;

/* Ctrl-C twice is impatience; a batch system that signals twice only repeats itself. */
static void on_signal(int number)
{
    stop_count = stop_count > 0 && number == SIGINT ? 2 : stop_count > 0 ? stop_count : 1;
}

static void install_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* ---- the command line */

static bool parse_u32(const char *text, uint32_t low, uint32_t high, uint32_t *ret_value)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < low || value > high)
        return false;
    *ret_value = (uint32_t)value;
    return true;
}

static bool parse_number(int letter, struct sweep_arguments *arguments)
{
    if (letter == 'j')
        return parse_u32(optarg, 1, POOL_JOBS_MAX, &arguments->jobs);
    if (letter == 't')
        return parse_u32(optarg, 1, 256, &arguments->threads);
    return parse_u32(optarg, 1, 1000000, &arguments->task_size);
}

static int parse_options(int argc, char **argv, struct sweep_arguments *arguments)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"jobs", required_argument, NULL, 'j'},
        {"only", required_argument, NULL, 'O'},
        {"threads", required_argument, NULL, 't'},
        {"program", required_argument, NULL, 'p'},
        {"quiet", no_argument, NULL, 'q'},
        {"task-size", required_argument, NULL, 'k'},
        {"todo", no_argument, NULL, 'T'},
        {"virtual", no_argument, NULL, 'v'},
        {"portable", no_argument, NULL, 'P'},
        {NULL, 0, NULL, 0},
    };
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, ":o:j:q", options, NULL)) != -1) {
        if (letter == ':')
            return cli_usage("sweep", "%s needs a value", argv[optind - 1]);
        if (letter == '?')
            return cli_usage("sweep", "no option '%s'", argv[optind - 1]);
        if ((letter == 'j' || letter == 't' || letter == 'k') && !parse_number(letter, arguments))
            return cli_usage("sweep", "'%s' is no number that fits here", optarg);
        if (letter == 'o')
            arguments->folder = optarg;
        if (letter == 'O')
            arguments->only = optarg;
        if (letter == 'p')
            arguments->program = optarg;
        arguments->quiet |= letter == 'q';
        arguments->todo |= letter == 'T';
        arguments->is_virtual |= letter == 'v';
        arguments->portable |= letter == 'P';
    }
    return CLI_DONE;
}

static int parse(int argc, char **argv, struct sweep_arguments *arguments)
{
    static const char *const verbs[] = {"plan", "run", "status", "collect", "emit", NULL};
    *arguments = (struct sweep_arguments){.threads = 1};
    int code = parse_options(argc, argv, arguments);
    if (code != CLI_DONE)
        return code;
    char **words = argv + optind;
    int count = argc - optind;
    if (count < 1)
        return cli_usage("sweep", "plan, run, status, collect or emit?");
    arguments->verb = words[0];
    bool known = false;
    for (const char *const *verb = verbs; *verb != NULL; verb++)
        known |= strcmp(*verb, words[0]) == 0;
    const char *meant = known ? NULL : param_nearest(words[0], verbs);
    if (!known)
        return cli_usage("sweep", "no 'sweep %s'%s%s%s", words[0], meant ? "; did you mean '" : "",
                         meant ? meant : "", meant ? "'?" : "");
    bool emits = strcmp(words[0], "emit") == 0;
    if (count != (emits ? 3 : 2))
        return cli_usage("sweep",
                         emits ? "for which engine, and which study?" : "one study, please");
    arguments->engine = emits ? words[1] : NULL;
    meant = emits ? param_nearest(words[1], emit_engine_names) : NULL;
    if (emits && emit_engine_of(words[1]) == EMIT_ENGINE_COUNT)
        return cli_usage("sweep", "no engine '%s'; there are slurm, snakemake, parallel%s%s%s",
                         words[1], meant ? "; did you mean '" : "", meant ? meant : "",
                         meant ? "'?" : "");
    arguments->study = words[count - 1];
    return CLI_DONE;
}

/* ---- opening */

static int fail_with(struct config_report *report, const struct sim_error *err)
{
    if (report->count > 0) {
        cli_print_report(report);
        return CLI_INVALID;
    }
    return cli_fail(err);
}

static void sweep_close(struct sweep *sweep)
{
    plan_free(sweep->plan);
    collect_wanted_release(&sweep->wanted);
    study_free(sweep->study);
    scenario_schema_release(&sweep->schema);
}

/* This very program, also when it was found by its name alone. */
static void find_program(struct sweep *sweep, const char *given)
{
    ssize_t used = -1;
    if (given == NULL)
        used = readlink("/proc/self/exe", sweep->program, sizeof(sweep->program) - 1);
    if (used > 0)
        sweep->program[used] = '\0';
    else
        snprintf(sweep->program, sizeof(sweep->program), "%s", given != NULL ? given : "taosim");
}

static enum sim_status open_study(struct sweep *sweep, const struct sweep_arguments *arguments,
                                  struct config_report *report, struct sim_error *err)
{
    enum sim_status status = study_read(arguments->study, &sweep->schema.config, TAOSIM_VERSION,
                                        collect_check_names, &sweep->study, report, err);
    if (status != SIM_OK)
        return status;
    status = collect_wanted_init(&sweep->wanted, sweep->study, report, err);
    if (status != SIM_OK)
        return status;
    int used = arguments->folder != NULL
                   ? snprintf(sweep->folder, sizeof(sweep->folder), "%s", arguments->folder)
                   : snprintf(sweep->folder, sizeof(sweep->folder), "sweeps/%s",
                              sweep->study->params.name);
    if (used < 0 || (size_t)used >= sizeof(sweep->folder) - 256)
        return SIM_FAIL(err, SIM_CONFIG, "-o: the path is too long");
    find_program(sweep, arguments->program);
    return SIM_OK;
}

/* ---- plan */

static int do_plan(struct sweep *sweep, const struct sweep_arguments *arguments)
{
    (void)arguments;
    const struct plan *plan = sweep->plan;
    printf("%s/points.tsv: %zu points x %u replicates = %zu runs\n", sweep->folder,
           plan->point_count, plan->study->params.replicates, plan->task_count);
    return CLI_DONE;
}

/* ---- run */

static bool *select_tasks(const struct sweep *sweep, const char *only, struct sim_error *err)
{
    bool *selected = calloc(sweep->plan->task_count, sizeof(*selected));
    if (selected == NULL)
        (void)SIM_FAIL(err, SIM_MEMORY, "no memory for %zu tasks", sweep->plan->task_count);
    if (selected != NULL && plan_select(sweep->plan, only, selected, err) != SIM_OK) {
        free(selected);
        selected = NULL;
    }
    return selected;
}

static int run_pool(struct sweep *sweep, const struct sweep_arguments *arguments,
                    const bool *selected)
{
    struct sweep_table table;
    struct pool_status status = {0};
    struct sim_error err = {0};
    uint32_t fitting = execute_core_count() / arguments->threads;
    struct pool_options options = {
        .program = sweep->program,
        .folder = sweep->folder,
        .job_count = arguments->jobs > 0 ? arguments->jobs
                     : fitting > 0       ? fitting
                                         : 1,
        .threads = arguments->threads,
        .stop = &stop_count,
        .context = &table,
        .update = sweep_table_update,
        .failed = sweep_table_failed,
    };
    if (options.job_count > POOL_JOBS_MAX)
        options.job_count = POOL_JOBS_MAX;
    install_signals();
    sweep_table_init(&table, sweep->study->params.name, arguments->quiet);
    enum sim_status outcome = pool_run(sweep->plan, selected, &options, &status, &err);
    if (status.selected > 0)
        sweep_table_end(&table, &status);
    if (outcome != SIM_OK)
        return cli_fail(&err);
    if (status.failed > 0) {
        fprintf(stderr, "taosim: %zu of %zu tasks failed; 'taosim sweep status' lists them\n",
                status.failed, status.selected);
        return CLI_FAILED;
    }
    return CLI_DONE;
}

static int do_run(struct sweep *sweep, const struct sweep_arguments *arguments)
{
    struct sim_error err = {0};
    bool *selected = select_tasks(sweep, arguments->only, &err);
    if (selected == NULL)
        return cli_fail(&err);
    int code = run_pool(sweep, arguments, selected);
    free(selected);
    return code;
}

/* ---- status */

static enum task_state state_of(const struct sweep *sweep, size_t task, char *ret_folder,
                                struct sim_error *err)
{
    if (task_folder(sweep->folder, sweep->plan->tasks[task].hash, ret_folder, err) != SIM_OK)
        return TASK_WAITING;
    return task_judge(ret_folder, sweep->study->until_ns);
}

/* Parts of `size` tasks, as lines "3" or "8-11", of which something is still to be done. */
static void print_todo(const struct sweep *sweep, const bool *selected, uint32_t size)
{
    char folder[TASK_PATH_BYTES];
    size_t count = sweep->plan->task_count;
    for (size_t first = 0; first < count; first += size) {
        size_t end = first + size < count ? first + size : count;
        bool open = false;
        for (size_t t = first; t < end && !open; t++)
            open = selected[t] && state_of(sweep, t, folder, NULL) != TASK_DONE;
        if (open && end - first > 1)
            printf("%zu-%zu\n", first, end - 1);
        else if (open)
            printf("%zu\n", first);
    }
}

static int print_status(const struct sweep *sweep, const bool *selected)
{
    size_t counts[TASK_STATE_COUNT] = {0}, total = 0;
    char folder[TASK_PATH_BYTES], reason[TASK_REASON_BYTES];
    for (size_t t = 0; t < sweep->plan->task_count; t++) {
        if (!selected[t])
            continue;
        enum task_state state = state_of(sweep, t, folder, NULL);
        counts[state]++;
        total++;
        if (state != TASK_FAILED || counts[state] > FAILURES_LISTED_MAX)
            continue;
        task_reason(folder, reason);
        printf("task %zu failed: %s (%s/log)\n", t, reason, folder);
    }
    printf("%s: %zu tasks", sweep->study->params.name, total);
    for (int s = TASK_STATE_COUNT; s-- > 0;)
        printf(", %zu %s", counts[s], task_state_name((enum task_state)s));
    putchar('\n');
    return counts[TASK_FAILED] > 0 ? CLI_FAILED : CLI_DONE;
}

static int do_status(struct sweep *sweep, const struct sweep_arguments *arguments)
{
    struct sim_error err = {0};
    bool *selected = select_tasks(sweep, arguments->only, &err);
    if (selected == NULL)
        return cli_fail(&err);
    int code = CLI_DONE;
    if (arguments->todo)
        print_todo(sweep, selected, arguments->task_size > 0 ? arguments->task_size : 1);
    else
        code = print_status(sweep, selected);
    free(selected);
    return code;
}

/* ---- collect */

static void print_indices(const struct collect_summary *summary)
{
    if (summary->index_count > 0)
        printf("%-40s %-28s %-8s %9s  %s\n", "metric", "parameter", "index", "estimate",
               "95 % interval");
    for (size_t i = 0; i < summary->index_count; i++) {
        const struct collect_index *index = &summary->indices[i];
        printf("%-40s %-28s %-8s %9.4f  [%.4f, %.4f]\n", index->metric, index->parameter,
               index->kind, index->estimate, index->low, index->high);
    }
}

static int do_collect(struct sweep *sweep, const struct sweep_arguments *arguments)
{
    char path[4200];
    snprintf(path, sizeof(path), "%s/collected.h5", sweep->folder);
    struct collect_options options = {.folder = sweep->folder,
                                      .path = path,
                                      .version = TAOSIM_VERSION,
                                      .is_virtual = arguments->is_virtual};
    struct collect_summary summary;
    struct sim_error err = {0};
    if (collect_write(sweep->plan, &sweep->wanted, &options, &summary, &err) != SIM_OK)
        return cli_fail(&err);
    print_indices(&summary);
    printf("%s: %zu of %zu runs\n", path, summary.done_count, summary.task_count);
    if (summary.damage_count > 0)
        fprintf(stderr, "taosim: %zu results were not taken; the first: %s\n", summary.damage_count,
                summary.first_damage.text);
    int code = summary.damage_count > 0 ? CLI_FAILED : CLI_DONE;
    collect_summary_release(&summary);
    return code;
}

/* ---- emit */

static enum sim_status write_script(const char *path, const char *text, struct sim_error *err)
{
    FILE *file = fopen(path, "w");
    bool good = file != NULL && fputs(text, file) >= 0;
    if (file != NULL)
        good = fclose(file) == 0 && good;
    return good ? SIM_OK : SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", path, strerror(errno));
}

static int do_emit(struct sweep *sweep, const struct sweep_arguments *arguments)
{
    char path[4200];
    struct sim_error err = {0};
    enum emit_engine engine = emit_engine_of(arguments->engine);
    char *study = realpath(arguments->study, NULL), *folder = realpath(sweep->folder, NULL);
    enum sim_status status = SIM_OK;
    if (study == NULL || folder == NULL)
        status = SIM_FAIL(&err, SIM_IO, "cannot find '%s': %s", sweep->folder, strerror(errno));
    struct emit_options options = {.program = sweep->program,
                                   .study = study,
                                   .folder = folder,
                                   .task_size = arguments->task_size,
                                   .threads = arguments->threads,
                                   .part_limit = arguments->jobs,
                                   .portable = arguments->portable};
    char *text = status == SIM_OK ? emit_script(engine, sweep->plan, &options) : NULL;
    if (status == SIM_OK && text == NULL)
        status = SIM_FAIL(&err, SIM_MEMORY, "no memory for the script");
    snprintf(path, sizeof(path), "%s/%s", sweep->folder, emit_file_name(engine));
    if (status == SIM_OK)
        status = write_script(path, text, &err);
    if (status == SIM_OK)
        printf("%s: %zu tasks in parts of %u; %s %s\n", path, sweep->plan->task_count,
               emit_task_size(engine, &options, sweep->plan->task_count), emit_command(engine),
               path);
    free(text);
    free(study);
    free(folder);
    return status == SIM_OK ? CLI_DONE : cli_fail(&err);
}

/* ---- which */

static int dispatch(struct sweep *sweep, const struct sweep_arguments *arguments)
{
    if (strcmp(arguments->verb, "plan") == 0)
        return do_plan(sweep, arguments);
    if (strcmp(arguments->verb, "run") == 0)
        return do_run(sweep, arguments);
    if (strcmp(arguments->verb, "emit") == 0)
        return do_emit(sweep, arguments);
    if (strcmp(arguments->verb, "collect") == 0)
        return do_collect(sweep, arguments);
    return do_status(sweep, arguments);
}

int cli_sweep(int argc, char **argv)
{
    struct sweep_arguments arguments;
    int code = parse(argc, argv, &arguments);
    if (code != CLI_DONE)
        return code;
    struct sweep sweep = {0};
    struct config_report report = {0};
    struct sim_error err = {0};
    scenario_schema_init(&sweep.schema);
    enum sim_status status = open_study(&sweep, &arguments, &report, &err);
    bool anew = strcmp(arguments.verb, "plan") == 0;
    if (status == SIM_OK)
        status = (anew ? sweep_plan_make : sweep_plan_get)(sweep.study, sweep.folder, &sweep.plan,
                                                           &report, &err);
    code = status == SIM_OK ? dispatch(&sweep, &arguments) : fail_with(&report, &err);
    config_report_release(&report);
    sweep_close(&sweep);
    return code;
}
