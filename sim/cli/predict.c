#include "cli/predict.h"

#include "base/stream.h"
#include "cli/predict_chain.h"
#include "event/queue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* Measured over whole runs of the scenarios that come with the program (docs/PERFORMANCE.md). */
static const double queue_operations_per_event = 14; /* what a handler costs, in pushes and pops */
static const double message_events_maxmin = 4.35;    /* latency, two links, settling */
/* Latencies between regions spread a question's answers, which then share fewer links. */
static const double message_events_regions = 2.5;
static const double message_events_fifo = 2;
static const double tcp_events_per_round = 4;
static const double compression_of_silence = 0.02; /* where nobody asks, little changes */
static const double compression = 0.45;            /* of a result's arrays */
static const double checkpoint_epoch_s = 5;        /* the first checkpoint comes after so long */
static const double calibration_limit_s = 0.6;     /* over all groups */
static const double job_flop_limit = 3e8;          /* more is measured on one sequence */
static const double query_bytes_per_peer = 256;    /* of a question under way */
static const double event_bytes = 40;
static const double libraries_bytes = 20e6; /* buffers of HDF5, the memo, the pool's scratch */
static const double uid_bytes = 600;        /* of the chain, the agents and the recorder */

/* Packing: what a row says of each uid changes from row to row, what a mechanism was given hardly.
 */
static const double queue_operations_per_row_byte = 2.3;
static const double queue_operations_per_state_byte = 0.17;
static const double array_cache_bytes = 60e6; /* of HDF5, over all arrays of a result */

static double process_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double cpu_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* ---- one group */

/* What of a group the sums need; all for one server. */
struct share {
    const struct agents_group *group;
    double neurons, servers, validators, miners;
    double block_bytes;
    double answer_s, step_s; /* simulated */
    double steps_per_s;      /* simulated */
    double forward_cpu_s, step_cpu_s;
};

static void count_group(const struct scenario_plan *plan, const struct agents_group *group,
                        struct share *share)
{
    const struct agents_setup *setup = &plan->setup.agents;
    const struct query_params *query = setup->query;
    const struct group_training_params *training = group->training;
    double count = group->params->count, one = count > 0 ? 1 : 0;
    *share = (struct share){.group = group, .neurons = count};
    share->servers = group->params->server == GROUP_ONE ? one : count;
    /* Without a model it asks and answers nobody. */
    if (group->lm->forward == NULL)
        return;
    share->validators = group->params->validator ? count : 0;
    share->miners = group->params->miner ? count : 0;
    share->block_bytes =
        (double)setup->trainer->block_count(group->lm, group->lm_shape, group->optimiser) *
        sizeof(float);
    double flops = dist_mean(&group->host->flops);
    double forward =
        (double)group->lm->forward_flop(group->lm_shape, query->batch, query->sequence);
    double step = (double)setup->trainer->step_flop(group->lm, group->lm_shape, group->optimiser,
                                                    training->batch, training->sequence);
    share->answer_s = forward * query->flop_scale / flops;
    share->step_s = step * query->flop_scale / flops;
    double interval_s = dist_mean(&training->interval_ns) * 1e-9;
    if (training->enabled && interval_s > 0)
        share->steps_per_s = smaller(1 / interval_s, 1 / share->step_s);
}

/* ---- how fast this machine is */

/* Blocks, tokens and scratch for one model's jobs. */
struct rig {
    float *block, *next, *scratch, *output;
    uint8_t *tokens;
    size_t symbols;
};

static void rig_release(struct rig *rig)
{
    free(rig->block);
    free(rig->next);
    free(rig->scratch);
    free(rig->output);
    free(rig->tokens);
}

static float *floats(size_t count)
{
    size_t bytes = (count * sizeof(float) + 127) & ~(size_t)63;
    float *block = aligned_alloc(LM_ALIGNMENT, bytes);
    if (block != NULL)
        memset(block, 0, bytes);
    return block;
}

