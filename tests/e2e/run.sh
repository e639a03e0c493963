#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# End to end: the machine, Trivium, Linux as root, QEMU, a Debian guest; what each must say.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
passed=0 failed=0
logs=build/e2e && mkdir -p "$logs"

# expect NAME LOG PATTERN...: every extended regular expression must match a line of the log.
expect() {
    local name=$1 log=$2 pattern
    shift 2
    for pattern in "$@"; do
        if ! grep -qaE "$pattern" "$log"; then
            echo "FAIL $name: expected a line matching: $pattern"
            tail -n 20 "$log" | sed 's/^/    /'
            failed=$((failed + 1))
            return
        fi
    done
    echo "ok   $name"
    passed=$((passed + 1))
}

# machine NAME TIMEOUT ARGUMENTS...: runs it into build/e2e/NAME.log.
machine() {
    local name=$1 timeout=$2
    shift 2
    echo "     $name ..."
    scripts/machine.sh --timeout "$timeout" --log "$logs/$name.log" "$@" </dev/null >/dev/null 2>&1
}

for lps in 1 2 4; do
    machine "root-$lps" 120 --lps "$lps" --run none --verbose
    expect "root with $lps LPs" "$logs/root-$lps.log" 'running as root partition' "ROOT-UP cpus=$lps" 'root powers the machine off'
done
machine guest 240 --lps 2 --run demo
expect "Debian guest, 1 VP" "$logs/guest.log" 'GUEST-UP cpus=1 .*Microsoft Hyper-V' 'GUEST-DOWN' 'ROOT-DOWN run=demo status=0'
echo "$passed passed, $failed failed"
((failed == 0))
