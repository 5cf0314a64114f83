/*
 * show_result RESULT [TABLE [--csv]]: a result as text, through the functions that a run uses.
 * show_result --schema: the generated part of docs/RESULTS.md.
 */
#include <string.h>

#include "analysis/show.h"

int main(int argc, char **argv)
{
    struct sim_error err = {0};
    struct reader *reader = NULL;
    if (argc == 2 && strcmp(argv[1], "--schema") == 0) {
        show_schema_markdown(stdout);
        return 0;
    }
    if (argc < 2)
        return 2;
    enum sim_status status = reader_open(argv[1], &reader, &err);
    if (status == SIM_OK && argc == 2)
        show_summary(reader, stdout);
    if (status == SIM_OK && argc > 2) {
        const struct show_options options = {.csv = argc > 3};
        status = show_table(reader, argv[2], &options, stdout, &err);
    }
    if (status != SIM_OK)
        fprintf(stderr, "show_result: %s\n", err.text);
    reader_free(reader);
    return status == SIM_OK ? 0 : 1;
}
