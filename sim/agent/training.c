/*
 * training.c: a step of learning as a compute job: from text of the model's own, from gradients
 * that came back, from what peers answered.
 *
 * The job's input is a header, then lessons (their derivatives, the teacher's logits, then all
 * their tokens) in one block; it holds the versions that it points to.  Own text is drawn inside
 * the job, from a stream keyed by the model's stable name and the step's number, so the loop does
 * not wait for it and a cancelled step moves no draw.
 *
 *   g = [local] d loss(own text) + remote_weight / n sum over n lessons of J^T normalised(lesson)
 *       + distil d (mean squared difference of the own logits and the teacher's)
 * and one step of the optimiser along g.  With own text alone it is the trainer's plain step.
 */
#include "agent/exchange.h"
#include "agent/lesson.h"
#include "agent/phrases.h"
#include "agent/response.h"

#include <math.h>
#include <string.h>

struct train_input {
    const struct lm_trainer *trainer;
    const struct agents_group *group;
    const struct corpus *corpus;
    const double *mixture;
    const float *from;
    float *to;
    uint64_t seed, entity, step;
    int64_t now_ns;
    struct query_params query; /* of the questions that the lessons are about */
    size_t lesson_floats;      /* numbers of one lesson */
    uint32_t lesson_count;
    bool taught;
    _Alignas(64) float blocks[]; /* lesson_count derivatives, the teacher, tokens of each */
};

static size_t align64(size_t size_bytes)
{
    return (size_bytes + 63) & ~(size_t)63;
}

/* Numbers of a teacher. */
static size_t teacher_floats(const struct train_input *in)
{
    return (size_t)in->query.batch * in->query.sequence * in->corpus->vocabulary_symbols;
}

static size_t lesson_tokens(const struct train_input *in)
{
    return (size_t)in->query.batch * (in->query.sequence + 1);
}

static const float *derivative_of(const struct train_input *in, uint32_t lesson)
{
    return in->blocks + lesson * in->lesson_floats;
}

static const float *teacher_of(const struct train_input *in)
{
    return derivative_of(in, in->lesson_count);
}

/* Of a lesson, or at lesson_count those of the teacher. */
static const uint8_t *tokens_of(const struct train_input *in, uint32_t lesson)
{
    size_t teacher = in->taught ? teacher_floats(in) : 0;
    return (const uint8_t *)(teacher_of(in) + teacher) + lesson * lesson_tokens(in);
}

static void draw_training_text(const struct train_input *in, uint8_t *ret_tokens)
{
    const struct corpus_diet *diet = in->group->diet;
    const struct group_training_params *training = in->group->training;
    struct corpus_request request = {
        .part = CORPUS_TRAIN,
        .weights = in->mixture,
        .length_tokens = training->sequence + 1,
        .time_ns = in->now_ns,
        .leak_share = diet->leak_share,
        .junk_share = diet->junk_share,
        .poison_share = diet->poison_share,
    };
    struct stream stream;
    stream_init(&stream, in->seed, STREAM_TRAIN_DATA, in->entity, in->step);
    for (uint32_t b = 0; b < training->batch; b++)
        corpus_draw(in->corpus, &request, &stream, ret_tokens + b * (training->sequence + 1));
}

static size_t training_token_bytes(const struct group_training_params *training)
{
    return align64((size_t)training->batch * (training->sequence + 1));
}

static enum sim_status plain_step(const struct train_input *in, const struct lm_batch *batch,
                                  struct lm_step_result *ret_result, float *rest)
{
    return in->trainer->step(in->group->lm, in->group->lm_shape, in->group->optimiser, in->step,
                             in->from, batch, in->to, ret_result, rest);
}

/* ---- a step with lessons */

/* The scratch of one, cut into pieces. */
struct pieces {
    float *total, *part;      /* (parameters) */
    double *numbers, *second; /* of a lesson or a teacher, whichever has more */
    float *given;             /* the same, as the model wants it */
    float *rest;              /* of the model */
};

static size_t piece_floats(size_t floats)
{
    return (floats + 15) & ~(size_t)15;
}

