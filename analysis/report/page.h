/* page.h: the HTML around the numbers of a run, and what the pages of runs and studies share. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <stdio.h>

#include "analysis/report/run.h"
#include "analysis/report/table.h"

/* `twin` may be NULL; `title` NULL = the result's own. */
void report_page_print(FILE *file, const struct report_run *run, const struct report_run *twin,
                       const struct report_tables *tables, const char *title);

/* A text with what HTML reserves replaced. */
void report_page_html(FILE *file, const char *text);
/* Up to <body>, with the style inside; and the drawing scripts, `script` last, up to the end. */
void report_page_head(FILE *file, const char *title);
void report_page_scripts(FILE *file, const char *script);

#endif
