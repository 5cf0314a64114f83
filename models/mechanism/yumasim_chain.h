/*
 * yumasim_chain.h: a network's epoch as an epoch of validators and servers, and back.
 */
#ifndef MECHANISM_YUMASIM_CHAIN_H
#define MECHANISM_YUMASIM_CHAIN_H

#include "mechanism/yumasim.h"

/* Words of a uid's own: epochs done, and its consensus in the last one (the bits of a double). */
enum yumasim_word { YUMASIM_EPOCHS, YUMASIM_CONSENSUS, YUMASIM_WORDS };

/* As struct mechanism_ops asks. */
size_t yumasim_chain_scratch_bytes(const void *params, const struct mechanism_input *input,
                                   bool traced);
enum sim_status yumasim_chain_epoch(const struct yumasim_variant *variant,
                                    const struct yumasim_params *params,
                                    const struct mechanism_input *input,
                                    struct mechanism_output *output,
                                    struct mechanism_scratch *scratch, struct sim_error *err);
/* Bonds become those of `to`; words go on where `from` counts them too. */
enum sim_status yumasim_chain_migrate(const struct mechanism_ops *to, const void *params,
                                      const struct mechanism_ops *from,
                                      const struct mechanism_input *input,
                                      struct mechanism_output *output, struct sim_error *err);

#endif
