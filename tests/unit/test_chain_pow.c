#include "test_chain.h"

#include <math.h>

static void keccak_has_the_original_padding(void **state)
{
    (void)state;
    /* Keccak-256 of the empty string and of "abc", as the Keccak team's own vectors give them. */
    static const uint8_t empty[4] = {0xc5, 0xd2, 0x46, 0x01}, abc[4] = {0x4e, 0x03, 0x65, 0x7a};
    uint8_t hash[32];
    pow_keccak256("", 0, hash);
    assert_memory_equal(hash, empty, 4);
    pow_keccak256("abc", 3, hash);
    assert_memory_equal(hash, abc, 4);
}

static void a_seal_meets_exactly_the_difficulties_below_its_quotient(void **state)
{
    (void)state;
    uint8_t seal[32];
    memset(seal, 0xff, 32);
    assert_true(pow_meets(seal, 0));
    assert_true(pow_meets(seal, 1));
    assert_false(pow_meets(seal, 2));
    memset(seal, 0, 32);
    assert_true(pow_meets(seal, UINT64_MAX));
    seal[7] = 1; /* 2^192: x (2^64 - 1) stays below 2^256 */
    assert_true(pow_meets(seal, UINT64_MAX));
    seal[6] = 1; /* 2^200 + 2^192 */
    assert_false(pow_meets(seal, UINT64_C(1) << 56));
    assert_true(pow_meets(seal, (UINT64_C(1) << 56) - (UINT64_C(1) << 49)));
}

static struct pow_task task_of(const uint8_t hash[32], const uint8_t key[32], uint64_t difficulty)
{
    return (struct pow_task){.rule = POW_SEAL_KECCAK_HOTKEY,
                             .block_hash = hash,
                             .hotkey_key = key,
                             .block_number = 1,
                             .difficulty = difficulty};
}

/* Largest distance between the distribution functions of two sorted samples. */
static double kolmogorov(const double *a, const double *b, size_t n)
{
    double worst = 0;
    for (size_t i = 0, j = 0; i < n && j < n;) {
        if (a[i] <= b[j])
            i++;
        else
            j++;
        double apart = fabs((double)i - (double)j) / (double)n;
        worst = apart > worst ? apart : worst;
    }
    return worst;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

enum { SAMPLES = 2000 };
/* Two samples of 2000 differ by more than this once in a thousand: 1.95 sqrt(2/2000). */
static const double KOLMOGOROV_LIMIT = 0.0617;

static void search_and_statistical_agree_in_hashes_and_in_seals(void **state)
{
    (void)state;
    static double hashes[2][SAMPLES], quality[2][SAMPLES];
    const uint64_t difficulty = 200;
    struct stream stream;
    stream_init(&stream, 3, STREAM_TEST, 0, 0);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        uint8_t hash[32] = {(uint8_t)i, (uint8_t)(i >> 8)}, key[32] = {7};
        struct pow_task task = task_of(hash, key, difficulty);
        struct pow_work work;
        uint64_t count;
        assert_true(pow_search(&task, 0, 1000000, &work, &count));
        assert_true(pow_meets(work.seal, difficulty));
        hashes[0][i] = (double)count;
        quality[0][i] = work.seal[0] * 256.0 + work.seal[1];
        /* 1e9 hashes a second: a nanosecond a hash. */
        hashes[1][i] = (double)pow_draw_time_ns(&stream, difficulty, 1e9);
        pow_draw_work(&stream, 1, difficulty, &work);
        assert_true(pow_meets(work.seal, difficulty));
        quality[1][i] = work.seal[0] * 256.0 + work.seal[1];
    }
    for (int k = 0; k < 2; k++) {
        qsort(hashes[k], SAMPLES, sizeof(double), ascending);
        qsort(quality[k], SAMPLES, sizeof(double), ascending);
    }
    assert_true(kolmogorov(hashes[0], hashes[1], SAMPLES) < KOLMOGOROV_LIMIT);
    assert_true(kolmogorov(quality[0], quality[1], SAMPLES) < KOLMOGOROV_LIMIT);
}

