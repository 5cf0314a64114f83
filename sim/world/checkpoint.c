/*
 * checkpoint.c: a world between two events as a file, and back.
 *
 * When one is written decides wall time, so writing may change nothing: open jobs are run to their
 * end (their outputs stay unseen), state is read, the recorder's segment ends.  A world is resumed
 * by building it as a new one, with each layer's state put in place of its first step.
 *
 *   run     version, scenario's hash, kernel, corpus, simulated time; how far the recorder had
 * come; probe events  the queue; the loop's digest and counts chain, net (with the faults, if there
 * are any), agents models  one behind the other, each through the same small buffer; last, since it
 * is large
 */
#include "world/state.h"

#include <stdio.h>
#include <string.h>

/* At most 1/20 of the time goes into checkpoints; none is lost work of more than about 5 s when
 * they are cheap. */
static const double interval_min_s = 5, interval_costs = 20;

/* The same in all checkpoints: what must be equal is in the section "run", to name what is not. */
enum { RUN_HASH = 0x7461 };

enum { TEXT_BYTES = 128 };

/* ---- writing */

bool world_checkpoint_due(const struct world *world)
{
    if (world->setup.checkpoint_each_epoch)
        return true;
    double interval_s = interval_costs * world->checkpoint_cost_s;
    if (interval_s < interval_min_s)
        interval_s = interval_min_s;
    return provenance_wall_s() - world->checkpoint_end_s >= interval_s;
}

/* What the text was, since files may change under their names: ret_text holds TEXT_BYTES. */
static const char *corpus_text_of(const struct world *world, char *ret_text)
{
    const struct world_setup *setup = &world->setup;
    uint64_t value;
    if (setup->networks == NULL) {
        value = setup->agents.corpus->digest;
    } else {
        struct digest all;
        digest_init(&all);
        for (uint32_t n = 0; n < setup->network_count; n++)
            digest_u64(&all, setup->networks[n].agents.corpus->digest);
        value = digest_value(&all);
    }
    snprintf(ret_text, TEXT_BYTES, "%016llx", (unsigned long long)value);
    return ret_text;
}

static void put_run(struct world *world, const struct record_mark *mark, struct buffer *buffer)
{
    char corpus[TEXT_BYTES];
    buffer_put_string(buffer, world->setup.version);
    buffer_put_string(buffer, world->setup.scenario_sha256);
    buffer_put_string(buffer, world->setup.kernel);
    buffer_put_string(buffer, corpus_text_of(world, corpus));
    buffer_put_i64(buffer, evq_now_ns(world->queue));
    buffer_put_u64(buffer, world->applied);
    buffer_put_u32(buffer, mark->segment_count);
    buffer_put_u32(buffer, RECORD_DIM_COUNT);
    for (int dim = 0; dim < RECORD_DIM_COUNT; dim++)
        buffer_put_u64(buffer, mark->rows[dim]);
    for (uint32_t s = 0; s < world->subnet_count; s++)
        probe_save(world->subnets[s].probe, buffer);
}

/* Moves what the buffer holds into the open section. */
static enum sim_status flush(struct world *world, struct checkpoint_writer *writer,
                             struct sim_error *err)
{
    enum sim_status status = buffer_status(&world->buffer, err);
    if (status == SIM_OK)
        checkpoint_put(writer, world->buffer.bytes, world->buffer.size_bytes);
    buffer_clear(&world->buffer);
    return status;
}

static enum sim_status put_events(struct world *world, struct buffer *buffer, struct sim_error *err)
{
    loop_save(world->loop, buffer);
    return evq_save(world->queue, buffer, err);
}