static bool rig_init(struct rig *rig, const struct scenario_plan *plan,
                     const struct agents_group *group, uint32_t batch, uint32_t sequence)
{
    const struct lm_trainer *trainer = plan->setup.agents.trainer;
    size_t block = trainer->block_count(group->lm, group->lm_shape, group->optimiser);
    rig->symbols = (size_t)batch * (sequence + 1);
    rig->block = floats(block);
    rig->next = floats(block);
    rig->scratch = floats(trainer->scratch_count(group->lm, group->lm_shape, batch, sequence));
    rig->output = floats((size_t)batch * sequence);
    rig->tokens = calloc(rig->symbols + 1, 1);
    if (!rig->block || !rig->next || !rig->scratch || !rig->output || !rig->tokens)
        return false;
    uint32_t vocabulary = group->lm->vocabulary(group->lm_shape);
    for (size_t i = 0; i < rig->symbols; i++)
        rig->tokens[i] = (uint8_t)(i * 7 % vocabulary);
    struct stream stream;
    stream_init(&stream, 1, STREAM_MODEL_INIT, 0, 0);
    trainer->init(group->lm, group->lm_shape, group->optimiser, &stream, rig->block);
    return true;
}

/* One job; whether it trains is what tells them apart. */
static void run_job(const struct scenario_plan *plan, const struct agents_group *group,
                    const struct rig *rig, uint32_t batch, uint32_t sequence, bool trains)
{
    struct lm_batch job = {
        .sequence_count = batch, .sequence_length = sequence, .tokens = rig->tokens};
    struct lm_outputs outputs = {.log_probability = rig->output};
    struct lm_step_result result;
    if (trains)
        (void)!plan->setup.agents.trainer->step(group->lm, group->lm_shape, group->optimiser, 0,
                                                rig->block, &job, rig->next, &result, rig->scratch);
    else
        group->lm->forward(group->lm_shape, rig->block, &job, &outputs, rig->scratch);
}

/* CPU seconds of one job: the mean over as many as fit into the budget, at least one. */
static bool time_job(const struct scenario_plan *plan, const struct agents_group *group,
                     uint32_t batch, uint32_t sequence, bool trains, double budget_s, double *ret_s)
{
    double flop =
        (trains ? 3.0 : 1.0) * (double)group->lm->forward_flop(group->lm_shape, batch, sequence);
    uint32_t measured = flop > job_flop_limit ? 1 : batch;
    struct rig rig = {0};
    bool good = rig_init(&rig, plan, group, measured, sequence);
    double start_s = cpu_now_s(), spent_s = 0;
    uint32_t jobs = 0;
    if (good)
        run_job(plan, group, &rig, measured, sequence, trains); /* warms the caches */
    start_s = good && cpu_now_s() - start_s < budget_s ? cpu_now_s() : start_s;
    while (good && (jobs == 0 || spent_s < budget_s)) {
        run_job(plan, group, &rig, measured, sequence, trains);
        jobs++;
        spent_s = cpu_now_s() - start_s;
    }
    rig_release(&rig);
    if (good)
        *ret_s = spent_s / jobs * batch / measured;
    return good;
}

/* Has an earlier group the same model and jobs? */
static const struct share *twin_of(const struct share *shares, size_t index)
{
    const struct agents_group *group = shares[index].group;
    for (size_t g = 0; g < index; g++) {
        const struct agents_group *other = shares[g].group;
        if (other->lm == group->lm && other->optimiser->kind == group->optimiser->kind &&
            memcmp(other->lm_shape, group->lm_shape, group->lm->table->struct_bytes) == 0 &&
            other->training->batch == group->training->batch &&
            other->training->sequence == group->training->sequence)
            return &shares[g];
    }
    return NULL;
}

static bool calibrate_models(const struct scenario_plan *plan, struct share *shares, size_t count)
{
    const struct query_params *query = plan->setup.agents.query;
    double budget_s = calibration_limit_s / (4 * (double)count + 1);
    bool good = true;
    for (size_t g = 0; g < count && good; g++) {
        struct share *share = &shares[g];
        const struct group_training_params *training = share->group->training;
        const struct share *same = twin_of(shares, g);
        if (share->group->lm->forward == NULL)
            continue;
        if (same != NULL) {
            share->forward_cpu_s = same->forward_cpu_s;
            share->step_cpu_s = same->step_cpu_s;
            continue;
        }
        good = time_job(plan, share->group, query->batch, query->sequence, false, budget_s,
                        &share->forward_cpu_s) &&
               time_job(plan, share->group, training->batch, training->sequence, true, budget_s,
                        &share->step_cpu_s);
    }
    return good;
}

