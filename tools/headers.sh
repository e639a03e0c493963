#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every header must compile alone. Arguments: the compiler's flags (of the hypervisor; hvstat has its own).
set -uo pipefail
cd "$(dirname "$0")/.." || exit
count=0 failed=0
while read -r header; do
    count=$((count + 1))
    flags=("$@")
    if [[ $header == hvstat/* ]]; then flags=(-std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -I.); fi
    ${CC:-gcc} "${flags[@]}" -fsyntax-only -x c "$header" || failed=1
done < <(find abi backend boot core hvctl hvstat loader machine -name '*.h' | LC_ALL=C sort)
if ((failed)); then exit 1; fi
echo "$count headers compile alone"
