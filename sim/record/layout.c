#include "record/layout.h"

#include <hdf5_hl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/h5type.h"

/* Half the branches of a node of the trees that find chunks.  The default, 32, costs 3 kB a
 * variable even where one chunk is all there is. */
enum { DEFLATE_LEVEL = 4, CHUNK_TREE_K = 4 };

static bool at_step(struct writer *writer, const char *step, const char *item)
{
    writer->step = step;
    writer->item = item;
    return true;
}

/* ---- attributes */

static bool put_attr(hid_t object, const char *name, hid_t type, hsize_t count, const void *value)
{
    hid_t space = count == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, NULL);
    hid_t attr = space < 0 ? -1 : H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool good = attr >= 0 && H5Awrite(attr, type, value) >= 0;
    if (attr >= 0)
        good &= H5Aclose(attr) >= 0;
    if (space >= 0)
        H5Sclose(space);
    return good;
}

static bool put_text_attr(hid_t object, const char *name, const char *text)
{
    hid_t type = h5type_text();
    bool good = type >= 0 && put_attr(object, name, type, 0, &text);
    if (type >= 0)
        H5Tclose(type);
    return good;
}

static bool put_meta_attrs(const struct meta *meta, hid_t object, enum record_scope scope)
{
    bool good = true;
    for (size_t i = 0; i < meta->attr_count && good; i++) {
        const struct attr *attr = &meta->attrs[i];
        if (attr->scope != scope)
            continue;
        switch (attr->kind) {
        case ATTR_TEXT:
            good = put_text_attr(object, attr->name, attr->text);
            break;
        case ATTR_U64:
            good = put_attr(object, attr->name, H5T_NATIVE_UINT64, 0, &attr->value.u64);
            break;
        case ATTR_I64:
            good = put_attr(object, attr->name, H5T_NATIVE_INT64, 0, &attr->value.i64);
            break;
        case ATTR_F64:
            good = put_attr(object, attr->name, H5T_NATIVE_DOUBLE, 0, &attr->value.f64);
            break;
        }
    }
    return good;
}

/* flag_values 0..count-1 in the variable's own type, as the CF conventions ask. */
static bool put_labels(hid_t dataset, enum record_type type, const struct labels *labels)
{
    uint64_t *values = calloc(labels->count, sizeof(*values));
    if (values == NULL)
        return false;
    for (uint32_t i = 0; i < labels->count; i++)
        values[i] = i;
    bool good = H5Tconvert(H5T_NATIVE_UINT64, h5type_memory(type), labels->count, values, NULL,
                           H5P_DEFAULT) >= 0 &&
                put_attr(dataset, "flag_values", h5type_memory(type), labels->count, values) &&
                put_text_attr(dataset, "flag_meanings", labels->meanings);
    free(values);
    return good;
}

static bool put_role_flags(hid_t dataset)
{
    const uint8_t masks[] = {1, 2};
    return put_attr(dataset, "flag_masks", H5T_NATIVE_UINT8, 2, masks) &&
           put_text_attr(dataset, "flag_meanings", "serves validates");
}

/* ---- objects */

static hid_t create_group(hid_t file, const char *name)
{
    hid_t properties = H5Pcreate(H5P_GROUP_CREATE);
    hid_t group = -1;
    if (properties >= 0 &&
        H5Pset_link_creation_order(properties, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) >=
            0 &&
        H5Pset_attr_creation_order(properties, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) >=
            0 &&
        H5Pset_obj_track_times(properties, false) >= 0)
        group = H5Gcreate2(file, name, H5P_DEFAULT, properties, H5P_DEFAULT);
    if (properties >= 0)
        H5Pclose(properties);
    return group;
}

