#include "record/collection.h"

#include <hdf5.h>
#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/file_driver.h"
#include "record/h5type.h"
#include "record/seal.h"

enum { CHUNK_ELEMENTS = 32768, DEFLATE_LEVEL = 4, ITEMS_MAX = 4096 };

struct dim {
    hid_t scale;
    uint64_t length;
};

struct var {
    hid_t dataset;
    enum record_type type;
    int rank;
};

struct collection {
    char *path, *path_aside; /* owned */
    struct file_trouble trouble;
    hid_t driver, file;
    struct dim *dims; /* (dim_count), owned */
    struct var *vars; /* (var_count), owned */
    int dim_count, var_count;
    bool created, failed;
    char step[COLLECTION_NAME_BYTES + 32];
};

/* Notes what is being done, for the message; false when something failed before. */
static bool begin(struct collection *collection, const char *step, const char *name)
{
    if (!collection->failed)
        snprintf(collection->step, sizeof(collection->step), "%s %s", step, name);
    return !collection->failed;
}

static void end(struct collection *collection, bool good)
{
    collection->failed |= !good || collection->trouble.error != 0;
}

/* ---- opening and closing */

static hid_t open_file(struct collection *collection, bool is_virtual)
{
    unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), creation = H5Pcreate(H5P_FILE_CREATE), file = -1;
    collection->driver = file_driver_register();
    if (collection->driver >= 0 && access >= 0 && creation >= 0 &&
        file_driver_use(access, collection->driver, &collection->trouble) >= 0 &&
        H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST,
                             is_virtual ? H5F_LIBVER_V110 : H5F_LIBVER_V18) >= 0 &&
        H5Pset_link_creation_order(creation, order) >= 0 &&
        H5Pset_attr_creation_order(creation, order) >= 0 &&
        H5Pset_obj_track_times(creation, false) >= 0)
        file = H5Fcreate(collection->path_aside, H5F_ACC_TRUNC, creation, access);
    if (creation >= 0)
        H5Pclose(creation);
    if (access >= 0)
        H5Pclose(access);
    return file;
}

enum sim_status collection_create(const char *path, bool is_virtual,
                                  struct collection **ret_collection, struct sim_error *err)
{
    struct collection *collection = calloc(1, sizeof(*collection));
    size_t bytes = strlen(path) + 6;
    if (collection != NULL) {
        *collection = (struct collection){.path = strdup(path),
                                          .path_aside = malloc(bytes),
                                          .dims = calloc(ITEMS_MAX, sizeof(struct dim)),
                                          .vars = calloc(ITEMS_MAX, sizeof(struct var)),
                                          .driver = -1,
                                          .file = -1};
    }
    if (collection == NULL || collection->path == NULL || collection->path_aside == NULL ||
        collection->dims == NULL || collection->vars == NULL) {
        collection_free(collection);
        return SIM_FAIL(err, SIM_MEMORY, "no memory to write '%s'", path);
    }
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    snprintf(collection->path_aside, bytes, "%s.part", path);
    collection->file = open_file(collection, is_virtual);
    collection->created = collection->file >= 0;
    if (!collection->created) {
        enum sim_status status =
            SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", path,
                     collection->trouble.error != 0 ? strerror(collection->trouble.error)
                                                    : "the HDF5 library refused");
        collection_free(collection);
        return status;
    }
    *ret_collection = collection;
    return SIM_OK;
}

static bool close_objects(struct collection *collection)
{
    bool good = true;
    for (int v = 0; v < collection->var_count; v++)
        good &= collection->vars[v].dataset < 0 || H5Dclose(collection->vars[v].dataset) >= 0;
    for (int d = 0; d < collection->dim_count; d++)
        good &= collection->dims[d].scale < 0 || H5Dclose(collection->dims[d].scale) >= 0;
    collection->var_count = collection->dim_count = 0;
    if (collection->file >= 0)
        good &= H5Fclose(collection->file) >= 0;
    if (collection->driver >= 0)
        good &= H5FDunregister(collection->driver) >= 0;
    collection->file = collection->driver = -1;
    return good;
}

