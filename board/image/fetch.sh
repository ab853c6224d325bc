#!/bin/sh
# Gets what a board boots besides the firmware, unpacks it and prints the folder that it lies in.
#
#   fetch.sh kernel          Debian's arm64 kernel, with its modules and device trees
#   fetch.sh raspi-firmware  the boot files of the Raspberry Pi
#   fetch.sh --update-lock   writes packages.lock for what the archive has now
#   fetch.sh --check-newest           compares packages.lock with the archive; 1: it is behind
#
# apt verifies the archive's signature down to each file, packages.lock the exact version.
# TLS_ECHO_CACHE names another cache than ~/.cache/tls-echo, DEBIAN_MIRROR another mirror than
# the one this machine uses itself.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
lock=$here/packages.lock
archive_user=image
# shellcheck source=third_party/archive.sh
. "$here/../../third_party/archive.sh"
# depmod lies where an ordinary user does not look.
PATH=$PATH:/usr/sbin:/sbin

usage() {
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p;}' "$0" >&2
    exit 64
}

offline_hint() {
    echo "An image needs the archive once; what it sent is kept in $cache."
}

# ---- Versions ------------------------------------------------------------------------------------

# True if version $2 of part $1 is of a series that the images were made for.
right_series() {
    case $1:$2 in
    kernel:6.12.* | raspi-firmware:1.20*) ;;
    *) return 1 ;;
    esac
}

series_text() {
    case $1 in
    kernel) echo "Linux 6.12" ;;
    raspi-firmware) echo "raspi-firmware 1.20..." ;;
    esac
}

# The word of number $2 of the line that part $1 has in the lock: 2 package, 3 version, 4 SHA-256.
locked_word() {
    awk -v part="$1" -v word="$2" '$1 == part { print $word; exit }' "$lock"
}

# ---- The archive ---------------------------------------------------------------------------------

read_index() {
    prepare_apt "$cache/apt-arm64" deb "main non-free-firmware" \
        'APT::Architecture "arm64";' 'APT::Architectures "arm64";' 'Dir::State::status "/dev/null";'
}

archive_field() {
    apt-cache -c "$apt/apt.conf" show --no-all-versions "$1" 2>/dev/null | sed -n "s/^$2: //p"
}

# Sets name and version to the newest package that the archive has of part $1.
find_newest() {
    name=raspi-firmware
    # The kernel's package has its version in its name: another package always depends on the newest.
    [ "$1" != kernel ] ||
        name=$(archive_field linux-image-arm64 Depends | sed 's/^\(linux-image-[^ ,]*\).*/\1/')
    version=
    [ -z "$name" ] || version=$(archive_field "$name" Version)
    [ -n "$version" ] || die "the archive has no package for the $1. $(offline_hint "$1")"
    right_series "$1" "$version" ||
        die "the archive has the $1 $version, which these images were not made for (they need" \
            "$(series_text "$1")). Nothing was built. $(offline_hint "$1")"
}

archive_has() {
    apt-cache -c "$apt/apt.conf" show "$1=$2" >/dev/null 2>&1
}

