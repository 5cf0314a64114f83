#include "cli/gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const relations[] = {"<", "<=", ">", ">="};

/* The relation at `text`, the longest first; -1: none. */
static int relation_at(const char *text)
{
    int found = -1;
    for (int r = 0; r < 4; r++)
        if (strncmp(text, relations[r], strlen(relations[r])) == 0 &&
            (found < 0 || strlen(relations[r]) > strlen(relations[found])))
            found = r;
    return found;
}

static bool parse_measure(struct gate *gate)
{
    char *dot = strrchr(gate->line, '.');
    if (dot == NULL)
        return false;
    bool paid = strcmp(dot + 1, "paid") == 0;
    if (!paid && strcmp(dot + 1, "stake") != 0)
        return false;
    gate->measure = paid ? OUTCOME_PAID : OUTCOME_STAKE;
    *dot = '\0';
    return true;
}

enum sim_status gate_parse(const char *text, struct gate *ret_gate, struct sim_error *err)
{
    struct gate gate = {.text = text};
    size_t length = strcspn(text, " <>");
    const char *after = text + length + strspn(text + length, " ");
    int relation = relation_at(after);
    char *end = NULL;
    bool good = length > 0 && length < sizeof(gate.line) && relation >= 0;
    if (good) {
        memcpy(gate.line, text, length);
        after += strlen(relations[relation]);
        gate.bound = strtod(after, &end);
        good = end != after && end[strspn(end, " ")] == '\0' && isfinite(gate.bound) &&
               parse_measure(&gate);
    }
    if (!good)
        return SIM_FAIL(err, SIM_CONFIG,
                        "--fail-if: '%s' is no condition; one is 'attackers.paid > 0.02' or "
                        "'group.NAME.stake <= 0.5' (shares of 1)",
                        text);
    gate.relation = (enum gate_relation)relation;
    *ret_gate = gate;
    return SIM_OK;
}

bool gate_trips(const struct gate *gate, double value)
{
    switch (gate->relation) {
    case GATE_LESS:
        return !(value >= gate->bound);
    case GATE_LESS_OR_EQUAL:
        return !(value > gate->bound);
    case GATE_MORE:
        return !(value <= gate->bound);
    case GATE_MORE_OR_EQUAL:
        return !(value < gate->bound);
    }
    return true;
}
