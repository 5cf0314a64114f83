/*
 * save.c: the neurons' state as bytes, and back.
 *
 * Each part has a saving and a loading function side by side that name the same fields in the same
 * order.  What follows from the scenario (agents_create draws it again) and scratch is not
 * written; the tables below say of every field which it is.  A struct that grows trips its
 * assertion: decide where the new field belongs, then change the number.
 *
 *   agent_model      saved: version, next, before, training, step_count, loss_nats
 *                    drawn: group, entity, mixture, forward_flop, step_flop, response_bytes,
 *                           gradient_bytes, is_shared
 *   agent_server     saved: condition, generation, busy, training_due, serving, waiting, stopped,
 *                           taught, lesson_count, first_lesson, last_lesson; teacher and
 *                           teacher_tokens when taught
 *                    drawn: model, first_neuron, flops, hash_rate_hashes_per_s,
 *                           training_interval_ns, training_phase_ns, lottery (its position is
 *                           saved with all streams)
 *   agent_lesson     saved: all; of a free one next alone
 *   agent_owner      saved: account, first_waiting, last_waiting, solving, generation, submitted
 *                    drawn: work, first_neuron, neuron_count, balance_rao,
 *                           money_phase_blocks
 *                    rebuilt: hash_rate_hashes_per_s
 *   agent_neuron     saved: hotkey, uid, next_waiting, is_waiting, serving, is_late, counters
 *                    drawn: group, index_in_group, entity, owner, server, validator, stake_rao,
 *                           enter_ns
 *   agent_delegator  saved: account, hotkey, dice's position
 *                    drawn: params, kind, index, balance_rao, phase_blocks
 *   agent_validator  saved: ask_count, router_state, stats, stats_hotkey, open_question, asked_ns
 *                    drawn: neuron, route, dice, ask_phase_ns, weights_phase_ns, floor_nats
 *   agent_reveal     saved: all
 *   agent_question   saved: all; of a free one next_free alone
 *   agent_query      saved: all; of a free one sibling alone
 *   agents           saved: the above, the streams' positions, excluded, question_free,
 *                           question_number, query_free, lesson_free, last_difficulty, digest
 *                    rebuilt: neuron_of_uid, neuron_of_account, owner_of_account, first_account,
 *                           axon, late_count
 *                    drawn: setup, seed, rows, uid_capacity, request_bytes, keeps_logits,
 *                           lesson_floats, all counts and capacities but the pools', hosts,
 *                           mixtures
 *                    given: wiring
 *                    empty: incidents
 *                    scratch: ally, and everything behind the word in state.h
 */
#include "agent/save.h"

#include "agent/reading.h"

_Static_assert(sizeof(struct agent_model) == 112, "a new field of agent_model: save it?");
_Static_assert(sizeof(struct agent_server) == 120, "a new field of agent_server: save it?");
_Static_assert(sizeof(struct agent_owner) == 80, "a new field of agent_owner: save it?");
_Static_assert(sizeof(struct agent_neuron) == 120, "a new field of agent_neuron: save it?");
_Static_assert(sizeof(struct agent_counters) == 48, "a new counter: save it?");
_Static_assert(sizeof(struct agent_delegator) == 128, "a new field of agent_delegator: save it?");
_Static_assert(sizeof(struct agent_validator) == 96, "a new field of agent_validator: save it?");
_Static_assert(sizeof(struct agent_reveal) == 64, "a new field of agent_reveal: save it?");
_Static_assert(sizeof(struct agent_question) == 104, "a new field of agent_question: save it?");
_Static_assert(sizeof(struct agent_query) == 48, "a new field of agent_query: save it?");
_Static_assert(sizeof(struct agent_lesson) == 32, "a new field of agent_lesson: save it?");
_Static_assert(sizeof(struct agents) == 728, "a new field of agents: save it?");

