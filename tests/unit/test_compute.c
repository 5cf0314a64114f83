#include "base/digest.h"
#include "base/stream.h"
#include "compute/compute.h"
#include "compute/memo.h"
#include "compute/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KIND_READ, KIND_FILL };
enum { MODELS = 12, VALUES = 40, TOKENS = 16 };

/* A job that reads a version, uses scratch and, of kind FILL, fills another version. */
struct job_input {
    const struct version *from;
    struct version *into;
    uint8_t tokens[TOKENS];
    uint32_t rounds;
};

struct job_output {
    double sum;
    uint32_t rounds;
};

static enum sim_status run_job(const void *input, void *output,
                               const struct compute_scratch *scratch)
{
    const struct job_input *in = input;
    struct job_output *out = output;
    float *work = scratch->bytes;
    for (int i = 0; i < VALUES; i++)
        work[i] = in->from->values[i] + (float)in->tokens[i % TOKENS];
    for (uint32_t round = 0; round < in->rounds; round++)
        for (int i = 0; i < VALUES; i++)
            work[i] = 0.5F * work[i] + 0.25F * work[(i + 1) % VALUES];
    for (int i = 0; i < VALUES; i++) {
        out->sum += (double)work[i];
        if (in->into != NULL)
            in->into->values[i] = work[i];
    }
    out->rounds = in->rounds;
    return isfinite(out->sum) ? SIM_OK : SIM_NUMERIC;
}

static struct compute_pool *pool_of(struct compute_options options)
{
    struct sim_error err = {0};
    struct compute_pool *pool = NULL;
    assert_int_equal(compute_create(&options, &pool, &err), SIM_OK);
    return pool;
}

static struct version *version_of(struct version_pool *versions, float value)
{
    struct sim_error err = {0};
    struct version *version = NULL;
    assert_int_equal(version_create(versions, VALUES, &version, &err), SIM_OK);
    for (int i = 0; i < VALUES; i++)
        version->values[i] = value + (float)i;
    return version;
}

static struct compute_ticket start(struct compute_pool *pool, struct job_input *input)
{
    struct sim_error err = {0};
    struct {
        uint64_t version, rounds;
        uint8_t tokens[TOKENS];
    } key = {.version = input->from->id, .rounds = input->rounds};
    memcpy(key.tokens, input->tokens, TOKENS);
    struct compute_job job = {.run = run_job,
                              .kind = input->into == NULL ? KIND_READ : KIND_FILL,
                              .input = input,
                              .input_bytes = sizeof(*input),
                              .output_bytes = sizeof(struct job_output),
                              .scratch_bytes = VALUES * sizeof(float),
                              .work_flop = 1000 + input->rounds * 80,
                              .group = input->from->id,
                              .hold_count = 1};
    union {
        const struct version *in;
        struct version *out;
    } from = {.in = input->from};
    job.holds[0] = from.out;
    if (input->into != NULL) {
        job.holds[1] = input->into;
        job.hold_count = 2;
    } else {
        job.memo_key = &key;
        job.memo_key_bytes = sizeof(key);
    }
    struct compute_ticket ticket = {0};
    assert_int_equal(compute_start(pool, &job, &ticket, &err), SIM_OK);
    return ticket;
}

/* ---- a small simulation: models that train and answer, tickets due in random order ---- */

enum { OPEN_MAX = 96, STEPS = 4000 };

struct open_job {
    struct compute_ticket ticket;
    int model;
    struct version *into; /* the simulation's own reference, or NULL */
};

struct simulation {
    struct compute_pool *pool;
    struct version_pool *versions;
    struct version *model[MODELS];
    bool is_training[MODELS];
    struct open_job open[OPEN_MAX];
    int open_count;
    struct digest digest;
};

static void start_one(struct simulation *s, struct stream *stream)
{
    struct sim_error err = {0};
    int model = (int)stream_below(stream, MODELS);
    struct job_input input = {.from = s->model[model],
                              .rounds = (uint32_t)stream_below(stream, 200)};
    bool is_training = stream_below(stream, 4) == 0 && !s->is_training[model];
    /* Few different tokens, so that the memo has something to find. */
    memset(input.tokens, (int)stream_below(stream, 3), TOKENS);
    if (!is_training)
        input.rounds %= 3;
    else
        assert_int_equal(version_create(s->versions, VALUES, &input.into, &err), SIM_OK);
    s->is_training[model] |= is_training;
    s->open[s->open_count++] =
        (struct open_job){.ticket = start(s->pool, &input), .model = model, .into = input.into};
}

