/*
 * show.c: show, flows and watch.
 */
#include "analysis/show_study.h"

#include "cli/cli.h"
#include "net/flows.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What a study has collected. */
static int show_collected(const char *path, const char *table, const struct show_options *options)
{
    struct sim_error err = {0};
    struct collection_reader *reader;
    enum sim_status status = collection_read_open(path, &reader, &err);
    if (status != SIM_OK)
        return cli_fail(&err);
    status = table != NULL ? show_study_table(reader, table, options, stdout, &err)
                           : show_study_summary(reader, stdout, &err);
    collection_read_free(reader);
    return status == SIM_OK ? CLI_DONE : cli_fail(&err);
}

int cli_show(int argc, char **argv)
{
    static const struct option options[] = {{"csv", no_argument, NULL, 'c'},
                                            {"network", required_argument, NULL, 'N'},
                                            {NULL, 0, NULL, 0}};
    struct show_options show = {0};
    const char *network = NULL;
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (letter == 'N')
            network = optarg;
        else if (letter == 'c')
            show.csv = true;
        else
            return cli_usage("show", "no option '%s', or it needs a value", argv[optind - 1]);
    }
    if (optind >= argc || argc - optind > 2)
        return cli_usage("show", "a result, and maybe one table of it");
    const char *table = optind + 1 < argc ? argv[optind + 1] : NULL;
    if (collection_read_is_one(argv[optind]))
        return show_collected(argv[optind], table, &show);
    struct sim_error err = {0};
    struct reader *reader;
    if (reader_open(argv[optind], &reader, &err) != SIM_OK)
        return cli_fail(&err);
    enum sim_status status = SIM_OK;
    if (network != NULL) /* else all rows, which say whose they are */
        status = reader_choose_network(reader, network, &err);
    if (status == SIM_OK && table != NULL)
        status = show_table(reader, table, &show, stdout, &err);
    else if (status == SIM_OK)
        show_summary(reader, stdout);
    reader_free(reader);
    return status == SIM_OK ? CLI_DONE : cli_fail(&err);
}

static enum sim_status run_flows(const char *hosts, const char *queries, const char *output,
                                 struct sim_error *err)
{
    struct flows *flows;
    struct net_options options = flows_default_options();
    enum sim_status status = flows_read(hosts, queries, &flows, err);
    if (status != SIM_OK)
        return status;
    FILE *out = stdout;
    status = flows_run(flows, &options, 1, err);
    if (status == SIM_OK && output != NULL && (out = fopen(output, "w")) == NULL)
        status = SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", output, strerror(errno));
    if (status == SIM_OK)
        status = flows_write(flows, out, err);
    if (out != NULL && out != stdout && fclose(out) != 0 && status == SIM_OK)
        status = SIM_FAIL(err, SIM_IO, "cannot write '%s': %s", output, strerror(errno));
    flows_free(flows);
    return status;
}

int cli_flows(int argc, char **argv)
{
    const char *output = NULL;
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt(argc, argv, ":o:")) != -1) {
        if (letter != 'o')
            return cli_usage("flows", "no option '%s', or it needs a value", argv[optind - 1]);
        output = optarg;
    }
    if (optind + 2 != argc)
        return cli_usage("flows", "a table of hosts and a table of queries are needed");
    struct sim_error err = {0};
    enum sim_status status = run_flows(argv[optind], argv[optind + 1], output, &err);
    return status == SIM_OK ? CLI_DONE : cli_fail(&err);
}

/* ---- watch */

/* Prints what was appended to the file since `*offset`; false when it cannot be read. */
static bool print_new_lines(const char *path, long *offset)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    char block[4096];
    size_t got;
    fseek(file, *offset, SEEK_SET);
    while ((got = fread(block, 1, sizeof(block), file)) > 0) {
        fwrite(block, 1, got, stdout);
        *offset += (long)got;
    }
    fclose(file);
    fflush(stdout);
    return true;
}

int cli_watch(int argc, char **argv)
{
    char progress[4096], result[4096], scenario[4096];
    if (argc != 2)
        return cli_usage("watch", "one run folder is needed");
    snprintf(progress, sizeof(progress), "%s/progress.jsonl", argv[1]);
    snprintf(result, sizeof(result), "%s/result.h5", argv[1]);
    snprintf(scenario, sizeof(scenario), "%s/scenario.yaml", argv[1]);
    long offset = 0;
    for (;;) {
        bool finished = access(result, F_OK) == 0;
        if (!print_new_lines(progress, &offset) && finished)
            return cli_usage("watch", "'%s' holds no progress", argv[1]);
        if (finished)
            return CLI_DONE;
        if (access(scenario, F_OK) != 0)
            return cli_usage("watch", "'%s' is no run's folder", argv[1]);
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    }
}
