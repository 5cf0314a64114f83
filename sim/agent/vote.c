#include "agent/vote.h"

#include <stdlib.h>
#include <string.h>

enum { NETWORKS_MAX = 64, ROOT_NETUID = 0 };

#define AT(field) offsetof(struct vote_root_params, field)
static const struct param_key root_keys[] = {
    {"tempo", PARAM_BLOCKS, AT(tempo_blocks), "1 blocks", NULL, "99 blocks", NULL,
     "root counts its weights every tempo + 1 blocks"},
    {"seats", PARAM_U32, AT(seats), "1", "65535", "64", NULL,
     "seats in root; a newcomer to a full one needs more stake than the poorest holder"},
};
#undef AT
const struct param_table vote_root_param_table =
    PARAM_TABLE("root", struct vote_root_params, root_keys, "the root network");

#define AT(field) offsetof(struct vote_params, field)
static const struct param_key vote_keys[] = {
    {"group", PARAM_STRING, AT(group), NULL, NULL, NULL, NULL,
     "whose hotkeys seek seats: NETWORK/GROUP"},
    {"first", PARAM_U32, AT(first), "0", "1000000", "0", NULL,
     "so many neurons of the group, from its first; 0: all"},
    {"weights", PARAM_STRING_LIST | PARAM_LIVE_FLAG, AT(weights), NULL, NULL, "", NULL,
     "what each network is worth to them: 'NETWORK VALUE' lines, whole numbers; the chain makes "
     "shares of them"},
    {"interval", PARAM_BLOCKS, AT(interval_blocks), "1 blocks", NULL, "100 blocks", NULL,
     "blocks between two calls of one holder: for a seat until it has one, then its weights"},
};
#undef AT
const struct param_table vote_param_table =
    PARAM_TABLE("voters", struct vote_params, vote_keys, "holders of seats in root");

/* ---- names */

/* NETWORKS_MAX for none of that name. */
static uint32_t network_named(const struct vote_network *networks, uint32_t count, const char *name,
                              size_t length)
{
    for (uint32_t w = 0; w < count; w++)
        if (strlen(networks[w].name) == length && memcmp(networks[w].name, name, length) == 0)
            return w;
    return NETWORKS_MAX;
}

/* "NETWORK/GROUP"; false for what is not there. */
static bool find_group(const struct vote_network *networks, uint32_t count, const char *path,
                       uint32_t *ret_network, uint32_t *ret_group)
{
    const char *slash = strchr(path, '/');
    if (slash == NULL)
        return false;
    uint32_t w = network_named(networks, count, path, (size_t)(slash - path));
    if (w == NETWORKS_MAX)
        return false;
    for (uint32_t g = 0; g < networks[w].group_count; g++)
        if (strcmp(networks[w].groups[g].name, slash + 1) == 0) {
            *ret_network = w;
            *ret_group = g;
            return true;
        }
    return false;
}

/* "NETWORK VALUE"; *ret_network is NETWORKS_MAX for an unknown one. */
static bool read_weight(const struct vote_network *networks, uint32_t count, const char *line,
                        uint32_t *ret_network, uint32_t *ret_value)
{
    const char *blank = strchr(line, ' ');
    if (blank == NULL || blank[1] < '0' || blank[1] > '9')
        return false;
    char *end;
    unsigned long value = strtoul(blank + 1, &end, 10);
    if (*end != '\0' || value > UINT16_MAX)
        return false;
    *ret_network = network_named(networks, count, line, (size_t)(blank - line));
    *ret_value = (uint32_t)value;
    return true;
}

static enum sim_status check_weights(const struct param_strings *weights,
                                     const struct vote_network *networks, uint32_t network_count,
                                     struct sim_error *err)
{
    bool seen[NETWORKS_MAX] = {false};
    uint64_t sum = 0;
    for (size_t i = 0; i < weights->count; i++) {
        uint32_t network, value;
        if (!read_weight(networks, network_count, weights->items[i], &network, &value))
            return SIM_FAIL(err, SIM_CONFIG,
                            "'%.100s' is not 'NETWORK VALUE' with a whole number up to 65535",
                            weights->items[i]);
        if (network == NETWORKS_MAX)
            return SIM_FAIL(err, SIM_CONFIG, "'%.100s': there is no such network",
                            weights->items[i]);
        if (seen[network])
            return SIM_FAIL(err, SIM_CONFIG, "'%.100s': the network is there twice",
                            weights->items[i]);
        seen[network] = true;
        sum += value;
    }
    return sum > 0 ? SIM_OK : SIM_FAIL(err, SIM_CONFIG, "no network has a weight above 0");
}

