/*
 * golden_yuma FOLDER: the research variants of Yuma consensus against the researchers' own code.
 *
 * A file is a case: inputs of some tens of epochs, and runs of them under a variant, a precision
 * and parameters.  Every epoch goes through yumasim_step(), which the mechanisms call; where the
 * case's weights can be stored on a chain, it goes through mechanism_epoch() as well, as a run
 * does it (golden_yuma_chain.h).
 */
#include "golden/golden_yuma.h"

#include "golden/golden_yuma_chain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- numbers */

double golden_yuma_number(struct golden *golden, const struct json_value *value, const char *what)
{
    double number = 0;
    struct sim_error err = {0};
    if (json_f64(value, &number, &err) != SIM_OK)
        golden_differs(golden, "%s: %s", what, err.text);
    return number;
}

static double number_or(struct golden *golden, const struct json_value *object, const char *name,
                        double fallback)
{
    const struct json_value *value = json_get(object, name);
    return value == NULL || value->kind == JSON_NULL ? fallback
                                                     : golden_yuma_number(golden, value, name);
}

static bool flag_of(const struct json_value *object, const char *name)
{
    const struct json_value *value = json_get(object, name);
    return value != NULL && value->kind == JSON_BOOL && value->truth;
}

void golden_yuma_compare(struct golden *golden, const struct json_value *expected, double got,
                         double tolerance, const char *what, size_t index)
{
    struct sim_error err = {0};
    double number;
    golden->compared++;
    if (json_f64(expected, &number, &err) != SIM_OK) {
        golden_differs(golden, "%s[%zu]: %s", what, index, err.text);
        return;
    }
    if (!(fabs(number - got) <= tolerance * fmax(1, fabs(number))))
        golden_differs(golden, "%s[%zu]: expected %.17g, got %.17g", what, index, number, got);
}

/* ----------------------------------------------------------------------------------- parameters */

static int choice_of(struct golden *golden, const struct json_value *value,
                     const char *const *names)
{
    for (int k = 0; value != NULL && names[k] != NULL; k++)
        if (value->kind == JSON_STRING && strcmp(value->text, names[k]) == 0)
            return k;
    if (value != NULL)
        golden_differs(golden, "%s: unknown choice", value->name);
    return 0;
}

static void read_params(struct yuma_run *run, const struct json_value *root,
                        const struct json_value *json)
{
    static const char *const modes[] = {"CURRENT", "PREVIOUS", "MIXED", NULL};
    struct golden *golden = run->golden;
    const struct json_value *own = json_get(json, "params"), *hyper = json_get(json, "hyper");
    const struct json_value *resets = json_get(root, "reset_bonds_index");
    bool a = run->generation == 'A';
    run->params = (struct yumasim_params){
        .kappa = number_or(golden, hyper, "kappa", 0.5),
        .bond_penalty = number_or(golden, hyper, "bond_penalty", 1),
        .bond_alpha = number_or(golden, own, "bond_alpha", 0.1),
        .bond_moving_avg = number_or(golden, own, "bond_moving_avg", 0.1),
        .alpha_low = number_or(golden, own, "alpha_low", a ? 0.7 : 0.1),
        .alpha_high = number_or(golden, own, "alpha_high", a ? 0.9 : 0.3),
        .alpha_sigmoid_steepness = number_or(golden, own, "alpha_sigmoid_steepness", 10),
        .decay_rate = number_or(golden, own, "decay_rate", 0.1),
        .capacity_alpha = number_or(golden, own, "capacity_alpha", 0.1),
        .validator_share = 0.5,
        .consensus_precision = (uint32_t)number_or(golden, hyper, "consensus_precision", 100000),
        .liquid_alpha = flag_of(own, "liquid_alpha"),
        .liquid_alpha_effective_weights = flag_of(own, "liquid_alpha_effective_weights"),
        .winner_takes_all = flag_of(own, "winner_takes_all") ||
                            flag_of(json_get(root, "config_overrides"), "winner_takes_all"),
        .consensus_search = a ? YUMASIM_BISECTION : YUMASIM_SORT,
        .liquid_alpha_consensus_mode =
            choice_of(golden, json_get(hyper, "liquid_alpha_consensus_mode"), modes),
        .precision = run->single ? YUMASIM_SINGLE : YUMASIM_DOUBLE,
        .no_consensus = YUMASIM_INT_MIN,
        .unreached_consensus = YUMASIM_LARGEST,
        .reset_uid = MECHANISM_NO_UID,
    };
    if (flag_of(json, "reset_bonds") && resets != NULL && resets->kind != JSON_NULL) {
        run->params.reset_uid = (uint32_t)golden_u64(golden, resets, "reset_bonds_index");
        run->params.reset_epoch =
            (uint32_t)golden_u64(golden, json_get(root, "reset_bonds_epoch"), "reset_bonds_epoch");
    }
}

