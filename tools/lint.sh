#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# All checks that need no machine: one line "ok …" or "FAIL …" for each, "N passed, N failed" at the end.
# The arguments are the compiler's flags, from the Makefile.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
passed=0 failed=0

check() { # NAME COMMAND...: the last line of its output is the summary, all of it is shown if it fails
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "ok   $name: $(tail -n 1 <<<"$output")"
        passed=$((passed + 1))
    else
        echo "FAIL $name"
        head -n 100 <<<"$output" | sed 's/^/     /'
        failed=$((failed + 1))
    fi
}

c_files() { find . \( -name build -o -name .git \) -prune -o \( -name '*.c' -o -name '*.h' \) -print | LC_ALL=C sort; }

formatted() {
    local file wrong=0 count=0
    while read -r file; do
        count=$((count + 1))
        clang-format --dry-run -Werror "$file" 2>/dev/null || { echo "not as clang-format would have it: $file"; wrong=1; }
    done < <(c_files)
    if ((wrong)); then return 1; fi
    echo "$count files, $(clang-format --version | sed 's/.*\(clang-format version [0-9.]*\).*/\1/')"
}

tidy_of() { # FOLDERS FLAGS...: says how many sources it looked at
    local sources folders=$1
    shift
    # shellcheck disable=SC2086 # a list
    mapfile -t sources < <(find $folders -name '*.c' | LC_ALL=C sort)
    # shellcheck disable=SC2016 # sh's own variables
    if ! printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 6 sh -c \
        'flags=$1; shift; exec clang-tidy --quiet "$@" -- $flags 2>&1' sh "$*" >build/lint-tidy; then
        grep -vE '^[0-9]+ warnings? (generated|treated)|^(Suppressed|Use -header-filter)' build/lint-tidy | awk '!seen[$0]++'
        return 1
    fi
    echo "no finding in ${#sources[@]} files"
}
tidy() { tidy_of "boot machine backend loader core" "$@"; }
tidy_hvstat() { tidy_of "hvstat" -std=gnu11 -D_GNU_SOURCE -I.; }

scripts() {
    local found file
    mapfile -t found < <(find . \( -name build -o -name .git \) -prune -o -type f -print | LC_ALL=C sort |
        while read -r file; do
            if [[ $file == *.sh || $file == *.bash ]] || head -c 64 "$file" | head -n 1 | grep -qaE '^#!.*(bash|/sh|busybox sh)$'; then echo "$file"; fi
        done)
    shellcheck "${found[@]}" && echo "no finding in ${#found[@]} scripts"
}

mkdir -p build
check "format" formatted
check "layers" tools/layers.py
check "headers" tools/headers.sh "$@"
check "size" tools/metrics.py
check "tidy" tidy "$@"
check "tidy hvstat" tidy_hvstat
check "scripts" scripts
check "docs" tools/check_docs.py
check "generated" tools/gen_docs.py --check
echo "$passed passed, $failed failed"
((failed == 0))
