/*
 * state.h: the fields behind probe.h, for sim/probe alone.
 */
#ifndef PROBE_STATE_H
#define PROBE_STATE_H

#include "probe/probe.h"

struct probe {
    struct probe_params params;
    struct probe_wiring wiring;
    uint32_t uid_count;
    uint32_t first_group; /* of the network, in the record */
    uint32_t *hotkey_row; /* (neurons) row of /hotkeys, or RECORD_NOBODY before it appeared */
    const char **strategy_names; /* (strategy_count) by label */
    uint32_t strategy_count;
    uint16_t *group_strategy; /* (groups) label */
    uint16_t *group_model;    /* (groups) label */
    double *model_loss_nats;  /* (models) */
    void *column;             /* (uid_count) elements of any type */
    uint64_t *csr_start;      /* (uid_count + 1) */
    uint32_t *csr_target;     /* (csr_capacity) */
    uint64_t *csr_value;      /* (csr_capacity) */
    uint64_t csr_capacity;
    uint64_t *row_digest; /* (uid_count) of each row of weights in the last state; 0 = empty */
    /* Since the last row. */
    uint32_t registrations, evictions;
    uint64_t paid_rao;
    uint64_t last_event_count;
    struct probe_summary summary;
};

/* ---- row.c */
SIM_CHECKED enum sim_status probe_row(struct probe *probe, int64_t now_ns, uint64_t event_count,
                                      struct sim_error *err);

/* ---- epoch_state.c: what an epoch's mechanism was given, as a row of /states */
SIM_CHECKED enum sim_status
probe_epoch_state(struct probe *probe, const struct mechanism_input *input, struct sim_error *err);

#endif
