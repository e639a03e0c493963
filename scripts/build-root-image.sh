#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Leaves build/root/root.img: the root partition's user space, a small Debian with its stock QEMU, and in it the
# guest's stock kernel. What we write ourselves is not in it but in the initramfs (build-initramfs.sh, a second).
. "$(dirname "$0")/lib.sh"

build() {
    local kernel out module
    begin_product
    out=$work/product
    mkdir "$out"
    private_apt "$work/apt" /dev/null "$ROOT_SUITE"
    kernel=$(apt-cache depends "$GUEST_KERNEL_PACKAGE" | sed -n 's/.*Depends: \(linux-image-.*\)/\1/p' | head -n 1)
    cd "$work"
    step "download the guest's kernel: $kernel" apt-get download "$kernel"
    dpkg -x "$kernel"_*.deb guest
    mkdir modules
    for module in virtio_blk failover net_failover virtio_net; do # of Debian's modules, what guests under test load
        find guest -name "$module.ko.xz" -exec xz -dc {} + >"modules/$module.ko"
        [[ -s modules/$module.ko ]] || die "$kernel has no module $module"
    done
    tar -cf "$out/modules.tar" -C modules .
    echo "$kernel $(package_version "$kernel")" >>"$out/versions"
    unset APT_CONFIG

    # QEMU and its firmware from backports, all else stable; without documents, translations and QEMU's other programs.
    cat >preferences <<EOF
Package: src:qemu src:seabios src:ipxe
Pin: release n=$ROOT_NEW_SUITE
Pin-Priority: 500
EOF
    local exclude option=() archive
    sources "$ROOT_SUITE" "$ROOT_NEW_SUITE" >archive
    mapfile -t archive <archive
    for exclude in doc man locale info bash-completion; do option+=(--dpkgopt="path-exclude=/usr/share/$exclude/*"); done
    for exclude in system-i386 system-x86_64-microvm; do option+=(--dpkgopt="path-exclude=/usr/bin/qemu-$exclude"); done
    step "install Debian $ROOT_SUITE with QEMU (under a minute)" mmdebstrap --variant=essential "${option[@]}" \
        --aptopt='APT::Install-Recommends "false"' --include=qemu-system-x86,busybox-static,syslinux,dosfstools \
        --aptopt="$(network_settings)" --setup-hook='upload preferences /etc/apt/preferences.d/trivium' \
        --format=tar "$ROOT_SUITE" root.tar "${archive[@]}"
    # Through a tar, so that neither mmdebstrap nor we need root: in the image every file is root's, and /dev is devtmpfs.
    mkdir root
    tar -xf root.tar -C root --no-same-owner --exclude='./dev/*'
    dpkg-query --admindir=root/var/lib/dpkg -W -f '${Package} ${Version}\n' >packages
    grep -E '^(qemu-system-x86|seabios|libc6|busybox-static) ' packages >>"$out/versions"
    at_least "$(sed -n 's/^qemu-system-x86 //p' packages)" "$ROOT_QEMU_MIN" || die "the root's QEMU is older than $ROOT_QEMU_MIN"
    mkdir -p root/usr/lib/trivium/guest
    cp guest/boot/vmlinuz-* root/usr/lib/trivium/guest/vmlinuz
    # Not compressed: the emulated disk is faster than the emulated processor.
    step "make root.img" mkfs.erofs --all-root -T0 -U 00000000-0000-0000-0000-000000000000 "$out/root.img" root
    cp root/usr/bin/busybox guest/boot/vmlinuz-* packages "$out/"
    mv "$out"/vmlinuz-* "$out/vmlinuz"
    finish_product "$out"
}

product root-image "$ROOT_SUITE $ROOT_NEW_SUITE $ROOT_QEMU_MIN $GUEST_KERNEL_PACKAGE" "$0"
cached || build
use_product root-image root root.img busybox vmlinuz modules.tar packages
say "build/root/root.img: $(du -Lh "$BUILD/root/root.img" | cut -f1)"