enum sim_status vote_check(const struct vote *vote, const struct vote_network *networks,
                           uint32_t network_count, const char **ret_key, struct sim_error *err)
{
    uint32_t network, group;
    *ret_key = "group";
    if (!find_group(networks, network_count, vote->params->group, &network, &group))
        return SIM_FAIL(err, SIM_CONFIG, "there is no group '%.100s'; it is written NETWORK/GROUP",
                        vote->params->group);
    *ret_key = "weights";
    return check_weights(&vote->params->weights, networks, network_count, err);
}

/* ---- in the run */

/* A holder's whole row, in the votes' order: the chain sorts it. */
struct row {
    uint32_t count, netuid[NETWORKS_MAX], value[NETWORKS_MAX];
};

static struct row row_of(const struct vote_params *params, const struct vote_network *networks,
                         uint32_t network_count)
{
    struct row row = {.count = 0};
    for (size_t i = 0; i < params->weights.count; i++) {
        uint32_t network = 0;
        bool good = read_weight(networks, network_count, params->weights.items[i], &network,
                                &row.value[row.count]);
        SIM_ASSERT(good && network < NETWORKS_MAX);
        row.netuid[row.count++] = networks[network].netuid;
    }
    return row;
}

static enum sim_status call(struct chain *chain, const struct agent_info *info,
                            const struct agents_group *group, const struct row *row,
                            struct sim_error *err)
{
    uint64_t id;
    struct chain_extrinsic seat = {
        .kind = CHAIN_REGISTER_ROOT, .signer = info->coldkey, .hotkey = info->hotkey};
    struct chain_extrinsic weights = {
        .kind = CHAIN_SET_WEIGHTS,
        .netuid = ROOT_NETUID,
        .signer = info->hotkey,
        .hotkey = info->hotkey,
        .row_count = row->count,
        .value_count = row->count,
        .row_uids = row->netuid,
        .row_values = row->value,
        .version_key = group->params->version_key,
    };
    bool seated = chain_uid_of_hotkey(chain, ROOT_NETUID, info->hotkey) != CHAIN_NONE;
    /* Who has never had a uid anywhere is no hotkey to the chain. */
    if (!seated && chain_owner_of_hotkey(chain, info->hotkey) == CHAIN_NONE)
        return SIM_OK;
    return chain_submit(chain, seated ? &weights : &seat, &id, err);
}

/* Holders call one block after the other: a block gives out one seat. */
static bool is_due(uint64_t block, uint64_t order, uint64_t interval_blocks)
{
    return block > order && (block - order - 1) % interval_blocks == 0;
}

enum sim_status vote_on_block(const struct vote *votes, uint32_t vote_count,
                              const struct vote_network *networks, uint32_t network_count,
                              struct chain *chain, struct sim_error *err)
{
    uint64_t block = chain_block_number(chain), order = 0;
    enum sim_status status = SIM_OK;
    for (uint32_t v = 0; v < vote_count && status == SIM_OK; v++) {
        const struct vote_params *params = votes[v].params;
        uint32_t network = 0, group = 0;
        bool found = find_group(networks, network_count, params->group, &network, &group);
        SIM_ASSERT(found);
        const struct agents *agents = networks[network].agents;
        struct row row = row_of(params, networks, network_count);
        for (uint32_t n = 0; n < agents_count(agents) && status == SIM_OK; n++) {
            struct agent_info info = agents_info(agents, n);
            if (info.group != group || (params->first > 0 && info.index_in_group >= params->first))
                continue;
            if (is_due(block, order++, params->interval_blocks))
                status = call(chain, &info, &networks[network].groups[group], &row, err);
        }
    }
    return status;
}