static void end_one(struct simulation *s, struct stream *stream)
{
    struct sim_error err = {0};
    int which = (int)stream_below(stream, (uint64_t)s->open_count);
    struct open_job job = s->open[which];
    s->open[which] = s->open[--s->open_count];
    bool host_crashed = stream_below(stream, 8) == 0;
    if (!host_crashed) {
        const void *output = NULL;
        assert_int_equal(compute_redeem(s->pool, job.ticket, &output, &err), SIM_OK);
        const struct job_output *result = output;
        digest_u64(&s->digest, (uint64_t)job.model);
        digest_f64(&s->digest, result->sum);
        digest_u64(&s->digest, result->rounds);
    }
    if (job.into != NULL) {
        s->is_training[job.model] = false;
        if (!host_crashed) {
            version_release(s->model[job.model]);
            s->model[job.model] = version_reference(job.into);
        }
        version_release(job.into);
    }
    compute_drop(s->pool, job.ticket);
}

/* Writes every open ticket's output to a "checkpoint" and goes on in a new pool from there. */
static void move_to_new_pool(struct simulation *s, struct compute_options options)
{
    struct sim_error err = {0};
    struct compute_pool *next = pool_of(options);
    compute_finish(s->pool);
    for (int i = 0; i < s->open_count; i++) {
        uint32_t output_bytes;
        enum sim_status status;
        const void *output = compute_output(s->pool, s->open[i].ticket, &output_bytes, &status);
        struct compute_ticket moved = {0};
        assert_int_equal(
            compute_restore(next, KIND_READ, output, output_bytes, status, &moved, &err), SIM_OK);
        compute_drop(s->pool, s->open[i].ticket);
        s->open[i].ticket = moved;
    }
    compute_free(s->pool);
    s->pool = next;
}

static uint64_t digest_of_simulation(struct compute_options options, int checkpoint_every)
{
    struct sim_error err = {0};
    struct simulation *s = calloc(1, sizeof(*s));
    s->pool = pool_of(options);
    assert_int_equal(version_pool_create(0, &s->versions, &err), SIM_OK);
    digest_init(&s->digest);
    for (int i = 0; i < MODELS; i++)
        s->model[i] = version_of(s->versions, (float)i);
    struct stream stream;
    stream_init(&stream, 17, STREAM_TEST, 0, 0);
    for (int step = 0; step < STEPS; step++) {
        bool may_start = s->open_count < OPEN_MAX;
        if (s->open_count == 0 || (may_start && stream_below(&stream, 2) == 0))
            start_one(s, &stream);
        else
            end_one(s, &stream);
        if (checkpoint_every > 0 && step % checkpoint_every == 0)
            move_to_new_pool(s, options);
    }
    /* Some tickets stay open: the pool gives back what they hold. */
    s->pool = compute_free(s->pool);
    for (int i = 0; i < s->open_count; i++)
        version_release(s->open[i].into);
    for (int i = 0; i < MODELS; i++) {
        for (int k = 0; k < VALUES; k++)
            digest_f64(&s->digest, (double)s->model[i]->values[k]);
        version_release(s->model[i]);
    }
    assert_int_equal(version_pool_count(s->versions), 0);
    version_pool_free(s->versions);
    uint64_t value = digest_value(&s->digest);
    free(s);
    return value;
}

static void results_do_not_depend_on_threads_delays_order_memo_or_checkpoints(void **state)
{
    (void)state;
    uint64_t plain = digest_of_simulation((struct compute_options){.threads = 1}, 0);
    const uint32_t threads[] = {1, 2, 7};
    for (int i = 0; i < 3; i++) {
        for (uint64_t memo_bytes = 0; memo_bytes <= 1 << 20; memo_bytes += 1 << 18) {
            struct compute_options options = {
                .threads = threads[i], .memo_bytes = memo_bytes / 64, .test_poison_scratch = true};
            assert_int_equal(digest_of_simulation(options, 0), plain);
            options.test_shuffle = true;
            options.test_seed = memo_bytes + i;
            assert_int_equal(digest_of_simulation(options, 501), plain);
        }
        struct compute_options slow = {
            .threads = threads[i], .test_delay_us_max = 30, .test_shuffle = true, .test_seed = 5};
        assert_int_equal(digest_of_simulation(slow, 0), plain);
    }
}