struct collection *collection_free(struct collection *collection)
{
    if (collection == NULL)
        return NULL;
    close_objects(collection);
    if (collection->created)
        unlink(collection->path_aside);
    free(collection->path);
    free(collection->path_aside);
    free(collection->dims);
    free(collection->vars);
    free(collection);
    return NULL;
}

enum sim_status collection_close(struct collection *collection, struct sim_error *err)
{
    if (begin(collection, "close", "the file"))
        end(collection, close_objects(collection));
    if (collection->failed)
        return SIM_FAIL(err, SIM_IO, "collection '%s': cannot %s: %s", collection->path_aside,
                        collection->step,
                        collection->trouble.error != 0 ? strerror(collection->trouble.error)
                                                       : "the HDF5 library refused");
    enum sim_status status = seal_publish(collection->path_aside, collection->path, err);
    collection->created = status != SIM_OK;
    return status;
}

/* ---- attributes */

static bool put_attr(hid_t object, const char *name, hid_t type, bool is_scalar, const void *value)
{
    hsize_t one = 1;
    hid_t space = is_scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &one, NULL);
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
    bool good = type >= 0 && put_attr(object, name, type, true, &text);
    if (type >= 0)
        H5Tclose(type);
    return good;
}

static bool describe(hid_t dataset, const char *units, const char *long_name)
{
    return put_text_attr(dataset, "long_name", long_name) &&
           (*units == '\0' || put_text_attr(dataset, "units", units));
}

void collection_attr_text(struct collection *collection, const char *name, const char *text)
{
    if (begin(collection, "write attribute", name))
        end(collection, put_text_attr(collection->file, name, text));
}

void collection_attr_u64(struct collection *collection, const char *name, uint64_t value)
{
    if (begin(collection, "write attribute", name))
        end(collection, put_attr(collection->file, name, H5T_NATIVE_UINT64, true, &value));
}

/* ---- objects */

static void path_of(char *path, size_t bytes, const char *group, const char *name)
{
    snprintf(path, bytes, "%s%s%s", group, group[0] != '\0' ? "/" : "", name);
}

static bool ensure_group(struct collection *collection, const char *name)
{
    unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    if (*name == '\0' || H5Lexists(collection->file, name, H5P_DEFAULT) > 0)
        return true;
    hid_t properties = H5Pcreate(H5P_GROUP_CREATE), group = -1;
    if (properties >= 0 && H5Pset_link_creation_order(properties, order) >= 0 &&
        H5Pset_attr_creation_order(properties, order) >= 0 &&
        H5Pset_obj_track_times(properties, false) >= 0)
        group = H5Gcreate2(collection->file, name, H5P_DEFAULT, properties, H5P_DEFAULT);
    if (properties >= 0)
        H5Pclose(properties);
    return group >= 0 && H5Gclose(group) >= 0;
}

static hid_t type_of(enum record_type type)
{
    return type == RECORD_TEXT ? h5type_text() : H5Tcopy(h5type_file(type));
}

static hid_t memory_type_of(enum record_type type)
{
    return type == RECORD_TEXT ? h5type_text() : H5Tcopy(h5type_memory(type));
}

static bool set_fill(hid_t properties, enum record_type type)
{
    const double nothing = NAN;
    if (type != RECORD_F32 && type != RECORD_F64)
        return true;
    return H5Pset_fill_value(properties, H5T_NATIVE_DOUBLE, &nothing) >= 0;
}

/* Small arrays lie in one piece; large ones in blocks of their last dimensions.  Texts take no
 * filters. */
static bool set_chunks(hid_t properties, int rank, const hsize_t *shape, enum record_type type)
{
    hsize_t chunk[COLLECTION_RANK_MAX], elements = 1;
    if (type == RECORD_TEXT)
        return true;
    for (int d = rank; d-- > 0;) {
        hsize_t room = CHUNK_ELEMENTS / elements;
        chunk[d] = shape[d] < room ? shape[d] : room;
        if (chunk[d] == 0)
            chunk[d] = 1;
        elements *= chunk[d];
    }
    return H5Pset_chunk(properties, rank, chunk) >= 0 && H5Pset_shuffle(properties) >= 0 &&
           H5Pset_deflate(properties, DEFLATE_LEVEL) >= 0 && H5Pset_fletcher32(properties) >= 0;
}

