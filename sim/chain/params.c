#include "chain/params.h"
#include "base/param_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const chain_profile_names[] = {"nakamoto", "finney", "current", NULL};
const char *const chain_capacity_names[] = {"unlimited", "budget", NULL};
const char *const chain_pow_names[] = {"statistical", "search", NULL};
const char *const chain_commit_form_names[] = {"timelock", "hash", NULL};
const char *const pow_seal_names[] = {"sha256", "keccak", "keccak_hotkey", NULL};
const char *const chain_stake_term_names[] = {"integer", "real", NULL};
const char *const chain_emission_split_names[] = {"fixed", "root", NULL};

/* The list written out three times, each with its profile's fallback.  A key may change while
 * running unless the list says CHAIN_FIXED. */
#define KEY(field, kind, min, max, fallback, choices, doc)                                         \
    {#field,                                                                                       \
     (kind) ^ PARAM_LIVE_FLAG,                                                                     \
     offsetof(struct chain_params, field),                                                         \
     min,                                                                                          \
     max,                                                                                          \
     fallback,                                                                                     \
     choices,                                                                                      \
     doc},
#define KEY_NAKAMOTO(field, type, kind, min, max, a, b, c, choices, doc)                           \
    KEY(field, kind, min, max, a, choices, doc)
#define KEY_FINNEY(field, type, kind, min, max, a, b, c, choices, doc)                             \
    KEY(field, kind, min, max, b, choices, doc)
#define KEY_CURRENT(field, type, kind, min, max, a, b, c, choices, doc)                            \
    KEY(field, kind, min, max, c, choices, doc)

static const struct param_key nakamoto_keys[] = {CHAIN_PARAM_LIST(KEY_NAKAMOTO)};
static const struct param_key finney_keys[] = {CHAIN_PARAM_LIST(KEY_FINNEY)};
static const struct param_key current_keys[] = {CHAIN_PARAM_LIST(KEY_CURRENT)};

/* What each key counts with; the profile of a chain is the name of its section. */
static const struct param_condition conditions[] = {
    {"max_epochs_per_block", "chain=current and networks=present"},
    {"emission_split", "networks=present"},
    {"emission_share", "networks=present"},
    {"owner_cut", "groups.*.money.owns_network=true"},
    {"max_issuance", "halving=true and emission_table=0"},
    {"block_emission", "emission_table=0"},
    {"halving", "emission_table=0"},
    {"target_registrations", "chain!=current"},
    {"max_registrations_per_interval_factor", "chain!=current"},
    {"adjustment_interval", "chain!=current"},
    {"adjustment_alpha", "chain=finney"},
    {"adjust_both_on_tie", "chain=finney"},
    {"difficulty", "pow_registration=true"},
    {"min_difficulty", "pow_registration=true"},
    {"max_difficulty", "pow_registration=true"},
    {"burn", "burn_registration=true"},
    {"min_burn", "burn_registration=true"},
    {"max_burn", "burn_registration=true"},
    {"burn_half_life", "chain=current and burn_registration=true"},
    {"burn_increase", "chain=current and burn_registration=true"},
    {"pow", "pow_registration=true"},
    {"pow_seal", "pow_registration=true"},
    {"pow_window", "pow_registration=true"},
    {"pow_used_list", "pow_registration=true"},
    {"stake_pruning_denominator", "chain=nakamoto"},
    {"incentive_pruning_denominator", "chain=nakamoto"},
    {"stake_pruning_term", "chain=nakamoto"},
    {"stake_pruning_min", "chain=nakamoto"},
    {"min_non_immune", "chain=current"},
    {"owner_immortal_limit", "chain=current and groups.*.money.owns_network=true"},
    {"unstake_on_replacement", "chain!=nakamoto"},
    {"default_take", "delegation=true"},
    {"min_take", "delegation=true"},
    {"max_take", "delegation=true"},
    {"take_rate_limit", "delegation=true"},
    {"share_server_emission", "delegation=true"},
    {"nominator_min_stake", "delegation=true"},
    {"min_allowed_weights", "groups.*.validator=true"},
    {"max_weight_limit", "groups.*.validator=true"},
    {"max_min_ratio", "chain=nakamoto and groups.*.validator=true"},
    {"weights_rate_limit", "chain!=nakamoto and groups.*.validator=true"},
    {"weights_version_key", "chain!=nakamoto and groups.*.validator=true"},
    {"weights_longevity", "groups.*.validator=true"},
    {"weights_stake_threshold", "chain!=nakamoto"},
    {"activity_cutoff", "activity_cutoff_factor=0"},
    {"max_validators", "mechanism!=nakamoto"},
    {"commit_reveal", "chain=current and groups.*.validator=true"},
    {"commit_form", "commit_reveal=true and groups.*.validator=true"},
    {"reveal_period", "commit_reveal=true and groups.*.validator=true"},
    {"max_pending_commits", "commit_reveal=true and groups.*.validator=true"},
    {"block_size", "capacity=budget"},
};

static const struct param_table tables[CHAIN_PROFILE_COUNT] = {
    PARAM_TABLE_WHEN(
        "nakamoto", struct chain_params, nakamoto_keys, conditions,
        "the single network of 2021-11 to 2023-03: doubling difficulty, no delegation"),
    PARAM_TABLE_WHEN("finney", struct chain_params, finney_keys, conditions,
                     "the networks of 2023: work and burn, delegation, validator permits"),
    PARAM_TABLE_WHEN(
        "current", struct chain_params, current_keys, conditions,
        "the networks of 2026: decaying burn, halvings, commit-reveal, no token pools"),
};

