#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY_BYTES = 4096, TAG_BYTES = 8 };

void buffer_init(struct buffer *buffer)
{
    *buffer = (struct buffer){0};
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->bytes);
    buffer_init(buffer);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size_bytes = 0;
    buffer->failed = false;
}

/* Room for size_bytes more; NULL when there is none to be had. */
static uint8_t *buffer_reserve(struct buffer *buffer, size_t size_bytes)
{
    if (buffer->failed)
        return NULL;
    if (size_bytes > buffer->capacity_bytes - buffer->size_bytes) {
        size_t capacity_bytes = buffer->capacity_bytes * 2 + FIRST_CAPACITY_BYTES;
        if (capacity_bytes - buffer->size_bytes < size_bytes)
            capacity_bytes = buffer->size_bytes + size_bytes;
        uint8_t *bytes = realloc(buffer->bytes, capacity_bytes);
        if (bytes == NULL) {
            buffer->failed = true;
            return NULL;
        }
        buffer->bytes = bytes;
        buffer->capacity_bytes = capacity_bytes;
    }
    uint8_t *place = buffer->bytes + buffer->size_bytes;
    buffer->size_bytes += size_bytes;
    return place;
}

/* The byte order is written out so that it does not depend on the machine. */
static void buffer_put_number(struct buffer *buffer, uint64_t value, size_t size_bytes)
{
    uint8_t *place = buffer_reserve(buffer, size_bytes);
    if (place == NULL)
        return;
    for (size_t i = 0; i < size_bytes; i++)
        place[i] = (uint8_t)(value >> (8 * i));
}

void buffer_put_u8(struct buffer *buffer, uint8_t value)
{
    buffer_put_number(buffer, value, 1);
}

void buffer_put_u32(struct buffer *buffer, uint32_t value)
{
    buffer_put_number(buffer, value, 4);
}

void buffer_put_u64(struct buffer *buffer, uint64_t value)
{
    buffer_put_number(buffer, value, 8);
}

void buffer_put_i64(struct buffer *buffer, int64_t value)
{
    buffer_put_number(buffer, (uint64_t)value, 8);
}

void buffer_put_f64(struct buffer *buffer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    buffer_put_number(buffer, bits, 8);
}

void buffer_put_bytes(struct buffer *buffer, const void *bytes, size_t size_bytes)
{
    uint8_t *place = buffer_reserve(buffer, size_bytes);
    if (place != NULL && size_bytes > 0)
        memcpy(place, bytes, size_bytes);
}

void buffer_put_string(struct buffer *buffer, const char *text)
{
    size_t length = text == NULL ? 0 : strlen(text);
    buffer_put_u64(buffer, length);
    buffer_put_bytes(buffer, text, length);
}

void buffer_put_tag(struct buffer *buffer, const char *tag)
{
    char padded[TAG_BYTES + 1] = {0};
    SIM_ASSERT(strlen(tag) <= TAG_BYTES);
    memcpy(padded, tag, strlen(tag));
    buffer_put_bytes(buffer, padded, TAG_BYTES);
}

enum sim_status buffer_status(const struct buffer *buffer, struct sim_error *err)
{
    if (buffer->failed)
        return SIM_FAIL(err, SIM_MEMORY, "state buffer: out of memory at %zu bytes",
                        buffer->size_bytes);
    return SIM_OK;
}

void buffer_reader_init(struct buffer_reader *reader, const void *bytes, size_t size_bytes)
{
    *reader = (struct buffer_reader){.bytes = bytes, .size_bytes = size_bytes};
}

void buffer_reader_fail(struct buffer_reader *reader)
{
    reader->failed = true;
}

static uint64_t buffer_get_number(struct buffer_reader *reader, size_t size_bytes)
{
    if (reader->failed || reader->size_bytes - reader->position < size_bytes) {
        reader->failed = true;
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size_bytes; i++)
        value |= (uint64_t)reader->bytes[reader->position + i] << (8 * i);
    reader->position += size_bytes;
    return value;
}

uint8_t buffer_get_u8(struct buffer_reader *reader)
{
    return (uint8_t)buffer_get_number(reader, 1);
}

uint32_t buffer_get_u32(struct buffer_reader *reader)
{
    return (uint32_t)buffer_get_number(reader, 4);
}

uint64_t buffer_get_u64(struct buffer_reader *reader)
{
    return buffer_get_number(reader, 8);
}

int64_t buffer_get_i64(struct buffer_reader *reader)
{
    return (int64_t)buffer_get_number(reader, 8);
}

double buffer_get_f64(struct buffer_reader *reader)
{
    uint64_t bits = buffer_get_number(reader, 8);
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

void buffer_get_bytes(struct buffer_reader *reader, void *bytes, size_t size_bytes)
{
    if (size_bytes == 0)
        return;
    if (reader->failed || reader->size_bytes - reader->position < size_bytes) {
        reader->failed = true;
        memset(bytes, 0, size_bytes);
        return;
    }
    memcpy(bytes, reader->bytes + reader->position, size_bytes);
    reader->position += size_bytes;
}

uint64_t buffer_get_count(struct buffer_reader *reader, size_t item_bytes)
{
    uint64_t count = buffer_get_u64(reader);
    if (reader->failed || count > (reader->size_bytes - reader->position) / item_bytes) {
        reader->failed = true;
        return 0;
    }
    return count;
}

void buffer_get_string(struct buffer_reader *reader, char *ret_text, size_t capacity_bytes)
{
    uint64_t length = buffer_get_count(reader, 1);
    if (length >= capacity_bytes) {
        reader->failed = true;
        length = 0;
    }
    buffer_get_bytes(reader, ret_text, (size_t)length);
    ret_text[length] = '\0';
}

void buffer_get_tag(struct buffer_reader *reader, const char *tag)
{
    char found[TAG_BYTES] = {0}, wanted[TAG_BYTES + 1] = {0};
    SIM_ASSERT(strlen(tag) <= TAG_BYTES);
    memcpy(wanted, tag, strlen(tag));
    buffer_get_bytes(reader, found, TAG_BYTES);
    if (memcmp(found, wanted, TAG_BYTES) == 0)
        return;
    if (reader->expected[0] == '\0')
        memcpy(reader->expected, wanted, sizeof(wanted));
    reader->failed = true;
}

enum sim_status buffer_reader_status(const struct buffer_reader *reader, struct sim_error *err)
{
    if (!reader->failed)
        return SIM_OK;
    if (reader->expected[0] != '\0')
        return SIM_FAIL(err, SIM_IO, "saved state: part '%s' not found before byte %zu",
                        reader->expected, reader->position);
    return SIM_FAIL(err, SIM_IO, "saved state: damaged or cut short at byte %zu of %zu",
                    reader->position, reader->size_bytes);
}
