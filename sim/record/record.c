#include "record/record.h"

#include <errno.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "record/folder.h"
#include "record/merge.h"
#include "record/meta.h"
#include "record/reader.h"
#include "record/writer.h"

struct record {
    char *folder; /* owned */
    struct meta meta;
    struct writer segment;
    uint32_t segment_count;
    uint64_t rows[RECORD_DIM_COUNT];      /* ended, since the run's start */
    uint64_t open_rows[RECORD_DIM_COUNT]; /* between begin and end */
    FILE *progress;
    bool dead; /* an error was returned: only record_free is allowed */
};

/* ---- life */

static enum sim_status start_segment(struct record *record, struct sim_error *err)
{
    struct folder_path path;
    enum sim_status status = folder_segment(record->folder, record->segment_count, &path, err);
    if (status == SIM_OK)
        status = writer_init(&record->segment, &record->meta, path.text, record->rows, err);
    return status;
}

static enum sim_status check_kept_segments(const char *folder, const struct record_mark *mark,
                                           struct sim_error *err)
{
    struct reader *reader = NULL;
    enum sim_status status = reader_open_segments(folder, mark->segment_count, &reader, err);
    for (unsigned d = 0; d < RECORD_DIM_COUNT && status == SIM_OK; d++) {
        enum record_dim dim = (enum record_dim)d;
        if (record_dim_info(dim)->growth == RECORD_GROWS &&
            reader_rows(reader, dim) != mark->rows[d])
            status = SIM_FAIL(err, SIM_IO,
                              "'%s': the segments do not fit the checkpoint: %llu "
                              "rows of '%s', expected %llu",
                              folder, (unsigned long long)reader_rows(reader, dim),
                              record_dim_info(dim)->name, (unsigned long long)mark->rows[d]);
    }
    reader_free(reader);
    return status;
}

static enum sim_status prepare_folder(struct record *record, const struct record_mark *after,
                                      struct sim_error *err)
{
    enum sim_status status = folder_make(record->folder, err);
    if (status == SIM_OK && after != NULL && after->segment_count > 0)
        status = check_kept_segments(record->folder, after, err);
    if (status == SIM_OK)
        status = folder_drop(record->folder, after != NULL ? after->segment_count : 0, err);
    if (status == SIM_OK)
        status = folder_cut_progress(record->folder,
                                     after != NULL ? after->rows[RECORD_DIM_EPOCH] : 0, err);
    struct folder_path path;
    if (status == SIM_OK)
        status = folder_path_of(record->folder, "progress.jsonl", &path, err);
    if (status != SIM_OK)
        return status;
    record->progress = fopen(path.text, "ae");
    if (record->progress == NULL)
        return SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", path.text, strerror(errno));
    return SIM_OK;
}

enum sim_status record_create(const char *folder, const struct record_options *options,
                              struct record **ret_record, struct sim_error *err)
{
    SIM_ASSERT(options->uid_count > 0);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    struct record *record = calloc(1, sizeof(*record));
    char *copy = strdup(folder);
    if (record == NULL || copy == NULL) {
        free(copy);
        free(record);
        return SIM_FAIL(err, SIM_MEMORY, "recorder: out of memory");
    }
    record->folder = copy;
    meta_init(&record->meta, options->uid_count, options->skipped);
    if (options->after != NULL) {
        record->segment_count = options->after->segment_count;
        for (unsigned d = 0; d < RECORD_DIM_COUNT; d++)
            if (record_dim_info((enum record_dim)d)->growth == RECORD_GROWS)
                record->rows[d] = options->after->rows[d];
    }
    enum sim_status status = start_segment(record, err);
    if (status == SIM_OK)
        status = prepare_folder(record, options->after, err);
    if (status != SIM_OK) {
        record_free(record);
        return status;
    }
    record_labels(record, RECORD_EVENT_KIND,
                  (const char *const[]){
#define EVENT_NAME(id, name) name,
                      RECORD_EVENT_LIST(EVENT_NAME)
#undef EVENT_NAME
                  },
                  RECORD_EVENT_KIND_COUNT);
    *ret_record = record;
    return SIM_OK;
}

