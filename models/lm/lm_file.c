#include "lm/lm_file.h"

#include "base/digest.h"
#include "lm/lm_list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT "taosim-model 1"
enum { WORD_BYTES = 64, PARAMETERS_MAX = 1 << 28 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are little-endian, as memory is");

static uint64_t checksum_of(const float *parameters, size_t count)
{
    struct digest digest;
    digest_init(&digest);
    digest_bytes(&digest, parameters, count * sizeof(*parameters));
    return digest_value(&digest);
}

static uint32_t key_value(const struct param_key *key, const void *shape)
{
    uint32_t value;
    SIM_ASSERT(key->kind == PARAM_U32);
    memcpy(&value, (const unsigned char *)shape + key->offset, sizeof(value));
    return value;
}

static bool write_model(FILE *file, const struct lm_ops *ops, const void *shape,
                        const float *parameters)
{
    size_t count = ops->parameter_count(shape);
    fprintf(file, "%s\n%s\n", FORMAT, ops->table->name);
    for (size_t i = 0; i < ops->table->key_count; i++)
        fprintf(file, "%s %" PRIu32 "\n", ops->table->keys[i].name,
                key_value(&ops->table->keys[i], shape));
    fprintf(file, "parameters %zu\nchecksum %016" PRIx64 "\n\n", count,
            checksum_of(parameters, count));
    fwrite(parameters, sizeof(*parameters), count, file);
    return fflush(file) == 0 && !ferror(file) && fsync(fileno(file)) == 0;
}

enum sim_status lm_save(const char *path, const struct lm_ops *ops, const void *shape,
                        const float *parameters, struct sim_error *err)
{
    char aside[4096];
    if (snprintf(aside, sizeof(aside), "%s.new", path) >= (int)sizeof(aside))
        return SIM_FAIL(err, SIM_IO, "model '%s': the name is too long", path);
    FILE *file = fopen(aside, "wb");
    if (file == NULL)
        return SIM_FAIL(err, SIM_IO, "model '%s': %s", aside, strerror(errno));
    bool written = write_model(file, ops, shape, parameters);
    int cause = errno;
    written = fclose(file) == 0 && written;
    if (written && rename(aside, path) == 0)
        return SIM_OK;
    cause = written ? errno : cause;
    remove(aside);
    return SIM_FAIL(err, SIM_IO, "model '%s': %s", path, strerror(cause));
}

/* ---- reading ---- */

static const struct lm_ops *find_model(const char *name)
{
    for (size_t i = 0; lm_all[i] != NULL; i++)
        if (strcmp(lm_all[i]->table->name, name) == 0)
            return lm_all[i];
    return NULL;
}

/* One line without its end; false at the end of the file or when it is too long. */
static bool read_line(FILE *file, char line[static WORD_BYTES])
{
    if (fgets(line, WORD_BYTES, file) == NULL)
        return false;
    size_t length = strlen(line);
    if (length == 0 || line[length - 1] != '\n')
        return false;
    line[length - 1] = '\0';
    return true;
}

/* A number as the table's bounds allow it; bounds of models are plain integers. */
static bool within_bounds(const struct param_key *key, unsigned long value)
{
    return (key->min == NULL || value >= strtoul(key->min, NULL, 10)) &&
           (key->max == NULL || value <= strtoul(key->max, NULL, 10));
}

/* The model's keys in the table's order; the reason why not, or NULL. */
static const char *read_shape(FILE *file, const struct lm_ops *ops, unsigned char *shape)
{
    char line[WORD_BYTES], name[WORD_BYTES];
    unsigned long value;
    for (size_t i = 0; i < ops->table->key_count; i++) {
        const struct param_key *key = &ops->table->keys[i];
        if (!read_line(file, line) || sscanf(line, "%63s %lu", name, &value) != 2)
            return "the head breaks off";
        if (strcmp(name, key->name) != 0)
            return "a key of the model is missing";
        if (!within_bounds(key, value))
            return "a key of the model is out of its range";
        uint32_t stored = (uint32_t)value;
        memcpy(shape + key->offset, &stored, sizeof(stored));
    }
    return NULL;
}

static const char *read_parameters(FILE *file, struct lm_file *read)
{
    char line[WORD_BYTES];
    size_t stated, count = read->ops->parameter_count(read->shape);
    uint64_t checksum;
    if (!read_line(file, line) || sscanf(line, "parameters %zu", &stated) != 1)
        return "the head breaks off";
    if (stated != count || count > PARAMETERS_MAX)
        return "the number of parameters is not the model's";
    if (!read_line(file, line) || sscanf(line, "checksum %" SCNx64, &checksum) != 1 ||
        !read_line(file, line) || line[0] != '\0')
        return "the head breaks off";
    size_t bytes = (count * sizeof(float) + LM_ALIGNMENT - 1) / LM_ALIGNMENT * LM_ALIGNMENT;
    read->parameters = aligned_alloc(LM_ALIGNMENT, bytes);
    if (read->parameters == NULL)
        return "out of memory";
    if (fread(read->parameters, sizeof(float), count, file) != count)
        return "the parameters break off";
    if (fgetc(file) != EOF)
        return "something follows the parameters";
    if (checksum_of(read->parameters, count) != checksum)
        return "the checksum is wrong: the file is damaged";
    return NULL;
}

static const char *read_model(FILE *file, struct lm_file *read)
{
    char line[WORD_BYTES];
    struct sim_error reason = {0};
    if (!read_line(file, line) || strcmp(line, FORMAT) != 0)
        return "this is no model file of this format";
    if (!read_line(file, line) || (read->ops = find_model(line)) == NULL)
        return "the model's name is unknown";
    read->shape = calloc(1, read->ops->table->struct_bytes);
    if (read->shape == NULL)
        return "out of memory";
    const char *wrong = read_shape(file, read->ops, read->shape);
    if (wrong == NULL && read->ops->check(read->shape, &reason) != SIM_OK)
        wrong = "the model's keys do not fit together";
    return wrong != NULL ? wrong : read_parameters(file, read);
}

enum sim_status lm_load(const char *path, struct lm_file *ret_file, struct sim_error *err)
{
    struct lm_file read = {0};
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return SIM_FAIL(err, SIM_IO, "model '%s': %s", path, strerror(errno));
    const char *wrong = read_model(file, &read);
    fclose(file);
    if (wrong != NULL) {
        lm_file_release(&read);
        return SIM_FAIL(err, SIM_IO, "model '%s': %s", path, wrong);
    }
    *ret_file = read;
    return SIM_OK;
}

void lm_file_release(struct lm_file *file)
{
    free(file->shape);
    free(file->parameters);
    *file = (struct lm_file){0};
}
