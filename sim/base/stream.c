#include "base/stream.h"

#include "base/error.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#include <Random123/philox.h>
#pragma GCC diagnostic pop
#include <xxhash.h>
#include <string.h>

/* Words 4k..4k+3 of the stream are the cipher of counter (k, ticket, entity, 0) under key
 * (seed, purpose): no state but a position. */
static void fill_block(struct stream *stream, uint64_t index)
{
    philox4x64_ctr_t counter = {{index, stream->key.ticket, stream->key.entity, 0}};
    philox4x64_key_t key = {{stream->key.seed, stream->key.purpose}};
    philox4x64_ctr_t out = philox4x64(counter, key);
    for (int i = 0; i < 4; i++)
        stream->block[i] = out.v[i];
}

uint64_t stream_u64(struct stream *stream)
{
    uint64_t lane = stream->position & 3;
    if (lane == 0)
        fill_block(stream, stream->position >> 2);
    stream->position++;
    return stream->block[lane];
}

double stream_uniform(struct stream *stream)
{
    return (double)(stream_u64(stream) >> 11) * 0x1p-53;
}

uint64_t stream_below(struct stream *stream, uint64_t bound)
{
    SIM_ASSERT(bound > 0);
    uint64_t reject_below = -bound % bound;
    uint64_t word;
    do
        word = stream_u64(stream);
    while (word < reject_below);
    return word % bound;
}

/* GSL hands back only `state`, which points at the whole struct. */
static unsigned long rng_get(void *state)
{
    return stream_u64(state);
}

static double rng_get_double(void *state)
{
    return stream_uniform(state);
}

/* GSL calls this only through gsl_rng_set, which has no place here: keys are set by stream_init. */
static void rng_set(void *state, unsigned long seed)
{
    struct stream *stream = state;
    stream->key.seed = seed;
    stream->position = 0;
}

static const gsl_rng_type philox_type = {
    .name = "philox4x64",
    .max = UINT64_MAX,
    .min = 0,
    .size = sizeof(struct stream),
    .set = rng_set,
    .get = rng_get,
    .get_double = rng_get_double,
};

void stream_seek(struct stream *stream, const struct stream_key *key, uint64_t position)
{
    stream->rng = (gsl_rng){.type = &philox_type, .state = stream};
    stream->key = *key;
    stream->position = position;
    if ((position & 3) != 0)
        fill_block(stream, position >> 2);
}

void stream_init(struct stream *stream, uint64_t seed, enum stream_purpose purpose, uint64_t entity,
                 uint64_t ticket)
{
    stream_seek(stream, &(struct stream_key){seed, (uint64_t)purpose, entity, ticket}, 0);
}

uint64_t stream_entity(const char *group, uint64_t index)
{
    return XXH64(group, strlen(group), index);
}
