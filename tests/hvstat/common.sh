# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the shell tests of hvstat share: counting, a made-up driver's folder, waiting.

set -uo pipefail
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
HVSTAT=$REPO/build/hvstat/hvstat
passed=0 failed=0 skipped=0
work=$(mktemp -d /tmp/hvstat-test.XXXXXX)
tree=$work/mshv
started=() # processes to end

finish() {
    local pid
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$work" "$tree"
    if ((skipped)); then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
    exit $((failed != 0))
}
trap finish EXIT

ok() { passed=$((passed + 1)); }
fail() { failed=$((failed + 1)); echo "FAILED $*"; }
skip() { skipped=$((skipped + 1)); echo "skipped: $*"; }
# check WHAT COMMAND...: the command must succeed; its output is shown if it does not
check() {
    local what=$1 output
    shift
    if output=$("$@" 2>&1); then ok; else fail "$what"; head -n 20 <<<"$output"; fi
}
# has WHAT TEXT PATTERN: the text must have a line that fits the extended regular expression
has() { if grep -qE -- "$3" <<<"$2"; then ok; else fail "$1: no \"$3\" in:"; head -n 20 <<<"$2"; fi; }
# near WHAT VALUE EXPECTED PERCENT
near() {
    if awk -v v="$2" -v e="$3" -v p="$4" 'BEGIN { d = v - e; if (d < 0) d = -d; exit !(v != "" && d <= e * p / 100) }'; then
        ok
    else
        fail "$1: $2 is not $3 within $4 %"
    fi
}
# live_tree LPS ROOT-VPS GUESTS VPS: a driver's folder with a life of its own in $tree
live_tree() {
    "$REPO/build/hvstat/mktree" "$tree" "$@" live 300 &
    started+=($!)
    until_true 50 test -e "$tree/stats" && sleep 0.3
}
until_true() { # TENTHS COMMAND...
    local i
    for ((i = 0; i < $1; i++)); do
        if "${@:2}" >/dev/null 2>&1; then return 0; fi
        sleep 0.1
    done
    return 1
}
# background COMMAND...: hvstat's command, to be ended with the test; $! is its process
background() {
    "$HVSTAT" --root "$tree" --no-names --no-wake "$@" &
    started+=($!)
}
hvstat() { "$HVSTAT" --root "$tree" --no-names --no-wake "$@"; }
