/*
 * save_pools.c: what is under way as bytes, and back: questions, queries, lessons, rows to reveal.
 * save.c says of every field what becomes of it.
 */
#include "agent/lesson.h"
#include "agent/save.h"

/* ---- questions and queries: slots keep their numbers, which events and messages carry */

/* The arrays of a question lie one behind the other: see query.c. */
static size_t question_bytes(const struct agents *agents, const struct agent_question *question)
{
    const struct query_params *query = agents->setup.query;
    size_t token_bytes = (size_t)query->batch * (query->sequence + 1);
    return (size_t)(question->tokens + token_bytes - (const uint8_t *)(question + 1));
}

static void question_save(const struct agents *agents, const struct agent_question *question,
                          struct buffer *buffer)
{
    buffer_put_u64(buffer, question->number);
    buffer_put_u32(buffer, question->next_free);
    if (question->number == 0)
        return;
    buffer_put_u32(buffer, question->validator);
    buffer_put_u8(buffer, question->closed);
    buffer_put_u32(buffer, question->peer_count);
    buffer_put_u32(buffer, question->open_answers);
    buffer_put_u32(buffer, question->references);
    buffer_put_bytes(buffer, question + 1, question_bytes(agents, question));
}

static void question_load(struct agents *agents, struct agent_question *question,
                          struct buffer_reader *reader)
{
    question->number = buffer_get_u64(reader);
    question->next_free = buffer_get_u32(reader);
    if (question->number == 0)
        return;
    question->validator = save_get_index(reader, agents->validator_count);
    question->closed = buffer_get_u8(reader) != 0;
    question->peer_count = buffer_get_u32(reader);
    question->open_answers = buffer_get_u32(reader);
    question->references = buffer_get_u32(reader);
    buffer_get_bytes(reader, question + 1, question_bytes(agents, question));
    if (question->peer_count > agents->setup.query->peers)
        buffer_reader_fail(reader);
}

static void query_save(const struct agents *agents, const struct agent_query *query,
                       struct buffer *buffer)
{
    buffer_put_u8(buffer, query->phase);
    buffer_put_u32(buffer, query->sibling);
    if (query->phase == QUERY_FREE)
        return;
    buffer_put_u32(buffer, query->question);
    buffer_put_u32(buffer, query->slot);
    buffer_put_u32(buffer, query->neuron);
    buffer_put_u8(buffer, query->guessed);
    buffer_put_i64(buffer, query->arrived_ns);
    buffer_put_f64(buffer, query->priority);
    buffer_put_u32(buffer, query->child);
    save_put_ticket(agents, query->ticket, buffer);
}

static enum sim_status query_load(struct agents *agents, struct agent_query *query,
                                  struct buffer_reader *reader, struct sim_error *err)
{
    query->phase = buffer_get_u8(reader);
    query->sibling = save_get_index(reader, agents->query_capacity);
    if (query->phase == QUERY_FREE)
        return SIM_OK;
    query->question = save_get_index(reader, agents->question_capacity);
    query->slot = save_get_index(reader, agents->setup.query->peers);
    query->neuron = save_get_index(reader, agents->neuron_count);
    query->guessed = buffer_get_u8(reader) != 0;
    query->arrived_ns = buffer_get_i64(reader);
    query->priority = buffer_get_f64(reader);
    query->child = save_get_index(reader, agents->query_capacity);
    return save_get_ticket(agents, AGENT_JOB_FORWARD, reader, &query->ticket, err);
}

void save_put_pools(const struct agents *agents, struct buffer *buffer)
{
    buffer_put_tag(buffer, "agent.q");
    buffer_put_u64(buffer, agents->question_number);
    buffer_put_u32(buffer, agents->question_free);
    buffer_put_u64(buffer, agents->question_capacity);
    for (uint32_t q = 0; q < agents->question_capacity; q++)
        question_save(agents, agents->questions[q], buffer);
    buffer_put_u32(buffer, agents->query_free);
    buffer_put_u64(buffer, agents->query_capacity);
    for (uint32_t q = 0; q < agents->query_capacity; q++)
        query_save(agents, &agents->queries[q], buffer);
}

enum sim_status save_get_pools(struct agents *agents, struct buffer_reader *reader,
                               struct sim_error *err)
{
    buffer_get_tag(reader, "agent.q");
    agents->question_number = buffer_get_u64(reader);
    uint32_t question_free = buffer_get_u32(reader);
    uint64_t question_count = buffer_get_count(reader, sizeof(uint64_t) + sizeof(uint32_t));
    enum sim_status status = SIM_OK;
    while (agents->question_capacity < question_count && status == SIM_OK)
        status = query_add_question(agents, err);
    for (uint64_t q = 0; q < question_count && status == SIM_OK; q++)
        question_load(agents, agents->questions[q], reader);
    agents->question_free = question_free;

