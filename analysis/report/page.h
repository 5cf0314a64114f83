/* page.h: the HTML around the numbers. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <stdio.h>

#include "analysis/report/run.h"
#include "analysis/report/table.h"

/* `twin` may be NULL; `title` NULL = the result's own. */
void report_page_print(FILE *file, const struct report_run *run, const struct report_run *twin,
                       const struct report_tables *tables, const char *title);

#endif
