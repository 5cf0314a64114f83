#include "base/digest.h"

#define XXH_STATIC_LINKING_ONLY
#include <string.h>
#include <xxhash.h>

_Static_assert(sizeof(XXH64_state_t) <= sizeof(struct digest), "the state fits");

/* The library's state lives in our bytes: copied out and in, so no aliasing is assumed. */
void digest_init(struct digest *digest)
{
    *digest = (struct digest){{0}};
    XXH64_state_t state;
    memset(&state, 0, sizeof(state));
    XXH64_reset(&state, 0);
    memcpy(digest, &state, sizeof(state));
}

void digest_bytes(struct digest *digest, const void *bytes, size_t size_bytes)
{
    XXH64_state_t state;
    memcpy(&state, digest, sizeof(state));
    XXH64_update(&state, bytes, size_bytes);
    memcpy(digest, &state, sizeof(state));
}

void digest_u64(struct digest *digest, uint64_t value)
{
    digest_bytes(digest, &value, sizeof(value));
}

void digest_f64(struct digest *digest, double value)
{
    digest_bytes(digest, &value, sizeof(value));
}

uint64_t digest_value(const struct digest *digest)
{
    XXH64_state_t state;
    memcpy(&state, digest, sizeof(state));
    return XXH64_digest(&state);
}
