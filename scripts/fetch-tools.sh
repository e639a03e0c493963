#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Leaves build/tools/qemu-system-x86_64: the emulator of the machine that Trivium boots on.
# The machine's own when new enough; else the one of its release or backports, unpacked beside the system:
# nothing is installed and the machine's apt sources stay as they are.
. "$(dirname "$0")/lib.sh"

tool=$BUILD/tools/qemu-system-x86_64
mkdir -p "$BUILD/tools"
qemu_version() { "$1" --version 2>/dev/null | sed -n '1s/.*version \([0-9.]*\).*/\1/p'; }

if own=$(command -v qemu-system-x86_64) && at_least "$(qemu_version "$own")" "$HOST_QEMU_MIN"; then
    ln -sfn "$own" "$tool"
    echo "the machine's own $("$own" --version | head -n 1)" | record host-qemu
    exit 0
fi

fetch() {
    local codename suites dir out best
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    # shellcheck disable=SC2059 # the format is ours (versions.conf)
    read -ra suites <<<"$(printf "$HOST_QEMU_SUITES" "$codename" "$codename")"
    begin_product
    dir=$work/apt out=$work/out
    # with the machine's own dpkg status only the libraries that it lacks are downloaded
    private_apt "$dir" /var/lib/dpkg/status "${suites[@]}"
    best=$(apt-cache madison qemu-system-x86 | awk '{ print $3 }' | sort -V | tail -n 1)
    at_least "${best:-0}" "$HOST_QEMU_MIN" || die "QEMU ${best:-none} in ${suites[*]}: $HOST_QEMU_MIN is needed"
    step "download QEMU $best" apt-get install -y --download-only -t "${suites[-1]}" qemu-system-x86
    mkdir "$out"
    for package in "$dir"/archives/*.deb; do
        dpkg -x "$package" "$out"
        dpkg-deb -f "$package" Package Version | sed 's/.*: //' | paste -sd ' '
    done >"$work/versions"
    grep -E '^(qemu-system-x86|seabios) ' "$work/versions" >"$out/versions"
    cat >"$out/qemu-system-x86_64" <<'EOF'
#!/bin/sh
# Written by scripts/fetch-tools.sh: QEMU with the libraries and firmware unpacked beside it.
here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="$here/usr/lib/x86_64-linux-gnu:$here/lib/x86_64-linux-gnu"
export QEMU_MODULE_DIR="$here/usr/lib/x86_64-linux-gnu/qemu"
exec "$here/usr/bin/qemu-system-x86_64" -L "$here/usr/share/qemu" -L "$here/usr/share/seabios" -L "$here/usr/lib/ipxe/qemu" "$@"
EOF
    chmod +x "$out/qemu-system-x86_64"
    finish_product "$out"
}

product host-qemu "$HOST_QEMU_SUITES $HOST_QEMU_MIN" "$0" /etc/os-release
# A cached one may lack a library that the machine had when it was fetched: so try it.
{ cached && "$product/qemu-system-x86_64" --version >/dev/null 2>&1; } || fetch
use_product host-qemu tools qemu-system-x86_64
say "$("$tool" --version | head -n 1)"
