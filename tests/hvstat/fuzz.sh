#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Inputs that hvstat did not write itself, made by clang's libFuzzer, RUNS of them (20,000: seconds); begins with good ones of each kind.
# What fails is kept in build/hvstat/fuzz-found: build/hvstat/fuzz FILE shows it again (FUZZ_TREE=FOLDER of mktree).
# shellcheck source=tests/hvstat/common.sh
. "$(dirname "$0")/common.sh"

fuzz=$REPO/build/hvstat/fuzz found=$REPO/build/hvstat/fuzz-found
if [[ ! -x $fuzz ]]; then skip "build/hvstat/fuzz is not there: make check-hvstat makes it"; exit; fi
live_tree 2 2 2 1
mkdir -p "$work/seeds" "$found"
seed() { cat <(printf %s "$1") - >"$work/seeds/$2"; } # KIND NAME: what comes in, as an input of that kind
seed h hv <"$tree/stats"
seed l lp <"$tree/lp/0/stats"
seed p partition <"$tree/partition/101/stats"
seed v vp <"$tree/partition/101/vp/0/stats"
printf 'qemu\0-accel\0mshv\0-name\0guest=a,,b,debug-threads=on\0-m\0001G' | seed c command
# shellcheck disable=SC1003 # a backslash
printf '%s' '\\vm\Hyper-V Hypervisor Virtual Processor(partition 101:Hv VP 0)\% Guest Run Time' | seed q path
printf '%s' '\*(Root VP 0)\VpHypercallsCount' | seed q linux
check "a recording" hvstat record -d 0.1 -t 0.5 "$work/recording"
python3 - "$work/recording" "$work/seeds" <<'PY' # the first record is a key, the others build on the one before
import struct, sys
data, at, bodies = open(sys.argv[1], "rb").read(), 8, []
while at < len(data):
    length = struct.unpack("<I", data[at + 4:at + 8])[0]
    bodies.append(data[at + 12:at + 12 + length])
    at += 12 + length
open(sys.argv[2] + "/recording", "wb").write(b"r" + struct.pack("<H", len(bodies[0])) + bodies[0] + bodies[1])
PY
check "a seed of each kind" test "$(for one in "$work"/seeds/*; do head -c 1 "$one"; done | fold -w 1 | sort -u | tr -d '\n')" = chlpqrv
FUZZ_TREE=$tree "$fuzz" -runs="${RUNS:-20000}" -max_len=16384 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$found/" "$work/seeds" >"$work/log" 2>&1
status=$?
echo "fuzz: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") inputs, $(grep -oE 'cov: [0-9]+' "$work/log" | tail -n 1), status $status"
if ((status == 0)) && grep -q '^Done' "$work/log"; then ok; else fail "an input that is in $found:"; tail -n 40 "$work/log"; fi
