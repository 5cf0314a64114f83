/*
 * findings.h: what is wrong with a study, found by several readings, as one report.
 *
 * Values of a study are checked as sets of a scenario.  What is said about a set whose label is a
 * place of the study (document_place) is moved there: to the value, or to the key when the path
 * before the '=' is what is wrong, with the line of the study and a caret.  The same message at the
 * same place, which comes with many points, is kept once.
 */
#ifndef SWEEP_FINDINGS_H
#define SWEEP_FINDINGS_H

#include "sweep/study.h"

/* Moves what is in *own behind the report's messages and leaves *own empty; `report` may be NULL.
 * Without memory messages are lost. */
void findings_join(const struct study *study, struct config_report *own,
                   struct config_report *report);
/* By line and column: those of the study first, those of other files behind, in their order. */
void findings_sort(const struct study *study, struct config_report *report);

#endif
