/*
 * run.c: run, resume and verify.
 */
#include "cli/cli.h"
#include "cli/execute.h"
#include "cli/gate.h"
#include "cli/predict.h"
#include "cli/summary.h"
#include "lm/lm_list.h"
#include "record/reader.h"
#include "sweep/study.h"

#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETS_MAX = 256 };

struct run_arguments {
    const char *scenario; /* or: */
    const char *from;     /* DIR@EPOCH */
    const char *folder;
    struct config_set sets[SETS_MAX];
    char set_texts[2][256]; /* of --seed and --until */
    size_t set_count;
    uint32_t threads;
    bool twin, dry_run, force, quiet, checkpoint_each_epoch, is_worker;
    const char *fail_if;
    struct gate gate; /* of fail_if; its text is NULL without */
};

static bool parse_u32(const char *text, uint32_t *ret_value)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > UINT32_MAX)
        return false;
    *ret_value = (uint32_t)value;
    return true;
}

static const char threads_form[] = "--threads takes a number from 1 to 256, not '%s'";

static bool parse_threads(const char *text, uint32_t *ret_threads)
{
    return parse_u32(text, ret_threads) && *ret_threads >= 1 && *ret_threads <= 256;
}

static bool add_set(struct run_arguments *arguments, const char *text, const char *label)
{
    if (arguments->set_count == SETS_MAX)
        return false;
    arguments->sets[arguments->set_count++] = (struct config_set){text, label};
    return true;
}

static bool add_key(struct run_arguments *arguments, int slot, const char *key, const char *value,
                    const char *label)
{
    int used = snprintf(arguments->set_texts[slot], sizeof(arguments->set_texts[slot]), "%s=%s",
                        key, value);
    if (used < 0 || (size_t)used >= sizeof(arguments->set_texts[slot]))
        return false;
    return add_set(arguments, arguments->set_texts[slot], label);
}

/* A scenario, or a run whose scenario it is. */
static int check_source(bool good, int count, const struct run_arguments *arguments)
{
    if (!good)
        return cli_usage("run", "too many overrides, or one that is too long");
    if (arguments->from == NULL && count != 1)
        return cli_usage("run", count < 1 ? "which scenario?" : "one scenario at a time");
    if (arguments->from != NULL && count > 0)
        return cli_usage("run", "--from: the scenario is that of the run it names");
    if (arguments->from != NULL && arguments->twin)
        return cli_usage("run", "--twin: a fork has none; fork the twin's folder");
    return CLI_DONE;
}

static const struct option run_options[] = {
    {"output", required_argument, NULL, 'o'},
    {"set", required_argument, NULL, 's'},
    {"seed", required_argument, NULL, 'S'},
    {"from", required_argument, NULL, 'F'},
    {"threads", required_argument, NULL, 't'},
    {"until", required_argument, NULL, 'u'},
    {"twin", no_argument, NULL, 'w'},
    {"dry-run", no_argument, NULL, 'n'},
    {"fail-if", required_argument, NULL, 'g'},
    {"force", no_argument, NULL, 'f'},
    {"quiet", no_argument, NULL, 'q'},
    {"checkpoint-each-epoch", no_argument, NULL, 'c'}, /* for tests: not only every few seconds */
    {"worker", no_argument, NULL, 'W'},                /* of a sweep */
    {NULL, 0, NULL, 0},
};

/* The flag of an option without a value; NULL for another letter. */
static bool *flag_of(struct run_arguments *arguments, int letter)
{
    switch (letter) {
    case 'w':
        return &arguments->twin;
    case 'n':
        return &arguments->dry_run;
    case 'f':
        return &arguments->force;
    case 'q':
        return &arguments->quiet;
    case 'c':
        return &arguments->checkpoint_each_epoch;
    case 'W':
        return &arguments->is_worker;
    default:
        return NULL;
    }
}

/* False: it is kept nowhere, as there is no room. */
static bool take_value(struct run_arguments *arguments, int letter)
{
    switch (letter) {
    case 'o':
        arguments->folder = optarg;
        return true;
    case 'F':
        arguments->from = optarg;
        return true;
    case 'g':
        arguments->fail_if = optarg;
        return true;
    case 'S':
        return add_key(arguments, 0, "seed", optarg, "--seed");
    case 'u':
        return add_key(arguments, 1, "until", optarg, "--until");
    default:
        return add_set(arguments, optarg, NULL);
    }
}

