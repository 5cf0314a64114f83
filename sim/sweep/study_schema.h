/*
 * study_schema.h: what can be said in a study, for editors and for readers: the tables of study.h
 * and axis.h, written out.
 */
#ifndef SWEEP_STUDY_SCHEMA_H
#define SWEEP_STUDY_SCHEMA_H

#include "sweep/study.h"

/* Names that results have, which another layer knows. */
struct study_names {
    const char *metric;        /* a regular expression */
    const char *const *arrays; /* NULL-terminated */
};

/* JSON Schema (draft 7), which refers to scenario.schema.json beside it; and docs/STUDY.md.  Heap,
 * NULL when out of memory. */
char *study_schema_json(const struct config_schema *schema, const struct study_names *names);
char *study_schema_markdown(void);

#endif