/* Seconds of one push and pop among a thousand events: the quickest of a few tries, as whoever else
 * works on this machine only takes time away. */
static enum sim_status calibrate_queue(double *ret_s, struct sim_error *err)
{
    enum { PENDING = 1000, ROUNDS = 20000, TRIES = 5 };
    struct evq_options options = {.capacity = 2 * PENDING};
    struct evq *queue;
    struct event event = {0};
    enum sim_status status = evq_create(&options, &queue, err);
    if (status != SIM_OK)
        return status;
    double start_s = cpu_now_s(), quickest_s = INFINITY;
    for (int i = 0; i < PENDING + TRIES * ROUNDS && status == SIM_OK; i++) {
        if (i >= PENDING)
            (void)evq_pop(queue, &event);
        status = evq_push(queue, event.at_ns + 1 + i % 977 * 1000, 1, 0, 0, err);
        if (i >= PENDING && (i - PENDING + 1) % ROUNDS == 0) {
            quickest_s = smaller(quickest_s, cpu_now_s() - start_s);
            start_s = cpu_now_s();
        }
    }
    *ret_s = quickest_s / ROUNDS;
    evq_free(queue);
    return status;
}

/* ---- what happens in the run */

/* Sums over the groups. */
struct totals {
    double until_s, capacity;
    double neurons, servers, validators, miners;
    double answer_s, forward_cpu_s; /* means over miners */
    double busy;                    /* of a mean miner's server by training, 0..1 */
    double peers, period_s, served; /* part of the questions that reach the head of a queue */
};

static struct totals add_up(const struct scenario_plan *plan, const struct share *shares,
                            size_t count)
{
    const struct query_params *query = plan->setup.agents.query;
    struct totals all = {.until_s = (double)plan->setup.params->until_ns * 1e-9,
                         .capacity = plan->chain_net.params.max_uids};
    double serving = 0;
    for (size_t g = 0; g < count; g++) {
        const struct share *share = &shares[g];
        all.neurons += share->neurons;
        all.servers += share->servers;
        all.validators += share->validators;
        all.miners += share->miners;
        serving += share->miners > 0 ? share->servers : 0;
        all.answer_s += share->miners * share->answer_s;
        all.forward_cpu_s += share->miners * share->forward_cpu_s;
        all.busy += share->miners * smaller(1, share->steps_per_s * share->step_s);
    }
    double miners = all.miners > 0 ? all.miners : 1;
    all.answer_s /= miners;
    all.forward_cpu_s /= miners;
    all.busy /= miners;
    all.validators = smaller(all.validators, all.capacity);
    all.peers = smaller(query->peers, smaller(all.miners, all.capacity));
    double interval_s = (double)query->interval_ns * 1e-9;
    double timeout_s = (double)query->timeout_ns * 1e-9;
    double asked_per_s = all.validators * all.peers / interval_s / (serving > 0 ? serving : 1);
    double load = asked_per_s * all.answer_s / (1 - smaller(all.busy, 0.99));
    all.period_s = load > 1 && timeout_s > interval_s ? timeout_s : interval_s;
    all.served = load > 1 ? 1 / load : 1;
    return all;
}

/* Rounds that TCP's windows take for a message. */
static double tcp_rounds(double bytes, double growth)
{
    double segments = bytes / 1460, window = 10, sent = 10, rounds = 1;
    while (sent < segments && rounds < 100) {
        window *= growth;
        sent += window;
        rounds++;
    }
    return rounds;
}

static double message_events(const struct scenario_plan *plan)
{
    const struct query_params *query = plan->setup.agents.query;
    double symbols = (double)query->batch * query->sequence * query->wire_scale;
    double answer = symbols * 4 * plan->setup.agents.corpus->vocabulary_symbols;
    double growth = plan->setup.net->window_growth;
    switch (plan->setup.net->sharing) {
    case NET_LATENCY:
        return 1;
    case NET_FIFO:
        return message_events_fifo;
    case NET_TCP:
        return tcp_events_per_round *
               (tcp_rounds(8 * symbols, growth) + tcp_rounds(answer, growth)) / 2;
    default:
        return plan->setup.net->regions == REGION_NONE ? message_events_maxmin
                                                       : message_events_regions;
    }
}

