#include "cli/execute.h"

#include "cli/progress.h"
#include "lm/lm_list.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void install_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
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

static enum sim_status make_folders(const char *folder, struct sim_error *err)
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

enum sim_status execute_inspect(const struct scenario_schema *schema, const char *folder,
                                const char *sha256, enum execute_state *ret_state,
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
    struct config *config = NULL;
    char hash[CONFIG_HASH_CHARS];
    *ret_state = EXECUTE_OTHER; /* also when this version does not read it */
    if (config_load(&schema->config, &input, &config, &report, err) == SIM_OK &&
        config_hash(config, TAOSIM_VERSION, hash, err) == SIM_OK && strcmp(hash, sha256) == 0)
        *ret_state = has_result ? EXECUTE_FINISHED : EXECUTE_UNFINISHED;
    config_report_release(&report);
    config_free(config);
    return SIM_OK;
}

/* ---- the run */

static enum sim_status run_world(struct scenario_plan *plan, struct progress *progress,
                                 struct world_digests *ret_digests, struct sim_error *err)
{
    struct world *world;
    enum sim_status status = world_create(&plan->setup, &world, err);
    if (status != SIM_OK)
        return status;
    status = world_run(world, err);
    struct world_status end = world_status(world);
    progress_end(progress, &end);
    if (status == SIM_OK)
        status = world_finish(world, err);
    if (status == SIM_OK)
        *ret_digests = world_digests(world);
    world_free(world);
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
    char *text = config_emit(config);
    if (text == NULL)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for the resolved scenario");
    if (status == SIM_OK)
        status = make_folders(options->folder, err);
    if (status == SIM_OK)
        status = write_scenario(options->folder, text, err);
    if (status == SIM_OK) {
        struct progress progress;
        progress_start(&progress, options->label, options->quiet);
        plan.setup.threads = options->threads > 0 ? options->threads : execute_core_count();
        plan.setup.folder = options->folder;
        plan.setup.version = TAOSIM_VERSION;
        plan.setup.scenario = text;
        plan.setup.scenario_sha256 = sha256;
        plan.setup.stop = &stop_signal;
        plan.setup.progress = progress_update;
        plan.setup.progress_context = &progress;
        install_signals();
        status = run_world(&plan, &progress, ret_digests, err);
    }
    free(text);
    scenario_plan_release(&plan);
    return status;
}
