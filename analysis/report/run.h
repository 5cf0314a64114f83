/*
 * run.h: a result as the report walks through it: one network, epoch by epoch, in doubles.
 */
#ifndef REPORT_RUN_H
#define REPORT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/reader.h"

/* The (epoch, uid) arrays that the report uses. */
enum report_field {
    FIELD_EMISSION_RAO,
    FIELD_STAKE_RAO,
    FIELD_INCENTIVE,
    FIELD_LOSS_NATS,
    FIELD_HOTKEY,
    FIELD_OWNER,
    FIELD_GROUP,
    FIELD_ROLE,
    FIELD_MODEL,
    FIELD_TRAINING_STEPS,
    FIELD_ANSWERED,
    FIELD_TIMED_OUT,
    FIELD_BYTES_UP,
    FIELD_BYTES_DOWN,
    FIELD_COUNT
};

struct report_run {
    struct reader *reader; /* owned */
    uint32_t uid_count;
    uint16_t netuid;   /* of the network that is shown */
    uint32_t networks; /* how many the result names */
    uint64_t *rows;    /* (epoch_count), owned: rows of the epoch dimension */
    size_t epoch_count;
    size_t group_count;   /* >= 1 */
    bool *attacker;       /* (group_count), owned */
    uint32_t *parameters; /* (group_count), owned: of the group's model; 0 = not recorded */
    bool has[FIELD_COUNT];
};

/* One epoch; arrays of (uid_count), NULL = not recorded. */
struct report_epoch {
    size_t index; /* 0..epoch_count-1 */
    uint64_t row;
    const double *field[FIELD_COUNT];
};

SIM_CHECKED enum sim_status report_run_open(const char *path, const char *network,
                                            struct report_run *ret_run, struct sim_error *err);
void report_run_release(struct report_run *run);

typedef enum sim_status report_visit(void *context, const struct report_epoch *epoch,
                                     struct sim_error *err);
/* Calls `visit` for every epoch from `first` on, in order; stops at the first failure. */
SIM_CHECKED enum sim_status report_run_walk(struct report_run *run, size_t first,
                                            report_visit *visit, void *context,
                                            struct sim_error *err);
/* One number an epoch, of all epochs of the network; NaN everywhere when not recorded. */
SIM_CHECKED enum sim_status report_run_column(struct report_run *run, enum record_var var,
                                              double *ret_values, struct sim_error *err);

/* What a slot holds. */
bool report_occupied(const struct report_epoch *epoch, uint32_t uid);
size_t report_group(const struct report_run *run, const struct report_epoch *epoch, uint32_t uid);
/* Serves and does not validate. */
bool report_is_miner(const struct report_epoch *epoch, uint32_t uid);
/* The group's name, or "neurons" when groups were not recorded. */
const char *report_group_name(const struct report_run *run, size_t group);

#endif