static size_t lesson_numbers(const struct train_input *in)
{
    size_t teacher = teacher_floats(in);
    return in->lesson_floats > teacher ? in->lesson_floats : teacher;
}

static size_t pieces_floats(const struct train_input *in)
{
    size_t parameters = in->group->lm->parameter_count(in->group->lm_shape);
    return 2 * piece_floats(parameters) + 5 * piece_floats(lesson_numbers(in));
}

static struct pieces cut(const struct train_input *in, float *scratch)
{
    size_t parameters = in->group->lm->parameter_count(in->group->lm_shape);
    size_t block = piece_floats(parameters), numbers = piece_floats(lesson_numbers(in));
    float *doubles = scratch + 2 * block;
    return (struct pieces){.total = scratch,
                           .part = scratch + block,
                           .numbers = (double *)doubles,
                           .second = (double *)(doubles + 2 * numbers),
                           .given = doubles + 4 * numbers,
                           .rest = scratch + pieces_floats(in)};
}

/* total += scale x part */
static void add_scaled(const struct train_input *in, double scale, const struct pieces *p)
{
    size_t parameters = in->group->lm->parameter_count(in->group->lm_shape);
    float factor = (float)scale;
    for (size_t i = 0; i < parameters; i++)
        p->total[i] += factor * p->part[i];
}

/* The same of the parameters' derivative that follows from the batch's. */
static double add_part(const struct train_input *in, const struct lm_batch *batch, double scale,
                       const struct pieces *p)
{
    double loss_nats =
        in->group->lm->loss_gradient(in->group->lm_shape, in->from, batch, p->part, NULL, p->rest);
    add_scaled(in, scale, p);
    return loss_nats;
}

static void divide_by_length(double *gradient, size_t count)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += gradient[i] * gradient[i];
    for (size_t i = 0; i < count && squares > 0; i++)
        gradient[i] /= sqrt(squares);
}

static struct lm_batch batch_of_lesson(const struct train_input *in, uint32_t lesson)
{
    return (struct lm_batch){.sequence_count = in->query.batch,
                             .sequence_length = in->query.sequence,
                             .tokens = tokens_of(in, lesson)};
}

/* The numbers are by the logits or by the hidden states. */
static double add_rows(const struct train_input *in, uint32_t lesson, double weight,
                       const struct pieces *p)
{
    if (in->group->training->remote == GROUP_REMOTE_NORM)
        divide_by_length(p->numbers, in->lesson_floats);
    for (size_t i = 0; i < in->lesson_floats; i++)
        p->given[i] = (float)p->numbers[i];
    struct lm_batch batch = batch_of_lesson(in, lesson);
    *(in->query.response == QUERY_HIDDEN ? &batch.by_hidden : &batch.by_logits) = p->given;
    return add_part(in, &batch, weight, p);
}

/* The numbers are by probabilities.  They differ by orders of magnitude from one sequence to the
 * next, as 1 / p does, so the length that counts is that by the logits, as of the other forms. */
static double add_phrases(const struct train_input *in, uint32_t lesson, double weight,
                          const struct pieces *p)
{
    struct phrases_asked asked = {.lm = in->group->lm,
                                  .shape = in->group->lm_shape,
                                  .parameters = in->from,
                                  .query = &in->query};
    double length, loss_nats = phrases_gradient(&asked, tokens_of(in, lesson), p->numbers, p->part,
                                                &length, p->rest);
    if (in->group->training->remote == GROUP_REMOTE_NORM && length > 0)
        weight /= length;
    add_scaled(in, weight, p);
    return loss_nats;
}

static double add_lesson(const struct train_input *in, uint32_t lesson, const struct pieces *p)
{
    const struct group_training_params *training = in->group->training;
    const float *derivative = derivative_of(in, lesson);
    for (size_t i = 0; i < in->lesson_floats; i++)
        p->numbers[i] = (double)derivative[i];
    if (training->remote == GROUP_REMOTE_SUM)
        exchange_normalise_gradient(p->numbers, in->lesson_floats);
    double weight = training->remote_weight / in->lesson_count;
    return in->query.response == QUERY_PHRASES ? add_phrases(in, lesson, weight, p)
                                               : add_rows(in, lesson, weight, p);
}

