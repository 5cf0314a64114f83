#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cli_fail(const struct sim_error *err)
{
    fprintf(stderr, "taosim: %s\n", err->text);
    switch (err->status) {
    case SIM_CONFIG:
        return CLI_INVALID;
    case SIM_IO:
        return CLI_IO;
    case SIM_INTERRUPTED:
        return CLI_INTERRUPTED;
    default:
        return CLI_FAILED;
    }
}

int cli_usage(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "taosim: ");
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
        if (command != NULL && strcmp(c->name, command) == 0)
            fprintf(stderr, "usage: taosim %s\n", c->usage);
    return CLI_INVALID;
}

void cli_print_report(const struct config_report *report)
{
    char *text = config_report_text(report);
    if (text != NULL)
        fputs(text, stderr);
    free(text);
    if (report->count > 1)
        fprintf(stderr, "taosim: %zu errors\n", report->count);
}
