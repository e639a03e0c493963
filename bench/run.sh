#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The price of an intercept in instructions, against two other hypervisors on the same emulated machine and
# against our bounds; and how much longer Linux takes to user space. BENCH_WALL=0 leaves out the latter.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
logs=build/bench passed=0 failed=0
mkdir -p "$logs"

verdict() { # CONDITION TEXT
    if (($1)); then echo "ok   $2" && passed=$((passed + 1)); else echo "FAIL $2" && failed=$((failed + 1)); fi
}

value() { # ROLE OPERATION [RUN]: hundredths, or nothing
    sed -n "s/^bench $1 $2 \([0-9]*\)\r*$/\1/p" "$logs/${3:-exits}.log"
}

shown() { # HUNDREDTHS
    if [[ $1 ]]; then printf '%d.%02d' $(($1 / 100)) $(($1 % 100)); else echo -; fi
}

measure() { # ELF RUN
    scripts/machine.sh --payload "$1" --lps 1 --mem 512M --icount --timeout 300 --log "$logs/$2.log" \
        -- -initrd build/emu/exits.bin </dev/null >"$logs/$2.out" 2>&1
    if ! grep -qa '^[0-9]* passed, 0 failed' "$logs/$2.log"; then
        tail -n 20 "$logs/$2.out"
        verdict 0 "measurement ran to its end"
    fi
}

table() {
    local operation bound kvm xen text
    echo "Instructions a round trip: mean of 1000 (timers: 100), median of 7 rounds, loop included."
    echo "Machine: QEMU TCG, -icount shift=0, one processor. Peers measured as level-2 guests of the same machine:"
    echo "KVM of Linux 7.2 with Hyper-V enlightenments, Xen 4.20 PVH. \"-\": not measured or not bounded."
    printf '%-21s %10s %10s %8s %8s %8s  %s\n' operation root child KVM Xen bound meaning
    while IFS=$'\t' read -r operation bound kvm xen text; do
        printf '%-21s %10s %10s %8s %8s %8s  %s\n' "$operation" "$(shown "$(value root "$operation")")" \
            "$(shown "$(value child "$operation")")" "$kvm" "$xen" "$bound" "$text"
    done < <(grep -v '^#' bench/peers.tsv)
}

bounds() {
    local operation bound rest role now
    while IFS=$'\t' read -r operation bound rest; do
        for role in root child; do
            now=$(value "$role" "$operation")
            if [[ $operation == empty-loop ]]; then
                verdict "${now:-0} == 300" "$role: an empty loop of 3 instructions reads $(shown "$now")"
            elif [[ $bound != - && ($role == root || $operation != *-loaded*) ]]; then # what is loaded is the root's
                verdict "${now:-99999999} <= bound * 100" "$role: $operation takes $(shown "$now"), bound $bound"
            fi
        done
    done < <(grep -v '^#' bench/peers.tsv)
}

take_out() { # FILE FUNCTION PATTERN...: the lines of the function, in the copy, that match
    local file=build/uncounted/$1 function=$2 pattern
    shift 2
    for pattern; do
        if ! sed -n "/^[a-z].*\<$function(/,/^}/p" "$file" | grep -q -- "$pattern"; then
            echo "bench: $file: $function() has no line '$pattern'" >&2
            return 1
        fi
        sed -i "/^[a-z].*\<$function(/,/^}/{/$pattern/d}" "$file"
    done
}

# A copy of the sources in which intercepts are neither counted nor timed.
uncounted() {
    rm -rf build/uncounted
    mkdir -p build/uncounted
    cp -r abi backend boot core loader machine tools Makefile build/uncounted
    cp --parents hvstat/build.mk hvctl/build.mk build/uncounted
    take_out core/lp.c run_vp 'charge_hypervisor(' 'u64 now;' 'now = machine_tsc' '_tsc += now' 'stamp = now' &&
        take_out core/intercept/dispatch.c dispatch 'last_class =' 'count_index' &&
        take_out core/intercept/handlers.c handle_msr 'ApicEoiAccesses' &&
        take_out core/hypercall/entry.c hypercall_run 'OtherHypercalls' 'row->family' &&
        take_out core/hypercall/entry.c invoke 'row->family' &&
        make -s -C build/uncounted all >"$logs/uncounted.out" 2>&1 && return
    tail -n 20 "$logs/uncounted.out"
    verdict 0 "the hypervisor without counting is built"
}

price() {
    local role operation with without
    uncounted && measure build/uncounted/build/trivium.elf uncounted
    for operation in cpuid-0 msr-vp-index hypercall-unknown apic-eoi; do
        for role in root child; do
            with=$(value $role $operation) without=$(value $role $operation uncounted)
            verdict "${with:-99999999} - ${without:-0} <= 4000" \
                "$role: counting and timing of $operation cost $(shown $((${with:-0} - ${without:-0}))), bound 40"
        done
    done
}

boot_ms() { # ARGUMENTS: milliseconds from the start of the machine to the root's user space
    local line start=${EPOCHREALTIME/./} end=0
    while read -r line; do
        if [[ $line == *ROOT-UP* ]]; then end=${EPOCHREALTIME/./}; fi
    done < <(scripts/machine.sh --lps 1 --run none --timeout 120 "$@" </dev/null 2>/dev/null)
    if ((end)); then echo $(((end - start) / 1000)); fi
}

median() { printf '%s\n' "$@" | sort -n | sed -n $((($# + 1) / 2))p; }

wall() {
    local bare=() ours=() ratios=() ratio i
    for i in 0 1 2 3 4 5 6; do
        bare+=("$(boot_ms --native)") ours+=("$(boot_ms)")
        ratios+=($((${ours[i]:-99999} * 100 / ${bare[i]:-1})))
    done
    ratio=$(median "${ratios[@]}")
    echo "Linux to user space, ms of wall clock (runs alternate): bare ${bare[*]}, on Trivium ${ours[*]}"
    echo "The machine that emulates is shared and noisy: single runs differ by 30 % and more."
    verdict "ratio <= 150" "root: Linux to user space takes $(shown "$ratio") times as long as bare (median of ${#ratios[@]} pairs), bound 1.50"
}

make -s -f tests/emulator/lib/image.mk FOLDER=bench build/emu/exits.bin || exit 1
measure "${ELF:-build/trivium.elf}" exits
table
bounds
price
if [[ ${BENCH_WALL:-1} != 0 ]]; then wall; fi
echo "$passed passed, $failed failed"
((failed == 0))