/* The vectors' short names end in what only parameters differ by. */
static const struct mechanism_ops *find_mechanism(char generation, const char *version)
{
    static const char *const endings[] = {"_effw", "_liquid", "_ui", "_slow", NULL};
    char name[64];
    snprintf(name, sizeof(name), "yumasim-%c-%s", generation - 'A' + 'a', version);
    for (bool cut = true; cut;) {
        cut = false;
        for (size_t k = 0; endings[k] != NULL; k++) {
            size_t length = strlen(name), less = strlen(endings[k]);
            if (length > less && strcmp(name + length - less, endings[k]) == 0) {
                name[length - less] = '\0';
                cut = true;
            }
        }
    }
    return mechanism_list_find(name);
}

/* --------------------------------------------------------------------------------------- epochs */

static void *zeroed(size_t count, size_t size_bytes)
{
    void *memory = calloc(count + 1, size_bytes);
    SIM_ASSERT(memory != NULL);
    return memory;
}

static struct yuma_rows rows_of(size_t validators, size_t servers)
{
    return (struct yuma_rows){zeroed(validators + 1, sizeof(uint64_t)),
                              zeroed(validators * servers, sizeof(uint32_t)),
                              zeroed(validators * servers, sizeof(double))};
}

static void release_rows(struct yuma_rows *rows)
{
    free(rows->start);
    free(rows->column);
    free(rows->value);
}

static struct yumasim_rows read_only(const struct yuma_rows *rows)
{
    return (struct yumasim_rows){rows->start, rows->column, rows->value};
}

static void begin(struct yuma_run *run)
{
    size_t v = run->validators, m = run->servers;
    run->stake = zeroed(v, sizeof(double));
    run->old_consensus = zeroed(m, sizeof(double));
    run->total = zeroed(v, sizeof(double));
    run->weights = rows_of(v, m);
    run->old_weights = rows_of(v, m);
    run->bonds = rows_of(v, m);
    run->new_bonds = rows_of(v, m);
    run->out = (struct yumasim_output){
        .consensus = zeroed(m, sizeof(double)),
        .rank = zeroed(m, sizeof(double)),
        .incentive = zeroed(m, sizeof(double)),
        .trust = zeroed(m, sizeof(double)),
        .validator_trust = zeroed(v, sizeof(double)),
        .dividends = zeroed(v, sizeof(double)),
        .alpha = zeroed(v * m, sizeof(double)),
    };
}

static void end(struct yuma_run *run)
{
    double *const numbers[] = {
        run->stake,         run->old_consensus, run->total,     run->out.consensus,
        run->out.rank,      run->out.incentive, run->out.trust, run->out.validator_trust,
        run->out.dividends, run->out.alpha};
    for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
        free(numbers[k]);
    release_rows(&run->weights);
    release_rows(&run->old_weights);
    release_rows(&run->bonds);
    release_rows(&run->new_bonds);
}

static void read_weights(struct yuma_run *run, const struct json_value *json)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < run->validators; i++) {
        for (uint32_t j = 0; j < run->servers; j++) {
            double value =
                golden_yuma_number(run->golden, json_item(json_item(json, i), j), "weight");
            run->weights.column[count] = j;
            run->weights.value[count] = value;
            count += value != 0;
        }
        run->weights.start[i + 1] = count;
    }
}

