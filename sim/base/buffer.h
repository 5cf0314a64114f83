/*
 * buffer.h: a growing block of bytes that state is written to and read back from.
 *
 * Checkpoints are made of these.  Every number has one form on every machine (little-endian,
 * fixed width), so equal state gives equal bytes.  Nothing is described in the bytes: reader and
 * writer must name the same fields in the same order; a section tag (buffer_put_tag) at the start
 * of each module's part turns a mix-up into an error with a name.
 *
 * Failure is sticky on both sides, so callers write straight through and ask once at the end:
 * after a failed allocation puts do nothing, after reading past the end gets return 0.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writer.  The caller's memory; the bytes belong to the buffer. */
struct buffer {
    uint8_t *bytes;
    size_t size_bytes;     /* written so far */
    size_t capacity_bytes; /* allocated */
    bool failed;           /* an allocation failed: the content is not complete */
};

void buffer_init(struct buffer *buffer);
/* Frees the bytes; the buffer is empty and usable again. */
void buffer_release(struct buffer *buffer);
/* Forgets the content, keeps the memory. */
void buffer_clear(struct buffer *buffer);

void buffer_put_u8(struct buffer *buffer, uint8_t value);
void buffer_put_u32(struct buffer *buffer, uint32_t value);
void buffer_put_u64(struct buffer *buffer, uint64_t value);
void buffer_put_i64(struct buffer *buffer, int64_t value);
/* The bits: infinities and the sign of zero survive. */
void buffer_put_f64(struct buffer *buffer, double value);
void buffer_put_bytes(struct buffer *buffer, const void *bytes, size_t size_bytes);
/* Length first, so that buffer_get_string finds the end.  NULL is written as "". */
void buffer_put_string(struct buffer *buffer, const char *text);
/* A section's name, at most 8 characters, e.g. "net.flow". */
void buffer_put_tag(struct buffer *buffer, const char *tag);
/* SIM_MEMORY when any put since the last clear failed. */
SIM_CHECKED enum sim_status buffer_status(const struct buffer *buffer, struct sim_error *err);

/* Reader over bytes that somebody else owns and that outlive it. */
struct buffer_reader {
    const uint8_t *bytes;
    size_t size_bytes;
    size_t position;  /* of the next byte */
    bool failed;      /* the bytes ended too early or a tag or a count did not fit */
    char expected[9]; /* the tag that was not found, "" if none */
};

void buffer_reader_init(struct buffer_reader *reader, const void *bytes, size_t size_bytes);
uint8_t buffer_get_u8(struct buffer_reader *reader);
uint32_t buffer_get_u32(struct buffer_reader *reader);
uint64_t buffer_get_u64(struct buffer_reader *reader);
int64_t buffer_get_i64(struct buffer_reader *reader);
double buffer_get_f64(struct buffer_reader *reader);
/* Fills `bytes` with zeros when too few are left. */
void buffer_get_bytes(struct buffer_reader *reader, void *bytes, size_t size_bytes);
/* A number of items that follow, each of at least item_bytes: more than the bytes left can hold
 * is a failure and gives 0, so a damaged count never becomes a huge allocation. */
uint64_t buffer_get_count(struct buffer_reader *reader, size_t item_bytes);
/* Copies at most capacity_bytes - 1 characters and ends them; a longer text is a failure. */
void buffer_get_string(struct buffer_reader *reader, char *ret_text, size_t capacity_bytes);
void buffer_get_tag(struct buffer_reader *reader, const char *tag);
/* Marks the content as not valid, for checks of the caller's own. */
void buffer_reader_fail(struct buffer_reader *reader);
/* SIM_IO, naming the position and the tag that was expected, when anything above failed. */
SIM_CHECKED enum sim_status buffer_reader_status(const struct buffer_reader *reader,
                                                 struct sim_error *err);

#endif
