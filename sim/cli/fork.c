#include "cli/fork.h"

#include "base/param_text.h"
#include "record/folder.h"
#include "record/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- where it begins */

static enum sim_status parse_from(const char *from, struct fork *fork, struct sim_error *err)
{
    const char *at = strrchr(from, '@');
    char *end = NULL;
    errno = 0;
    if (at != NULL && at[1] >= '0' && at[1] <= '9')
        fork->epoch = strtoull(at + 1, &end, 10);
    if (end == NULL || *end != '\0' || errno != 0 || at == from)
        return SIM_FAIL(err, SIM_CONFIG,
                        "--from takes DIR@EPOCH, a run's folder and a number of epochs, not '%s'",
                        from);
    int used = snprintf(fork->folder, sizeof(fork->folder), "%.*s", (int)(at - from), from);
    if (used < 0 || (size_t)used >= sizeof(fork->folder))
        return SIM_FAIL(err, SIM_CONFIG, "--from: the path is too long");
    return SIM_OK;
}

/* Right behind the block of the last row that the two share. */
static enum sim_status find_instant(struct fork *fork, int64_t block_time_ns, struct sim_error *err)
{
    struct reader *reader;
    int64_t block = 0;
    if (fork->epoch == 0)
        return SIM_OK;
    enum sim_status status = reader_open(fork->folder, &reader, err);
    if (status != SIM_OK)
        return status;
    uint64_t rows = reader_rows(reader, RECORD_DIM_EPOCH);
    if (fork->epoch > rows)
        status =
            SIM_FAIL(err, SIM_CONFIG, "--from: '%s' has come to epoch %" PRIu64 ", not %" PRIu64,
                     fork->folder, rows, fork->epoch);
    if (status == SIM_OK)
        status = reader_read(reader, RECORD_BLOCK, fork->epoch - 1, 1, &block, err);
    reader_free(reader);
    fork->at_ns = block * block_time_ns + 1;
    return status;
}

/* The parent's own checkpoint, or one that it took over itself and has not replaced yet.  Damaged
 * ones only cost the way from the beginning. */
static enum sim_status find_start(struct fork *fork, const struct config *parent,
                                  struct sim_error *err)
{
    struct sim_error ignored = {0};
    char own[CONFIG_HASH_CHARS], inherited[CONFIG_HASH_CHARS];
    enum sim_status status = config_hash(parent, TAOSIM_VERSION, own, err);
    if (status != SIM_OK)
        return status;
    const char *theirs = fork->checkpoint.scenario_sha256;
    if (world_find_checkpoint(fork->folder, fork->at_ns, &fork->checkpoint, &ignored) != SIM_OK)
        fork->checkpoint.found = false;
    if (fork->checkpoint.found && strcmp(theirs, own) != 0)
        fork->checkpoint.found =
            fork_parent_of(fork->folder, inherited) && strcmp(theirs, inherited) == 0;
    return SIM_OK;
}

enum sim_status fork_open(const struct scenario_schema *schema, const char *from,
                          struct fork *ret_fork, struct config **ret_parent, struct sim_error *err)
{
    struct fork fork = {.epoch = 0};
    struct folder_path path;
    struct config *parent = NULL;
    struct config_report report = {0};
    enum sim_status status = parse_from(from, &fork, err);
    if (status == SIM_OK)
        status = folder_path_of(fork.folder, "scenario.yaml", &path, err);
    if (status != SIM_OK)
        return status;
    struct config_input input = {.path = path.text};
    status = scenario_load(schema, &input, &parent, &report, err);
    config_report_release(&report);
    if (status != SIM_OK)
        return status;
    const struct world_params *params = config_root(parent)->values;
    status = find_instant(&fork, params->block_time_ns, err);
    if (status == SIM_OK)
        status = find_start(&fork, parent, err);
    if (status != SIM_OK) {
        config_free(parent);
        return status;
    }
    *ret_fork = fork;
    *ret_parent = parent;
    return SIM_OK;
}

/* ---- the scenario */