static hid_t create_properties(enum record_type type)
{
    unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    if (properties >= 0 &&
        (H5Pset_obj_track_times(properties, false) < 0 ||
         H5Pset_attr_creation_order(properties, order) < 0 || !set_fill(properties, type))) {
        H5Pclose(properties);
        properties = -1;
    }
    return properties;
}

static hid_t create_dataset(struct collection *collection, const char *path, enum record_type type,
                            int rank, const hsize_t *shape, hid_t properties)
{
    hid_t file_type = type_of(type), space = H5Screate_simple(rank, shape, NULL), dataset = -1;
    if (properties >= 0 && file_type >= 0 && space >= 0)
        dataset = H5Dcreate2(collection->file, path, file_type, space, H5P_DEFAULT, properties,
                             H5P_DEFAULT);
    if (space >= 0)
        H5Sclose(space);
    if (file_type >= 0)
        H5Tclose(file_type);
    return dataset;
}

static bool write_all(hid_t dataset, enum record_type type, const void *values)
{
    hid_t memory = memory_type_of(type);
    bool good =
        memory >= 0 && H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    if (memory >= 0)
        H5Tclose(memory);
    return good;
}

static int add_dim(struct collection *collection, const char *group, const char *name,
                   uint64_t length, enum record_type type, const void *values,
                   const char *long_name)
{
    char path[2 * COLLECTION_NAME_BYTES];
    hsize_t shape = length;
    SIM_ASSERT(collection->dim_count < ITEMS_MAX);
    int index = collection->dim_count;
    if (!begin(collection, "create dimension", name))
        return index;
    path_of(path, sizeof(path), group, name);
    hid_t properties = create_properties(type), scale = -1;
    if (ensure_group(collection, group))
        scale = create_dataset(collection, path, type, 1, &shape, properties);
    if (properties >= 0)
        H5Pclose(properties);
    collection->dims[index] = (struct dim){scale, length};
    collection->dim_count++;
    end(collection, scale >= 0 && (length == 0 || write_all(scale, type, values)) &&
                        H5DSset_scale(scale, name) >= 0 && describe(scale, "", long_name));
    return index;
}

int collection_dim(struct collection *collection, const char *group, const char *name,
                   uint64_t length, const int64_t *values, const char *long_name)
{
    if (values != NULL)
        return add_dim(collection, group, name, length, RECORD_I64, values, long_name);
    int64_t *counted = calloc(length + 1, sizeof(*counted));
    for (uint64_t i = 0; i < length && counted != NULL; i++)
        counted[i] = (int64_t)i;
    collection->failed |= counted == NULL;
    int index = add_dim(collection, group, name, length, RECORD_I64, counted, long_name);
    free(counted);
    return index;
}

int collection_dim_text(struct collection *collection, const char *group, const char *name,
                        uint64_t length, const char *const *values, const char *long_name)
{
    return add_dim(collection, group, name, length, RECORD_TEXT, values, long_name);
}

static bool attach(struct collection *collection, hid_t dataset, const struct collection_spec *spec)
{
    const double nothing = NAN;
    const float nothing_f32 = NAN;
    for (int d = 0; d < spec->rank; d++)
        if (H5DSattach_scale(dataset, collection->dims[spec->dims[d]].scale, (unsigned)d) < 0)
            return false;
    if (spec->type == RECORD_F64 &&
        !put_attr(dataset, "_FillValue", H5T_NATIVE_DOUBLE, false, &nothing))
        return false;
    if (spec->type == RECORD_F32 &&
        !put_attr(dataset, "_FillValue", H5T_NATIVE_FLOAT, false, &nothing_f32))
        return false;
    return describe(dataset, spec->units, spec->long_name);
}

