#include "agent/group.h"

#include "net/region.h"

static const char *const sharing_names[] = {"each", "one", NULL};
static const char *const response_names[] = {"logits", "hidden", "topk", "phrases", NULL};
static const char *const remote_names[] = {"none", "sum", "norm", NULL};
static const char *const on_nan_names[] = {"fail", "revert", "stop", NULL};
/* Those of net/region.h, in its order, and one more. */
static const char *const region_names[] = {"north_america", "europe", "south_america",
                                           "asia_pacific",  "japan",  "australia",
                                           "drawn",         NULL};
_Static_assert(sizeof(region_names) / sizeof(region_names[0]) == REGION_COUNT + 2,
               "a name for each region");

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
    {"enter", PARAM_DURATION_NS | PARAM_DIST_FLAG, AT(enter_ns), "0 ns", NULL, "0 ns", NULL,
     "when a neuron that holds no uid at the start begins to want one"},
    {"version_key", PARAM_U64, AT(version_key), NULL, NULL, "0", NULL,
     "version of the software that its weights name; a network may refuse old ones"},
};
#undef AT
static const struct param_condition group_conditions[] = {
    {"stake", "genesis=true and genesis.neurons=0"},
    {"enter", "genesis=false"},
    {"version_key", "validator=true"},
};
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
    {"region", PARAM_ENUM, AT(region), NULL, NULL, "north_america", region_names,
     "where it stands: latencies by network.regions, and what faults can cut off; drawn: one by "
     "one, by the regions' shares of nodes"},
};
#undef AT
/* Who serves without a model is asked, and does not answer. */
#define HOST_IS_SENT_TO                                                                            \
    GROUP_ANY_ASKS " and miner=true or validator=true and model!=none or faults.*.kind=flood"
/* Mechanisms that are told what no chain knows, hash rates with it; results record them. */
#define HASHES_ARE_TOLD "mechanism=oracle|central|benchmark|pow|lottery|race|volunteer|own"
static const struct param_condition host_conditions[] = {
    {"flops", "model!=none"},
    {"hash_rate", "chain.pow_registration=true and money.register!=burn or " HASHES_ARE_TOLD},
    {"up", HOST_IS_SENT_TO},
    {"down", HOST_IS_SENT_TO},
    {"latency", HOST_IS_SENT_TO},
    {"region", HOST_IS_SENT_TO " or faults.*.regions!=0"},
};
const struct param_table group_host_param_table = PARAM_TABLE_WHEN(
    "host", struct group_host_params, host_keys, host_conditions, "the machine behind a neuron");

#define AT(field) offsetof(struct group_training_params, field)
static const struct param_key training_keys[] = {
    {"enabled", PARAM_BOOL, AT(enabled), NULL, NULL, "true", NULL,
     "false keeps the first parameters"},
    {"interval", PARAM_DURATION_NS | PARAM_DIST_FLAG, AT(interval_ns), "1 ms", NULL, "48 s", NULL,
     "a step is due this often; it waits until no question does, and is skipped when late"},
    {"batch", PARAM_U32, AT(batch), "1", "1024", "8", NULL, "sequences a step"},
    {"sequence", PARAM_U32, AT(sequence), "1", "1024", "16", NULL, "predictions a sequence"},
    {"local", PARAM_BOOL, AT(local), NULL, NULL, "true", NULL,
     "learns from text of its own; false: only from what others send or answer"},
    {"remote", PARAM_ENUM, AT(remote), NULL, NULL, "none", remote_names,
     "what becomes of gradients that validators send back: none, or learnt from, each divided by "
     "the sum of its numbers as the historic servers did, or by its length"},
    {"remote_weight", PARAM_REAL, AT(remote_weight), "0", "1e6", "1", NULL,
     "of the mean of those gradients, beside 1 for the own text"},
    {"remote_max", PARAM_U32, AT(remote_max), "1", "64", "8", NULL,
     "gradients that wait for the next step; when more come, the oldest are dropped"},
    {"distil", PARAM_REAL, AT(distil), "0", "1e6", "0", NULL,
     "of neurons that ask: weight of the squared distance of their own logits from their peers' "
     "joined answer to the last question"},
    {"on_nan", PARAM_ENUM, AT(on_nan), NULL, NULL, "fail", on_nan_names,
     "a step that gives no number ends the run, undoes the step before it, or stops the server: "
     "it neither answers nor learns again"},
};
#undef AT
static const struct param_condition training_conditions[] = {
    {"interval", "enabled=true"},
    {"batch", "enabled=true"},
    {"sequence", "enabled=true"},
    {"local", "enabled=true"},
    {"remote", "query.gradients=true and " GROUP_ANY_ASKS},
    {"remote_weight", "remote!=none"},
    {"remote_max", "remote!=none"},
    {"distil", "validator=true"},
    {"on_nan", "enabled=true"},
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
     "what an answer carries over the network: logits of each position, its hidden state, the "
     "largest probabilities and their symbols, or the likeliest continuations of each sequence"},
    {"kept", PARAM_U32, AT(kept), "1", "256", "16", NULL,
     "so many probabilities of each position; the other symbols share the rest"},
    {"width", PARAM_U32, AT(width), "0", "65536", "0", NULL,
     "numbers of a hidden state on the wire, zeros on both sides of the model's own; 0: its own"},
    {"phrases", PARAM_U32, AT(phrases), "1", "1024", "16", NULL,
     "continuations of each sequence, found by beam search of this width"},
    {"continuation", PARAM_U32, AT(continuation), "1", "8", "1", NULL,
     "symbols of a continuation: the last ones of the text, which are not sent"},
    {"gradients", PARAM_BOOL, AT(gradients), NULL, NULL, "false", NULL,
     "a validator sends each peer that answered the derivative of its loss by the answer"},
    {"weights_interval", PARAM_BLOCKS | PARAM_LIVE_FLAG, AT(weights_interval_blocks), "1 blocks",
     NULL, "100 blocks", NULL, "a validator sets its weights this often"},
    {"heed_limits", PARAM_BOOL, AT(heed_limits), NULL, NULL, "false", NULL,
     "a validator whose weights are due waits until the chain would take them (permit, stake, rate "
     "limit), looking again each block; false: it submits them and the chain refuses"},
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
    {"interval", GROUP_ANY_ASKS},
    {"peers", GROUP_ANY_ASKS},
    {"batch", GROUP_ANY_ASKS},
    {"sequence", GROUP_ANY_MODEL},
    {"timeout", GROUP_ANY_ASKS},
    {"max_wait", GROUP_ANY_ASKS},
    {"response", GROUP_ANY_ASKS},
    {"kept", "response=topk and " GROUP_ANY_ASKS},
    {"width", "response=hidden and " GROUP_ANY_ASKS},
    {"phrases", "response=phrases and " GROUP_ANY_ASKS},
    {"continuation", "response=phrases and " GROUP_ANY_ASKS},
    {"gradients", GROUP_ANY_ASKS},
    {"weights_interval", "groups.*.validator=true"},
    {"heed_limits", "groups.*.validator=true"},
    {"exclude_quantile", "scorer.era!=e4|e4-3.3 and scorer.weights!=top and " GROUP_ANY_ASKS},
    {"max_min_ratio",
     "scorer.era=e4|e4-3.3 and " GROUP_ANY_ASKS " or scorer.weights=top and " GROUP_ANY_ASKS},
    {"flop_scale", GROUP_ANY_MODEL},
    {"wire_scale", GROUP_ANY_ASKS},
};
const struct param_table query_param_table =
    PARAM_TABLE_WHEN("query", struct query_params, query_keys, query_conditions,
                     "how validators question their peers");