static double add_teacher(const struct train_input *in, const struct pieces *p)
{
    size_t count = teacher_floats(in);
    struct lm_batch batch = batch_of_lesson(in, in->lesson_count);
    in->group->lm->forward(in->group->lm_shape, in->from, &batch,
                           &(struct lm_outputs){.logits = p->given}, p->rest);
    const float *teacher = teacher_of(in);
    for (size_t i = 0; i < count; i++) {
        p->numbers[i] = (double)p->given[i];
        p->second[i] = (double)teacher[i];
    }
    /* The derivative may take the student's place: each number is read before it is written. */
    exchange_distil(p->numbers, p->second, count, p->numbers);
    for (size_t i = 0; i < count; i++)
        p->given[i] = (float)p->numbers[i];
    batch.by_logits = p->given;
    return add_part(in, &batch, in->group->training->distil, p);
}

static enum sim_status taught_step(const struct train_input *in, const struct lm_batch *batch,
                                   struct lm_step_result *ret_result, float *rest)
{
    struct pieces p = cut(in, rest);
    size_t parameters = in->group->lm->parameter_count(in->group->lm_shape);
    double own_nats = 0, lesson_nats = 0;
    uint32_t others = in->lesson_count + in->taught;
    memset(p.total, 0, parameters * sizeof(*p.total));
    if (in->group->training->local)
        own_nats = add_part(in, batch, 1, &p);
    for (uint32_t lesson = 0; lesson < in->lesson_count; lesson++)
        lesson_nats += add_lesson(in, lesson, &p);
    if (in->taught)
        lesson_nats += add_teacher(in, &p);
    ret_result->loss_nats = in->group->training->local ? own_nats : lesson_nats / others;
    return in->trainer->apply(in->group->lm, in->group->lm_shape, in->group->optimiser, in->step,
                              in->from, p.total, in->to, ret_result);
}

static enum sim_status run_train(const void *input, void *output,
                                 const struct compute_scratch *scratch)
{
    const struct train_input *in = input;
    const struct group_training_params *training = in->group->training;
    uint8_t *tokens = scratch->bytes;
    struct lm_batch batch = {
        .sequence_count = training->batch, .sequence_length = training->sequence, .tokens = tokens};
    float *rest = (float *)((char *)scratch->bytes + training_token_bytes(training));
    if (training->local)
        draw_training_text(in, tokens);
    if (in->lesson_count == 0 && !in->taught)
        return plain_step(in, &batch, output, rest);
    return taught_step(in, &batch, output, rest);
}

/* ---- starting */

bool training_has_matter(const struct agents *agents, uint32_t server_index)
{
    const struct agent_server *server = &agents->servers[server_index];
    const struct group_training_params *training = agents->models[server->model].group->training;
    return training->local || server->lesson_count > 0 || server->taught;
}

uint64_t training_flop(const struct agents *agents, uint32_t server_index)
{
    const struct agent_server *server = &agents->servers[server_index];
    const struct agent_model *model = &agents->models[server->model];
    const struct group_training_params *training = model->group->training;
    const struct query_params *query = agents->setup.query;
    const struct lm_ops *lm = model->group->lm;
    const void *shape = model->group->lm_shape;
    uint64_t flop = model->step_flop;
    if (!training->local)
        flop -= lm->training_flop(shape, training->batch, training->sequence);
    uint64_t rows_flop = lm->training_flop(shape, query->batch, query->sequence);
    flop += server->lesson_count *
            (query->response == QUERY_PHRASES ? phrases_lesson_flop(query, lm, shape) : rows_flop);
    flop += server->taught * rows_flop;
    return server->taught ? flop + lm->forward_flop(shape, query->batch, query->sequence) : flop;
}

size_t training_input_bytes(const struct agents_setup *setup, size_t lesson_floats)
{
    const struct query_params *query = setup->query;
    uint32_t lessons = 0;
    bool any = false;
    for (uint32_t g = 0; g < setup->group_count; g++) {
        const struct group_training_params *training = setup->groups[g].training;
        if (training->remote != GROUP_REMOTE_NONE && training->remote_max > lessons)
            lessons = training->remote_max;
        any |= training->remote != GROUP_REMOTE_NONE || training->distil > 0;
    }
    size_t one = lesson_floats * sizeof(float) + (size_t)query->batch * (query->sequence + 1);
    return sizeof(struct train_input) + (any ? (lessons + 1) * one : 0);
}

