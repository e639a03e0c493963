#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Makes build/hvstat/hvstat_VERSION_amd64.deb and libhvstat-dev_VERSION_amd64.deb of what `make hvstat` has built.
# The program is the one with shared libraries: they are of the same name in Debian 12 and 13, and get Debian's updates.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^#define HVSTAT_VERSION "\(.*\)"$/\1/p' hvstat/program.h)
architecture=$(dpkg --print-architecture)
maintainer=$(git log -1 --format='%an <%ae>' 2>/dev/null || true)
# The same sources make the same bytes.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct -- hvstat abi/counters.def 2>/dev/null || true)}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

put() { install -D -m "$1" "$2" "$3"; } # MODE FILE PLACE
documents() { # PACKAGE: licence and changes, as Debian wants them
    local folder=$work/$1/usr/share/doc/$1
    mkdir -p "$folder"
    {
        printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Trivium\n\n'
        printf 'Files: *\nCopyright: the authors of Trivium\nLicense: BSD-2-Clause\n'
        sed 's/^$/./; s/^/ /' LICENSE
    } >"$folder/copyright"
    printf 'hvstat (%s) unstable; urgency=low\n\n  * See the history of the sources.\n\n -- %s  %s\n' "$version" \
        "${maintainer:-Trivium <root@localhost>}" "$(date -uRd "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$folder/changelog.gz"
}
control() { # PACKAGE SECTION DEPENDS: the description comes from standard input
    mkdir -p "$work/$1/DEBIAN"
    {
        printf 'Package: %s\nSource: hvstat\nVersion: %s\nArchitecture: %s\nSection: %s\nPriority: optional\n' "$1" "$version" "$architecture" "$2"
        printf 'Maintainer: %s\nInstalled-Size: %s\nDepends: %s\n' "${maintainer:-Trivium <root@localhost>}" \
            "$(du -sk "$work/$1" | cut -f1)" "$3"
        cat
    } >"$work/$1/DEBIAN/control"
    (cd "$work/$1" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$work/$1/DEBIAN/md5sums"
}
pack() { # PACKAGE
    find "$work/$1" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group -Zxz -b "$work/$1" "build/hvstat/$1_${version}_$architecture.deb"
}

root=$work/hvstat
put 755 build/hvstat/hvstat "$root/usr/bin/hvstat"
strip "$root/usr/bin/hvstat"
put 644 hvstat/completion/hvstat.bash "$root/usr/share/bash-completion/completions/hvstat"
put 644 hvstat/deb/hvstat.service "$root/usr/lib/systemd/system/hvstat.service"
put 644 hvstat/grafana/hvstat.json "$root/usr/share/hvstat/grafana-dashboard.json"
for page in hvstat/man/*.1; do
    mkdir -p "$root/usr/share/man/man1"
    gzip -9nc "$page" >"$root/usr/share/man/man1/$(basename "$page").gz"
done
documents hvstat
libc=$(objdump -T build/hvstat/hvstat | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
control hvstat admin "libc6 (>= ${libc#GLIBC_}), libmicrohttpd12t64 | libmicrohttpd12, libncursesw6, libtinfo6" <<'TEXT'
Description: performance monitor for the root partition of a hypervisor
 Shows what a hypervisor of Hyper-V's architecture does, from the statistics
 that Linux's mshv driver offers in the root partition: a live screen, values
 in the formats of Windows' tools, intercepts by cost, metrics for Prometheus,
 recordings with reports, and advice by rules of thumb.
TEXT
pack hvstat

root=$work/libhvstat-dev
put 644 build/hvstat/libhvstat.a "$root/usr/lib/$(gcc -print-multiarch)/libhvstat.a"
for header in hvstat/lib/{hvstat,counters,use,windows}.h hvstat/lib/classes.def abi/counters.def; do
    put 644 "$header" "$root/usr/include/trivium/$header"
done
mkdir -p "$root/usr/share/man/man3" "$root/usr/share/pkgconfig"
gzip -9nc hvstat/man/libhvstat.3 >"$root/usr/share/man/man3/libhvstat.3.gz"
cat >"$root/usr/share/pkgconfig/libhvstat.pc" <<TEXT
Name: libhvstat
Description: statistics of a hypervisor of Hyper-V's architecture
Version: $version
Cflags: -I/usr/include/trivium
Libs: -lhvstat
TEXT
documents libhvstat-dev
control libhvstat-dev libdevel "libc6-dev" <<'TEXT'
Description: performance monitor for the root partition of a hypervisor - library
 The library under hvstat: samples of all counters of the hypervisor, and what
 happened between two of them.
TEXT
pack libhvstat-dev
