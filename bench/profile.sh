#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Where the instructions of one operation go: bench/profile.sh OPERATION [LINES] runs it with every executed
# instruction logged and adds up by function. Values are instructions a turn.
set -euo pipefail
cd "$(dirname "$0")/.."
operation=${1:?usage: bench/profile.sh OPERATION [LINES]} lines=${2:-40}
make -s all
make -s -f tests/emulator/lib/image.mk FOLDER=bench build/emu/exits.bin
pipe=$(mktemp -u) && mkfifo "$pipe"
trap 'rm -f "$pipe"' EXIT
nm build/trivium.elf build/emu/exits.elf | awk 'NF == 3 && $2 ~ /[tT]/ { print $1, $3 }' | sort >"$pipe.symbols"
scripts/machine.sh --payload build/trivium.elf --lps 1 --mem 512M --icount --timeout 300 \
    -- -initrd "build/emu/exits.bin only=$operation" -d exec,nochain -dfilter 0x200000..0x7fffff,0x4000000..0x4ffffff -D "$pipe" </dev/null >"$pipe.out" &
turns=$(sed -n 's/^#define TURNS *//p' bench/exits/loops.h)
# Addresses have 16 digits, so they compare as text; the "" keeps awk from taking 1e5 for a number.
awk -v measure="$(nm build/emu/exits.elf | awk '$3 == "measure" { print $1 }')" -v turns="$turns" '
    FNR == NR { address[++symbols] = "x" $1; name[symbols] = $2; next }
    !on { if (index($0, measure)) on = 1; else next }
    /^Trace/ { split($0, part, "/"); count["x" part[2]]++ }
    END {
        for (pc in count) {
            low = 1; high = symbols
            while (low < high) {
                middle = int((low + high + 1) / 2)
                if (address[middle] <= pc) low = middle; else high = middle - 1
            }
            total[name[low]] += count[pc]
        }
        for (n in total) printf "%9.2f %s\n", total[n] / 7 / turns, n
    }' "$pipe.symbols" "$pipe" | sort -rn | head -n "$lines"
wait
grep -a '^bench' "$pipe.out"
rm -f "$pipe.symbols" "$pipe.out"
