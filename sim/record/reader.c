#include "record/reader.h"

#include <errno.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/folder.h"
#include "record/h5type.h"
#include "record/meta.h"
#include "record/reader_attr.h"
#include "record/reader_state.h"
#include "record/seal.h"

/* ---- opening */

static void dim_path(char *path, size_t size, enum record_dim dim)
{
    const struct record_dim_info *info = record_dim_info(dim);
    snprintf(path, size, "%s%s%s", info->group, info->group[0] != '\0' ? "/" : "", info->name);
}

static void var_path(char *path, size_t size, enum record_var var)
{
    const struct record_var_info *info = record_var_info(var);
    const char *group = record_dim_info(info->dim)->group;
    snprintf(path, size, "%s%s%s", group, group[0] != '\0' ? "/" : "", info->name);
}

static void close_file(struct reader *reader)
{
    if (reader->file >= 0)
        H5Fclose(reader->file);
    reader->file = -1;
}

/* Without a lock: a file under its final name is never written again, and some network file
 * systems refuse locks. */
static hid_t open_unlocked(const char *path)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    hid_t file = -1;
    if (access >= 0 && H5Pset_file_locking(access, false, true) >= 0)
        file = H5Fopen(path, H5F_ACC_RDONLY, access);
    if (access >= 0)
        H5Pclose(access);
    return file;
}

static enum sim_status open_source(struct reader *reader, size_t index, struct sim_error *err)
{
    if (reader->file >= 0 && reader->open_source == index)
        return SIM_OK;
    close_file(reader);
    const char *path = reader->sources[index].path;
    reader->file = open_unlocked(path);
    if (reader->file < 0)
        return SIM_FAIL(err, SIM_IO, "cannot read '%s': not an HDF5 file, or damaged", path);
    reader->open_source = index;
    return SIM_OK;
}

/* True when every part of the path is a link. */
static bool path_exists(hid_t file, const char *path)
{
    char part[64];
    const char *slash = strchr(path, '/');
    if (slash != NULL) {
        snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
        if (H5Lexists(file, part, H5P_DEFAULT) <= 0)
            return false;
    }
    return H5Lexists(file, path, H5P_DEFAULT) > 0;
}

/* Rank (1 or 2) and shape of a dataset; 0 when it is none of ours. */
static int dataset_shape(hid_t file, const char *path, hsize_t ret_shape[2])
{
    hid_t dataset = path_exists(file, path) ? H5Dopen2(file, path, H5P_DEFAULT) : -1;
    if (dataset < 0)
        return 0;
    hid_t space = H5Dget_space(dataset);
    int rank = space < 0 ? 0 : H5Sget_simple_extent_ndims(space);
    if (rank != 1 && rank != 2)
        rank = 0;
    else if (H5Sget_simple_extent_dims(space, ret_shape, NULL) < 0)
        rank = 0;
    if (space >= 0)
        H5Sclose(space);
    H5Dclose(dataset);
    return rank;
}

static void read_dimensions(struct reader *reader, struct source *source)
{
    for (unsigned d = 0; d < RECORD_DIM_COUNT; d++) {
        char path[64];
        hsize_t shape[2] = {0, 0};
        dim_path(path, sizeof(path), (enum record_dim)d);
        source->rows[d] = dataset_shape(reader->file, path, shape) == 1 ? shape[0] : 0;
        source->first[d] = reader->rows[d];
        if (record_dim_info((enum record_dim)d)->growth == RECORD_GROWS)
            reader->rows[d] += source->rows[d];
        else
            reader->rows[d] = source->rows[d];
    }
}

/* A variable is there when its shape is what its dimensions say. */
static enum sim_status read_presence(struct reader *reader, const struct source *source,
                                     struct sim_error *err)
{
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        const struct record_var_info *info = record_var_info((enum record_var)v);
        char path[64];
        hsize_t shape[2] = {0, 0};
        var_path(path, sizeof(path), (enum record_var)v);
        int rank = dataset_shape(reader->file, path, shape);
        if (rank == 0) {
            reader->has[v] = false;
            continue;
        }
        bool wide = info->width != RECORD_DIM_NONE;
        if (rank != (wide ? 2 : 1) || shape[0] != source->rows[info->dim] ||
            (wide && shape[1] != source->rows[info->width]))
            return SIM_FAIL(err, SIM_IO, "'%s': '%s' does not have the shape of its dimensions",
                            source->path, path);
    }
    return SIM_OK;
}

