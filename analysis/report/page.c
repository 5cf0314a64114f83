#include "analysis/report/page.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "analysis/mechanisms.h"
#include "analysis/report/asset.h"

void report_page_html(FILE *file, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '<')
            fputs("&lt;", file);
        else if (*c == '&')
            fputs("&amp;", file);
        else if (*c == '"')
            fputs("&quot;", file);
        else
            putc(*c, file);
    }
}

/* A root attribute, else the rest of the scenario's comment line that starts with `comment`. */
static void find_text(const struct report_run *run, const char *name, const char *comment,
                      char *ret_text, size_t size)
{
    const char *text = reader_attr_text(run->reader, RECORD_ROOT, name);
    ret_text[0] = '\0';
    if (text != NULL) {
        snprintf(ret_text, size, "%s", text);
        return;
    }
    const char *line = strstr(reader_scenario(run->reader), comment);
    if (line == NULL)
        return;
    line += strlen(comment);
    line += strspn(line, " ");
    snprintf(ret_text, size, "%.*s", (int)strcspn(line, "\n"), line);
}

static void print_attrs(FILE *file, const struct report_run *run, enum record_scope scope)
{
    size_t count = reader_attr_count(run->reader, scope);
    fputs("<table class=\"kv\">", file);
    for (size_t i = 0; i < count; i++) {
        const char *name = reader_attr_name(run->reader, scope, i);
        fputs("<tr><th>", file);
        report_page_html(file, name);
        fputs("</th><td>", file);
        report_page_html(file, reader_attr_print(run->reader, scope, i));
        fputs("</td></tr>\n", file);
    }
    fputs("</table>\n", file);
}

static void print_corpus(FILE *file, struct reader *reader)
{
    uint64_t rows = reader_rows(reader, RECORD_DIM_CORPUS_FILE);
    if (rows == 0 || !reader_has(reader, RECORD_CORPUS_PATH))
        return;
    fputs("<h3>Text that was read</h3><table class=\"kv\">", file);
    for (uint64_t i = 0; i < rows; i++) {
        uint64_t bytes = 0;
        struct sim_error ignored = {0};
        if (reader_read(reader, RECORD_CORPUS_BYTES, i, 1, &bytes, &ignored) != SIM_OK)
            continue;
        fputs("<tr><th>", file);
        report_page_html(file, reader_text(reader, RECORD_CORPUS_DOMAIN, i));
        fputs("</th><td>", file);
        report_page_html(file, reader_text(reader, RECORD_CORPUS_PATH, i));
        fprintf(file, ", %" PRIu64 " bytes, SHA-256 ", bytes);
        report_page_html(file, reader_text(reader, RECORD_CORPUS_SHA256, i));
        fputs("</td></tr>\n", file);
    }
    fputs("</table>\n", file);
}

static void print_digests(FILE *file, const struct report_run *run)
{
    static const char *const names[] = {"trace_digest", "digest_order", "digest_chain",
                                        "digest_model"};
    fputs("<p class=\"digests\">", file);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *text = reader_attr_text(run->reader, RECORD_ROOT, names[i]);
        if (text == NULL)
            continue;
        fprintf(file, "<span>%s <code>", names[i]);
        report_page_html(file, text);
        fputs("</code></span> ", file);
    }
    fputs("</p>\n", file);
}

static void print_facts(FILE *file, const struct report_run *run, const struct report_run *twin)
{
    static const char *const names[] = {"seed", "version"};
    char mechanisms[1024];
    mechanisms_text(run->reader, mechanisms, sizeof(mechanisms));
    fputs("<p class=\"facts\">", file);
    fprintf(file, "<span>%u slots</span><span>%zu epochs</span>", run->uid_count, run->epoch_count);
    fputs("<span>mechanism ", file);
    report_page_html(file, mechanisms);
    fputs("</span>", file);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *text = NULL;
        size_t count = reader_attr_count(run->reader, RECORD_ROOT);
        for (size_t a = 0; a < count; a++)
            if (strcmp(reader_attr_name(run->reader, RECORD_ROOT, a), names[i]) == 0)
                text = reader_attr_print(run->reader, RECORD_ROOT, a);
        if (text == NULL)
            continue;
        fprintf(file, "<span>%s ", names[i]);
        report_page_html(file, text);
        fputs("</span>", file);
    }
    const char *outside = reader_attr_text(run->reader, RECORD_ROOT, "outside_knowledge");
    if (outside != NULL) {
        fputs("<span class=\"warn\">pays by what no chain knows: ", file);
        report_page_html(file, outside);
        fputs("</span>", file);
    }
    if (run->networks > 1)
        fprintf(file, "<span>network %s, netuid %u, one of %u</span>", reader_network(run->reader),
                run->netuid, run->networks);
    if (twin != NULL)
        fputs("<span>beside its honest twin</span>", file);
    if (!reader_finished(run->reader))
        fputs("<span class=\"warn\">unfinished: closed segments so far</span>", file);
    if (!reader_verified(run->reader))
        fputs("<span class=\"warn\">changed by another program: no checksum</span>", file);
    fputs("</p>\n", file);
}

