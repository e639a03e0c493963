#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs every suite and adds up the lines "N passed, N failed" that each of them ends with.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
passed=0 failed=0 skipped=0
for suite in ${SUITES:-check check-hvctl lint emu e2e check-hvstat check-hvstat-tools bench}; do
    echo "==== make $suite"
    log=$(mktemp)
    if ! make --no-print-directory "$suite" 2>&1 | tee "$log"; then
        if ! grep -qE '^[0-9]+ passed, [1-9][0-9]* failed' "$log"; then
            echo "suite $suite did not run to its end"
            failed=$((failed + 1))
        fi
    fi
    while read -r p _ f _ s _; do
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
    done < <(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log")
    rm -f "$log"
done
if ((skipped)); then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
((failed == 0))
