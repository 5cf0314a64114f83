/* The helpers of record.h that fill several columns at once. */
#include "record/record.h"

#include <stdlib.h>

enum sim_status record_event(struct record *record, const struct record_event *event,
                             struct sim_error *err)
{
    enum sim_status status = record_rows_begin(record, RECORD_DIM_EVENT, 1, err);
    if (status != SIM_OK)
        return status;
    uint8_t kind = (uint8_t)event->kind;
    record_put(record, RECORD_EVENT_TIME_NS, &event->time_ns, 1);
    record_put(record, RECORD_EVENT_BLOCK, &event->block, 1);
    record_put(record, RECORD_EVENT_NETUID, &event->netuid, 1);
    record_put(record, RECORD_EVENT_KIND, &kind, 1);
    record_put(record, RECORD_EVENT_UID, &event->uid, 1);
    record_put(record, RECORD_EVENT_HOTKEY, &event->hotkey_id, 1);
    record_put(record, RECORD_EVENT_OWNER, &event->owner_id, 1);
    record_put(record, RECORD_EVENT_OTHER, &event->other_hotkey_id, 1);
    record_put(record, RECORD_EVENT_AMOUNT_RAO, &event->amount_rao, 1);
    record_put(record, RECORD_EVENT_VALUE, &event->value, 1);
    return record_rows_end(record, RECORD_DIM_EVENT, err);
}

enum sim_status record_set_weights(struct record *record, const struct record_call *call,
                                   struct sim_error *err)
{
    int64_t entry_start = (int64_t)record_row_count(record, RECORD_DIM_CALL_ENTRY);
    enum sim_status status = record_rows_begin(record, RECORD_DIM_CALL, 1, err);
    if (status != SIM_OK)
        return status;
    record_put(record, RECORD_CALL_BLOCK, &call->block, 1);
    record_put(record, RECORD_CALL_TIME_NS, &call->time_ns, 1);
    record_put(record, RECORD_CALL_NETUID, &call->netuid, 1);
    record_put(record, RECORD_CALL_UID, &call->uid, 1);
    record_put(record, RECORD_CALL_HOTKEY, &call->hotkey_id, 1);
    record_put(record, RECORD_CALL_ENTRY_START, &entry_start, 1);
    record_put(record, RECORD_CALL_ENTRY_COUNT, &call->entry_count, 1);
    record_put(record, RECORD_CALL_AGE, &call->age_blocks, 1);
    status = record_rows_end(record, RECORD_DIM_CALL, err);
    if (status != SIM_OK || call->entry_count == 0)
        return status;
    status = record_rows_begin(record, RECORD_DIM_CALL_ENTRY, call->entry_count, err);
    if (status != SIM_OK)
        return status;
    record_put(record, RECORD_CALL_TARGET, call->target, call->entry_count);
    record_put(record, RECORD_CALL_VALUE, call->value, call->entry_count);
    return record_rows_end(record, RECORD_DIM_CALL_ENTRY, err);
}

/* Which columns a snapshot of weights, or of bonds, goes to. */
struct snapshot_columns {
    enum record_dim snapshot, edge, entry;
    enum record_var epoch_row, block, netuid, start, count, row, target;
};

/* The rows of a smaller network are followed by empty ones, which start where the last ends. */
static enum sim_status put_edges(struct record *record, const struct snapshot_columns *columns,
                                 const struct record_csr *csr, struct sim_error *err)
{
    uint64_t edge_count = record_row_count(record, columns->edge);
    int64_t *edges = malloc(edge_count * sizeof(*edges));
    if (edges == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "recorder: out of memory for a snapshot");
    for (uint64_t i = 0; i < edge_count; i++)
        edges[i] = (int64_t)csr->row_start[i < csr->row_count ? i : csr->row_count];
    record_put(record, columns->row, edges, edge_count);
    free(edges);
    return SIM_OK;
}

static enum sim_status put_row_starts(struct record *record, const struct snapshot_columns *columns,
                                      const struct record_csr *csr, struct sim_error *err)
{
    int64_t start = (int64_t)record_row_count(record, columns->entry);
    int64_t count = (int64_t)csr->row_start[csr->row_count];
    uint64_t epochs = record_row_count(record, RECORD_DIM_EPOCH);
    int64_t epoch_row = epochs > 0 ? (int64_t)epochs - 1 : 0;
    enum sim_status status = record_rows_begin(record, columns->snapshot, 1, err);
    if (status != SIM_OK)
        return status;
    record_put(record, columns->epoch_row, &epoch_row, 1);
    record_put(record, columns->block, &csr->block, 1);
    record_put(record, columns->netuid, &csr->netuid, 1);
    record_put(record, columns->start, &start, 1);
    record_put(record, columns->count, &count, 1);
    return put_edges(record, columns, csr, err);
}

static enum sim_status put_snapshot(struct record *record, const struct snapshot_columns *columns,
                                    const struct record_csr *csr, enum record_var value_var,
                                    enum record_type type, const void *value, struct sim_error *err)
{
    SIM_ASSERT(csr->row_start[0] == 0 && csr->row_count < record_row_count(record, columns->edge));
    uint64_t count = csr->row_start[csr->row_count];
    enum sim_status status = put_row_starts(record, columns, csr, err);
    if (status == SIM_OK)
        status = record_rows_end(record, columns->snapshot, err);
    if (status != SIM_OK || count == 0)
        return status;
    status = record_rows_begin(record, columns->entry, count, err);
    if (status != SIM_OK)
        return status;
    record_put(record, columns->target, csr->target, count);
    record_put_typed(record, value_var, type, value, count);
    return record_rows_end(record, columns->entry, err);
}

enum sim_status record_weights(struct record *record, const struct record_csr *csr,
                               const uint32_t *value, struct sim_error *err)
{
    static const struct snapshot_columns columns = {
        RECORD_DIM_WEIGHT_SNAPSHOT, RECORD_DIM_WEIGHT_EDGE, RECORD_DIM_WEIGHT_ENTRY,
        RECORD_WEIGHT_EPOCH_ROW,    RECORD_WEIGHT_BLOCK,    RECORD_WEIGHT_NETUID,
        RECORD_WEIGHT_START,        RECORD_WEIGHT_COUNT,    RECORD_WEIGHT_ROW,
        RECORD_WEIGHT_TARGET};
    return put_snapshot(record, &columns, csr, RECORD_WEIGHT_VALUE, RECORD_U32, value, err);
}

enum sim_status record_bonds(struct record *record, const struct record_csr *csr,
                             const uint64_t *value, struct sim_error *err)
{
    static const struct snapshot_columns columns = {RECORD_DIM_BOND_SNAPSHOT, RECORD_DIM_BOND_EDGE,
                                                    RECORD_DIM_BOND_ENTRY,    RECORD_BOND_EPOCH_ROW,
                                                    RECORD_BOND_BLOCK,        RECORD_BOND_NETUID,
                                                    RECORD_BOND_START,        RECORD_BOND_COUNT,
                                                    RECORD_BOND_ROW,          RECORD_BOND_TARGET};
    return put_snapshot(record, &columns, csr, RECORD_BOND_VALUE, RECORD_U64, value, err);
}
