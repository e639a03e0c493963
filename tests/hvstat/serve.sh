#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# hvstat serve over HTTP: what it answers, and what bad clients cannot do to it.
# shellcheck source=tests/hvstat/common.sh
. "$(dirname "$0")/common.sh"

live_tree 2 2 2 2
serve() { # OPTIONS...: sets $url
    background serve "$@" >"$work/url" 2>"$work/serve.err"
    server=$!
    until_true 50 grep -q http "$work/url"
    url=$(cat "$work/url") port=$(sed -E 's,.*:([0-9]+)/metrics,\1,' "$work/url")
}
serve -l 127.0.0.1:0
get() { curl -s -m 10 "$@"; }
code() { curl -s -m 10 -o /dev/null -w '%{http_code}' "$@"; }

has "address" "$url" '^http://127\.0\.0\.1:[0-9]+/metrics$'
has "Prometheus' text" "$(get -i "$url")" '^Content-Type: text/plain; version=0\.0\.4; charset=utf-8'
has "OpenMetrics" "$(get -i -H 'Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5' "$url")" \
    '^Content-Type: application/openmetrics-text; version=1\.0\.0; charset=utf-8'
check "OpenMetrics ends with EOF" test "$(get -H 'Accept: application/openmetrics-text' "$url" | tail -n 1)" = "# EOF"
check "values rise" test "$(get "$url" | sed -n 's/^windows_hyperv_hypervisor_virtual_processor_cpuid_instructions_total{vm="partition 101",core="0"} //p')" -lt \
    "$(sleep 1; get "$url" | sed -n 's/^windows_hyperv_hypervisor_virtual_processor_cpuid_instructions_total{vm="partition 101",core="0"} //p')"
check "HEAD" test "$(code -I "$url")" = 200
check "health" test "$(get "${url%metrics}health")" = ok
has "a page" "$(get "${url%metrics}")" 'href="/metrics"'
for path in metricsx metrics/ ../../etc/passwd %2e%2e/etc/passwd '%ff' "$(printf 'a%.0s' {1..4000})"; do
    check "404 for ${path:0:30}" test "$(code --path-as-is "${url%metrics}$path")" = 404
done
for method in POST PUT DELETE OPTIONS PATCH; do
    check "405 for $method" test "$(code -X $method "$url")" = 405
done
check "405 for a long body" test "$(head -c 3000000 /dev/zero | code -X POST -H 'Expect:' --data-binary @- "$url" | tail -c 3 | grep -E '405|000')"

# raw: what is not HTTP at all. It may answer or close; it must go on answering others.
# shellcheck disable=SC2016 # the inner shell's $0
raw() { timeout 15 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && cat >&3 && cat <&3' "$port" 2>/dev/null | head -c 300; }
has "an unknown method" "$(printf 'FROB /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' | raw)" '^HTTP/1\.[01] 405'
has "no version" "$(printf 'GET\r\n\r\n' | raw)" '^HTTP/1\.[01] 400|^$'
printf 'GET /metrics HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n' "$(head -c 100000 /dev/zero | tr '\0' a)" | raw >"$work/large"
has "a header of 100 kB" "$(head -n 1 "$work/large")" '^HTTP/1\.[01] 4(13|31|00)|^$'
head -c 20000 /dev/urandom | raw >/dev/null
printf 'GET /metrics HTTP/1.1\r\nContent-Length: -5\r\n\r\n' | raw >/dev/null
printf 'GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n' | raw >/dev/null
printf '\0\0\0\0\r\n\r\n' | raw >/dev/null
check "still there" test "$(get "${url%metrics}health")" = ok

# More connections than it takes, that say nothing: they are closed in time, and others get through.
python3 - "$port" <<'PY' &
import socket, sys, time
held = []
for _ in range(200):
    s = socket.socket()
    s.settimeout(1)
    try:
        s.connect(("127.0.0.1", int(sys.argv[1])))
        s.send(b"GET /metrics HTTP/1.1\r\nHo")
    except OSError:
        pass
    held.append(s)
time.sleep(13)
PY
started+=($!)
sleep 1
answers() { [[ $(get -m 2 "${url%metrics}health") == ok ]]; }
check "the silent are closed in time" until_true 100 answers
mapfile -t answers < <(for _ in {1..20}; do code "$url" & done; wait)
check "twenty at once" test "${answers[*]}" = "200200200200200200200200200200200200200200200200200200200200"
check "its memory is bounded" test "$(awk '/VmHWM/ { print $2 }' "/proc/$server/status")" -lt 100000
check "its files are bounded" test "$(find "/proc/$server/fd" -type l | wc -l)" -lt 150

# The driver goes away and comes back.
cp "$tree/stats" "$work/stats"
kill "${started[0]}"
wait "${started[0]}" 2>/dev/null
: >"$tree/stats"
sleep 0.7
check "503 without a driver" test "$(code "$url")" = 503
cp "$work/stats" "$tree/stats"
check "200 with it again" test "$(code "$url")" = 200
check "says nothing" test ! -s "$work/serve.err"
kill "$server"
wait "$server"
check "ends by SIGTERM" test $? = 0

serve -l '[::1]:0' -m '*_cpuid_*'
if [[ -s $work/url ]]; then
    has "IPv6" "$url" '^http://\[::1\]:[0-9]+/metrics$'
    check "only what was asked for" test "$(get "$url" | grep -c '^# TYPE')" = 8
else
    skip "this machine has no IPv6"
fi
kill "$server" 2>/dev/null
has "an address that is none" "$(timeout 5 "$HVSTAT" --root "$tree" serve -l example.org:80 2>&1)" 'is not an address and a port'
has "an address that is another's" "$(timeout 5 "$HVSTAT" --root "$tree" serve -l 192.0.2.1:9182 2>&1)" 'cannot listen on 192\.0\.2\.1:9182'