uint32_t save_get_index(struct buffer_reader *reader, uint32_t limit)
{
    uint32_t index = buffer_get_u32(reader);
    if (index != AGENT_NONE && index >= limit)
        buffer_reader_fail(reader);
    return reader->failed ? AGENT_NONE : index;
}

void save_get_same(struct buffer_reader *reader, uint32_t expected)
{
    if (buffer_get_u32(reader) != expected)
        buffer_reader_fail(reader);
}

/* ---- tickets: the output, as the job has run */

void save_put_ticket(const struct agents *agents, struct compute_ticket ticket,
                     struct buffer *buffer)
{
    buffer_put_u8(buffer, !compute_ticket_is_none(ticket));
    if (compute_ticket_is_none(ticket))
        return;
    uint32_t output_bytes;
    enum sim_status job_status;
    const void *output = compute_output(agents->wiring.pool, ticket, &output_bytes, &job_status);
    buffer_put_u8(buffer, (uint8_t)job_status);
    buffer_put_u64(buffer, output_bytes);
    buffer_put_bytes(buffer, output, output_bytes);
}

enum sim_status save_get_ticket(struct agents *agents, enum agent_job kind,
                                struct buffer_reader *reader, struct compute_ticket *ret_ticket,
                                struct sim_error *err)
{
    *ret_ticket = (struct compute_ticket){0};
    if (buffer_get_u8(reader) == 0)
        return SIM_OK;
    enum sim_status job_status = (enum sim_status)buffer_get_u8(reader);
    uint64_t output_bytes = buffer_get_count(reader, 1);
    if (reader->failed || output_bytes > UINT32_MAX)
        return buffer_reader_status(reader, err);
    const uint8_t *output = reader->bytes + reader->position;
    reader->position += output_bytes;
    return compute_restore(agents->wiring.pool, (uint32_t)kind, output, (uint32_t)output_bytes,
                           job_status, ret_ticket, err);
}

/* ---- models */

static void version_save(const struct version *version, struct buffer *buffer)
{
    buffer_put_u64(buffer, version == NULL ? 0 : version->id);
    if (version != NULL)
        buffer_put_bytes(buffer, version->values, version->value_count * sizeof(float));
}

/* NULL for a version that was not there. */
static enum sim_status version_load(struct version_pool *pool, size_t value_count,
                                    struct buffer_reader *reader, struct version **ret_version,
                                    struct sim_error *err)
{
    *ret_version = NULL;
    uint64_t id = buffer_get_u64(reader);
    if (id >= version_next_id(pool))
        buffer_reader_fail(reader);
    if (id == 0 || reader->failed)
        return buffer_reader_status(reader, err);
    enum sim_status status = version_restore(pool, id, value_count, ret_version, err);
    if (status == SIM_OK)
        buffer_get_bytes(reader, (*ret_version)->values, value_count * sizeof(float));
    return status;
}

void agents_save_model(const struct agents *agents, uint32_t index, struct buffer *buffer)
{
    const struct agent_model *model = &agents->models[index];
    buffer_put_tag(buffer, "agent.m");
    buffer_put_u64(buffer, model->version->value_count);
    buffer_put_u64(buffer, model->step_count);
    buffer_put_f64(buffer, model->loss_nats);
    version_save(model->version, buffer);
    version_save(model->next, buffer);
    version_save(model->before, buffer);
    save_put_ticket(agents, model->training, buffer);
}

enum sim_status agents_load_model(struct agents *agents, uint32_t index,
                                  struct buffer_reader *reader, struct sim_error *err)
{
    struct agent_model *model = &agents->models[index];
    size_t value_count = model->version->value_count;
    buffer_get_tag(reader, "agent.m");
    if (buffer_get_u64(reader) != value_count)
        buffer_reader_fail(reader);
    model->step_count = buffer_get_u64(reader);
    model->loss_nats = buffer_get_f64(reader);
    struct version *version = NULL;
    struct version_pool *pool = agents->wiring.versions;
    enum sim_status status = version_load(pool, value_count, reader, &version, err);
    if (status != SIM_OK)
        return status;
    if (version == NULL) {
        buffer_reader_fail(reader);
        return buffer_reader_status(reader, err);
    }
    version_release(model->version);
    model->version = version;
    status = version_load(pool, value_count, reader, &model->next, err);
    if (status == SIM_OK)
        status = version_load(pool, value_count, reader, &model->before, err);
    if (status == SIM_OK)
        status = save_get_ticket(agents, AGENT_JOB_TRAIN, reader, &model->training, err);
    return status == SIM_OK ? buffer_reader_status(reader, err) : status;
}

