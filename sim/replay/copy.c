#include "replay/copy.h"

#include "record/record.h"
#include "record/seal.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, ROWS_AT_A_TIME = 4096, LABELS_MAX = 4096 };

struct copy {
    struct reader *reader;
    const struct mechanism_ops *ops; /* of the epoch at hand */
    bool follows;
    struct record *record;
    char path[PATH_BYTES], folder[PATH_BYTES + 16];
    bool has_folder;
    void *values; /* rows of one variable */
    size_t value_bytes;
    float *fraction; /* (uids) */
};

/* ---- what is copied as it is */

static bool is_own_attribute(const char *name)
{
    static const char *const names[] = {"Conventions",
                                        "source",
                                        "schema_version",
                                        "digest_order",
                                        "digest_chain",
                                        "digest_model",
                                        "trace_digest",
                                        "scenario_xxh64",
                                        "mechanism",
                                        "title",
                                        "mechanism_sha256",
                                        "replay_follows_schedule",
                                        NULL};
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void copy_attributes(struct copy *copy)
{
    struct reader *reader = copy->reader;
    for (size_t i = 0; i < reader_attr_count(reader, RECORD_ROOT); i++) {
        const char *name = reader_attr_name(reader, RECORD_ROOT, i);
        const char *text = reader_attr_text(reader, RECORD_ROOT, name);
        uint64_t u64;
        double f64;
        if (is_own_attribute(name))
            continue;
        if (text != NULL)
            record_attr_text(copy->record, RECORD_ROOT, name, text);
        else if (reader_attr_u64(reader, RECORD_ROOT, name, &u64))
            record_attr_u64(copy->record, RECORD_ROOT, name, u64);
        else if (reader_attr_f64(reader, RECORD_ROOT, name, &f64))
            record_attr_f64(copy->record, RECORD_ROOT, name, f64);
    }
}

static void put_origin(struct copy *copy, const char *note)
{
    const char *title = reader_attr_text(copy->reader, RECORD_ROOT, "title");
    const char *digest = reader_attr_text(copy->reader, RECORD_ROOT, "trace_digest");
    char text[512];
    snprintf(text, sizeof(text), "%s, replayed through %s%s", title == NULL ? "a run" : title,
             copy->ops->params->name, copy->follows ? " and what followed it" : "");
    record_attr_text(copy->record, RECORD_ROOT, "title", text);
    record_attr_text(copy->record, RECORD_ROOT, "mechanism", copy->ops->params->name);
    record_attr_text(copy->record, RECORD_ROOT, "replay_of", reader_path(copy->reader));
    record_attr_text(copy->record, RECORD_ROOT, "replay_of_trace_digest",
                     digest == NULL ? "" : digest);
    record_attr_text(copy->record, RECORD_ROOT, "replay_note", note);
    record_attr_u64(copy->record, RECORD_ROOT, "replay_follows_schedule", copy->follows);
    record_scenario(copy->record, reader_scenario(copy->reader));
}

static void copy_labels(struct copy *copy)
{
    static const enum record_var labelled[] = {RECORD_STRATEGY, RECORD_MODEL_KIND};
    const char *names[LABELS_MAX];
    for (size_t v = 0; v < sizeof(labelled) / sizeof(labelled[0]); v++) {
        size_t count = 0;
        while (count < LABELS_MAX &&
               (names[count] = reader_label(copy->reader, labelled[v], count)))
            count++;
        if (count > 0)
            record_labels(copy->record, labelled[v], names, count);
    }
}

static void *room(struct copy *copy, size_t bytes)
{
    if (bytes <= copy->value_bytes)
        return copy->values;
    void *values = realloc(copy->values, bytes);
    if (values == NULL)
        return NULL;
    copy->values = values;
    copy->value_bytes = bytes;
    return values;
}

static enum sim_status copy_variable(struct copy *copy, enum record_var var, uint64_t first,
                                     uint64_t count, struct sim_error *err)
{
    const struct record_var_info *info = record_var_info(var);
    if (!reader_has(copy->reader, var))
        return SIM_OK;
    uint64_t width = reader_width(copy->reader, var);
    void *values = room(copy, count * width * record_type_bytes(info->type));
    if (values == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory to copy '%s'", info->name);
    enum sim_status status = SIM_OK;
    if (info->type == RECORD_TEXT)
        for (uint64_t row = 0; row < count; row++)
            ((const char **)values)[row] = reader_text(copy->reader, var, first + row);
    else
        status = reader_read_typed(copy->reader, var, info->type, first, count, values, err);
    if (status == SIM_OK)
        record_put_typed(copy->record, var, info->type, values, count * width);
    return status;
}

/* Opens `count` rows and fills them as they were. */
static enum sim_status copy_rows(struct copy *copy, enum record_dim dim, uint64_t first,
                                 uint64_t count, struct sim_error *err)
{
    enum sim_status status = record_rows_begin(copy->record, dim, count, err);
    for (unsigned v = 0; v < RECORD_VAR_COUNT && status == SIM_OK; v++)
        if (record_var_info((enum record_var)v)->dim == dim)
            status = copy_variable(copy, (enum record_var)v, first, count, err);
    return status;
}

static enum sim_status copy_dimension(struct copy *copy, enum record_dim dim, struct sim_error *err)
{
    uint64_t rows = reader_rows(copy->reader, dim);
    /* A row of a matrix is long. */
    uint64_t step = dim == RECORD_DIM_STATE ? 1 : ROWS_AT_A_TIME;
    enum sim_status status = SIM_OK;
    for (uint64_t first = 0; first < rows && status == SIM_OK; first += step) {
        uint64_t count = rows - first < step ? rows - first : step;
        status = copy_rows(copy, dim, first, count, err);
        if (status == SIM_OK)
            status = record_rows_end(copy->record, dim, err);
    }
    return status;
}

/* ---- what the mechanism says */

static void put_fraction(struct copy *copy, enum record_var var, const uint64_t *fraction,
                         uint32_t n)
{
    for (uint32_t uid = 0; uid < n; uid++)
        copy->fraction[uid] = (float)((double)fraction[uid] / (double)copy->ops->fraction_one);
    record_put(copy->record, var, copy->fraction, n);
}

static void put_amounts(struct copy *copy, const struct mechanism_output *output)
{
    uint64_t paid_rao = 0;
    uint32_t validators = 0;
    for (uint32_t uid = 0; uid < output->neuron_count; uid++) {
        int64_t change_rao = output->stake_change_rao[uid];
        paid_rao += output->emission_rao[uid] + (change_rao > 0 ? (uint64_t)change_rao : 0);
        validators += output->permit[uid];
    }
    record_put(copy->record, RECORD_PAID_RAO, &paid_rao, 1);
    record_put(copy->record, RECORD_VALIDATORS, &validators, 1);
}

static void put_output(struct copy *copy, const struct mechanism_output *output)
{
    uint32_t n = output->neuron_count;
    record_put(copy->record, RECORD_EMISSION_RAO, output->emission_rao, n);
    record_put(copy->record, RECORD_VALIDATOR_PERMIT, output->permit, n);
    if (copy->ops->fields & MECHANISM_ACTIVE)
        record_put(copy->record, RECORD_ACTIVE, output->active, n);
    put_fraction(copy, RECORD_INCENTIVE, output->incentive, n);
    put_fraction(copy, RECORD_DIVIDENDS, output->dividends, n);
    put_fraction(copy, RECORD_CONSENSUS, output->consensus, n);
    put_fraction(copy, RECORD_TRUST, output->trust, n);
    put_fraction(copy, RECORD_RANK, output->rank, n);
    put_fraction(copy, RECORD_VALIDATOR_TRUST, output->validator_trust, n);
    if (copy->ops->fields & MECHANISM_PRUNING_SCORE) {
        put_fraction(copy, RECORD_PRUNING_SCORE, output->pruning_score, n);
    } else {
        for (uint32_t uid = 0; uid < n; uid++)
            copy->fraction[uid] = NAN;
        record_put(copy->record, RECORD_PRUNING_SCORE, copy->fraction, n);
    }
    put_amounts(copy, output);
}

enum sim_status copy_epoch(struct copy *copy, uint64_t epoch_row, const struct mechanism_ops *ops,
                           const struct mechanism_output *output, struct sim_error *err)
{
    copy->ops = ops;
    enum sim_status status = copy_rows(copy, RECORD_DIM_EPOCH, epoch_row, 1, err);
    if (status != SIM_OK)
        return status;
    put_output(copy, output);
    return record_rows_end(copy->record, RECORD_DIM_EPOCH, err);
}

/* ---- life */

/* The result is written into a folder beside it. */
static enum sim_status open_record(struct copy *copy, struct sim_error *err)
{
    if (mkdtemp(copy->folder) == NULL)
        return SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", copy->path, strerror(errno));
    copy->has_folder = true;
    struct record_options options = {.uid_count =
                                         (uint32_t)reader_rows(copy->reader, RECORD_DIM_UID)};
    copy->fraction = calloc(options.uid_count, sizeof(*copy->fraction));
    if (copy->fraction == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a result");
    return record_create(copy->folder, &options, &copy->record, err);
}

enum sim_status copy_create(struct reader *reader, const char *path,
                            const struct mechanism_ops *ops, bool follows, const char *note,
                            struct copy **ret_copy, struct sim_error *err)
{
    if (strlen(path) >= PATH_BYTES)
        return SIM_FAIL(err, SIM_IO, "the path '%.40s...' is too long", path);
    struct copy *copy = calloc(1, sizeof(*copy));
    if (copy == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for a result");
    copy->reader = reader;
    copy->ops = ops;
    copy->follows = follows;
    snprintf(copy->path, sizeof(copy->path), "%s", path);
    snprintf(copy->folder, sizeof(copy->folder), "%s.XXXXXX", path);
    enum sim_status status = open_record(copy, err);
    if (status != SIM_OK) {
        copy_free(copy);
        return status;
    }
    copy_attributes(copy);
    put_origin(copy, note);
    copy_labels(copy);
    *ret_copy = copy;
    return SIM_OK;
}

enum sim_status copy_finish(struct copy *copy, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (unsigned d = 0; d < RECORD_DIM_COUNT && status == SIM_OK; d++) {
        enum record_dim dim = (enum record_dim)d;
        if (dim != RECORD_DIM_EPOCH && record_dim_info(dim)->growth != RECORD_FIXED)
            status = copy_dimension(copy, dim, err);
    }
    if (status == SIM_OK)
        status = record_finish(copy->record, err);
    if (status != SIM_OK)
        return status;
    char result[PATH_BYTES + 32];
    snprintf(result, sizeof(result), "%s/result.h5", copy->folder);
    return seal_rename(result, copy->path, err);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

struct copy *copy_free(struct copy *copy)
{
    if (copy == NULL)
        return NULL;
    record_free(copy->record);
    if (copy->has_folder)
        nftw(copy->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(copy->values);
    free(copy->fraction);
    free(copy);
    return NULL;
}
