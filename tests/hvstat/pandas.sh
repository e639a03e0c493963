#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The files of hvstat get in pandas, without a flag; a made-up machine whose rates are known tells whether it has read them right.
# shellcheck source=tests/hvstat/common.sh
. "$(dirname "$0")/common.sh"

python=/usr/bin/python3 # Debian's, as its packages are
if ! $python -c 'import pandas' 2>/dev/null; then skip "python3-pandas is not installed"; exit; fi
live_tree 4 4 3 2
for format in csv tsv; do
    check "get writes $format" hvstat get -f $format -si 1 -sc 4 -o "$work/out.$format" \
        '\Hyper-V Hypervisor Logical Processor(*)\% Guest Run Time' \
        '\Hyper-V Hypervisor Virtual Processor(partition 102:Hv VP 1)\CPUID Instructions/sec' '\Hyper-V Hypervisor\Partitions'
done
cat >"$work/read.py" <<'PY'
import sys, pandas
table = pandas.read_csv(sys.argv[1]) if sys.argv[1].endswith("csv") else pandas.read_table(sys.argv[1])
assert table.shape == (4, 1 + 5 + 1 + 1), table.shape
assert table.columns[0].startswith("(PDH-CSV 4.0)") or table.columns[0].startswith("(PDH-TSV 4.0)"), table.columns[0]
times = pandas.to_datetime(table[table.columns[0]])
assert times.diff().dt.total_seconds().dropna().between(0.8, 1.3).all(), times
for column in table.columns[1:]:
    assert table[column].dtype == "float64", (column, table[column].dtype)
total = next(column for column in table.columns if column.endswith("Logical Processor(_Total)\\% Guest Run Time"))
assert table[total].between(33, 34).all(), table[total]
cpuid = next(column for column in table.columns if column.endswith("(partition 102:Hv VP 1)\\CPUID Instructions/sec"))
assert table[cpuid].between(1500, 2500).all(), table[cpuid]
assert (table[table.columns[-1]] == 4).all(), table
PY
for format in csv tsv; do check "pandas reads $format" $python "$work/read.py" "$work/out.$format"; done
# One value that is not a number would make a column of texts.
sed '3s/,"[0-9.]*"/,"much"/' "$work/out.csv" >"$work/spoilt.csv"
check "and sees a spoilt one" test "$($python "$work/read.py" "$work/spoilt.csv" 2>/dev/null; echo $?)" = 1
