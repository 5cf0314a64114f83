/*
 * epoch.c: one epoch, or a file of them, outside a run: from a state in JSON or from a result.
 */
#include "cli/cli.h"
#include "cli/pick.h"
#include "replay/replay.h"
#include "replay/vectors.h"
#include "record/seal.h"
#include "replay/vectors_write.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct epoch_arguments {
    const char *input, *output;
    struct pick_request request;
};

/* ---- where the answer goes: a file that gets its name when it is whole, or stdout */

struct answer {
    FILE *file;
    const char *path; /* NULL: stdout */
    char aside[4096];
};

static enum sim_status answer_open(struct answer *answer, const char *path, struct sim_error *err)
{
    *answer = (struct answer){.file = stdout, .path = path};
    if (path == NULL)
        return SIM_OK;
    snprintf(answer->aside, sizeof(answer->aside), "%s.part", path);
    answer->file = fopen(answer->aside, "w");
    if (answer->file == NULL)
        return SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", path, strerror(errno));
    return SIM_OK;
}

/* `status` is what happened until here. */
static enum sim_status answer_close(struct answer *answer, enum sim_status status,
                                    struct sim_error *err)
{
    if (answer->file == NULL)
        return status;
    bool good = fflush(answer->file) == 0 && ferror(answer->file) == 0;
    if (answer->path == NULL)
        return status == SIM_OK && !good ? SIM_FAIL(err, SIM_IO, "cannot write the answer")
                                         : status;
    good = fclose(answer->file) == 0 && good;
    if (status == SIM_OK)
        status =
            good ? seal_rename(answer->aside, answer->path, err)
                 : SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", answer->path, strerror(errno));
    if (status != SIM_OK)
        remove(answer->aside);
    return status;
}

/* ---- an epoch, as a run computes it, and once more to show what lies between */

/* Vectors of the real chain leave out the bonds of larger networks' dense epochs, which are full.
 */
enum { DENSE_UIDS_MAX = 256, DENSE_BONDS_UIDS_MAX = 64 };

struct epoch_work {
    const struct mechanism_ops *ops;
    void *params; /* a copy that may be changed */
    int *path;    /* within params: which of the chain's two epochs; NULL: there is one */
    bool is_nakamoto;
    struct mechanism_output *output;
    struct mechanism_scratch scratch;
    FILE *file;
};

static enum sim_status compute(struct epoch_work *work, struct snapshot *snapshot,
                               const struct mechanism_trace *trace, struct sim_error *err)
{
    struct mechanism_input input;
    enum sim_status status = snapshot_input(snapshot, &input, err);
    if (status == SIM_OK)
        status = mechanism_epoch(work->ops, work->params, &input, work->output, &work->scratch,
                                 trace, err);
    return status;
}

/* Traced first, so that what is written and left is the untraced epoch's. */
static enum sim_status write_epoch(struct epoch_work *work, struct snapshot *snapshot,
                                   const char *member, bool without_bonds, struct sim_error *err)
{
    struct trace trace;
    trace_init(&trace);
    enum sim_status status = compute(work, snapshot, &trace.sink, err);
    if (status == SIM_OK && trace.failed)
        status = SIM_FAIL(err, SIM_MEMORY, "no memory for the intermediates of an epoch");
    if (status == SIM_OK)
        status = compute(work, snapshot, NULL, err);
    if (status == SIM_OK) {
        struct vectors_result result = {.ops = work->ops,
                                        .output = work->output,
                                        .trace = trace.count > 0 ? &trace : NULL,
                                        .stake_rao = work->is_nakamoto ? snapshot->stake_rao : NULL,
                                        .without_bonds = without_bonds};
        vectors_write_output(work->file, member, &result);
    }
    trace_release(&trace);
    return status;
}

