/*
 * Each allocation of a load fails once.  malloc and its kin are replaced for the whole program, the
 * libraries included, so under the sanitizers and under valgrind, which have their own, nothing is
 * tested here.
 */
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#if !defined(__SANITIZE_ADDRESS__) && defined(__GLIBC__)

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void __libc_free(void *block);

/* Allocations until one fails; negative: none does. */
static long countdown = -1;
static long live;

static bool fails(void)
{
    if (countdown < 0)
        return false;
    return countdown-- == 0;
}

static void *counted(void *block)
{
    live += block != NULL;
    return block;
}

void *malloc(size_t bytes)
{
    return fails() ? NULL : counted(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : counted(__libc_calloc(count, bytes));
}

void *realloc(void *block, size_t bytes)
{
    if (fails())
        return NULL;
    void *moved = __libc_realloc(block, bytes);
    live += block == NULL && moved != NULL;
    return moved;
}

void free(void *block)
{
    live -= block != NULL;
    __libc_free(block);
}

/* Valgrind puts its own functions in the place of ours.  (Called through a pointer, or the compiler
 * takes for granted that malloc reads no countdown.) */
static bool is_replaced(void)
{
    void *(*volatile allocate)(size_t) = malloc;
    countdown = 0;
    void *block = allocate(1);
    countdown = -1;
    free(block);
    return block != NULL;
}

/* Every allocation up to the last fails once; the result is a status, never a crash or a leak. */
static void fail_each(const char *text, enum sim_status expected)
{
    if (is_replaced())
        skip();
    struct config_input input = {.path = "t.yaml", .text = text, .text_bytes = strlen(text)};
    struct sim_error err = {0};
    long before = live;
    for (long n = 0;; n++) {
        struct config_report report = {0};
        struct config *config = NULL;
        countdown = n;
        enum sim_status status = config_load(&fixture_schema, &input, &config, &report, &err);
        char *resolved = status == SIM_OK ? config_emit(config) : NULL;
        bool finished = countdown >= 0;
        countdown = -1;
        free(resolved);
        config_report_release(&report);
        config_free(config);
        assert_int_equal(live, before);
        if (finished) {
            assert_int_equal(status, expected);
            assert_true(n > 20);
            return;
        }
        if (status != SIM_OK)
            assert_int_equal(status, SIM_MEMORY);
        else
            assert_null(resolved);
    }
}

static void a_load_without_memory_says_so_and_leaks_nothing(void **state)
{
    (void)state;
    fail_each("name: t\n"
              "x-a: &a {count: 3}\n"
              "mechanism: {name: yuma3, alpha_low: 0.5}\n"
              "agents: {miners: {<<: *a, domains: [a, b], batch: {choice: [1, 2]}}}\n"
              "twin: {set: {agents.miners.count: 1}}\n"
              "schedule: [{at: 3 d, set: {mechanism: finney}}]\n",
              SIM_OK);
}

static void a_report_without_memory_says_so_and_leaks_nothing(void **state)
{
    (void)state;
    fail_each("nam: t\nmechanism: {name: yuma4, alpha_low: 0.5}\nseed: x\n", SIM_CONFIG);
}

#else

static void a_load_without_memory_says_so_and_leaks_nothing(void **state)
{
    (void)state;
    skip();
}

static void a_report_without_memory_says_so_and_leaks_nothing(void **state)
{
    (void)state;
    skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_without_memory_says_so_and_leaks_nothing),
        cmocka_unit_test(a_report_without_memory_says_so_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
