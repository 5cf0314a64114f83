/*
 * predict.h: what a run will need, from the scenario alone: for `run --dry-run`.
 *
 * Events and bytes are counted from the scenario: questions, answers, training steps and epochs in
 * the simulated time, sizes of models and tables.  Time is those counts times what one forward
 * pass, one training step and one event take on this machine, which is measured, in under a
 * second.  What depends on what happens (time-outs, evictions, how well rows compress) is taken at
 * its usual value; a prediction is good to a factor of two.
 */
#ifndef CLI_PREDICT_H
#define CLI_PREDICT_H

#include "cli/scenario.h"

struct prediction {
    /* Simulated things. */
    double blocks, epochs, questions, messages, answers, training_steps;
    double solutions; /* proofs of work */
    double looks;     /* of validators at whether weights are due */
    double rows;      /* of the result, an epoch or several each */
    double events;

    double model_bytes;  /* of parameters with the optimiser's moments, once */
    double memory_bytes; /* the process at its largest */

    double recorded_bytes;   /* of the result's arrays, before they are packed */
    double result_bytes;     /* result.h5 */
    double checkpoint_bytes; /* one; two are kept while a run is under way */
    double disk_bytes;       /* the folder: result, segments, checkpoints */

    /* Of one core, on this machine. */
    double forward_s, training_s, evaluation_s;
    double loop_s;   /* events, with blocks and epochs */
    double record_s; /* packing the result */
    double start_s;  /* reading the scenario and its text */
    double wall_s;
    double calibration_s; /* what measuring took */
};

/* The plan is one of scenario_plan_init(): its corpus is loaded.  SIM_MEMORY. */
SIM_CHECKED enum sim_status predict_run(const struct scenario_plan *plan, uint32_t threads,
                                        struct prediction *ret_prediction, struct sim_error *err);

/* As comment lines of YAML, behind the resolved scenario, on stdout. */
void predict_print(const struct prediction *prediction, const struct scenario_plan *plan,
                   uint32_t threads);

#endif
