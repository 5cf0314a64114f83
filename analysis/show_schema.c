/* The schema as Markdown, for docs/RESULTS.md. */
#include <string.h>

#include "analysis/show.h"

static const char *growth_text(enum record_growth growth)
{
    switch (growth) {
    case RECORD_FIXED:
        return "fixed";
    case RECORD_GROWS:
        return "grows";
    case RECORD_STATIC:
        return "whole in every segment";
    }
    return "";
}

static void print_dimensions(FILE *file)
{
    fputs("| group | dimension | length | meaning |\n| --- | --- | --- | --- |\n", file);
    for (unsigned d = 0; d < RECORD_DIM_COUNT; d++) {
        const struct record_dim_info *info = record_dim_info((enum record_dim)d);
        fprintf(file, "| /%s | `%s`%s | %s | %s |\n", info->group, info->name,
                info->has_coordinate ? "" : " (no coordinate)", growth_text(info->growth),
                info->doc);
    }
}

static void print_variables(enum record_dim dim, FILE *file)
{
    const struct record_dim_info *of = record_dim_info(dim);
    bool any = false;
    for (unsigned v = 0; v < RECORD_VAR_COUNT; v++) {
        const struct record_var_info *info = record_var_info((enum record_var)v);
        if (info->dim != dim)
            continue;
        if (!any)
            fprintf(file,
                    "\n### /%s over `%s`\n\n| variable | dimensions | type | units | meaning |\n"
                    "| --- | --- | --- | --- | --- |\n",
                    of->group, of->name);
        any = true;
        const char *wide = info->width == RECORD_DIM_NONE ? "" : record_dim_info(info->width)->name;
        fprintf(file, "| `%s` | %s%s%s | %s | %s | %s |\n", info->name, of->name,
                wide[0] != '\0' ? ", " : "", wide, record_type_name(info->type), info->units,
                info->long_name);
    }
}

void show_schema_markdown(FILE *file)
{
    fprintf(file, "Schema version %d.\n\n", RECORD_SCHEMA_VERSION);
    print_dimensions(file);
    for (unsigned d = 0; d < RECORD_DIM_COUNT; d++)
        print_variables((enum record_dim)d, file);
    fputs("\nValues of `/events/kind`:", file);
    for (unsigned k = 0; k < RECORD_EVENT_KIND_COUNT; k++)
        fprintf(file, "%s %u %s", k > 0 ? "," : "", k,
                record_event_name((enum record_event_kind)k));
    fputs(".\n", file);
}
