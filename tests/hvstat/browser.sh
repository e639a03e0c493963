#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The report of a recording in a real browser, light and dark. With a folder as argument the browser's pictures stay there.
# shellcheck source=tests/hvstat/common.sh
. "$(dirname "$0")/common.sh"

if ! command -v chromium >/dev/null; then skip "chromium is not installed"; exit; fi
live_tree 4 4 5 2
check "a recording of two seconds" hvstat record -d 0.1 -t 2 "$work/a"
check "a page" hvstat report -o "$work/page" "$work/a"
pictures=${1:-$work}
mkdir -p "$pictures"
browse() { # ARGUMENTS...
    timeout 120 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$work/chromium" --hide-scrollbars \
        --window-size=1400,1700 "$@" "file://$work/page/index.html" 2>"$work/chromium.log"
}
browse --dump-dom >"$work/dom"
check "the browser sees six charts" test "$(grep -c '<svg' "$work/dom")" = 6
check "and their lines" test "$(grep -o '<path class="line s[0-2]" d="M[0-9. LM]*">' "$work/dom" | wc -l)" = 3
check "it found no mistake" test "$(grep -ci 'parsererror' "$work/dom")" = 0
browse --screenshot="$pictures/light.png" >/dev/null
browse --blink-settings=preferredColorScheme=0 --screenshot="$pictures/dark.png" >/dev/null
# The pictures: many colours (charts), a light and a dark page.
cat >"$work/look.py" <<'PY'
import struct, sys, zlib
data = open(sys.argv[1], "rb").read()
width, height = struct.unpack(">II", data[16:24])
assert data[24] == 8 and data[25] in (2, 6), "not the PNG that chromium writes"
step, at, packed = 3 if data[25] == 2 else 4, 8, b""
while at < len(data):
    length, kind = struct.unpack(">I4s", data[at:at + 8])
    packed += data[at + 8:at + 8 + length] if kind == b"IDAT" else b""
    at += length + 12
raw, line, counts = zlib.decompress(packed), bytes(width * step), {}
for y in range(height):
    start = y * (width * step + 1)
    kind, now = raw[start], bytearray(raw[start + 1:start + 1 + width * step])
    for i in range(len(now)):
        a = now[i - step] if i >= step else 0
        b, c = line[i], line[i - step] if i >= step else 0
        if kind == 1: now[i] = (now[i] + a) & 255
        elif kind == 2: now[i] = (now[i] + b) & 255
        elif kind == 3: now[i] = (now[i] + (a + b) // 2) & 255
        elif kind == 4:
            p = a + b - c
            pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
            now[i] = (now[i] + (a if pa <= pb and pa <= pc else b if pb <= pc else c)) & 255
    line = bytes(now)
    if y % 4 == 0:
        for x in range(0, width * step, step * 4):
            colour = line[x:x + 3]
            counts[colour] = counts.get(colour, 0) + 1
most = max(counts, key=counts.get)
named = [colour for colour in sys.argv[2:] if counts.get(bytes.fromhex(colour), 0) > 20]
print("%02x%02x%02x" % tuple(most), *named)
PY
check "light: white cards and the light colours" test "$(python3 "$work/look.py" "$pictures/light.png" 2a78d6 eb6834 1baf7a)" = "ffffff 2a78d6 eb6834 1baf7a"
check "dark: dark cards and the dark colours" test "$(python3 "$work/look.py" "$pictures/dark.png" 3987e5 d95926 199e70)" = "1a1a19 3987e5 d95926 199e70"
