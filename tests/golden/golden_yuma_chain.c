#include "golden/golden_yuma_chain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { UIDS_MAX = 64, STAKE_ONE_RAO = 1000000000, TEMPO_BLOCKS = 360 };

struct network {
    const struct yuma_run *run;
    uint32_t n;
    struct yumasim_params params;
    struct mechanism_output *output;
    struct mechanism_scratch scratch;
    uint64_t stake[UIDS_MAX], zero[UIDS_MAX + 1], update[UIDS_MAX], memory[UIDS_MAX * 8];
    uint8_t permit[UIDS_MAX];
    uint64_t weight_start[UIDS_MAX + 1], bond_start[UIDS_MAX + 1];
    uint32_t weight_column[UIDS_MAX * UIDS_MAX], weight[UIDS_MAX * UIDS_MAX];
    uint32_t bond_column[UIDS_MAX * UIDS_MAX];
    uint64_t bond[UIDS_MAX * UIDS_MAX];
};

/* ------------------------------------------------------------------------------- what fits a chain
 */

static bool is_whole(double x)
{
    return x >= 0 && x <= UINT32_MAX && x == floor(x);
}

static bool fits(const struct yuma_run *run, const struct json_value *inputs)
{
    const struct json_value *weights = json_get(inputs, "weights");
    const struct json_value *stakes = json_get(inputs, "stakes");
    if (run->single || run->validators + run->servers > UIDS_MAX ||
        yumasim_variant_of(run->ops)->lagged)
        return false;
    for (size_t e = 0; e < json_count(weights); e++)
        for (size_t i = 0; i < run->validators; i++) {
            const struct json_value *row = json_item(json_item(weights, e), i);
            double stake =
                golden_yuma_number(run->golden, json_item(json_item(stakes, e), i), "stake");
            if (fabs(stake * STAKE_ONE_RAO - round(stake * STAKE_ONE_RAO)) > 1e-6)
                return false;
            for (size_t j = 0; j < json_count(row); j++)
                if (!is_whole(65535 * golden_yuma_number(run->golden, json_item(row, j), "weight")))
                    return false;
        }
    return true;
}

/* Where nothing is supported a chain has no use for the originals' accident. */
static bool has_accident(const struct json_value *json)
{
    const struct json_value *consensus = json_get(json, "consensus");
    for (size_t e = 0; e < json_count(consensus); e++)
        if (json_count(json_item(consensus, e)) > 0 &&
            json_item(json_item(consensus, e), 0)->text[0] == '-')
            return true;
    return false;
}

/* --------------------------------------------------------------------------------------- epochs */

static void set_weights(struct network *net, const struct json_value *rows)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < net->n; i++) {
        for (uint32_t j = 0; i < net->run->validators && j < net->run->servers; j++) {
            double value =
                golden_yuma_number(net->run->golden, json_item(json_item(rows, i), j), "weight");
            net->weight_column[count] = net->run->validators + j;
            net->weight[count++] = (uint32_t)(value * 65535);
        }
        net->weight_start[i + 1] = count;
    }
}

static bool run_epoch(struct network *net, size_t epoch)
{
    struct mechanism_input input = {
        .neuron_count = net->n,
        .block = TEMPO_BLOCKS * (epoch + 2),
        .last_step_block = TEMPO_BLOCKS * (epoch + 1),
        .emission_rao = UINT64_C(100000000000),
        .rules = {TEMPO_BLOCKS, 5000, net->run->validators, 0},
        .owner_uid = MECHANISM_NO_UID,
        .stake_rao = net->stake,
        .last_update = net->update,
        .block_at_registration = net->zero,
        .permit = net->permit,
        .weights = {net->weight_start, net->weight_column, net->weight},
        .bonds = {net->bond_start, net->bond_column, net->bond},
        .memory = net->memory,
    };
    struct sim_error err = {0};
    if (mechanism_epoch(net->run->ops, &net->params, &input, net->output, &net->scratch, NULL,
                        &err) == SIM_OK)
        return true;
    golden_differs(net->run->golden, "%s", err.text);
    return false;
}

static void adopt(struct network *net)
{
    const struct mechanism_bonds_out *bonds = &net->output->bonds;
    uint64_t count = bonds->start[net->n];
    memcpy(net->bond_start, bonds->start, (net->n + (size_t)1) * sizeof(*bonds->start));
    if (count > 0) {
        memcpy(net->bond_column, bonds->column, count * sizeof(*bonds->column));
        memcpy(net->bond, bonds->value, count * sizeof(*bonds->value));
    }
    memcpy(net->memory, net->output->memory,
           (size_t)net->n * net->run->ops->memory_words * sizeof(*net->memory));
}

static void compare(struct network *net, const struct json_value *json, const char *name,
                    size_t epoch, const uint64_t *got, uint32_t count)
{
    const struct json_value *all = json_get(json, name);
    const struct json_value *expected = epoch < json_count(all) ? json_item(all, epoch) : NULL;
    for (size_t k = 0; k < count && k < json_count(expected); k++)
        golden_yuma_compare(net->run->golden, json_item(expected, k), (double)got[k] * 0x1p-64,
                            net->run->tolerance, name, k);
}

static void run_epochs(struct network *net, const struct json_value *inputs,
                       const struct json_value *json)
{
    const struct json_value *weights = json_get(inputs, "weights");
    const struct json_value *stakes = json_get(inputs, "stakes");
    uint32_t v = net->run->validators, m = net->run->servers;
    for (size_t e = 0; e < json_count(weights); e++) {
        golden_place(net->run->golden, "run %zu, %s as a network, epoch %zu", net->run->index,
                     net->run->ops->params->name, e);
        for (uint32_t i = 0; i < v; i++)
            net->stake[i] = (uint64_t)llround(
                STAKE_ONE_RAO *
                golden_yuma_number(net->run->golden, json_item(json_item(stakes, e), i), "stake"));
        for (uint32_t i = 0; i < net->n; i++)
            net->update[i] = TEMPO_BLOCKS * (e + 1) + 1;
        set_weights(net, json_item(weights, e));
        if (!run_epoch(net, e))
            return;
        compare(net, json, "consensus", e, net->output->consensus + v, m);
        compare(net, json, "ranks", e, net->output->rank + v, m);
        compare(net, json, "incentives", e, net->output->incentive + v, m);
        compare(net, json, "validator_trust", e, net->output->validator_trust, v);
        compare(net, json, "dividends_normalized", e, net->output->dividends, v);
        adopt(net);
    }
}

void golden_yuma_chain(const struct yuma_run *run, const struct json_value *root,
                       const struct json_value *json)
{
    const struct json_value *inputs = json_get(json_get(root, "inputs"), "f64");
    struct sim_error err = {0};
    if (!fits(run, inputs) || has_accident(json))
        return;
    struct network *net = calloc(1, sizeof(*net));
    SIM_ASSERT(net != NULL);
    net->run = run;
    net->n = run->validators + run->servers;
    net->params = run->params;
    if (net->params.reset_uid != MECHANISM_NO_UID)
        net->params.reset_uid += run->validators;
    memset(net->permit, 1, run->validators);
    if (mechanism_output_create(net->n, run->ops->memory_words, &net->output, &err) == SIM_OK)
        run_epochs(net, inputs, json);
    else
        golden_differs(run->golden, "%s", err.text);
    mechanism_output_free(net->output);
    mechanism_scratch_release(&net->scratch);
    free(net);
}
