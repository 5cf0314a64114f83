/*
 * blake2.h: BLAKE2b with 32 bytes of output and no key (RFC 7693), the hash of the chain's
 * commits.  Pure; any length.
 */
#ifndef CHAIN_BLAKE2_H
#define CHAIN_BLAKE2_H

#include <stddef.h>
#include <stdint.h>

void blake2_256(const void *bytes, size_t size_bytes, uint8_t ret_hash[32]);

#endif