static void count_events(const struct scenario_plan *plan, const struct share *shares, size_t count,
                         const struct totals *all, struct prediction *prediction)
{
    const struct query_params *query = plan->setup.agents.query;
    double block_s = (double)plan->setup.params->block_time_ns * 1e-9;
    double tempo = (double)plan->chain_net.params.tempo;
    bool nakamoto = plan->setup.chain.profile == CHAIN_NAKAMOTO;
    prediction->blocks = all->until_s / block_s;
    double period = nakamoto ? (tempo > 0 ? tempo : 1) : tempo + 1;
    prediction->epochs = tempo > 0 || nakamoto ? floor(prediction->blocks / period) : 0;
    prediction->questions = all->validators * all->until_s / all->period_s;
    prediction->answers = prediction->questions * all->peers * all->served;
    prediction->messages = prediction->questions * all->peers + prediction->answers;
    if (query->gradients)
        prediction->messages += prediction->answers;
    for (size_t g = 0; g < count; g++)
        prediction->training_steps += shares[g].servers * shares[g].steps_per_s * all->until_s;
    double weights;
    prediction->rows = floor(prediction->epochs / plan->setup.probe->interval);
    prediction->solutions = predict_chain_solutions(plan);
    prediction->looks = predict_chain_looks(plan, &weights);
    double made = prediction->blocks;
    bool rests = prediction->questions == 0 && prediction->training_steps == 0;
    if (plan->setup.params->merge_idle_blocks && rests) /* the others are made in one go */
        made = smaller(made, predict_chain_unrest(plan) + prediction->epochs + prediction->looks +
                                 prediction->solutions);
    prediction->events = made + 2 * prediction->questions + prediction->answers +
                         prediction->messages * message_events(plan) +
                         2 * prediction->training_steps + prediction->looks + prediction->solutions;
}

/* ---- bytes */

static double recorded_uids(const struct scenario_plan *plan)
{
    double uids = plan->chain_net.params.max_uids;
    const struct world_limits *limits = plan->setup.limits;
    if (limits != NULL && limits->max_uids > uids)
        uids = limits->max_uids;
    for (size_t c = 0; c < plan->setup.change_count; c++)
        for (size_t s = 0; s < plan->setup.changes[c].set_count; s++) {
            const struct world_set *set = &plan->setup.changes[c].sets[s];
            const struct chain_params *params = set->values;
            if (set->block == WORLD_CHAIN && set->network == plan->network &&
                params->max_uids > uids)
                uids = params->max_uids;
        }
    return uids;
}

/* Entries of all set_weights calls: of the peers that a validator has met by then. */
static double weight_entries(const struct scenario_plan *plan, const struct totals *all,
                             double *ret_calls)
{
    const struct query_params *query = plan->setup.agents.query;
    double interval_s =
        (double)query->weights_interval_blocks * (double)plan->setup.params->block_time_ns * 1e-9;
    double known = smaller(all->miners, all->capacity), entries = 0;
    *ret_calls = 0;
    for (double at_s = interval_s / 2; at_s < all->until_s && *ret_calls < 1e9;
         at_s += interval_s) {
        double met = known > 0 ? known * (1 - exp(-at_s / all->period_s * all->peers / known)) : 0;
        entries += all->validators * met * (1 - query->exclude_quantile);
        *ret_calls += all->validators;
    }
    return entries;
}

