#!/usr/bin/env bash
# tests/chroot.sh [FOLDER]: shows that a bare Debian 12 is enough.
#
# Makes a minimal Debian 12 with debootstrap, copies this source tree into it without anything that
# was built, and there, with no terminal and nothing answered, runs
#     ./sim/run --setup      (from Debian's packages)
#     ./tests/run            (the normal tests)
#     ./sim/run quickstart   (without network, as everything is installed by then)
# Must be root. The mirror and the proxy are those of this machine's apt.
# FOLDER is kept afterwards; without it a temporary one is made and removed.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf 'chroot: %s\n' "$*"; }

if [ "$(id -u)" != 0 ]; then
    say "skipped: only root can make one"
    exit 77
fi
if ! command -v debootstrap >/dev/null; then
    say "skipped: the package debootstrap is not installed"
    exit 77
fi

if ! unshare --mount --pid --fork true 2>/dev/null; then
    say "skipped: this machine gives root no namespaces of its own"
    exit 77
fi

if [ $# -gt 0 ]; then
    root=$1
    mkdir -p "$root"
else
    root=$(mktemp -d "${TMPDIR:-/var/tmp}/taosim-chroot.XXXXXX")
    trap 'rm -rf --one-file-system "$root"' EXIT
fi

# Lines "URI SUITE COMPONENT" of what apt here reads from Debian 12.
apt_sources() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        grep -E '^[^ ]+ bookworm(-updates|-security)? ' | sort -u
}

bare_system() {
    # apt fetches as a user of its own, who must be able to come in.
    chmod 755 "$root"
    local mirror
    mirror=$(apt_sources | awk '$2 == "bookworm" { print $1; exit }')
    if [ -z "$mirror" ]; then
        say "skipped: apt on this machine knows no mirror of Debian 12"
        exit 77
    fi
    say "making a bare Debian 12 in $root"
    debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 || {
        tail -20 "$root.log"
        exit 1
    }
    rm -f "$root.log"
    apt_sources | sed 's/^/deb /' >"$root/etc/apt/sources.list"
    apt-config dump Acquire | grep -E '^Acquire::(https?|Check|Retries)' \
        >"$root/etc/apt/apt.conf.d/90machine" || true
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    cp /etc/hosts "$root/etc/hosts"
}

copy_source() {
    rm -rf "$root/taosim"
    mkdir "$root/taosim"
    tar -C "$source_folder" --exclude='./build*' --exclude=./runs --exclude=./.git -cf - . |
        tar -C "$root/taosim" -xf -
}

# inside [--offline] COMMAND: as root in the new system, without terminal and without our variables.
# The mounts live in a namespace of their own and vanish with the command.
inside() {
    local isolate=(unshare --mount --pid --fork --kill-child)
    if [ "$1" = --offline ]; then
        isolate+=(--net)
        shift
    fi
    local proxies=()
    local name
    for name in http_proxy https_proxy no_proxy; do
        if [ -n "${!name:-}" ]; then proxies+=("$name=${!name}"); fi
    done
    "${isolate[@]}" sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp CI=true "${proxies[@]}" \
        sh -c "cd /taosim && $1" </dev/null
}

[ -x "$root/usr/bin/apt-get" ] || bare_system
copy_source
say "setting up"
inside './sim/run --setup'
say "testing"
inside './tests/run'
if [ -f "$source_folder/scenarios/quickstart/scenario.yaml" ]; then
    say "running the quickstart without network"
    inside --offline './sim/run quickstart'
fi
say "a bare Debian 12 is enough"
