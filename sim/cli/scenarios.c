/*
 * scenarios.c: the scenarios and studies that come with taosim.  They lie in
 * scenarios/NAME/scenario.yaml and scenarios/studies/NAME/study.yaml, beside the build folder or in
 * the working directory.  What a scenario names is in its folder's data/ or is another one's base,
 * "../NAME/scenario.yaml"; a copy comes with both.
 */
#include "cli/cli.h"
#include "cli/scenario.h"
#include "sweep/study.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Beside the program's folder, else here. */
static bool find_gallery(char *ret_path, size_t size)
{
    char program[2048];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (length > 0) {
        program[length] = '\0';
        char *slash = strrchr(program, '/');
        *slash = '\0';
        snprintf(ret_path, size, "%s/../scenarios", program);
        if (is_folder(ret_path))
            return true;
    }
    snprintf(ret_path, size, "scenarios");
    return is_folder(ret_path);
}

static void print_scenario(const struct scenario_schema *schema, const char *name, const char *path)
{
    struct config_input input = {.path = path};
    struct config_report report = {0};
    struct config *config = NULL;
    struct sim_error err = {0};
    if (scenario_load(schema, &input, &config, &report, &err) == SIM_OK) {
        const struct world_params *params = config_root(config)->values;
        printf("%-16s %s%s%s%s\n", name, params->question, params->cost[0] ? " (" : "",
               params->cost, params->cost[0] ? ")" : "");
    } else {
        printf("%-16s not valid: %s\n", name, err.text);
    }
    config_report_release(&report);
    config_free(config);
}

static void print_study(const struct scenario_schema *schema, const char *name, const char *path)
{
    struct study *study;
    struct config_report report = {0};
    struct sim_error err = {0};
    if (study_read(path, &schema->config, TAOSIM_VERSION, NULL, &study, &report, &err) == SIM_OK) {
        const struct study_params *params = &study->params;
        printf("%-16s %s%s%s%s\n", name, params->question, params->cost[0] ? " (" : "",
               params->cost, params->cost[0] ? ")" : "");
        study_free(study);
    } else {
        printf("%-16s not valid: %s\n", name, err.text);
    }
    config_report_release(&report);
}

/* Each FOLDER/NAME/FILE, in the order of names. */
static enum sim_status
list(const struct scenario_schema *schema, const char *folder, const char *file,
     void (*print)(const struct scenario_schema *schema, const char *name, const char *path),
     struct sim_error *err)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0)
        return SIM_FAIL(err, SIM_IO, "cannot read '%s': %s", folder, strerror(errno));
    for (int e = 0; e < count; e++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s/%s", folder, entries[e]->d_name, file);
        if (entries[e]->d_name[0] != '.' && access(path, R_OK) == 0)
            print(schema, entries[e]->d_name, path);
        free(entries[e]);
    }
    free(entries);
    return SIM_OK;
}

static int list_gallery(const char *gallery)
{
    char studies[2300];
    struct sim_error err = {0};
    struct scenario_schema schema;
    scenario_schema_init(&schema);
    enum sim_status status = list(&schema, gallery, "scenario.yaml", print_scenario, &err);
    snprintf(studies, sizeof(studies), "%s/studies", gallery);
    if (status == SIM_OK && is_folder(studies)) {
        printf("\nstudies of many runs, scenarios/studies/NAME/study.yaml for 'taosim sweep':\n");
        status = list(&schema, studies, "study.yaml", print_study, &err);
    }
    scenario_schema_release(&schema);
    return status == SIM_OK ? CLI_DONE : cli_fail(&err);
}

static int copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "r");
    if (in == NULL)
        return cli_usage("scenarios", "no scenario '%s'", from);
    FILE *out = fopen(to, "wx");
    if (out == NULL) {
        fprintf(stderr, "taosim: cannot write '%s': %s\n", to, strerror(errno));
        fclose(in);
        return CLI_IO;
    }
    char block[4096];
    size_t got;
    bool good = true;
    while (good && (got = fread(block, 1, sizeof(block), in)) > 0)
        good = fwrite(block, 1, got, out) == got;
    fclose(in);
    good = fclose(out) == 0 && good;
    if (!good) {
        fprintf(stderr, "taosim: cannot write '%s': %s\n", to, strerror(errno));
        return CLI_IO;
    }
    printf("%s\n", to);
    return CLI_DONE;
}