struct record *record_free(struct record *record)
{
    if (record == NULL)
        return NULL;
    if (record->segment.meta != NULL)
        writer_release(&record->segment);
    meta_release(&record->meta);
    if (record->progress != NULL)
        fclose(record->progress);
    free(record->folder);
    free(record);
    return NULL;
}

static enum sim_status died(struct record *record, enum sim_status status)
{
    record->dead = status != SIM_OK;
    return status;
}

static enum sim_status check_alive(struct record *record, struct sim_error *err)
{
    SIM_ASSERT(!record->dead);
    if (record->meta.out_of_memory)
        return died(record, SIM_FAIL(err, SIM_MEMORY, "recorder: out of memory for attributes"));
    return SIM_OK;
}

/* ---- attributes */

void record_attr_text(struct record *record, enum record_scope scope, const char *name,
                      const char *text)
{
    struct attr *attr = meta_attr(&record->meta, scope, name, ATTR_TEXT);
    if (attr != NULL)
        meta_set_text(&record->meta, &attr->text, text);
}

void record_attr_u64(struct record *record, enum record_scope scope, const char *name,
                     uint64_t value)
{
    struct attr *attr = meta_attr(&record->meta, scope, name, ATTR_U64);
    if (attr != NULL)
        attr->value.u64 = value;
}

void record_attr_i64(struct record *record, enum record_scope scope, const char *name,
                     int64_t value)
{
    struct attr *attr = meta_attr(&record->meta, scope, name, ATTR_I64);
    if (attr != NULL)
        attr->value.i64 = value;
}

void record_attr_f64(struct record *record, enum record_scope scope, const char *name, double value)
{
    struct attr *attr = meta_attr(&record->meta, scope, name, ATTR_F64);
    if (attr != NULL)
        attr->value.f64 = value;
}

void record_scenario(struct record *record, const char *yaml)
{
    struct digest digest;
    digest_init(&digest);
    digest_bytes(&digest, yaml, strlen(yaml));
    record_attr_u64(record, RECORD_ROOT, "scenario_xxh64", digest_value(&digest));
    meta_set_text(&record->meta, &record->meta.scenario, yaml);
}

void record_labels(struct record *record, enum record_var var, const char *const *names,
                   size_t count)
{
    SIM_ASSERT(record_var_info(var)->type <= RECORD_U64 && count > 0);
    meta_set_labels(&record->meta, var, names, count);
}

/* ---- rows */

bool record_wants(const struct record *record, enum record_var var)
{
    return !record->meta.skipped[var];
}

static enum sim_status grow_static(struct record *record, enum record_dim dim, uint64_t count,
                                   struct sim_error *err)
{
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        if (record_var_info((enum record_var)v)->dim != dim)
            continue;
        enum sim_status status = meta_stage_grow(&record->meta.static_stage[v], &record->meta,
                                                 (enum record_var)v, count, err);
        if (status != SIM_OK)
            return status;
    }
    record->meta.static_rows[dim] += count;
    return SIM_OK;
}

enum sim_status record_rows_begin(struct record *record, enum record_dim dim, uint64_t count,
                                  struct sim_error *err)
{
    enum record_growth growth = record_dim_info(dim)->growth;
    SIM_ASSERT(growth != RECORD_FIXED && record->open_rows[dim] == 0 && count > 0);
    enum sim_status status = check_alive(record, err);
    if (status != SIM_OK)
        return status;
    status = growth == RECORD_STATIC ? grow_static(record, dim, count, err)
                                     : writer_grow(&record->segment, dim, count, err);
    if (status == SIM_OK)
        record->open_rows[dim] = count;
    return died(record, status);
}

/* Texts belong to the stage: copies, NULL after a failed one, which the end reports. */
static void put_texts(struct record *record, char **into, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        into[i] = strdup(texts[i]);
        if (into[i] == NULL)
            record->meta.out_of_memory = true;
    }
}

void record_put_typed(struct record *record, enum record_var var, enum record_type type,
                      const void *values, size_t count)
{
    const struct record_var_info *info = record_var_info(var);
    SIM_ASSERT(info->type == type);
    if (record->meta.skipped[var])
        return;
    uint64_t open = record->open_rows[info->dim];
    SIM_ASSERT(open > 0);
    uint64_t room = open * meta_width(&record->meta, var);
    SIM_ASSERT(count == room || (open == 1 && count < room));

    bool is_static = record_dim_info(info->dim)->growth == RECORD_STATIC;
    struct stage *stage = is_static ? &record->meta.static_stage[var] : &record->segment.stage[var];
    size_t row_bytes = meta_row_bytes(&record->meta, var);
    unsigned char *into = stage->bytes + (size_t)(stage->rows - open) * row_bytes;
    if (type == RECORD_TEXT)
        put_texts(record, (char **)(void *)into, values, count);
    else if (count > 0)
        memcpy(into, values, count * record_type_bytes(type));
}

