#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Recordings: killed at any moment, cut, continued, rotated; the report of one.
# shellcheck source=tests/hvstat/common.sh
. "$(dirname "$0")/common.sh"

live_tree 4 4 5 2
samples() { hvstat report --json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["samples"])'; }
damaged() { hvstat report --json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["damaged_bytes"])'; }

check "a recording of two seconds" hvstat record -d 0.1 -t 2 "$work/a"
near "its samples" "$(samples "$work/a")" 21 30 # a busy machine misses some
check "it goes on in the same file" hvstat record -d 0.1 -t 1 "$work/a"
near "samples of both" "$(samples "$work/a")" 32 30
check "its figures" python3 -c 'import json, sys; r = json.load(sys.stdin); c = r["machine"]["classes"]["CPUID"]; assert abs(c["seconds"] / c["count"] - 2e-6) < 1e-8, c' \
    < <(hvstat report --json "$work/a")

# Killed at moments of its own choosing, ten times; every time what was there is read and it goes on.
before=0
for turn in {1..10}; do
    background record -d 0.02 "$work/killed"
    sleep "0.$((RANDOM % 4 + 2))"
    kill -KILL $!
    wait $! 2>/dev/null
    now=$(samples "$work/killed")
    check "after kill $turn there are more samples ($before, now $now)" test "$now" -gt "$before"
    before=$now
done
check "nothing of it is damaged" test "$(damaged "$work/killed")" = 0
# Cut as by a full disk or a crash, in every way a record can be cut.
size=$(stat -c %s "$work/killed")
for cut in 1 5 11 13 200 1000; do
    cp "$work/killed" "$work/cut"
    truncate -s $((size - cut)) "$work/cut"
    check "cut by $cut bytes it is read" test "$(samples "$work/cut")" -ge $((before - 15))
    check "and continued" hvstat record -d 0.05 -t 0.2 "$work/cut"
    check "without the half record" test "$(damaged "$work/cut")" = 0
done
printf 'HVS' >"$work/begun" # killed in its first write
check "a file that had only begun" hvstat record -d 0.05 -t 0.2 "$work/begun"
echo "important things" >"$work/other"
check "another file is not touched" test "$(hvstat record -t 0.1 "$work/other" 2>&1)" = "hvstat: $work/other is something else, not a recording"
check "its content is still there" grep -qx "important things" "$work/other"
check "a full disk is an error" test "$(hvstat record -d 0.02 /dev/full 2>&1 | grep -c 'hvstat: /dev/full')" = 1

# Rotation: never more than the files that were asked for, and each readable alone.
background record -d 0.01 -s 60k -k 2 "$work/rot"
check "rotates" until_true 600 test -e "$work/rot.2"
sleep 3 # it would make a fourth
kill $!
wait $! 2>/dev/null
check "three files" test "$(find "$work" -name 'rot*' | wc -l)" = 3
check "none larger than asked for" test -z "$(find "$work" -name 'rot*' -size +60k)"
check "all are read as one" test "$(samples "$work/rot")" -gt "$(cp "$work/rot" "$work/alone" && samples "$work/alone")"
check "an old part alone" test "$(cp "$work/rot.2" "$work/old" && samples "$work/old")" -gt 3
check "without damage" test "$(damaged "$work/rot")" = 0
# Its memory does not grow with the recording.
background record -d 0.01 "$work/long"
sleep 2; first=$(awk '/VmRSS/ { print $2 }' "/proc/$!/status")
sleep 4; second=$(awk '/VmRSS/ { print $2 }' "/proc/$!/status")
kill $!
check "its memory is bounded ($first kB, $second kB)" test "$second" -lt $((first + 500))
check "a page" hvstat report -o "$work/page" "$work/a"
check "that has its charts" test "$(grep -o '<svg' "$work/page/index.html" | wc -l)" = 6