static enum sim_status put_models(struct world *world, struct checkpoint_writer *writer,
                                  struct sim_error *err)
{
    checkpoint_section(writer, "models");
    enum sim_status status = SIM_OK;
    for (uint32_t s = 0; s < world->subnet_count; s++) {
        const struct agents *agents = world->subnets[s].agents;
        for (uint32_t m = 0; m < agents_model_count(agents) && status == SIM_OK; m++) {
            agents_save_model(agents, m, &world->buffer);
            status = flush(world, writer, err);
        }
    }
    return status;
}

static enum sim_status put_sections(struct world *world, const struct record_mark *mark,
                                    struct checkpoint_writer *writer, struct sim_error *err)
{
    struct buffer *buffer = &world->buffer;
    buffer_clear(buffer);
    checkpoint_section(writer, "run");
    put_run(world, mark, buffer);
    enum sim_status status = flush(world, writer, err);
    checkpoint_section(writer, "events");
    if (status == SIM_OK)
        status = put_events(world, buffer, err);
    if (status == SIM_OK)
        status = flush(world, writer, err);
    checkpoint_section(writer, "chain");
    if (status == SIM_OK)
        status = chain_save(world->chain, buffer, err);
    if (status == SIM_OK)
        status = flush(world, writer, err);
    checkpoint_section(writer, "net");
    if (status == SIM_OK)
        status = net_save(world->net, buffer, err);
    if (world->faults != NULL)
        faults_save(world->faults, buffer);
    if (status == SIM_OK)
        status = flush(world, writer, err);
    checkpoint_section(writer, "agents");
    for (uint32_t s = 0; s < world->subnet_count; s++)
        agents_save(world->subnets[s].agents, buffer);
    if (status == SIM_OK)
        status = flush(world, writer, err);
    return status == SIM_OK ? put_models(world, writer, err) : status;
}

enum sim_status world_checkpoint_write(struct world *world, struct sim_error *err)
{
    double start_s = provenance_wall_s();
    compute_finish(world->pool);
    struct record_mark mark;
    enum sim_status status = record_segment_close(world->record, &mark, err);
    if (status != SIM_OK)
        return status;
    struct checkpoint_writer *writer;
    status =
        checkpoint_begin(world->setup.folder, mark.rows[RECORD_DIM_EPOCH], RUN_HASH, &writer, err);
    if (status != SIM_OK)
        return status;
    status = put_sections(world, &mark, writer, err);
    if (status != SIM_OK) {
        checkpoint_abandon(writer);
        return status;
    }
    status = checkpoint_commit(writer, err);
    world->checkpoint_end_s = provenance_wall_s();
    world->checkpoint_cost_s = world->checkpoint_end_s - start_s;
    world->checkpoint_total_s += world->checkpoint_cost_s;
    world->checkpoint_count++;
    return status;
}

/* ---- reading */

static enum sim_status read_section(const struct world *world, const char *name,
                                    struct buffer_reader *ret_reader, struct sim_error *err)
{
    struct checkpoint_cursor cursor;
    enum sim_status status = checkpoint_find(world->opened, name, &cursor, err);
    if (status == SIM_OK)
        buffer_reader_init(ret_reader, cursor.at, (size_t)(cursor.end - cursor.at));
    return status;
}

static enum sim_status end_section(const struct buffer_reader *reader, const char *name,
                                   struct sim_error *err)
{
    if (reader->position == reader->size_bytes)
        return SIM_OK;
    return SIM_FAIL(err, SIM_IO, "the checkpoint's section '%s' is longer than expected", name);
}

/* Names the first thing in which the checkpoint is not of this run. */
static enum sim_status check_same(const struct world *world, struct buffer_reader *reader,
                                  struct sim_error *err)
{
    char corpus[TEXT_BYTES];
    const char *const names[] = {"version", "scenario", "kernel", "corpus"};
    const char *const ours[] = {world->setup.version, world->setup.scenario_sha256,
                                world->setup.kernel, corpus_text_of(world, corpus)};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char theirs[TEXT_BYTES];
        buffer_get_string(reader, theirs, sizeof(theirs));
        enum sim_status status = buffer_reader_status(reader, err);
        if (status != SIM_OK)
            return status;
        const char *parent = world->setup.parent_sha256;
        bool inherited = i == 1 && parent != NULL && strcmp(theirs, parent) == 0;
        if (strcmp(theirs, ours[i]) != 0 && !inherited)
            return SIM_FAIL(err, SIM_CONFIG,
                            "'%s' cannot be continued: its checkpoint is of %s '%s', and this is "
                            "'%s'; 'taosim run ... --force' starts again",
                            world->setup.folder, names[i], theirs, ours[i]);
    }
    return SIM_OK;
}

