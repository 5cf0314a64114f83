/*
 * golden_whitepaper FOLDER: the whitepaper's two disjoint parties, block by block.
 *
 * A file with "share_B" is a case: the smaller party's share of stake after each block, for its
 * parameters and for variants of them.  The first five numbers of the main series are printed in
 * the whitepaper.  Each block goes twice through the code: whitepaper_score() in the paper's own
 * numbers, which must give every printed digit, and mechanism_epoch() in whole rao, as a run does
 * it, which may differ by what whole rao and 62-bit parts cut off.
 */
#include "golden/golden.h"
#include "mechanism/whitepaper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PARTIES = 2 };

/* Each party is one uid that rates itself: all of its stake connects to it. */
static const uint64_t own_start[] = {0, 1, 2};
static const uint32_t own_column[] = {0, 1};

struct experiment {
    struct whitepaper_params params;
    double tau; /* emission of a block, as a share of all stake */
    double stake[PARTIES];
};

static double number_of(struct golden *golden, const struct json_value *value, const char *what)
{
    double number = 0;
    struct sim_error err = {0};
    if (json_f64(value, &number, &err) != SIM_OK)
        golden_differs(golden, "%s: %s", what, err.text);
    return number;
}

static void compare(struct golden *golden, const struct json_value *expected, double got,
                    double tolerance)
{
    double number = number_of(golden, expected, "share");
    golden->compared++;
    if (!(fabs(number - got) <= tolerance))
        golden_differs(golden, "expected %.17g, got %.17g", number, got);
}

/* ------------------------------------------------------------------------------ as it is printed
 */

static void pay_block(struct experiment *x)
{
    static const double weight[] = {1, 1};
    fixed_i128 work[2 * PARTIES];
    double rank[PARTIES], trust[PARTIES], consensus[PARTIES], incentive[PARTIES];
    struct whitepaper_graph graph = {PARTIES, x->stake, own_start, own_column, weight};
    struct whitepaper_scores scores = {rank, trust, consensus, incentive};
    whitepaper_score(&x->params, &graph, work, &scores);
    double total = x->stake[0] + x->stake[1], paid = incentive[0] + incentive[1];
    for (int k = 0; k < PARTIES; k++)
        x->stake[k] += x->tau * total * incentive[k] / paid;
}

static void run_printed(struct golden *golden, struct experiment x, const struct json_value *series)
{
    for (size_t block = 0; block < json_count(series); block++) {
        pay_block(&x);
        golden_place(golden, "%s block %zu", series->name, block);
        compare(golden, json_item(series, block), x.stake[1] / (x.stake[0] + x.stake[1]), 0);
    }
}

/* -------------------------------------------------------------------------------- as a run does */

struct network {
    struct mechanism_output *output;
    struct mechanism_scratch scratch;
    uint64_t stake_rao[PARTIES];
};

static enum sim_status run_epoch(struct network *net, const struct experiment *x, uint64_t block,
                                 struct sim_error *err)
{
    static const uint64_t zeros[PARTIES + 1];
    static const uint32_t weight[] = {65535, 65535};
    static const uint8_t permit[PARTIES];
    const uint64_t update[] = {block, block};
    struct mechanism_input input = {
        .neuron_count = PARTIES,
        .block = block + 1,
        .last_step_block = block,
        .emission_rao =
            (uint64_t)(x->tau * ((double)net->stake_rao[0] + (double)net->stake_rao[1])),
        .owner_uid = MECHANISM_NO_UID,
        .stake_rao = net->stake_rao,
        .last_update = update,
        .block_at_registration = zeros,
        .permit = permit,
        .weights = {own_start, own_column, weight},
        .bonds = {zeros, NULL, NULL},
    };
    return mechanism_epoch(&whitepaper_mechanism, &x->params, &input, net->output, &net->scratch,
                           NULL, err);
}

/* Stakes are halved before they outgrow 64 bits: only their ratio counts. */
static void add_payments(struct network *net)
{
    for (int k = 0; k < PARTIES; k++)
        net->stake_rao[k] += net->output->emission_rao[k];
    bool large = ((net->stake_rao[0] | net->stake_rao[1]) >> 62) != 0;
    for (int k = 0; k < PARTIES && large; k++)
        net->stake_rao[k] /= 2;
}

static void run_network(struct golden *golden, const struct experiment *x,
                        const struct json_value *series)
{
    struct network net = {
        .stake_rao = {(uint64_t)(x->stake[0] * 1e18), (uint64_t)(x->stake[1] * 1e18)}};
    struct sim_error err = {0};
    enum sim_status status = mechanism_output_create(PARTIES, 0, &net.output, &err);
    for (size_t block = 0; block < json_count(series) && status == SIM_OK; block++) {
        golden_place(golden, "%s as a network, block %zu", series->name, block);
        status = run_epoch(&net, x, block + 1, &err);
        if (status != SIM_OK)
            break;
        add_payments(&net);
        double all = (double)net.stake_rao[0] + (double)net.stake_rao[1];
        compare(golden, json_item(series, block), (double)net.stake_rao[1] / all, 1e-13);
    }
    if (status != SIM_OK)
        golden_differs(golden, "%s", err.text);
    mechanism_output_free(net.output);
    mechanism_scratch_release(&net.scratch);
}

/* ---------------------------------------------------------------------------------------- cases */

static void run_series(struct golden *golden, double tau, double temperature, double larger,
                       double smaller, const struct json_value *series)
{
    struct experiment x = {{temperature, 0.5, 0.5}, tau, {larger, smaller}};
    run_printed(golden, x, series);
    run_network(golden, &x, series);
}

static bool run_case(struct golden *golden, const struct json_value *root)
{
    const struct json_value *series = json_get(root, "share_B"), *params = json_get(root, "params");
    const struct json_value *variants = json_get(root, "variants");
    if (series == NULL || params == NULL)
        return false;
    double tau = number_of(golden, json_get(params, "tau"), "tau");
    run_series(golden, tau, number_of(golden, json_get(params, "temp"), "temp"),
               number_of(golden, json_get(params, "S_A"), "S_A"),
               number_of(golden, json_get(params, "S_B"), "S_B"), series);
    for (size_t k = 0; k < json_count(variants); k++) {
        double larger = 0, temperature = 0;
        if (sscanf(json_item(variants, k)->name, "S_A=%lf,temp=%lf", &larger, &temperature) != 2)
            golden_differs(golden, "variant '%s'", json_item(variants, k)->name);
        else
            run_series(golden, tau, temperature, larger, 1 - larger, json_item(variants, k));
    }
    return true;
}

int main(int argc, char **argv)
{
    return golden_folder(argc, argv, run_case);
}
