#include "event/loop.h"

#include <stdlib.h>

struct loop_entry {
    loop_handler handler;
    void *context;
    const char *name;
    uint64_t event_count;
};

struct loop {
    struct evq *queue;
    struct order_digest digest;
    int64_t last_ns; /* of the event before; -1 before the first */
    uint64_t tie_count;
    bool stopped;
    struct loop_entry entries[LOOP_KIND_COUNT];
};

enum sim_status loop_create(struct evq *queue, struct loop **ret_loop, struct sim_error *err)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "event loop: out of memory");
    loop->queue = queue;
    loop->last_ns = -1;
    order_digest_init(&loop->digest);
    *ret_loop = loop;
    return SIM_OK;
}

struct loop *loop_free(struct loop *loop)
{
    free(loop);
    return NULL;
}

void loop_handle(struct loop *loop, uint32_t first_kind, uint32_t kind_count, const char *name,
                 loop_handler handler, void *context)
{
    SIM_ASSERT(first_kind < LOOP_KIND_COUNT && kind_count <= LOOP_KIND_COUNT - first_kind);
    for (uint32_t kind = first_kind; kind < first_kind + kind_count; kind++) {
        SIM_ASSERT(loop->entries[kind].handler == NULL);
        loop->entries[kind] =
            (struct loop_entry){.handler = handler, .context = context, .name = name};
    }
}

static inline enum sim_status loop_dispatch(struct loop *loop, const struct event *event,
                                            struct sim_error *err)
{
    SIM_ASSERT(event->kind < LOOP_KIND_COUNT);
    struct loop_entry *entry = &loop->entries[event->kind];
    SIM_ASSERT(entry->handler != NULL);
    order_digest_event(&loop->digest, event);
    loop->tie_count += event->at_ns == loop->last_ns;
    loop->last_ns = event->at_ns;
    entry->event_count++;
    enum sim_status status = entry->handler(entry->context, event, err);
    if (__builtin_expect(status != SIM_OK && err != NULL, 0))
        return sim_error_context(err, "at %lld ns: %s", (long long)event->at_ns, entry->name);
    return status;
}

enum sim_status loop_run(struct loop *loop, int64_t until_ns, struct sim_error *err)
{
    struct event event;
    enum sim_status status = SIM_OK;
    loop->stopped = false;
    while (status == SIM_OK && !loop->stopped && evq_pop_until(loop->queue, until_ns, &event))
        status = loop_dispatch(loop, &event, err);
    return status;
}

enum sim_status loop_step(struct loop *loop, int64_t until_ns, bool *ret_ran, struct sim_error *err)
{
    struct event event;
    if (!evq_pop_until(loop->queue, until_ns, &event)) {
        *ret_ran = false;
        return SIM_OK;
    }
    enum sim_status status = loop_dispatch(loop, &event, err);
    if (status == SIM_OK)
        *ret_ran = true;
    return status;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

uint64_t loop_digest(const struct loop *loop)
{
    return order_digest_value(&loop->digest);
}

uint64_t loop_event_count(const struct loop *loop)
{
    return loop->digest.event_count;
}

uint64_t loop_kind_count(const struct loop *loop, uint32_t kind)
{
    SIM_ASSERT(kind < LOOP_KIND_COUNT);
    return loop->entries[kind].event_count;
}

uint64_t loop_tie_count(const struct loop *loop)
{
    return loop->tie_count;
}

void loop_save(const struct loop *loop, struct buffer *buffer)
{
    buffer_put_tag(buffer, "evloop");
    for (int i = 0; i < 4; i++)
        buffer_put_u64(buffer, loop->digest.lane[i]);
    buffer_put_u64(buffer, loop->digest.event_count);
    buffer_put_i64(buffer, loop->last_ns);
    buffer_put_u64(buffer, loop->tie_count);
    for (int kind = 0; kind < LOOP_KIND_COUNT; kind++)
        buffer_put_u64(buffer, loop->entries[kind].event_count);
}

enum sim_status loop_load(struct loop *loop, struct buffer_reader *reader, struct sim_error *err)
{
    buffer_get_tag(reader, "evloop");
    for (int i = 0; i < 4; i++)
        loop->digest.lane[i] = buffer_get_u64(reader);
    loop->digest.event_count = buffer_get_u64(reader);
    loop->last_ns = buffer_get_i64(reader);
    loop->tie_count = buffer_get_u64(reader);
    for (int kind = 0; kind < LOOP_KIND_COUNT; kind++)
        loop->entries[kind].event_count = buffer_get_u64(reader);
    return buffer_reader_status(reader, err);
}