/* ---- the contracts one by one ---- */

static void equal_keys_share_one_run_and_different_ones_do_not(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct version_pool *versions = NULL;
    assert_int_equal(version_pool_create(0, &versions, &err), SIM_OK);
    struct compute_pool *pool =
        pool_of((struct compute_options){.threads = 1, .memo_bytes = 1 << 20});
    struct version *a = version_of(versions, 1), *b = version_of(versions, 1);
    struct job_input input = {.from = a, .rounds = 2};
    struct compute_ticket first = start(pool, &input), second = start(pool, &input);
    input.tokens[3] = 1;
    struct compute_ticket other_tokens = start(pool, &input);
    input.tokens[3] = 0;
    input.from = b;
    struct compute_ticket other_version = start(pool, &input);
    assert_int_equal(compute_counters(pool).memo_hits[KIND_READ], 1);
    assert_int_equal(compute_counters(pool).jobs[KIND_READ], 4);

    const void *x, *y, *z, *w;
    assert_int_equal(compute_redeem(pool, first, &x, &err), SIM_OK);
    assert_int_equal(compute_redeem(pool, second, &y, &err), SIM_OK);
    assert_int_equal(compute_redeem(pool, other_tokens, &z, &err), SIM_OK);
    assert_int_equal(compute_redeem(pool, other_version, &w, &err), SIM_OK);
    assert_ptr_equal(x, y);
    assert_memory_not_equal(x, z, sizeof(struct job_output));
    assert_memory_equal(x, w, sizeof(struct job_output));
    assert_ptr_not_equal(x, w);
    compute_drop(pool, first);
    compute_drop(pool, second);
    compute_drop(pool, other_tokens);
    compute_drop(pool, other_version);
    version_release(a);
    version_release(b);
    compute_free(pool);
    version_pool_free(versions);
}

/* Succeeds when the output came zeroed; leaves no byte of it zero. */
static enum sim_status run_zero_check(const void *input, void *output,
                                      const struct compute_scratch *scratch)
{
    (void)input;
    (void)scratch;
    unsigned char *bytes = output;
    enum sim_status status = SIM_OK;
    for (int i = 0; i < 2500; i++) {
        if (bytes[i] != 0)
            status = SIM_NUMERIC;
        bytes[i] = 0xff;
    }
    return status;
}

static void outputs_are_zero_before_a_job_writes_them(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct compute_pool *pool = pool_of((struct compute_options){.threads = 1});
    struct compute_job job = {.run = run_zero_check, .output_bytes = 2500};
    for (int i = 0; i < 3; i++) {
        const void *output;
        struct compute_ticket ticket;
        assert_int_equal(compute_start(pool, &job, &ticket, &err), SIM_OK);
        assert_int_equal(compute_redeem(pool, ticket, &output, &err), SIM_OK);
        compute_drop(pool, ticket);
    }
    compute_free(pool);
}

static void keys_of_equal_hash_are_told_apart_byte_by_byte(void **state)
{
    (void)state;
    struct memo memo;
    assert_true(memo_init(&memo, 1 << 20));
    char first[] = "model 1, tokens a", second[] = "model 1, tokens b";
    struct work works[2] = {{.key = first, .key_bytes = sizeof(first), .hash = 5, .kind = 1},
                            {.key = second, .key_bytes = sizeof(second), .hash = 5, .kind = 1}};
    memo_add(&memo, &works[0]);
    assert_null(memo_find(&memo, 5, 1, second, sizeof(second)));
    memo_add(&memo, &works[1]);
    assert_ptr_equal(memo_find(&memo, 5, 1, first, sizeof(first)), &works[0]);
    assert_ptr_equal(memo_find(&memo, 5, 1, second, sizeof(second)), &works[1]);
    assert_null(memo_find(&memo, 5, 2, first, sizeof(first)));
    assert_null(memo_find(&memo, 5, 1, first, sizeof(first) - 1));
    memo_remove(&memo, &works[0]);
    assert_null(memo_find(&memo, 5, 1, first, sizeof(first)));
    assert_ptr_equal(memo_find(&memo, 5, 1, second, sizeof(second)), &works[1]);
    memo_release(&memo);
}

