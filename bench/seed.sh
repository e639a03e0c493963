#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A published experiment with guests that do a fixed amount of work: docs/bench-seed.md. Two runs of the emulated machine
# and one of the simulator; logs and pictures are in build/seed. TASKS=N: the amount, 400 take 3 to 4 s natively (less tells
# less); CYCLES=N times. Give it the processors to itself as far as can be: nice -n -10 make bench-seed
set -uo pipefail
cd "$(dirname "$0")/.." || exit
logs=build/seed
mkdir -p "$logs"

machine() { # NAME LIMIT ARGUMENT...
    local name=$1 limit=$2
    shift 2
    echo "     machine $name ..."
    scripts/machine.sh --lps 2 --run seed --append "no_timer_check seed.tasks=${TASKS:-400} seed.cycles=${CYCLES:-3}" --timeout "$limit" --log "$logs/$name.raw" "$@" \
        </dev/null 2>"$logs/$name.errors" | grep -aE '^(     |SEED-FAILED|trivium: (error|warning|panic))'
    tr -d '\r' <"$logs/$name.raw" >"$logs/$name.log"
    rm "$logs/$name.raw"
}

rm -f "$logs"/*.log "$logs"/*.tsv "$logs"/*.svg
build/sim/sim --experiment "$logs" >"$logs/simulator.log"
head -n -1 "$logs/simulator.log"
read -r sim_passed _ sim_failed _ < <(tail -n 1 "$logs/simulator.log")
machine native 300 --native
machine trivium 2400
tools/bench_seed.py "$logs" >"$logs/report"
head -n -1 "$logs/report"
read -r passed _ failed _ skipped _ < <(tail -n 1 "$logs/report")
echo "pictures: $logs/emulator.svg $logs/simulator.svg"
echo "$((passed + sim_passed)) passed, $((failed + sim_failed)) failed, $skipped skipped"
((failed + sim_failed == 0))
