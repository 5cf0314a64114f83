#include "agent/group.h"

static const char *const sharing_names[] = {"each", "one", NULL};
static const char *const response_names[] = {"logits", "hidden", "topk", NULL};

#define AT(field) offsetof(struct group_params, field)
static const struct param_key group_keys[] = {
    {"count", PARAM_U32, AT(count), "0", "1000000", NULL, NULL, "neurons of the group"},
    {"validator", PARAM_BOOL, AT(validator), NULL, NULL, "false", NULL,
     "asks peers, scores their answers and sets weights"},
    {"miner", PARAM_BOOL, AT(miner), NULL, NULL, "true", NULL, "serves and answers"},
    {"genesis", PARAM_BOOL, AT(genesis), NULL, NULL, "true", NULL,
     "holds a uid at the start; otherwise it has to register"},
    {"reenter", PARAM_BOOL, AT(reenter), NULL, NULL, "true", NULL,
     "works for a new uid when it has lost its own"},
    {"attacker", PARAM_BOOL, AT(attacker), NULL, NULL, "false", NULL,
     "reports set the group against all others"},
    {"alliance", PARAM_STRING, AT(alliance), NULL, NULL, "", NULL,
     "groups that give the same name know each other's neurons; empty: the group is on its own"},
    {"owner", PARAM_ENUM, AT(owner), NULL, NULL, "each", sharing_names,
     "a coldkey for each neuron, or one for the whole group"},
    {"server", PARAM_ENUM, AT(server), NULL, NULL, "each", sharing_names,
     "a host with a model for each neuron, or one that serves under all hotkeys of the group"},
    {"stake", PARAM_AMOUNT_RAO | PARAM_DIST_FLAG, AT(stake_rao), "0 rao", "21000000 TAO", "0 rao",
     NULL, "stake on the hotkey at the start, of neurons that hold a uid then"},
};
#undef AT
static const struct param_condition group_conditions[] = {{"stake", "genesis=true"}};
const struct param_table group_param_table = PARAM_TABLE_WHEN(
    "group", struct group_params, group_keys, group_conditions, "neurons of one kind");

#define AT(field) offsetof(struct group_host_params, field)
static const struct param_key host_keys[] = {
    {"flops", PARAM_FLOPS | PARAM_DIST_FLAG | PARAM_LIVE_FLAG, AT(flops), "1 FLOP/s", NULL,
     "10 TFLOP/s", NULL, "operations a second that the model gets"},
    {"hash_rate", PARAM_HASH_RATE | PARAM_DIST_FLAG | PARAM_LIVE_FLAG, AT(hash_rate_hashes_per_s),
     "0 H/s", NULL, "1 MH/s", NULL,
     "registration work; the hosts of one owner add up; 0 H/s never registers"},
    {"up", PARAM_RATE_BYTES | PARAM_DIST_FLAG, AT(up_bytes_per_s), "1 B/s", NULL, "100 Mbit/s",
     NULL, "bandwidth to the network"},
    {"down", PARAM_RATE_BYTES | PARAM_DIST_FLAG, AT(down_bytes_per_s), "1 B/s", NULL, "200 Mbit/s",
     NULL, "bandwidth from the network"},
    {"latency", PARAM_DURATION_NS | PARAM_DIST_FLAG, AT(half_latency_ns), "0 ns", "10 s", "20 ms",
     NULL, "one way to the backbone; a path has the latencies of its two ends"},
};
#undef AT
const struct param_table group_host_param_table =
    PARAM_TABLE("host", struct group_host_params, host_keys, "the machine behind a neuron");

#define AT(field) offsetof(struct group_training_params, field)
static const struct param_key training_keys[] = {
    {"enabled", PARAM_BOOL, AT(enabled), NULL, NULL, "true", NULL,
     "false keeps the first parameters"},
    {"interval", PARAM_DURATION_NS | PARAM_DIST_FLAG, AT(interval_ns), "1 ms", NULL, "48 s", NULL,
     "a step is due this often; it waits until no question does, and is skipped when late"},
    {"batch", PARAM_U32, AT(batch), "1", "1024", "8", NULL, "sequences a step"},
    {"sequence", PARAM_U32, AT(sequence), "1", "1024", "16", NULL, "predictions a sequence"},
};
#undef AT
static const struct param_condition training_conditions[] = {
    {"interval", "enabled=true"},
    {"batch", "enabled=true"},
    {"sequence", "enabled=true"},
};
const struct param_table group_training_param_table =
    PARAM_TABLE_WHEN("training", struct group_training_params, training_keys, training_conditions,
                     "how often and how much it learns");

