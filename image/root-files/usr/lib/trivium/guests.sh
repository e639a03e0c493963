# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # variables of whoever includes this
# Guests that a script of the root starts and talks to. Who includes this has set $work, a folder, and $statistics, where the
# hypervisor's are; $patience multiplies how long is waited. Functions leave the reason in $why and return 1 when something is not as it must be.
why='' input='' qemu=''
started=() # processes, until the script empties it

no() { why=$*; return 1; }

# start NAME CPUS RUN [QEMU-ARGUMENT...]: in the background; its console is $work/NAME and the descriptor $input.
start() {
    local name=$1
    shift
    rm -f "$work/$name.in"
    mkfifo "$work/$name.in"
    exec {input}<>"$work/$name.in"
    guest "$@" <&"$input" >>"$work/$name" 2>&1 &
    qemu=$!
    started+=("$qemu")
}

# see NAME PATTERN [SECONDS]: the guest's console must show it.
see() {
    wait_for "$((${3:-120} * ${patience:-1}))" "$work/$1" "$2" || no "guest $1 did not show: $2"
}

tell() { echo "$*" >&"$input"; }

# counter FILE NAME: its value.
counter() { sed -n "s/^$2 *: //p" "$1"; }
partitions() { counter "$statistics/stats" HvPartitions; }

# only_root: no partition but the root is left, within a minute.
only_root() {
    local i
    for ((i = 0; i < 600; i++)); do
        (($(partitions) > 1)) || return 0
        sleep 0.1
    done
    no "$(partitions) partitions a minute after the last QEMU ended"
}

control() { hvctl "$@" 2>"$work/hvctl" || no "hvctl $*: $(<"$work/hvctl")"; }

# partition_of NAME: the number of a guest's partition.
partition_of() { hvctl --json show "$1" | sed -n 's/.*"partition":\([0-9]*\),.*/\1/p'; }

# All that were started; how guests end is for others to see.
kill_guests() {
    kill -9 "${started[@]}"
    wait "${started[@]}" 2>/dev/null
    started=()
}