/* ---- servers and owners */

/* The teacher's logits and, behind them, its tokens: see build.c. */
static size_t teacher_bytes(const struct agents *agents)
{
    const struct query_params *query = agents->setup.query;
    return (size_t)agents->rows * agents->setup.corpus->vocabulary_symbols * sizeof(float) +
           (size_t)query->batch * (query->sequence + 1);
}

static void servers_save(const struct agents *agents, struct buffer *buffer)
{
    buffer_put_tag(buffer, "agent.s");
    buffer_put_u32(buffer, agents->server_count);
    for (uint32_t s = 0; s < agents->server_count; s++) {
        const struct agent_server *server = &agents->servers[s];
        buffer_put_u8(buffer, server->condition.up);
        buffer_put_f64(buffer, server->condition.speed);
        buffer_put_u64(buffer, server->generation);
        buffer_put_u8(buffer, server->busy);
        buffer_put_u8(buffer, server->training_due);
        buffer_put_u32(buffer, server->serving);
        buffer_put_u32(buffer, server->waiting);
        buffer_put_u8(buffer, server->stopped);
        buffer_put_u32(buffer, server->lesson_count);
        buffer_put_u32(buffer, server->first_lesson);
        buffer_put_u32(buffer, server->last_lesson);
        buffer_put_u8(buffer, server->taught);
        if (server->taught)
            buffer_put_bytes(buffer, server->teacher, teacher_bytes(agents));
    }
}

/* After the queries and the lessons. */
static void servers_load(struct agents *agents, struct buffer_reader *reader)
{
    buffer_get_tag(reader, "agent.s");
    save_get_same(reader, agents->server_count);
    for (uint32_t s = 0; s < agents->server_count && !reader->failed; s++) {
        struct agent_server *server = &agents->servers[s];
        server->condition.up = buffer_get_u8(reader) != 0;
        server->condition.speed = buffer_get_f64(reader);
        server->generation = buffer_get_u64(reader);
        server->busy = buffer_get_u8(reader) != 0;
        server->training_due = buffer_get_u8(reader) != 0;
        server->serving = save_get_index(reader, agents->query_capacity);
        server->waiting = save_get_index(reader, agents->query_capacity);
        server->stopped = buffer_get_u8(reader) != 0;
        server->lesson_count = buffer_get_u32(reader);
        server->first_lesson = save_get_index(reader, agents->lesson_capacity);
        server->last_lesson = save_get_index(reader, agents->lesson_capacity);
        server->taught = buffer_get_u8(reader) != 0;
        if (server->taught && server->teacher == NULL)
            buffer_reader_fail(reader);
        else if (server->taught)
            buffer_get_bytes(reader, server->teacher, teacher_bytes(agents));
    }
}

static void owners_save(const struct agents *agents, struct buffer *buffer)
{
    buffer_put_tag(buffer, "agent.o");
    buffer_put_u32(buffer, agents->owner_count);
    for (uint32_t o = 0; o < agents->owner_count; o++) {
        const struct agent_owner *owner = &agents->owners[o];
        buffer_put_u32(buffer, owner->account);
        buffer_put_u32(buffer, owner->first_waiting);
        buffer_put_u32(buffer, owner->last_waiting);
        buffer_put_u8(buffer, owner->solving);
        buffer_put_u64(buffer, owner->generation);
        buffer_put_u64(buffer, owner->submitted);
    }
}

