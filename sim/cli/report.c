#include "analysis/report/report.h"

#include "cli/cli.h"

#include <getopt.h>
#include <stdio.h>

int cli_report(int argc, char **argv)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"twin", required_argument, NULL, 't'},
        {"csv", required_argument, NULL, 'c'},
        {"network", required_argument, NULL, 'N'},
        {NULL, 0, NULL, 0},
    };
    struct report_options report = {0};
    const char *output = NULL, *csv = NULL;
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
        if (letter == 'o')
            output = optarg;
        else if (letter == 't')
            report.twin_path = optarg;
        else if (letter == 'c')
            csv = optarg;
        else if (letter == 'N')
            report.network = optarg;
        else
            return cli_usage("report", "no option '%s', or it needs a value", argv[optind - 1]);
    }
    if (optind + 1 != argc)
        return cli_usage("report", "one result is needed");
    report.result_path = argv[optind];
    struct sim_error err = {0};
    if (csv != NULL && report_csv(&report, csv, &err) != SIM_OK)
        return cli_fail(&err);
    if (csv != NULL && output == NULL)
        return CLI_DONE;
    if (output == NULL)
        output = "report.html";
    if (report_write(&report, output, &err) != SIM_OK)
        return cli_fail(&err);
    printf("report        %s\n", output);
    return CLI_DONE;
}
