#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs the emulated machine: Trivium with its root partition, or (--native) the same root bare, for comparison.
# Serial port on standard input and output; ^A x ends it. Exit code: QEMU's; 124 after --timeout.
#
# Each option is also an environment variable: LPS=4 scripts/machine.sh = scripts/machine.sh --lps 4
set -euo pipefail

usage() {
    cat <<'EOF'
usage: scripts/machine.sh [options] [-- QEMU arguments]
  --lps N        logical processors, 1..8 (2); the emulated machine has one more for Trivium to leave idle
  --threads N    hardware threads of each core (1)
  --nodes N      NUMA nodes, 1..8 (1): processors and memory are spread over them in order, each core a socket
  --mem SIZE     memory (3G)
  --cpu MODEL    emulated processor
  --run NAME     what the root does: none, shell, demo, ... = image/root-files/usr/lib/trivium/run-NAME (none)
  --append TEXT  more of the root kernel's command line
  --hv TEXT      Trivium's command line
  --elf FILE     Trivium (build/trivium.elf)
  --native       boot the root kernel without the hypervisor
  --iso FILE     start GRUB from a CD image (scripts/build-iso.sh), which starts Trivium; made here from the options
  --payload ELF  boot this multiboot kernel alone: no root, no disk
  --timeout S    end after S seconds, with exit code 124
  --log FILE     also write the serial output to FILE
  --icount       deterministic virtual time: one host thread, clock = executed instructions
  --icount-fast  the same, ten times as fast: whole blocks of instructions, and an APIC without x2APIC mode
  --verbose      kernel messages on the console (quiet otherwise)
EOF
}

cd "$(dirname "$0")/.."
LPS=${LPS:-2} MEM=${MEM:-3G} RUN=${RUN:-none} APPEND=${APPEND:-} HV=${HV:-} TIMEOUT=${TIMEOUT:-0} LOG=${LOG:-}
NATIVE=${NATIVE:-} PAYLOAD=${PAYLOAD:-} ISO=${ISO:-} ICOUNT=${ICOUNT:-} VERBOSE=${VERBOSE:-}
THREADS=${THREADS:-1} NODES=${NODES:-1} ELF=${ELF:-build/trivium.elf}
# A processor that exists, with what TCG emulates of SVM, and without what TCG lacks (it would warn).
# "max" is all that TCG emulates, on no real processor together.
CPU=${CPU:-EPYC,+svm,+npt,+vgif,+svme-addr-chk,+x2apic,-monitor,-fxsr-opt,-misalignsse,-osvw,-topoext,-nrip-save,-xsavec}
while (($#)); do
    case $1 in
    --lps) LPS=$2 && shift ;;
    --threads) THREADS=$2 && shift ;;
    --nodes) NODES=$2 && shift ;;
    --mem) MEM=$2 && shift ;;
    --cpu) CPU=$2 && shift ;;
    --run) RUN=$2 && shift ;;
    --append) APPEND=$2 && shift ;;
    --hv) HV=$2 && shift ;;
    --elf) ELF=$2 && shift ;;
    --iso) ISO=$2 && shift ;;
    --payload) PAYLOAD=$2 && shift ;;
    --timeout) TIMEOUT=$2 && shift ;;
    --log) LOG=$2 && shift ;;
    --native) NATIVE=1 ;;
    --icount) ICOUNT=1 ;;
    --icount-fast) ICOUNT=fast ;;
    --verbose) VERBOSE=1 ;;
    --help) usage && exit 0 ;;
    --) shift && break ;;
    *) usage >&2 && exit 2 ;;
    esac
    shift
done

qemu=build/tools/qemu-system-x86_64 root=build/root
accel=(-accel "tcg,thread=multi")
if [[ $ICOUNT ]]; then
    blocks=,one-insn-per-tb=on
    # Within a block the emulator refuses accesses to MSRs of the x2APIC ("Bad icount read"), not to the page of an APIC.
    if [[ $ICOUNT == fast ]]; then blocks='' CPU=${CPU/+x2apic/-x2apic}; fi
    accel=(-accel "tcg,thread=single$blocks" -icount "shift=0,sleep=off")
