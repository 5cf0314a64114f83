/*
 * meta.h: what every file of a run repeats: attributes, labels, the scenario, the static tables.
 *
 * Kept in memory for the whole run; a file is written from it in one fixed order (attributes
 * sorted by name), so that the order in which a caller set things never shows.
 */
#ifndef RECORD_META_H
#define RECORD_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/record.h"

enum attr_kind { ATTR_TEXT, ATTR_U64, ATTR_I64, ATTR_F64 };

struct attr {
    enum record_scope scope;
    enum attr_kind kind;
    char name[64];
    char *text; /* owned; ATTR_TEXT */
    union {
        uint64_t u64;
        int64_t i64;
        double f64;
    } value;
};

/* Rows of one variable that wait in memory. */
struct stage {
    unsigned char *bytes; /* owned; texts are owned char * */
    size_t capacity_bytes;
    uint64_t rows;
};

/* The names of a variable's values 0..count-1. */
struct labels {
    char *meanings; /* owned, blank-separated; NULL = none */
    char **names;   /* owned array into `storage` */
    char *storage;  /* owned: meanings with the blanks cut */
    uint32_t count;
};

struct meta {
    struct attr *attrs; /* sorted by (scope, name) */
    size_t attr_count, attr_capacity;
    char *scenario; /* owned; NULL = none yet */
    struct labels labels[RECORD_VAR_COUNT];
    struct stage static_stage[RECORD_VAR_COUNT];
    uint64_t static_rows[RECORD_DIM_COUNT];
    bool skipped[RECORD_VAR_COUNT];
    uint32_t uid_count;
    bool out_of_memory; /* seen by the next call that can fail */
};

void meta_init(struct meta *meta, uint32_t uid_count, const bool *skipped);
void meta_release(struct meta *meta);

/* A slot for the attribute, new or replaced; NULL when out of memory (noted). */
struct attr *meta_attr(struct meta *meta, enum record_scope scope, const char *name,
                       enum attr_kind kind);
void meta_set_text(struct meta *meta, char **text, const char *value);
void meta_set_labels(struct meta *meta, enum record_var var, const char *const *names,
                     size_t count);
/* Takes over the blank-separated names; false and unchanged when out of memory. */
bool meta_labels_set(struct labels *labels, const char *meanings);
void meta_labels_release(struct labels *labels);
/* Elements of one row of a variable. */
uint64_t meta_width(const struct meta *meta, enum record_var var);
/* Length of a fixed dimension. */
uint64_t meta_fixed_length(const struct meta *meta, enum record_dim dim);
size_t meta_row_bytes(const struct meta *meta, enum record_var var);

/* Room for `count` more rows; they start at the fill value. */
SIM_CHECKED enum sim_status meta_stage_grow(struct stage *stage, const struct meta *meta,
                                            enum record_var var, uint64_t count,
                                            struct sim_error *err);
/* Forgets the first `count` rows. */
void meta_stage_drop(struct stage *stage, const struct meta *meta, enum record_var var,
                     uint64_t count);
void meta_stage_release(struct stage *stage, enum record_var var);
/* The fill value of a variable, as one element; texts have none. */
union fill_value {
    uint64_t u64;
    uint32_t u32;
    float f32;
    double f64;
};
union fill_value meta_fill(enum record_var var);

#endif
