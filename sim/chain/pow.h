/*
 * pow.h: the historical seals of registration work, and two ways to solve them.
 *
 * A seal meets difficulty D when, read as a 256-bit big-endian integer H, H x D < 2^256 (D is a
 * u64; 0 and 1 accept everything).  So a hash succeeds with chance ceil(2^256/D)/2^256, and the
 * hashes needed are geometric with mean D.
 *
 *   sha256         seal = SHA-256(nonce as 8 bytes little-endian || block hash)         40 bytes
 *   keccak         seal = Keccak-256(SHA-256(nonce || block hash))         finney until 2023-04-17
 *   keccak_hotkey  h = Keccak-256(block hash || hotkey); seal = Keccak-256(SHA-256(nonce || h))
 *
 * Keccak-256 has the original padding (0x01), not SHA-3's.
 *
 * `search` hashes nonce after nonce.  `statistical` draws the outcome from its law: the time is
 * exponential with mean difficulty / hash_rate (which has no memory, so a solver that restarts at
 * each new block loses nothing in law), and the seal is a 256-bit number uniform below 2^256/D,
 * exactly as a searched one is.  The chain then tests the difficulty on that number as on any
 * other: when the difficulty moved up since, the work fails with the right chance.  Only "the seal
 * is the hash of the nonce" cannot be checked of a drawn seal; `struct chain_extrinsic` says which
 * hotkey solved it, which stands in for the hash's binding.
 */
#ifndef CHAIN_POW_H
#define CHAIN_POW_H

#include "base/stream.h"
#include "chain/params.h"

/* Registration work as a transaction carries it. */
struct pow_work {
    uint64_t block_number; /* whose hash was sealed */
    uint64_t nonce;
    uint8_t seal[32];
};

/* Original Keccak-256 of up to 135 bytes (one sponge block; a longer input is a bug). */
void pow_keccak256(const void *bytes, size_t size_bytes, uint8_t ret_hash[32]);

/* The seal of one nonce.  `hotkey_key` is read by keccak_hotkey only. */
void pow_seal(enum pow_seal_rule rule, const uint8_t block_hash[32], const uint8_t hotkey_key[32],
              uint64_t nonce, uint8_t ret_seal[32]);

/* Whether H x difficulty < 2^256. */
bool pow_meets(const uint8_t seal[32], uint64_t difficulty);

/* What a solver works on. */
struct pow_task {
    enum pow_seal_rule rule;
    const uint8_t *block_hash; /* (32) */
    const uint8_t *hotkey_key; /* (32) */
    uint64_t block_number;
    uint64_t difficulty;
};

/* Hashes from start_nonce on.  True with *ret_work and *ret_hashes (hashes done, the last one
 * counted) at the first success; false after max_hashes. */
bool pow_search(const struct pow_task *task, uint64_t start_nonce, uint64_t max_hashes,
                struct pow_work *ret_work, uint64_t *ret_hashes);

/* Time in ns that hash_rate (hashes a second, > 0) needs for one success; one draw; at least 1,
 * at most TIME_NS_MAX. */
int64_t pow_draw_time_ns(struct stream *stream, uint64_t difficulty, double hash_rate);

/* A success as `search` would have found it: uniform nonce and uniform seal below
 * 2^256/difficulty.  Five words of the stream. */
void pow_draw_work(struct stream *stream, uint64_t block_number, uint64_t difficulty,
                   struct pow_work *ret_work);

#endif
