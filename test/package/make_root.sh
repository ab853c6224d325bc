#!/bin/sh
# Makes a small arm64 Debian system to install the package into, and prints its folder: dpkg and
# what it needs, nothing else. It is kept in a cache, ~/.cache/tls-echo or what TLS_ECHO_CACHE names.
#
#   make_root.sh          makes it, if it is not there, out of Debian's archive
#   make_root.sh --where  prints where it is, or would be; downloads nothing
#
# The packages of the system itself are unpacked, and entered into dpkg's list as installed; their
# own scripts do not run, which under emulation would take minutes. Whatever is installed after
# that goes through dpkg as on any board.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
archive_user="test/package"
# shellcheck source=third_party/archive.sh
. "$here/../../third_party/archive.sh"

# dpkg, the essential commands that maintainer scripts may count on, and what makes a system user.
packages="base-files base-passwd coreutils dash debianutils diffutils dpkg findutils grep gzip
    init-system-helpers libc-bin mawk perl-base sed tar systemd-standalone-sysusers"

offline_hint() {
    echo "The system is needed once, for the tests of the package; it is kept in $cache."
}

# Another recipe is another system.
find_root() {
    recipe=$(sha256sum <"$0" | cut -c 1-12)
    root=$cache/roots/arm64-$recipe
}

download() {
    # Nothing is installed yet: dpkg's list is empty, and apt takes a lock beside it.
    : >"$partial/status"
    prepare_apt "$cache/apt-arm64" deb "main non-free-firmware" 'APT::Architecture "arm64";' \
        'APT::Architectures "arm64";' "Dir::State::status \"$partial/status\";"
    say "downloading the packages of a small arm64 system"
    # shellcheck disable=SC2086 # words on purpose
    run_apt apt-get install --download-only --no-install-recommends -y \
        -o "Dir::Cache::archives=$partial/archives" $packages ||
        die "the download failed (see above). $(offline_hint)"
}

# Enters an unpacked package into dpkg's list, as dpkg would have done.
register() {
    name=$(dpkg-deb -f "$1" Package)
    [ "$(dpkg-deb -f "$1" Multi-Arch)" != same ] || name=$name:arm64
    {
        dpkg-deb -f "$1" | sed '1a Status: install ok installed'
        echo
    } >>"$tree/var/lib/dpkg/status"
    dpkg-deb --control "$1" "$partial/control"
    [ ! -f "$partial/control/md5sums" ] ||
        cp "$partial/control/md5sums" "$tree/var/lib/dpkg/info/$name.md5sums"
    rm -rf "$partial/control"
    dpkg-deb --fsys-tarfile "$1" | tar -t | sed 's|^\./|/|; s|/$||; s|^$|/.|' \
        >"$tree/var/lib/dpkg/info/$name.list"
}

unpack() {
    # The links /bin, /lib, ... come with base-files: first of all.
    for deb in "$partial"/archives/base-files_*.deb "$partial"/archives/*.deb; do
        dpkg-deb -x "$deb" "$tree"
    done
    mkdir -p "$tree/var/lib/dpkg/info" "$tree/var/lib/dpkg/updates"
    for deb in "$partial"/archives/*.deb; do
        register "$deb"
    done
}

# What the scripts of those packages would have made.
finish() {
    cp "$tree/usr/share/base-passwd/passwd.master" "$tree/etc/passwd"
    cp "$tree/usr/share/base-passwd/group.master" "$tree/etc/group"
    ln -sf mawk "$tree/usr/bin/awk"
    echo 0123456789abcdef0123456789abcdef >"$tree/etc/machine-id"
    mkdir -p "$tree/tmp" "$tree/proc" "$tree/dev" "$tree/run"
}

make() {
    package=arm64-system
    need_commands "apt, dpkg, tar, util-linux, coreutils" apt-get dpkg-deb flock sha256sum tar
    lock_cache
    [ ! -d "$root" ] || return 0
    partial=$cache/partial/arm64-root
    tree=$partial/tree
    rm -rf "$partial"
    mkdir -p "$tree" "$partial/archives/partial" "$cache/roots"
    download
    unpack
    finish
    mv "$tree" "$root"
    rm -rf "$partial"
}

find_cache
find_root
case $#:${1:-} in
0:) make ;;
1:--where) ;;
*)
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p;}' "$0" >&2
    exit 64
    ;;
esac
echo "$root"
