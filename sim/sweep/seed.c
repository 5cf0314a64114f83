#include "sweep/seed.h"

#include "base/digest.h"

#include <string.h>

uint64_t seed_of(uint64_t master, uint64_t point, uint64_t replicate, const char *stream)
{
    struct digest digest;
    digest_init(&digest);
    digest_u64(&digest, master);
    digest_u64(&digest, point);
    digest_u64(&digest, replicate);
    digest_bytes(&digest, stream, strlen(stream) + 1);
    return digest_value(&digest);
}