/* A variable with these properties, which are closed. */
static int add_var(struct collection *collection, const struct collection_spec *spec,
                   hid_t properties)
{
    char path[2 * COLLECTION_NAME_BYTES];
    hsize_t shape[COLLECTION_RANK_MAX];
    int index = collection->var_count;
    SIM_ASSERT(index < ITEMS_MAX && spec->rank >= 1 && spec->rank <= COLLECTION_RANK_MAX);
    for (int d = 0; d < spec->rank; d++)
        shape[d] = collection->dims[spec->dims[d]].length;
    path_of(path, sizeof(path), spec->group, spec->name);
    hid_t dataset = create_dataset(collection, path, spec->type, spec->rank, shape, properties);
    if (properties >= 0)
        H5Pclose(properties);
    collection->vars[index] = (struct var){dataset, spec->type, spec->rank};
    collection->var_count++;
    end(collection, dataset >= 0 && attach(collection, dataset, spec));
    return index;
}

int collection_var(struct collection *collection, const struct collection_spec *spec)
{
    hsize_t shape[COLLECTION_RANK_MAX];
    if (!begin(collection, "create variable", spec->name))
        return collection->var_count;
    hid_t properties = create_properties(spec->type);
    for (int d = 0; d < spec->rank; d++)
        shape[d] = collection->dims[spec->dims[d]].length;
    end(collection, properties >= 0 && set_chunks(properties, spec->rank, shape, spec->type));
    return add_var(collection, spec, properties);
}

void collection_put(struct collection *collection, int var, const uint64_t *start,
                    const uint64_t *count, const void *values)
{
    hsize_t from[COLLECTION_RANK_MAX], extent[COLLECTION_RANK_MAX], elements = 1;
    if (!begin(collection, "write", "values"))
        return;
    const struct var *to = &collection->vars[var];
    for (int d = 0; d < to->rank; d++) {
        from[d] = start[d];
        extent[d] = count[d];
        elements *= count[d];
    }
    if (elements == 0)
        return;
    hid_t memory = memory_type_of(to->type), space = H5Screate_simple(to->rank, extent, NULL);
    hid_t file_space = H5Dget_space(to->dataset);
    end(collection,
        memory >= 0 && space >= 0 && file_space >= 0 &&
            H5Sselect_hyperslab(file_space, H5S_SELECT_SET, from, NULL, extent, NULL) >= 0 &&
            H5Dwrite(to->dataset, memory, space, file_space, H5P_DEFAULT, values) >= 0);
    if (file_space >= 0)
        H5Sclose(file_space);
    if (space >= 0)
        H5Sclose(space);
    if (memory >= 0)
        H5Tclose(memory);
}

static bool map_source(hid_t properties, hid_t space, int rank, int source_rank,
                       const char *var_path, const struct collection_source *source)
{
    hsize_t start[COLLECTION_RANK_MAX], count[COLLECTION_RANK_MAX];
    for (int d = 0; d < rank; d++) {
        start[d] = source->start[d];
        count[d] = source->count[d];
    }
    hid_t from = H5Screate_simple(source_rank, count + rank - source_rank, NULL);
    bool good = from >= 0 &&
                H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                H5Pset_virtual(properties, space, source->file, var_path, from) >= 0;
    if (from >= 0)
        H5Sclose(from);
    return good;
}

int collection_virtual(struct collection *collection, const struct collection_spec *spec,
                       const char *var_path, int source_rank,
                       const struct collection_source *sources, size_t source_count)
{
    hsize_t shape[COLLECTION_RANK_MAX];
    if (!begin(collection, "create virtual variable", spec->name))
        return collection->var_count;
    for (int d = 0; d < spec->rank; d++)
        shape[d] = collection->dims[spec->dims[d]].length;
    hid_t properties = create_properties(spec->type);
    hid_t space = H5Screate_simple(spec->rank, shape, NULL);
    bool good = properties >= 0 && space >= 0;
    for (size_t s = 0; s < source_count && good; s++)
        good = map_source(properties, space, spec->rank, source_rank, var_path, &sources[s]);
    if (space >= 0)
        H5Sclose(space);
    end(collection, good);
    return add_var(collection, spec, properties);
}