/* The folder and those in it, if it is there; `depth` more levels. */
static int copy_folder(const char *from, const char *to, int depth)
{
    struct dirent **entries;
    int count = is_folder(from) ? scandir(from, &entries, NULL, alphasort) : 0;
    if (count <= 0)
        return CLI_DONE;
    int outcome = CLI_DONE;
    if (mkdir(to, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "taosim: cannot make '%s': %s\n", to, strerror(errno));
        outcome = CLI_IO;
    }
    for (int e = 0; e < count; e++) {
        char source[4352], target[4352];
        snprintf(source, sizeof(source), "%s/%s", from, entries[e]->d_name);
        snprintf(target, sizeof(target), "%s/%s", to, entries[e]->d_name);
        bool hidden = entries[e]->d_name[0] == '.';
        free(entries[e]);
        if (outcome != CLI_DONE || hidden)
            continue;
        if (!is_folder(source))
            outcome = copy_file(source, target);
        else if (depth > 0)
            outcome = copy_folder(source, target, depth - 1);
    }
    free(entries);
    return outcome;
}

/* The scenario NAME of a line "base: ../NAME/scenario.yaml". */
static bool names_base(const char *line, char ret_name[128])
{
    int end = 0;
    return sscanf(line, "base: ../%127[^/]/scenario.yaml%n", ret_name, &end) == 1 && end > 0 &&
           line[end] == '\n';
}

/* A scenario as text: its base is one of the copies beside it.  ret_base: "" where it has none. */
static int copy_text(const char *from, const char *to, char ret_base[128])
{
    FILE *in = fopen(from, "r");
    if (in == NULL)
        return cli_usage("scenarios", "no scenario '%s'", from);
    FILE *out = fopen(to, "wx");
    char line[4096];
    bool good = out != NULL;
    ret_base[0] = '\0';
    while (good && fgets(line, sizeof(line), in) != NULL) {
        char name[128];
        if (names_base(line, name)) {
            snprintf(line, sizeof(line), "base: %s.yaml\n", name);
            snprintf(ret_base, 128, "%s", name);
        }
        good = fputs(line, out) >= 0;
    }
    good = !ferror(in) && good;
    fclose(in);
    if (out != NULL && fclose(out) != 0)
        good = false;
    if (!good) {
        fprintf(stderr, "taosim: cannot write '%s': %s\n", to, strerror(errno));
        return CLI_IO;
    }
    printf("%s\n", to);
    return CLI_DONE;
}

/* With what it names: its folder's data/, and its base unless that has been copied before. */
static int copy_scenario(const char *gallery, const char *name, const char *folder)
{
    char base[128];
    snprintf(base, sizeof(base), "%s", name);
    int outcome = CLI_DONE;
    while (outcome == CLI_DONE && base[0] != '\0') {
        char from[4096], to[4096], data[4096];
        snprintf(from, sizeof(from), "%s/%s/scenario.yaml", gallery, base);
        snprintf(data, sizeof(data), "%s/%s/data", gallery, base);
        snprintf(to, sizeof(to), "%s/%s.yaml", folder, base);
        if (strcmp(base, name) != 0 && access(to, R_OK) == 0)
            return CLI_DONE;
        outcome = copy_text(from, to, base);
        snprintf(to, sizeof(to), "%s/data", folder);
        if (outcome == CLI_DONE)
            outcome = copy_folder(data, to, 2);
    }
    return outcome;
}

int cli_scenarios(int argc, char **argv)
{
    char gallery[2200];
    if (!find_gallery(gallery, sizeof(gallery)))
        return cli_usage("scenarios", "no folder 'scenarios' beside the program or here");
    if (argc == 1)
        return list_gallery(gallery);
    if (strcmp(argv[1], "copy") != 0 || argc < 3 || argc > 4)
        return cli_usage("scenarios", "'copy NAME [DIR]', or nothing, is what it takes");
    return copy_scenario(gallery, argv[2], argc == 4 ? argv[3] : ".");
}
