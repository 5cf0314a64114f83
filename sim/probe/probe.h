/*
 * probe.h: reads the state of a run and hands rows to the recorder.
 *
 * Once an epoch it writes a row of every variable of the root, evaluates every model on held-out
 * text outside simulated time (the ground truth that nobody in the simulation sees), and resets
 * the neurons' counters.  After each block it writes what happened on the chain.  A probe changes
 * nothing that the simulation can see.
 *
 * Each network of a chain has a probe; all write into one record, whose tables of groups, hotkeys
 * and owners are numbered through.
 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include "agent/agents.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/param.h"
#include "chain/chain.h"
#include "record/record.h"

#include <stdbool.h>
#include <stdint.h>

/* `record:` of a scenario. */
struct probe_params {
    uint32_t interval;             /* epochs from one row to the next */
    uint32_t evaluation_sequences; /* of query.sequence predictions each, the same for all models */
    bool calls;                    /* every accepted set_weights with its entries */
    uint32_t weights_interval;     /* epochs between two copies of all weights; 0 = never */
    uint32_t bonds_interval;
    bool states; /* what each epoch's mechanism was given: replay and epoch need it */
    bool models; /* every model, at the end */
};
extern const struct param_table probe_param_table;

/* One network of those that a record is about. */
struct probe_network {
    const char *name;                 /* NULL: the scenario names none */
    const struct agents_setup *setup; /* what its agents were made from */
    const char *mechanism;            /* at the start */
};

/* Borrowed; must outlive the probe. */
struct probe_wiring {
    const struct probe_network *networks; /* (network_count) all of them, in the record's order */
    uint32_t network_count;
    uint32_t network;                 /* which of them the probe is for */
    uint32_t first_owner, first_host; /* how many those before it have */
    const struct agents_setup *setup; /* its own */
    struct agents *agents;
    struct chain *chain;
    struct record *record;
    /* Strategies that a schedule will bring to any network, repetitions allowed. */
    const struct strategy_ops *const *later_strategies; /* (later_strategy_count) */
    size_t later_strategy_count;
};

/* What the last row said, for progress. */
struct probe_summary {
    uint32_t epoch_count;
    double loss_median_nats; /* over the slots that serve */
    double attacker_share;   /* of the last epoch's emission, groups marked attacker */
    uint32_t peers;
    uint64_t difficulty;
};

struct probe;

/* Writes the static rows (network, groups, corpus files) and, for the first network, the attributes
 * about the corpus.  In the order of the networks.  The caller
 * owns *ret_probe.  SIM_MEMORY, SIM_IO. */
SIM_CHECKED enum sim_status probe_create(const struct probe_params *params,
                                         const struct probe_wiring *wiring,
                                         struct probe **ret_probe, struct sim_error *err);
/* From now on; between events. */
void probe_set_params(struct probe *probe, const struct probe_params *params);
/* Group `group` follows another strategy from now on; it must be one of the setup's or of the
 * wiring's later ones. */
void probe_set_strategy(struct probe *probe, uint32_t group, const struct strategy_ops *strategy);
/* Accepts NULL, returns NULL. */
struct probe *probe_free(struct probe *probe);

/* Checkpoints: which identities have a row, and what was counted since the last row. */
void probe_save(const struct probe *probe, struct buffer *buffer);
/* Instead of probe_genesis(), into a probe made from the same setup. SIM_IO for other bytes. */
SIM_CHECKED enum sim_status probe_load(struct probe *probe, struct buffer_reader *reader,
                                       struct sim_error *err);

/* Once, when genesis is done: the first hotkeys. */
SIM_CHECKED enum sim_status probe_genesis(struct probe *probe, struct sim_error *err);
/* After agents_on_block: the block's events; a row when an epoch was among them (*ret_epoch). */
SIM_CHECKED enum sim_status probe_block(struct probe *probe, int64_t now_ns, uint64_t event_count,
                                        bool *ret_epoch, struct sim_error *err);
/* The row of /hotkeys of a hotkey; RECORD_NOBODY: not of this network, or not met yet. */
uint32_t probe_hotkey_row(const struct probe *probe, uint32_t hotkey);
/* A fault that begins or ends, as far as it is about this network's hosts: a row of events for each
 * of its hosts, or for its victim, or one for nobody.  `value` is the fault's number in the
 * scenario. */
SIM_CHECKED enum sim_status probe_fault(struct probe *probe, const struct fault *fault, bool begins,
                                        int64_t now_ns, struct sim_error *err);
/* Of the last row; zero before the first. */
struct probe_summary probe_summary(const struct probe *probe);

#endif
