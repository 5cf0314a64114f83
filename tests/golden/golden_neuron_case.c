#include "golden/golden_neuron.h"

#include "base/error.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *neuron_memory(struct neuron_case *c, size_t count, size_t size_bytes)
{
    SIM_ASSERT(c->block_count < NEURON_BLOCKS_MAX);
    void *block = aligned_alloc(64, (count * size_bytes + 127) / 64 * 64);
    SIM_ASSERT(block != NULL);
    memset(block, 0, count * size_bytes + 1);
    c->blocks[c->block_count++] = block;
    return block;
}

void neuron_case_release(struct neuron_case *c)
{
    for (unsigned i = 0; i < c->block_count; i++)
        free(c->blocks[i]);
    c->block_count = 0;
}

void neuron_fail(struct neuron_case *c, const char *format, ...)
{
    c->wrong++;
    printf("  %s: ", c->id);
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

double neuron_real(struct neuron_case *c, const struct json_value *value)
{
    double number = 0;
    struct sim_error err = {0};
    if (value != NULL && value->kind == JSON_BOOL)
        return value->truth;
    if (json_f64(value, &number, &err) != SIM_OK)
        neuron_fail(c, "%s", err.text);
    return number;
}

uint32_t neuron_index(struct neuron_case *c, const struct json_value *value)
{
    uint64_t number = 0;
    struct sim_error err = {0};
    if (json_u64(value, &number, &err) != SIM_OK)
        neuron_fail(c, "%s", err.text);
    return (uint32_t)number;
}

double neuron_input(struct neuron_case *c, const char *name)
{
    return neuron_real(c, json_get(c->in, name));
}

static size_t count_numbers(const struct json_value *value)
{
    if (value == NULL || value->kind != JSON_ARRAY)
        return value != NULL;
    size_t count = 0;
    for (size_t i = 0; i < json_count(value); i++)
        count += count_numbers(json_item(value, i));
    return count;
}

static double *flatten(struct neuron_case *c, const struct json_value *value, double *to)
{
    if (value->kind != JSON_ARRAY) {
        *to = neuron_real(c, value);
        return to + 1;
    }
    for (size_t i = 0; i < json_count(value); i++)
        to = flatten(c, json_item(value, i), to);
    return to;
}

double *neuron_reals(struct neuron_case *c, const struct json_value *value, size_t *ret_count)
{
    size_t count = count_numbers(value);
    double *numbers = neuron_memory(c, count, sizeof(*numbers));
    if (value == NULL)
        neuron_fail(c, "an input is missing");
    else
        flatten(c, value, numbers);
    if (ret_count != NULL)
        *ret_count = count;
    return numbers;
}

uint32_t *neuron_indices(struct neuron_case *c, const struct json_value *value, size_t *ret_count)
{
    size_t count;
    const double *numbers = neuron_reals(c, value, &count);
    uint32_t *indices = neuron_memory(c, count, sizeof(*indices));
    for (size_t i = 0; i < count; i++)
        indices[i] = (uint32_t)numbers[i];
    if (ret_count != NULL)
        *ret_count = count;
    return indices;
}

void neuron_compared(struct neuron_case *c, const char *name)
{
    SIM_ASSERT(c->name_count < NEURON_NAMES_MAX);
    c->names[c->name_count++] = name;
}

void neuron_compare_value(struct neuron_case *c, const char *name,
                          const struct json_value *expected, const double *got, size_t count)
{
    size_t wanted;
    const double *numbers = neuron_reals(c, expected, &wanted);
    if (wanted != count) {
        neuron_fail(c, "%s: %zu numbers, expected %zu", name, count, wanted);
        return;
    }
    c->compared += count == 0; /* nothing where nothing was expected is a comparison too */
    for (size_t i = 0; i < count; i++) {
        c->compared++;
        double allowed = c->tolerance * fmax(1, fabs(numbers[i]));
        if (!(fabs(got[i] - numbers[i]) <= allowed))
            neuron_fail(c, "%s[%zu]: %.17g, expected %.17g", name, i, got[i], numbers[i]);
    }
}

void neuron_compare(struct neuron_case *c, const char *name, const double *got, size_t count)
{
    const struct json_value *expected = json_get(c->expected, name);
    neuron_compared(c, name);
    if (expected != NULL)
        neuron_compare_value(c, name, expected, got, count);
}

void neuron_compare_one(struct neuron_case *c, const char *name, double got)
{
    neuron_compare(c, name, &got, 1);
}

void neuron_check_all_compared(struct neuron_case *c)
{
    for (size_t i = 0; i < json_count(c->expected); i++) {
        const char *name = json_item(c->expected, i)->name;
        bool found = false;
        for (unsigned k = 0; k < c->name_count; k++)
            found = found || strcmp(c->names[k], name) == 0;
        if (!found)
            neuron_fail(c, "expected '%s' was not compared", name);
    }
}
