/*
 * axis.h: one parameter of a study: which values it takes.
 *
 * In a study file, under `params`:
 *     mechanism.kappa: [0.4, 0.5, 0.6]                     a list of anything a scenario accepts
 *     chain.tempo: {range: [20 blocks, 100 blocks], step: 20 blocks}   or n: 5; both ends belong
 *     query.timeout: {log: [1 s, 100 s], n: 7}             equal ratios
 * and, for designs that sample, without step or n:
 *     {range: [LOW, HIGH]}  uniform     {log: [LOW, HIGH]}  uniform in the logarithm
 *     {normal: {mean: X, sd: X}}   {lognormal: {median: X, sigma: N}}
 *     {exponential: {mean: X}}     {pareto: {minimum: X, exponent: N}}     as in base/dist.h
 * X carries the key's unit, N is a bare number.
 *
 * A sampling design gives a number u in [0, 1); the axis turns it into a value through the inverse
 * of its distribution function, and a list into equal parts.  Whole numbers of a range are
 * equally likely, both ends included.
 */
#ifndef SWEEP_AXIS_H
#define SWEEP_AXIS_H

#include "base/param.h"
#include "config/document.h"

enum axis_shape {
    AXIS_LIST, /* texts, given or computed from a step or a number */
    AXIS_RANGE,
    AXIS_LOG,
    AXIS_NORMAL,
    AXIS_LOGNORMAL,
    AXIS_EXPONENTIAL,
    AXIS_PARETO
};

/* How a computed shape is written: {WORD: [LOW, HIGH]} or {WORD: {FIRST: X, SECOND: X}}. */
struct axis_form {
    const char *word;
    enum axis_shape shape;
    const char *first, *second; /* NULL: a list of two ends */
    bool second_is_bare;        /* a number without the key's unit */
    const char *doc;
};
extern const struct axis_form axis_forms[]; /* ends with a NULL word */

struct axis {
    const char *path;        /* dotted, in the scenario; the document's */
    const struct node *node; /* its value in the study */
    bool valid;              /* as far as axis_init can tell */
    bool no_memory;          /* why it is not, when nothing was said */
    enum axis_shape shape;
    char **texts; /* (count) AXIS_LIST: values as YAML; owned */
    size_t count;
    /* What the numbers are of; NULL for a list of other things. */
    const struct param_key *key;
    double low, high; /* ends, or location and spread, in the C unit of the key's kind */
};

/* Reads everything that needs no key; false after a complaint, or with no_memory.  `axis` is
 * released either way. */
bool axis_init(struct axis *axis, const struct config_document *document, const struct node *params,
               size_t index, struct config_report *report);
void axis_release(struct axis *axis);

/* Does it need axis_bind, for its values are computed? */
bool axis_is_computed(const struct axis *axis);
/* "PATH=VALUE" for a config_set; heap, NULL when out of memory. */
char *axis_set(const struct axis *axis, const char *value);
/* A text that the axis surely takes, to try the key with: its first value, low end or location. */
const char *axis_sample(const struct axis *axis);
/* Reads the numbers in the notation of `key`, which must be a plain number's; false after a
 * complaint, or with no_memory. */
bool axis_bind(struct axis *axis, const struct config_document *document,
               const struct param_key *key, struct config_report *report);

/* Tells a given list whose key it sets, NULL where there is none: one of numbers then has
 * quantities too. */
void axis_learn(struct axis *axis, const struct param_key *key);

/* Are the values numbers?  Then axis_quantity is `text`'s in these units, seconds for durations. */
bool axis_is_number(const struct axis *axis);
const char *axis_units(const struct axis *axis);
double axis_quantity(const struct axis *axis, const char *text);

/* The value for u in [0, 1), as YAML; heap, NULL when out of memory. */
char *axis_at(const struct axis *axis, double u);
/* The number that axis_at writes, before it is one of the key's kind: for tests. */
double axis_number(const struct axis *axis, double u);

#endif
