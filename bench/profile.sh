#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Where the instructions of one operation go: bench/profile.sh OPERATION [line] runs it with every executed
# instruction logged and adds up by function, inlined ones included, or by source line. Values are a turn's.
set -euo pipefail
cd "$(dirname "$0")/.."
operation=${1:?usage: bench/profile.sh OPERATION [line]} by=${2:-function}
make -s all
make -s -f tests/emulator/lib/image.mk FOLDER=bench build/emu/exits.bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkfifo "$work/log"
cp build/trivium.elf build/emu/exits.elf build/emu/exits.bin "$work"
rounds=$(sed -n 's/^#define ROUNDS[ \t]*//p' bench/exits/loops.h) turns=$(sed -n 's/^#define TURNS[ \t]*//p' bench/exits/loops.h)
if [[ $operation == *timer ]]; then turns=$(sed -n 's/^#define TIMER_TURNS[ \t]*//p' bench/exits/loops.h); fi

# PC and count of all that runs from the beginning of the measurement on.
awk -v measure="$(nm "$work/exits.elf" | awk '$3 == "measure" { print $1 }')" '
    !on { if (index($0, measure)) on = 1; else next }
    /^Trace/ { split($0, part, "/"); count[part[2]]++ }
    END { for (pc in count) print pc, count[pc] }' "$work/log" >"$work/counts" &
scripts/machine.sh --payload "$work/trivium.elf" --lps 1 --mem 512M --icount --timeout 300 \
    -- -initrd "$work/exits.bin only=$operation" -d exec,nochain \
    -dfilter 0x200000..0x7fffff,0x4000000..0x4ffffff -D "$work/log" </dev/null >"$work/out" || true # the exit code says that it ended itself
wait

# name ELF: one line "function file:line" for every address on standard input.
name() { addr2line -f -e "$1" | paste -d ' ' - - | sed 's| (discriminator.*||; s|/.*/\([^/]*/[^/]*\)$|\1|'; }
for image in "exits.elf ^0000000004" "trivium.elf ^0000000000[2-7]"; do
    grep -E "${image#* }" "$work/counts" >"$work/some" || continue
    cut -d ' ' -f 1 "$work/some" | name "$work/${image% *}" | paste -d ' ' "$work/some" -
done | awk -v by="$by" -v per=$((rounds * turns)) '
    { total[by == "line" ? $4 " " $3 : $3] += $2 }
    END { for (name in total) if (total[name] / per >= 0.5) printf "%9.2f %s\n", total[name] / per, name }' | sort -rn
grep -a '^bench' "$work/out"