static void a_memo_stays_within_its_bound(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct version_pool *versions = NULL;
    assert_int_equal(version_pool_create(0, &versions, &err), SIM_OK);
    struct compute_pool *pool = pool_of((struct compute_options){.threads = 2, .memo_bytes = 4000});
    struct version *a = version_of(versions, 1);
    for (uint32_t i = 0; i < 300; i++) {
        struct job_input input = {.from = a, .rounds = i};
        const void *output;
        struct compute_ticket ticket = start(pool, &input);
        assert_int_equal(compute_redeem(pool, ticket, &output, &err), SIM_OK);
        assert_int_equal(((const struct job_output *)output)->rounds, i);
        compute_drop(pool, ticket);
        assert_true(compute_counters(pool).memo_bytes <= 4000);
    }
    assert_true(compute_counters(pool).memo_bytes > 0);
    /* One large output drives several small ones out. */
    struct compute_job large = {
        .run = run_zero_check, .output_bytes = 2500, .memo_key = "k", .memo_key_bytes = 1};
    struct compute_ticket ticket;
    assert_int_equal(compute_start(pool, &large, &ticket, &err), SIM_OK);
    assert_true(compute_counters(pool).memo_bytes <= 4000);
    compute_drop(pool, ticket);
    assert_int_equal(a->references, 1);
    version_release(a);
    compute_free(pool);
    version_pool_free(versions);
}

static void a_job_keeps_its_versions_alive_until_it_is_redeemed_or_dropped(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct version_pool *versions = NULL;
    assert_int_equal(version_pool_create(0, &versions, &err), SIM_OK);
    struct compute_pool *pool = pool_of((struct compute_options){.threads = 1});
    struct version *a = version_of(versions, 1);
    struct job_input input = {.from = a};
    struct compute_ticket redeemed = start(pool, &input), dropped = start(pool, &input);
    assert_int_equal(a->references, 3);
    compute_drop(pool, dropped);
    assert_int_equal(a->references, 2);
    version_release(a);
    assert_int_equal(version_pool_count(versions), 1);
    const void *output;
    assert_int_equal(compute_redeem(pool, redeemed, &output, &err), SIM_OK);
    assert_int_equal(version_pool_count(versions), 0);
    compute_drop(pool, redeemed);
    assert_int_equal(compute_counters(pool).dropped[KIND_READ], 1);
    assert_int_equal(compute_counters(pool).ticket_count, 0);
    compute_free(pool);
    version_pool_free(versions);
}

static void a_job_without_a_number_says_so_when_it_is_redeemed(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct version_pool *versions = NULL;
    assert_int_equal(version_pool_create(0, &versions, &err), SIM_OK);
    struct compute_pool *pool = pool_of((struct compute_options){.threads = 2});
    struct version *a = version_of(versions, NAN);
    struct compute_ticket ticket = start(pool, &(struct job_input){.from = a, .rounds = 7});
    const void *output = NULL;
    assert_int_equal(compute_redeem(pool, ticket, &output, &err), SIM_NUMERIC);
    assert_string_equal(err.text, "a computation gave no number");
    assert_int_equal(((const struct job_output *)output)->rounds, 7);
    compute_drop(pool, ticket);
    version_release(a);
    compute_free(pool);
    version_pool_free(versions);
}

static enum sim_status run_echo(const void *input, void *output,
                                const struct compute_scratch *scratch)
{
    (void)scratch;
    memcpy(output, input, sizeof(uint64_t));
    return SIM_OK;
}

