#include "cli/networks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One nano-share: with a block emission of 1 TAO, one RAO a block. */
static const uint64_t whole_parts = 1000000000;

static const struct config_block *entry(const struct config *config, size_t index)
{
    char prefix[SCENARIO_PREFIX_BYTES];
    return scenario_network_at(config, index, prefix);
}

static void check_numbers(struct config_report *report, const struct config *config)
{
    size_t count = scenario_network_count(config);
    for (size_t n = 0; n < count; n++) {
        const struct config_block *network = entry(config, n);
        const struct world_network_params *own = network->values;
        for (size_t m = 0; m < n; m++) {
            const struct world_network_params *other = entry(config, m)->values;
            char path[SCENARIO_PREFIX_BYTES + 8];
            if (own->netuid != other->netuid)
                continue;
            snprintf(path, sizeof(path), "networks.%s.netuid", network->name);
            config_complain(config, report, path, "'%s': network '%s' has number %u already", path,
                            entry(config, m)->name, own->netuid);
        }
    }
}

/* True if all networks have the profile of the chain. */
static bool check_profiles(struct config_report *report, const struct config *config)
{
    const struct config_block *chain = config_at(config, "chain");
    size_t count = scenario_network_count(config);
    bool same = true;
    if (count > WORLD_NETWORKS_MAX)
        config_complain(config, report, "networks", "'networks': %zu, a chain holds at most %d",
                        count, WORLD_NETWORKS_MAX);
    if (chain->option == CHAIN_NAKAMOTO && (count > 1 || config_at(config, "root") != NULL))
        config_complain(config, report, config_at(config, "root") != NULL ? "root" : "networks",
                        "profile nakamoto has exactly one network and no root");
    for (size_t n = 0; n < count; n++) {
        const struct config_block *network = entry(config, n),
                                  *own = config_child(network, "chain");
        char path[SCENARIO_PREFIX_BYTES + 8];
        snprintf(path, sizeof(path), "networks.%s.chain", network->name);
        same &= own->option == chain->option;
        if (own->option != chain->option)
            config_complain(config, report, path,
                            "'%s.profile' is %s, but the chain's profile is %s: networks of one "
                            "chain have one",
                            path, own->table->name, chain->table->name);
    }
    return same;
}

/* In the integers with which the chain shares out a block's emission. */
static void check_shares(struct config_report *report, const struct config *config)
{
    uint64_t sum = 0;
    bool exact = true;
    size_t count = scenario_network_count(config);
    for (size_t n = 0; n < count; n++) {
        const struct chain_params *own = config_child(entry(config, n), "chain")->values;
        uint64_t parts = chain_emission_parts(own->emission_share);
        char path[SCENARIO_PREFIX_BYTES + 24];
        snprintf(path, sizeof(path), "networks.%s.chain.emission_share", entry(config, n)->name);
        sum += parts;
        if ((double)parts / (double)whole_parts == own->emission_share)
            continue;
        exact = false;
        config_complain(config, report, path, "'%s': %.17g is no multiple of 0.000000001", path,
                        own->emission_share);
    }
    if (exact && sum != whole_parts)
        config_complain(config, report, "networks",
                        "'networks': chain.emission_share of all networks adds up to %" PRIu64
                        ".%09" PRIu64 ", and must be 1 exactly; give each its part",
                        sum / whole_parts, sum % whole_parts);
}

/* ---- root */

static void check_vote(struct config_report *report, const struct config *config,
                       const struct config_block *voter, const struct vote_network *networks,
                       uint32_t count)
{
    struct vote vote = {voter->name, voter->values};
    struct sim_error found = {0};
    const char *key;
    char path[SCENARIO_PREFIX_BYTES + 40];
    if (vote_check(&vote, networks, count, &key, &found) == SIM_OK)
        return;
    snprintf(path, sizeof(path), "root.voters.%s.%s", voter->name, key);
    config_complain(config, report, path, "'%s': %s", path, found.text);
}

enum { GROUPS_MAX = 1024 };

/* Names of the networks and their groups, which is all that a vote refers to. */
static void check_votes(struct config_report *report, const struct config *config,
                        const struct config_block *voters)
{
    struct vote_network networks[WORLD_NETWORKS_MAX];
    struct agents_group groups[GROUPS_MAX];
    size_t count = scenario_network_count(config), used = 0;
    for (size_t n = 0; n < count && count <= WORLD_NETWORKS_MAX; n++) {
        const struct config_block *own = config_child(entry(config, n), "groups");
        networks[n] =
            (struct vote_network){.name = entry(config, n)->name, .groups = groups + used};
        for (size_t g = 0; g < own->block_count && used < GROUPS_MAX; g++, used++)
            groups[used] = (struct agents_group){.name = own->blocks[g].name};
        networks[n].group_count = (uint32_t)(groups + used - networks[n].groups);
    }
    for (size_t v = 0; v < voters->block_count && count <= WORLD_NETWORKS_MAX; v++)
        check_vote(report, config, &voters->blocks[v], networks, (uint32_t)count);
}

static void check_root(struct config_report *report, const struct config *config)
{
    const struct chain_params *chain = config_values(config, "chain");
    const struct config_block *root = config_at(config, "root");
    const struct config_block *voters = root == NULL ? NULL : config_child(root, "voters");
    bool empty = voters == NULL || voters->block_count == 0;
    if (chain->emission_split == CHAIN_SPLIT_ROOT && empty)
        config_complain(config, report, "chain.emission_split",
                        "'chain.emission_split' is root, but nobody weighs networks there: "
                        "'root.voters' names who seeks seats");
    if (voters != NULL)
        check_votes(report, config, voters);
}

void networks_check(struct config_report *report, const struct config *config)
{
    const struct config_block *networks = config_at(config, "networks");
    if (networks == NULL)
        return;
    /* Another profile has other defaults, shares among them. */
    bool same = check_profiles(report, config);
    check_numbers(report, config);
    if (same)
        check_shares(report, config);
    check_root(report, config);
}