static enum sim_status read_texts(struct reader *reader, enum record_var var, struct sim_error *err)
{
    uint64_t rows = reader->rows[record_var_info(var)->dim];
    if (rows == 0)
        return SIM_OK;
    char path[64];
    var_path(path, sizeof(path), var);
    struct stage *stage = &reader->meta.static_stage[var];
    enum sim_status status = meta_stage_grow(stage, &reader->meta, var, rows, err);
    if (status != SIM_OK)
        return status;
    if (!reader_attr_texts(reader->file, path, rows, (char **)(void *)stage->bytes))
        return SIM_FAIL(err, SIM_IO, "'%s': cannot read the texts of '%s'", reader->path, path);
    return SIM_OK;
}

/* Attributes, labels and texts: from the last source, which has the newest. */
static enum sim_status read_meta(struct reader *reader, struct sim_error *err)
{
    if (!reader_attr_all(reader->file, &reader->meta))
        return SIM_FAIL(err, SIM_IO, "'%s': cannot read the attributes", reader->path);
    uint64_t version;
    if (!reader_attr_u64(reader, RECORD_ROOT, "schema_version", &version))
        return SIM_FAIL(err, SIM_IO, "'%s' is not a result of taosim: no schema_version",
                        reader->path);
    if (version > RECORD_SCHEMA_VERSION)
        return SIM_FAIL(
            err, SIM_IO,
            "'%s' has schema version %llu; this taosim reads up to %d: take a newer one",
            reader->path, (unsigned long long)version, RECORD_SCHEMA_VERSION);
    reader->schema_version = (uint32_t)version;
    enum sim_status status = SIM_OK;
    for (unsigned v = 0; v < RECORD_VAR_COUNT && status == SIM_OK; v++) {
        if (!reader->has[v])
            continue;
        if (record_var_info((enum record_var)v)->type == RECORD_TEXT)
            status = read_texts(reader, (enum record_var)v, err);
        char path[64];
        var_path(path, sizeof(path), (enum record_var)v);
        reader_attr_labels(reader->file, path, &reader->meta.labels[v]);
    }
    return status;
}

static enum sim_status scan_sources(struct reader *reader, struct sim_error *err)
{
    memset(reader->has, true, sizeof(reader->has));
    reader->verified = true;
    for (size_t i = 0; i < reader->source_count; i++) {
        bool sealed = false;
        enum sim_status status = seal_verify(reader->sources[i].path, &sealed, err);
        if (status == SIM_OK)
            status = open_source(reader, i, err);
        if (status != SIM_OK)
            return status;
        reader->verified &= sealed;
        read_dimensions(reader, &reader->sources[i]);
        status = read_presence(reader, &reader->sources[i], err);
        if (status != SIM_OK)
            return status;
    }
    reader->meta.uid_count = (uint32_t)reader->rows[RECORD_DIM_UID];
    return read_meta(reader, err);
}

static struct reader *reader_new(const char *path, size_t source_count)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    struct reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL)
        return NULL;
    reader->file = -1;
    reader->path = strdup(path);
    reader->sources = calloc(source_count, sizeof(*reader->sources));
    if (reader->path == NULL || reader->sources == NULL)
        return reader_free(reader);
    reader->source_count = source_count;
    return reader;
}

static enum sim_status finish_opening(struct reader *reader, struct reader **ret_reader,
                                      struct sim_error *err)
{
    enum sim_status status = scan_sources(reader, err);
    if (status != SIM_OK)
        reader_free(reader);
    else
        *ret_reader = reader;
    return status;
}

static enum sim_status open_file(const char *path, const char *file, struct reader **ret_reader,
                                 struct sim_error *err)
{
    struct reader *reader = reader_new(path, 1);
    if (reader == NULL || (reader->sources[0].path = strdup(file)) == NULL) {
        reader_free(reader);
        return SIM_FAIL(err, SIM_MEMORY, "reader: out of memory");
    }
    reader->finished = true;
    return finish_opening(reader, ret_reader, err);
}

enum sim_status reader_open_segments(const char *folder, uint32_t count, struct reader **ret_reader,
                                     struct sim_error *err)
{
    struct reader *reader = reader_new(folder, count);
    if (reader == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "reader: out of memory");
    for (uint32_t i = 0; i < count; i++) {
        struct folder_path path;
        enum sim_status status = folder_segment(folder, i, &path, err);
        if (status == SIM_OK && (reader->sources[i].path = strdup(path.text)) == NULL)
            status = SIM_FAIL(err, SIM_MEMORY, "reader: out of memory");
        if (status != SIM_OK) {
            reader_free(reader);
            return status;
        }
    }
    return finish_opening(reader, ret_reader, err);
}

static enum sim_status open_folder(const char *folder, struct reader **ret_reader,
                                   struct sim_error *err)
{
    struct folder_path path;
    uint32_t segments = 0;
    enum sim_status status = folder_path_of(folder, "result.h5", &path, err);
    if (status != SIM_OK)
        return status;
    if (access(path.text, F_OK) == 0)
        return open_file(folder, path.text, ret_reader, err);
    status = folder_count_segments(folder, &segments, err);
    if (status != SIM_OK)
        return status;
    if (segments == 0)
        return SIM_FAIL(err, SIM_IO, "'%s' holds no result.h5 and no closed segment", folder);
    return reader_open_segments(folder, segments, ret_reader, err);
}

