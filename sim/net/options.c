#include "net/internal.h"

static const char *const sharing_choices[] = {"maxmin", "fifo", "latency", "tcp", NULL};
static const char *const slow_start_choices[] = {"off", "rounds", NULL};
static const char *const region_choices[] = {"none", "2015", "2019", NULL};

static const struct param_key net_keys[] = {
    {"sharing", PARAM_ENUM, offsetof(struct net_options, sharing), NULL, NULL, "maxmin",
     sharing_choices,
     "How messages share links: max-min fairly and exactly; whole messages first in, first out; "
     "not at all, so that size and latency alone count; or as TCP's windows in the links' queues."},
    {"eps", PARAM_REAL, offsetof(struct net_options, eps), "0", "0.1", "1e-12", NULL,
     "Relative change of a link's fair share below which its neighbours are not told; 1e-12 is "
     "exact, 0.001 is the choice for thousands of busy hosts."},
    {"slow_start", PARAM_ENUM, offsetof(struct net_options, slow_start), NULL, NULL, "rounds",
     slow_start_choices,
     "Whether TCP's handshake and the round trips of its slow start are charged as latency."},
    {"rtt_weights", PARAM_BOOL, offsetof(struct net_options, rtt_weights), NULL, NULL, "false",
     NULL, "Whether a flow's share of a link is in proportion to 1 / latency, as with TCP Reno."},
    {"regions", PARAM_ENUM, offsetof(struct net_options, regions), NULL, NULL, "none",
     region_choices,
     "Measured latencies between six regions, of 2015 or 2019, on top of the hosts'."},
    {"window_growth", PARAM_REAL, offsetof(struct net_options, window_growth), "1.1", "4", "2",
     NULL, "With sharing: tcp, how much larger each window of slow start is than the one before."},
    {"jitter", PARAM_REAL, offsetof(struct net_options, jitter), "0", "10", "0", NULL,
     "Mean extra latency of a message as a fraction of its latency; exponentially distributed."},
    {"loss", PARAM_REAL, offsetof(struct net_options, loss), "0", "1", "0", NULL,
     "Probability that a message never arrives."},
    {"flow_limit", PARAM_U32, offsetof(struct net_options, flow_limit), "1", "2000000000",
     "4000000", NULL, "Most messages under way at once; one more ends the run with an error."},
};
static const struct param_condition net_conditions[] = {
    {"eps", "sharing=maxmin"},
    {"rtt_weights", "sharing=maxmin"},
    {"window_growth", "sharing=tcp"},
};
const struct param_table net_param_table = PARAM_TABLE_WHEN(
    "network", struct net_options, net_keys, net_conditions, "How messages travel between hosts.");