static int parse_run(int argc, char **argv, struct run_arguments *arguments)
{
    int letter;
    bool good = true;
    opterr = 0;
    optind = 1;
    while (good && (letter = getopt_long(argc, argv, ":o:q", run_options, NULL)) != -1) {
        bool *flag = flag_of(arguments, letter);
        if (letter == ':')
            return cli_usage("run", "%s needs a value", argv[optind - 1]);
        if (letter == '?')
            return cli_usage("run", "no option '%s'", argv[optind - 1]);
        if (letter == 't' && !parse_threads(optarg, &arguments->threads))
            return cli_usage("run", threads_form, optarg);
        if (flag != NULL)
            *flag = true;
        else if (letter != 't')
            good = take_value(arguments, letter);
    }
    arguments->scenario = argv[optind];
    return check_source(good, argc - optind, arguments);
}

static void print_digests(const char *folder, const struct world_digests *digests)
{
    printf("result        %s/result.h5\n"
           "digest_order  %016llx\n"
           "digest_chain  %016llx\n"
           "digest_model  %016llx\n"
           "trace_digest  %016llx\n",
           folder, (unsigned long long)digests->order, (unsigned long long)digests->chain,
           (unsigned long long)digests->model, (unsigned long long)digests->trace);
}

static int fail_run(const struct execute_options *options, const struct sim_error *err)
{
    int code = cli_fail(err);
    if (code == CLI_INTERRUPTED)
        fprintf(stderr, "taosim: 'taosim resume %s' continues it\n", options->folder);
    if (code == CLI_IO && options->resume)
        fprintf(stderr, "taosim: 'taosim run ... --force' starts it again\n");
    return code;
}

/* Runs unless the folder already holds this very run; continues it if it is not at its end. */
static int run_into(const struct scenario_schema *schema, const struct config *config,
                    struct execute_options *options, bool force)
{
    struct sim_error err = {0};
    enum execute_state state = EXECUTE_EMPTY;
    if (execute_inspect(schema, options->folder, config, &state, &err) != SIM_OK)
        return cli_fail(&err);
    if (state == EXECUTE_FINISHED && !force) {
        printf("%s holds this run already, finished\n", options->folder);
        return CLI_DONE;
    }
    if (state == EXECUTE_OTHER && !force) {
        fprintf(stderr,
                "taosim: '%s' holds another run (scenario, seed or version differ); --force "
                "replaces it\n",
                options->folder);
        return CLI_INVALID;
    }
    options->resume = !force && (state == EXECUTE_UNFINISHED || state == EXECUTE_SHORTER);
    struct world_digests digests;
    if (execute_run(schema, config, options, &digests, &err) != SIM_OK)
        return fail_run(options, &err);
    if (summary_print(options->folder, &err) != SIM_OK)
        return cli_fail(&err);
    print_digests(options->folder, &digests);
    return CLI_DONE;
}

/* "group.NETWORK/GROUP" is a line of that network; other lines are the first's. */
static enum sim_status choose_by_line(struct reader *reader, const char *line,
                                      struct sim_error *err)
{
    static const char group[] = "group.";
    for (uint64_t n = 0; n < reader_network_count(reader); n++) {
        const char *name = reader_network_name(reader, n);
        size_t length = strlen(name);
        if (strncmp(line, group, strlen(group)) == 0 &&
            strncmp(line + strlen(group), name, length) == 0 && line[strlen(group) + length] == '/')
            return reader_choose_network(reader, name, err);
    }
    return reader_choose_network(reader, NULL, err);
}

