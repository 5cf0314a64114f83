/*
 * ishigami_run.c: a stand-in for `taosim run` whose result is known in closed form.
 *
 * Takes the same arguments and leaves the same kind of folder: scenario.yaml and a result.h5 that
 * carries the scenario's hash.  The first three --set are numbers from 1 to 2; they become
 * x = pi (2 (value - 1) - 1), and the one neuron's loss is Ishigami's function (1990)
 *     sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1
 */
#include "cli/scenario.h"
#include "record/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SETS_MAX = 64 };

struct arguments {
    const char *scenario, *folder;
    struct config_set sets[SETS_MAX];
    size_t set_count;
    char seed[64];
};

static void parse(int argc, char **argv, struct arguments *arguments)
{
    arguments->scenario = argv[2];
    for (int a = 3; a + 1 < argc; a++) {
        if (strcmp(argv[a], "--set") == 0)
            arguments->sets[arguments->set_count++] = (struct config_set){argv[a + 1], NULL};
        if (strcmp(argv[a], "-o") == 0)
            arguments->folder = argv[a + 1];
        if (strcmp(argv[a], "--seed") == 0) {
            snprintf(arguments->seed, sizeof(arguments->seed), "seed=%s", argv[a + 1]);
            arguments->sets[arguments->set_count++] = (struct config_set){arguments->seed, NULL};
        }
    }
}

static double x_of(const struct arguments *arguments, size_t index)
{
    const char *equals = strchr(arguments->sets[index].text, '=');
    return acos(-1) * (2 * (strtod(equals + 1, NULL) - 1) - 1);
}

static enum sim_status write_result(const struct arguments *arguments, const char *hash,
                                    struct sim_error *err)
{
    double x1 = x_of(arguments, 0), x2 = x_of(arguments, 1), x3 = x_of(arguments, 2);
    float loss = (float)(sin(x1) + 7 * pow(sin(x2), 2) + 0.1 * pow(x3, 4) * sin(x1));
    uint32_t hotkey = 0;
    struct record_options options = {.uid_count = 1};
    struct record *record;
    enum sim_status status = record_create(arguments->folder, &options, &record, err);
    if (status != SIM_OK)
        return status;
    record_attr_text(record, RECORD_ROOT, "scenario_sha256", hash);
    status = record_rows_begin(record, RECORD_DIM_EPOCH, 1, err);
    if (status == SIM_OK) {
        record_put(record, RECORD_LOSS_TRUE_NATS, &loss, 1);
        record_put(record, RECORD_HOTKEY_ID, &hotkey, 1);
        status = record_rows_end(record, RECORD_DIM_EPOCH, err);
    }
    if (status == SIM_OK)
        status = record_finish(record, err);
    record_free(record);
    return status;
}

static enum sim_status write_scenario(const struct arguments *arguments,
                                      const struct config *config, struct sim_error *err)
{
    char path[4096];
    char *text = config_emit(config);
    snprintf(path, sizeof(path), "%s/scenario.yaml", arguments->folder);
    mkdir(arguments->folder, 0777);
    FILE *file = fopen(path, "w");
    bool good = file != NULL && text != NULL && fputs(text, file) >= 0;
    good = file != NULL && fclose(file) == 0 && good;
    free(text);
    return good ? SIM_OK : SIM_FAIL(err, SIM_IO, "cannot write '%s'", path);
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};
    struct scenario_schema schema;
    struct config *config = NULL;
    struct config_report report = {0};
    struct sim_error err = {0};
    char hash[CONFIG_HASH_CHARS];
    parse(argc, argv, &arguments);
    scenario_schema_init(&schema);
    struct config_input input = {
        .path = arguments.scenario, .sets = arguments.sets, .set_count = arguments.set_count};
    enum sim_status status = config_load(&schema.config, &input, &config, &report, &err);
    if (status == SIM_OK)
        status = config_hash(config, TAOSIM_VERSION, hash, &err);
    if (status == SIM_OK)
        status = write_scenario(&arguments, config, &err);
    if (status == SIM_OK)
        status = write_result(&arguments, hash, &err);
    if (status != SIM_OK)
        fprintf(stderr, "ishigami: %s\n", err.text);
    config_report_release(&report);
    config_free(config);
    scenario_schema_release(&schema);
    return status == SIM_OK ? 0 : 1;
}
