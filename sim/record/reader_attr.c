#include "record/reader_attr.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/h5type.h"
#include "record/reader.h"

void reader_format_f64(double value, char *ret_text, size_t size)
{
    SIM_ASSERT(ret_text != NULL && size > 0);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(ret_text, size, "%.*g", digits, value);
        if (strtod(ret_text, NULL) == value)
            return;
    }
}

/* A scalar variable-length text attribute as a copy, or NULL. */
static char *attr_text(hid_t attr, hid_t type)
{
    if (H5Tis_variable_str(type) <= 0)
        return NULL;
    hid_t memory = H5Tcopy(type);
    hid_t space = H5Aget_space(attr);
    char *raw = NULL, *copy = NULL;
    if (memory >= 0 && space >= 0 && H5Aread(attr, memory, &raw) >= 0 && raw != NULL) {
        copy = strdup(raw);
        H5Dvlen_reclaim(memory, space, H5P_DEFAULT, &raw);
    }
    if (space >= 0)
        H5Sclose(space);
    if (memory >= 0)
        H5Tclose(memory);
    return copy;
}

static bool is_scalar(hid_t attr)
{
    hid_t space = H5Aget_space(attr);
    bool scalar = space >= 0 && H5Sget_simple_extent_npoints(space) == 1;
    if (space >= 0)
        H5Sclose(space);
    return scalar;
}

static void replace_text(struct meta *meta, struct attr *attr, const char *text)
{
    if (attr != NULL)
        meta_set_text(meta, &attr->text, text);
}

static void take_number(hid_t hdf5_attr, hid_t type, struct meta *meta, enum record_scope scope,
                        const char *name)
{
    char text[40];
    struct attr *attr = NULL;
    if (H5Tget_class(type) == H5T_FLOAT) {
        double value;
        if (H5Aread(hdf5_attr, H5T_NATIVE_DOUBLE, &value) < 0)
            return;
        if ((attr = meta_attr(meta, scope, name, ATTR_F64)) != NULL)
            attr->value.f64 = value;
        reader_format_f64(value, text, sizeof(text));
    } else if (H5Tget_sign(type) == H5T_SGN_2) {
        int64_t value;
        if (H5Aread(hdf5_attr, H5T_NATIVE_INT64, &value) < 0)
            return;
        if ((attr = meta_attr(meta, scope, name, ATTR_I64)) != NULL)
            attr->value.i64 = value;
        snprintf(text, sizeof(text), "%" PRId64, value);
    } else {
        uint64_t value;
        if (H5Aread(hdf5_attr, H5T_NATIVE_UINT64, &value) < 0)
            return;
        if ((attr = meta_attr(meta, scope, name, ATTR_U64)) != NULL)
            attr->value.u64 = value;
        snprintf(text, sizeof(text), "%" PRIu64, value);
    }
    replace_text(meta, attr, text);
}

static void take_attr(hid_t hdf5_attr, struct meta *meta, enum record_scope scope)
{
    char name[sizeof(((struct attr *)0)->name)];
    hid_t type = H5Aget_type(hdf5_attr);
    ssize_t length = H5Aget_name(hdf5_attr, sizeof(name), name);
    if (type >= 0 && length > 0 && (size_t)length < sizeof(name) && is_scalar(hdf5_attr)) {
        H5T_class_t class = H5Tget_class(type);
        if (class == H5T_INTEGER || class == H5T_FLOAT) {
            take_number(hdf5_attr, type, meta, scope, name);
        } else if (class == H5T_STRING) {
            char *text = attr_text(hdf5_attr, type);
            if (text != NULL)
                replace_text(meta, meta_attr(meta, scope, name, ATTR_TEXT), text);
            free(text);
        }
    }
    if (type >= 0)
        H5Tclose(type);
}

static bool take_attrs(hid_t object, struct meta *meta, enum record_scope scope)
{
    int count = H5Aget_num_attrs(object);
    for (int i = 0; i < count; i++) {
        hid_t attr = H5Aopen_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i,
                                    H5P_DEFAULT, H5P_DEFAULT);
        if (attr < 0)
            return false;
        take_attr(attr, meta, scope);
        H5Aclose(attr);
    }
    return count >= 0 && !meta->out_of_memory;
}

static bool take_scenario(hid_t file, struct meta *meta)
{
    if (H5Lexists(file, "scenario", H5P_DEFAULT) <= 0)
        return true;
    char *text = NULL;
    if (!reader_attr_texts(file, "scenario", 1, &text))
        return false;
    meta->scenario = text;
    return true;
}

static bool take_group(hid_t file, const char *path, struct meta *meta, enum record_scope scope)
{
    hid_t group = H5Gopen2(file, path, H5P_DEFAULT);
    bool good = group >= 0 && take_attrs(group, meta, scope);
    if (group >= 0)
        H5Gclose(group);
    return good;
}

bool reader_attr_all(hid_t file, struct meta *meta)
{
    return take_group(file, "/", meta, RECORD_ROOT) && take_scenario(file, meta) &&
           (H5Lexists(file, "provenance", H5P_DEFAULT) <= 0 ||
            take_group(file, "/provenance", meta, RECORD_PROVENANCE));
}

void reader_attr_labels(hid_t file, const char *path, struct labels *labels)
{
    if (H5Aexists_by_name(file, path, "flag_meanings", H5P_DEFAULT) <= 0)
        return;
    hid_t attr = H5Aopen_by_name(file, path, "flag_meanings", H5P_DEFAULT, H5P_DEFAULT);
    hid_t type = attr < 0 ? -1 : H5Aget_type(attr);
    char *text = type < 0 ? NULL : attr_text(attr, type);
    if (text != NULL)
        meta_labels_set(labels, text);
    free(text);
    if (type >= 0)
        H5Tclose(type);
    if (attr >= 0)
        H5Aclose(attr);
}

static bool copy_texts(uint64_t rows, char *const *raw, char **ret_texts)
{
    for (uint64_t i = 0; i < rows; i++) {
        ret_texts[i] = strdup(raw[i] != NULL ? raw[i] : "");
        if (ret_texts[i] == NULL)
            return false;
    }
    return true;
}

bool reader_attr_texts(hid_t file, const char *path, uint64_t rows, char **ret_texts)
{
    hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
    hid_t stored = dataset < 0 ? -1 : H5Dget_type(dataset);
    hid_t space = dataset < 0 ? -1 : H5Dget_space(dataset);
    hid_t type = stored < 0 || H5Tis_variable_str(stored) <= 0 ? -1 : H5Tcopy(stored);
    char **raw = calloc(rows, sizeof(*raw));
    bool good = false;
    if (raw != NULL && type >= 0 && space >= 0 &&
        (uint64_t)H5Sget_simple_extent_npoints(space) == rows &&
        H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) >= 0) {
        good = copy_texts(rows, raw, ret_texts);
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, raw);
    }
    free(raw);
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (stored >= 0)
        H5Tclose(stored);
    if (dataset >= 0)
        H5Dclose(dataset);
    return good;
}
