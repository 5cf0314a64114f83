/* Every allocation of pool and versions fails once: each time a status, never a crash or a leak. */
#include "compute/compute.h"
#include "compute/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>

/* Allocations that still succeed; negative = all do. */
static long allocations_left = -1;

static bool allocation_fails(void)
{
    if (allocations_left < 0)
        return false;
    if (allocations_left == 0)
        return true;
    allocations_left--;
    return false;
}

/* The linker sends the calls of the libraries under test here (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return allocation_fails() ? NULL : __real_aligned_alloc(alignment, size);
}

enum { JOBS = 1200 }; /* more than one page of works and one table of tickets */

struct scene {
    struct compute_pool *pool;
    struct version_pool *versions;
    struct version *version;
    struct compute_ticket tickets[JOBS], restored;
};

static enum sim_status run_sum(const void *input, void *output,
                               const struct compute_scratch *scratch)
{
    struct version *const *from = input;
    float *work = scratch->bytes;
    work[0] = (*from)->values[0] + (*from)->values[1];
    memcpy(output, work, sizeof(float));
    return SIM_OK;
}

static enum sim_status build(struct scene *s, struct sim_error *err)
{
    const struct compute_options options = {.threads = 1, .memo_bytes = 1 << 16};
    enum sim_status status = compute_create(&options, &s->pool, err);
    if (status == SIM_OK)
        status = version_pool_create(0, &s->versions, err);
    if (status == SIM_OK)
        status = version_create(s->versions, 1000, &s->version, err);
    if (status == SIM_OK)
        memset(s->version->values, 0, 1000 * sizeof(float));
    return status;
}

static enum sim_status start_and_redeem(struct scene *s, struct sim_error *err)
{
    enum sim_status status = SIM_OK;
    for (uint32_t i = 0; i < JOBS && status == SIM_OK; i++) {
        struct compute_job job = {.run = run_sum,
                                  .input = &s->version,
                                  .input_bytes = sizeof(s->version),
                                  .output_bytes = 4000,
                                  .scratch_bytes = 4 * (i + 1),
                                  .holds = {s->version},
                                  .hold_count = 1,
                                  .memo_key = &i,
                                  .memo_key_bytes = i % 2 == 0 ? sizeof(i) : 0};
        job.memo_key = job.memo_key_bytes == 0 ? NULL : &i;
        status = compute_start(s->pool, &job, &s->tickets[i], err);
    }
    for (uint32_t i = 0; i < JOBS && status == SIM_OK; i++) {
        const void *output;
        status = compute_redeem(s->pool, s->tickets[i], &output, err);
    }
    if (status == SIM_OK)
        status = compute_restore(s->pool, 0, "abcd", 4, SIM_OK, &s->restored, err);
    return status;
}

/* Drops half of the tickets; the pool drops the rest. */
static void take_down(struct scene *s)
{
    for (uint32_t i = 0; i < JOBS; i += 2)
        compute_drop(s->pool, s->tickets[i]);
    compute_free(s->pool);
    version_release(s->version);
    version_pool_free(s->versions);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    long failures = 0;
    for (long allowed = 0;; allowed++) {
        struct scene *s = calloc(1, sizeof(*s));
        struct sim_error err = {0};
        allocations_left = allowed;
        enum sim_status status = build(s, &err);
        if (status == SIM_OK)
            status = start_and_redeem(s, &err);
        allocations_left = -1;
        take_down(s);
        free(s);
        if (status == SIM_OK)
            break;
        assert_int_equal(status, SIM_MEMORY);
        assert_true(strlen(err.text) > 0);
        failures++;
    }
    assert_true(failures > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