const struct param_table *chain_param_table(enum chain_profile profile)
{
    SIM_ASSERT(profile < CHAIN_PROFILE_COUNT);
    return &tables[profile];
}

/* Keys of the whole chain say so in their texts, where readers look. */
static bool is_ledger(const struct param_key *key)
{
    return strncmp(key->doc, "[ledger]", strlen("[ledger]")) == 0;
}

void chain_net_table_init(struct chain_net_table *table, enum chain_profile profile)
{
    const struct param_table *all = chain_param_table(profile);
    SIM_ASSERT(all->key_count <= CHAIN_PARAM_KEYS_MAX &&
               all->condition_count <= CHAIN_PARAM_KEYS_MAX);
    table->table = *all;
    table->table.keys = table->keys;
    table->table.conditions = table->conditions;
    table->table.key_count = table->table.condition_count = 0;
    for (size_t k = 0; k < all->key_count; k++)
        if (!is_ledger(&all->keys[k]))
            table->keys[table->table.key_count++] = all->keys[k];
    for (size_t c = 0; c < all->condition_count; c++)
        for (size_t k = 0; k < table->table.key_count; k++)
            if (strcmp(table->keys[k].name, all->conditions[c].key) == 0)
                table->conditions[table->table.condition_count++] = all->conditions[c];
}

void chain_params_share_ledger(struct chain_params *params, const struct chain_params *ledger)
{
    const struct param_table *all = chain_param_table(CHAIN_FINNEY);
    for (size_t k = 0; k < all->key_count; k++)
        if (is_ledger(&all->keys[k]))
            memcpy((char *)params + all->keys[k].offset, (const char *)ledger + all->keys[k].offset,
                   param_field_bytes(all->keys[k].kind));
}

uint64_t chain_emission_parts(double emission_share)
{
    return (uint64_t)llround(emission_share * 1e9);
}

void chain_params_init(struct chain_params *params, enum chain_profile profile)
{
    param_defaults(chain_param_table(profile), params);
}

/* "BLOCK RAO", both decimal. */
bool chain_emission_line(const char *line, uint64_t *ret_block, uint64_t *ret_rao)
{
    char *end;
    if (*line < '0' || *line > '9')
        return false;
    errno = 0;
    uint64_t block = strtoull(line, &end, 10);
    if (errno != 0 || *end != ' ' || end[1] < '0' || end[1] > '9')
        return false;
    uint64_t rao = strtoull(end + 1, &end, 10);
    if (errno != 0 || *end != '\0')
        return false;
    *ret_block = block;
    *ret_rao = rao;
    return true;
}

static enum sim_status check_emission_table(const struct chain_params *params,
                                            struct sim_error *err)
{
    uint64_t last = 0;
    for (size_t i = 0; i < params->emission_table.count; i++) {
        uint64_t block, rao;
        if (!chain_emission_line(params->emission_table.items[i], &block, &rao))
            return SIM_FAIL(err, SIM_CONFIG,
                            "emission_table: line '%s' is not 'BLOCK RAO', two whole numbers",
                            params->emission_table.items[i]);
        if (i > 0 && block <= last)
            return SIM_FAIL(err, SIM_CONFIG, "emission_table: block %llu does not come after %llu",
                            (unsigned long long)block, (unsigned long long)last);
        last = block;
    }
    return SIM_OK;
}

static enum sim_status check_order(const char *low_key, uint64_t low, const char *high_key,
                                   uint64_t high, struct sim_error *err)
{
    if (low <= high)
        return SIM_OK;
    return SIM_FAIL(err, SIM_CONFIG, "%s is %llu, above %s, which is %llu", low_key,
                    (unsigned long long)low, high_key, (unsigned long long)high);
}

static enum sim_status check_ranges(const struct chain_params *params, struct sim_error *err)
{
    const struct {
        const char *low_key;
        uint64_t low;
        const char *high_key;
        uint64_t high;
    } orders[] = {
        {"min_difficulty", params->min_difficulty, "max_difficulty", params->max_difficulty},
        {"difficulty", params->difficulty, "max_difficulty", params->max_difficulty},
        {"min_burn", params->min_burn, "max_burn", params->max_burn},
        {"burn", params->burn, "max_burn", params->max_burn},
        {"min_take", params->min_take, "max_take", params->max_take},
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        enum sim_status status =
            check_order(orders[i].low_key, orders[i].low, orders[i].high_key, orders[i].high, err);
        if (status != SIM_OK)
            return status;
    }
    return SIM_OK;
}

enum sim_status chain_params_check(const struct chain_params *params, enum chain_profile profile,
                                   struct sim_error *err)
{
    enum sim_status status = check_ranges(params, err);
    if (status == SIM_OK)
        status = check_emission_table(params, err);
    if (status != SIM_OK)
        return status;
    if (profile == CHAIN_NAKAMOTO && params->burn_registration)
        return SIM_FAIL(err, SIM_CONFIG, "burn_registration: nakamoto had no burned registration");
    if (profile == CHAIN_NAKAMOTO && params->delegation)
        return SIM_FAIL(err, SIM_CONFIG, "delegation: nakamoto had none");
    if (profile != CHAIN_CURRENT && params->commit_reveal)
        return SIM_FAIL(err, SIM_CONFIG, "commit_reveal: only the current profile has it");
    if (profile == CHAIN_CURRENT && params->pow_registration)
        return SIM_FAIL(err, SIM_CONFIG,
                        "pow_registration: the current profile has burned registration only");
    if (profile == CHAIN_CURRENT && params->max_registrations_per_interval_factor > 0)
        return SIM_FAIL(err, SIM_CONFIG,
                        "max_registrations_per_interval_factor: the current profile has no "
                        "intervals that could end");
    return SIM_OK;
}