enum sim_status reader_open(const char *path, struct reader **ret_reader, struct sim_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return SIM_FAIL(err, SIM_IO, "cannot read '%s': %s", path, strerror(errno));
    return S_ISDIR(info.st_mode) ? open_folder(path, ret_reader, err)
                                 : open_file(path, path, ret_reader, err);
}

struct reader *reader_free(struct reader *reader)
{
    if (reader == NULL)
        return NULL;
    close_file(reader);
    meta_release(&reader->meta);
    reader_pick_release(&reader->pick);
    for (size_t i = 0; i < reader->source_count; i++)
        free(reader->sources[i].path);
    free(reader->sources);
    free(reader->path);
    free(reader);
    return NULL;
}

/* ---- what is there */

const char *reader_path(const struct reader *reader)
{
    return reader->path;
}

bool reader_verified(const struct reader *reader)
{
    return reader->verified;
}

bool reader_finished(const struct reader *reader)
{
    return reader->finished;
}

uint32_t reader_schema_version(const struct reader *reader)
{
    return reader->schema_version;
}

bool reader_has(const struct reader *reader, enum record_var var)
{
    return reader->has[var];
}

uint64_t reader_rows(const struct reader *reader, enum record_dim dim)
{
    return reader->pick.rows[dim] != NULL ? reader->pick.count[dim] : reader->rows[dim];
}

uint64_t reader_width(const struct reader *reader, enum record_var var)
{
    enum record_dim width = record_var_info(var)->width;
    return width == RECORD_DIM_NONE ? 1 : reader->rows[width];
}

/* ---- numbers */

static bool read_slab(hid_t file, const char *path, enum record_type type, int rank,
                      const hsize_t *start, const hsize_t *count, void *ret_values)
{
    hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
    hid_t file_space = dataset < 0 ? -1 : H5Dget_space(dataset);
    hid_t memory_space = H5Screate_simple(rank, count, NULL);
    bool good = file_space >= 0 && memory_space >= 0 &&
                H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                H5Dread(dataset, h5type_memory(type), memory_space, file_space, H5P_DEFAULT,
                        ret_values) >= 0;
    if (memory_space >= 0)
        H5Sclose(memory_space);
    if (file_space >= 0)
        H5Sclose(file_space);
    if (dataset >= 0)
        H5Dclose(dataset);
    return good;
}

/* The part of first..first+count-1 that one source holds. */
static enum sim_status read_part(struct reader *reader, enum record_var var, enum record_type type,
                                 size_t index, uint64_t first, uint64_t count, void *ret_values,
                                 struct sim_error *err)
{
    enum sim_status status = open_source(reader, index, err);
    if (status != SIM_OK)
        return status;
    const struct record_var_info *info = record_var_info(var);
    char path[64];
    var_path(path, sizeof(path), var);
    hsize_t start[2] = {first, 0}, shape[2] = {count, reader_width(reader, var)};
    if (!read_slab(reader->file, path, type, info->width == RECORD_DIM_NONE ? 1 : 2, start, shape,
                   ret_values))
        return SIM_FAIL(err, SIM_IO, "'%s': cannot read '%s': damaged", reader->sources[index].path,
                        path);
    return SIM_OK;
}

/* Rows as the files have them. */
static enum sim_status read_rows(struct reader *reader, enum record_var var, enum record_type type,
                                 uint64_t first, uint64_t count, void *ret_values,
                                 struct sim_error *err)
{
    enum record_dim dim = record_var_info(var)->dim;
    if (record_dim_info(dim)->growth != RECORD_GROWS)
        return read_part(reader, var, type, reader->source_count - 1, first, count, ret_values,
                         err);

    unsigned char *into = ret_values;
    size_t row_bytes = (size_t)reader_width(reader, var) * record_type_bytes(type);
    for (size_t i = 0; i < reader->source_count && count > 0; i++) {
        const struct source *source = &reader->sources[i];
        if (first >= source->first[dim] + source->rows[dim])
            continue;
        uint64_t here = source->first[dim] + source->rows[dim] - first;
        here = here < count ? here : count;
        enum sim_status status =
            read_part(reader, var, type, i, first - source->first[dim], here, into, err);
        if (status != SIM_OK)
            return status;
        into += here * row_bytes;
        first += here;
        count -= here;
    }
    return SIM_OK;
}