static enum sim_status check_time(const struct world *world, int64_t now_ns, struct sim_error *err)
{
    if (now_ns <= world->setup.params->until_ns)
        return SIM_OK;
    return SIM_FAIL(err, SIM_CONFIG,
                    "'%s' has come to %.0f s of simulated time, beyond `until`: %.0f s",
                    world->setup.folder, (double)now_ns / (double)NS_PER_S,
                    (double)world->setup.params->until_ns / (double)NS_PER_S);
}

static void get_mark(struct buffer_reader *reader, struct record_mark *ret_mark)
{
    *ret_mark = (struct record_mark){.segment_count = buffer_get_u32(reader)};
    if (buffer_get_u32(reader) != RECORD_DIM_COUNT)
        buffer_reader_fail(reader);
    for (int dim = 0; dim < RECORD_DIM_COUNT; dim++)
        ret_mark->rows[dim] = buffer_get_u64(reader);
}

/* The section "run" up to the probe's part. */
static enum sim_status read_run(struct world *world, struct buffer_reader *reader,
                                struct record_mark *ret_mark, struct sim_error *err)
{
    enum sim_status status = read_section(world, "run", reader, err);
    if (status == SIM_OK)
        status = check_same(world, reader, err);
    if (status != SIM_OK)
        return status;
    int64_t now_ns = buffer_get_i64(reader);
    world->applied = buffer_get_u64(reader);
    get_mark(reader, ret_mark);
    status = buffer_reader_status(reader, err);
    return status == SIM_OK ? check_time(world, now_ns, err) : status;
}

/* Whose it is, and the simulated time at which it was taken. */
static enum sim_status read_origin(const struct checkpoint *checkpoint,
                                   struct world_checkpoint *ret_origin, int64_t *ret_now_ns,
                                   struct sim_error *err)
{
    struct checkpoint_cursor cursor;
    struct buffer_reader reader;
    char other[TEXT_BYTES];
    enum sim_status status = checkpoint_find(checkpoint, "run", &cursor, err);
    if (status != SIM_OK)
        return status;
    buffer_reader_init(&reader, cursor.at, (size_t)(cursor.end - cursor.at));
    buffer_get_string(&reader, other, sizeof(other)); /* version */
    buffer_get_string(&reader, ret_origin->scenario_sha256, sizeof(ret_origin->scenario_sha256));
    buffer_get_string(&reader, other, sizeof(other)); /* kernel */
    buffer_get_string(&reader, other, sizeof(other)); /* corpus */
    *ret_now_ns = buffer_get_i64(&reader);
    ret_origin->epoch = checkpoint_epoch(checkpoint);
    return buffer_reader_status(&reader, err);
}

enum sim_status world_find_checkpoint(const char *folder, int64_t until_ns,
                                      struct world_checkpoint *ret_checkpoint,
                                      struct sim_error *err)
{
    uint64_t epoch_max = UINT64_MAX;
    *ret_checkpoint = (struct world_checkpoint){.found = false};
    for (;;) {
        struct checkpoint *checkpoint;
        struct world_checkpoint origin = {.found = true};
        int64_t now_ns = 0;
        enum sim_status status = checkpoint_open(folder, epoch_max, RUN_HASH, &checkpoint, err);
        if (status != SIM_OK || checkpoint == NULL)
            return status;
        status = read_origin(checkpoint, &origin, &now_ns, err);
        checkpoint_free(checkpoint);
        if (status == SIM_OK && now_ns <= until_ns)
            *ret_checkpoint = origin;
        if (status != SIM_OK || ret_checkpoint->found || origin.epoch == 0)
            return status;
        epoch_max = origin.epoch - 1;
    }
}

