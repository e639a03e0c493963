#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Leaves build/root/initramfs.cpio: our own part of the root partition. It mounts root.img (build-root-image.sh,
# which must have run) and lays image/root-files and image/programs over it. Takes a second, so it has no cache.
. "$(dirname "$0")/lib.sh"

busybox=$BUILD/root/busybox hvstat=$BUILD/hvstat/hvstat-static hvctl=$BUILD/hvctl/hvctl
[[ -x $busybox ]] || die "no build/root/busybox: run scripts/build-root-image.sh first"
[[ -x $hvstat ]] || die "no build/hvstat/hvstat-static: run make hvstat first"
[[ -x $hvctl ]] || die "no build/hvctl/hvctl: run make hvctl first"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pack() { (cd "$1" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible); } # FOLDER

files=$work/root/root-files
library=$files/usr/lib/trivium
mkdir -p "$work"/root/bin "$work"/guest/{bin,lib/modules} "$files"
cp -r "$REPO/image/root-files/." "$files"
mkdir -p "$library"/{bin,guest}
for source in "$REPO"/image/programs/*.c; do # static: the same file runs in the root and in the guest
    gcc -O2 -static -s -Wall -Wextra -o "$library/bin/$(basename "$source" .c)" "$source"
done

cp "$busybox" "$library"/bin/* "$work/guest/bin"
install -s "$hvstat" "$library/bin/hvstat" # the root's alone, as is the other
install -s "$hvctl" "$library/bin/hvctl"
cp "$REPO/image/guest-init" "$work/guest/init"
tar -xf "$BUILD/root/modules.tar" -C "$work/guest/lib/modules"
cp "$busybox" "$work/root/bin"
cp "$REPO/image/init" "$work/root/init"
find "$work" -exec touch -hd @0 {} +
pack "$work/guest" | gzip -9n >"$library/guest/guest.cpio.gz"
touch -d @0 "$library"/guest/* "$library/guest"
pack "$work/root" >"$work/initramfs.cpio"
mv "$work/initramfs.cpio" "$BUILD/root/initramfs.cpio"
say "build/root/initramfs.cpio: $(du -h "$BUILD/root/initramfs.cpio" | cut -f1)"