/* Of the network that the reader shows. */
static void print_share(FILE *file, struct reader *reader)
{
    uint64_t epochs = reader_rows(reader, RECORD_DIM_EPOCH);
    uint16_t netuid = 0;
    double first = 0, last = 0;
    struct sim_error ignored = {0};
    if (epochs == 0 ||
        reader_read(reader, RECORD_NETWORK_NETUID, 0, 1, &netuid, &ignored) != SIM_OK ||
        reader_read(reader, RECORD_EMISSION_SHARE, 0, 1, &first, &ignored) != SIM_OK ||
        reader_read(reader, RECORD_EMISSION_SHARE, epochs - 1, 1, &last, &ignored) != SIM_OK)
        return;
    fprintf(file, "<tr><td>%s</td><td>%u</td><td>", reader_network(reader), netuid);
    report_page_html(file, reader_text(reader, RECORD_NETWORK_MECHANISM, 0));
    fprintf(file, "</td><td>%llu</td><td>%.2f %%</td><td>%.2f %%</td></tr>\n",
            (unsigned long long)epochs, 100 * first, 100 * last);
}

/* How the networks of the chain share its emission, whichever the page is about.  The file has been
 * read before: what cannot be read now is left out. */
static void print_split(FILE *file, const struct report_run *run)
{
    struct reader *all;
    struct sim_error ignored = {0};
    if (run->networks < 2 || reader_open(reader_path(run->reader), &all, &ignored) != SIM_OK)
        return;
    fputs("<table "
          "class=\"split\"><tr><th>network</th><th>netuid</th><th>mechanism</th><th>epochs</th>"
          "<th>part of the emission, first</th><th>last</th></tr>\n",
          file);
    for (uint64_t n = 0; n < run->networks; n++)
        if (reader_choose_network(all, reader_network_name(all, n), &ignored) == SIM_OK)
            print_share(file, all);
    fputs("</table>\n", file);
    reader_free(all);
}

static void print_data(FILE *file, const struct report_run *run, const struct report_run *twin,
                       const struct report_tables *tables)
{
    static const char *const numbers[] = {"unigram_entropy_nats", "bigram_entropy_nats",
                                          "exact_entropy_nats"};
    fputs("<script type=\"application/json\" id=\"data\">{\"tables\":", file);
    report_tables_print_json(tables, file);
    fprintf(file, ",\"has_twin\":%s", twin != NULL ? "true" : "false");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        double value;
        if (reader_attr_f64(run->reader, RECORD_ROOT, numbers[i], &value) && isfinite(value))
            fprintf(file, ",\"%s\":%.7g", numbers[i], value);
    }
    fputs(",\"models\":[", file);
    for (uint64_t i = 0; reader_label(run->reader, RECORD_MODEL_KIND, i) != NULL; i++) {
        if (i > 0)
            putc(',', file);
        report_print_json_text(file, reader_label(run->reader, RECORD_MODEL_KIND, i));
    }
    fputs("]}</script>\n", file);
}

void report_page_head(FILE *file, const char *title)
{
    fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          /* No network, whatever the page holds. */
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:\">\n<title>",
          file);
    report_page_html(file, title);
    fputs("</title>\n<style>\n", file);
    fputs(report_asset_uplot_css, file);
    fputs(report_asset_page_css, file);
    fputs("</style></head>\n<body>\n", file);
}

void report_page_scripts(FILE *file, const char *script)
{
    fputs("<script>\n/*\nuPlot, embedded below:\n", file);
    fputs(report_asset_uplot_license, file);
    fputs("*/\n", file);
    fputs(report_asset_uplot_js, file);
    fputs("</script>\n<script>\n\"use strict\";\n(function () {\n", file);
    fputs(report_asset_draw_js, file);
    fputs(script, file);
    fputs("})();\n</script>\n</body></html>\n", file);
}

void report_page_print(FILE *file, const struct report_run *run, const struct report_run *twin,
                       const struct report_tables *tables, const char *title)
{
    char name[256], question[1024];
    find_text(run, "title", "# Name:", name, sizeof(name));
    find_text(run, "question", "# Question:", question, sizeof(question));
    if (title == NULL)
        title = name[0] != '\0' ? name : "taosim run";
    report_page_head(file, title);
    fputs("<header><h1>", file);
    report_page_html(file, title);
    fputs("</h1><p class=\"question\">", file);
    report_page_html(file, question);
    fputs("</p>\n", file);
    print_facts(file, run, twin);
    print_split(file, run);
    fputs("</header>\n<main><section id=\"headline\" class=\"cards\"></section>\n"
          "<section id=\"plots\" class=\"plots\"></section>\n"
          "<section id=\"tables\"></section>\n"
          "<section class=\"provenance\"><h2>Where it comes from</h2>\n",
          file);
    print_digests(file, run);
    fputs("<details><summary>Attributes, text read, machine</summary>\n", file);
    print_attrs(file, run, RECORD_ROOT);
    print_corpus(file, run->reader);
    fputs("<h3>Provenance</h3>\n", file);
    print_attrs(file, run, RECORD_PROVENANCE);
    fputs("</details>\n<details><summary>Resolved scenario</summary><pre>", file);
    report_page_html(file, reader_scenario(run->reader));
    fputs("</pre></details></section></main>\n", file);
    print_data(file, run, twin, tables);
    report_page_scripts(file, report_asset_page_js);
}
