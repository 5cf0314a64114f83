#include "record/merge.h"

#include "record/folder.h"
#include "record/reader.h"
#include "record/writer.h"

/* Bytes of all variables of a dimension that are copied at once. */
enum { BLOCK_BYTES = 8 << 20 };

static uint64_t block_rows(const struct meta *meta, enum record_dim dim)
{
    uint64_t row_bytes = 1;
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++)
        if (record_var_info((enum record_var)v)->dim == dim)
            row_bytes += meta_row_bytes(meta, (enum record_var)v);
    return row_bytes > BLOCK_BYTES ? 1 : BLOCK_BYTES / row_bytes;
}

static enum sim_status copy_block(struct writer *writer, struct reader *reader, enum record_dim dim,
                                  uint64_t first, uint64_t count, struct sim_error *err)
{
    enum sim_status status = writer_grow(writer, dim, count, err);
    for (unsigned v = 0; v < RECORD_VAR_COUNT && status == SIM_OK; v++) {
        const struct record_var_info *info = record_var_info((enum record_var)v);
        if (info->dim != dim || writer->meta->skipped[v])
            continue;
        struct stage *stage = &writer->stage[v];
        size_t row_bytes = meta_row_bytes(writer->meta, (enum record_var)v);
        void *into = stage->bytes + (size_t)(stage->rows - count) * row_bytes;
        status = reader_read_typed(reader, (enum record_var)v, info->type, first, count, into, err);
    }
    return status == SIM_OK ? writer_flush(writer, dim, err) : status;
}

static enum sim_status copy_rows(struct writer *writer, struct reader *reader, enum record_dim dim,
                                 struct sim_error *err)
{
    uint64_t rows = reader_rows(reader, dim), block = block_rows(writer->meta, dim);
    enum sim_status status = SIM_OK;
    for (uint64_t first = 0; first < rows && status == SIM_OK; first += block) {
        uint64_t count = rows - first < block ? rows - first : block;
        status = copy_block(writer, reader, dim, first, count, err);
    }
    return status;
}

enum sim_status merge_segments(const char *folder, uint32_t segment_count, const struct meta *meta,
                               struct sim_error *err)
{
    static const uint64_t no_rows[RECORD_DIM_COUNT];
    struct folder_path path;
    struct reader *reader = NULL;
    struct writer writer;
    enum sim_status status = folder_path_of(folder, "result.h5", &path, err);
    if (status == SIM_OK)
        status = writer_init(&writer, meta, path.text, no_rows, err);
    if (status != SIM_OK)
        return status;
    if (segment_count > 0)
        status = reader_open_segments(folder, segment_count, &reader, err);
    for (unsigned d = 0; d < RECORD_DIM_COUNT && status == SIM_OK && reader != NULL; d++)
        writer.final_rows[d] = reader_rows(reader, (enum record_dim)d);
    for (unsigned d = 0; d < RECORD_DIM_COUNT && status == SIM_OK && reader != NULL; d++)
        if (record_dim_info((enum record_dim)d)->growth == RECORD_GROWS)
            status = copy_rows(&writer, reader, (enum record_dim)d, err);
    if (status == SIM_OK)
        status = writer_close(&writer, err);
    reader_free(reader);
    writer_release(&writer);
    return status;
}