static void step(struct yuma_run *run, size_t epoch)
{
    const struct yumasim_params *p = &run->params;
    struct yumasim_input in = {
        .validator_count = run->validators,
        .server_count = run->servers,
        .stake = run->stake,
        .weights = read_only(&run->weights),
        .reset_server = epoch == p->reset_epoch ? p->reset_uid : MECHANISM_NO_UID,
    };
    if (epoch > 0) {
        in.bonds = read_only(&run->bonds);
        in.old_weights = read_only(&run->old_weights);
        in.old_consensus = run->old_consensus;
    }
    struct yumasim_size size = yumasim_size_of(&in);
    struct mechanism_scratch scratch = {.size_bytes = yumasim_scratch_bytes(p, &size)};
    scratch.bytes = aligned_alloc(64, scratch.size_bytes);
    SIM_ASSERT(scratch.bytes != NULL);
    run->out.bond_start = run->new_bonds.start;
    run->out.bond_column = run->new_bonds.column;
    run->out.bond = run->new_bonds.value;
    yumasim_step(yumasim_variant_of(run->ops), p, &in, &run->out, &scratch);
    mechanism_scratch_release(&scratch);
}

/* What the next epoch finds. */
static void remember(struct yuma_run *run)
{
    struct yuma_rows rows = run->bonds;
    run->bonds = run->new_bonds;
    run->new_bonds = rows;
    rows = run->old_weights;
    run->old_weights = run->weights;
    run->weights = rows;
    memcpy(run->old_consensus, run->out.consensus, run->servers * sizeof(double));
}

/* ----------------------------------------------------------------------------------- comparison */

static void compare_vector(struct yuma_run *run, const struct json_value *json, const char *name,
                           size_t epoch, const double *got, uint32_t count)
{
    const struct json_value *all = json_get(json, name);
    if (all == NULL || all->kind == JSON_NULL)
        return;
    const struct json_value *expected = epoch < json_count(all) ? json_item(all, epoch) : NULL;
    if (expected != NULL && expected->kind == JSON_NULL)
        return;
    if (json_count(expected) != count)
        golden_differs(run->golden, "%s: expected %zu numbers, got %u", name, json_count(expected),
                       count);
    for (size_t k = 0; k < count && k < json_count(expected); k++)
        golden_yuma_compare(run->golden, json_item(expected, k), got[k], run->tolerance, name, k);
}

/* A matrix, a row that holds for every validator, or one number that holds for all. */
static void compare_alpha(struct yuma_run *run, const struct json_value *expected)
{
    uint32_t m = run->servers;
    for (size_t i = 0; expected != NULL && i < run->validators; i++)
        for (size_t j = 0; j < m; j++) {
            const struct json_value *at = expected;
            bool matrix = json_count(at) > 0 && json_item(at, 0)->kind == JSON_ARRAY;
            if (matrix)
                at = i < json_count(at) ? json_item(at, i) : NULL;
            if (at != NULL && at->kind == JSON_ARRAY)
                at = j < json_count(at) ? json_item(at, j) : NULL;
            golden_yuma_compare(run->golden, at, run->out.alpha[i * m + j], run->tolerance, "alpha",
                                i * m + j);
        }
}

static void compare_bonds(struct yuma_run *run, const struct json_value *expected)
{
    /* The originals count a capacity in 2^-64 of all stake. */
    bool capacity = yumasim_variant_of(run->ops)->bond == YUMASIM_CAPACITY;
    for (size_t i = 0; i < run->validators; i++) {
        uint64_t k = run->new_bonds.start[i], row_end = run->new_bonds.start[i + 1];
        for (size_t j = 0; j < run->servers; j++) {
            bool held = k < row_end && run->new_bonds.column[k] == j;
            double bond = held ? run->new_bonds.value[k++] : 0;
            const struct json_value *row = i < json_count(expected) ? json_item(expected, i) : NULL;
            golden_yuma_compare(run->golden, j < json_count(row) ? json_item(row, j) : NULL,
                                capacity ? bond * 0x1p64 : bond, run->tolerance, "bonds",
                                i * run->servers + j);
        }
    }
}

/* The unit of the originals' tables: dividends for each 1000 TAO of stake in their network. */
static void add_dividends(struct yuma_run *run, const struct json_value *json, size_t epoch,
                          const struct json_value *hyper)
{
    struct golden *golden = run->golden;
    double emission = number_or(golden, hyper, "validator_emission_ratio", 0.41) *
                      number_or(golden, hyper, "total_epoch_emission", 100);
    double network = number_or(golden, hyper, "total_subnet_stake", 1000000);
    double paid[GOLDEN_YUMA_VALIDATORS];
    for (uint32_t i = 0; i < run->validators; i++) {
        double units = run->stake[i] * network / 1000;
        paid[i] = units > 1e-6 ? emission * run->out.dividends[i] / units : 0;
        run->total[i] += paid[i];
    }
    compare_vector(run, json, "dividends_per_1000tao", epoch, paid, run->validators);
}

