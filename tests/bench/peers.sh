#!/bin/sh
# peers.sh BUILD [OUT.md]: the same workloads on this simulator and on Debian's ns-3, SimGrid and
# SimPy, in one run, one program at a time; a table of ratios in Markdown to OUT.md or stdout.
# peers_table.py puts it into docs/PERFORMANCE.md.
#
# Needs libns3-dev libsimgrid-dev python3-simpy3 g++ (apt-get install).  SKIP="simgrid-v512" leaves
# out the one run that takes minutes.
set -eu
build=${1:?usage: peers.sh BUILD [OUT.md]}
out=${2:-/dev/stdout}
here=$(cd "$(dirname "$0")" && pwd)/peers
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags="-O3 -std=c++17"
# shellcheck disable=SC2086
compile() { g++ $flags "$here/$1.cc" -o "$work/$1" $2; }
compile phold_ns3 "-lns3-core"
compile phold_simgrid "-lsimgrid"
compile fanout_simgrid "-lsimgrid"
compile fanout_ns3 "-lns3-internet -lns3-point-to-point -lns3-network -lns3-core"

# SimGrid's fluid model as plain max-min with weights 1 / latency, and small stacks.
simgrid="--cfg=network/model:CM02 --cfg=network/crosstraffic:0 --cfg=network/TCP-gamma:0
 --cfg=contexts/stack-size:64 --cfg=contexts/guard-size:0
 --cfg=maxmin/precision:1e-12 --cfg=surf/precision:1e-12"

# One core for everything, so that neighbours disturb all alike.
pin=""
command -v taskset > /dev/null && pin="taskset -c 0"
value() { awk -F'\t' -v name="$1" '$1 == name { print $2 }' "$2"; }
# shellcheck disable=SC2086
measure() { file=$1; shift; $pin "$@" > "$work/$file" 2> "$work/$file.err"; }

measure own_events "$build/tests/bench_events"
measure own_net "$build/tests/bench_net"
measure ns3_map "$work/phold_ns3" ns3::MapScheduler 3e6
measure ns3_priority "$work/phold_ns3" ns3::PriorityQueueScheduler 3e6
measure simgrid_timers "$work/phold_simgrid" timers 3e6
measure simgrid_actors "$work/phold_simgrid" actors 5e5 --cfg=contexts/stack-size:16 \
    --cfg=contexts/guard-size:0
measure simpy /usr/bin/python3 "$here/phold_simpy.py" 5e5
# shellcheck disable=SC2086
measure simgrid_v64 "$work/fanout_simgrid" rounds=10 $simgrid
# shellcheck disable=SC2086
measure simgrid_same "$work/fanout_simgrid" rounds=10 same_latency=1 $simgrid
case " ${SKIP:-} " in
*" simgrid-v512 "*) : > "$work/simgrid_v512" ;;
*) # shellcheck disable=SC2086
    measure simgrid_v512 "$work/fanout_simgrid" askers=512 rounds=1 $simgrid ;;
esac
measure ns3_v64 "$work/fanout_ns3" rounds=1

row() { # what, own value, peer's name, peer's value, ratio wanted; all rates: larger is better
    awk -v what="$1" -v own="$2" -v peer="$3" -v other="$4" -v wanted="$5" 'BEGIN {
        if (other == "") exit
        printf "| %s | %.4g | %s | %.4g | %.1f | %s |\n",
               what, own, peer, other, own / other, wanted }'
}
phold=$(value phold.65536.events_per_s "$work/own_events")
v64=$(value fanout.v64.flows_per_s "$work/own_net")
same=$(value fanout.v64.same_latency_flows_per_s "$work/own_net")
v512=$(awk -F'\t' '$1 == "fanout.v512.us_per_flow" { print 1e6 / $2 }' "$work/own_net")
{
    echo "| Workload | here | peer | there | ratio | wanted |"
    echo "| --- | --- | --- | --- | --- | --- |"
    row "PHOLD, events/s" "$phold" "ns-3, default (map)" "$(value events_per_s "$work/ns3_map")" 10
    row "PHOLD, events/s" "$phold" "ns-3, priority queue" \
        "$(value events_per_s "$work/ns3_priority")" ""
    row "PHOLD, events/s" "$phold" "SimGrid, kernel timers" \
        "$(value events_per_s "$work/simgrid_timers")" 12
    row "PHOLD, events/s" "$phold" "SimGrid, actors" \
        "$(value events_per_s "$work/simgrid_actors")" ""
    row "PHOLD, events/s" "$phold" "SimPy, call-backs" "$(value events_per_s "$work/simpy")" ""
    row "fan-out V=64, flows/s" "$v64" "SimGrid, CM02" \
        "$(value flows_per_s "$work/simgrid_v64")" 20
    row "fan-out V=64, one latency, flows/s" "$same" "SimGrid, CM02" \
        "$(value flows_per_s "$work/simgrid_same")" 20
    row "fan-out V=512, flows/s" "$v512" "SimGrid, CM02" \
        "$(value flows_per_s "$work/simgrid_v512")" 500
    row "fan-out V=64, flows/s" "$v64" "ns-3, packets and TCP" \
        "$(value flows_per_s "$work/ns3_v64")" ""
    echo
    echo "| Figure | value | unit |"
    echo "| --- | --- | --- |"
    awk -F'\t' '{ printf "| %s | %s | %s |\n", $1, $2, $3 }' "$work/own_events" "$work/own_net"
} > "$out"