static bool create_file(struct writer *writer)
{
    at_step(writer, "create the file", "");
    writer->driver = file_driver_register();
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    if (writer->driver >= 0 && access >= 0 && creation >= 0 &&
        file_driver_use(access, writer->driver, &writer->trouble) >= 0 &&
        H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18) >= 0 &&
        H5Pset_link_creation_order(creation, order) >= 0 &&
        H5Pset_attr_creation_order(creation, order) >= 0 &&
        H5Pset_istore_k(creation, CHUNK_TREE_K) >= 0 &&
        H5Pset_obj_track_times(creation, false) >= 0)
        writer->file = H5Fcreate(writer->path_aside, H5F_ACC_TRUNC, creation, access);
    if (creation >= 0)
        H5Pclose(creation);
    if (access >= 0)
        H5Pclose(access);
    return writer->file >= 0;
}

static bool create_groups(struct writer *writer)
{
    const char *last = "";
    for (unsigned d = 0; d < RECORD_DIM_COUNT; d++) {
        const char *name = record_dim_info((enum record_dim)d)->group;
        if (strcmp(name, last) == 0 || name[0] == '\0')
            continue;
        at_step(writer, "create group", name);
        hid_t group = create_group(writer->file, name);
        if (group < 0 || H5Gclose(group) < 0)
            return false;
        last = name;
    }
    return true;
}

/* A dataset with the filters of ours; chunk = 0 makes it contiguous with the given shape. */
static hid_t create_dataset(hid_t file, const char *path, hid_t type, int rank,
                            const hsize_t *shape, const hsize_t *limit, const hsize_t *chunk,
                            const void *fill)
{
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    hid_t space = H5Screate_simple(rank, shape, limit);
    unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    bool good = properties >= 0 && space >= 0 && H5Pset_obj_track_times(properties, false) >= 0 &&
                H5Pset_attr_creation_order(properties, order) >= 0;
    if (good && fill != NULL)
        good = H5Pset_fill_value(properties, type, fill) >= 0;
    if (good && chunk != NULL)
        good = H5Pset_chunk(properties, rank, chunk) >= 0 && H5Pset_shuffle(properties) >= 0 &&
               H5Pset_deflate(properties, DEFLATE_LEVEL) >= 0 && H5Pset_fletcher32(properties) >= 0;
    hid_t dataset =
        good ? H5Dcreate2(file, path, type, space, H5P_DEFAULT, properties, H5P_DEFAULT) : -1;
    if (space >= 0)
        H5Sclose(space);
    if (properties >= 0)
        H5Pclose(properties);
    return dataset;
}

static void path_of(char *path, size_t size, const char *group, const char *name)
{
    snprintf(path, size, "%s%s%s", group, group[0] != '\0' ? "/" : "", name);
}

static uint64_t start_length(const struct writer *writer, enum record_dim dim)
{
    switch (record_dim_info(dim)->growth) {
    case RECORD_FIXED:
        return meta_fixed_length(writer->meta, dim);
    case RECORD_STATIC:
        return writer->meta->static_rows[dim];
    case RECORD_GROWS:
        break;
    }
    return 0;
}

/* A dimension: its coordinate variable, or what the netCDF library makes for one without. */
static bool create_scale(struct writer *writer, enum record_dim dim)
{
    const struct record_dim_info *info = record_dim_info(dim);
    char path[64], note[96] = "";
    path_of(path, sizeof(path), info->group, info->name);
    at_step(writer, "create dimension", info->name);

    bool grows = info->growth == RECORD_GROWS;
    hsize_t length = start_length(writer, dim), limit = grows ? H5S_UNLIMITED : length;
    hsize_t final = writer->final_rows[dim];
    hsize_t chunk = final > 0 && final < WRITER_COLUMN_CHUNK ? final : WRITER_COLUMN_CHUNK;
    hid_t type = info->has_coordinate ? H5T_STD_I64LE : H5T_IEEE_F32BE;
    hid_t scale =
        create_dataset(writer->file, path, type, 1, &length, &limit, grows ? &chunk : NULL, NULL);
    writer->scale[dim] = scale;
    if (scale < 0)
        return false;
    if (!info->has_coordinate)
        snprintf(note, sizeof(note), "This is a netCDF dimension but not a netCDF variable.%10u",
                 (unsigned)length);
    if (H5DSset_scale(scale, info->has_coordinate ? info->name : note) < 0)
        return false;
    return !info->has_coordinate ||
           (put_text_attr(scale, "units", "1") && put_text_attr(scale, "long_name", info->doc));
}