static void print_entry(FILE *file, const struct config_change *change)
{
    static const struct param_key duration = {.name = "at", .kind = PARAM_DURATION_NS};
    static const struct param_key blocks = {.name = "at", .kind = PARAM_BLOCKS};
    char at[PARAM_TEXT_BYTES];
    if (change->at_ns >= 0)
        param_format(&duration, &change->at_ns, at);
    else
        param_format(&blocks, &change->at_block, at);
    fprintf(file, "{at: %s, set: {", at);
    for (size_t p = 0; p < change->path_count; p++) {
        char *value = config_text_at(change->after, change->paths[p]);
        fprintf(file, "%s%s: %s", p > 0 ? ", " : "", change->paths[p], value == NULL ? "~" : value);
        free(value);
    }
    fputs("}}, ", file);
}

static void print_sets(FILE *file, int64_t at_ns, const struct config_set *sets, size_t set_count)
{
    static const struct param_key duration = {.name = "at", .kind = PARAM_DURATION_NS};
    char at[PARAM_TEXT_BYTES];
    param_format(&duration, &at_ns, at);
    fprintf(file, "{at: %s, set: {", at);
    for (size_t s = 0; s < set_count; s++) {
        size_t length = strcspn(sets[s].text, "=");
        const char *value = sets[s].text + length + (sets[s].text[length] == '=');
        fprintf(file, "%s%.*s: %s", s > 0 ? ", " : "", (int)length, sets[s].text, value);
    }
    fputs("}}, ", file);
}

static int64_t instant_ns(const struct config *config, const struct config_change *change)
{
    const struct world_params *params = config_root(config)->values;
    if (change->at_ns >= 0)
        return change->at_ns;
    bool far = change->at_block > (uint64_t)(TIME_NS_MAX / params->block_time_ns);
    return far ? TIME_NS_MAX : (int64_t)change->at_block * params->block_time_ns;
}