    uint32_t query_free = buffer_get_u32(reader);
    uint64_t query_count = buffer_get_count(reader, sizeof(uint8_t) + sizeof(uint32_t));
    while (agents->query_capacity < query_count && status == SIM_OK)
        status = query_grow(agents, err);
    for (uint64_t q = 0; q < query_count && status == SIM_OK && !reader->failed; q++)
        status = query_load(agents, &agents->queries[q], reader, err);
    agents->query_free = query_free;
    if (agents->query_capacity != query_count)
        buffer_reader_fail(reader);
    return status;
}

/* ---- lessons: messages carry their numbers too */

/* A lesson's numbers and, behind them, its tokens: see lesson.c. */
static size_t lesson_bytes(const struct agents *agents)
{
    const struct query_params *query = agents->setup.query;
    return agents->lesson_floats * sizeof(float) + (size_t)query->batch * (query->sequence + 1);
}

void save_put_lessons(const struct agents *agents, struct buffer *buffer)
{
    buffer_put_tag(buffer, "agent.l");
    buffer_put_u32(buffer, agents->lesson_free);
    buffer_put_u64(buffer, agents->lesson_capacity);
    for (uint32_t l = 0; l < agents->lesson_capacity; l++) {
        const struct agent_lesson *lesson = &agents->lessons[l];
        buffer_put_u32(buffer, lesson->neuron);
        buffer_put_u32(buffer, lesson->next);
        buffer_put_u8(buffer, lesson->useful);
        if (lesson->neuron != AGENT_NONE && lesson->useful)
            buffer_put_bytes(buffer, lesson->derivative, lesson_bytes(agents));
    }
}

enum sim_status save_get_lessons(struct agents *agents, struct buffer_reader *reader,
                                 struct sim_error *err)
{
    buffer_get_tag(reader, "agent.l");
    uint32_t lesson_free = buffer_get_u32(reader);
    uint64_t count = buffer_get_count(reader, 2 * sizeof(uint32_t) + 1);
    enum sim_status status = SIM_OK;
    while (agents->lesson_capacity < count && status == SIM_OK)
        status = lesson_grow(agents, err);
    for (uint64_t l = 0; l < count && status == SIM_OK && !reader->failed; l++) {
        struct agent_lesson *lesson = &agents->lessons[l];
        lesson->neuron = save_get_index(reader, agents->neuron_count);
        lesson->next = save_get_index(reader, agents->lesson_capacity);
        lesson->useful = buffer_get_u8(reader) != 0;
        if (lesson->neuron != AGENT_NONE && lesson->useful)
            buffer_get_bytes(reader, lesson->derivative, lesson_bytes(agents));
    }
    agents->lesson_free = lesson_free;
    if (agents->lesson_capacity != count)
        buffer_reader_fail(reader);
    return status;
}

/* ---- rows to reveal */

void save_put_reveals(const struct agents *agents, struct buffer *buffer)
{
    buffer_put_tag(buffer, "agent.w");
    buffer_put_u64(buffer, agents->reveal_count);
    for (uint32_t r = 0; r < agents->reveal_count; r++) {
        const struct agent_reveal *reveal = &agents->reveals[r];
        buffer_put_u32(buffer, reveal->neuron);
        buffer_put_u64(buffer, reveal->id);
        buffer_put_u64(buffer, reveal->epoch);
        buffer_put_u64(buffer, reveal->version_key);
        buffer_put_bytes(buffer, reveal->salt, sizeof(reveal->salt));
        buffer_put_u8(buffer, reveal->is_committed);
        buffer_put_u64(buffer, reveal->count);
        buffer_put_bytes(buffer, reveal->row, 2 * reveal->count * sizeof(uint32_t));
    }
}

static enum sim_status reveal_load(struct agents *agents, struct buffer_reader *reader,
                                   struct sim_error *err)
{
    struct agent_reveal saved = {.neuron = save_get_index(reader, agents->neuron_count)};
    saved.id = buffer_get_u64(reader);
    saved.epoch = buffer_get_u64(reader);
    saved.version_key = buffer_get_u64(reader);
    buffer_get_bytes(reader, saved.salt, sizeof(saved.salt));
    saved.is_committed = buffer_get_u8(reader) != 0;
    saved.count = (uint32_t)buffer_get_count(reader, 2 * sizeof(uint32_t));
    if (saved.neuron == AGENT_NONE)
        buffer_reader_fail(reader);
    if (reader->failed)
        return SIM_OK;
    enum sim_status status = reveal_add(agents, saved.neuron, saved.count, err);
    if (status != SIM_OK)
        return status;
    struct agent_reveal *reveal = &agents->reveals[agents->reveal_count - 1];
    saved.row = reveal->row;
    *reveal = saved;
    buffer_get_bytes(reader, reveal->row, 2 * saved.count * sizeof(uint32_t));
    return SIM_OK;
}

enum sim_status save_get_reveals(struct agents *agents, struct buffer_reader *reader,
                                 struct sim_error *err)
{
    buffer_get_tag(reader, "agent.w");
    uint64_t count = buffer_get_count(reader, sizeof(uint32_t));
    enum sim_status status = SIM_OK;
    for (uint64_t r = 0; r < count && status == SIM_OK && !reader->failed; r++)
        status = reveal_load(agents, reader, err);
    return status == SIM_OK ? buffer_reader_status(reader, err) : status;
}