static bool describe_variable(struct writer *writer, enum record_var var)
{
    const struct record_var_info *info = record_var_info(var);
    hid_t dataset = writer->var[var];
    union fill_value fill = meta_fill(var);
    bool good = put_text_attr(dataset, "long_name", info->long_name);
    if (info->units[0] != '\0')
        good = good && put_text_attr(dataset, "units", info->units);
    if (var == RECORD_TIME)
        good = good && put_text_attr(dataset, "calendar", "proleptic_gregorian");
    /* Integers get no _FillValue: a reader would turn them into doubles and lose RAO. */
    if (info->type == RECORD_F32 || info->type == RECORD_F64)
        good = good && put_attr(dataset, "_FillValue", h5type_memory(info->type), 1, &fill);
    if (info->dim == RECORD_DIM_EPOCH && var != RECORD_BLOCK && var != RECORD_TIME &&
        var != RECORD_NETUID)
        good = good && put_text_attr(dataset, "coordinates", "block time netuid");
    if (writer->meta->labels[var].meanings != NULL)
        good = good && put_labels(dataset, info->type, &writer->meta->labels[var]);
    if (var == RECORD_ROLE)
        good = good && put_role_flags(dataset);
    return good;
}

static bool create_variable(struct writer *writer, enum record_var var)
{
    const struct record_var_info *info = record_var_info(var);
    char path[64];
    path_of(path, sizeof(path), record_dim_info(info->dim)->group, info->name);
    at_step(writer, "create variable", info->name);

    bool grows = record_dim_info(info->dim)->growth == RECORD_GROWS;
    int rank = info->width == RECORD_DIM_NONE ? 1 : 2;
    hsize_t width = meta_width(writer->meta, var);
    hsize_t shape[2] = {start_length(writer, info->dim), width};
    hsize_t limit[2] = {grows ? H5S_UNLIMITED : shape[0], width};
    hsize_t chunk[2] = {writer_chunk_rows(writer, var), width};
    union fill_value fill = meta_fill(var);
    hid_t type = info->type == RECORD_TEXT ? h5type_text() : h5type_file(info->type);
    writer->var[var] =
        create_dataset(writer->file, path, type, rank, shape, limit, grows ? chunk : NULL,
                       info->type == RECORD_TEXT ? NULL : &fill);
    if (info->type == RECORD_TEXT)
        H5Tclose(type);
    return writer->var[var] >= 0 &&
           H5DSattach_scale(writer->var[var], writer->scale[info->dim], 0) >= 0 &&
           (rank == 1 || H5DSattach_scale(writer->var[var], writer->scale[info->width], 1) >= 0) &&
           describe_variable(writer, var);
}

bool layout_create(struct writer *writer)
{
    if (!create_file(writer) || !create_groups(writer))
        return false;
    for (unsigned d = 0; d < RECORD_DIM_COUNT; d++)
        if (!create_scale(writer, (enum record_dim)d))
            return false;
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++)
        if (!writer->meta->skipped[v] && !create_variable(writer, (enum record_var)v))
            return false;
    return true;
}

/* ---- rows */

static bool write_slab(hid_t dataset, hid_t type, int rank, const hsize_t *start,
                       const hsize_t *count, const void *values)
{
    hid_t file_space = H5Dget_space(dataset);
    hid_t memory_space = H5Screate_simple(rank, count, NULL);
    bool good = file_space >= 0 && memory_space >= 0 &&
                H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                H5Dwrite(dataset, type, memory_space, file_space, H5P_DEFAULT, values) >= 0;
    if (memory_space >= 0)
        H5Sclose(memory_space);
    if (file_space >= 0)
        H5Sclose(file_space);
    return good;
}

