/* study_page.h: the HTML around the numbers of a study. */
#ifndef REPORT_STUDY_PAGE_H
#define REPORT_STUDY_PAGE_H

#include <stdio.h>

#include "analysis/report/table.h"
#include "record/collection_read.h"

/* `tables` are those of study.h; `title` NULL = the study's own. */
void report_study_page(FILE *file, const struct collection_reader *study,
                       const struct report_tables *tables, const char *title);

#endif
