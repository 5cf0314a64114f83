/*
 * golden_yuma.h: one run of a case of the research variants.
 */
#ifndef TESTS_GOLDEN_YUMA_H
#define TESTS_GOLDEN_YUMA_H

#include "golden/golden.h"
#include "mechanism/mechanism_list.h"
#include "mechanism/yumasim.h"

enum { GOLDEN_YUMA_VALIDATORS = 256 };

/* Compressed rows with room for all. */
struct yuma_rows {
    uint64_t *start;
    uint32_t *column;
    double *value;
};

struct yuma_run {
    struct golden *golden;
    char generation; /* 'A', ... */
    size_t index;    /* among the case's runs */
    const struct mechanism_ops *ops;
    struct yumasim_params params;
    bool single; /* precision */
    double tolerance;
    uint32_t validators, servers;
    double *stake, *old_consensus;
    double *total; /* dividends per 1000 TAO of all epochs */
    struct yuma_rows weights, old_weights, bonds, new_bonds;
    struct yumasim_output out;
};

double golden_yuma_number(struct golden *golden, const struct json_value *value, const char *what);
/* |expected - got| <= tolerance max(1, |expected|). */
void golden_yuma_compare(struct golden *golden, const struct json_value *expected, double got,
                         double tolerance, const char *what, size_t index);

#endif