# Puts version $3 of package $2 for part $1 into the cache, unpacked, complete or not at all.
download() {
    partial=$cache/partial/$1
    rm -rf "$partial"
    mkdir -p "$partial/tree" "$cache/boards"
    say "downloading $2 $3"
    (cd "$partial" && run_apt apt-get download "$2=$3") ||
        die "the download failed (see above). $(offline_hint "$1")"
    mv "$partial"/*.deb "$partial/package.deb"
    dpkg -x "$partial/package.deb" "$partial/tree"
    [ "$1" != kernel ] || index_modules "$partial/tree"
    rm -rf "$cache/boards/$1_$3"
    mv "$partial" "$cache/boards/$1_$3"
}

# Writes modules.dep and its like, as the installation of the kernel would.
index_modules() {
    ln -s usr/lib "$1/lib"
    depmod --basedir "$1" "$(basename "$1"/usr/lib/modules/*)" || die "depmod failed (see above)."
}

package_hash() {
    sha256sum <"$cache/boards/$1_$2/package.deb" | cut -d ' ' -f 1
}

# The newest version of part $1 beyond $2 that lies in the cache, if any.
cached_newer() {
    for folder in "$cache/boards/$1"_*; do
        version=${folder##*_}
        if [ -d "$folder" ] && right_series "$1" "$version" &&
            dpkg --compare-versions "$version" gt "$2"; then
            echo "$version"
        fi
    done | newest_of_versions
}

notice_newer() {
    say "NOTICE: the archive has replaced the $1 $2 by $3, a newer release of the same series."
    say "NOTICE: building with $3; its signature was verified. To accept it for good, run"
    say "NOTICE: board/image/fetch.sh --update-lock and commit packages.lock."
}

refuse_mismatch() {
    rm -rf "$cache/boards/$1_$2"
    die "what the archive sent as the $1 $2 has not the SHA-256 in board/image/packages.lock." \
        "Nothing was built. If the lock was edited, restore it from the repository; if you know" \
        "why the package changed, run board/image/fetch.sh --update-lock and look at the difference."
}

# Sets version to the release of part $1 to use, which then lies in the cache.
obtain() {
    version=$(locked_word "$1" 3)
    [ -n "$version" ] || die "$lock does not name the $1: run board/image/fetch.sh --update-lock."
    if [ -d "$cache/boards/$1_$version" ] &&
        [ "$(package_hash "$1" "$version")" = "$(locked_word "$1" 4)" ]; then
        return
    fi
    rm -rf "$cache/boards/$1_$version"
    locked=$version
    version=$(cached_newer "$1" "$locked")
    [ -n "$version" ] || obtain_from_archive "$1" "$locked"
    [ "$version" = "$locked" ] || notice_newer "$1" "$locked" "$version"
}

obtain_from_archive() {
    read_index
    name=$(locked_word "$1" 2)
    version=$2
    if archive_has "$name" "$version"; then
        download "$1" "$name" "$version"
        [ "$(package_hash "$1" "$version")" = "$(locked_word "$1" 4)" ] ||
            refuse_mismatch "$1" "$version"
    else
        find_newest "$1"
        download "$1" "$name" "$version"
    fi
}

begin() {
    package=$1
    need_commands "apt, dpkg, kmod, util-linux, coreutils" \
        apt-get apt-cache dpkg depmod flock sha256sum
    lock_cache
}

fetch() {
    [ -f "$lock" ] || die "$lock is missing: take it from the project's repository again."
    begin "$1"
    obtain "$1"
    echo "$cache/boards/$1_$version/tree"
}

# ---- The lock ------------------------------------------------------------------------------------

lock_line() {
    find_newest "$1"
    download "$1" "$name" "$version"
    echo "$1 $name $version $(package_hash "$1" "$version")"
}

update_lock() {
    begin packages
    read_index
    mkdir -p "$cache/partial"
    {
        echo "# What the boards boot besides the firmware: part, package, version, SHA-256."
        echo "# Written by board/image/fetch.sh --update-lock."
        lock_line kernel
        lock_line raspi-firmware
    } >"$cache/partial/packages.lock"
    mv "$cache/partial/packages.lock" "$lock"
    say "wrote $lock"
}

check_newest() {
    begin packages
    read_index
    behind=0
    for part in kernel raspi-firmware; do
        find_newest "$part"
        report_newest "$part" "$(awk -v part="$part" '$1 == part { print $3; exit }' "$lock")" \
            "$version" || behind=1
    done
    return "$behind"
}

find_cache
case $#:${1:-} in
1:kernel | 1:raspi-firmware) fetch "$1" ;;
1:--update-lock) update_lock ;;
1:--check-newest) check_newest ;;
*) usage ;;
esac