/* The share that the gate names, in a finished run. */
static int check_gate(const struct gate *gate, const char *folder)
{
    struct sim_error err = {0};
    struct reader *reader;
    if (gate->text == NULL)
        return CLI_DONE;
    if (reader_open(folder, &reader, &err) != SIM_OK)
        return cli_fail(&err);
    struct outcome outcome = {0};
    enum sim_status status = choose_by_line(reader, gate->line, &err);
    if (status == SIM_OK)
        status = outcome_read(reader, &outcome, &err);
    const struct outcome_line *line = status == SIM_OK ? outcome_find(&outcome, gate->line) : NULL;
    if (status == SIM_OK && line == NULL)
        status = SIM_FAIL(&err, SIM_CONFIG, "--fail-if: the run has no '%s'", gate->line);
    double value = status == SIM_OK ? outcome_share(&outcome, line, gate->measure) : 0;
    bool trips = status == SIM_OK && gate_trips(gate, value);
    outcome_release(&outcome);
    reader_free(reader);
    if (status != SIM_OK)
        return cli_fail(&err);
    if (trips && isnan(value))
        fprintf(stderr, "taosim: --fail-if '%s': nothing was paid\n", gate->text);
    else if (trips)
        fprintf(stderr, "taosim: --fail-if '%s': it is %.6g\n", gate->text, value);
    return trips ? CLI_GATE : CLI_DONE;
}

/* The resolved scenario, and behind it what its run will need. */
static int dry_run(const struct scenario_schema *schema, const struct config *config,
                   const struct run_arguments *arguments)
{
    char *text = config_emit(config);
    fputs(text == NULL ? "" : text, stdout);
    free(text);
    struct scenario_plan plan;
    struct prediction prediction;
    struct sim_error err = {0};
    uint32_t threads = arguments->threads > 0 ? arguments->threads : execute_core_count();
    enum sim_status status = lm_kernel_check(&err);
    if (status == SIM_OK)
        status = scenario_plan_init(&plan, schema, config, &err);
    if (status != SIM_OK)
        return cli_fail(&err);
    status = predict_run(&plan, threads, &prediction, &err);
    if (status == SIM_OK)
        predict_print(&prediction, &plan, threads);
    scenario_plan_release(&plan);
    return status == SIM_OK ? CLI_DONE : cli_fail(&err);
}

static int run_config(const struct scenario_schema *schema, const struct config *config,
                      const struct run_arguments *arguments, const struct fork *fork)
{
    char hash[CONFIG_HASH_CHARS], folder[4096], twin_folder[4200];
    struct sim_error err = {0};
    if (config_hash(config, TAOSIM_VERSION, hash, &err) != SIM_OK)
        return cli_fail(&err);
    const struct world_params *params = config_root(config)->values;
    if (arguments->folder != NULL)
        snprintf(folder, sizeof(folder), "%s", arguments->folder);
    else
        snprintf(folder, sizeof(folder), "runs/%s-%.12s", params->name, hash);
    if (arguments->dry_run)
        return dry_run(schema, config, arguments);
    if (arguments->twin && config_twin(config) == NULL)
        return cli_usage("run", "--twin: the scenario has no 'twin: {set: {...}}'");
    struct execute_options options = {
        .folder = folder,
        .label = "run",
        .threads = arguments->threads,
        .quiet = arguments->quiet,
        .checkpoint_each_epoch = arguments->checkpoint_each_epoch,
        .fork = fork,
        .is_worker = arguments->is_worker,
    };
    int code = run_into(schema, config, &options, arguments->force);
    if (code == CLI_DONE && arguments->twin) {
        snprintf(twin_folder, sizeof(twin_folder), "%s/twin", folder);
        options.folder = twin_folder;
        options.label = "twin";
        code = run_into(schema, config_twin(config), &options, arguments->force);
    }
    return code == CLI_DONE ? check_gate(&arguments->gate, folder) : code;
}

static int load(const struct scenario_schema *schema, const struct config_input *input,
                struct config **ret_config)
{
    struct config_report report = {0};
    struct sim_error err = {0};
    enum sim_status status = scenario_load(schema, input, ret_config, &report, &err);
    if (status == SIM_CONFIG && input->path != NULL && study_is_one(input->path, &schema->config))
        fprintf(stderr, "taosim: '%s' is a study; 'taosim sweep run %s' runs it\n", input->path,
                input->path);
    else if (status == SIM_CONFIG)
        cli_print_report(&report);
    config_report_release(&report);
    if (status == SIM_OK)
        return CLI_DONE;
    return status == SIM_CONFIG ? CLI_INVALID : cli_fail(&err);
}

