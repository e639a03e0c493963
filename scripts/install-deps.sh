#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Installs what building and checking Trivium needs from the machine's own Debian release; nothing if all is there.
# Arguments: packages that are wanted besides.
set -euo pipefail

packages=(
    gcc make libc6-dev python3                  # hypervisor, root kernel, test programs; checks
    libncurses-dev libmicrohttpd-dev tmux curl mandoc # hvstat and its tests
    flex bison bc libelf-dev cpio lz4 xz-utils  # root kernel
    mmdebstrap uidmap erofs-utils debian-archive-keyring ca-certificates # root image
    grub-pc-bin grub-common xorriso mtools        # a CD that GRUB boots, for its test
    clang clang-tidy clang-format cppcheck shellcheck             # checks
)
packages+=("$@")

missing() {
    local package
    for package; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
    done
}
# Sanitizers and fuzzing need clang's run-time library, whose package is named by clang's version.
runtime() {
    local version
    version=$(apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
    echo "libclang-rt-${version:?no clang package known to apt}-dev"
}

if [[ -z $(missing "${packages[@]}") && -z $(missing "$(runtime)") ]]; then
    echo "install-deps: everything is installed"
    exit 0
fi
root=()
if ((EUID)); then root=(sudo); fi
echo "install-deps: package lists"
"${root[@]}" apt-get update -qq
mapfile -t wanted < <(missing "${packages[@]}" "$(runtime)")
echo "install-deps: installing ${wanted[*]}"
# RUNLEVEL: Prometheus is for the tests to start, not for the machine.
"${root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -qq -y --no-install-recommends "${wanted[@]}" </dev/null
