#include "record/collection_read.h"

#include <hdf5.h>
#include <hdf5_hl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record/meta.h"
#include "record/reader.h"
#include "record/reader_attr.h"
#include "record/seal.h"

/* What every collected file has and no result. */
static const char mark[] = "study_digest";

struct collection_reader {
    char *path; /* owned */
    hid_t file;
    struct meta meta;            /* the root's attributes */
    struct collection_var *vars; /* (count), owned */
    size_t count;
    bool out_of_memory;
};

/* ---- variables */

static void read_text_attr(hid_t object, const char *name, char *ret_text, size_t size)
{
    char *text = NULL;
    ret_text[0] = '\0';
    if (H5Aexists(object, name) <= 0)
        return;
    hid_t attr = H5Aopen(object, name, H5P_DEFAULT), type = attr < 0 ? -1 : H5Aget_type(attr);
    if (type >= 0 && H5Tis_variable_str(type) > 0 && H5Aread(attr, type, &text) >= 0 &&
        text != NULL) {
        snprintf(ret_text, size, "%s", text);
        H5free_memory(text);
    }
    if (type >= 0)
        H5Tclose(type);
    if (attr >= 0)
        H5Aclose(attr);
}

static herr_t take_scale(hid_t dataset, unsigned dim, hid_t scale, void *name)
{
    (void)dataset;
    (void)dim;
    return H5DSget_scale_name(scale, name, COLLECTION_NAME_BYTES) >= 0 ? 1 : 0;
}

static bool read_kind(hid_t dataset, enum collection_kind *ret_kind)
{
    hid_t type = H5Dget_type(dataset);
    H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    if (type >= 0)
        H5Tclose(type);
    *ret_kind = class == H5T_INTEGER ? COLLECTION_WHOLE
                : class == H5T_FLOAT ? COLLECTION_REAL
                                     : COLLECTION_TEXT;
    return class == H5T_INTEGER || class == H5T_FLOAT || class == H5T_STRING;
}

static bool read_shape(hid_t dataset, struct collection_var *var)
{
    hsize_t shape[COLLECTION_RANK_MAX];
    hid_t space = H5Dget_space(dataset);
    var->rank = space < 0 ? 0 : H5Sget_simple_extent_ndims(space);
    bool good = var->rank >= 1 && var->rank <= COLLECTION_RANK_MAX &&
                H5Sget_simple_extent_dims(space, shape, NULL) >= 0;
    if (space >= 0)
        H5Sclose(space);
    bool is_scale = good && H5DSis_scale(dataset) > 0;
    for (int d = 0; d < var->rank && good; d++) {
        var->shape[d] = shape[d];
        if (is_scale)
            snprintf(var->dims[d], sizeof(var->dims[d]), "%.*s", COLLECTION_NAME_BYTES - 1,
                     var->name);
        else
            H5DSiterate_scales(dataset, (unsigned)d, NULL, take_scale, var->dims[d]);
    }
    return good;
}

static void add_dataset(struct collection_reader *reader, const char *group, const char *name,
                        hid_t dataset)
{
    struct collection_var var = {0};
    snprintf(var.group, sizeof(var.group), "%s", group);
    snprintf(var.name, sizeof(var.name), "%s", name);
    read_text_attr(dataset, "units", var.units, sizeof(var.units));
    read_text_attr(dataset, "long_name", var.long_name, sizeof(var.long_name));
    if (!read_shape(dataset, &var) || !read_kind(dataset, &var.kind))
        return;
    struct collection_var *vars = realloc(reader->vars, (reader->count + 1) * sizeof(*vars));
    reader->out_of_memory |= vars == NULL;
    if (vars == NULL)
        return;
    reader->vars = vars;
    vars[reader->count++] = var;
}

struct walk {
    struct collection_reader *reader;
    const char *group;
};

static herr_t take_link(hid_t group, const char *name, const H5L_info_t *info, void *context)
{
    struct walk *walk = context;
    (void)info;
    hid_t object = H5Oopen(group, name, H5P_DEFAULT);
    H5I_type_t type = object < 0 ? H5I_BADID : H5Iget_type(object);
    if (type == H5I_DATASET)
        add_dataset(walk->reader, walk->group, name, object);
    if (object >= 0)
        H5Oclose(object);
    return 0;
}

/* In the order of writing, as far as that was kept. */
static bool take_group(struct collection_reader *reader, const char *path, const char *group)
{
    struct walk walk = {reader, group};
    if (H5Lexists(reader->file, path, H5P_DEFAULT) <= 0 && strcmp(path, "/") != 0)
        return true;
    hid_t opened = H5Gopen2(reader->file, path, H5P_DEFAULT);
    hsize_t at = 0;
    bool good =
        opened >= 0 &&
        (H5Literate(opened, H5_INDEX_CRT_ORDER, H5_ITER_INC, &at, take_link, &walk) >= 0 ||
         (at == 0 && H5Literate(opened, H5_INDEX_NAME, H5_ITER_INC, NULL, take_link, &walk) >= 0));
    if (opened >= 0)
        H5Gclose(opened);
    return good;
}

/* ---- opening */

static hid_t open_file(const char *path)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;
    if (access >= 0 && H5Pset_file_locking(access, false, true) >= 0)
        file = H5Fopen(path, H5F_ACC_RDONLY, access);
    if (access >= 0)
        H5Pclose(access);
    return file;
}

bool collection_read_is_one(const char *path)
{
    hid_t file = open_file(path);
    bool is_one = file >= 0 && H5Aexists(file, mark) > 0;
    if (file >= 0)
        H5Fclose(file);
    return is_one;
}

