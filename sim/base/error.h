/*
 * error.h: how functions say that they failed.
 *
 * Three kinds of trouble are kept apart.
 *  - A broken invariant is our bug: SIM_ASSERT, on in every build; it aborts.
 *  - An operating error (bad scenario, full disk, full queue) is an enum sim_status other than
 *    SIM_OK together with one message in the caller's struct sim_error.  Only sim/cli prints it
 *    and picks the exit code.
 *  - Numerical trouble (NaN, division by a zero sum) has a defined result, stated where the
 *    formula stands.
 *
 * A struct sim_error is the caller's; start it as {0}.  It is untouched on success.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stddef.h>

#define SIM_STATUS_LIST(X)                                                                         \
    X(OK, "success")                                                                               \
    X(CONFIG, "the command line or the scenario is not valid")                                     \
    X(IO, "a file could not be read or written")                                                   \
    X(MEMORY, "out of memory")                                                                     \
    X(LIMIT, "a stated limit was reached")                                                         \
    X(NUMERIC, "a computation gave no number")                                                     \
    X(REFUSED, "a transaction was refused by the chain's rules")                                   \
    X(INTERRUPTED, "interrupted by a signal")

#define SIM_STATUS_ENUM(name, text) SIM_##name,
enum sim_status { SIM_STATUS_LIST(SIM_STATUS_ENUM) };
#undef SIM_STATUS_ENUM

#define SIM_CHECKED __attribute__((warn_unused_result))

/* One failure: its kind and one message that names place and cause. */
struct sim_error {
    enum sim_status status;
    char text[1024];
};

/* The fixed text of a status, never NULL. */
const char *sim_status_text(enum sim_status status);

/* Writes the message (cut at the buffer's end, never overrun) and returns `status`, so that
 * `return SIM_FAIL(err, SIM_IO, "cannot read '%s'", path);` is the whole error path.
 * `err` may be NULL when the caller wants the status alone. */
enum sim_status sim_error_set(struct sim_error *err, enum sim_status status, const char *format,
                              ...) __attribute__((format(printf, 3, 4)));
#define SIM_FAIL(err, status, ...) sim_error_set((err), (status), __VA_ARGS__)

/* Puts `format...: ` before the message while unwinding; returns err->status. */
enum sim_status sim_error_context(struct sim_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Aborts with place and text when the condition is false: for bugs, never for input. */
#define SIM_ASSERT(condition)                                                                      \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            sim_assert_failed(#condition, __FILE__, __LINE__);                                     \
    } while (0)
_Noreturn void sim_assert_failed(const char *condition, const char *file, int line);

#endif
