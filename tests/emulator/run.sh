#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs test partitions on the real hypervisor in the emulated machine, each with 1 and with 2 logical processors.
# tests/emulator/run.sh [NAME...]: all of them, or those named. Logs are in build/emu.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
logs=build/emu passed=0 failed=0
limit=${LIMIT:-120} # seconds a run
mkdir -p "$logs"
cp "${ELF:-build/trivium.elf}" "$logs/trivium.elf" || exit # a build meanwhile must not change it

# What the partition said that the console must show.
check_console() { # LOG: prints FAIL lines; the number of ok ones is in console_passed
    local text
    console_passed=0 console_failed=0
    while read -r text; do
        if grep -aF "$text" "$1" | grep -qav '^console '; then
            console_passed=$((console_passed + 1))
        else
            echo "FAIL $name, $lps LPs: the console does not show: $text"
            console_failed=$((console_failed + 1))
        fi
    done < <(tr -d '\r' <"$1" | sed -n 's/^console //p')
}

# run NAME LPS: the last line "N passed, N failed" of the partition is its result.
run() {
    local name=$1 lps=$2 log=$logs/$1-$2.log start=$SECONDS line p f _
    scripts/machine.sh --payload "$logs/trivium.elf" --lps "$lps" --mem 512M --timeout "$limit" --log "$log" \
        -- -initrd "$logs/$name.bin" </dev/null >"$log.machine" 2>&1
    line=$(tr -d '\r' <"$log" | grep -aE '^[0-9]+ passed, [0-9]+ failed$' | tail -n 1)
    read -r p _ f _ <<<"${line:-0 passed, 0 failed}"
    tr -d '\r' <"$log" | grep -a '^FAIL' | sed "s/^FAIL/FAIL $name, $lps LPs:/"
    check_console "$log"
    p=$((p + console_passed)) f=$((f + console_failed))
    if [[ ! $line ]]; then
        echo "FAIL $name, $lps LPs: did not come to its end; see $log"
        tail -n 5 "$log.machine" | sed 's/^/    /' # the emulator's own messages, too
        f=$((f + 1))
    fi
    passed=$((passed + p)) failed=$((failed + f))
    printf '%-4s %-12s %s LPs  %4d passed, %d failed  (%d s)\n' "$( ((f)) && echo FAIL || echo ok)" "$name" "$lps" \
        "$p" "$f" $((SECONDS - start))
}

tests=("$@")
if ((!$#)); then mapfile -t tests < <(cd tests/emulator && for m in */main.c; do dirname "$m"; done); fi
for name in "${tests[@]}"; do
    if ! make -s -f tests/emulator/lib/image.mk "$logs/$name.bin"; then
        echo "FAIL $name: does not build" && failed=$((failed + 1))
        continue
    fi
    for lps in ${LPS:-1 2}; do run "$name" "$lps"; done
done
echo "$passed passed, $failed failed"
((failed == 0))