static void count_disk(const struct scenario_plan *plan, const struct totals *all,
                       struct prediction *prediction)
{
    const struct probe_params *probe = plan->setup.probe;
    struct record_plan rows = {.uid_count = (uint32_t)recorded_uids(plan)};
    double calls, entries = weight_entries(plan, all, &calls);
    rows.rows[RECORD_DIM_EPOCH] = (uint64_t)prediction->rows;
    rows.rows[RECORD_DIM_HOTKEY] = (uint64_t)all->neurons;
    if (probe->calls) {
        rows.rows[RECORD_DIM_CALL] = (uint64_t)calls;
        rows.rows[RECORD_DIM_CALL_ENTRY] = (uint64_t)entries;
    }
    double full = all->validators * smaller(all->miners, all->capacity);
    if (probe->states) {
        rows.rows[RECORD_DIM_STATE] = (uint64_t)prediction->epochs;
        rows.rows[RECORD_DIM_STATE_ROW] = (uint64_t)calls;
        rows.rows[RECORD_DIM_STATE_ENTRY] = (uint64_t)entries;
    }
    if (probe->weights_interval > 0) {
        double copies = ceil(prediction->epochs / probe->weights_interval);
        rows.rows[RECORD_DIM_WEIGHT_SNAPSHOT] = (uint64_t)copies;
        rows.rows[RECORD_DIM_WEIGHT_ENTRY] = (uint64_t)(copies * full);
    }
    if (probe->bonds_interval > 0) {
        double copies = ceil(prediction->epochs / probe->bonds_interval);
        rows.rows[RECORD_DIM_BOND_SNAPSHOT] = (uint64_t)copies;
        rows.rows[RECORD_DIM_BOND_ENTRY] = (uint64_t)(copies * full);
    }
    static const double headers_bytes = 160e3; /* of an HDF5 file with all variables */
    double part = prediction->questions > 0 ? compression : compression_of_silence;
    prediction->recorded_bytes = (double)record_plan_bytes(&rows);
    prediction->memory_bytes += smaller(prediction->recorded_bytes, array_cache_bytes);
    struct record_plan states = {.uid_count = rows.uid_count};
    for (int d = RECORD_DIM_STATE; d <= RECORD_DIM_STATE_ENTRY; d++)
        states.rows[d] = rows.rows[d];
    prediction->state_bytes = (double)record_plan_bytes(&states);
    prediction->result_bytes = headers_bytes + part * prediction->recorded_bytes;
    prediction->checkpoint_bytes = prediction->model_bytes + uid_bytes * all->capacity;
    prediction->disk_bytes = 2 * prediction->result_bytes +
                             smaller(2, prediction->epochs) * prediction->checkpoint_bytes;
}

static double process_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss * 1024 : 0;
}

/* What the process holds now (code, corpus) and what a run adds. */
static void count_memory(const struct scenario_plan *plan, const struct share *shares, size_t count,
                         const struct totals *all, double now_bytes, struct prediction *prediction)
{
    const struct agents_setup *setup = &plan->setup.agents;
    double uids = recorded_uids(plan), training = 0;
    for (size_t g = 0; g < count; g++) {
        prediction->model_bytes += shares[g].servers * shares[g].block_bytes;
        training += shares[g].servers * shares[g].block_bytes *
                    smaller(1, shares[g].steps_per_s * shares[g].step_s);
    }
    double scores = uids * (double)(sizeof(struct scorer_stats) + sizeof(uint32_t));
    double router =
        (double)router_state_bytes(setup->router, setup->router_params, (uint32_t)uids, 0);
    double question =
        all->peers * (query_bytes_per_peer + 8.0 * setup->query->batch * setup->query->sequence);
    double rows = all->validators * smaller(all->miners, all->capacity) * 24;
    prediction->memory_bytes = now_bytes + libraries_bytes + prediction->model_bytes + training +
                               all->validators * (scores + router + question) + rows +
                               uids * uid_bytes + all->neurons * 400 +
                               all->validators * all->peers * 4 * event_bytes;
}

/* ---- time */

static void count_time(const struct scenario_plan *plan, const struct share *shares, size_t count,
                       const struct totals *all, double queue_s,
                       const struct predict_chain_cost *chain, uint32_t threads,
                       struct prediction *prediction)
{
    const struct query_params *query = plan->setup.agents.query;
    prediction->forward_s = prediction->answers * all->forward_cpu_s;
    double sequences = plan->setup.probe->evaluation_sequences;
    for (size_t g = 0; g < count; g++) {
        const struct share *share = &shares[g];
        prediction->training_s +=
            share->servers * share->steps_per_s * all->until_s * share->step_cpu_s;
        prediction->evaluation_s +=
            prediction->epochs * share->servers * share->forward_cpu_s * sequences / query->batch;
    }
    prediction->loop_s = prediction->events * queue_s * queue_operations_per_event +
                         prediction->epochs * chain->epoch_s;
    double row_bytes = prediction->recorded_bytes - prediction->state_bytes;
    prediction->record_s = queue_s * (row_bytes * queue_operations_per_row_byte +
                                      prediction->state_bytes * queue_operations_per_state_byte);
    double models_s = prediction->forward_s + prediction->training_s + prediction->evaluation_s;
    double all_cores_s = (models_s + prediction->loop_s) / threads;
    /* The loop is one thread; models run beside it. */
    prediction->wall_s = all_cores_s > prediction->loop_s ? all_cores_s : prediction->loop_s;
    double written = prediction->wall_s / checkpoint_epoch_s;
    static const double disk_bytes_per_s = 500e6;
    prediction->wall_s +=
        smaller(written, prediction->epochs) * prediction->checkpoint_bytes / disk_bytes_per_s +
        prediction->record_s + prediction->start_s;
}

