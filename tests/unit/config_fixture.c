#include "config_fixture.h"

#define KEY(struct_, name_, kind_, field_, ...)                                                    \
    {                                                                                              \
        .name = (name_), .kind = (kind_), .offset = offsetof(struct struct_, field_), __VA_ARGS__  \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct param_key root_keys[] = {
    KEY(fixture_root, "name", PARAM_STRING, name, .doc = "short name of the scenario"),
    KEY(fixture_root, "question", PARAM_STRING, question, .fallback = "",
        .doc = "what the scenario asks, in one line"),
    KEY(fixture_root, "cost", PARAM_STRING, cost, .fallback = "", .doc = "what a run takes"),
    KEY(fixture_root, "seed", PARAM_U64, seed, .fallback = "1", .doc = "key of all chance"),
    KEY(fixture_root, "until", PARAM_DURATION_NS | PARAM_UNHASHED_FLAG, until_ns, .min = "0 s",
        .fallback = "1 h", .doc = "end of the run"),
};
static const struct param_table root_table =
    PARAM_TABLE("scenario", struct fixture_root, root_keys, "the scenario as a whole");

static const char *const solvers[] = {"statistical", "search", NULL};

#define CHAIN_KEYS(tempo_, kappa_)                                                                 \
    KEY(fixture_chain, "tempo", PARAM_BLOCKS | PARAM_LIVE_FLAG, tempo_blocks, .min = "1 blocks",   \
        .max = "100000 blocks", .fallback = (tempo_), .doc = "blocks between epochs"),             \
        KEY(fixture_chain, "burn", PARAM_AMOUNT_RAO | PARAM_LIVE_FLAG, burn_rao, .max = "100 TAO", \
            .fallback = "1 TAO", .doc = "price of a burned registration"),                         \
        KEY(fixture_chain, "max_uids", PARAM_U32, max_uids, .min = "1", .max = "65536",            \
            .fallback = "4096", .doc = "slots of the network"),                                    \
        KEY(fixture_chain, "kappa", PARAM_FRACTION_U16 | PARAM_LIVE_FLAG, kappa,                   \
            .fallback = (kappa_), .doc = "share of stake that agrees"),                            \
        KEY(fixture_chain, "solver", PARAM_ENUM, solver, .fallback = "statistical",                \
            .choices = solvers, .doc = "how proof of work is solved"),                             \
        KEY(fixture_chain, "search_threads", PARAM_U32, search_threads, .min = "1", .max = "64",   \
            .fallback = "1", .doc = "threads of a real search"),

static const struct param_key nakamoto_chain_keys[] = {CHAIN_KEYS("100 blocks", "32767/65535")};
static const struct param_key finney_chain_keys[] = {CHAIN_KEYS("99 blocks", "0.5")};
static const struct param_condition chain_conditions[] = {{"search_threads", "solver=search"}};
static const struct param_table nakamoto_chain_table = PARAM_TABLE_WHEN(
    "nakamoto", struct fixture_chain, nakamoto_chain_keys, chain_conditions, "the chain of 2021");
static const struct param_table finney_chain_table = PARAM_TABLE_WHEN(
    "finney", struct fixture_chain, finney_chain_keys, chain_conditions, "the chain of 2023");

static const struct param_table finney_table = PARAM_TABLE_EMPTY("finney", "consensus of 2023");
static const struct param_key yuma3_keys[] = {
    KEY(fixture_yuma, "alpha_low", PARAM_FRACTION_U16 | PARAM_LIVE_FLAG, alpha_low,
        .fallback = "45875/65535", .doc = "slowest bond"),
    KEY(fixture_yuma, "alpha_high", PARAM_FRACTION_U16 | PARAM_LIVE_FLAG, alpha_high,
        .fallback = "58982/65535", .doc = "fastest bond"),
    KEY(fixture_yuma, "liquid", PARAM_BOOL, liquid, .fallback = "false",
        .doc = "alpha by distance from consensus"),
};
static const struct param_condition yuma3_conditions[] = {{"alpha_high", "liquid=true"}};
static const struct param_table yuma3_table = PARAM_TABLE_WHEN(
    "yuma3", struct fixture_yuma, yuma3_keys, yuma3_conditions, "consensus of 2025");

static const char *const sharings[] = {"max-min", "fifo", "latency", NULL};
static const struct param_key net_keys[] = {
    KEY(fixture_net, "sharing", PARAM_ENUM, sharing, .fallback = "max-min", .choices = sharings,
        .doc = "how transfers share a link"),
    KEY(fixture_net, "loss", PARAM_REAL, loss, .min = "0", .max = "1", .fallback = "0",
        .doc = "chance that a message is lost"),
    KEY(fixture_net, "backbone", PARAM_RATE_BYTES, backbone_bytes_per_s, .min = "1 bit/s",
        .fallback = "10 Gbit/s", .doc = "rate between regions"),
    KEY(fixture_net, "timeout", PARAM_DURATION_NS, timeout_ns, .min = "1 ms", .max = "10 min",
        .fallback = "12 s", .doc = "patience of a caller"),
    KEY(fixture_net, "jitter", PARAM_DURATION_NS | PARAM_DIST_FLAG, jitter_ns, .min = "0 s",
        .max = "10 s", .fallback = "0 s", .doc = "extra latency of a message"),
};
static const struct param_table net_table =
    PARAM_TABLE("network", struct fixture_net, net_keys, "links and latencies");

static const struct param_key group_keys[] = {
    KEY(fixture_group, "count", PARAM_U32, count, .min = "0", .max = "65536",
        .doc = "how many there are"),
    KEY(fixture_group, "stake", PARAM_AMOUNT_RAO | PARAM_DIST_FLAG, stake_rao,
        .max = "21000000 TAO", .fallback = "0 TAO", .doc = "stake at the start"),
    KEY(fixture_group, "batch", PARAM_U32 | PARAM_DIST_FLAG, batch, .min = "1", .max = "1024",
        .fallback = "8", .doc = "texts of a training step"),
    KEY(fixture_group, "domains", PARAM_STRING_LIST, domains, .fallback = "",
        .doc = "domains of its text"),
};
static const struct param_table group_table =
    PARAM_TABLE("agents", struct fixture_group, group_keys, "neurons of one kind");

static const struct param_table honest_table = PARAM_TABLE_EMPTY("honest", "does its work");
static const struct param_key sybil_keys[] = {
    KEY(fixture_sybil, "budget", PARAM_HASH_RATE, budget_hash_per_s, .min = "0 H/s",
        .fallback = "10 GH/s", .doc = "hash power of the owner"),
    KEY(fixture_sybil, "bias", PARAM_I32, bias, .min = "-10", .max = "10", .fallback = "-1",
        .doc = "added to each score"),
};
static const struct param_table sybil_table =
    PARAM_TABLE("sybil", struct fixture_sybil, sybil_keys, "many uids, one model");

static const struct param_key gru_keys[] = {
    KEY(fixture_gru, "embedding", PARAM_U32, embedding, .min = "1", .max = "4096", .fallback = "16",
        .doc = "width of a token's vector"),
    KEY(fixture_gru, "hidden", PARAM_U32, hidden, .min = "1", .max = "4096", .fallback = "64",
        .doc = "width of the state"),
    KEY(fixture_gru, "learning_rate", PARAM_REAL | PARAM_LIVE_FLAG, learning_rate, .min = "0",
        .max = "1", .fallback = "0.001", .doc = "step of the optimiser"),
};
static const struct param_table gru_table =
    PARAM_TABLE("gru", struct fixture_gru, gru_keys, "gated recurrent unit");
static const struct param_table bigram_table = PARAM_TABLE_EMPTY("bigram", "counts of pairs");

static const struct param_key host_keys[] = {
    KEY(fixture_host, "flops", PARAM_FLOPS | PARAM_DIST_FLAG, flops, .min = "1 MFLOP/s",
        .fallback = "1 TFLOP/s", .doc = "speed of its processor"),
    KEY(fixture_host, "up", PARAM_RATE_BYTES | PARAM_DIST_FLAG, up_bytes_per_s, .min = "1 kbit/s",
        .fallback = "100 Mbit/s", .doc = "rate of its up link"),
    KEY(fixture_host, "power", PARAM_POWER_W, power_w, .min = "0 W", .fallback = "300 W",
        .doc = "electric power"),
    KEY(fixture_host, "hash_rate", PARAM_HASH_RATE, hash_per_s, .fallback = "1 MH/s",
        .doc = "proof of work"),
    KEY(fixture_host, "memory", PARAM_SIZE_BYTES, memory_bytes, .fallback = "8 GiB",
        .doc = "memory of its processor"),
};
static const struct param_condition host_conditions[] = {{"hash_rate", "strategy=sybil"},
                                                         {"memory", "network.sharing!=latency"}};
static const struct param_table host_table =
    PARAM_TABLE_WHEN("host", struct fixture_host, host_keys, host_conditions, "a machine");

static const struct param_key faults_keys[] = {
    KEY(fixture_faults, "mtbf", PARAM_DURATION_NS, mtbf_ns, .min = "1 s",
        .doc = "mean time between failures"),
};
static const struct param_table faults_table =
    PARAM_TABLE("faults", struct fixture_faults, faults_keys, "random failures");

static const struct param_key record_keys[] = {
    KEY(fixture_record, "every", PARAM_STRING, every, .fallback = "epoch", .doc = "how often"),
    KEY(fixture_record, "tables", PARAM_STRING_LIST, tables, .fallback = "", .doc = "which ones"),
    KEY(fixture_record, "floor", PARAM_NATS, floor_nats, .min = "0 nats", .fallback = "0 nats",
        .doc = "losses below it are not recorded"),
    KEY(fixture_record, "sample", PARAM_U32, sample, .fallback = "0",
        .doc = "answers kept of those that serve one model under many uids"),
    KEY(fixture_record, "words", PARAM_U32, words, .fallback = "64",
        .doc = "of an answer that is kept"),
};
static const struct param_condition record_conditions[] = {
    {"sample", "agents.*.strategy=sybil and agents.*.model!=bigram or every=step"},
    {"words", "sample!=0"}};
static const struct param_table record_table = PARAM_TABLE_WHEN(
    "record", struct fixture_record, record_keys, record_conditions, "what the result holds");

#define TABLES(...)                                                                                \
    .tables = (const struct param_table *const[]){__VA_ARGS__},                                    \
    .table_count = COUNT(((const struct param_table *const[]){__VA_ARGS__}))

static const struct config_section group_sections[] = {
    {.key = "strategy",
     .doc = "what it does",
     .shape = CONFIG_CHOICE,
     TABLES(&honest_table, &sybil_table),
     .fallback = "honest"},
    {.key = "model",
     .doc = "its language model",
     .shape = CONFIG_CHOICE,
     TABLES(&gru_table, &bigram_table),
     .fallback = "gru"},
    {.key = "host", .doc = "its machine", .shape = CONFIG_PLAIN, TABLES(&host_table)},
};
static const struct config_section root_sections[] = {
    {.key = "chain",
     .doc = "the ledger",
     .shape = CONFIG_CHOICE,
     TABLES(&nakamoto_chain_table, &finney_chain_table),
     .selector = "profile",
     .fallback = "finney"},
    {.key = "mechanism",
     .doc = "who is paid",
     .shape = CONFIG_CHOICE,
     TABLES(&finney_table, &yuma3_table),
     .live = true},
    {.key = "network", .doc = "how bytes travel", .shape = CONFIG_PLAIN, TABLES(&net_table)},
    {.key = "agents",
     .doc = "who takes part",
     .shape = CONFIG_GROUPS,
     TABLES(&group_table),
     .sections = group_sections,
     .section_count = COUNT(group_sections)},
    {.key = "faults",
     .doc = "what fails",
     .shape = CONFIG_PLAIN,
     TABLES(&faults_table),
     .optional = true},
    {.key = "record", .doc = "what is kept", .shape = CONFIG_PLAIN, TABLES(&record_table)},
};
static const struct config_section root_section = {.key = "",
                                                   .doc = "a scenario",
                                                   .shape = CONFIG_PLAIN,
                                                   TABLES(&root_table),
                                                   .sections = root_sections,
                                                   .section_count = COUNT(root_sections)};

const struct config_schema fixture_schema = {.root = &root_section};
