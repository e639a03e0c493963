# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What the root's run-* scripts share.

# option NAME DEFAULT: the value of NAME=value on the kernel command line.
option() {
    _value=$2
    for _word in $(cat /proc/cmdline); do
        case $_word in "$1"=*) _value=${_word#*=} ;; esac
    done
    echo "$_value"
}

# guest CPUS RUN [QEMU-ARGUMENT...]: runs a guest with its serial port on ours, until it powers off.
# RUN is guest-init's guest.run=. trivium.accel=tcg tries the same image on a root without a hypervisor.
guest() {
    _cpus=$1 _run=$2
    shift 2
    _accel=$(option trivium.accel mshv)
    case $_accel in mshv) _cpu=host ;; *) _cpu=max ;; esac
    qemu-system-x86_64 -accel "$_accel" -M pc -cpu "$_cpu" -m 256 -smp "$_cpus" -nodefaults -no-user-config \
        -display none -serial stdio -no-reboot \
        -kernel /usr/lib/trivium/guest/vmlinuz -initrd /usr/lib/trivium/guest/guest.cpio.gz \
        -append "console=ttyS0 panic=-1 $(option guest.log quiet) guest.run=$_run" "$@"
}
