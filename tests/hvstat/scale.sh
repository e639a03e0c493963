#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A large machine, 512 logical and 2,000 virtual processors, made up in memory: what a sample costs the library, and what
# the commands that run all day take of a processor. The bound is 5 % for a sample a second. A made-up file costs the
# kernel a copy; the driver's own also costs it the formatting of each number, which is not in these figures.
# shellcheck source=tests/hvstat/common.sh
. "$(dirname "$0")/common.sh"

tree=$(mktemp -d /dev/shm/hvstat-scale.XXXXXX)
trap 'rm -rf "$tree"; finish' EXIT
"$REPO/build/hvstat/mktree" "$tree" 512 20 330 6
cost=$("$REPO/build/hvstat/scale" "$tree" 20)
echo "a sample: $cost"
has "the library" "$cost" '^[0-9.]+ ms for 512 LPs, 331 partitions, 2000 VPs$'
check "less than 5 % of a processor" awk -v ms="${cost%% *}" 'BEGIN { exit !(ms < 50) }'

used() { # NAME COMMAND...: runs for five seconds; prints the processor time used in ms per second
    local name=$1 before after
    shift
    background "$@" >/dev/null
    sleep 1.5 # its start is not counted
    before=$(awk '{ print ($14 + $15) * 10 }' "/proc/$!/stat")
    sleep 5
    after=$(awk '{ print ($14 + $15) * 10 }' "/proc/$!/stat")
    kill $!
    wait $! 2>/dev/null
    echo "$name: $(((after - before) / 5)) ms a second"
    check "$name takes less than 5 %" test $(((after - before) / 5)) -lt 50
}
used "record" record "$work/recording"
used "top in batch" top -b -o total
