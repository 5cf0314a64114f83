/* make_report RESULT OUTPUT.html [CSV_FOLDER]: the report through the functions that a run uses. */
#include <stdio.h>

#include "analysis/report/report.h"

int main(int argc, char **argv)
{
    struct sim_error err = {0};
    if (argc < 3)
        return 2;
    const struct report_options options = {.result_path = argv[1]};
    enum sim_status status = report_write(&options, argv[2], &err);
    if (status == SIM_OK && argc > 3)
        status = report_csv(&options, argv[3], &err);
    if (status != SIM_OK)
        fprintf(stderr, "make_report: %s\n", err.text);
    return status == SIM_OK ? 0 : 1;
}
