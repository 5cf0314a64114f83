#include "chain/pow.h"
#include "base/fixed.h"
#include "base/units.h"

#include <gsl/gsl_randist.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <string.h>

enum { KECCAK_RATE = 136 };

/* nettle's SHA-3 pads with 0x06; the original Keccak pads with 0x01, so the one block is absorbed
 * here and only the permutation is nettle's. */
void pow_keccak256(const void *bytes, size_t size_bytes, uint8_t ret_hash[32])
{
    SIM_ASSERT(size_bytes < KECCAK_RATE);
    uint8_t block[KECCAK_RATE] = {0};
    memcpy(block, bytes, size_bytes);
    block[size_bytes] = 0x01;
    block[KECCAK_RATE - 1] |= 0x80;

    struct sha3_state state = {{0}};
    for (int word = 0; word < KECCAK_RATE / 8; word++)
        for (int byte = 7; byte >= 0; byte--)
            state.a[word] = state.a[word] << 8 | block[8 * word + byte];
    sha3_permute(&state);
    for (int i = 0; i < 32; i++)
        ret_hash[i] = (uint8_t)(state.a[i / 8] >> (8 * (i % 8)));
}

static void sha256_of_nonce(uint64_t nonce, const uint8_t body[32], uint8_t ret_hash[32])
{
    uint8_t bytes[40];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(nonce >> (8 * i));
    memcpy(bytes + 8, body, 32);
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, sizeof bytes, bytes);
    sha256_digest(&context, 32, ret_hash);
}

/* What follows the nonce: the block hash, bound to the hotkey where the rule says so. */
static void body_of(enum pow_seal_rule rule, const uint8_t block_hash[32],
                    const uint8_t hotkey_key[32], uint8_t ret_body[32])
{
    if (rule != POW_SEAL_KECCAK_HOTKEY) {
        memcpy(ret_body, block_hash, 32);
        return;
    }
    uint8_t both[64];
    memcpy(both, block_hash, 32);
    memcpy(both + 32, hotkey_key, 32);
    pow_keccak256(both, sizeof both, ret_body);
}

static void seal_of_body(enum pow_seal_rule rule, const uint8_t body[32], uint64_t nonce,
                         uint8_t ret_seal[32])
{
    sha256_of_nonce(nonce, body, ret_seal);
    if (rule != POW_SEAL_SHA256)
        pow_keccak256(ret_seal, 32, ret_seal);
}

void pow_seal(enum pow_seal_rule rule, const uint8_t block_hash[32], const uint8_t hotkey_key[32],
              uint64_t nonce, uint8_t ret_seal[32])
{
    uint8_t body[32];
    body_of(rule, block_hash, hotkey_key, body);
    seal_of_body(rule, body, nonce, ret_seal);
}

/* H x D with 64-bit limbs from the lowest; it overflows 256 bits iff a carry leaves the top. */
bool pow_meets(const uint8_t seal[32], uint64_t difficulty)
{
    uint64_t carry = 0;
    for (int limb = 3; limb >= 0; limb--) {
        uint64_t word = 0;
        for (int byte = 0; byte < 8; byte++)
            word = word << 8 | seal[8 * limb + byte];
        fixed_u128 product = (fixed_u128)word * difficulty + carry;
        carry = (uint64_t)(product >> 64);
    }
    return carry == 0;
}

bool pow_search(const struct pow_task *task, uint64_t start_nonce, uint64_t max_hashes,
                struct pow_work *ret_work, uint64_t *ret_hashes)
{
    uint8_t body[32], seal[32];
    body_of(task->rule, task->block_hash, task->hotkey_key, body);
    for (uint64_t i = 0; i < max_hashes; i++) {
        seal_of_body(task->rule, body, start_nonce + i, seal);
        if (!pow_meets(seal, task->difficulty))
            continue;
        *ret_work = (struct pow_work){.block_number = task->block_number, .nonce = start_nonce + i};
        memcpy(ret_work->seal, seal, 32);
        *ret_hashes = i + 1;
        return true;
    }
    return false;
}

int64_t pow_draw_time_ns(struct stream *stream, uint64_t difficulty, double hash_rate)
{
    SIM_ASSERT(hash_rate > 0);
    double mean_hashes = difficulty > 0 ? (double)difficulty : 1.0;
    double ns = gsl_ran_exponential(&stream->rng, mean_hashes / hash_rate * 1e9);
    if (ns >= 0x1p63)
        return TIME_NS_MAX;
    return ns < 1 ? 1 : (int64_t)ns;
}

/* H = floor(U / D) for U uniform in 0..2^256-1, by long division of U's four words. */
void pow_draw_work(struct stream *stream, uint64_t block_number, uint64_t difficulty,
                   struct pow_work *ret_work)
{
    *ret_work = (struct pow_work){.block_number = block_number, .nonce = stream_u64(stream)};
    uint64_t divisor = difficulty > 0 ? difficulty : 1;
    fixed_u128 rest = 0;
    for (int i = 0; i < 4; i++) {
        rest = rest << 64 | stream_u64(stream);
        uint64_t quotient = (uint64_t)(rest / divisor);
        rest %= divisor;
        for (int byte = 0; byte < 8; byte++)
            ret_work->seal[8 * i + byte] = (uint8_t)(quotient >> (56 - 8 * byte));
    }
}