static void owners_load(struct agents *agents, struct buffer_reader *reader)
{
    buffer_get_tag(reader, "agent.o");
    save_get_same(reader, agents->owner_count);
    for (uint32_t o = 0; o < agents->owner_count && !reader->failed; o++) {
        struct agent_owner *owner = &agents->owners[o];
        owner->account = save_get_index(reader, chain_account_count(agents->wiring.chain));
        if (owner->account == AGENT_NONE)
            buffer_reader_fail(reader);
        owner->first_waiting = save_get_index(reader, agents->neuron_count);
        owner->last_waiting = save_get_index(reader, agents->neuron_count);
        owner->solving = buffer_get_u8(reader) != 0;
        owner->generation = buffer_get_u64(reader);
        owner->submitted = buffer_get_u64(reader);
    }
}

/* ---- neurons, and the maps that follow from them */

static void counters_save(const struct agent_counters *counters, struct buffer *buffer)
{
    buffer_put_u32(buffer, counters->training_steps);
    buffer_put_u32(buffer, counters->queries_asked);
    buffer_put_u32(buffer, counters->queries_answered);
    buffer_put_u32(buffer, counters->queries_timed_out);
    buffer_put_u64(buffer, counters->bytes_up);
    buffer_put_u64(buffer, counters->bytes_down);
    buffer_put_u64(buffer, counters->flop_done);
    buffer_put_u64(buffer, counters->wait_ns);
}

static void counters_load(struct agent_counters *counters, struct buffer_reader *reader)
{
    counters->training_steps = buffer_get_u32(reader);
    counters->queries_asked = buffer_get_u32(reader);
    counters->queries_answered = buffer_get_u32(reader);
    counters->queries_timed_out = buffer_get_u32(reader);
    counters->bytes_up = buffer_get_u64(reader);
    counters->bytes_down = buffer_get_u64(reader);
    counters->flop_done = buffer_get_u64(reader);
    counters->wait_ns = buffer_get_u64(reader);
}

static void neurons_save(const struct agents *agents, struct buffer *buffer)
{
    buffer_put_tag(buffer, "agent.n");
    buffer_put_u32(buffer, agents->neuron_count);
    for (uint32_t n = 0; n < agents->neuron_count; n++) {
        const struct agent_neuron *neuron = &agents->neurons[n];
        buffer_put_u32(buffer, neuron->hotkey);
        buffer_put_u32(buffer, neuron->uid);
        buffer_put_u32(buffer, neuron->next_waiting);
        buffer_put_u8(buffer, neuron->is_waiting);
        buffer_put_u8(buffer, neuron->serving);
        buffer_put_u8(buffer, neuron->is_late);
        counters_save(&neuron->counters, buffer);
    }
    buffer_put_u32(buffer, agents->setup.uid_capacity);
    buffer_put_bytes(buffer, agents->excluded, agents->setup.uid_capacity);
}

static void neuron_load(struct agents *agents, uint32_t index, struct buffer_reader *reader)
{
    struct agent_neuron *neuron = &agents->neurons[index];
    neuron->hotkey = save_get_index(reader, chain_account_count(agents->wiring.chain));
    neuron->uid = save_get_index(reader, agents->setup.uid_capacity);
    neuron->next_waiting = save_get_index(reader, agents->neuron_count);
    neuron->is_waiting = buffer_get_u8(reader) != 0;
    neuron->serving = buffer_get_u8(reader) != 0;
    neuron->is_late = buffer_get_u8(reader) != 0;
    agents->late_count += neuron->is_late;
    counters_load(&neuron->counters, reader);
    if (neuron->hotkey == AGENT_NONE)
        buffer_reader_fail(reader);
    if (reader->failed)
        return;
    if (neuron->uid != AGENT_NONE)
        agents->neuron_of_uid[neuron->uid] = index;
}

