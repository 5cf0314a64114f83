/*
 * digest.h: one 64-bit number over a sequence of bytes, the same on every machine.
 *
 * XXH64 in its streaming form.  Not cryptographic: it tells whether two runs did the same, not
 * whether somebody forged one.  Feed integers through digest_u64 so that padding never counts.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* The caller's memory; plain bytes, so a checkpoint may copy it. */
struct digest {
    uint64_t state[12];
};

void digest_init(struct digest *digest);
void digest_bytes(struct digest *digest, const void *bytes, size_t size_bytes);
void digest_u64(struct digest *digest, uint64_t value);
/* The bits of the double; NaN payloads count, so keep NaN out. */
void digest_f64(struct digest *digest, double value);
/* The number so far; more may be added afterwards. */
uint64_t digest_value(const struct digest *digest);

#endif
