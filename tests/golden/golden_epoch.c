/*
 * golden_epoch FOLDER: the epochs of the chain's own code, bit for bit.
 *
 * Every file with a "version" is a case of several epochs, run through mechanism_epoch() as a run
 * does it and, for the raw intermediates, once more with a trace; both must give the vector's
 * outputs.  Files of function tables (golden_epoch_math.h) are cases too.  Others are ignored.
 */
#include "golden/golden_epoch_math.h"
#include "golden/golden_trace.h"
#include "mechanism/mechanism_list.h"
#include "mechanism/nakamoto.h"
#include "mechanism/yuma.h"
#include "replay/vectors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

union epoch_params {
    struct yuma_params yuma;
    struct nakamoto_params nakamoto;
};

struct epoch_case {
    struct golden *golden;
    struct snapshot *state;
    enum vectors_chain chain;
    const struct mechanism_ops *ops;
    union epoch_params params;
    struct mechanism_output *output;
    struct mechanism_scratch scratch;
};

/* ---------------------------------------------------------------------------------- comparison */

static void compare_numbers(struct golden *golden, const struct json_value *out, const char *name,
                            const uint64_t *got, uint32_t n)
{
    const struct json_value *expected = json_get(out, name);
    if (expected == NULL)
        return;
    if (json_count(expected) != n)
        golden_differs(golden, "%s: expected %zu numbers, got %" PRIu32, name, json_count(expected),
                       n);
    for (uint32_t i = 0; i < n && i < json_count(expected); i++)
        golden_number(golden, json_item(expected, i), got[i], name, i);
}

static void compare_flags(struct golden *golden, const struct json_value *out, const char *name,
                          const uint8_t *got, uint32_t n)
{
    const struct json_value *expected = json_get(out, name);
    for (uint32_t i = 0; expected != NULL && i < n && i < json_count(expected); i++)
        golden_number(golden, json_item(expected, i), got[i], name, i);
}

/* The next entry of a row that counts: all of them, or those with a value. */
static uint64_t next_entry(const struct mechanism_bonds_out *bonds, uint64_t k, uint64_t end,
                           bool skip_zero)
{
    while (k < end && skip_zero && bonds->value[k] == 0)
        k++;
    return k;
}

static void compare_bond_row(struct golden *golden, const struct json_value *expected,
                             const struct mechanism_bonds_out *bonds, uint32_t uid, bool skip_zero)
{
    char name[32];
    snprintf(name, sizeof(name), "bonds row %" PRIu32, uid);
    uint64_t end = bonds->start[uid + 1], k = next_entry(bonds, bonds->start[uid], end, skip_zero);
    for (size_t e = 0; e + 1 < json_count(expected); e += 2) {
        const struct json_value *value = json_item(expected, e + 1);
        if (skip_zero && strcmp(value->text, "0") == 0)
            continue;
        if (k == end) {
            golden_differs(golden, "%s ends before column %s", name, json_item(expected, e)->text);
            return;
        }
        golden_number(golden, json_item(expected, e), bonds->column[k], name, e);
        golden_number(golden, value, (fixed_i128)bonds->value[k], name, e + 1);
        k = next_entry(bonds, k + 1, end, skip_zero);
    }
    if (k != end)
        golden_differs(golden, "%s has an entry too much at column %" PRIu32, name,
                       bonds->column[k]);
}

static void compare_bonds(struct golden *golden, const struct json_value *out,
                          const struct mechanism_output *got, bool skip_zero)
{
    const struct json_value *expected = json_get(out, "bonds");
    char uid_text[16];
    for (uint32_t uid = 0; expected != NULL && uid < got->neuron_count; uid++) {
        snprintf(uid_text, sizeof(uid_text), "%" PRIu32, uid);
        compare_bond_row(golden, json_get(expected, uid_text), &got->bonds, uid, skip_zero);
    }
}

static void compare_output(struct golden *golden, const struct json_value *out,
                           const struct mechanism_output *got, bool skip_zero)
{
    uint32_t n = got->neuron_count;
    compare_numbers(golden, out, "stake_weight", got->stake_weight, n);
    compare_numbers(golden, out, "rank", got->rank, n);
    compare_numbers(golden, out, "trust", got->trust, n);
    compare_numbers(golden, out, "consensus", got->consensus, n);
    compare_numbers(golden, out, "incentive", got->incentive, n);
    compare_numbers(golden, out, "dividends", got->dividends, n);
    compare_numbers(golden, out, "validator_trust", got->validator_trust, n);
    compare_numbers(golden, out, "pruning_score", got->pruning_score, n);
    compare_numbers(golden, out, "emission", got->emission_rao, n);
    compare_numbers(golden, out, "server_emission", got->server_emission_rao, n);
    compare_numbers(golden, out, "validator_emission", got->validator_emission_rao, n);
    compare_numbers(golden, out, "priority", got->priority, n);
    compare_flags(golden, out, "active", got->active, n);
    compare_flags(golden, out, "validator_permit", got->permit, n);
    compare_bonds(golden, out, got, skip_zero);
}

