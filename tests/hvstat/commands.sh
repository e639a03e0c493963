#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The commands that print: what they print of a made-up machine, and what they say when something is wrong.
# shellcheck source=tests/hvstat/common.sh
. "$(dirname "$0")/common.sh"

live_tree 4 4 3 2

# ---- get ----
hvstat get -si 1 -sc 3 -o "$work/out.csv" '\Hyper-V Hypervisor Logical Processor(*)\% Guest Run Time' \
    '\Hyper-V Hypervisor Virtual Processor(partition 101:Hv VP 0)\CPUID Instructions/sec' \
    '\Hyper-V Hypervisor Virtual Processor(_Total)\CPUID Instructions Cost' '\Hyper-V Hypervisor\Partitions'
has "PDH header" "$(head -n 1 "$work/out.csv")" '^"\(PDH-CSV 4\.0\) \([A-Za-z0-9+-]+\)\(-?[0-9]+\)","\\\\[^\\]+\\Hyper-V Hypervisor Logical Processor\(Hv LP 0\)\\% Guest Run Time",'
check "every line ends with CR LF" test "$(grep -c $'\r$' "$work/out.csv")" = 4
check "pandas' view of it: a date and numbers" python3 - "$work/out.csv" <<'PY'
import csv, datetime, sys
rows = list(csv.reader(open(sys.argv[1], newline="")))
assert len(rows) == 4 and all(len(row) == 1 + 5 + 1 + 1 + 1 for row in rows), rows
for row in rows[1:]:
    datetime.datetime.strptime(row[0], "%m/%d/%Y %H:%M:%S.%f")
    values = [float(cell) for cell in row[1:]]
    assert abs(values[0] - 35) < 0.5 and abs(values[4] - 33.5) < 0.5, values
    assert 800 < values[5] < 1200 and abs(values[6] - 2000) < 50 and values[7] == 4, values
PY
check "a file that is there stays" test "$(hvstat get -sc 1 -o "$work/out.csv" '\Hyper-V Hypervisor\Partitions' 2>&1)" = \
    "hvstat: $work/out.csv exists; -y overwrites it"
check "-y overwrites" hvstat get -y -si 0.1 -sc 1 -o "$work/out.csv" '\Hyper-V Hypervisor\Partitions'
printf '%s\r\n' '\Hyper-V Hypervisor\Partitions' '\Hyper-V Hypervisor\Logical Processors' >"$work/paths"
check "paths from a file, in TSV" test "$(hvstat get -cf "$work/paths" -si 0.1 -sc 1 -f TSV | tail -n 1 | cut -f2-)" = $'"4.000000"\t"4.000000"\r'
hvstat get -si 0.2 -sc 2 -f json '\Hyper-V Hypervisor Virtual Processor(*)\*' >"$work/out.json"
check "JSON" python3 - "$work/out.json" <<'PY'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert len(lines) == 2 and all(len(line["values"]) == 7 * (203 + 9) for line in lines), len(lines[0]["values"])
path = next(path for path in lines[0]["values"] if path.endswith("(partition 101:Hv VP 1)\\MWAIT Instructions Cost"))
assert lines[0]["values"][path] is None
PY
check "-q lists a set's counters" test "$(hvstat get -q 'Hyper-V Hypervisor Logical Processor' | wc -l)" = 45
check "-qx lists instances" test "$(hvstat get -qx 'Hyper-V Hypervisor Partition' | grep -c '(partition 10[123]:HvPt)')" = $((3 * 37))
has "time as hours" "$(hvstat get -si 0:00:01 -sc 1 '\Hyper-V Hypervisor\Partitions')" '"4\.000000"'

# ---- counters, exits, advise's neighbours ----
has "counters finds Linux' name" "$(hvstat counters VpWaitingForCpuTime)" 'CPU Wait Time Per Dispatch$'
check "all sets of Windows Server 23H2" test "$("$HVSTAT" --root /nothing counters --json | grep -c '"named_by":"Windows Server 23H2"')" = $((8 + 28 + 2 * 29 + 2 * 179))
check "counters in JSON" python3 -c 'import json, sys; rows = json.load(sys.stdin); assert len(rows) == 11 + 45 + 2 * 37 + 2 * 212, len(rows)' \
    < <(hvstat counters --json)
