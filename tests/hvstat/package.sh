#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The Debian packages, manual pages, completion; the program without shared libraries, also in the root's own Debian.
# shellcheck source=tests/hvstat/common.sh
. "$(dirname "$0")/common.sh"

cd "$REPO" || exit
check "the packages are made" hvstat/deb/build.sh
package=$(echo build/hvstat/hvstat_*_*.deb) library=$(echo build/hvstat/libhvstat-dev_*_*.deb)
sums=$(cat "$package" "$library" | sha256sum)
hvstat/deb/build.sh >/dev/null 2>&1
check "the same again" test "$(cat "$package" "$library" | sha256sum)" = "$sums"
has "fields" "$(dpkg-deb -f "$package")" '^Depends: libc6 \(>= 2\.[0-9]+\), libmicrohttpd12t64 \| libmicrohttpd12, libncursesw6, libtinfo6$'
files=$(dpkg-deb -c "$package")
for file in bin/hvstat share/man/man1/hvstat-top.1.gz share/bash-completion/completions/hvstat share/hvstat/grafana-dashboard.json \
    lib/systemd/system/hvstat.service share/doc/hvstat/copyright; do
    has "it has usr/$file" "$files" " \./usr/$file$"
done
check "all is root's" test "$(awk '$2 != "root/root"' <<<"$files" | wc -l)" = 0
dpkg-deb -x "$package" "$work/root"
dpkg-deb -x "$library" "$work/root"
check "what it needs is what it says" test "$(objdump -p "$work/root/usr/bin/hvstat" | awk '/NEEDED/ { print $2 }' | sort | tr '\n' ' ')" = \
    "libc.so.6 libm.so.6 libmicrohttpd.so.12 libncursesw.so.6 libtinfo.so.6 "
has "it runs" "$("$work/root/usr/bin/hvstat" --version)" '^hvstat [0-9.]+$'

# The example of the library's manual page, with the headers and the library of the package.
sed -n '/^#include/,/^\.Ed/p' hvstat/man/libhvstat.3 | sed '/^\.Ed/d; s/\\e/\\/g' >"$work/example.c"
check "the example compiles" gcc -Wall -Werror -I"$work/root/usr/include/trivium" "$work/example.c" -o "$work/example" \
    -L"$work/root/usr/lib/$(gcc -print-multiarch)" -lhvstat
check "and says there is no driver" test "$("$work/example"; echo $?)" = 1

# Manual pages: well-formed, and of each option that a command's help names.
if command -v mandoc >/dev/null; then
    check "mandoc has nothing to say" test -z "$(mandoc -T lint -W warning hvstat/man/* 2>&1)"
else
    skip "mandoc is not installed"
fi
# shellcheck source=hvstat/completion/hvstat.bash
. hvstat/completion/hvstat.bash
completes() { # WORDS...: the last one is being typed
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _hvstat
    printf '%s\n' "${COMPREPLY[@]}"
}
for command in top counters get exits serve record report advise; do
    mapfile -t options < <("$HVSTAT" $command --help | sed -n 's/^  *\(-.*\)/\1/p' | sed -E 's/ {2,}.*//' | grep -oE '(^|[ ,])--?[a-z0-9-]+' | tr -d ' ,' | sort -u)
    check "$command has options" test ${#options[@]} -gt 1
    for option in "${options[@]}"; do
        has "hvstat-$command.1 has $option" "$(cat hvstat/man/hvstat-$command.1)" "^\.It .*Fl ([a-z0-9]+ , )?${option#-}( |$)|^\.It Fl ${option#-}( |$)"
        has "completion has $option of $command" "$(completes hvstat $command "$option")" "^$option\$"
    done
done
has "commands are completed" "$(completes hvstat re)" '^record$'
has "behind --root too" "$(completes hvstat --root /x ad)" '^advise$'
has "formats" "$(completes hvstat get -f t)" '^tsv$'

# Without shared libraries.
check "it needs none" test -z "$(objdump -p build/hvstat/hvstat-static | grep NEEDED)"
"$REPO/build/hvstat/mktree" "$tree" 2 2 1 1
image=$REPO/build/root/root.img
if [[ -e $image ]] && ((EUID == 0)) && command -v fsck.erofs >/dev/null; then
    check "the root's image is unpacked" fsck.erofs --extract="$work/debian" "$image"
    mkdir -p "$work/debian/tmp"
    cp build/hvstat/hvstat-static "$work/debian/tmp/"
    cp -r "$tree" "$work/debian/tmp/mshv"
    has "it runs in the root's Debian" "$(chroot "$work/debian" /tmp/hvstat-static --root /tmp/mshv --no-wake top -1)" '^hvstat .* 2 LPs, root and 1 guest, 3 VPs'
else
    skip "in the root's Debian: there is no build/root/root.img (make inputs), or this is not root"
fi
"$REPO/build/hvstat/hvstat-static" --root "$tree" serve -l 127.0.0.1:0 >"$work/url" &
started+=($!)
until_true 50 grep -q http "$work/url"
check "it serves" curl -sf -m 10 "$(cat "$work/url")"