static const struct json_value *epoch_of(const struct json_value *json, const char *name,
                                         size_t epoch)
{
    const struct json_value *all = json_get(json, name);
    return all == NULL || all->kind == JSON_NULL || epoch >= json_count(all)
               ? NULL
               : json_item(all, epoch);
}

static void compare(struct yuma_run *run, const struct json_value *json, size_t epoch)
{
    compare_vector(run, json, "consensus", epoch, run->out.consensus, run->servers);
    compare_vector(run, json, "ranks", epoch, run->out.rank, run->servers);
    compare_vector(run, json, "incentives", epoch, run->out.incentive, run->servers);
    compare_vector(run, json, "validator_trust", epoch, run->out.validator_trust, run->validators);
    compare_vector(run, json, "dividends_normalized", epoch, run->out.dividends, run->validators);
    if (json_get(json, "alpha") != NULL && json_get(json, "alpha")->kind == JSON_ARRAY)
        compare_alpha(run, epoch_of(json, "alpha", epoch));
    if (json_get(json, "bonds") != NULL && json_get(json, "bonds")->kind == JSON_ARRAY)
        compare_bonds(run, epoch_of(json, "bonds", epoch));
    add_dividends(run, json, epoch, json_get(json, "hyper"));
}

/* ---------------------------------------------------------------------------------------- cases */

static void run_epochs(struct yuma_run *run, const struct json_value *root,
                       const struct json_value *json)
{
    const struct json_value *inputs =
        json_get(json_get(root, "inputs"), run->single ? "f32" : "f64");
    const struct json_value *weights = json_get(inputs, "weights");
    const struct json_value *stakes = json_get(inputs, "stakes");
    begin(run);
    for (size_t epoch = 0; epoch < json_count(weights) && epoch < json_count(stakes); epoch++) {
        golden_place(run->golden, "run %zu, %s %s, epoch %zu", run->index,
                     run->single ? "f32" : "f64", run->ops->params->name, epoch);
        for (uint32_t i = 0; i < run->validators; i++)
            run->stake[i] =
                golden_yuma_number(run->golden, json_item(json_item(stakes, epoch), i), "stake");
        read_weights(run, json_item(weights, epoch));
        step(run, epoch);
        compare(run, json, epoch);
        remember(run);
    }
    const struct json_value *total = json_get(json, "total_dividends_per_1000tao");
    for (size_t i = 0; i < json_count(total) && i < run->validators; i++)
        golden_yuma_compare(run->golden, json_item(total, i), run->total[i], run->tolerance,
                            "total_dividends_per_1000tao", i);
    end(run);
}

static void run_one(struct golden *golden, const struct json_value *root, size_t index,
                    char generation)
{
    const struct json_value *json = json_item(json_get(root, "runs"), index);
    const struct json_value *version = json_get(json, "version"), *dtype = json_get(json, "dtype");
    struct yuma_run run = {.golden = golden, .generation = generation, .index = index};
    golden_place(golden, "run %zu", index);
    run.validators = (uint32_t)json_count(json_get(root, "validators"));
    run.servers = (uint32_t)json_count(json_get(root, "servers"));
    run.ops = version == NULL || version->kind != JSON_STRING
                  ? NULL
                  : find_mechanism(generation, version->text);
    if (run.ops == NULL || dtype == NULL || dtype->kind != JSON_STRING ||
        run.validators > GOLDEN_YUMA_VALIDATORS) {
        golden_differs(golden, "no such variant");
        return;
    }
    run.single = strcmp(dtype->text, "f32") == 0;
    run.tolerance = run.single ? 2e-6 : 1e-12;
    read_params(&run, root, json);
    run_epochs(&run, root, json);
    golden_yuma_chain(&run, root, json);
}

static bool run_case(struct golden *golden, const struct json_value *root)
{
    const struct json_value *generation = json_get(root, "generation");
    if (generation == NULL || generation->kind != JSON_STRING || json_get(root, "runs") == NULL)
        return false;
    for (size_t k = 0; k < json_count(json_get(root, "runs")); k++)
        run_one(golden, root, k, generation->text[0]);
    return true;
}

int main(int argc, char **argv)
{
    return golden_folder(argc, argv, run_case);
}
