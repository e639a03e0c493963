#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The full screen of top in a real terminal (tmux) of 80 columns and 24 lines: what it shows and how it takes keys.
# shellcheck source=tests/hvstat/common.sh
. "$(dirname "$0")/common.sh"

if ! command -v tmux >/dev/null; then skip "tmux is not installed"; exit; fi
live_tree 4 4 3 2
socket=$work/tmux
in_tmux() { tmux -S "$socket" -f /dev/null "$@"; }
screen() { in_tmux capture-pane -p; }
shows() { grep -qE -- "$1" < <(screen); }
# expect WHAT PATTERN: within five seconds the screen has a line like that
expect() { if until_true 50 shows "$2"; then ok; else fail "$1: no \"$2\" on:"; screen; fi; }
keys() { in_tmux send-keys "$@"; }

start() { # OPTIONS...
    in_tmux new-session -d -x 80 -y 24 "$HVSTAT --root $tree --no-names --no-wake top $* 2>$work/error; echo ended \$? >>$work/ended; sleep 30"
    in_tmux set-option -g escape-time 0
}

start -d 0.5
expect "machine" '^hvstat [0-9:]{8}  4 LPs, root and 3 guests, 10 VPs, every 0\.5 s'
expect "LPs" '^LPs     guest  33\.[45]%   hypervisor   5\.0%   idle  61\.[56]%   switches +3[0-9]{3}/s'
expect "title" '^vPARTITION +%TOTAL  %GUEST %HYPER WAIT us  INTCPT/s  INTRPT/s HYPCALL/s'
expect "root" '^\+root +(3|4)[0-9]\.[0-9] '
expect "guest" '^\+partition 103 +1[5-9][0-9]\.[0-9] .* 25\.0 '
expect "foot" '^sort: name  q quit  h help'
check "no line is longer than 80 columns" test "$(screen | awk '{ if (length($0) > 80) n++ } END { print n + 0 }')" = 0

keys Down Enter
expect "a guest's VPs" '^\+  VP 1 '
keys Down Enter
expect "a VP's intercepts" '^    I/O port .* 20\.[0-9]+ us each .* of its time'
check "by cost" test "$(screen | grep -E '^    (I/O port|CPUID|MSR|hypercall)' | awk '{ print $1 }' | tr '\n' ' ')" = "I/O CPUID MSR hypercall "
check "the chosen row is reversed" grep -q $'\x1b\\[7m' < <(in_tmux capture-pane -p -e)
keys Up Enter
expect "closed again" '^\+partition 101'

keys o
expect "sorted by total" '^ ?PARTITION +v%TOTAL'
check "the busiest first" test "$(screen | grep -E '^\+' | head -n 1 | cut -c1-14)" = "+partition 103"
keys R
expect "the other way round" '\^%TOTAL'
keys f
expect "asks for a filter" '^Only partitions whose name fits:'
keys '10[12]' Enter
until_true 50 eval '! shows "^\+root"'
check "filtered" test "$(screen | grep -cE '^\+(root|partition)')" = 2
keys f '[' Enter
expect "a bad expression" 'not a regular expression'
keys c
expect "all again" '^\+root'
keys L
expect "each LP" '^LP 3 .*\[#+\+\.+\]'
keys h
expect "help" 'WAIT us +time runnable but waiting'
keys h
keys p
expect "paused" '^PAUSED'
before=$(screen | head -n 1)
sleep 1.2
check "nothing moves" test "$(screen | head -n 1)" = "$before"
keys p d 2 Enter
expect "another delay" 'every 2 s'
in_tmux resize-window -x 40 -y 10
expect "a small window" '^hvstat [0-9:]{8}  4 LPs, root and 3 gue'
in_tmux resize-window -x 80 -y 24
keys q
check "ends with q" until_true 30 grep -qx 'ended 0' "$work/ended"
check "says nothing wrong" test ! -s "$work/error"
in_tmux kill-server
until_true 30 test ! -S "$socket"

# A number of samples.
rm -f "$work/ended"
start -d 0.2 -n 3
check "ends by itself after three samples" until_true 30 grep -qx 'ended 0' "$work/ended"
in_tmux kill-server
until_true 30 test ! -S "$socket"

# Without colour, and a driver that goes away.
rm -f "$work/ended"
start -d 0.3 --no-colour
expect "without colour" '^\+partition 102'
check "no colour on it" test "$(in_tmux capture-pane -p -e | grep -c $'\x1b\\[3[0-8]m')" = 0
kill "${started[0]}"
: >"$tree/stats"
check "ends when the driver goes" until_true 50 grep -qx 'ended 1' "$work/ended"
has "and says so" "$(cat "$work/error")" 'has no counters any more'
in_tmux kill-server
