#include "record/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/layout.h"
#include "record/seal.h"

/* Elements of a chunk: large enough to compress, small enough to read one row. */
enum { CHUNK_ELEMENTS = 32768, CHUNK_ROWS_MAX = 256, ENTRY_CHUNK = 16384 };

static uint64_t full_chunk_rows(const struct meta *meta, enum record_var var)
{
    enum record_dim dim = record_var_info(var)->dim;
    if (dim == RECORD_DIM_CALL_ENTRY || dim == RECORD_DIM_STATE_ENTRY ||
        dim == RECORD_DIM_WEIGHT_ENTRY || dim == RECORD_DIM_BOND_ENTRY)
        return ENTRY_CHUNK;
    if (record_var_info(var)->width == RECORD_DIM_NONE)
        return WRITER_COLUMN_CHUNK;
    uint64_t rows = CHUNK_ELEMENTS / meta_width(meta, var);
    return rows < 1 ? 1 : rows > CHUNK_ROWS_MAX ? CHUNK_ROWS_MAX : rows;
}

uint64_t writer_chunk_rows(const struct writer *writer, enum record_var var)
{
    uint64_t full = full_chunk_rows(writer->meta, var);
    uint64_t final = writer->final_rows[record_var_info(var)->dim];
    return final > 0 && final < full ? final : full;
}

static char *path_with(const char *path, const char *ending)
{
    size_t size = strlen(path) + strlen(ending) + 1;
    char *text = malloc(size);
    if (text != NULL)
        snprintf(text, size, "%s%s", path, ending);
    return text;
}

enum sim_status writer_init(struct writer *writer, const struct meta *meta, const char *path,
                            const uint64_t base_rows[RECORD_DIM_COUNT], struct sim_error *err)
{
    *writer = (struct writer){.meta = meta, .driver = -1, .file = -1, .step = "", .item = ""};
    memcpy(writer->base_rows, base_rows, sizeof(writer->base_rows));
    for (int d = 0; d < RECORD_DIM_COUNT; d++)
        writer->scale[d] = -1;
    for (int v = 0; v < RECORD_VAR_COUNT; v++)
        writer->var[v] = -1;
    writer->path = path_with(path, "");
    writer->path_aside = path_with(path, ".part");
    if (writer->path == NULL || writer->path_aside == NULL) {
        writer_release(writer);
        return SIM_FAIL(err, SIM_MEMORY, "recorder: out of memory");
    }
    return SIM_OK;
}

/* Gives every HDF5 object back; false when the library could not. */
static bool close_objects(struct writer *writer)
{
    bool good = true;
    for (int v = 0; v < RECORD_VAR_COUNT; v++)
        if (writer->var[v] >= 0)
            good &= H5Dclose(writer->var[v]) >= 0, writer->var[v] = -1;
    for (int d = 0; d < RECORD_DIM_COUNT; d++)
        if (writer->scale[d] >= 0)
            good &= H5Dclose(writer->scale[d]) >= 0, writer->scale[d] = -1;
    if (writer->file >= 0)
        good &= H5Fclose(writer->file) >= 0, writer->file = -1;
    if (writer->driver >= 0)
        good &= H5FDunregister(writer->driver) >= 0, writer->driver = -1;
    return good;
}

void writer_release(struct writer *writer)
{
    close_objects(writer);
    if (writer->created && writer->path_aside != NULL)
        unlink(writer->path_aside);
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++)
        meta_stage_release(&writer->stage[v], (enum record_var)v);
    free(writer->path);
    free(writer->path_aside);
    *writer = (struct writer){.driver = -1, .file = -1};
    for (int d = 0; d < RECORD_DIM_COUNT; d++)
        writer->scale[d] = -1;
    for (int v = 0; v < RECORD_VAR_COUNT; v++)
        writer->var[v] = -1;
}

static enum sim_status writer_fail(const struct writer *writer, struct sim_error *err)
{
    const char *cause =
        writer->trouble.error != 0 ? strerror(writer->trouble.error) : "the HDF5 library refused";
    return SIM_FAIL(err, SIM_IO, "result '%s': cannot %s%s%s: %s", writer->path_aside, writer->step,
                    writer->item[0] != '\0' ? " " : "", writer->item, cause);
}

static enum sim_status ensure_created(struct writer *writer, struct sim_error *err)
{
    if (writer->created)
        return SIM_OK;
    writer->created = true;
    if (!layout_create(writer) || writer->trouble.error != 0)
        return writer_fail(writer, err);
    return SIM_OK;
}

enum sim_status writer_grow(struct writer *writer, enum record_dim dim, uint64_t count,
                            struct sim_error *err)
{
    SIM_ASSERT(record_dim_info(dim)->growth == RECORD_GROWS);
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        if (record_var_info((enum record_var)v)->dim != dim || writer->meta->skipped[v])
            continue;
        enum sim_status status =
            meta_stage_grow(&writer->stage[v], writer->meta, (enum record_var)v, count, err);
        if (status != SIM_OK)
            return status;
    }
    writer->rows[dim] += count;
    return SIM_OK;
}

/* Moves the first `rows` rows of a stage into the file. */
static enum sim_status write_rows(struct writer *writer, enum record_var var, uint64_t rows,
                                  struct sim_error *err)
{
    writer->step = "write";
    writer->item = record_var_info(var)->name;
    if (!layout_write(writer, var, writer->written[var], rows, writer->stage[var].bytes) ||
        writer->trouble.error != 0)
        return writer_fail(writer, err);
    writer->written[var] += rows;
    meta_stage_drop(&writer->stage[var], writer->meta, var, rows);
    return SIM_OK;
}

enum sim_status writer_flush(struct writer *writer, enum record_dim dim, struct sim_error *err)
{
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        enum record_var var = (enum record_var)v;
        if (record_var_info(var)->dim != dim || writer->meta->skipped[v])
            continue;
        uint64_t chunk = writer_chunk_rows(writer, var);
        uint64_t rows = writer->stage[v].rows / chunk * chunk;
        if (rows == 0)
            continue;
        enum sim_status status = ensure_created(writer, err);
        if (status == SIM_OK)
            status = write_rows(writer, var, rows, err);
        if (status != SIM_OK)
            return status;
    }
    return SIM_OK;
}

enum sim_status writer_close(struct writer *writer, struct sim_error *err)
{
    if (!writer->created)
        memcpy(writer->final_rows, writer->rows, sizeof(writer->final_rows));
    enum sim_status status = ensure_created(writer, err);
    for (unsigned v = 0; v < RECORD_VAR_COUNT && status == SIM_OK; v++)
        if (writer->stage[v].rows > 0)
            status = write_rows(writer, (enum record_var)v, writer->stage[v].rows, err);
    if (status != SIM_OK)
        return status;

    bool good = layout_finish(writer);
    if (good) {
        writer->step = "close", writer->item = "";
        good = close_objects(writer);
    }
    if (!good || writer->trouble.error != 0)
        return writer_fail(writer, err);
    status = seal_publish(writer->path_aside, writer->path, err);
    if (status == SIM_OK)
        writer->created = false; /* nothing aside any more */
    return status;
}
