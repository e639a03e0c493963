#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# End to end, unattended: the emulated machine, Trivium, Linux as root, QEMU, Debian guests. Logs are in build/e2e.
# tests/e2e/run.sh [NAME...]: all of the machine runs at the end of this file, or those named.
# What runs within the root is image/root-files/usr/lib/trivium/run-e2e. KILLS=N: cycles of its case "kills" (50).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
logs=build/e2e passed=0 failed=0
mkdir -p "$logs"

ok() { echo "ok   $*" && passed=$((passed + 1)); }
fail() { echo "FAIL $*" && failed=$((failed + 1)); }

# machine NAME LIMIT ARGUMENT...: runs it for at most LIMIT seconds; the log must end with what was asked of the machine.
machine() {
    local limit=$2 status=0
    name=$1 log=$logs/$1.log begin=$SECONDS
    shift 2
    echo "     $name ..."
    scripts/machine.sh --timeout "$limit" --log "$log.raw" "$@" >/dev/null 2>"$log.errors" || status=$?
    tr -d '\r' <"$log.raw" >"$log" && rm "$log.raw"
    case $status in
    0) ok "$name: the machine ended by itself ($((SECONDS - begin)) s)" ;;
    124) fail "$name: expected an end within $limit s; see $log" ;;
    *) fail "$name: the emulator ended with status $status; see $log $log.errors" ;;
    esac
}

# shows WHAT PATTERN...: each extended regular expression must match a line of the log.
shows() {
    local what=$1 pattern
    shift
    for pattern; do
        if ! grep -qaE "$pattern" "$log"; then
            fail "$name: $what: expected in $log a line that matches: $pattern"
            return
        fi
    done
    ok "$name: $what"
}

# Nobody spoke of trouble: neither the hypervisor nor the kernels nor QEMU, but for what the file "harmless" explains.
quiet() {
    local trouble
    trouble=$(grep -aE '^MESSAGE |trivium: (error|warning|panic)|Kernel panic|Oops|Call Trace' "$log" |
        grep -avE -f <(grep -v '^#' tests/e2e/harmless) | sort | uniq -c)
    if [[ $trouble ]]; then
        fail "$name: expected no message that tests/e2e/harmless does not explain:"
        head -n 20 <<<"$trouble" | sed 's/^/    /'
    else
        ok "$name: no message of trouble"
    fi
}

# cases: those that the root announced, with what became of each.
cases() {
    local case result
    while read -r case; do
        result=$(grep -aE "^CASE $case (PASS|FAIL)" "$log" | cut -d ' ' -f 3-)
        case $result in
        PASS*) ok "$name: $case ${result#PASS }" ;;
        FAIL*)
            fail "$name: $case: ${result#FAIL }; see $log, where it goes on:"
            grep -aE -A 40 "^CASE $case FAIL" "$log" | sed '1d; /^CASE /,$d; s/^/    /'
            ;;
        *) fail "$name: $case did not run to its end; see $log" ;;
        esac
    done < <(sed -n 's/^CASES //p' "$log" | tr ' ' '\n')
}

boot() { # NAME LPS ARGUMENT...
    local lps=$2
    machine "$1" 180 --lps "$lps" --run e2e --append e2e.cases=statistics "${@:3}" </dev/null
    shows "Linux is the root partition of $lps LPs, and powers off" "^ROOT-UP cpus=$lps\$" '^E2E-DONE' 'root powers the machine off'
    cases
    quiet
}

run_boot_1() { boot boot-1 1; }
run_boot_2() { boot boot-2 2; }
run_boot_4() { boot boot-4 4; }
run_boot_8() { boot boot-8 8; }
run_xapic() { boot xapic 2 --icount-fast; } # no x2APIC, and time that is counted in instructions

run_grub() { # started by a boot loader instead of QEMU
    machine grub 180 --iso build/e2e/grub.iso --run none </dev/null
    shows "GRUB starts Trivium with its root partition" '^trivium: Trivium ' '^ROOT-UP cpus=2$' 'root powers the machine off'
}

# After a run of which only the cases matter.
tried() {
    shows "all cases were tried" '^CASES ' '^E2E-DONE' 'root powers the machine off'
    cases
    quiet
}

run_root() { # one boot for all that needs a root only
    machine root 1200 --lps 2 --run e2e --append "e2e.kills=${KILLS:-50}" </dev/null
    tried
}

run_root_scheduler() { # Linux schedules the VPs of its guests
    machine root_scheduler 1200 --lps 2 --hv scheduler=root --run e2e \
        --append "e2e.cases=kernel_1,kernel_2,firmware_pc,firmware_q35,plain,virtio_disk,virtio_net,counters,hvstat,four_guests,kills e2e.kills=5" </dev/null
    tried
}

# What is measured is time in instructions (--icount-fast): what else the host does is not in it, so bounds are as narrow as promises.

run_time() {
    machine time 1200 --lps 2 --icount-fast --run e2e --append e2e.cases=lp_time,closure,priority </dev/null
    tried
}

run_time_root_scheduler() {
    machine time_root_scheduler 1200 --lps 2 --icount-fast --hv scheduler=root --run e2e --append e2e.cases=lp_time,closure,root_shares </dev/null
    tried
}