enum sim_status world_checkpoint_open(struct world *world, struct sim_error *err)
{
    const char *folder = world->setup.folder;
    world->checkpoint_end_s = provenance_wall_s();
    if (!world->setup.resume)
        return checkpoint_drop(folder, 0, err);
    enum sim_status status = checkpoint_open(folder, UINT64_MAX, RUN_HASH, &world->opened, err);
    if (status != SIM_OK || world->opened == NULL)
        return status;
    snprintf(world->damage, sizeof(world->damage), "%s", checkpoint_damage(world->opened));
    struct buffer_reader reader;
    status = read_run(world, &reader, &world->mark, err);
    world->resumed = true;
    return status == SIM_OK ? checkpoint_drop(folder, checkpoint_epoch(world->opened) + 1, err)
                            : status;
}

enum sim_status world_resume_chain(struct world *world, struct sim_error *err)
{
    struct buffer_reader reader;
    enum sim_status status = read_section(world, "chain", &reader, err);
    if (status == SIM_OK)
        status = chain_load(&world->setup.chain, &reader, &world->chain, err);
    return status == SIM_OK ? end_section(&reader, "chain", err) : status;
}

static enum sim_status load_models(struct world *world, struct sim_error *err)
{
    struct buffer_reader reader;
    enum sim_status status = read_section(world, "models", &reader, err);
    for (uint32_t s = 0; s < world->subnet_count; s++) {
        struct agents *agents = world->subnets[s].agents;
        for (uint32_t m = 0; status == SIM_OK && m < agents_model_count(agents); m++)
            status = agents_load_model(agents, m, &reader, err);
    }
    return status == SIM_OK ? end_section(&reader, "models", err) : status;
}

enum sim_status world_resume_agents(struct world *world, struct sim_error *err)
{
    struct buffer_reader reader;
    enum sim_status status = read_section(world, "net", &reader, err);
    if (status == SIM_OK)
        status = net_load(world->net, &reader, err);
    if (status == SIM_OK && world->faults != NULL)
        status = faults_load(world->faults, &reader, err);
    if (status == SIM_OK)
        status = end_section(&reader, "net", err);
    if (status == SIM_OK)
        status = read_section(world, "agents", &reader, err);
    for (uint32_t s = 0; status == SIM_OK && s < world->subnet_count; s++) {
        struct agents_wiring wiring = world_wiring(world, &world->subnets[s]);
        status = agents_load(world->subnets[s].agents, &wiring, &reader, err);
    }
    if (status == SIM_OK)
        status = end_section(&reader, "agents", err);
    return status == SIM_OK ? load_models(world, err) : status;
}

enum sim_status world_resume_rest(struct world *world, struct sim_error *err)
{
    struct buffer_reader reader;
    enum sim_status status = read_section(world, "events", &reader, err);
    if (status == SIM_OK)
        status = loop_load(world->loop, &reader, err);
    evq_reset(world->queue);
    if (status == SIM_OK)
        status = evq_load(world->queue, &reader, err);
    if (status == SIM_OK)
        status = end_section(&reader, "events", err);
    if (status == SIM_OK)
        status = read_run(world, &reader, &world->mark, err);
    for (uint32_t s = 0; status == SIM_OK && s < world->subnet_count; s++)
        status = probe_load(world->subnets[s].probe, &reader, err);
    if (status == SIM_OK)
        status = end_section(&reader, "run", err);
    world->opened = checkpoint_free(world->opened);
    return status == SIM_OK ? world_check(world, err) : status;
}
