/*
 * taosim: a deterministic simulator of markets for machine intelligence.
 */
#include "cli/cli.h"

#include "base/param_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct cli_command cli_commands[] = {
    {"run",
     "run SCENARIO.yaml|--from DIR@EPOCH [-o DIR] [--set key=value]... [--seed N] [--threads N] "
     "[--until 2d] [--twin] [--dry-run] [--fail-if 'attackers.paid > 0.02'] [--force] [--quiet]",
     "run a scenario, or a run's once more from one of its epochs on; its result is DIR/result.h5",
     cli_run},
    {"resume", "resume DIR [--until 2d] [--threads N] [--quiet]",
     "finish a run that was interrupted, or go on with one that was finished", cli_resume},
    {"verify", "verify RESULT.h5 [--threads N] [--quiet]",
     "run a result's scenario again and compare the digests", cli_verify},
    {"check", "check SCENARIO.yaml|STUDY.yaml...",
     "check scenarios, and all points of studies; silent when all is well", cli_check},
    {"report",
     "report RESULT.h5|DIR|COLLECTED.h5 [-o report.html] [--twin RESULT.h5|DIR] [--csv DIR] "
     "[--network NAME]",
     "write a page with plots about a run, or about a study's collected file", cli_report},
    {"watch", "watch DIR", "print a run's progress as it comes, until it has a result", cli_watch},
    {"show", "show RESULT.h5|COLLECTED.h5 [TABLE] [--csv] [--network NAME]",
     "print what a result, or a study's collected file, holds", cli_show},
    {"compare", "compare A B [--epochs] [--network NAME] [--fail-if 'attackers.paid > 0.02']",
     "two results, or folders of runs over seeds, side by side", cli_compare},
    {"bench-mechanism", "bench-mechanism A B ... --on RESULT.h5|DIR [--network NAME]",
     "several mechanisms on the recorded states of one run, in one table", cli_bench_mechanism},
    {"replay",
     "replay RESULT.h5|DIR [--mechanism X] [--set key=value]... [--network NAME] [-o OUT.h5]",
     "a run's recorded stakes and weights through another mechanism, without models", cli_replay},
    {"epoch",
     "epoch STATE.json|RESULT.h5@EPOCH [--mechanism X] [--set key=value]... [--network NAME] [-o "
     "OUT.json]",
     "one epoch, from a state in JSON or from a result, with what lies between", cli_epoch},
    {"generate",
     "generate DIR|RESULT.h5 [--uid N] [--tokens N] [--prompt TEXT] [--temperature T] [--seed N] "
     "[--network NAME]",
     "write text with a model that a run has trained and kept", cli_generate},
    {"genesis", "genesis RESULT.h5[@EPOCH] [--network NAME] [-o DIR]",
     "write a result's stakes and weights as tables that a scenario starts from", cli_genesis},
    {"flows", "flows HOSTS.csv QUERIES.csv [-o OUT.csv]", "run the network alone on a table",
     cli_flows},
    {"sweep",
     "sweep plan|run|status|collect STUDY.yaml [-o DIR] [-j N] [--only 3,7-9] [--threads N]\n"
     "       taosim sweep status STUDY.yaml [--todo] [--task-size K]\n"
     "       taosim sweep collect STUDY.yaml [--virtual]\n"
     "       taosim sweep emit slurm|snakemake|parallel STUDY.yaml [-o DIR] [--task-size K] "
     "[--portable]",
     "run a study: many runs of one scenario, here or on a cluster", cli_sweep},
    {"list", "list [KIND|./FILE.so]", "list what a scenario can name, with its parameters",
     cli_list},
    {"new", "new mechanism|strategy|scorer|router|model NAME",
     "write a folder with a part of your own to begin from", cli_new},
    {"scenarios", "scenarios [copy NAME [DIR]]",
     "list the scenarios and studies that come with taosim", cli_scenarios},
    {"schema", "schema [--study] [--markdown]",
     "print the JSON Schema of scenarios or studies, for editors", cli_schema},
    {"help", "help", "print this", cli_help},
    {NULL, NULL, NULL, NULL},
};

int cli_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("taosim %s: a deterministic simulator of markets for machine intelligence\n\n",
           TAOSIM_VERSION);
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
        printf("  %-15s %s\n", c->name, c->doc);
    printf("\n'taosim COMMAND --help' prints how a command is used; docs/ explains the rest.\n");
    return CLI_DONE;
}

static const struct cli_command *find(const char *name)
{
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static const char *nearest(const char *name)
{
    const char *names[64];
    size_t count = 0;
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
        names[count++] = c->name;
    names[count] = NULL;
    return param_nearest(name, names);
}

static int run_command(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        cli_help(argc, argv);
        return argc < 2 ? CLI_INVALID : CLI_DONE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        printf("taosim %s\n", TAOSIM_VERSION);
        return CLI_DONE;
    }
    const struct cli_command *command = find(argv[1]);
    if (command == NULL) {
        const char *meant = nearest(argv[1]);
        return cli_usage(NULL, "no command '%s'%s%s%s; 'taosim help' lists them", argv[1],
                         meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
    }
    for (int a = 2; a < argc; a++)
        if (strcmp(argv[a], "--help") == 0) {
            printf("usage: taosim %s\n\n%s\n", command->usage, command->doc);
            return CLI_DONE;
        }
    return command->run(argc - 1, argv + 1);
}

/* Half an answer is none: a disk may be full behind a redirection too. */
int main(int argc, char **argv)
{
    int code = run_command(argc, argv);
    errno = 0;
    if ((fflush(stdout) == 0 && ferror(stdout) == 0) || code != CLI_DONE)
        return code;
    fprintf(stderr, "taosim: cannot write the output: %s\n",
            errno != 0 ? strerror(errno) : "what was printed before is not whole");
    return CLI_IO;
}