bool layout_write(struct writer *writer, enum record_var var, uint64_t first, uint64_t count,
                  const void *values)
{
    const struct record_var_info *info = record_var_info(var);
    int rank = info->width == RECORD_DIM_NONE ? 1 : 2;
    hsize_t width = meta_width(writer->meta, var);
    hsize_t start[2] = {first, 0}, shape[2] = {count, width}, extent[2] = {first + count, width};
    return H5Dset_extent(writer->var[var], extent) >= 0 &&
           write_slab(writer->var[var], h5type_memory(info->type), rank, start, shape, values);
}

static bool write_coordinate(struct writer *writer, enum record_dim dim, uint64_t length)
{
    int64_t *values = malloc((length > 0 ? length : 1) * sizeof(*values));
    if (values == NULL)
        return false;
    for (uint64_t i = 0; i < length; i++)
        values[i] = (int64_t)(writer->base_rows[dim] + i);
    hsize_t start = 0, count = length;
    bool good =
        length == 0 || write_slab(writer->scale[dim], H5T_NATIVE_INT64, 1, &start, &count, values);
    free(values);
    return good;
}

static bool finish_scale(struct writer *writer, enum record_dim dim)
{
    const struct record_dim_info *info = record_dim_info(dim);
    bool grows = info->growth == RECORD_GROWS;
    hsize_t length = grows ? writer->rows[dim] : start_length(writer, dim);
    at_step(writer, "write dimension", info->name);
    if (grows && H5Dset_extent(writer->scale[dim], &length) < 0)
        return false;
    return !info->has_coordinate || write_coordinate(writer, dim, length);
}

static bool write_static(struct writer *writer, enum record_var var)
{
    const struct stage *stage = &writer->meta->static_stage[var];
    const struct record_var_info *info = record_var_info(var);
    if (stage->rows == 0)
        return true;
    at_step(writer, "write", info->name);
    hsize_t start = 0, count = stage->rows;
    hid_t type = info->type == RECORD_TEXT ? h5type_text() : h5type_memory(info->type);
    bool good = write_slab(writer->var[var], type, 1, &start, &count, stage->bytes);
    if (info->type == RECORD_TEXT)
        H5Tclose(type);
    return good;
}

static bool write_scenario(struct writer *writer)
{
    if (writer->meta->scenario == NULL)
        return true;
    at_step(writer, "write", "scenario");
    const char *text = writer->meta->scenario;
    hid_t type = h5type_text();
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    hid_t dataset = -1;
    if (type >= 0 && space >= 0 && properties >= 0 &&
        H5Pset_obj_track_times(properties, false) >= 0)
        dataset =
            H5Dcreate2(writer->file, "scenario", type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    bool good = dataset >= 0 &&
                put_text_attr(dataset, "long_name", "the resolved scenario, as YAML") &&
                H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text) >= 0;
    if (dataset >= 0)
        good &= H5Dclose(dataset) >= 0;
    if (properties >= 0)
        H5Pclose(properties);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return good;
}

static bool write_provenance(struct writer *writer)
{
    at_step(writer, "write group", "provenance");
    hid_t group = create_group(writer->file, "provenance");
    bool good = group >= 0 && put_meta_attrs(writer->meta, group, RECORD_PROVENANCE);
    if (group >= 0)
        good &= H5Gclose(group) >= 0;
    return good;
}

bool layout_finish(struct writer *writer)
{
    for (unsigned d = 0; d < RECORD_DIM_COUNT; d++)
        if (!finish_scale(writer, (enum record_dim)d))
            return false;
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++)
        if (record_dim_info(record_var_info((enum record_var)v)->dim)->growth == RECORD_STATIC &&
            !writer->meta->skipped[v] && !write_static(writer, (enum record_var)v))
            return false;
    if (!write_scenario(writer) || !write_provenance(writer))
        return false;
    at_step(writer, "write attributes", "");
    const uint32_t version = RECORD_SCHEMA_VERSION;
    return put_text_attr(writer->file, "Conventions", "CF-1.10") &&
           put_text_attr(writer->file, "source", "taosim " TAOSIM_VERSION) &&
           put_attr(writer->file, "schema_version", H5T_NATIVE_UINT32, 0, &version) &&
           put_meta_attrs(writer->meta, writer->file, RECORD_ROOT);
}