char *fork_schedule(const struct fork *fork, const struct config *parent,
                    const struct config_set *sets, size_t set_count)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    if (file == NULL)
        return NULL;
    size_t count = config_change_count(parent), c = 0;
    fputs("schedule=[", file);
    for (; c < count && instant_ns(parent, config_change_at(parent, c)) <= fork->at_ns; c++)
        print_entry(file, config_change_at(parent, c));
    print_sets(file, fork->at_ns, sets, set_count);
    for (; c < count; c++)
        print_entry(file, config_change_at(parent, c));
    fputs("]", file);
    if (fclose(file) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* What a world's arrays and its extra measurements are laid out by. */
struct shape {
    uint32_t max_uids, needs;
};

static void widen(struct shape *shape, const struct scenario_schema *schema,
                  const struct config *config)
{
    const struct chain_params *chain = config_values(config, "chain");
    const struct world_limits *limits = config_values(config, "limits");
    if (chain->max_uids > shape->max_uids)
        shape->max_uids = chain->max_uids;
    if (limits->max_uids > shape->max_uids)
        shape->max_uids = limits->max_uids;
    const struct mechanism_ops *mechanism =
        scenario_operations(schema, REGISTRY_MECHANISM, config_at(config, "mechanism"));
    shape->needs |= mechanism->needs;
}

static struct shape shape_of(const struct scenario_schema *schema, const struct config *config)
{
    struct shape shape = {0};
    widen(&shape, schema, config);
    for (size_t c = 0; c < config_change_count(config); c++)
        widen(&shape, schema, config_change_at(config, c)->after);
    return shape;
}

void fork_fit(struct fork *fork, const struct scenario_schema *schema, const struct config *parent,
              const struct config *child)
{
    struct shape ours = shape_of(schema, parent), theirs = shape_of(schema, child);
    if (ours.max_uids != theirs.max_uids || ours.needs != theirs.needs)
        fork->checkpoint.found = false;
}

/* ---- the folder */

/* Written aside and renamed: a copy is whole, or is not there. */
static enum sim_status copy_file(const char *from, const char *to, struct sim_error *err)
{
    char bytes[1 << 16], aside[FOLDER_PATH_BYTES + 8];
    snprintf(aside, sizeof(aside), "%s.part", to);
    FILE *in = fopen(from, "rb");
    FILE *out = in == NULL ? NULL : fopen(aside, "wb");
    size_t count;
    bool good = out != NULL;
    while (good && (count = fread(bytes, 1, sizeof(bytes), in)) > 0)
        good = fwrite(bytes, 1, count, out) == count;
    good = good && !ferror(in) && fflush(out) == 0 && fsync(fileno(out)) == 0;
    int reason = errno;
    if (in != NULL)
        fclose(in);
    if (out != NULL && fclose(out) != 0)
        good = false;
    if (good && rename(aside, to) == 0)
        return SIM_OK;
    return SIM_FAIL(err, SIM_IO, "cannot copy '%s' to '%s': %s", from, to,
                    strerror(good ? errno : reason));
}

static enum sim_status copy_named(const char *from, const char *to, const char *name,
                                  struct sim_error *err)
{
    struct folder_path source, target;
    enum sim_status status = folder_path_of(from, name, &source, err);
    if (status == SIM_OK)
        status = folder_path_of(to, name, &target, err);
    return status == SIM_OK ? copy_file(source.text, target.text, err) : status;
}

static enum sim_status copy_segments(const char *from, const char *to, struct sim_error *err)
{
    struct folder_path source, target;
    uint32_t count;
    enum sim_status status = folder_make(to, err);
    if (status == SIM_OK)
        status = folder_drop(to, 0, err);
    if (status == SIM_OK)
        status = folder_count_segments(from, &count, err);
    for (uint32_t s = 0; status == SIM_OK && s < count; s++) {
        status = folder_segment(from, s, &source, err);
        if (status == SIM_OK)
            status = folder_segment(to, s, &target, err);
        if (status == SIM_OK)
            status = copy_file(source.text, target.text, err);
    }
    return status;
}

static enum sim_status write_parent(const struct fork *fork, const char *folder,
                                    struct sim_error *err)
{
    struct folder_path path;
    enum sim_status status = folder_path_of(folder, "fork", &path, err);
    if (status != SIM_OK)
        return status;
    FILE *file = fopen(path.text, "w");
    bool good = file != NULL && fprintf(file, "%s\n", fork->checkpoint.scenario_sha256) > 0;
    int reason = errno;
    if (file != NULL && fclose(file) != 0)
        good = false;
    return good ? SIM_OK
                : SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", path.text, strerror(reason));
}

enum sim_status fork_copy(const struct fork *fork, const char *folder, struct sim_error *err)
{
    if (!fork->checkpoint.found)
        return SIM_OK;
    char name[64];
    snprintf(name, sizeof(name), "checkpoint/%08" PRIu64 ".ckpt", fork->checkpoint.epoch);
    struct folder_path checkpoints;
    enum sim_status status = copy_segments(fork->folder, folder, err);
    if (status == SIM_OK)
        status = copy_named(fork->folder, folder, "progress.jsonl", err);
    if (status == SIM_OK)
        status = folder_path_of(folder, "checkpoint", &checkpoints, err);
    if (status == SIM_OK && mkdir(checkpoints.text, 0777) != 0 && errno != EEXIST)
        status = SIM_FAIL(err, SIM_IO, "cannot make the folder '%s': %s", checkpoints.text,
                          strerror(errno));
    if (status == SIM_OK)
        status = write_parent(fork, folder, err);
    /* Last: without it a run of this folder starts from the beginning. */
    return status == SIM_OK ? copy_named(fork->folder, folder, name, err) : status;
}

bool fork_parent_of(const char *folder, char ret_sha256[CONFIG_HASH_CHARS])
{
    struct folder_path path;
    struct sim_error ignored = {0};
    if (folder_path_of(folder, "fork", &path, &ignored) != SIM_OK)
        return false;
    FILE *file = fopen(path.text, "r");
    bool good = file != NULL && fscanf(file, "%64s", ret_sha256) == 1;
    if (file != NULL)
        fclose(file);
    return good;
}
