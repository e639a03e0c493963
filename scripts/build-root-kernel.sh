#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Leaves build/root/bzImage: Linux as Debian packages its source, unpatched by us, configured by
# image/root-kernel.config. (Debian's own binary kernels come without CONFIG_MSHV_ROOT.)
. "$(dirname "$0")/lib.sh"

fragment=$REPO/image/root-kernel.config

check_fragment() { # CONFIG: every line of the fragment must hold in the configuration
    local line name failed=0
    while read -r line; do
        case $line in
        CONFIG_*=*) grep -qxF -- "$line" "$1" || { say "did not take effect: $line"; failed=1; } ;;
        '# CONFIG_'*' is not set')
            name=${line#\# } name=${name%% *}
            if grep -q "^$name=" "$1"; then say "did not take effect: $line"; failed=1; fi ;;
        esac
    done <"$fragment"
    ((!failed)) || die "image/root-kernel.config asks for what this kernel cannot give (a missing dependency?)"
}

build() {
    local package version tree out
    begin_product
    private_apt "$work/apt" /dev/null "$ROOT_NEW_SUITE"
    package=$(apt-cache pkgnames linux-source- | grep -xE 'linux-source-[0-9]+\.[0-9]+' | sort -V | tail -n 1)
    at_least "${package#linux-source-}" "$ROOT_KERNEL_MIN" || die "newest is ${package:-none}, $ROOT_KERNEL_MIN is needed"
    version=$(package_version "$package")
    cd "$work"
    step "download $package $version" apt-get download "$package"
    dpkg -x "$package"_*.deb deb
    step "unpack $package" tar -xf "deb/usr/src/$package.tar.xz"
    tree=$work/$package out=$work/product
    # Not this build's date, user and host: the same source gives the same bytes.
    local make=(make -C "$tree" "O=$work/obj" ARCH=x86_64 KCONFIG_NOSILENTUPDATE=1
        KBUILD_BUILD_TIMESTAMP="$(date -uRr "deb/usr/src/$package.tar.xz")" KBUILD_BUILD_USER=trivium KBUILD_BUILD_HOST=trivium)
    step "configure" "${make[@]}" KCONFIG_ALLCONFIG="$fragment" allnoconfig
    check_fragment "$work/obj/.config"
    step "build the root kernel (3 to 5 minutes on 2 cores)" "${make[@]}" -j"$(nproc)" bzImage
    mkdir "$out"
    cp "$work/obj/arch/x86/boot/bzImage" "$work/obj/System.map" "$out/"
    cp "$work/obj/.config" "$out/config"
    echo "$package $version" | tee "$out/versions" >"$out/bzImage.version"
    finish_product "$out"
}

product root-kernel "$ROOT_NEW_SUITE $ROOT_KERNEL_MIN" "$0" "$fragment"
cached || build
use_product root-kernel root bzImage bzImage.version System.map config
say "build/root/bzImage: $(du -Lh "$BUILD/root/bzImage" | cut -f1)"