static enum sim_status predict_network(const struct scenario_plan *plan, uint32_t threads,
                                       struct prediction *ret_prediction, struct sim_error *err)
{
    size_t count = plan->setup.agents.group_count;
    struct prediction prediction = {.start_s = process_now_s()};
    struct predict_chain_cost chain = {0};
    double queue_s = 0, now_bytes = process_bytes(), start_s = cpu_now_s();
    struct share *shares = calloc(count + 1, sizeof(*shares));
    if (shares == NULL)
        return SIM_FAIL(err, SIM_MEMORY, "no memory for %zu groups", count);
    for (size_t g = 0; g < count; g++)
        count_group(plan, &plan->setup.agents.groups[g], &shares[g]);
    enum sim_status status = calibrate_queue(&queue_s, err);
    if (status == SIM_OK)
        status = predict_chain_measure(plan, &chain, err);
    if (status == SIM_OK && !calibrate_models(plan, shares, count))
        status = SIM_FAIL(err, SIM_MEMORY, "no memory to measure the models");
    if (status == SIM_OK) {
        prediction.calibration_s = cpu_now_s() - start_s;
        struct totals all = add_up(plan, shares, count);
        count_events(plan, shares, count, &all, &prediction);
        count_memory(plan, shares, count, &all, now_bytes, &prediction);
        count_disk(plan, &all, &prediction);
        count_time(plan, shares, count, &all, queue_s, &chain, threads, &prediction);
        *ret_prediction = prediction;
    }
    free(shares);
    return status;
}

static void add_prediction(struct prediction *all, const struct prediction *one)
{
    all->questions += one->questions;
    all->messages += one->messages;
    all->answers += one->answers;
    all->training_steps += one->training_steps;
    all->epochs += one->epochs;
    all->rows += one->rows;
    all->solutions += one->solutions;
    all->looks += one->looks;
    all->recorded_bytes += one->recorded_bytes;
    all->state_bytes += one->state_bytes;
    all->record_s += one->record_s;
    all->events += one->events - one->blocks; /* a block is one event for all */
    all->model_bytes += one->model_bytes;
    all->result_bytes += one->result_bytes;
    all->checkpoint_bytes += one->checkpoint_bytes;
    all->disk_bytes += one->disk_bytes;
    all->forward_s += one->forward_s;
    all->training_s += one->training_s;
    all->evaluation_s += one->evaluation_s;
    all->loop_s += one->loop_s;
    all->wall_s += one->wall_s - one->start_s;
    all->calibration_s += one->calibration_s;
}

enum sim_status predict_run(const struct scenario_plan *plan, uint32_t threads,
                            struct prediction *ret_prediction, struct sim_error *err)
{
    struct prediction all = {0};
    double now_bytes = process_bytes();
    enum sim_status status = SIM_OK;
    for (uint32_t n = 0; n < plan->network_count && status == SIM_OK; n++) {
        struct scenario_plan one = *plan;
        struct prediction prediction = {0};
        one.setup.agents = plan->networks[n].agents;
        one.chain_net = plan->networks[n].chain_net;
        one.chain_net.params.emission_split = CHAIN_SPLIT_FIXED; /* alone it has no root */
        one.network = n;
        status = predict_network(&one, threads, &prediction, err);
        if (status == SIM_OK && n == 0)
            all = prediction;
        else if (status == SIM_OK) {
            add_prediction(&all, &prediction);
            all.memory_bytes += prediction.memory_bytes - now_bytes;
        }
    }
    if (status == SIM_OK)
        *ret_prediction = all;
    return status;
}