check "nothing found is an error" test "$(hvstat counters no-such-counter; echo $?)" = 1
exits=$(hvstat exits -d 1 'partition 102')
# 20 us each; a count and its time are not read at one moment.
has "exits: I/O first, as it costs most" "$(sed -n 4p <<<"$exits")" '^I/O port .* (19\.9[0-9]|20\.0[0-9])$'
near "exits: CPUID per second" "$(awk '$1 == "CPUID" { print $3 }' <<<"$exits")" 4000 15
near "exits: CPUID on average" "$(awk '$1 == "CPUID" { print $NF }' <<<"$exits")" 2 5
check "exits in JSON" python3 -c 'import json, sys; e = json.load(sys.stdin); assert e["classes"][0]["class"] == "I/O port" and len(e["classes"]) == 15' \
    < <(hvstat exits -d 0.5 --json)

# ---- top without a terminal ----
hvstat top -b -n 2 -l -v >"$work/top" </dev/null
has "top: machine" "$(cat "$work/top")" '^LPs     guest  33\.5%   hypervisor   5\.0%   idle  61\.5%'
has "top: VP" "$(cat "$work/top")" '^\+  VP 1 '
check "top: two samples" test "$(grep -c '^hvstat ' "$work/top")" = 2
check "top in JSON" python3 -c 'import json, sys; t = json.loads(sys.stdin.readline()); assert len(t["rows"]) == 4 and abs(t["lp_percent"]["guest"] - 33.5) < 0.5' \
    < <(hvstat top -1 --json)

# ---- what is wrong ----
wrong() { # WHAT STATUS PATTERN COMMAND...
    local output status
    output=$("${@:4}" 2>&1 </dev/null)
    status=$?
    if ((status == $2)); then ok; else fail "$1: status $status instead of $2"; fi
    has "$1" "$output" "$3"
}
wrong "no driver" 1 'must be the root partition.*CONFIG_MSHV_ROOT' "$HVSTAT" --root "$work/nothing" top -1
wrong "no debugfs" 1 'debugfs is not mounted|must be the root partition' "$HVSTAT" top -1
if ((EUID == 0)); then
    chmod 700 "$work"
    wrong "no privilege" 1 'may be read by root only' setpriv --reuid=65534 --clear-groups "$HVSTAT" --root "$tree" top -1
else
    skip "no privilege: must be run by root"
fi
wrong "unknown command" 2 'no command "frobnicate"' hvstat frobnicate
wrong "unknown counter" 1 'no counter' hvstat get -sc 1 '\Hyper-V Hypervisor\Bananas'
wrong "no path" 2 'not a counter path' hvstat get -sc 1 'Bananas'
wrong "which counters" 2 'which counters' hvstat get
wrong "interval" 2 '-si must be seconds' hvstat get -si 1x '\Hyper-V Hypervisor\Partitions'
wrong "interval of nothing" 2 '-si must be seconds' hvstat get -si 0 '\Hyper-V Hypervisor\Partitions'
wrong "interval that is none" 2 '-si must be seconds' hvstat get -si nan '\Hyper-V Hypervisor\Partitions'
wrong "format" 2 'no format' hvstat get -f bin '\Hyper-V Hypervisor\Partitions'
wrong "guest" 1 'no guest "nobody"' hvstat exits nobody
wrong "column" 2 'no column' hvstat top -1 -o bananas
wrong "expression" 2 'not a regular expression' hvstat top -1 -f '['
wrong "full disk" 1 'cannot write' hvstat get -sc 1 -y -o /dev/full '\Hyper-V Hypervisor\Partitions'
for command in top counters get exits serve record report advise; do
    has "help of $command" "$(hvstat $command --help)" '^usage: hvstat '
done