/* Moves what waits at the server behind the header; returns the size of all. */
static size_t take_lessons(struct agents *agents, struct agent_server *server,
                           struct train_input *in)
{
    float *floats = in->blocks;
    size_t count = in->lesson_floats, teacher = 0;
    uint32_t lesson = server->first_lesson;
    for (uint32_t i = 0; i < in->lesson_count; i++) {
        memcpy(floats + i * count, agents->lessons[lesson].derivative, count * sizeof(float));
        lesson = agents->lessons[lesson].next;
    }
    if (in->taught) {
        teacher = teacher_floats(in);
        memcpy(floats + in->lesson_count * count, server->teacher, teacher * sizeof(float));
    }
    uint8_t *tokens = (uint8_t *)(floats + in->lesson_count * count + teacher);
    while (server->lesson_count > 0) {
        uint32_t first = lesson_take_first(agents, server);
        memcpy(tokens, agents->lessons[first].tokens, lesson_tokens(in));
        tokens += lesson_tokens(in);
        lesson_release(agents, first);
    }
    if (in->taught) {
        memcpy(tokens, server->teacher_tokens, lesson_tokens(in));
        tokens += lesson_tokens(in);
    }
    server->taught = false;
    return (size_t)(tokens - (uint8_t *)in);
}

static size_t lesson_scratch_floats(const struct train_input *in)
{
    const struct agents_group *group = in->group;
    if (in->query.response == QUERY_PHRASES)
        return phrases_scratch_bytes(&in->query, group->lm, group->lm_shape, true) / sizeof(float);
    return in->trainer->scratch_count(group->lm, group->lm_shape, in->query.batch,
                                      in->query.sequence);
}

static uint64_t scratch_bytes(const struct train_input *in)
{
    const struct agents_group *group = in->group;
    const struct group_training_params *training = group->training;
    size_t own =
        in->trainer->scratch_count(group->lm, group->lm_shape, training->batch, training->sequence);
    size_t floats = own;
    if (in->lesson_count > 0 || in->taught) {
        size_t lesson = lesson_scratch_floats(in);
        floats = pieces_floats(in) + (lesson > own ? lesson : own);
    }
    return training_token_bytes(training) + sizeof(float) * floats;
}

enum sim_status training_start(struct agents *agents, uint32_t server_index, struct sim_error *err)
{
    struct agent_server *server = &agents->servers[server_index];
    struct agent_model *model = &agents->models[server->model];
    const struct agents_group *group = model->group;
    const struct query_params *query = agents->setup.query;
    SIM_ASSERT(model->next == NULL);
    enum sim_status status =
        version_create(agents->wiring.versions, model->version->value_count, &model->next, err);
    if (status != SIM_OK)
        return status;

    struct train_input *in = agents->job_input;
    *in = (struct train_input){
        .trainer = agents->setup.trainer,
        .group = group,
        .corpus = agents->setup.corpus,
        .mixture = model->mixture,
        .from = model->version->values,
        .to = model->next->values,
        .seed = agents->seed,
        .entity = model->entity,
        .step = model->step_count,
        .now_ns = evq_now_ns(agents->wiring.queue),
        .query = *query,
        .lesson_floats = lesson_derivative_count(agents, model),
        .lesson_count = server->lesson_count,
        .taught = server->taught,
    };
    uint64_t work_flop = training_flop(agents, server_index);
    struct compute_job job = {
        .run = run_train,
        .kind = AGENT_JOB_TRAIN,
        .input = in,
        .input_bytes = (uint32_t)take_lessons(agents, server, in),
        .output_bytes = sizeof(struct lm_step_result),
        .scratch_bytes = scratch_bytes(in),
        .work_flop = work_flop,
        .group = model->version->id,
        .holds = {model->version, model->next},
        .hold_count = 2,
    };
    return compute_start(agents->wiring.pool, &job, &model->training, err);
}
