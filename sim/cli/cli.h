/*
 * cli.h: the commands of taosim.  This folder alone prints and picks exit codes.
 *
 * Results go to stdout, progress and errors to stderr.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>

enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,
    CLI_INVALID = 2,     /* command line or scenario */
    CLI_GATE = 3,        /* a --fail-if tripped */
    CLI_IO = 74,         /* EX_IOERR */
    CLI_INTERRUPTED = 75 /* EX_TEMPFAIL: what there is can be continued */
};

/* A command gets the arguments from its own name on and returns an exit code. */
struct cli_command {
    const char *name;
    const char *usage; /* after "taosim " */
    const char *doc;   /* one line */
    int (*run)(int argc, char **argv);
};
extern const struct cli_command cli_commands[]; /* ends with a NULL name */

int cli_run(int argc, char **argv);
int cli_resume(int argc, char **argv);
int cli_verify(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_show(int argc, char **argv);
int cli_bench_mechanism(int argc, char **argv);
int cli_compare(int argc, char **argv);
int cli_new(int argc, char **argv);
int cli_replay(int argc, char **argv);
int cli_epoch(int argc, char **argv);
int cli_generate(int argc, char **argv);
int cli_genesis(int argc, char **argv);
int cli_flows(int argc, char **argv);
int cli_watch(int argc, char **argv);
int cli_schema(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_scenarios(int argc, char **argv);
int cli_sweep(int argc, char **argv);
int cli_help(int argc, char **argv);

/* Prints "taosim: TEXT" and returns the status' exit code. */
int cli_fail(const struct sim_error *err);
/* Prints a message about the command line, with the command's usage, and returns CLI_INVALID. */
int cli_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints every message of a report and how many there were. */
void cli_print_report(const struct config_report *report);

#endif