enum sim_status record_rows_end(struct record *record, enum record_dim dim, struct sim_error *err)
{
    SIM_ASSERT(record->open_rows[dim] > 0);
    enum sim_status status = check_alive(record, err);
    if (status != SIM_OK)
        return status;
    record->rows[dim] += record->open_rows[dim];
    record->open_rows[dim] = 0;
    if (record_dim_info(dim)->growth == RECORD_GROWS)
        status = writer_flush(&record->segment, dim, err);
    return died(record, status);
}

uint64_t record_row_count(const struct record *record, enum record_dim dim)
{
    if (record_dim_info(dim)->growth == RECORD_FIXED)
        return meta_fixed_length(&record->meta, dim);
    return record->rows[dim];
}

/* ---- progress, segments, the end */

static void print_item(FILE *file, const struct record_progress_item *item)
{
    if (!isfinite(item->value))
        fprintf(file, "\"%s\":null", item->name);
    else
        fprintf(file, "\"%s\":%.17g", item->name, item->value);
}

enum sim_status record_progress(struct record *record, const struct record_progress_item *items,
                                size_t count, struct sim_error *err)
{
    enum sim_status status = check_alive(record, err);
    if (status != SIM_OK)
        return status;
    FILE *file = record->progress;
    putc('{', file);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            putc(',', file);
        print_item(file, &items[i]);
    }
    fputs("}\n", file);
    if (fflush(file) != 0 || ferror(file))
        return died(record, SIM_FAIL(err, SIM_IO, "cannot write '%s/progress.jsonl': %s",
                                     record->folder, strerror(errno)));
    return SIM_OK;
}

uint64_t record_segment_bytes(const struct record *record)
{
    uint64_t bytes = 0;
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++)
        bytes += (record->segment.stage[v].rows + record->segment.written[v]) *
                 meta_row_bytes(&record->meta, (enum record_var)v);
    return bytes;
}

static bool segment_holds_rows(const struct record *record)
{
    for (unsigned d = 0; d < RECORD_DIM_COUNT; d++)
        if (record->segment.rows[d] > 0)
            return true;
    return false;
}

static enum sim_status close_segment(struct record *record, struct sim_error *err)
{
    for (unsigned d = 0; d < RECORD_DIM_COUNT; d++)
        SIM_ASSERT(record->open_rows[d] == 0);
    enum sim_status status = check_alive(record, err);
    if (status != SIM_OK || !segment_holds_rows(record))
        return status;
    status = writer_close(&record->segment, err);
    if (status != SIM_OK)
        return died(record, status);
    writer_release(&record->segment);
    record->segment_count++;
    return died(record, start_segment(record, err));
}

enum sim_status record_segment_close(struct record *record, struct record_mark *ret_mark,
                                     struct sim_error *err)
{
    enum sim_status status = close_segment(record, err);
    if (status != SIM_OK || ret_mark == NULL)
        return status;
    *ret_mark = (struct record_mark){.segment_count = record->segment_count};
    memcpy(ret_mark->rows, record->rows, sizeof(ret_mark->rows));
    return SIM_OK;
}

enum sim_status record_finish(struct record *record, struct sim_error *err)
{
    enum sim_status status = close_segment(record, err);
    if (status == SIM_OK)
        status =
            died(record, merge_segments(record->folder, record->segment_count, &record->meta, err));
    return status;
}

uint64_t record_plan_bytes(const struct record_plan *plan)
{
    struct meta meta;
    meta_init(&meta, plan->uid_count, plan->skipped);
    uint64_t bytes = 0;
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        enum record_var var = (enum record_var)v;
        if (!meta.skipped[v])
            bytes += plan->rows[record_var_info(var)->dim] * meta_row_bytes(&meta, var);
    }
    meta_release(&meta);
    return bytes;
}
