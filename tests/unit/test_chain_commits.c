/*
 * Commits of hashes: who reveals what in which epoch, and what a commit hides.  Each refusal has
 * its case in test_chain_faults.c too.
 */
#include "test_chain.h"

#include "chain/blake2.h"

enum { TEMPO = 20 };

static void hashed(struct test_chain *t)
{
    test_chain_init(t, CHAIN_CURRENT, "yuma2");
    t->net.params.tempo = TEMPO;
    t->net.params.max_uids = 20;
    t->net.params.commit_reveal = true;
    t->net.params.commit_form = CHAIN_COMMIT_OF_HASH;
    t->net.params.weights_rate_limit = 0;
}

static void start(struct test_chain *t)
{
    test_chain_start(t);
    for (uint32_t i = 0; i < 5; i++)
        test_chain_neuron(t, i, i < 3 ? 100 * TAO : 0);
}

static struct chain_extrinsic reveal_of(struct test_chain *t, uint32_t i, uint32_t uid,
                                        uint16_t salt)
{
    static const uint32_t uids[] = {0, 1, 2, 3, 4}, value = 1;
    struct chain_extrinsic call = test_chain_row(t, i, 1, uids + uid, &value);
    call.kind = CHAIN_REVEAL_WEIGHTS;
    call.salt[0] = salt;
    return call;
}

static struct chain_extrinsic commit_of(struct test_chain *t, struct chain_extrinsic reveal)
{
    ok(t, chain_commit_hash(t->chain, &reveal, reveal.commit_hash, &t->err));
    reveal.kind = CHAIN_COMMIT_HASH;
    return reveal;
}

static void to_block(struct test_chain *t, uint64_t block)
{
    test_chain_blocks(t, block - chain_block_number(t->chain));
}

#define expect(t, call, outcome) assert_string_equal(test_chain_call(t, call), outcome)

static void assert_hash(const uint8_t hash[32], const char *hex)
{
    char text[65];
    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(text, hex);
}

