#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The program hvctl itself, on a machine without the driver: exit status and messages; the package; the manual page.
# cli.sh HVCTL
set -uo pipefail
hvctl=$1 passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C

# NAME STATUS PATTERN COMMAND...: the extended regular expression must be in the output.
check() {
    local name=$1 status=$2 pattern=$3 output got
    shift 3
    output=$("$@" 2>&1)
    got=$?
    if [[ $got == "$status" ]] && grep -qE -- "$pattern" <<<"$output"; then
        passed=$((passed + 1))
    else
        echo "FAIL $name: status $got, output:"
        head -n 20 <<<"$output"
        failed=$((failed + 1))
    fi
}

check "help" 0 'hvctl set GUEST' "$hvctl" --help
check "nothing" 2 'hvctl: what is to be done' "$hvctl"
check "no such command" 2 'hvctl: there is no command fly' "$hvctl" fly
check "a full disk" 1 'hvctl: cannot write' bash -c "'$hvctl' --help >/dev/full"
if [[ -e /dev/mshv ]]; then
    echo "there is a /dev/mshv here: what is said without it is not looked at"
else
    check "no driver" 1 'hvctl: there is no /dev/mshv: this is not the root partition' "$hvctl" list
fi
check "needs no shared library" 0 '^static$' bash -c "objdump -p '$hvctl' | grep -q NEEDED || echo static"

check "the package is made" 0 '' hvctl/deb/build.sh
package=$(echo build/hvctl/hvctl_*_*.deb)
check "its files" 0 '\./usr/sbin/hvctl$' dpkg-deb -c "$package"
check "its manual page" 0 '\./usr/share/man/man8/hvctl.8.gz$' dpkg-deb -c "$package"
first=$(sha256sum <"$package")
check "made again" 0 '' hvctl/deb/build.sh
check "it is the same" 0 '' test "$(sha256sum <"$package")" = "$first"
check "it is unpacked" 0 '' dpkg-deb -x "$package" "$work"
check "it runs" 0 '^hvctl [0-9.]+$' "$work/usr/sbin/hvctl" --version
for word in list show set affinity group create delete cap assign weight reserve limit json version; do
    check "the manual page has $word" 0 "\\b$word\\b" cat hvctl/hvctl.8
done
if command -v mandoc >/dev/null; then
    check "mandoc has nothing to say" 0 '^$' mandoc -T lint -W warning hvctl/hvctl.8
fi
echo "$passed passed, $failed failed"
((failed == 0))
