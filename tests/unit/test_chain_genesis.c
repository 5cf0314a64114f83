#include "test_chain.h"

#include "chain/genesis.h"

/* The lines of a text, as a scenario hands them over; the text is cut. */
static struct param_strings lines_of(char *text, const char **items)
{
    struct param_strings list = {.items = items};
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        items[list.count++] = line;
    return list;
}

static void expect_refusal(const char *neurons, const char *weights, const char *message)
{
    char texts[2][200];
    const char *items[2][10];
    snprintf(texts[0], sizeof(texts[0]), "%s", neurons);
    snprintf(texts[1], sizeof(texts[1]), "%s", weights);
    struct genesis_params params = {.neurons = lines_of(texts[0], items[0]),
                                    .weights = lines_of(texts[1], items[1])};
    struct genesis_table table;
    struct genesis_problems problems = {0};
    struct sim_error err = {0};
    assert_int_equal(genesis_parse(&params, &table, &problems, &err), SIM_CONFIG);
    char said[1200] = "";
    for (size_t p = 0, used = 0; p < problems.count; p++) {
        const struct genesis_problem *problem = &problems.items[p];
        used +=
            (size_t)snprintf(said + used, sizeof(said) - used, "%s%s:%zu:%u: %s", p > 0 ? "\n" : "",
                             problem->place.in_weights ? "weights" : "neurons",
                             problem->place.line + 1, problem->place.column + 1, problem->text);
    }
    assert_string_equal(said, message);
    assert_string_equal(err.text, problems.items[0].text);
}

static void a_wrong_line_is_named(void **state)
{
    (void)state;
    const char *neurons = "uid,hotkey,stake_tao\n0,A,1.5\n1,B,2\n";
    expect_refusal("uid;hotkey\n", "", "neurons:1:1: the header is not 'uid,hotkey,stake_tao'");
    expect_refusal("uid,hotkey,stake_tao\n1,A,1\n", "", "neurons:2:1: '1' is not the next uid");
    expect_refusal("uid,hotkey,stake_tao\n0,A,1\n0,B,1\n", "",
                   "neurons:3:1: '0' is not the next uid");
    expect_refusal("uid,hotkey,stake_tao\n0,A,1\n1,A,1\n", "",
                   "neurons:3:3: 'A' is not a new hotkey");
    expect_refusal("uid,hotkey,stake_tao\n0,A,1e\n", "",
                   "neurons:2:5: '1e' is not an amount of TAO");
    expect_refusal("uid,hotkey,stake_tao\n0,A\n", "", "neurons:2:1: not 3 fields");
    expect_refusal("uid,hotkey,stake_tao\n0,A,1,g\n", "", "neurons:2:1: not 3 fields");
    expect_refusal("uid,hotkey,stake_tao,group\n0,A,1,\n", "", "neurons:2:7: '' is not a group");
    expect_refusal(neurons, "uid,target,weight\n0,2,1\n",
                   "weights:2:3: '2' is not a uid of the table");
    expect_refusal(neurons, "uid,target,weight\n0,1,-1\n", "weights:2:5: '-1' is not a weight");
    expect_refusal(neurons, "uid,target,weight\n0,1,1\n1,0,1\n0,1,2\n",
                   "weights:4:1: uid 0 weighs target 1 twice");
}

static void every_wrong_line_of_both_tables_is_named(void **state)
{
    (void)state;
    /* Behind a gap the uids go on from where the table does. */
    expect_refusal("uid,hotkey,stake_tao\n0,A,x\n2,B,2\n3,C\n4,A,1\nfive,D,1\n",
                   "uid,target,weight\n5,0,1\n6,0,1\n0,1,1,1\n0,1,-\n0,2,1\n0,2,3\n",
                   "neurons:2:5: 'x' is not an amount of TAO\n"
                   "neurons:3:1: '2' is not the next uid\n"
                   "neurons:4:1: not 3 fields\n"
                   "neurons:6:1: 'five' is not the next uid\n"
                   "weights:3:1: '6' is not a uid of the table\n"
                   "weights:4:1: not 3 fields\n"
                   "weights:5:5: '-' is not a weight\n"
                   "weights:7:1: uid 0 weighs target 2 twice");
    expect_refusal("uid,hotkey\n", "uid,target,weight\n70,0,1\n0,0,-1\n",
                   "neurons:1:1: the header is not 'uid,hotkey,stake_tao'\n"
                   "weights:3:5: '-1' is not a weight");
}

