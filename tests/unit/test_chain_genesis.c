#include "test_chain.h"

#include "chain/genesis.h"

static void expect_refusal(const char *neurons, const char *weights, const char *message)
{
    char paths[2][64] = {"/tmp/genesis-neurons-XXXXXX", "/tmp/genesis-weights-XXXXXX"};
    const char *texts[2] = {neurons, weights};
    for (int i = 0; i < 2; i++) {
        int descriptor = mkstemp(paths[i]);
        assert_true(descriptor >= 0);
        FILE *file = fdopen(descriptor, "w");
        fputs(texts[i], file);
        fclose(file);
    }
    struct genesis_table table;
    struct sim_error err = {0};
    assert_int_equal(genesis_read_csv(paths[0], paths[1], &table, &err), SIM_CONFIG);
    if (strstr(err.text, message) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, message);
    remove(paths[0]);
    remove(paths[1]);
}

static void a_wrong_line_is_named(void **state)
{
    (void)state;
    const char *neurons = "uid,hotkey,stake_tao\n0,A,1.5\n1,B,2\n";
    expect_refusal("uid;hotkey\n", "", ":1: the header is not 'uid,hotkey,stake_tao'");
    expect_refusal("uid,hotkey,stake_tao\n1,A,1\n", "", ":2: '1' is not the next uid");
    expect_refusal("uid,hotkey,stake_tao\n0,A,1\n1,A,1\n", "", ":3: 'A' is not a new hotkey");
    expect_refusal("uid,hotkey,stake_tao\n0,A,1e\n", "", ":2: '1e' is not an amount of TAO");
    expect_refusal("uid,hotkey,stake_tao\n0,A\n", "", ":2: not three fields");
    expect_refusal(neurons, "uid,target,weight\n0,2,1\n", ":2: '2' is not a uid of the table");
    expect_refusal(neurons, "uid,target,weight\n0,1,-1\n", ":2: '-1' is not a weight");
    expect_refusal(neurons, "uid,target,weight\n0,1,1\n0,1,2\n", "uid 0 weighs target 1 twice");
}

static void a_real_network_loads_runs_and_pays_plausibly(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_CURRENT, "yuma2");
    t.config.nets = &t.net;
    ok(&t, chain_create(&t.config, &t.chain, &t.err));
    struct genesis_table table;
    uint32_t first;
    ok(&t,
       genesis_read_csv(DATA_FOLDER "/neurons.csv", DATA_FOLDER "/weights.csv", &table, &t.err));
    assert_int_equal(table.neuron_count, 256);
    assert_int_equal(table.neurons[0].stake_rao, UINT64_C(423150094000000));
    assert_int_equal(table.neurons[1].stake_rao, 1269276); /* 0.00126927695 TAO */
    assert_int_equal(table.neurons[12].stake_rao, 50675);  /* 5.06750002e-05 TAO */
    ok(&t, genesis_apply(t.chain, 3, &table, &first, &t.err));
    ok(&t, genesis_check(t.chain, &t.err));
    ok(&t, chain_check(t.chain, &t.err));
    assert_int_equal(first, 0);
    uint64_t issuance = chain_total_issuance_rao(t.chain);
    ok(&t, chain_run_to(t.chain, 361, &t.err));
    ok(&t, chain_check(t.chain, &t.err));
    const struct chain_view *view = chain_view(t.chain, 3);
    /* All that is offered is paid, but for truncation; stake earns dividends, others incentive. */
    uint64_t paid = chain_total_issuance_rao(t.chain) - issuance;
    assert_true(paid > 361 * TAO - 256 * 200 && paid <= 361 * TAO);
    uint32_t earners = 0, validators = 0;
    for (uint32_t uid = 0; uid < 256; uid++) {
        earners += view->incentive[uid] > 0;
        validators += view->dividends[uid] > 0;
        assert_true(view->dividends[uid] == 0 || chain_weights_row(t.chain, 3, uid).count > 0);
    }
    assert_true(earners > 20 && earners < 256);
    assert_true(validators > 3 && validators <= 64);
    genesis_release(&table);
    test_chain_end(&t);
}

static void a_genesis_that_can_never_mint_is_refused_with_the_reason(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_FINNEY, "finney");
    test_chain_start(&t);
    test_chain_neuron(&t, 0, 0);
    assert_int_equal(genesis_check(t.chain, &t.err), SIM_CONFIG);
    assert_non_null(strstr(t.err.text, "nothing would ever be minted"));
    ok(&t, chain_genesis_balance(t.chain, cold(0), 1, &t.err));
    ok(&t, genesis_check(t.chain, &t.err));
    test_chain_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_line_is_named),
        cmocka_unit_test(a_real_network_loads_runs_and_pays_plausibly),
        cmocka_unit_test(a_genesis_that_can_never_mint_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
