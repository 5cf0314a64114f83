#include "analysis/report/study_page.h"

#include <string.h>

#include "analysis/report/asset.h"
#include "analysis/report/page.h"
#include "analysis/report/study.h"

/* {"name": ..., "label": ..., "units": ..., "is_number": ...} for each; the label is as the study
 * writes it. */
static void print_names(FILE *file, const struct collection_reader *study, const char *attr)
{
    struct report_names names;
    struct sim_error ignored = {0};
    putc('[', file);
    if (report_names_init(&names, study, attr, &ignored) == SIM_OK) {
        for (size_t i = 0; i < names.count; i++) {
            const struct collection_var *var = collection_read_find(study, "", names.names[i]);
            fputs(i > 0 ? ",{\"label\":" : "{\"label\":", file);
            report_print_json_text(file, var != NULL ? var->long_name : names.names[i]);
            fputs(",\"units\":", file);
            report_print_json_text(file, var != NULL ? var->units : "");
            fprintf(file, ",\"is_number\":%s}",
                    var != NULL && var->kind != COLLECTION_TEXT ? "true" : "false");
        }
        report_names_release(&names);
    }
    putc(']', file);
}

static unsigned long long replicates_of(const struct collection_reader *study)
{
    const struct collection_var *done = collection_read_find(study, "", "done");
    return done != NULL && done->rank == 2 ? (unsigned long long)done->shape[1] : 0;
}

static void print_data(FILE *file, const struct collection_reader *study,
                       const struct report_tables *tables)
{
    fputs("<script type=\"application/json\" id=\"data\">{\"tables\":", file);
    report_tables_print_json(tables, file);
    fputs(",\"study\":{\"design\":", file);
    report_print_json_text(file, collection_read_attr(study, "design"));
    fprintf(file, ",\"replicates\":%llu,\"parameters\":", replicates_of(study));
    print_names(file, study, "parameter_names");
    fputs(",\"metrics\":", file);
    print_names(file, study, "metric_names");
    fputs("}}</script>\n", file);
}

/* How many runs are there, of how many. */
static void print_facts(FILE *file, const struct collection_reader *study,
                        const struct report_tables *tables)
{
    double done = 0;
    unsigned long long points = 0;
    for (size_t t = 0; t < tables->count; t++) {
        const double *runs = report_table_find(&tables->items[t], "runs");
        if (strcmp(tables->items[t].name, "points") != 0 || runs == NULL)
            continue;
        points = tables->items[t].rows;
        for (size_t p = 0; p < tables->items[t].rows; p++)
            done += runs[p];
    }
    unsigned long long replicates = replicates_of(study);
    fputs("<p class=\"facts\"><span>design ", file);
    report_page_html(file, collection_read_attr(study, "design"));
    fprintf(file, "</span><span>%llu point%s</span><span>%llu replicate%s</span>", points,
            points == 1 ? "" : "s", replicates, replicates == 1 ? "" : "s");
    fprintf(file, "<span%s>%.0f of %llu runs</span><span>version ",
            done < (double)(points * replicates) ? " class=\"warn\"" : "", done,
            points * replicates);
    report_page_html(file, collection_read_attr(study, "version"));
    fputs("</span></p>\n", file);
}

void report_study_page(FILE *file, const struct collection_reader *study,
                       const struct report_tables *tables, const char *title)
{
    if (title == NULL)
        title = collection_read_attr(study, "title");
    report_page_head(file, title);
    fputs("<header><h1>", file);
    report_page_html(file, title);
    fputs("</h1><p class=\"question\">", file);
    report_page_html(file, collection_read_attr(study, "question"));
    fputs("</p>\n", file);
    print_facts(file, study, tables);
    fputs("</header>\n<main><section id=\"headline\" class=\"cards\"></section>\n"
          "<section id=\"plots\" class=\"plots\"></section>\n"
          "<section id=\"tables\"></section>\n"
          "<section class=\"provenance\"><p class=\"digests\"><span>study_digest <code>",
          file);
    report_page_html(file, collection_read_attr(study, "study_digest"));
    fputs("</code></span></p></section></main>\n", file);
    print_data(file, study, tables);
    report_page_scripts(file, report_asset_study_js);
}
