#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Writes a CD image that GRUB boots: Trivium with its root partition, the same files that scripts/machine.sh gives to QEMU.
# scripts/build-iso.sh IMAGE TRIVIUM-COMMAND-LINE ROOT-COMMAND-LINE
set -euo pipefail
cd "$(dirname "$0")/.."
image=${1:?usage: scripts/build-iso.sh IMAGE TRIVIUM-COMMAND-LINE ROOT-COMMAND-LINE} hypervisor=$2 root=$3
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
mkdir -p "$files/boot/grub"
cp -L build/trivium.elf build/root/bzImage build/root/initramfs.cpio "$files/boot"
# GRUB leaves the file's name out of a command line, other loaders put it first: see boot/multiboot.c.
cat >"$files/boot/grub/grub.cfg" <<END
set timeout=0
menuentry Trivium {
    multiboot /boot/trivium.elf trivium.elf $hypervisor
    module /boot/bzImage bzImage $root
    module /boot/initramfs.cpio initramfs.cpio
}
END
grub-mkrescue --quiet -o "$image" "$files" --directory=/usr/lib/grub/i386-pc