static enum sim_status open_all(struct collection_reader *reader, struct sim_error *err)
{
    bool sealed;
    enum sim_status status = seal_verify(reader->path, &sealed, err);
    if (status != SIM_OK)
        return status;
    reader->file = open_file(reader->path);
    if (reader->file < 0 || H5Aexists(reader->file, mark) <= 0)
        return SIM_FAIL(err, SIM_IO, "'%s' is not a study's collected file", reader->path);
    if (!reader_attr_all(reader->file, &reader->meta) || !take_group(reader, "/", "") ||
        !take_group(reader, "table", "table") || !take_group(reader, "sensitivity", "sensitivity"))
        return SIM_FAIL(err, SIM_IO, "cannot read '%s': damaged", reader->path);
    return reader->out_of_memory ? SIM_FAIL(err, SIM_MEMORY, "no memory to read '%s'", reader->path)
                                 : SIM_OK;
}

enum sim_status collection_read_open(const char *path, struct collection_reader **ret_reader,
                                     struct sim_error *err)
{
    struct collection_reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory to read '%s'", path);
    reader->file = -1;
    reader->path = strdup(path);
    meta_init(&reader->meta, 0, NULL);
    enum sim_status status = reader->path != NULL
                                 ? open_all(reader, err)
                                 : SIM_FAIL(err, SIM_MEMORY, "no memory to read '%s'", path);
    if (status == SIM_OK)
        *ret_reader = reader;
    else
        collection_read_free(reader);
    return status;
}

struct collection_reader *collection_read_free(struct collection_reader *reader)
{
    if (reader == NULL)
        return NULL;
    if (reader->file >= 0)
        H5Fclose(reader->file);
    meta_release(&reader->meta);
    free(reader->vars);
    free(reader->path);
    free(reader);
    return NULL;
}

/* ---- what there is */

const char *collection_read_path(const struct collection_reader *reader)
{
    return reader->path;
}

const char *collection_read_attr(const struct collection_reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->meta.attr_count; i++) {
        const struct attr *attr = &reader->meta.attrs[i];
        if (attr->scope == RECORD_ROOT && strcmp(attr->name, name) == 0 && attr->text != NULL)
            return attr->text;
    }
    return "";
}

size_t collection_read_count(const struct collection_reader *reader)
{
    return reader->count;
}

const struct collection_var *collection_read_var(const struct collection_reader *reader,
                                                 size_t index)
{
    SIM_ASSERT(index < reader->count);
    return &reader->vars[index];
}

const struct collection_var *collection_read_find(const struct collection_reader *reader,
                                                  const char *group, const char *name)
{
    for (size_t i = 0; i < reader->count; i++)
        if (strcmp(reader->vars[i].group, group) == 0 && strcmp(reader->vars[i].name, name) == 0)
            return &reader->vars[i];
    return NULL;
}

/* ---- values */

static bool read_numbers(const struct collection_reader *reader, const char *path, hid_t type,
                         void *values)
{
    hid_t dataset = H5Dopen2(reader->file, path, H5P_DEFAULT);
    bool good = dataset >= 0 && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    if (dataset >= 0)
        H5Dclose(dataset);
    return good;
}

enum sim_status collection_read_values(const struct collection_reader *reader,
                                       const struct collection_var *var,
                                       struct collection_values *ret_values, struct sim_error *err)
{
    char path[2 * COLLECTION_NAME_BYTES + 40];
    struct collection_values values = {.count = 1};
    for (int d = 0; d < var->rank; d++)
        values.count *= var->shape[d];
    snprintf(path, sizeof(path), "%s%s%s", var->group, *var->group != '\0' ? "/" : "", var->name);
    size_t bytes = var->kind == COLLECTION_TEXT ? sizeof(char *) : sizeof(double);
    void *block = calloc(values.count + 1, bytes);
    if (block == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory to read '%s'", var->name);
    bool good;
    if (var->kind == COLLECTION_WHOLE) {
        values.whole = block;
        good = read_numbers(reader, path, H5T_NATIVE_UINT64, block);
    } else if (var->kind == COLLECTION_REAL) {
        values.real = block;
        good = read_numbers(reader, path, H5T_NATIVE_DOUBLE, block);
    } else {
        values.texts = block;
        good = reader_attr_texts(reader->file, path, values.count, values.texts);
    }
    if (good) {
        *ret_values = values;
        return SIM_OK;
    }
    collection_values_release(&values);
    return SIM_FAIL(err, SIM_IO, "cannot read '%s' of '%s'", path, reader->path);
}

void collection_values_release(struct collection_values *values)
{
    for (size_t i = 0; values->texts != NULL && i < values->count; i++)
        free(values->texts[i]);
    free(values->whole);
    free(values->real);
    free(values->texts);
    *values = (struct collection_values){0};
}

double collection_values_number(const struct collection_values *values, size_t index)
{
    SIM_ASSERT(index < values->count);
    if (values->whole != NULL)
        return (double)values->whole[index];
    return values->real != NULL ? values->real[index] : NAN;
}

const char *collection_values_text(const struct collection_values *values, size_t index,
                                   char *ret_text, size_t size)
{
    SIM_ASSERT(index < values->count);
    if (values->texts != NULL)
        return values->texts[index];
    ret_text[0] = '\0';
    if (values->whole != NULL)
        snprintf(ret_text, size, "%" PRIu64, values->whole[index]);
    else if (!isnan(values->real[index]))
        reader_format_f64(values->real[index], ret_text, size);
    return ret_text;
}
