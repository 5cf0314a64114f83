/*
 * save.c: what a probe carries from one row to the next.
 *
 *   saved: hotkey_row, row_digest, registrations, evictions, paid_rao, last_event_count,
 *          summary
 *   made again by probe_create: params, wiring, uid_count, first_group, group_strategy,
 *                                 group_model
 *   scratch, filled before each use: model_loss_nats, column, csr_*
 */
#include "probe/state.h"

_Static_assert(sizeof(struct probe) == 264, "a new field of probe: save it?");
_Static_assert(sizeof(struct probe_summary) == 40, "a new field of probe_summary: save it?");

void probe_save(const struct probe *probe, struct buffer *buffer)
{
    uint32_t count = agents_count(probe->wiring.agents);
    const struct probe_summary *summary = &probe->summary;
    buffer_put_tag(buffer, "probe");
    buffer_put_u32(buffer, count);
    for (uint32_t n = 0; n < count; n++)
        buffer_put_u32(buffer, probe->hotkey_row[n]);
    for (uint32_t uid = 0; uid < probe->uid_count; uid++)
        buffer_put_u64(buffer, probe->row_digest[uid]);
    buffer_put_u32(buffer, probe->registrations);
    buffer_put_u32(buffer, probe->evictions);
    buffer_put_u64(buffer, probe->paid_rao);
    buffer_put_u64(buffer, probe->last_event_count);
    buffer_put_u32(buffer, summary->epoch_count);
    buffer_put_f64(buffer, summary->loss_median_nats);
    buffer_put_f64(buffer, summary->attacker_share);
    buffer_put_u32(buffer, summary->peers);
    buffer_put_u64(buffer, summary->difficulty);
}

enum sim_status probe_load(struct probe *probe, struct buffer_reader *reader, struct sim_error *err)
{
    uint32_t count = agents_count(probe->wiring.agents);
    struct probe_summary *summary = &probe->summary;
    buffer_get_tag(reader, "probe");
    if (buffer_get_u32(reader) != count)
        buffer_reader_fail(reader);
    for (uint32_t n = 0; n < count && !reader->failed; n++)
        probe->hotkey_row[n] = buffer_get_u32(reader);
    for (uint32_t uid = 0; uid < probe->uid_count && !reader->failed; uid++)
        probe->row_digest[uid] = buffer_get_u64(reader);
    probe->registrations = buffer_get_u32(reader);
    probe->evictions = buffer_get_u32(reader);
    probe->paid_rao = buffer_get_u64(reader);
    probe->last_event_count = buffer_get_u64(reader);
    summary->epoch_count = buffer_get_u32(reader);
    summary->loss_median_nats = buffer_get_f64(reader);
    summary->attacker_share = buffer_get_f64(reader);
    summary->peers = buffer_get_u32(reader);
    summary->difficulty = buffer_get_u64(reader);
    return buffer_reader_status(reader, err);
}
