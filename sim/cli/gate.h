/*
 * gate.h: `--fail-if 'attackers.paid > 0.02'`: a condition on an outcome that ends a command with
 * exit code 3, for scripts and CI.
 */
#ifndef CLI_GATE_H
#define CLI_GATE_H

#include "analysis/outcome.h"

#include <stdbool.h>

enum gate_relation { GATE_LESS, GATE_LESS_OR_EQUAL, GATE_MORE, GATE_MORE_OR_EQUAL };

struct gate {
    const char *text;
    char line[96]; /* of an outcome */
    enum outcome_measure measure;
    enum gate_relation relation;
    double bound;
};

/* LINE.paid or LINE.stake, one of < <= > >=, a number.  SIM_CONFIG says what was expected. */
SIM_CHECKED enum sim_status gate_parse(const char *text, struct gate *ret_gate,
                                       struct sim_error *err);
/* Whether the value trips it; what is no number does. */
bool gate_trips(const struct gate *gate, double value);

#endif
