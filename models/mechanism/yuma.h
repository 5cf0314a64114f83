/*
 * yuma.h: the epochs of the chain since 2023, one family of code in three versions.
 *
 *   finney    subtensor 7cd068fb5 (2023-05-29)
 *   yuma-v2   subtensor v2.0.11   (2025-04-11), liquid alpha by quantiles
 *   yuma      subtensor 14bc6f9f9 (2026-06-30), with the presets yuma2, yuma3 and yuma3-liquid
 *
 * Two implementations give the same bits: yuma_stepwise_epoch does one matrix operation after the
 * other as the chain's code does, and can show each intermediate; yuma_fused_epoch does all of
 * them column by column and is what a run uses.  docs/mechanisms/ has the formulas.
 */
#ifndef MECHANISM_YUMA_H
#define MECHANISM_YUMA_H

#include "chain/mechanism.h"

enum yuma_version { YUMA_FINNEY_2023, YUMA_V2_2025, YUMA_HEAD_2026 };

/* Which of the chain's two epochs: production is sparse; the other exists in its tests only and
 * treats the owner, old bonds under liquid alpha and zero entries differently. */
enum yuma_path { YUMA_PATH_SPARSE, YUMA_PATH_DENSE };

/* One struct for all versions; a version's table lists the keys that it reads. */
struct yuma_params {
    uint16_t kappa;                  /* majority for consensus, of 65535 */
    uint32_t bonds_moving_average;   /* weight of old bonds, parts per million */
    uint16_t bonds_penalty;          /* how far bonds follow clipped weights, of 65535 */
    uint16_t alpha_low, alpha_high;  /* bounds of the liquid alpha, of 65535 */
    int32_t alpha_sigmoid_steepness; /* in hundredths, negative: small differences adapt fast */
    bool liquid_alpha;
    bool yuma3;
    int path; /* enum yuma_path */
};

extern const struct mechanism_ops *const yuma_mechanisms[];
extern const size_t yuma_mechanism_count;

/* Both as struct mechanism_ops asks; the stepwise one alone takes a trace. */
size_t yuma_stepwise_scratch_bytes(const struct yuma_params *params,
                                   const struct mechanism_input *input);
enum sim_status yuma_stepwise_epoch(enum yuma_version version, const struct yuma_params *params,
                                    const struct mechanism_input *input,
                                    struct mechanism_output *output,
                                    struct mechanism_scratch *scratch,
                                    const struct mechanism_trace *trace, struct sim_error *err);

/* Whether the fused epoch can do it: the sparse path, not so many uids that a sum might leave the
 * numbers that a double holds exactly, and less stake in all than 2^63 rao. */
bool yuma_fused_can(const struct yuma_params *params, const struct mechanism_input *input);
size_t yuma_fused_scratch_bytes(const struct mechanism_input *input);
enum sim_status yuma_fused_epoch(enum yuma_version version, const struct yuma_params *params,
                                 const struct mechanism_input *input,
                                 struct mechanism_output *output, struct mechanism_scratch *scratch,
                                 struct sim_error *err);

#endif
