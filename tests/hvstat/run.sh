#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# tests/hvstat/run.sh [PART...]: tests of hvstat, all or the named ones; the last line sums up. A part is a script here,
# or "unit-gcc", "unit-clang": the unit tests. They run at the same time, as the scripts mostly wait.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
passed=0 failed=0 skipped=0
outputs=$(mktemp -d)
trap 'rm -rf "$outputs"' EXIT

run() { # PART: its last line is "N passed, N failed[, N skipped]", then the seconds it took
    local begin=$SECONDS
    case $1 in
    unit-*) "build/hvstat/$1" ;;
    *) "tests/hvstat/$1.sh" ;;
    esac >"$outputs/$1" 2>&1
    echo "$((SECONDS - begin))" >"$outputs/$1.seconds"
}

show() { # PART: what it said, and adds to the sums
    local last
    last=$(tail -n 1 "$outputs/$1")
    sed '$d' "$outputs/$1"
    echo "$1: $last ($(<"$outputs/$1.seconds") s)"
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
        passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
    else
        echo "$1 did not run to its end"
        failed=$((failed + 1))
    fi
}

parts=("$@")
if ((!$#)); then parts=(unit-gcc unit-clang commands top serve record package fuzz prometheus browser pandas scale); fi
for part in "${parts[@]}"; do run "$part" & done
wait
for part in "${parts[@]}"; do show "$part"; done
if ((skipped)); then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
((failed == 0 && passed > 0))