static void drawn_work_survives_a_doubled_difficulty_half_of_the_time(void **state)
{
    (void)state;
    struct stream stream;
    stream_init(&stream, 4, STREAM_TEST, 0, 0);
    int survived = 0;
    for (int i = 0; i < 10000; i++) {
        struct pow_work work;
        pow_draw_work(&stream, 1, 12345678, &work);
        survived += pow_meets(work.seal, 2 * 12345678);
    }
    /* Standard deviation 50. */
    assert_true(survived > 4800 && survived < 5200);
}

static struct test_chain searching(enum pow_seal_rule rule)
{
    struct test_chain t;
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    t.net.params.pow = CHAIN_POW_SEARCH;
    t.net.params.pow_seal = rule;
    t.net.params.difficulty = t.net.params.min_difficulty = 50;
    t.net.params.max_registrations_per_block = 0;
    return t;
}

static struct chain_extrinsic searched(struct test_chain *t, uint32_t i, enum pow_seal_rule rule)
{
    uint8_t hash[32];
    uint64_t block = chain_block_number(t->chain), hashes;
    chain_block_hash(t->chain, block, hash);
    struct pow_task task = {.rule = rule,
                            .block_hash = hash,
                            .hotkey_key = chain_account_key(t->chain, hot(i)),
                            .block_number = block,
                            .difficulty = chain_view(t->chain, 3)->difficulty};
    struct chain_extrinsic call = {.kind = CHAIN_REGISTER_POW,
                                   .netuid = 3,
                                   .signer = hot(i),
                                   .hotkey = hot(i),
                                   .coldkey = cold(i)};
    assert_true(pow_search(&task, 0, 1000000, &call.work, &hashes));
    return call;
}

static void searched_seals_are_verified_by_the_chain_under_every_rule(void **state)
{
    (void)state;
    for (int rule = POW_SEAL_SHA256; rule <= POW_SEAL_KECCAK_HOTKEY; rule++) {
        struct test_chain t = searching((enum pow_seal_rule)rule);
        test_chain_start(&t);
        test_chain_blocks(&t, 2);
        struct chain_extrinsic call = searched(&t, 1, (enum pow_seal_rule)rule), copy = call;
        assert_string_equal(test_chain_call(&t, call), "Ok");
        copy.signer = copy.hotkey = hot(2);
        copy.coldkey = cold(2);
        /* Only the last rule binds the work to its hotkey. */
        assert_string_equal(test_chain_call(&t, copy),
                            rule == POW_SEAL_KECCAK_HOTKEY ? "InvalidSeal" : "Ok");
        call = searched(&t, 3, (enum pow_seal_rule)rule);
        call.work.nonce++;
        assert_string_equal(test_chain_call(&t, call), "InvalidSeal");
        test_chain_end(&t);
    }
}

static void the_list_of_used_work_ends_replay(void **state)
{
    (void)state;
    struct test_chain t = searching(POW_SEAL_KECCAK);
    t.net.params.pow_used_list = true;
    test_chain_start(&t);
    test_chain_blocks(&t, 2);
    struct chain_extrinsic call = searched(&t, 1, POW_SEAL_KECCAK);
    assert_string_equal(test_chain_call(&t, call), "Ok");
    call.signer = call.hotkey = hot(2);
    assert_string_equal(test_chain_call(&t, call), "WorkRepeated");
    test_chain_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keccak_has_the_original_padding),
        cmocka_unit_test(a_seal_meets_exactly_the_difficulties_below_its_quotient),
        cmocka_unit_test(search_and_statistical_agree_in_hashes_and_in_seals),
        cmocka_unit_test(drawn_work_survives_a_doubled_difficulty_half_of_the_time),
        cmocka_unit_test(searched_seals_are_verified_by_the_chain_under_every_rule),
        cmocka_unit_test(the_list_of_used_work_ends_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
