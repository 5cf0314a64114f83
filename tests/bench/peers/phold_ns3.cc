/*
 * phold_ns3 SCHEDULER EVENTS: PHOLD (phold.h) on ns-3's Simulator::Schedule, e.g.
 * phold_ns3 ns3::MapScheduler 3000000.
 */
#include "fanout.h"
#include "ns3/core-module.h"
#include "phold.h"

#include <vector>

enum { PROCESSES = 4096, MESSAGES = 16 };

static std::vector<phold_random> processes(PROCESSES);
static uint64_t left_count;

static void Arrive(uint32_t process)
{
    if (--left_count == 0) {
        ns3::Simulator::Stop();
        return;
    }
    phold_random *random = &processes[process];
    uint32_t target = phold_target(random, PROCESSES);
    ns3::Simulator::Schedule(ns3::NanoSeconds(phold_delay_ns(random)), &Arrive, target);
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 3)
        return 2;
    ns3::ObjectFactory scheduler;
    scheduler.SetTypeId(arguments[1]);
    ns3::Simulator::SetScheduler(scheduler);
    uint64_t count = left_count = (uint64_t)atof(arguments[2]);
    for (uint32_t i = 0; i < PROCESSES; i++) {
        phold_seed(&processes[i], i);
        for (int k = 0; k < MESSAGES; k++)
            ns3::Simulator::Schedule(ns3::NanoSeconds(phold_delay_ns(&processes[i])), &Arrive, i);
    }
    double begin_s = fanout_cpu_s();
    ns3::Simulator::Run();
    printf("events_per_s\t%.0f\t1/s\n", (double)count / (fanout_cpu_s() - begin_s));
    printf("end\t%.9f\ts\n", ns3::Simulator::Now().GetSeconds());
    ns3::Simulator::Destroy();
    return 0;
}
