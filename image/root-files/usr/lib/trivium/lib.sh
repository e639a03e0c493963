# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What the root's scripts share.

# option NAME DEFAULT: the value of NAME=value on the kernel command line.
option() {
    _value=$2
    for _word in $(cat /proc/cmdline); do
        case $_word in "$1"=*) _value=${_word#*=} ;; esac
    done
    echo "$_value"
}

uptime_seconds() { sed 's/[. ].*//' /proc/uptime; }

# wait_for SECONDS FILE PATTERN: until a line of the file matches, with a sign of life every 20 s.
wait_for() {
    _begin=$(uptime_seconds) _said=0
    until grep -qaE "$3" "$2"; do
        _waited=$(($(uptime_seconds) - _begin))
        [ "$_waited" -lt "$1" ] || return 1
        if [ $((_waited - _said)) -ge 20 ]; then
            _said=$_waited
            echo "... waiting for $3: ${_waited} s of at most $1 s"
        fi
        sleep 0.1
    done
}

need_mshv() {
    [ "$(option trivium.accel mshv)" != mshv ] || [ -e /dev/mshv ] || {
        echo "ROOT-FAILED no /dev/mshv: this Linux is not the root partition of a hypervisor"
        exit 1
    }
}
