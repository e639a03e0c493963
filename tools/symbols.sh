#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes the table of function names for backtraces from a first link of the image:
#
#     tools/symbols.sh build/trivium.first.elf >build/symbols.S
#
# Linked with the same objects once more, it goes behind all code, whose addresses therefore stay.
# The table: pairs of 32-bit words (address, offset of the name), sorted; then the names.
set -eu

[ $# = 1 ] || {
	echo "usage: $0 image.elf" >&2
	exit 2
}

echo '/* Made by tools/symbols.sh. */'
LC_ALL=C ${NM:-nm} -n "$1" | awk '
	# One name for each address is enough.
	$2 ~ /^[tT]$/ && $1 != last {
		last = $1
		address[count] = $1
		name[count++] = $3
	}
	END {
		print "\t.section .symbols, \"a\""
		for (i = 0; i < count; i++) {
			print "\t.long 0x" substr(address[i], 9) ", " offset
			offset += length(name[i]) + 1
		}
		print "\t.section .symbol_names, \"a\""
		for (i = 0; i < count; i++)
			print "\t.asciz \"" name[i] "\""
		print "\t.section .note.GNU-stack, \"\", @progbits"
	}
	BEGIN { offset = 0; count = 0 }'