static void neurons_load(struct agents *agents, struct buffer_reader *reader)
{
    buffer_get_tag(reader, "agent.n");
    save_get_same(reader, agents->neuron_count);
    agents->late_count = 0;
    for (uint32_t n = 0; n < agents->neuron_count && !reader->failed; n++)
        neuron_load(agents, n, reader);
    save_get_same(reader, agents->setup.uid_capacity);
    buffer_get_bytes(reader, agents->excluded, agents->setup.uid_capacity);
    for (uint32_t uid = 0; uid < agents->setup.uid_capacity; uid++)
        agents->axon[uid] = !agents->excluded[uid];
}

/* ---- delegators; the maps of accounts follow */

static void delegators_save(const struct agents *agents, struct buffer *buffer)
{
    buffer_put_tag(buffer, "agent.d");
    buffer_put_u32(buffer, agents->delegator_count);
    for (uint32_t d = 0; d < agents->delegator_count; d++) {
        buffer_put_u32(buffer, agents->delegators[d].account);
        buffer_put_u32(buffer, agents->delegators[d].hotkey);
        buffer_put_u64(buffer, agents->delegators[d].dice.position);
    }
}

/* Ours follow one another from the first owner's on. */
static void load_accounts(struct agents *agents, struct buffer_reader *reader)
{
    uint32_t first = UINT32_MAX, last = 0;
    for (uint32_t o = 0; o < agents->owner_count && !reader->failed; o++) {
        first = agents->owners[o].account < first ? agents->owners[o].account : first;
        last = agents->owners[o].account > last ? agents->owners[o].account : last;
    }
    for (uint32_t n = 0; n < agents->neuron_count && !reader->failed; n++)
        last = agents->neurons[n].hotkey > last ? agents->neurons[n].hotkey : last;
    for (uint32_t d = 0; d < agents->delegator_count && !reader->failed; d++) {
        first = agents->delegators[d].account < first ? agents->delegators[d].account : first;
        last = agents->delegators[d].account > last ? agents->delegators[d].account : last;
    }
    if (!reader->failed && agents->account_capacity > 0 && last - first >= agents->account_capacity)
        buffer_reader_fail(reader);
    for (uint32_t n = 0; n < agents->neuron_count && !reader->failed; n++)
        if (agents->neurons[n].hotkey < first)
            buffer_reader_fail(reader);
    if (!reader->failed)
        agents_map_accounts(agents, agents->account_capacity > 0 ? first : 0);
}

/* After owners and neurons. */
static void delegators_load(struct agents *agents, struct buffer_reader *reader)
{
    buffer_get_tag(reader, "agent.d");
    save_get_same(reader, agents->delegator_count);
    for (uint32_t d = 0; d < agents->delegator_count && !reader->failed; d++) {
        struct agent_delegator *delegator = &agents->delegators[d];
        struct stream_key key = delegator->dice.key;
        delegator->account = save_get_index(reader, chain_account_count(agents->wiring.chain));
        delegator->hotkey = save_get_index(reader, chain_account_count(agents->wiring.chain));
        stream_seek(&delegator->dice, &key, buffer_get_u64(reader));
        if (delegator->account == AGENT_NONE)
            buffer_reader_fail(reader);
    }
    load_accounts(agents, reader);
}

/* ---- validators */

static size_t router_bytes(const struct agents *agents)
{
    const struct agents_setup *setup = &agents->setup;
    return router_state_bytes(setup->router, setup->router_params, setup->uid_capacity,
                              reading_context_width(setup));
}

static void validators_save(const struct agents *agents, struct buffer *buffer)
{
    uint32_t uids = agents->setup.uid_capacity;
    buffer_put_tag(buffer, "agent.v");
    buffer_put_u32(buffer, agents->validator_count);
    for (uint32_t v = 0; v < agents->validator_count; v++) {
        const struct agent_validator *validator = &agents->validators[v];
        buffer_put_u64(buffer, validator->ask_count);
        buffer_put_u32(buffer, validator->open_question);
        buffer_put_i64(buffer, validator->asked_ns);
        buffer_put_bytes(buffer, validator->router_state, router_bytes(agents));
        buffer_put_bytes(buffer, validator->stats, uids * sizeof(*validator->stats));
        buffer_put_bytes(buffer, validator->stats_hotkey, uids * sizeof(uint32_t));
    }
}