/* RFC 7693 gives "abc" for 64 bytes of output; these are of Python's hashlib.blake2b. */
static void blake2_agrees_with_another_implementation(void **state)
{
    (void)state;
    uint8_t hash[32], zeros[129] = {0};
    blake2_256("", 0, hash);
    assert_hash(hash, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    blake2_256("abc", 3, hash);
    assert_hash(hash, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    blake2_256(zeros, 128, hash); /* one whole block is the last one */
    assert_hash(hash, "378d0caaaa3855f1b38693c1d6ef004fd118691c95c959d4efa950d6d6fcf7c1");
    blake2_256(zeros, 129, hash);
    assert_hash(hash, "baadfb64c3bd2cd187b54accc5e61a0720ed86bf48c28017873536cf9015d1b8");
}

/* Key, netuid, two lists and the salt with their compact lengths, version: encoded by hand in
 * Python and hashed there. */
static void a_commit_hashes_the_real_encoding(void **state)
{
    (void)state;
    struct test_chain t;
    hashed(&t);
    start(&t);
    uint32_t uids[100], values[100];
    for (uint32_t i = 0; i < 100; i++) {
        uids[i] = i;
        values[i] = 7 * i;
    }
    struct chain_extrinsic call = test_chain_row(&t, 0, 100, uids, values);
    uint8_t hash[32];
    ok(&t, chain_commit_hash(t.chain, &call, hash, &t.err));
    assert_hash(hash, "f8b821d26da8eecb01bef412aede199f0e7430e12d291e10fdfbfc3e655d15da");
    uint32_t two[] = {1, 2}, weights[] = {1, 3};
    call = test_chain_row(&t, 0, 2, two, weights);
    call.salt[0] = 5;
    call.salt[7] = 65535;
    call.version_key = 9;
    ok(&t, chain_commit_hash(t.chain, &call, hash, &t.err));
    assert_hash(hash, "5d7ebf62894c718439546fd71c3f1dc2ec6fd25cd898d069d165734428b7ba01");
    test_chain_end(&t);
}

static void a_revealed_row_counts_from_its_reveal_and_dates_from_its_commit(void **state)
{
    (void)state;
    struct test_chain t;
    hashed(&t);
    start(&t);
    test_chain_blocks(&t, 4);
    struct chain_extrinsic reveal = reveal_of(&t, 0, 3, 1), commit = commit_of(&t, reveal);
    uint64_t id = test_chain_submit(&t, &commit);
    test_chain_blocks(&t, 1);
    assert_int_equal(test_chain_event(&t, id)->kind, CHAIN_EVENT_COMMITTED);
    assert_int_equal(test_chain_event(&t, id)->other, 0); /* the first epoch */
    assert_int_equal(chain_view(t.chain, 3)->last_update[0], 5);
    to_block(&t, TEMPO + 1);
    assert_int_equal(chain_weights_row(t.chain, 3, 0).count, 0);
    id = test_chain_submit(&t, &reveal);
    test_chain_blocks(&t, 1);
    const struct chain_event *event = test_chain_event(&t, id);
    assert_int_equal(event->kind, CHAIN_EVENT_WEIGHTS_SET);
    assert_int_equal(event->age_blocks, TEMPO + 2 - 5);
    assert_int_equal(chain_weights_row(t.chain, 3, 0).count, 1);
    assert_int_equal(chain_weights_row(t.chain, 3, 0).uid[0], 3);
    assert_int_equal(chain_view(t.chain, 3)->last_update[0], 5); /* a reveal is no update */
    expect(&t, reveal, "NoWeightsCommitFound");                  /* a commit opens once */
    test_chain_end(&t);
}

static void the_right_epoch_is_one_and_no_other(void **state)
{
    (void)state;
    for (uint64_t period = 1; period <= 3; period++) {
        struct test_chain t;
        hashed(&t);
        t.net.params.reveal_period = period;
        start(&t);
        to_block(&t, 3);
        struct chain_extrinsic reveal = reveal_of(&t, 0, 3, 1);
        expect(&t, commit_of(&t, reveal), "Ok");
        to_block(&t, period * TEMPO - 2); /* the calls below are of the two blocks behind */
        expect(&t, reveal, "RevealTooEarly");
        /* The block in which an epoch runs belongs to the next one. */
        struct buffer open = test_chain_without_more(&t);
        struct buffer_reader reader;
        buffer_reader_init(&reader, open.bytes, open.size_bytes);
        struct test_chain late = t;
        ok(&t, chain_load(&t.config, &reader, &late.chain, &t.err));
        expect(&late, reveal, "Ok");
        late.chain = chain_free(late.chain);
        buffer_release(&open);
        to_block(&t, (period + 1) * TEMPO - 1);
        expect(&t, reveal, "ExpiredWeightCommit");
        test_chain_end(&t);
    }
}

static void a_later_commit_revealed_first_drops_the_older_ones(void **state)
{
    (void)state;
    struct test_chain t;
    hashed(&t);
    start(&t);
    struct chain_extrinsic first = reveal_of(&t, 0, 3, 1), second = reveal_of(&t, 0, 4, 2),
                           third = reveal_of(&t, 0, 1, 3), other = reveal_of(&t, 1, 3, 4);
    expect(&t, commit_of(&t, first), "Ok");
    expect(&t, commit_of(&t, other), "Ok");
    expect(&t, commit_of(&t, second), "Ok");
    expect(&t, commit_of(&t, third), "Ok");
    to_block(&t, TEMPO);
    expect(&t, second, "Ok");
    expect(&t, first, "InvalidRevealCommitHashNotMatch"); /* there is still the third */
    expect(&t, third, "Ok");
    expect(&t, first, "NoWeightsCommitFound");
    expect(&t, other, "Ok"); /* another hotkey's commit was not touched */
    test_chain_end(&t);
}

static void expired_commits_make_room(void **state)
{
    (void)state;
    struct test_chain t;
    hashed(&t);
    t.net.params.max_pending_commits = 2;
    start(&t);
    struct chain_extrinsic reveal = reveal_of(&t, 0, 3, 1);
    expect(&t, commit_of(&t, reveal), "Ok");
    expect(&t, commit_of(&t, reveal_of(&t, 0, 3, 2)), "Ok");
    expect(&t, commit_of(&t, reveal_of(&t, 0, 3, 3)), "TooManyUnrevealedCommits");
    to_block(&t, 2 * TEMPO - 2);
    expect(&t, commit_of(&t, reveal_of(&t, 0, 3, 3)), "TooManyUnrevealedCommits");
    expect(&t, commit_of(&t, reveal_of(&t, 0, 3, 3)), "Ok"); /* the block of the epoch */
    expect(&t, reveal, "InvalidRevealCommitHashNotMatch");   /* forgotten with the new commit */
    test_chain_end(&t);
}

static void a_copied_commit_opens_nothing_for_its_copier(void **state)
{
    (void)state;
    struct test_chain t;
    hashed(&t);
    start(&t);
    struct chain_extrinsic reveal = reveal_of(&t, 0, 3, 1), copy = commit_of(&t, reveal);
    expect(&t, copy, "Ok");
    copy.signer = hot(1);
    expect(&t, copy, "Ok"); /* nobody sees that it is another's */
    to_block(&t, TEMPO);
    expect(&t, reveal, "Ok");
    reveal.signer = hot(1); /* now the row is known, but the hash is of the other key */
    expect(&t, reveal, "InvalidRevealCommitHashNotMatch");
    test_chain_end(&t);
}

/* Two validators of three change their minds each epoch; the third commits what it sees of the
 * first's row.  It is an epoch behind, so it never rates what the others rate. */
static void whoever_copies_a_row_is_an_epoch_late(void **state)
{
    (void)state;
    struct test_chain t;
    hashed(&t);
    start(&t);
    for (uint64_t epoch = 0; epoch < 6; epoch++) {
        to_block(&t, epoch * TEMPO + 1);
        uint32_t uid = 3 + epoch % 2;
        struct chain_row seen = chain_weights_row(t.chain, 3, 0);
        for (uint32_t i = 0; i < 3; i++) {
            uint32_t target = i < 2 ? uid : seen.count == 1 ? seen.uid[0] : 3;
            struct chain_extrinsic commit =
                commit_of(&t, reveal_of(&t, i, target, (uint16_t)(epoch + 1)));
            expect(&t, commit, "Ok");
            if (epoch == 0)
                continue;
            /* What was committed an epoch ago: the copier had seen the row before that. */
            uint32_t opened = i < 2 ? 3 + (epoch - 1) % 2 : 3 + epoch % 2;
            if (i == 2 && epoch < 3)
                opened = 3;
            expect(&t, reveal_of(&t, i, opened, (uint16_t)epoch), "Ok");
        }
    }
    to_block(&t, 6 * TEMPO);
    const struct chain_view *view = chain_view(t.chain, 3);
    assert_true(view->validator_trust[0] > 0 && view->validator_trust[1] > 0);
    assert_int_equal(view->validator_trust[2], 0);
    test_chain_end(&t);
}

static void a_reveal_that_fails_its_checks_may_be_tried_again(void **state)
{
    (void)state;
    struct test_chain t;
    hashed(&t);
    start(&t);
    struct chain_extrinsic reveal = reveal_of(&t, 0, 3, 1);
    reveal.version_key = 4;
    expect(&t, commit_of(&t, reveal), "Ok");
    to_block(&t, TEMPO);
    struct chain_params values = t.net.params;
    values.weights_version_key = 5;
    ok(&t, chain_set_param(t.chain, 3, "weights_version_key", &values, &t.err));
    expect(&t, reveal, "IncorrectWeightVersionKey");
    values.weights_version_key = 4;
    ok(&t, chain_set_param(t.chain, 3, "weights_version_key", &values, &t.err));
    expect(&t, reveal, "Ok");
    test_chain_end(&t);
}

static void commits_of_both_forms_open_when_the_form_changes(void **state)
{
    (void)state;
    struct test_chain t;
    hashed(&t);
    start(&t);
    struct chain_extrinsic hidden = reveal_of(&t, 0, 3, 1), sealed = reveal_of(&t, 1, 4, 0);
    sealed.kind = CHAIN_COMMIT_WEIGHTS;
    expect(&t, commit_of(&t, hidden), "Ok");
    expect(&t, sealed, "CallDisabled");
    struct chain_params values = t.net.params;
    values.commit_form = CHAIN_COMMIT_TIMELOCK;
    ok(&t, chain_set_param(t.chain, 3, "commit_form", &values, &t.err));
    expect(&t, sealed, "Ok");
    expect(&t, commit_of(&t, hidden), "CallDisabled");
    to_block(&t, TEMPO);
    expect(&t, hidden, "Ok"); /* and the chain opens the other in the same block */
    assert_int_equal(chain_weights_row(t.chain, 3, 0).uid[0], 3);
    assert_int_equal(chain_weights_row(t.chain, 3, 1).uid[0], 4);
    test_chain_end(&t);
}

static uint64_t earliest_at_epoch(struct test_chain *t, uint32_t uid)
{
    const struct chain_event *event = test_chain_find(t, CHAIN_EVENT_EPOCH);
    assert_non_null(event);
    return event->input->earliest_commit_block[uid];
}

/* Uids that are younger than it are masked in that validator's row. */
static void an_epoch_is_told_the_first_commit_that_still_can_be_opened(void **state)
{
    (void)state;
    struct test_chain t;
    hashed(&t);
    start(&t);
    chain_keep_inputs(t.chain, 3);
    to_block(&t, 4);
    expect(&t, commit_of(&t, reveal_of(&t, 0, 3, 1)), "Ok");
    expect(&t, commit_of(&t, reveal_of(&t, 0, 3, 2)), "Ok");
    to_block(&t, TEMPO);
    assert_int_equal(earliest_at_epoch(&t, 0), 5);
    assert_int_equal(earliest_at_epoch(&t, 1), MECHANISM_NO_BLOCK);
    to_block(&t, TEMPO + 9);
    expect(&t, commit_of(&t, reveal_of(&t, 0, 3, 3)), "Ok");
    to_block(&t, 2 * TEMPO); /* nobody has revealed the first two */
    assert_int_equal(earliest_at_epoch(&t, 0), TEMPO + 10);
    to_block(&t, 3 * TEMPO);
    assert_int_equal(earliest_at_epoch(&t, 0), MECHANISM_NO_BLOCK);
    test_chain_end(&t);
}

static void a_chain_saved_between_commit_and_reveal_continues(void **state)
{
    (void)state;
    struct test_chain t;
    hashed(&t);
    start(&t);
    struct chain_extrinsic reveal = reveal_of(&t, 0, 3, 1);
    expect(&t, commit_of(&t, reveal), "Ok");
    to_block(&t, TEMPO - 1);
    test_chain_submit(&t, &reveal); /* waits in the mempool, salt and all */
    struct buffer buffer;
    buffer_init(&buffer);
    ok(&t, chain_save(t.chain, &buffer, &t.err));
    struct buffer_reader reader;
    buffer_reader_init(&reader, buffer.bytes, buffer.size_bytes);
    struct test_chain loaded = t;
    ok(&t, chain_load(&t.config, &reader, &loaded.chain, &t.err));
    test_chain_blocks(&t, 2 * TEMPO);
    test_chain_blocks(&loaded, 2 * TEMPO);
    assert_int_equal(chain_weights_row(loaded.chain, 3, 0).count, 1);
    assert_int_equal(chain_digest(loaded.chain), chain_digest(t.chain));
    chain_free(loaded.chain);
    buffer_release(&buffer);
    test_chain_end(&t);
}

static void a_hash_that_waits_does_not_keep_blocks_from_merging(void **state)
{
    (void)state;
    struct test_chain t[2];
    for (int k = 0; k < 2; k++) {
        hashed(&t[k]);
        t[k].net.params.burn = t[k].net.params.min_burn; /* prices rest */
        start(&t[k]);
        expect(&t[k], commit_of(&t[k], reveal_of(&t[k], 0, 3, 1)), "Ok");
        test_chain_blocks(&t[k], 2);
    }
    assert_int_equal(chain_idle_blocks(t[1].chain, 1000), TEMPO - 1 - 3);
    test_chain_blocks(&t[0], 197);
    ok(&t[1], chain_run_to(t[1].chain, 200, &t[1].err));
    assert_int_equal(chain_digest(t[0].chain), chain_digest(t[1].chain));
    test_chain_end(&t[0]);
    test_chain_end(&t[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blake2_agrees_with_another_implementation),
        cmocka_unit_test(a_commit_hashes_the_real_encoding),
        cmocka_unit_test(a_revealed_row_counts_from_its_reveal_and_dates_from_its_commit),
        cmocka_unit_test(the_right_epoch_is_one_and_no_other),
        cmocka_unit_test(a_later_commit_revealed_first_drops_the_older_ones),
        cmocka_unit_test(expired_commits_make_room),
        cmocka_unit_test(a_copied_commit_opens_nothing_for_its_copier),
        cmocka_unit_test(whoever_copies_a_row_is_an_epoch_late),
        cmocka_unit_test(a_reveal_that_fails_its_checks_may_be_tried_again),
        cmocka_unit_test(commits_of_both_forms_open_when_the_form_changes),
        cmocka_unit_test(an_epoch_is_told_the_first_commit_that_still_can_be_opened),
        cmocka_unit_test(a_chain_saved_between_commit_and_reveal_continues),
        cmocka_unit_test(a_hash_that_waits_does_not_keep_blocks_from_merging),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
