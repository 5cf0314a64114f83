#include "property/mechanism_params.h"

#include "base/error.h"
#include "base/param_text.h"

#include <string.h>

static double bound_of(const struct param_key *key, const char *text, double open)
{
    struct param_key free_key = *key;
    char reason[PARAM_REASON_BYTES];
    double number = 0;
    uint16_t fraction = 0;
    uint64_t whole = 0;
    free_key.min = free_key.max = NULL;
    if (text == NULL)
        return open;
    if ((key->kind & PARAM_KIND_MASK) == PARAM_REAL) {
        SIM_ASSERT(param_parse(&free_key, text, &number, reason));
        return number;
    }
    if ((key->kind & PARAM_KIND_MASK) == PARAM_FRACTION_U16) {
        SIM_ASSERT(param_parse(&free_key, text, &fraction, reason));
        return fraction;
    }
    if ((key->kind & PARAM_KIND_MASK) == PARAM_U32)
        free_key.kind = PARAM_U64;
    SIM_ASSERT(param_parse(&free_key, text, &whole, reason));
    return (double)whole;
}

/* An end, or between. */
static double number_of(const struct param_key *key, struct stream *stream)
{
    double low = bound_of(key, key->min, 0), high = bound_of(key, key->max, 100);
    if (mechanism_params_name_uid(key))
        return (double)stream_below(stream, 40);
    uint64_t kind = stream_below(stream, 4);
    return kind == 0 ? low : kind == 1 ? high : low + (high - low) * stream_uniform(stream);
}

static int choice_of(const struct param_key *key, struct stream *stream)
{
    uint64_t count = 0;
    while (key->choices[count] != NULL)
        count++;
    return (int)stream_below(stream, count);
}

bool mechanism_params_name_uid(const struct param_key *key)
{
    size_t length = strlen(key->name);
    return length >= 4 && strcmp(key->name + length - 4, "_uid") == 0;
}

static void draw(const struct param_key *key, struct stream *stream, void *field)
{
    switch (key->kind & PARAM_KIND_MASK) {
    case PARAM_BOOL:
        *(bool *)field = stream_below(stream, 2) == 1;
        break;
    case PARAM_ENUM:
        *(int *)field = choice_of(key, stream);
        break;
    case PARAM_U32:
        *(uint32_t *)field = (uint32_t)number_of(key, stream);
        break;
    case PARAM_FRACTION_U16:
        *(uint16_t *)field = (uint16_t)number_of(key, stream);
        break;
    case PARAM_U64:
    case PARAM_BLOCKS:
    case PARAM_AMOUNT_RAO:
        *(uint64_t *)field = (uint64_t)number_of(key, stream);
        break;
    case PARAM_REAL:
        *(double *)field = number_of(key, stream);
        break;
    default: /* kinds that no mechanism draws yet stay at their default */
        break;
    }
}

void mechanism_params_draw(const struct param_table *table, struct stream *stream, void *values)
{
    param_defaults(table, values);
    for (size_t k = 0; k < table->key_count; k++) {
        const struct param_key *key = &table->keys[k];
        if (stream_below(stream, 2) == 1)
            draw(key, stream, (unsigned char *)values + key->offset);
    }
}