run_core_scheduler() { # two threads of one core, and one of another
    machine core_scheduler 400 --lps 3 --threads 2 --hv scheduler=core --run e2e --append "e2e.cases=kernel_1,kernel_2,four_guests" </dev/null
    shows "threads and cores are told apart" '^trivium: scheduler: core, 3 LPs of 2 cores$' '^E2E-DONE'
    cases
    quiet
}

run_numa() { # two nodes, each with one LP and half of the memory
    machine numa 900 --lps 2 --nodes 2 --icount-fast --run e2e --append e2e.cases=numa </dev/null
    shows "Trivium and Linux know both nodes" '^trivium: NUMA: 2 nodes$' '^CASES numa' '^E2E-DONE'
    cases
    quiet
}

run_pauses() { # interrupts are delivered once, whatever the emulator does between
    local socket pauses
    socket=$(mktemp -u)
    tests/e2e/pauses.py "$socket" >"$logs/pauses" &
    machine pauses 300 --lps 2 --run e2e --append e2e.cases=kernel_2 -- -monitor "unix:$socket,server=on,wait=off" </dev/null
    wait $!
    rm -f "$socket"
    pauses=$(<"$logs/pauses")
    if ((pauses >= 300)); then ok "pauses: $pauses of them"; else fail "pauses: expected 300 or more, made ${pauses:-none}"; fi
    cases
    quiet
}

run_checked() { # the hypervisor checks its accounts each time it publishes them
    if make --no-print-directory -s BUILD=build/checked CHECKS=1 build/checked/trivium.elf >"$logs/checked.build" 2>&1; then
        machine checked 400 --elf build/checked/trivium.elf --lps 2 --run e2e --append "e2e.cases=kernel_2,closure,kills e2e.kills=3" </dev/null
        cases
        quiet
    else
        fail "checked: expected a build with CHECKS=1; see $logs/checked.build"
    fi
}

run_demo() {
    machine demo 240 --run demo --append trivium.seconds=3 </dev/null
    shows "everyone introduces himself" '^trivium: Trivium ' 'Hyper-V: running as root partition' 'mshv: Hypervisor using' \
        '^GUEST-UP cpus=1 .*Microsoft Hyper-V' '^GUEST-DOWN' 'ROOT-DOWN run=demo status=0'
    # name, %total, %guest, %hypervisor, wait, intercepts/s, virtual interrupts/s, ...
    if awk '$1 == "+demo" && $6 + 0 > 0 && $7 + 0 > 0 { guest++ } $1 == "+root" && $6 + 0 > 0 && $7 + 0 > 0 { root++ }
        END { exit !(guest >= 3 && root >= 3) }' "$log"; then
        ok "demo: rates of root and guest, three times"
    else
        fail "demo: expected rates above 0 of root and guest three times; see $log"
    fi
    if awk '$1 == "LP" { n++; sum = $4 + $6 + $8; if (sum < 99.8 || sum > 100.2) bad++ } END { exit !(n >= 6 && !bad) }' "$log"; then
        ok "demo: guest, hypervisor and idle time of every LP are all its time"
    else
        fail "demo: expected percentages of every LP that add up to 100; see $log"
    fi
}

# typed_after PATTERN TEXT: waits until the shell's log shows it, then types.
typed_after() {
    local i
    for ((i = 0; i < 100; i++)); do
        if grep -qa "$1" "$logs/shell.log.raw" 2>/dev/null; then break; fi
        sleep 1
    done
    sleep 2
    printf '%s' "$2"
}
run_shell() { # the root's console takes input
    # shellcheck disable=SC2016 # for the root's shell
    machine shell 180 --run shell < <(
        typed_after '^"exit" powers' $'echo ANSWER-$((6 * 7)).\nhvstat top -b -l -n 1\n'
        typed_after '^LP 1 ' $'hvstat\n'
        typed_after 'q quit' q # what is typed at once would be its keys
        typed_after 'q quit' $'exit\n'
        sleep 60
    )
    shows "commands typed at the root's console are run" '^ANSWER-42\.' '^LP 1 ' 'ROOT-DOWN run=shell status=0'
    shows "hvstat has a full screen there" 'q quit'
}

run_reboot() { # the machine starts anew, until it is stopped
    local i pid ups=0
    name=reboot log=$logs/reboot.log
    rm -f "$logs/reboot.pid"
    echo "     reboot ..."
    scripts/machine.sh --timeout 180 --log "$log" --run reboot -- -action reboot=reset -pidfile "$logs/reboot.pid" </dev/null >/dev/null 2>&1 &
    pid=$!
    for ((i = 0; i < 170 && ups < 2; i++)); do
        sleep 1
        ups=$(grep -ca '^ROOT-UP' "$log" 2>/dev/null)
    done
    if [[ -s $logs/reboot.pid ]]; then kill "$(<"$logs/reboot.pid")"; fi
    wait "$pid"
    shows "root restarts the machine" 'reboot: Restarting system'
    if ((ups >= 2)); then ok "reboot: root is up a second time"; else fail "reboot: expected root to be up a second time within 170 s; see $log"; fi
}

for run in "${@:-boot_1 boot_2 boot_4 boot_8 xapic grub demo shell reboot root root_scheduler time time_root_scheduler core_scheduler numa pauses checked}"; do
    for one in $run; do "run_$one"; done
done
echo "$passed passed, $failed failed"
((failed == 0))