static void more_open_jobs_than_the_queue_holds_all_run(void **state)
{
    (void)state;
    enum { JOBS = 40000 };
    struct sim_error err = {0};
    struct compute_pool *pool = pool_of((struct compute_options){.threads = 3});
    struct compute_ticket *tickets = calloc(JOBS, sizeof(*tickets));
    for (uint64_t i = 0; i < JOBS; i++) {
        struct compute_job job = {.run = run_echo,
                                  .input = &i,
                                  .input_bytes = sizeof(i),
                                  .output_bytes = sizeof(i),
                                  .work_flop = 1000};
        assert_int_equal(compute_start(pool, &job, &tickets[i], &err), SIM_OK);
    }
    for (uint64_t i = 0; i < JOBS; i++) {
        const void *output;
        uint64_t echo;
        assert_int_equal(compute_redeem(pool, tickets[i], &output, &err), SIM_OK);
        memcpy(&echo, output, sizeof(echo));
        assert_int_equal(echo, i);
        compute_drop(pool, tickets[i]);
    }
    assert_int_equal(compute_counters(pool).ticket_count, 0);
    free(tickets);
    compute_free(pool);
}

static void one_ticket_too_many_is_an_error_and_changes_nothing(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct version_pool *versions = NULL;
    assert_int_equal(version_pool_create(0, &versions, &err), SIM_OK);
    struct compute_pool *pool = pool_of((struct compute_options){.threads = 1, .ticket_max = 2});
    struct version *a = version_of(versions, 1);
    struct job_input input = {.from = a};
    struct compute_ticket first = start(pool, &input), second = start(pool, &input);
    struct compute_job job = {.run = run_job, .input = &input, .input_bytes = sizeof(input)};
    struct compute_ticket third = {0};
    assert_int_equal(compute_start(pool, &job, &third, &err), SIM_LIMIT);
    assert_string_equal(err.text, "compute pool: more than 2 open tickets");
    assert_true(compute_ticket_is_none(third));
    compute_drop(pool, first);
    first = start(pool, &input);
    compute_drop(pool, first);
    compute_drop(pool, second);
    compute_drop(pool, third);
    version_release(a);
    compute_free(pool);
    version_pool_free(versions);
}

static void options_out_of_range_are_refused_with_the_reason(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct compute_pool *pool = NULL;
    assert_int_equal(compute_create(&(struct compute_options){.threads = 0}, &pool, &err),
                     SIM_CONFIG);
    assert_string_equal(err.text, "compute pool: 0 threads, expected 1 to 256");
    assert_null(pool);
}

static void versions_have_unique_ids_reuse_blocks_and_obey_their_bound(void **state)
{
    (void)state;
    struct sim_error err = {0};
    struct version_pool *versions = NULL;
    assert_int_equal(version_pool_create(1 << 20, &versions, &err), SIM_OK);
    struct version *a = NULL, *b = NULL, *c = NULL;
    assert_int_equal(version_create(versions, 100, &a, &err), SIM_OK);
    assert_int_equal(version_create(versions, 100, &b, &err), SIM_OK);
    assert_int_equal(a->id, 1);
    assert_int_equal(b->id, 2);
    assert_int_equal((uintptr_t)a->values % 64, 0);
    const float *warm = b->values;
    version_release(b);
    assert_int_equal(version_create(versions, 101, &c, &err), SIM_OK);
    assert_int_equal(c->id, 3);
    assert_ptr_equal(c->values, warm);
    assert_int_equal(version_create(versions, 1 << 20, &b, &err), SIM_LIMIT);
    assert_int_equal(version_next_id(versions), 4);

    version_set_next_id(versions, 10);
    assert_int_equal(version_restore(versions, 7, 5, &b, &err), SIM_OK);
    assert_int_equal(b->id, 7);
    version_release(a);
    version_release(b);
    version_release(c);
    version_pool_free(versions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_do_not_depend_on_threads_delays_order_memo_or_checkpoints),
        cmocka_unit_test(equal_keys_share_one_run_and_different_ones_do_not),
        cmocka_unit_test(outputs_are_zero_before_a_job_writes_them),
        cmocka_unit_test(keys_of_equal_hash_are_told_apart_byte_by_byte),
        cmocka_unit_test(a_memo_stays_within_its_bound),
        cmocka_unit_test(a_job_keeps_its_versions_alive_until_it_is_redeemed_or_dropped),
        cmocka_unit_test(a_job_without_a_number_says_so_when_it_is_redeemed),
        cmocka_unit_test(more_open_jobs_than_the_queue_holds_all_run),
        cmocka_unit_test(one_ticket_too_many_is_an_error_and_changes_nothing),
        cmocka_unit_test(options_out_of_range_are_refused_with_the_reason),
        cmocka_unit_test(versions_have_unique_ids_reuse_blocks_and_obey_their_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
