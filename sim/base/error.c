#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *sim_status_text(enum sim_status status)
{
#define SIM_STATUS_CASE(name, text)                                                                \
    case SIM_##name:                                                                               \
        return text;
    switch (status) {
        SIM_STATUS_LIST(SIM_STATUS_CASE)
    }
#undef SIM_STATUS_CASE
    return "unknown status";
}

enum sim_status sim_error_set(struct sim_error *err, enum sim_status status, const char *format,
                              ...)
{
    if (err == NULL)
        return status;
    err->status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(err->text, sizeof(err->text), format, arguments);
    va_end(arguments);
    return status;
}

enum sim_status sim_error_context(struct sim_error *err, const char *format, ...)
{
    SIM_ASSERT(err != NULL && err->status != SIM_OK);
    char old[sizeof(err->text)];
    memcpy(old, err->text, sizeof(old));

    va_list arguments;
    va_start(arguments, format);
    int used = vsnprintf(err->text, sizeof(err->text), format, arguments);
    va_end(arguments);
    if (used >= 0 && (size_t)used + 3 < sizeof(err->text)) {
        size_t room = sizeof(err->text) - (size_t)used;
        snprintf(err->text + used, room, ": %.*s", (int)(room - 3), old);
    }
    return err->status;
}

_Noreturn void sim_assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "taosim: broken invariant at %s:%d: %s\n", file, line, condition);
    abort();
}
