#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# All tests of hvstat; the last line sums up. With arguments: only those parts (names of files without .sh).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
passed=0 failed=0 skipped=0

part() { # NAME COMMAND...: its last line is "N passed, N failed[, N skipped]"
    local name=$1 output last
    shift
    echo "---- $name"
    output=$("$@" 2>&1)
    echo "$output"
    last=$(tail -n 1 <<<"$output")
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
        passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
    else
        echo "$name did not run to its end"
        failed=$((failed + 1))
    fi
}

if (($# == 0)); then
    part "unit tests, gcc" build/hvstat/unit-gcc
    part "unit tests, clang" build/hvstat/unit-clang
fi
for script in tests/hvstat/*.sh; do
    name=$(basename "$script" .sh)
    case $name in run | common) continue ;; esac
    if (($#)) && [[ " $* " != *" $name "* ]]; then continue; fi
    part "$name" "$script"
done
if ((skipped)); then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
((failed == 0 && passed > 0))
