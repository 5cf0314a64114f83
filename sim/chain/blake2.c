#include "chain/blake2.h"

#include <string.h>

enum { BLOCK_BYTES = 128, WORDS = 8, ROUNDS = 12, HASH_BYTES = 32 };

static const uint64_t first_state[WORDS] = {
    UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1), UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
    UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179)};

/* Which words of the block a round takes; rounds 10 and 11 are rounds 0 and 1 again. */
static const uint8_t order[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                      {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                      {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                      {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                      {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                      {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                      {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                      {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                      {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                      {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

static uint64_t rotate(uint64_t word, int right)
{
    return word >> right | word << (64 - right);
}

static void mix(uint64_t v[16], int a, int b, int c, int d, uint64_t x, uint64_t y)
{
    v[a] += v[b] + x;
    v[d] = rotate(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = rotate(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 63);
}

/* `done` counts the bytes up to the end of this block. */
static void compress(uint64_t state[WORDS], const uint8_t block[BLOCK_BYTES], uint64_t done,
                     int is_last)
{
    uint64_t v[16], m[16];
    for (int i = 0; i < 16; i++) {
        m[i] = 0;
        for (int k = 7; k >= 0; k--)
            m[i] = m[i] << 8 | block[8 * i + k];
    }
    memcpy(v, state, WORDS * sizeof *v);
    memcpy(v + WORDS, first_state, sizeof first_state);
    v[12] ^= done;
    if (is_last)
        v[14] = ~v[14];
    for (int round = 0; round < ROUNDS; round++) {
        const uint8_t *s = order[round % 10];
        for (int i = 0; i < 4; i++)
            mix(v, i, i + 4, i + 8, i + 12, m[s[2 * i]], m[s[2 * i + 1]]);
        for (int i = 0; i < 4; i++)
            mix(v, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12, m[s[8 + 2 * i]],
                m[s[9 + 2 * i]]);
    }
    for (int i = 0; i < WORDS; i++)
        state[i] ^= v[i] ^ v[i + WORDS];
}

void blake2_256(const void *bytes, size_t size_bytes, uint8_t ret_hash[32])
{
    uint64_t state[WORDS];
    memcpy(state, first_state, sizeof state);
    state[0] ^= 0x01010000 ^ HASH_BYTES;
    const uint8_t *at = bytes;
    size_t done = 0;
    while (size_bytes - done > BLOCK_BYTES) {
        compress(state, at + done, done + BLOCK_BYTES, 0);
        done += BLOCK_BYTES;
    }
    uint8_t last[BLOCK_BYTES] = {0};
    if (size_bytes > done)
        memcpy(last, at + done, size_bytes - done);
    compress(state, last, size_bytes, 1);
    for (int i = 0; i < HASH_BYTES; i++)
        ret_hash[i] = (uint8_t)(state[i / 8] >> 8 * (i % 8));
}
