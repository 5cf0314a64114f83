"""phold_simpy.py EVENTS: PHOLD on SimPy, one time-out with a callback for each message.

The same workload as phold.h; the draws are Python's own, since that generator in Python would cost
more than the event.
"""
import random
import sys
import time

import simpy

PROCESSES, MESSAGES = 4096, 16


def main():
    wanted = int(float(sys.argv[1]))
    env = simpy.Environment()
    generators = [random.Random(i) for i in range(PROCESSES)]
    done = env.event()
    count = 0

    def send(process, target):
        delay = 0.1 + generators[process].expovariate(1 / 0.9)
        env.timeout(delay, target).callbacks.append(arrive)

    def arrive(event):
        nonlocal count
        count += 1
        if count == wanted:
            done.succeed()
            return
        process = event.value
        send(process, generators[process].randrange(PROCESSES))

    for process in range(PROCESSES):
        for _ in range(MESSAGES):
            send(process, process)
    begin = time.process_time()
    env.run(until=done)
    print(f"events_per_s\t{count / (time.process_time() - begin):.0f}\t1/s")


main()
