/*
 * phold_simgrid timers|actors EVENTS: PHOLD (phold.h) on SimGrid, with a kernel timer for each
 * message (its leanest way) or with an actor for each that sleeps (its usual way).
 */
#include "fanout.h"
#include "phold.h"

#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u.hpp>
#include <string>
#include <vector>

namespace sg = simgrid::s4u;
enum { PROCESSES = 4096, MESSAGES = 16 };

static std::vector<phold_random> processes(PROCESSES);
static uint64_t ran_count, wanted_count;

static double delay_s(uint32_t process)
{
    return (double)phold_delay_ns(&processes[process]) * 1e-9;
}

static void arm(double at_s, uint32_t process)
{
    simgrid::kernel::timer::Timer::set(at_s, [process] {
        if (++ran_count >= wanted_count)
            return;
        uint32_t target = phold_target(&processes[process], PROCESSES);
        arm(sg::Engine::get_clock() + delay_s(process), target);
    });
}

static void message(uint32_t process)
{
    while (ran_count < wanted_count) {
        uint32_t from = process;
        process = phold_target(&processes[from], PROCESSES);
        sg::this_actor::sleep_for(delay_s(from));
        ran_count++;
    }
}

int main(int argument_count, char **arguments)
{
    sg::Engine engine(&argument_count, arguments);
    if (argument_count != 3)
        return 2;
    bool timers = std::string(arguments[1]) == "timers";
    wanted_count = (uint64_t)atof(arguments[2]);
    auto *zone = sg::create_full_zone("zone");
    auto *host = zone->create_host("host", 1e9);
    zone->seal();
    for (uint32_t i = 0; i < PROCESSES; i++) {
        phold_seed(&processes[i], i);
        for (int k = 0; k < MESSAGES; k++) {
            if (timers)
                arm(delay_s(i), i);
            else
                sg::Actor::create("message", host, [i] { message(i); });
        }
    }
    if (timers) /* the engine stops when no actor is left */
        sg::Actor::create("keeper", host, [] {
            while (ran_count < wanted_count)
                sg::this_actor::sleep_for(1.0);
        });
    double begin_s = fanout_cpu_s();
    engine.run();
    printf("events_per_s\t%.0f\t1/s\n", (double)ran_count / (fanout_cpu_s() - begin_s));
    printf("end\t%.9f\ts\n", sg::Engine::get_clock());
    return 0;
}