static void a_weight_on_oneself_or_of_nothing_makes_nobody_a_validator(void **state)
{
    (void)state;
    char texts[2][100] = {"uid,hotkey,stake_tao\n0,A,1\n1,B,1\n2,C,1\n",
                          "uid,target,weight\n0,0,1\n1,0,0\n2,1,0.5\n"};
    const char *items[2][10];
    struct genesis_params params = {.neurons = lines_of(texts[0], items[0]),
                                    .weights = lines_of(texts[1], items[1])};
    struct genesis_table table;
    struct genesis_problems problems = {0};
    struct sim_error err = {0};
    assert_int_equal(genesis_parse(&params, &table, &problems, &err), SIM_OK);
    assert_false(table.neurons[0].weighs);
    assert_false(table.neurons[1].weighs);
    assert_true(table.neurons[2].weighs);
    genesis_release(&table);
}

static char *text_of(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static void a_real_network_loads_runs_and_pays_plausibly(void **state)
{
    (void)state;
    struct test_chain t;
    test_chain_init(&t, CHAIN_CURRENT, "yuma2");
    t.config.nets = &t.net;
    ok(&t, chain_create(&t.config, &t.chain, &t.err));
    struct genesis_table table;
    struct genesis_problems problems = {0};
    char *texts[2] = {text_of(DATA_FOLDER "/neurons.csv"), text_of(DATA_FOLDER "/weights.csv")};
    const char *items[2][2000];
    struct genesis_params params = {.neurons = lines_of(texts[0], items[0]),
                                    .weights = lines_of(texts[1], items[1])};
    ok(&t, genesis_parse(&params, &table, &problems, &t.err));
    free(texts[0]);
    free(texts[1]);
    assert_int_equal(table.neuron_count, 256);
    assert_int_equal(table.neurons[0].stake_rao, UINT64_C(423150094000000));
    assert_int_equal(table.neurons[1].stake_rao, 1269276); /* 0.00126927695 TAO */
    assert_int_equal(table.neurons[12].stake_rao, 50675);  /* 5.06750002e-05 TAO */
    for (uint32_t i = 0; i < table.neuron_count; i++) {
        struct chain_genesis_neuron neuron = {
            .netuid = 3, .stake_rao = table.neurons[i].stake_rao, .permit = true};
        uint32_t uid;
        char owner[100];
        snprintf(owner, sizeof(owner), "owner of %s", table.neurons[i].hotkey);
        ok(&t, chain_add_account(t.chain, table.neurons[i].hotkey, &neuron.hotkey, &t.err));
        ok(&t, chain_add_account(t.chain, owner, &neuron.coldkey, &t.err));
        ok(&t, chain_genesis_neuron(t.chain, &neuron, &uid, &t.err));
    }
    ok(&t, genesis_apply_weights(t.chain, 3, &table, &t.err));
    ok(&t, genesis_check(t.chain, &t.err));
    ok(&t, chain_check(t.chain, &t.err));
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
        cmocka_unit_test(every_wrong_line_of_both_tables_is_named),
        cmocka_unit_test(a_weight_on_oneself_or_of_nothing_makes_nobody_a_validator),
        cmocka_unit_test(a_real_network_loads_runs_and_pays_plausibly),
        cmocka_unit_test(a_genesis_that_can_never_mint_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