/* Leaves the result of the production path in work->output. */
static enum sim_status write_paths(struct epoch_work *work, struct snapshot *snapshot,
                                   struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    if (work->path != NULL && *work->path == 0 && snapshot->n <= DENSE_UIDS_MAX) {
        *work->path = 1;
        status = write_epoch(work, snapshot, "dense", snapshot->n > DENSE_BONDS_UIDS_MAX, err);
        *work->path = 0;
    }
    if (status == SIM_OK)
        status = write_epoch(work, snapshot, work->is_nakamoto ? "out" : "sparse", false, err);
    return status;
}

static void *find_path_key(const struct mechanism_ops *ops, void *params)
{
    for (size_t k = 0; k < ops->params->key_count; k++)
        if (strcmp(ops->params->keys[k].name, "path") == 0 &&
            (ops->params->keys[k].kind & PARAM_KIND_MASK) == PARAM_ENUM)
            return (char *)params + ops->params->keys[k].offset;
    return NULL;
}

static enum sim_status work_init(struct epoch_work *work, const struct mechanism_ops *ops,
                                 uint32_t n, FILE *file, struct sim_error *err)
{
    *work = (struct epoch_work){
        .ops = ops, .file = file, .is_nakamoto = strcmp(ops->params->name, "nakamoto") == 0};
    work->params = calloc(1, ops->params->struct_bytes + 1);
    if (work->params == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for the parameters of %s", ops->params->name);
    work->path = find_path_key(ops, work->params);
    return mechanism_output_create(n, ops->memory_words, &work->output, err);
}

static void work_release(struct epoch_work *work)
{
    mechanism_output_free(work->output);
    mechanism_scratch_release(&work->scratch);
    free(work->params);
}

/* ---- a state in JSON */

static enum sim_status run_steps(struct epoch_work *work, struct snapshot *snapshot,
                                 enum vectors_chain chain, const struct json_value *root,
                                 struct sim_error *err)
{
    const struct json_value *steps = json_get(root, "steps");
    enum sim_status status = SIM_OK;
    vectors_write_root(work->file, root);
    for (size_t i = 0; i < json_count(steps) && status == SIM_OK; i++) {
        const struct json_value *step = json_item(steps, i);
        status = vectors_apply(snapshot, chain, step, err);
        if (status != SIM_OK)
            break;
        vectors_write_step(work->file, step, i == 0);
        status = write_paths(work, snapshot, err);
        vectors_write_step_end(work->file);
        if (status == SIM_OK)
            status = vectors_adopt(snapshot, chain, work->output, err);
    }
    vectors_write_end(work->file);
    return status;
}

static enum sim_status run_json(const struct pick *pick, bool picked, const struct json_value *root,
                                FILE *file, struct sim_error *err)
{
    const struct json_value *params = json_get(root, "params");
    struct snapshot *snapshot = NULL;
    struct epoch_work work = {0};
    enum vectors_chain chain = vectors_chain_of(json_get(root, "version")->text);
    enum sim_status status = vectors_read_init(root, pick->rule.ops, &snapshot, err);
    if (status == SIM_OK)
        status = work_init(&work, pick->rule.ops, snapshot->n, file, err);
    if (status == SIM_OK && picked)
        memcpy(work.params, pick->rule.params, pick->rule.ops->params->struct_bytes);
    else if (status == SIM_OK)
        status = vectors_read_params(params, pick->rule.ops->params, work.params, err);
    if (status == SIM_OK && pick->rule.ops->check != NULL)
        status = pick->rule.ops->check(work.params, err);
    if (status == SIM_OK)
        status = run_steps(&work, snapshot, chain, root, err);
    work_release(&work);
    snapshot_free(snapshot);
    return status;
}

/* The file's own mechanism, unless the command line names another. */
static const char *mechanism_of(const struct json_value *root)
{
    const struct json_value *named = json_get(root, "mechanism");
    if (named != NULL)
        return named->text;
    return vectors_mechanism_name(json_get(root, "version")->text, json_get(root, "params"));
}

/* Where the file names its mechanism. */
static const char *place_of(const char *path, const struct json_value *root, char *text,
                            size_t text_bytes)
{
    const struct json_value *named = json_get(root, "mechanism");
    const struct json_value *at = named != NULL ? named : json_get(root, "version");
    snprintf(text, text_bytes, "%s:%u:%u", path, at->line, at->column);
    return text;
}

static enum sim_status check_root(const struct json_value *root, struct sim_error *err)
{
    const struct json_value *version = json_get(root, "version");
    const struct json_value *named = json_get(root, "mechanism"), *steps = json_get(root, "steps");
    if (root->kind != JSON_OBJECT)
        return SIM_FAIL(err, SIM_CONFIG, "%u:%u: an object is expected", root->line, root->column);
    if (version == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "%u:%u: 'version' is missing", root->line, root->column);
    if (version->kind != JSON_STRING)
        return SIM_FAIL(err, SIM_CONFIG, "%u:%u: 'version' must be a text", version->line,
                        version->column);
    if (named != NULL && named->kind != JSON_STRING)
        return SIM_FAIL(err, SIM_CONFIG, "%u:%u: 'mechanism' must be a text", named->line,
                        named->column);
    if (steps == NULL)
        return SIM_FAIL(err, SIM_CONFIG, "%u:%u: 'steps' is missing", root->line, root->column);
    if (steps->kind != JSON_ARRAY)
        return SIM_FAIL(err, SIM_CONFIG, "%u:%u: 'steps' must be an array", steps->line,
                        steps->column);
    return SIM_OK;
}

static int epoch_of_json(const struct epoch_arguments *arguments)
{
    struct sim_error err = {0};
    struct json *json = NULL;
    enum sim_status status = json_read_file(arguments->input, JSON_REPEATED_KEYS, &json, &err);
    if (status != SIM_OK)
        return cli_fail(&err);
    const struct json_value *root = json_root(json);
    status = check_root(root, &err);
    if (status != SIM_OK)
        sim_error_context(&err, "%s", arguments->input);
    struct pick_request request = arguments->request;
    bool picked = request.mechanism != NULL || request.set_count > 0;
    char place[4096 + 32];
    if (status == SIM_OK && request.mechanism == NULL) {
        request.mechanism = mechanism_of(root);
        request.place = place_of(arguments->input, root, place, sizeof(place));
    }
    struct pick pick = {0};
    struct answer answer = {0};
    int code = CLI_DONE;
    if (status == SIM_OK)
        code = pick_init(&pick, "the command line", NULL, &request);
    if (status == SIM_OK && code == CLI_DONE) {
        status = answer_open(&answer, arguments->output, &err);
        if (status == SIM_OK) {
            status = run_json(&pick, picked, root, answer.file, &err);
            if (status == SIM_CONFIG)
                sim_error_context(&err, "%s", arguments->input);
        }
        status = answer_close(&answer, status, &err);
    }
    pick_release(&pick);
    json_free(json);
    return status == SIM_OK ? code : cli_fail(&err);
}

/* ---- an epoch of a result */

struct wanted_epoch {
    uint64_t row;
    const char *name; /* in the file */
    FILE *file;
    bool found;
};

/* The epoch once more from the state before it, since a replay shows its results only. */
static enum sim_status write_wanted(void *context, uint64_t epoch_row,
                                    const struct replay_rule *rule, struct snapshot *snapshot,
                                    const struct mechanism_output *output, struct sim_error *err)
{
    (void)output;
    struct wanted_epoch *wanted = context;
    if (epoch_row != wanted->row)
        return SIM_OK;
    wanted->found = true;
    struct epoch_work work = {0};
    const struct mechanism_ops *ops = rule->ops;
    enum sim_status status = work_init(&work, ops, snapshot->n, wanted->file, err);
    if (status == SIM_OK) {
        memcpy(work.params, rule->params, ops->params->struct_bytes);
        struct vectors_state state = {
            .name = wanted->name, .ops = ops, .params = work.params, .snapshot = snapshot};
        vectors_write_state(wanted->file, &state);
        status = write_paths(&work, snapshot, err);
        vectors_write_step_end(wanted->file);
        vectors_write_end(wanted->file);
    }
    work_release(&work);
    return status;
}

static enum sim_status run_recorded(struct reader *reader, uint64_t row, const struct pick *pick,
                                    const struct epoch_arguments *arguments, struct sim_error *err)
{
    uint64_t epochs = reader_rows(reader, RECORD_DIM_EPOCH);
    if (row >= epochs)
        return SIM_FAIL(err, SIM_CONFIG, "'%s' has %llu epochs, counted from 0",
                        reader_path(reader), (unsigned long long)epochs);
    struct answer answer;
    enum sim_status status = answer_open(&answer, arguments->output, err);
    if (status != SIM_OK)
        return status;
    struct wanted_epoch wanted = {.row = row, .name = arguments->input, .file = answer.file};
    struct replay_setup setup = {
        .reader = reader,
        .clears = pick->clears,
        .rule = pick->rule,
        .changes = pick->changes,
        .change_count = pick->change_count,
        .count = row + 1,
        .epoch = write_wanted,
        .context = &wanted,
    };
    status = replay_run(&setup, err);
    if (status == SIM_OK && !wanted.found)
        status = SIM_FAIL(err, SIM_CONFIG, "'%s' holds no state of epoch %llu", reader_path(reader),
                          (unsigned long long)row);
    return answer_close(&answer, status, err);
}

static int epoch_of_result(struct epoch_arguments *arguments, const char *at)
{
    char path[4096], *end;
    unsigned long long row = strtoull(at + 1, &end, 10);
    if (at[1] < '0' || at[1] > '9' || *end != '\0')
        return cli_usage("epoch", "'%s': after the @ comes the number of an epoch, from 0",
                         arguments->input);
    snprintf(path, sizeof(path), "%.*s", (int)(at - arguments->input), arguments->input);
    struct sim_error err = {0};
    struct reader *reader;
    if (reader_open(path, &reader, &err) != SIM_OK)
        return cli_fail(&err);
    if (reader_choose_network(reader, arguments->request.network, &err) != SIM_OK) {
        reader_free(reader);
        return cli_fail(&err);
    }
    arguments->request.network = reader_network(reader);
    struct pick pick;
    int code = pick_init_recorded(&pick, reader, &arguments->request);
    if (code == CLI_DONE && run_recorded(reader, row, &pick, arguments, &err) != SIM_OK)
        code = cli_fail(&err);
    pick_release(&pick);
    reader_free(reader);
    return code;
}

/* ---- the command */

int cli_epoch(int argc, char **argv)
{
    static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                            {"mechanism", required_argument, NULL, 'm'},
                                            {"set", required_argument, NULL, 's'},
                                            {"network", required_argument, NULL, 'N'},
                                            {NULL, 0, NULL, 0}};
    struct epoch_arguments arguments = {0};
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
        if (letter == 'o')
            arguments.output = optarg;
        else if (letter == 'm')
            arguments.request.mechanism = optarg;
        else if (letter == 'N')
            arguments.request.network = optarg;
        else if (letter != 's')
            return cli_usage("epoch", "no option '%s', or it needs a value", argv[optind - 1]);
        else if (!pick_add_set(&arguments.request, optarg))
            return cli_usage("epoch", "too many --set");
    }
    if (optind + 1 != argc)
        return cli_usage("epoch", "one state is needed: STATE.json or RESULT.h5@EPOCH");
    arguments.input = argv[optind];
    const char *at = strrchr(arguments.input, '@');
    bool is_file = at == NULL || access(arguments.input, F_OK) == 0;
    return is_file ? epoch_of_json(&arguments) : epoch_of_result(&arguments, at);
}