/* Of what was given: `until` ends the fork, all else changes at its beginning. */
static bool sort_sets(const struct run_arguments *arguments, struct config_set *ret_now,
                      size_t *ret_now_count, struct config_set *ret_at, size_t *ret_at_count)
{
    *ret_now_count = *ret_at_count = 0;
    for (size_t s = 0; s < arguments->set_count; s++) {
        const struct config_set *set = &arguments->sets[s];
        if (strncmp(set->text, "until=", strlen("until=")) == 0)
            ret_now[(*ret_now_count)++] = *set;
        else if (strchr(set->text, '=') != NULL)
            ret_at[(*ret_at_count)++] = *set;
        else
            return false;
    }
    return true;
}

static int run_fork(const struct scenario_schema *schema, const struct run_arguments *arguments)
{
    struct config_set now[SETS_MAX + 1], at[SETS_MAX];
    size_t now_count, at_count;
    struct sim_error err = {0};
    struct config *parent, *config;
    struct fork fork;
    if (!sort_sets(arguments, now, &now_count, at, &at_count))
        return cli_usage("run", "--set takes KEY=VALUE");
    if (fork_open(schema, arguments->from, &fork, &parent, &err) != SIM_OK)
        return cli_fail(&err);
    char *schedule = at_count == 0 ? NULL : fork_schedule(&fork, parent, at, at_count);
    if (schedule != NULL)
        now[now_count++] = (struct config_set){schedule, "--set"};
    char path[4200];
    snprintf(path, sizeof(path), "%s/scenario.yaml", fork.folder);
    struct config_input input = {.path = path, .sets = now, .set_count = now_count};
    int code = load(schema, &input, &config);
    if (code == CLI_DONE) {
        fork_fit(&fork, schema, parent, config);
        code = run_config(schema, config, arguments, &fork);
        config_free(config);
    }
    free(schedule);
    config_free(parent);
    return code;
}

int cli_run(int argc, char **argv)
{
    struct run_arguments arguments = {0};
    struct sim_error err = {0};
    int code = parse_run(argc, argv, &arguments);
    if (code == CLI_DONE && arguments.fail_if != NULL &&
        gate_parse(arguments.fail_if, &arguments.gate, &err) != SIM_OK)
        code = cli_fail(&err);
    if (code != CLI_DONE)
        return code;
    struct scenario_schema schema;
    scenario_schema_init(&schema);
    if (arguments.from != NULL) {
        code = run_fork(&schema, &arguments);
        scenario_schema_release(&schema);
        return code;
    }
    /* A study lays its points over what it sets everywhere. */
    struct config_input input = {.path = arguments.scenario,
                                 .sets = arguments.sets,
                                 .set_count = arguments.set_count,
                                 .sets_differ = !arguments.is_worker};
    struct config *config;
    code = load(&schema, &input, &config);
    if (code == CLI_DONE) {
        code = run_config(&schema, config, &arguments, NULL);
        config_free(config);
    }
    scenario_schema_release(&schema);
    return code;
}

/* ---- resume and verify: a scenario that is stored already */

struct stored_arguments {
    const char *path;
    const char *until; /* resume only; NULL = as stored */
    struct execute_options options;
};

/* What else `run` takes is part of the stored run. */
static int refuse_stored(const char *command, const char *option)
{
    if (strncmp(option, "--set", 5) == 0 || strncmp(option, "--seed", 6) == 0)
        return cli_usage(command, "%s: the run goes on as it was begun; another run is for 'run'",
                         option);
    return cli_usage(command, "no option '%s'", option);
}