/* After the questions. */
static void validators_load(struct agents *agents, struct buffer_reader *reader)
{
    uint32_t uids = agents->setup.uid_capacity;
    buffer_get_tag(reader, "agent.v");
    save_get_same(reader, agents->validator_count);
    for (uint32_t v = 0; v < agents->validator_count && !reader->failed; v++) {
        struct agent_validator *validator = &agents->validators[v];
        validator->ask_count = buffer_get_u64(reader);
        validator->open_question = save_get_index(reader, agents->question_capacity);
        validator->asked_ns = buffer_get_i64(reader);
        buffer_get_bytes(reader, validator->router_state, router_bytes(agents));
        buffer_get_bytes(reader, validator->stats, uids * sizeof(*validator->stats));
        buffer_get_bytes(reader, validator->stats_hotkey, uids * sizeof(uint32_t));
    }
}

static void streams_save(const struct agents *agents, struct buffer *buffer)
{
    buffer_put_tag(buffer, "agent.r");
    buffer_put_u32(buffer, agents->stream_count);
    for (uint32_t s = 0; s < agents->stream_count; s++)
        buffer_put_u64(buffer, agents->streams[s].position);
}

static void streams_load(struct agents *agents, struct buffer_reader *reader)
{
    buffer_get_tag(reader, "agent.r");
    save_get_same(reader, agents->stream_count);
    for (uint32_t s = 0; s < agents->stream_count && !reader->failed; s++) {
        struct stream_key key = agents->streams[s].key;
        stream_seek(&agents->streams[s], &key, buffer_get_u64(reader));
    }
}

/* ---- all but the models */

void agents_save(const struct agents *agents, struct buffer *buffer)
{
    SIM_ASSERT(agents->incident_count == 0);
    buffer_put_tag(buffer, "agents");
    buffer_put_u64(buffer, version_next_id(agents->wiring.versions));
    buffer_put_u64(buffer, agents->last_difficulty);
    buffer_put_bytes(buffer, &agents->digest, sizeof(agents->digest));
    streams_save(agents, buffer);
    save_put_pools(agents, buffer);
    save_put_lessons(agents, buffer);
    servers_save(agents, buffer);
    owners_save(agents, buffer);
    neurons_save(agents, buffer);
    delegators_save(agents, buffer);
    validators_save(agents, buffer);
    save_put_reveals(agents, buffer);
}

enum sim_status agents_load(struct agents *agents, const struct agents_wiring *wiring,
                            struct buffer_reader *reader, struct sim_error *err)
{
    agents->wiring = *wiring;
    buffer_get_tag(reader, "agents");
    uint64_t next_id = buffer_get_u64(reader);
    if (next_id < version_next_id(wiring->versions))
        buffer_reader_fail(reader);
    agents->last_difficulty = buffer_get_u64(reader);
    buffer_get_bytes(reader, &agents->digest, sizeof(agents->digest));
    if (reader->failed)
        return buffer_reader_status(reader, err);
    version_set_next_id(wiring->versions, next_id);
    streams_load(agents, reader);
    enum sim_status status = save_get_pools(agents, reader, err);
    if (status == SIM_OK)
        status = save_get_lessons(agents, reader, err);
    if (status != SIM_OK)
        return status;
    servers_load(agents, reader);
    condition_add_hash_rates(agents);
    owners_load(agents, reader);
    neurons_load(agents, reader);
    if (!reader->failed)
        money_tell_owner(agents);
    delegators_load(agents, reader);
    validators_load(agents, reader);
    return save_get_reveals(agents, reader, err);
}