/* What only the ledger or a trace has. */
static void compare_nakamoto(struct epoch_case *c, const struct json_value *out,
                             const struct trace *trace)
{
    const struct json_value *stake = json_get(out, "stake");
    uint64_t paid = 0;
    for (uint32_t i = 0; i < c->state->n; i++) {
        paid += c->output->emission_rao[i];
        if (i < json_count(stake))
            golden_number(c->golden, json_item(stake, i),
                          (fixed_i128)c->state->stake_rao[i] + c->output->emission_rao[i], "stake",
                          i);
    }
    if (json_get(out, "total_emission") != NULL)
        golden_number(c->golden, json_get(out, "total_emission"), paid, "total_emission", 0);
    if (json_get(out, "total_bonds_purchased") != NULL)
        golden_trace_compare_one(trace, c->golden, "total_bonds_purchased", 1,
                                 json_get(out, "total_bonds_purchased"));
}

/* --------------------------------------------------------------------------------------- epochs */

static bool run_epoch(struct epoch_case *c, const struct mechanism_input *input,
                      const struct mechanism_trace *trace)
{
    struct sim_error err = {0};
    enum sim_status status =
        mechanism_epoch(c->ops, &c->params, input, c->output, &c->scratch, trace, &err);
    if (status != SIM_OK)
        golden_differs(c->golden, "%s", err.text);
    return status == SIM_OK;
}

/* Once with a trace, once without; leaves the result of the latter in c->output. */
static void run_path(struct epoch_case *c, const struct mechanism_input *input, size_t step,
                     const char *path, const struct json_value *expected)
{
    bool dense = strcmp(path, "dense") == 0;
    struct trace trace;
    trace_init(&trace);
    golden_place(c->golden, "step %zu %s traced", step, path);
    if (run_epoch(c, input, &trace.sink)) {
        compare_output(c->golden, expected, c->output, dense);
        golden_trace_compare(&trace, c->golden, json_get(expected, "fx"));
        compare_nakamoto(c, expected, &trace);
    }
    golden_place(c->golden, "step %zu %s", step, path);
    if (run_epoch(c, input, NULL)) {
        compare_output(c->golden, expected, c->output, dense);
        compare_nakamoto(c, expected, &trace);
    }
    trace_release(&trace);
}

static void run_step(struct epoch_case *c, const struct json_value *step, size_t index)
{
    struct mechanism_input input;
    golden_place(c->golden, "step %zu", index);
    struct sim_error err = {0};
    enum sim_status status = vectors_apply(c->state, c->chain, step, &err);
    if (status == SIM_OK)
        status = snapshot_input(c->state, &input, &err);
    if (status != SIM_OK) {
        golden_differs(c->golden, "%s", err.text);
        return;
    }
    if (json_get(step, "out") != NULL) {
        run_path(c, &input, index, "out", json_get(step, "out"));
    } else {
        c->params.yuma.path = YUMA_PATH_DENSE;
        if (json_get(step, "dense") != NULL && json_get(step, "dense")->kind == JSON_OBJECT)
            run_path(c, &input, index, "dense", json_get(step, "dense"));
        c->params.yuma.path = YUMA_PATH_SPARSE;
        run_path(c, &input, index, "sparse", json_get(step, "sparse"));
    }
    if (vectors_adopt(c->state, c->chain, c->output, &err) != SIM_OK)
        golden_differs(c->golden, "%s", err.text);
}

static void run_steps(struct epoch_case *c, const struct json_value *root)
{
    struct sim_error err = {0};
    const struct json_value *steps = json_get(root, "steps");
    if (mechanism_output_create(c->state->n, c->ops->memory_words, &c->output, &err) != SIM_OK) {
        golden_differs(c->golden, "%s", err.text);
        return;
    }
    for (size_t i = 0; i < json_count(steps); i++)
        run_step(c, json_item(steps, i), i);
    mechanism_output_free(c->output);
    mechanism_scratch_release(&c->scratch);
}

static bool run_case(struct golden *golden, const struct json_value *root)
{
    const struct json_value *version = json_get(root, "version");
    const struct json_value *params = json_get(root, "params");
    if (version == NULL || version->kind != JSON_STRING || json_get(root, "steps") == NULL)
        return golden_epoch_math(golden, root);
    struct epoch_case c = {.golden = golden, .chain = vectors_chain_of(version->text)};
    struct sim_error err = {0};
    c.ops = mechanism_list_find(vectors_mechanism_name(version->text, params));
    if (c.ops == NULL)
        return false;
    SIM_ASSERT(c.ops->params->struct_bytes <= sizeof(c.params));
    if (vectors_read_params(params, c.ops->params, &c.params, &err) == SIM_OK &&
        vectors_read_init(root, c.ops, &c.state, &err) == SIM_OK)
        run_steps(&c, root);
    else
        golden_differs(golden, "%s", err.text);
    snapshot_free(c.state);
    return true;
}

int main(int argc, char **argv)
{
    return golden_folder(argc, argv, run_case);
}
