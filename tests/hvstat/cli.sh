#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The program hvstat on a tree made for the test: exit status, messages, files.
# cli.sh HVSTAT TESTS: the program, and the test program, which makes the tree.
set -uo pipefail
hvstat=$1 tests=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir "$tree"
passed=0 failed=0
export TZ=UTC LC_ALL=C

# NAME STATUS PATTERN COMMAND...: the extended regular expression must be in the output.
check() {
    local name=$1 status=$2 pattern=$3 output got
    shift 3
    output=$("$@" 2>&1)
    got=$?
    if [[ $got == "$status" ]] && grep -qE -- "$pattern" <<<"$output"; then
        passed=$((passed + 1))
    else
        echo "FAIL $name: status $got, output:"
        head -n 20 <<<"$output"
        failed=$((failed + 1))
    fi
}

# After a moment, counters have risen by 1000000.
later() { (sleep 0.3 && "$tests" tree "$tree" 1000100) & }
run() { "$hvstat" --root "$tree" "$@"; }
with_rise() { later; run "$@"; }
rows() { run get '\Hyper-V Hypervisor\*' -si 0.1 -sc 3 -o "$work/out" -f "$1" && wc -l <"$work/out"; } # FORMAT

check "no tree" 1 "cannot read $tree/stats: No such file or directory \(is this" run get '\*\*'
"$tests" tree "$tree" 100
check "help" 0 "hvstat get PATH" "$hvstat" --help
check "no such command" 2 "no command fly" run fly
check "no such option" 2 "get has no option -x" run get -x 1 '\*\*'
check "option without word" 2 "-si needs a word" run get '\*\*' -si
check "get nothing" 2 "get what" run get
check "no such counter" 1 "nothing matches" run get '\Hyper-V Hypervisor\Nonsense'
check "no file" 1 "cannot write /nowhere/x: No such" run get '\*\*' -o /nowhere/x
check "a full disk" 1 "cannot write: No space" run get '\*\*' -o /dev/full -si 0.1 -sc 1
check "head and three rows" 0 "^4$" rows csv
check "PDH" 0 '^"\(PDH-CSV 4.0\)","\\\\[^"\\]*\\Hyper-V Hypervisor\\Logical Processors",.*'$'\r''$' \
    cat "$work/out"
check "JSON has rows only" 0 "^3$" rows json
check "rise" 0 '^"[0-9/]+ [0-9:.]+","[1-9][0-9]+\.[0-9]{6}","100.000000"' \
    with_rise get '\*(Root VP 0)\Hypercalls/sec' '\*(Root VP 0)\Hypercalls Cost' -si 1 -sc 1
"$tests" tree "$tree" 100
check "exits" 0 '^MSR Accesses +2000000 +6\.7 ' with_rise exits root -d 1
"$tests" tree "$tree" 100
check "exits in JSON" 0 '^\{"partition":"partition 7".*"all":\{"name":"All","count":30000000,' \
    with_rise exits 7 -d 1 --json
printf '# comment\n5 web server\n7 mail\n' >"$work/names"
check "names" 0 '^\{.*\(web server:Hv VP 0\).*\(mail:Hv VP 1\)' \
    run --names "$work/names" get '\*(*:Hv VP *)\VpIdealCpu' -f json -si 0.1 -sc 1
check "exits of a name" 0 '^mail ' run --names "$work/names" exits MAIL -d 0.1
check "no such guest" 1 "no partition ftp" run exits ftp
check "counters" 0 '^\\Hyper-V Hypervisor Virtual Processor\(\*\)\\CPU Wait Time Per Dispatch$' run counters
check "counters, meaning" 0 $'\tLogicalProcessors\tlogical processors the hypervisor' run counters -v 'logical p'
check "counters, none" 1 "nothing matches" run counters nonsense
check "top without a terminal" 0 '^\+ partition 7 +2 +0\.0 ' run -n 2 -d 0.1 -s interc
check "top with VPs" 0 '^   VP 1 +0\.0 ' run top -b -n 1 -d 0.1 -v
check "top of a name" 0 '^- mail ' run --names "$work/names" top -g ail -v -n 1 -d 0.1
check "top, no such column" 2 "fun is no column" run -s fun
check "top, a full disk" 1 "cannot write: No space" bash -c "'$hvstat' --root '$tree' -b -d 0.1 >/dev/full"

port=$((20000 + $$ % 10000))
"$hvstat" --root "$tree" serve --listen 127.0.0.1:$port >"$work/serve" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
for _ in {1..50}; do
    grep -q http "$work/serve" && break
    sleep 0.1
done
ask() { # METHOD PATH [HEADER]
    exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf '%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n' "$1" "$2" "${3:+$3$'\r\n'}" >&3
    tr -d '\r' <&3
    exec 3>&-
}
openmetrics="Accept: application/openmetrics-text; version=1.0.0"
check "metrics" 0 '^hvstat_vp_total_run_time_seconds_total\{partition="7",name="partition 7",vp="1"\} ' ask GET /metrics
check "metrics' type" 0 '^Content-Type: text/plain; version=0.0.4' ask GET /metrics
check "OpenMetrics" 0 '^# EOF$' ask GET /metrics "$openmetrics"
check "OpenMetrics' type" 0 '^Content-Type: application/openmetrics-text; version=1.0.0' ask GET /metrics "$openmetrics"
check "no such page" 0 '^HTTP/1.1 404 ' ask GET /nothing
check "no other method" 0 '^HTTP/1.1 405 ' ask DELETE /metrics
check "address in use" 1 "cannot listen on 127.0.0.1:$port: Address already in use" timeout 5 "$hvstat" \
    --root "$tree" serve --listen 127.0.0.1:$port
check "no address" 2 "is no address" run serve --listen localhost
mv "$tree" "$tree.away"
check "the tree has gone" 0 "^HTTP/1.1 503 " ask GET /metrics
mv "$tree.away" "$tree"
kill "$server"
wait "$server"
check "serve ends" 0 '' test $? = 0

if ((EUID)); then
    chmod 0 "$tree/stats"
    check "not allowed" 1 "Permission denied \(only the superuser" run get '\*\*'
fi
echo "$passed passed, $failed failed"
((failed == 0))
