/*
 * pick.h: the mechanism of a command line: `--mechanism X --set key=value`, over a scenario's own.
 */
#ifndef CLI_PICK_H
#define CLI_PICK_H

#include "cli/scenario.h"
#include "replay/replay.h"

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
    char path[SCENARIO_PREFIX_BYTES + 16]; /* of the mechanism's section */
    struct replay_rule rule;
    struct replay_change *changes; /* (change_count) owned; of pick_init_recorded() */
    size_t change_count;
    bool
        changes_later; /* the scenario's schedule changes its mechanism, and the request has none */
    bool clears;       /* chain_clears_slot of the scenario's profile */
};

/* The mechanism of a scenario's text (NULL: one that says nothing) with the request laid over it.
 * `from` names the text in messages.  CLI_DONE, or an exit code after printing every error. Release
 * it in any case. */
int pick_init(struct pick *pick, const char *from, const char *text,
              const struct pick_request *request);
/* A recorded run's: pick_init() with its scenario, and what its schedule changed when, unless the
 * request names one mechanism for all of it. */
int pick_init_recorded(struct pick *pick, struct reader *reader,
                       const struct pick_request *request);
void pick_release(struct pick *pick);

/* One `--set`; false when there are too many. */
bool pick_add_set(struct pick_request *request, const char *text);

#endif
