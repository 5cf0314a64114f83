/*
 * pick.h: the mechanism of a command line: `--mechanism X --set key=value`, over a scenario's own.
 */
#ifndef CLI_PICK_H
#define CLI_PICK_H

#include "cli/scenario.h"

enum { PICK_SETS_MAX = 64 };

/* What was asked for; start it as {0}. */
struct pick_request {
    const char *mechanism;           /* a name, or a file (from the current folder); NULL: as is */
    const char *place;               /* where that was said, for messages; NULL: --mechanism */
    const char *sets[PICK_SETS_MAX]; /* "kappa=0.6" or "mechanism.kappa=0.6" */
    size_t set_count;
    const char *network; /* whose mechanism; NULL: the scenario's only one */
};

/* A mechanism with its parameters, ready to be called. */
struct pick {
    struct scenario_schema schema;
    struct config *config;
    const struct mechanism_ops *ops;
    const void *params;
    bool clears; /* chain_clears_slot of the scenario's profile */
};

/* The mechanism of a scenario's text (NULL: one that says nothing) with the request laid over it.
 * `from` names the text in messages.  CLI_DONE, or an exit code after printing every error. Release
 * it in any case. */
int pick_init(struct pick *pick, const char *from, const char *text,
              const struct pick_request *request);
void pick_release(struct pick *pick);

/* One `--set`; false when there are too many. */
bool pick_add_set(struct pick_request *request, const char *text);

#endif