enum sim_status reader_read_typed(struct reader *reader, enum record_var var, enum record_type type,
                                  uint64_t first, uint64_t count, void *ret_values,
                                  struct sim_error *err)
{
    const struct record_var_info *info = record_var_info(var);
    const uint64_t *rows = reader->pick.rows[info->dim];
    SIM_ASSERT(type == info->type || type == RECORD_F64);
    SIM_ASSERT(first + count <= reader_rows(reader, info->dim));
    if (!reader->has[var] || info->type == RECORD_TEXT)
        return SIM_FAIL(err, SIM_CONFIG, "'%s' has no numbers '%s'", reader->path, info->name);
    unsigned char *into = ret_values;
    uint64_t width = reader_width(reader, var);
    enum sim_status status = SIM_OK;
    /* Stretches that follow one another in the files. */
    for (uint64_t at = 0, here; at < count && status == SIM_OK; at += here) {
        uint64_t start = rows == NULL ? first : rows[first + at];
        here = rows == NULL ? count : 1;
        while (at + here < count && rows[first + at + here] == start + here)
            here++;
        status = read_rows(reader, var, type, start, here,
                           into + at * width * record_type_bytes(type), err);
    }
    if (status == SIM_OK && reader->pick.active)
        reader_pick_translate(&reader->pick, var, type, count * width, ret_values);
    return status;
}

/* ---- texts */

const char *reader_stored_text(const struct reader *reader, enum record_var var, uint64_t row)
{
    const struct stage *stage = &reader->meta.static_stage[var];
    SIM_ASSERT(record_var_info(var)->type == RECORD_TEXT);
    if (!reader->has[var] || row >= stage->rows)
        return "";
    char *text;
    memcpy(&text, stage->bytes + row * sizeof(text), sizeof(text));
    return text != NULL ? text : "";
}

const char *reader_text(const struct reader *reader, enum record_var var, uint64_t row)
{
    enum record_dim dim = record_var_info(var)->dim;
    const uint64_t *rows = reader->pick.rows[dim];
    if (rows == NULL)
        return reader_stored_text(reader, var, row);
    return row < reader->pick.count[dim] ? reader_stored_text(reader, var, rows[row]) : "";
}

/* ---- attributes */

static const struct attr *find_attr(const struct reader *reader, enum record_scope scope,
                                    const char *name)
{
    for (size_t i = 0; i < reader->meta.attr_count; i++)
        if (reader->meta.attrs[i].scope == scope && strcmp(reader->meta.attrs[i].name, name) == 0)
            return &reader->meta.attrs[i];
    return NULL;
}

const char *reader_attr_text(const struct reader *reader, enum record_scope scope, const char *name)
{
    const struct attr *attr = find_attr(reader, scope, name);
    return attr != NULL && attr->kind == ATTR_TEXT ? attr->text : NULL;
}

bool reader_attr_u64(const struct reader *reader, enum record_scope scope, const char *name,
                     uint64_t *ret_value)
{
    const struct attr *attr = find_attr(reader, scope, name);
    if (attr == NULL || (attr->kind != ATTR_U64 && attr->kind != ATTR_I64))
        return false;
    *ret_value = attr->value.u64;
    return true;
}

bool reader_attr_f64(const struct reader *reader, enum record_scope scope, const char *name,
                     double *ret_value)
{
    const struct attr *attr = find_attr(reader, scope, name);
    if (attr == NULL || attr->kind == ATTR_TEXT)
        return false;
    *ret_value = attr->kind == ATTR_F64   ? attr->value.f64
                 : attr->kind == ATTR_I64 ? (double)attr->value.i64
                                          : (double)attr->value.u64;
    return true;
}

static const struct attr *nth_attr(const struct reader *reader, enum record_scope scope,
                                   size_t index)
{
    size_t at = 0;
    while (at < reader->meta.attr_count && (reader->meta.attrs[at].scope != scope || index-- > 0))
        at++;
    SIM_ASSERT(at < reader->meta.attr_count);
    return &reader->meta.attrs[at];
}

size_t reader_attr_count(const struct reader *reader, enum record_scope scope)
{
    size_t count = 0;
    for (size_t i = 0; i < reader->meta.attr_count; i++)
        count += reader->meta.attrs[i].scope == scope;
    return count;
}

const char *reader_attr_name(const struct reader *reader, enum record_scope scope, size_t index)
{
    return nth_attr(reader, scope, index)->name;
}

const char *reader_attr_print(const struct reader *reader, enum record_scope scope, size_t index)
{
    return nth_attr(reader, scope, index)->text;
}

const char *reader_scenario(const struct reader *reader)
{
    return reader->meta.scenario != NULL ? reader->meta.scenario : "";
}

const char *reader_label(const struct reader *reader, enum record_var var, uint64_t value)
{
    char *const *names = reader->meta.labels[var].names;
    return value < reader->meta.labels[var].count ? names[value] : NULL;
}