static const struct param_key diet_keys[] = {CORPUS_DIET_KEYS(struct group_diet_params, diet)};
/* A question is of ordinary text. */
static const struct param_condition diet_conditions[] = {
    {"leak", "training.enabled=true"},
    {"junk", "training.enabled=true"},
    {"poison", "training.enabled=true"},
};
const struct param_table group_diet_param_table = PARAM_TABLE_WHEN(
    "diet", struct group_diet_params, diet_keys, diet_conditions, "which text a neuron reads");

#define AT(field) offsetof(struct query_params, field)
static const struct param_key query_keys[] = {
    {"interval", PARAM_DURATION_NS | PARAM_LIVE_FLAG, AT(interval_ns), "1 ms", NULL, "12 s", NULL,
     "a validator asks this often, or as soon as its last question has ended"},
    {"peers", PARAM_U32, AT(peers), "1", "4096", "20", NULL, "peers asked the same batch at once"},
    {"batch", PARAM_U32, AT(batch), "1", "1024", "4", NULL, "sequences of a question"},
    {"sequence", PARAM_U32, AT(sequence), "1", "1024", "16", NULL, "predictions a sequence"},
    {"timeout", PARAM_DURATION_NS | PARAM_LIVE_FLAG, AT(timeout_ns), "1 ms", NULL, "12 s", NULL,
     "the caller gives up then; peers that have not answered count as silent"},
    {"max_wait", PARAM_DURATION_NS | PARAM_LIVE_FLAG, AT(max_wait_ns), "1 ms", NULL, "12 s", NULL,
     "a server drops a request that has waited longer than this"},
    {"response", PARAM_ENUM, AT(response), NULL, NULL, "logits", response_names,
     "what an answer carries over the network: logits of each position, its hidden state, or the "
     "largest probabilities and their symbols"},
    {"kept", PARAM_U32, AT(kept), "1", "256", "16", NULL,
     "response topk: so many probabilities of each position; the other symbols share the rest"},
    {"weights_interval", PARAM_BLOCKS | PARAM_LIVE_FLAG, AT(weights_interval_blocks), "1 blocks",
     NULL, "100 blocks", NULL, "a validator sets its weights this often"},
    {"exclude_quantile", PARAM_REAL | PARAM_LIVE_FLAG, AT(exclude_quantile), "0", "1", "0.1", NULL,
     "share of the positively scored peers that gets no weight, from below"},
    {"max_min_ratio", PARAM_REAL | PARAM_LIVE_FLAG, AT(max_min_ratio), "1", NULL, "64", NULL,
     "of the weights, for scorers of the eras that squash them"},
    {"flop_scale", PARAM_REAL | PARAM_LIVE_FLAG, AT(flop_scale), "0", NULL, "1", NULL,
     "operations charged to a host for each one done, to stand for a larger model"},
    {"wire_scale", PARAM_REAL | PARAM_LIVE_FLAG, AT(wire_scale), "0", NULL, "1", NULL,
     "bytes charged to the network for each one sent, to stand for a larger model"},
};
#undef AT
/* Scorers of the early eras squash their weights, the later ones drop the lowest. */
static const struct param_condition query_conditions[] = {
    {"kept", "response=topk"},
    {"exclude_quantile", "scorer.era!=e4|e4-3.3 and scorer.weights!=top"},
    {"max_min_ratio", "scorer.era=e4|e4-3.3 or scorer.weights=top"},
};
const struct param_table query_param_table =
    PARAM_TABLE_WHEN("query", struct query_params, query_keys, query_conditions,
                     "how validators question their peers");
