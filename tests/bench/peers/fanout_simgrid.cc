/*
 * fanout_simgrid [name=value ...] [out=FILE]: query fan-out (fanout.h) on SimGrid's fluid network,
 * an actor for each of a validator's questions.  peers.sh passes the settings that make it the same
 * model as max-min with weights 1 / latency.
 */
#include "fanout.h"

#include <simgrid/s4u.hpp>
#include <string>
#include <vector>

namespace sg = simgrid::s4u;

static struct fanout fan = fanout_default();
static std::vector<sg::Host *> hosts;
static std::vector<int64_t> ends_ns;

static void platform()
{
    auto *zone = sg::create_star_zone("zone");
    for (int i = 0; i < fan.hosts; i++) {
        std::string name = std::to_string(i);
        double latency_s = fanout_half_latency_s(&fan, i);
        auto *host = zone->create_host("host" + name, 1e9);
        auto *up = zone->create_link("up" + name, fanout_up_bytes_per_s(&fan, i));
        auto *down = zone->create_link("down" + name, fanout_down_bytes_per_s(&fan, i));
        up->set_latency(latency_s)->seal();
        down->set_latency(latency_s)->seal();
        zone->add_route(host->get_netpoint(), nullptr, nullptr, nullptr, {sg::LinkInRoute(up)},
                        false);
        zone->add_route(nullptr, host->get_netpoint(), nullptr, nullptr, {sg::LinkInRoute(down)},
                        false);
        hosts.push_back(host);
    }
    zone->seal();
}

static void ask(int asker, int number)
{
    for (int round = 0; round < fan.rounds; round++) {
        sg::this_actor::sleep_until(fanout_ask_s(&fan, asker, round));
        sg::Host *self = hosts[asker], *peer = hosts[fanout_peer(&fan, asker, round, number)];
        sg::Comm::sendto(self, peer, (uint64_t)fan.request_bytes);
        sg::Comm::sendto(peer, self, (uint64_t)fan.reply_bytes);
        ends_ns[fanout_query(&fan, asker, round, number)] =
            llround(sg::Engine::get_clock() * 1e9);
    }
}

int main(int argument_count, char **arguments)
{
    sg::Engine engine(&argument_count, arguments);
    const char *out = nullptr;
    for (int i = 1; i < argument_count; i++) {
        if (strncmp(arguments[i], "out=", 4) == 0)
            out = arguments[i] + 4;
        else
            fanout_argument(&fan, arguments[i]);
    }
    ends_ns.resize(fanout_query_count(&fan));
    platform();
    for (int asker = 0; asker < fan.askers; asker++)
        for (int number = 0; number < fan.peers_asked; number++)
            sg::Actor::create("ask", hosts[asker], [asker, number] { ask(asker, number); });
    double begin_s = fanout_cpu_s();
    engine.run();
    double cpu_s = fanout_cpu_s() - begin_s, flows = 2.0 * (double)fanout_query_count(&fan);
    printf("flows_per_s\t%.0f\t1/s\n", flows / cpu_s);
    printf("us_per_flow\t%.3f\tus\n", cpu_s / flows * 1e6);
    printf("resident_bytes\t%.0f\tB\n", fanout_resident_bytes());
    if (out != nullptr) {
        FILE *file = fopen(out, "wb");
        if (file == nullptr)
            return 1;
        fwrite(ends_ns.data(), sizeof(ends_ns[0]), ends_ns.size(), file);
        fclose(file);
    }
    return 0;
}
