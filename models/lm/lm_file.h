/*
 * lm_file.h: a model in a file, and text from a model.
 *
 * A file is a short text head (format, model, shape, number of parameters, checksum), an empty
 * line, and the parameters as little-endian float32.  It holds no moments: it is for reading and
 * answering, not for going on with a run (checkpoints do that).
 */
#ifndef LM_LM_FILE_H
#define LM_LM_FILE_H

#include "agent/lm.h"

/* Writes beside `path` and renames, so that a file under that name is whole.  SIM_IO. */
SIM_CHECKED enum sim_status lm_save(const char *path, const struct lm_ops *ops, const void *shape,
                                    const float *parameters, struct sim_error *err);

struct lm_file {
    const struct lm_ops *ops;
    void *shape;       /* the model's parameter struct */
    float *parameters; /* [ops->parameter_count(shape)], aligned to LM_ALIGNMENT */
};

/* SIM_IO with path and reason when the file cannot be read, is of another format, names an unknown
 * model or key, breaks off, or its checksum is wrong.  Give *ret_file to lm_file_release. */
SIM_CHECKED enum sim_status lm_load(const char *path, struct lm_file *ret_file,
                                    struct sim_error *err);
void lm_file_release(struct lm_file *file);

struct lm_generate_options {
    const uint8_t *prompt; /* [prompt_count], each below the vocabulary; the first token at least */
    size_t prompt_count;
    size_t count;       /* tokens to write */
    double temperature; /* logits are divided by it; 0 = always the most probable token */
    /* Sees the text while it is written, some tokens at a time, or NULL. */
    void (*take)(void *context, const uint8_t *tokens, size_t count);
    void *take_context;
};

/* Draws count tokens, each from what the model says after the ones before: all of them where it
 * carries a state, else as many as decide its prediction.  So a token costs the same wherever it
 * stands.  SIM_MEMORY; SIM_NUMERIC, with the place, when the model gives no number. */
SIM_CHECKED enum sim_status lm_generate(const struct lm_ops *ops, const void *shape,
                                        const float *parameters,
                                        const struct lm_generate_options *options,
                                        struct stream *stream, uint8_t *ret_tokens,
                                        struct sim_error *err);

#endif
