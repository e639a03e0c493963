#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Makes build/hvctl/hvctl_VERSION_amd64.deb of what `make hvctl` has built: a static program, so it needs nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^#define HVCTL_VERSION "\(.*\)"$/\1/p' hvctl/hvctl.h)
architecture=$(dpkg --print-architecture)
maintainer="Trivium <root@localhost>"
# The same sources make the same bytes.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct -- hvctl abi 2>/dev/null || true)}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

install -D -m 755 -s build/hvctl/hvctl "$work/usr/sbin/hvctl"
mkdir -p "$work/usr/share/man/man8" "$work/usr/share/doc/hvctl" "$work/DEBIAN"
gzip -9nc hvctl/hvctl.8 >"$work/usr/share/man/man8/hvctl.8.gz"
{
    printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Trivium\n\n'
    printf 'Files: *\nCopyright: the authors of Trivium\nLicense: BSD-2-Clause\n'
    sed 's/^$/./; s/^/ /' LICENSE
} >"$work/usr/share/doc/hvctl/copyright"
printf 'hvctl (%s) unstable; urgency=low\n\n  * See the history of the sources.\n\n -- %s  %s\n' "$version" \
    "$maintainer" "$(date -uRd "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$work/usr/share/doc/hvctl/changelog.gz"
{
    printf 'Package: hvctl\nVersion: %s\nArchitecture: %s\nSection: admin\nPriority: optional\n' "$version" "$architecture"
    printf 'Maintainer: %s\nInstalled-Size: %s\n' "$maintainer" "$(du -sk --apparent-size "$work/usr" | cut -f1)"
    cat <<'TEXT'
Description: scheduling of guests for the root partition of Trivium
 Sets weight, reserve, limit, affinity and CPU groups of running virtual
 machines in the hypervisor's scheduler, by way of Linux's mshv driver and
 without a change to the virtual machine monitor.
TEXT
} >"$work/DEBIAN/control"
(cd "$work" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$work/DEBIAN/md5sums"
find "$work" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz -b "$work" "build/hvctl/hvctl_${version}_$architecture.deb"