static int parse_stored(int argc, char **argv, const char *command,
                        struct stored_arguments *arguments)
{
    static const struct option resume_options[] = {
        {"threads", required_argument, NULL, 't'},
        {"quiet", no_argument, NULL, 'q'},
        {"until", required_argument, NULL, 'u'},
        {"checkpoint-each-epoch", no_argument, NULL, 'c'},
        {NULL, 0, NULL, 0},
    };
    static const struct option verify_options[] = {
        {"threads", required_argument, NULL, 't'},
        {"quiet", no_argument, NULL, 'q'},
        {NULL, 0, NULL, 0},
    };
    bool resumes = strcmp(command, "resume") == 0;
    struct execute_options *options = &arguments->options;
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, ":q", resumes ? resume_options : verify_options,
                                 NULL)) != -1) {
        if (letter == 't' && !parse_threads(optarg, &options->threads))
            return cli_usage(command, threads_form, optarg);
        if (letter == ':')
            return cli_usage(command, "%s needs a value", argv[optind - 1]);
        if (letter == '?')
            return refuse_stored(command, argv[optind - 1]);
        if (letter == 'u')
            arguments->until = optarg;
        options->quiet |= letter == 'q';
        options->checkpoint_each_epoch |= letter == 'c';
    }
    if (optind + 1 != argc)
        return cli_usage(command, "one path is needed");
    arguments->path = argv[optind];
    return CLI_DONE;
}

int cli_resume(int argc, char **argv)
{
    struct stored_arguments arguments = {.options = {.label = "run"}};
    char path[4096], until[256];
    int code = parse_stored(argc, argv, "resume", &arguments);
    if (code != CLI_DONE)
        return code;
    arguments.options.folder = arguments.path;
    snprintf(path, sizeof(path), "%s/scenario.yaml", arguments.path);
    snprintf(until, sizeof(until), "until=%s", arguments.until == NULL ? "" : arguments.until);
    struct config_set set = {until, "--until"};
    struct scenario_schema schema;
    scenario_schema_init(&schema);
    struct config_input input = {
        .path = path, .sets = &set, .set_count = arguments.until == NULL ? 0 : 1};
    struct config *config;
    code = load(&schema, &input, &config);
    if (code == CLI_DONE) {
        code = run_into(&schema, config, &arguments.options, false);
        config_free(config);
    }
    scenario_schema_release(&schema);
    return code;
}

/* Runs the text in a temporary folder; SIM_OK and whether the digest is the one given. */
static enum sim_status run_again(const char *text, const struct execute_options *options,
                                 const char *trace_digest, bool *ret_same, struct sim_error *err)
{
    struct scenario_schema schema;
    scenario_schema_init(&schema);
    struct config_input input = {
        .path = "the stored scenario", .text = text, .text_bytes = strlen(text)};
    struct config_report report = {0};
    struct config *config;
    enum sim_status status = scenario_load(&schema, &input, &config, &report, err);
    config_report_release(&report);
    struct world_digests digests;
    if (status == SIM_OK) {
        status = execute_run(&schema, config, options, &digests, err);
        config_free(config);
    }
    char hex[17];
    if (status == SIM_OK) {
        snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)digests.trace);
        *ret_same = strcmp(hex, trace_digest) == 0;
    }
    scenario_schema_release(&schema);
    return status;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

/* What a verification ran in; it is of no further use. */
static void remove_folder(const char *folder)
{
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int cli_verify(int argc, char **argv)
{
    struct stored_arguments arguments = {.options = {.label = "verify"}};
    int code = parse_stored(argc, argv, "verify", &arguments);
    if (code != CLI_DONE)
        return code;
    const char *path = arguments.path;
    struct sim_error err = {0};
    struct reader *reader;
    if (reader_open(path, &reader, &err) != SIM_OK)
        return cli_fail(&err);
    const char *recorded = reader_attr_text(reader, RECORD_ROOT, "trace_digest");
    const char *text = reader_scenario(reader);
    char folder[] = "/tmp/taosim-verify-XXXXXX";
    enum sim_status status = SIM_OK;
    bool same = false;
    if (recorded == NULL || text == NULL)
        status = SIM_FAIL(&err, SIM_IO, "'%s' holds no scenario or digest", path);
    else if (mkdtemp(folder) == NULL)
        status = SIM_FAIL(&err, SIM_IO, "cannot make a temporary folder: %s", strerror(errno));
    arguments.options.folder = folder;
    if (status == SIM_OK)
        status = run_again(text, &arguments.options, recorded, &same, &err);
    remove_folder(folder);
    reader_free(reader);
    if (status != SIM_OK)
        return cli_fail(&err);
    printf("%s: %s\n", path,
           same ? "the same digests" : "OTHER digests: this version, kernel or text differs");
    return same ? CLI_DONE : CLI_FAILED;
}
