#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# tests/hvstat/run.sh [PART...]: tests of hvstat, all or the named ones; the last line sums up. A part is a script here,
# or "unit": the unit tests as compiled by each compiler.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
passed=0 failed=0 skipped=0

part() { # NAME COMMAND...: its last line is "N passed, N failed[, N skipped]"
    local name=$1 output last begin=$SECONDS
    shift
    output=$("$@" 2>&1)
    last=$(tail -n 1 <<<"$output")
    sed '$d' <<<"$output"
    echo "$name: $last ($((SECONDS - begin)) s)"
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
        passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
    else
        echo "$name did not run to its end"
        failed=$((failed + 1))
    fi
}

parts=("$@")
if ((!$#)); then parts=(unit commands top serve record package prometheus browser scale); fi
for name in "${parts[@]}"; do
    if [[ $name == unit ]]; then
        for compiler in gcc clang; do part "unit ($compiler)" "build/hvstat/unit-$compiler"; done
    else
        part "$name" "tests/hvstat/$name.sh"
    fi
done
if ((skipped)); then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
((failed == 0 && passed > 0))
