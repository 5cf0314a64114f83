/*
 * From one kind of bond to another through what both mean: f_ij, 0..1, how full validator i's bond
 * in server j is for its stake.
 *
 *   stake counted in (shares, others' bonds):  f_ij = (x_ij / s_i) / the column's
 *                                                                largest
 *   capacities                                                   f_ij = x_ij / s_i
 *   relative (and the chain's absolute bonds)                    f_ij = x_ij
 */
#include "mechanism/exact_sum.h"
#include "mechanism/yumasim_chain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct column {
    double largest;
    exact_sum sum;
};

static double *value_at(struct mechanism_bonds_out *bonds, uint64_t k)
{
    _Static_assert(sizeof(double) == sizeof(*bonds->value), "a bond is the bits of a double");
    return (double *)(void *)&bonds->value[k];
}

static bool counts_stake(const struct mechanism_ops *from)
{
    const struct yumasim_variant *variant = yumasim_variant_of(from);
    if (variant != NULL)
        return variant->bond == YUMASIM_SHARE;
    return from->bond_unit != MECHANISM_BONDS_ABSOLUTE;
}

static bool is_capacity(const struct mechanism_ops *from)
{
    const struct yumasim_variant *variant = yumasim_variant_of(from);
    return variant != NULL && variant->bond == YUMASIM_CAPACITY;
}

/* x := f. */
static void make_relative(const struct mechanism_ops *from, const double *share, uint32_t n,
                          struct mechanism_bonds_out *bonds, struct column *column)
{
    bool weighted = counts_stake(from);
    for (uint32_t i = 0; i < n && (weighted || is_capacity(from)); i++)
        for (uint64_t k = bonds->start[i]; k < bonds->start[i + 1]; k++) {
            double *x = value_at(bonds, k);
            *x = share[i] > 0 ? *x / share[i] : 0;
            if (*x > column[bonds->column[k]].largest)
                column[bonds->column[k]].largest = *x;
        }
    for (uint64_t k = 0; k < bonds->start[n]; k++) {
        double *x = value_at(bonds, k), largest = column[bonds->column[k]].largest;
        *x = weighted && largest > 0 ? *x / largest : *x > 1 ? 1 : *x > 0 ? *x : 0;
    }
}

/* f := x of the kind that `to` keeps. */
static void make_kind(enum yumasim_bond to, const double *share, uint32_t n,
                      struct mechanism_bonds_out *bonds, struct column *column)
{
    for (uint32_t i = 0; i < n && to != YUMASIM_RELATIVE; i++)
        for (uint64_t k = bonds->start[i]; k < bonds->start[i + 1]; k++) {
            *value_at(bonds, k) *= share[i];
            column[bonds->column[k]].sum += exact_term(*value_at(bonds, k));
        }
    for (uint64_t k = 0; k < bonds->start[n] && to == YUMASIM_SHARE; k++) {
        double sum = exact_value(column[bonds->column[k]].sum);
        *value_at(bonds, k) = sum > 0 ? *value_at(bonds, k) / sum : 0;
    }
}

static void share_stake(const struct mechanism_input *input, double *ret_share)
{
    fixed_u128 sum = 0;
    for (uint32_t i = 0; i < input->neuron_count; i++)
        sum += input->stake_rao[i];
    for (uint32_t i = 0; i < input->neuron_count; i++)
        ret_share[i] = sum > 0 ? (double)input->stake_rao[i] / (double)sum : 0;
}

/* A lagged variant finds its old weights in its bonds: others' bonds hold none, and it begins
 * anew. */
static void carry_words(const struct yumasim_variant *to, const struct yumasim_variant *from,
                        const struct mechanism_input *input, struct mechanism_output *output)
{
    if (from == NULL || input->memory == NULL || (to->lagged && !from->lagged))
        return;
    memcpy(output->memory, input->memory,
           (size_t)YUMASIM_WORDS * input->neuron_count * sizeof(*output->memory));
}

static bool same_kind(const struct yumasim_variant *to, const struct yumasim_variant *from)
{
    return from != NULL && to->bond == from->bond && to->lagged == from->lagged;
}

enum sim_status yumasim_chain_migrate(const struct mechanism_ops *to, const void *params,
                                      const struct mechanism_ops *from,
                                      const struct mechanism_input *input,
                                      struct mechanism_output *output, struct sim_error *err)
{
    const struct yumasim_variant *variant = yumasim_variant_of(to), *old = yumasim_variant_of(from);
    struct mechanism_ops plain = *to; /* the chain's own translation, to 0..1 */
    uint32_t n = input->neuron_count;
    plain.migrate = NULL;
    enum sim_status status = mechanism_migrate(&plain, params, from, input, output, err);
    if (status != SIM_OK)
        return status;
    carry_words(variant, old, input, output);
    if (same_kind(variant, old) || from->bond_unit == MECHANISM_BONDS_NONE)
        return SIM_OK;
    double *share = calloc(n, sizeof(*share));
    struct column *column = calloc(n, sizeof(*column));
    if (share != NULL && column != NULL) {
        share_stake(input, share);
        make_relative(from, share, n, &output->bonds, column);
        make_kind(variant->bond, share, n, &output->bonds, column);
    } else {
        status = SIM_FAIL(err, SIM_MEMORY, "bonds: out of memory for %" PRIu32 " uids", n);
    }
    free(share);
    free(column);
    return status;
}
