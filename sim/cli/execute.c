#include "cli/execute.h"

#include "cli/models.h"
#include "cli/progress.h"
#include "lm/lm_list.h"
#include "record/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The one variable that a signal handler can reach. */
static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    if (stop_signal != 0)
        _exit(128 + number);
    stop_signal = number;
}

static void on_signal_patient(int number)
{
    if (stop_signal == 0)
        stop_signal = number;
}

static void install_signals(bool is_worker)
{
    struct sigaction action = {.sa_handler = is_worker ? on_signal_patient : on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

uint32_t execute_core_count(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : (uint32_t)cores;
}

/* ---- the folder */

static bool path_in(char *ret_path, size_t size, const char *folder, const char *name)
{
    int used = snprintf(ret_path, size, "%s/%s", folder, name);
    return used > 0 && (size_t)used < size;
}

enum sim_status execute_make_folders(const char *folder, struct sim_error *err)
{
    char path[4096];
    if (strlen(folder) >= sizeof(path))
        return SIM_FAIL(err, SIM_CONFIG, "-o: the path is too long");
    snprintf(path, sizeof(path), "%s", folder);
    for (char *at = path + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char end = *at;
        *at = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return SIM_FAIL(err, SIM_IO, "cannot make the folder '%s': %s", path, strerror(errno));
        *at = end;
        if (end == '\0')
            return SIM_OK;
    }
}

static enum sim_status write_scenario(const char *folder, const char *text, struct sim_error *err)
{
    char path[4096], aside[4096];
    if (!path_in(path, sizeof(path), folder, "scenario.yaml") ||
        !path_in(aside, sizeof(aside), folder, "scenario.yaml.tmp"))
        return SIM_FAIL(err, SIM_CONFIG, "-o: the path is too long");
    FILE *file = fopen(aside, "w");
    if (file == NULL)
        return SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", aside, strerror(errno));
    bool good = fputs(text, file) >= 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    good = fclose(file) == 0 && good;
    if (!good || rename(aside, path) != 0)
        return SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", path, strerror(errno));
    return SIM_OK;
}

/* What a folder with this stored scenario is; EXECUTE_OTHER also for one that cannot be read. */
static enum execute_state compare(const struct config *stored, const struct config *config,
                                  bool has_result)
{
    struct sim_error ignored = {0};
    char theirs[CONFIG_HASH_CHARS], ours[CONFIG_HASH_CHARS];
    if (config_hash(stored, TAOSIM_VERSION, theirs, &ignored) != SIM_OK ||
        config_hash(config, TAOSIM_VERSION, ours, &ignored) != SIM_OK || strcmp(theirs, ours) != 0)
        return EXECUTE_OTHER;
    if (!has_result)
        return EXECUTE_UNFINISHED;
    const struct world_params *done = config_root(stored)->values;
    const struct world_params *wanted = config_root(config)->values;
    return done->until_ns < wanted->until_ns ? EXECUTE_SHORTER : EXECUTE_FINISHED;
}

enum sim_status execute_inspect(const struct scenario_schema *schema, const char *folder,
                                const struct config *config, enum execute_state *ret_state,
                                struct sim_error *err)
{
    char scenario[4096], result[4096];
    if (!path_in(scenario, sizeof(scenario), folder, "scenario.yaml") ||
        !path_in(result, sizeof(result), folder, "result.h5"))
        return SIM_FAIL(err, SIM_CONFIG, "-o: the path is too long");
    bool has_result = access(result, F_OK) == 0;
    *ret_state = has_result ? EXECUTE_OTHER : EXECUTE_EMPTY;
    if (access(scenario, F_OK) != 0)
        return SIM_OK;

    struct config_input input = {.path = scenario};
    struct config_report report = {0};
    struct config *stored = NULL;
    struct sim_error ignored = {0};
    *ret_state = EXECUTE_OTHER;
    if (scenario_load(schema, &input, &stored, &report, &ignored) == SIM_OK)
        *ret_state = compare(stored, config, has_result);
    config_report_release(&report);
    config_free(stored);
    return SIM_OK;
}

/* Keeps other processes out of the folder until the descriptor is closed or the process ends. */
static enum sim_status lock_folder(const char *folder, int *ret_descriptor, struct sim_error *err)
{
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return SIM_FAIL(err, SIM_IO, "cannot open the folder '%s': %s", folder, strerror(errno));
    /* A file system without locks cannot tell; then nobody is kept out. */
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(descriptor);
        return SIM_FAIL(err, SIM_CONFIG, "another process is running in '%s'", folder);
    }
    *ret_descriptor = descriptor;
    return SIM_OK;
}

/* ---- the run */

/* Before a new run: a folder that is killed now must not pass for the one that it held. */
static enum sim_status begin_folder(const char *folder, const char *scenario, struct sim_error *err)
{
    char result[4096];
    if (!path_in(result, sizeof(result), folder, "result.h5"))
        return SIM_FAIL(err, SIM_CONFIG, "-o: the path is too long");
    if (unlink(result) != 0 && errno != ENOENT)
        return SIM_FAIL(err, SIM_IO, "cannot remove '%s': %s", result, strerror(errno));
    char parent[4096];
    if (!path_in(parent, sizeof(parent), folder, "fork"))
        return SIM_FAIL(err, SIM_CONFIG, "-o: the path is too long");
    if (unlink(parent) != 0 && errno != ENOENT)
        return SIM_FAIL(err, SIM_IO, "cannot remove '%s': %s", parent, strerror(errno));
    enum sim_status status = checkpoint_drop(folder, 0, err);
    return status == SIM_OK ? write_scenario(folder, scenario, err) : status;
}

static void print_start(const struct world *world, const struct execute_options *options)
{
    uint64_t epoch = 0;
    if (world_damage(world)[0] != '\0')
        fprintf(stderr, "taosim: %s\n", world_damage(world));
    if (world_resumed(world, &epoch) && !options->quiet)
        fprintf(stderr, "taosim: continuing behind epoch %llu\n", (unsigned long long)epoch);
}

static enum sim_status run_world(struct scenario_plan *plan, const struct execute_options *options,
                                 struct world_digests *ret_digests, struct sim_error *err)
{
    struct progress progress;
    progress_start(&progress, options->label, options->quiet);
    plan->setup.progress = progress_update;
    plan->setup.progress_context = &progress;
    struct world *world;
    enum sim_status status = SIM_OK;
    if (!options->resume)
        status = begin_folder(options->folder, plan->setup.scenario, err);
    bool forks = options->fork != NULL && options->fork->checkpoint.found && !options->resume;
    if (status == SIM_OK && forks)
        status = fork_copy(options->fork, options->folder, err);
    plan->setup.resume = options->resume || forks;
    char parent[CONFIG_HASH_CHARS];
    if (fork_parent_of(options->folder, parent))
        plan->setup.parent_sha256 = parent;
    if (status == SIM_OK)
        status = world_create(&plan->setup, &world, err);
    if (status != SIM_OK)
        return status;
    print_start(world, options);
    /* Only now: a folder that refuses to continue keeps its scenario, with its `until`. */
    if (options->resume)
        status = write_scenario(options->folder, plan->setup.scenario, err);
    if (status == SIM_OK)
        status = world_run(world, err);
    struct world_status end = world_status(world);
    progress_end(&progress, &end);
    if (status == SIM_OK && plan->setup.probe->models)
        status = models_save(options->folder, world, &plan->setup, err);
    if (status == SIM_OK)
        status = world_finish(world, err);
    if (status == SIM_OK)
        *ret_digests = world_digests(world);
    world_free(world);
    return status;
}

static enum sim_status run_plan(struct scenario_plan *plan, const struct execute_options *options,
                                const char *sha256, struct world_digests *ret_digests,
                                struct sim_error *err)
{
    int lock = -1;
    enum sim_status status = execute_make_folders(options->folder, err);
    if (status == SIM_OK)
        status = lock_folder(options->folder, &lock, err);
    char *text = config_emit(plan->config);
    if (status == SIM_OK && text == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for the resolved scenario");
    if (status == SIM_OK) {
        plan->setup.threads = options->threads > 0 ? options->threads : execute_core_count();
        plan->setup.folder = options->folder;
        plan->setup.version = TAOSIM_VERSION;
        plan->setup.scenario = text;
        plan->setup.scenario_sha256 = sha256;
        plan->setup.kernel = lm_kernel_name();
        plan->setup.checkpoint_each_epoch = options->checkpoint_each_epoch;
        plan->setup.stop = &stop_signal;
        install_signals(options->is_worker);
        if (options->is_worker)
            (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        status = run_world(plan, options, ret_digests, err);
    }
    if (lock >= 0)
        close(lock);
    free(text);
    return status;
}

enum sim_status execute_run(const struct scenario_schema *schema, const struct config *config,
                            const struct execute_options *options,
                            struct world_digests *ret_digests, struct sim_error *err)
{
    char sha256[CONFIG_HASH_CHARS];
    struct scenario_plan plan;
    enum sim_status status = lm_kernel_check(err);
    if (status == SIM_OK)
        status = config_hash(config, TAOSIM_VERSION, sha256, err);
    if (status == SIM_OK)
        status = scenario_plan_init(&plan, schema, config, err);
    if (status != SIM_OK)
        return status;
    status = run_plan(&plan, options, sha256, ret_digests, err);
    scenario_plan_release(&plan);
    return status;
}