fi
# tsc=reliable: all emulated processors read one clock. Without it Linux 7.3 compares clocks while it starts, by a clock that
# stands still meanwhile; with interrupts off on one processor and another waiting for the same lock that is for ever.
linux="console=ttyS0 panic=-1 tsc=reliable trivium.run=$RUN"
if [[ ! $VERBOSE ]]; then linux+=" quiet"; fi
if [[ ! -t 1 || $LOG ]]; then linux+=" trivium.table=plain"; fi # a log is no terminal
if [[ $APPEND ]]; then linux+=" $APPEND"; fi

# Trivium leaves the first of several emulated processors idle (docs/emulators.md): one more than it is to use.
cpus=$LPS idle=0
if [[ ! $NATIVE ]] && ((LPS > 1)); then cpus=$((LPS + 1)) idle=1; fi
cores=$(((cpus + THREADS - 1) / THREADS))
if ((THREADS > 1)); then # whole cores; what is too much is not used
    cpus="$((cores * THREADS)),cores=$cores,threads=$THREADS" HV+=" lps=$LPS"
fi
nodes=()
if ((NODES > 1)); then # a core is a socket: Linux does not believe in one that is in two nodes
    cpus="$((cores * THREADS)),sockets=$cores,cores=1,threads=$THREADS"
    mib=$(($(numfmt --from=iec "$MEM") >> 20))
    for ((node = 0; node < NODES; node++)); do # exactly all of it
        nodes+=(-object "memory-backend-ram,id=node$node,size=$((mib * (node + 1) / NODES - mib * node / NODES))M"
            -numa "node,nodeid=$node,memdev=node$node")
    done
    for ((core = 0; core < cores; core++)); do # the first of two or more LPs is the second processor
        lp=$((core * THREADS < idle ? 0 : core * THREADS - idle))
        if ((lp >= LPS)); then lp=$((LPS - 1)); fi
        nodes+=(-numa "cpu,node-id=$((lp * NODES / LPS)),socket-id=$core")
    done
fi

if [[ $PAYLOAD ]]; then
    boot=(-kernel "$PAYLOAD" -append "$HV")
elif [[ $ISO ]]; then
    scripts/build-iso.sh "$ISO" "$HV" "$linux"
    boot=(-boot d -cdrom "$ISO")
elif [[ $NATIVE ]]; then
    boot=(-kernel "$root/bzImage" -initrd "$root/initramfs.cpio" -append "$linux")
else # multiboot modules: FILE COMMAND-LINE,FILE; a comma within one is written twice
    boot=(-kernel "$ELF" -append "$HV" -initrd "$root/bzImage ${linux//,/,,},$root/initramfs.cpio")
fi
if [[ ! $PAYLOAD ]]; then
    # shellcheck disable=SC2054 # QEMU's commas
    boot+=(-drive "file=$root/root.img,format=raw,if=none,id=root,readonly=on" -device virtio-blk-pci,drive=root)
fi

# shellcheck disable=SC2054
command=("$qemu" "${accel[@]}" -M q35,smm=off -cpu "$CPU" -smp "$cpus" -m "$MEM" ${nodes[@]+"${nodes[@]}"}
    -nodefaults -no-user-config -display none -serial mon:stdio -no-reboot
    -device isa-debug-exit,iobase=0xf4,iosize=4 "${boot[@]}" "$@")
for word in "${command[@]}"; do # so that it can be pasted into a shell
    if [[ $word =~ ^[A-Za-z0-9_./,=+:-]+$ ]]; then printf '%s ' "$word"; else printf '%s ' "${word@Q}"; fi
done
echo
if [[ -t 0 ]]; then echo "(Ctrl-A X ends the machine)"; fi
# --foreground: QEMU keeps the terminal
if [[ $TIMEOUT != 0 ]]; then command=(timeout --foreground -k 5 "$TIMEOUT" "${command[@]}"); fi
if [[ ! $LOG ]]; then exec "${command[@]}"; fi
status=0
"${command[@]}" | tee "$LOG" || status=${PIPESTATUS[0]}
exit "$status"
