# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the build scripts share: places, progress, a cache of products, and a private apt.

set -euo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$REPO/build
# Outside the tree, so that a fresh clone (CI) finds what an earlier one built; needs no network then.
CACHE=${TRIVIUM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/trivium}
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
# shellcheck source=scripts/versions.conf
. "$REPO/scripts/versions.conf"
mkdir -p "$BUILD/log" "$CACHE"

say() { printf '[%s %4ds] %s\n' "$(basename "$0" .sh)" "$SECONDS" "$*"; }
die() { say "FAILED: $*" >&2; exit 1; }

# step WHAT COMMAND...: run quietly into a log, say every 20 s how far it is, show the log's end if it fails.
step() {
    local what=$1 log start=$SECONDS pid status=0
    shift
    log=$BUILD/log/$(basename "$0" .sh)-${what//[^A-Za-z0-9]/-}.log
    say "$what"
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    while ! timeout 20 tail --pid="$pid" -f /dev/null; do
        say "  still: $what ($((SECONDS - start)) s): $(tail -n 1 "$log" | cut -c1-80)"
    done
    wait "$pid" || status=$?
    if ((status)); then
        tail -n 30 "$log" >&2
        die "$what (status $status, all of it in $log)"
    fi
    say "  done: $what ($((SECONDS - start)) s)"
}

# product NAME TEXT FILE...: sets $product to the folder of NAME as made from exactly this text and these files.
# The key is of inputs in the tree only, never of the archive's state: a cached product needs no network,
# and newer packages are looked for when an input changes or with TRIVIUM_REFRESH=1.
product=''
product() {
    product=$CACHE/$1-$({ echo "$2" && cat "${@:3}"; } | sha256sum | cut -c1-16)
}
cached() { [[ -d $product && ${TRIVIUM_REFRESH:-0} != 1 ]]; }

# A product is made in $work and renamed into place when complete: a stopped build leaves no half product.
work=''
begin_product() {
    find "$CACHE" -maxdepth 1 -name 'work.*' -mmin +360 -exec rm -rf {} + # of builds that were killed
    work=$(mktemp -d "$CACHE/work.XXXXXX")
    trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
}
finish_product() { # FOLDER
    rm -rf "$product"
    mv -T "$1" "$product" || [[ -d $product ]] # or another build with the same inputs was quicker
    # shellcheck disable=SC2012 # names of our own making
    ls -dt "${product%-*}"-* | tail -n +5 | xargs -r rm -rf # keep the four used last
}

# use_product NAME FOLDER FILE...: link the product's files into build/FOLDER.
use_product() {
    local name=$1 folder=$BUILD/$2 file
    shift 2
    touch "$product"
    mkdir -p "$folder"
    for file; do ln -sfn "$product/$file" "$folder/$file"; done
    record "$name" <"$product/versions"
}
record() { # NAME: standard input says what it is made of
    mkdir -p "$BUILD/versions"
    sed "s/^/$1: /" >"$BUILD/versions/$1"
    sed 's/^/  /' "$BUILD/versions/$1"
    cat "$BUILD"/versions/* >"$BUILD/versions.txt"
}

at_least() { dpkg --compare-versions "${1#*:}" ge "$2"; } # VERSION MINIMUM, epoch ignored

# The archive this machine is set up to use; named nowhere in the tree, so mirrors work.
mirror() {
    local codename
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    # shellcheck disable=SC2016 # apt's variables
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v release="$codename" '$2 == release && $3 == "main" { print $1; exit }' | grep . ||
        die "apt knows no Debian archive for $codename"
}
sources() { # SUITE...
    local uri suite
    uri=$(mirror)
    for suite; do echo "deb [signed-by=$KEYRING] $uri $suite main"; done
}

# How the machine's apt reaches the network (proxies, clock checks), without its hooks.
network_settings() { apt-config dump | grep -E '^Acquire::(https?|Retries|Check|ForceIPv)' || true; }

# private_apt FOLDER STATUS SUITE...: an apt of our own (sources, lists, cache) that leaves the machine's alone.
# STATUS is what counts as installed: the machine's dpkg status, or /dev/null for nothing.
private_apt() {
    local dir=$1 status=$2
    shift 2
    mkdir -p "$dir"/{lists,archives,state}/partial
    cp "$status" "$dir/status"
    sources "$@" >"$dir/sources.list"
    {
        network_settings
        cat <<EOF
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$dir/state";
Dir::State::Lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir";
Dir::Cache::archives "$dir/archives";
Acquire::Languages "none";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Sandbox::User "";
APT::Install-Recommends "false";
EOF
    } >"$dir/apt.conf"
    export APT_CONFIG=$dir/apt.conf
    step "package lists of $*" apt-get update
}
package_version() { apt-cache show "$1" | sed -n 's/^Version: //p' | head -n 1; } # PACKAGE[/SUITE or =VERSION]
