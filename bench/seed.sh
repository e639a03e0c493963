#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A published experiment with guests that do a fixed amount of work: docs/bench-seed.md. Two runs of the emulated machine
# and one of the simulator; logs and pictures are in build/seed. TASKS=N: the amount (400; less tells less), CYCLES=N times (1).
# The emulated machine's time is counted in instructions: what else the host does changes how long this takes (some twelve
# minutes), and not what comes out.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
logs=build/seed
mkdir -p "$logs"

machine() { # NAME LIMIT ARGUMENT...
    local name=$1 limit=$2
    shift 2
    echo "     machine $name ..."
    scripts/machine.sh --icount-fast --lps 2 --run seed --timeout "$limit" --log "$logs/$name.raw" \
        --append "no_timer_check seed.tasks=${TASKS:-400} seed.cycles=${CYCLES:-1}" "$@" </dev/null 2>"$logs/$name.errors" | grep -aE '^(     |SEED-FAILED|trivium: (error|warning|panic))'
    tr -d '\r' <"$logs/$name.raw" >"$logs/$name.log"
    rm "$logs/$name.raw"
}

rm -f "$logs"/*.log "$logs"/*.tsv "$logs"/*.svg
build/sim/sim --experiment "$logs" >"$logs/simulator.log"
head -n -1 "$logs/simulator.log"
read -r sim_passed _ sim_failed _ < <(tail -n 1 "$logs/simulator.log")
machine native 600 --native
machine trivium 5400
tools/bench_seed.py "$logs" >"$logs/report"
head -n -1 "$logs/report"
read -r passed _ failed _ < <(tail -n 1 "$logs/report")
echo "pictures: $logs/emulator.svg $logs/simulator.svg"
echo "$((passed + sim_passed)) passed, $((failed + sim_failed)) failed"
((failed + sim_failed == 0))
