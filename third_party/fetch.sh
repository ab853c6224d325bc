#!/bin/sh
# Gets the source of Mbed TLS or lwIP ready to build and prints the folder that it lies in.
#
#   fetch.sh mbedtls|lwip                        from Debian's archive, kept in a cache
#   fetch.sh mbedtls|lwip --unpatched            the same without our patches, to compare with
#   fetch.sh mbedtls|lwip --from DIR --into DIR  from a folder of yours, copied, without a network
#   fetch.sh --update-lock                       writes sources.lock for what the archive has now
#   fetch.sh --check-newest                      compares sources.lock with the archive; 1: it is behind
#
# apt verifies the archive's signature down to each file, sources.lock the exact version.
# TLS_ECHO_CACHE names another cache than ~/.cache/tls-echo, DEBIAN_MIRROR another mirror than
# the one this machine uses itself.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
lock=$here/sources.lock
archive_user=third_party
unpatched=
# shellcheck source=third_party/archive.sh
. "$here/archive.sh"

usage() {
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p;}' "$0" >&2
    exit 64
}

# What to do without the archive; the second half of many messages.
offline_hint() {
    option=$(echo "$1" | tr '[:lower:]' '[:upper:]')_SOURCE_DIR
    echo "To build without the archive, give the source yourself: cmake --preset NAME -D$option=FOLDER"
}

need_tools() {
    need_commands "apt, dpkg-dev, util-linux, coreutils" "$@"
}

# ---- Versions ------------------------------------------------------------------------------------

# The upstream part of a Debian version: 1:3.6.6-0.1~deb13u1 is 3.6.6, 2.2.1+dfsg1-1 is 2.2.1.
upstream_version() {
    echo "$1" | sed 's/^[0-9]*://; s/-[^-]*$//; s/[+~].*$//'
}

# True if upstream version $2 of package $1 is of the series this firmware is written for.
right_series() {
    case $1:$2 in
    mbedtls:3.6.*) lowest=3.6.6 ;;
    lwip:2.2.*) lowest=2.2.1 ;;
    *) return 1 ;;
    esac
    [ "$(printf '%s\n%s\n' "$lowest" "$2" | sort -V | head -n 1)" = "$lowest" ]
}

series_text() {
    case $1 in
    mbedtls) echo "Mbed TLS 3.6, at least 3.6.6" ;;
    lwip) echo "lwIP 2.2, at least 2.2.1" ;;
    esac
}

locked_version() {
    [ -f "$lock" ] || die "$lock is missing: take it from the project's repository again."
    awk -v package="$1" '$1 == package { print $2; exit }' "$lock"
}

# ---- The archive ---------------------------------------------------------------------------------

read_index() {
    prepare_apt "$cache/apt" deb-src main
}

archive_versions() {
    apt-cache -c "$apt/apt.conf" showsrc --only-source "$1" | sed -n 's/^Version: //p'
}

newest_version() {
    archive_versions "$1" | newest_of_versions
}

# Puts package $1 of version $2 into the cache, complete or not at all.
download() {
    partial=$cache/partial/$1
    rm -rf "$partial"
    mkdir -p "$partial" "$cache/downloads"
    say "downloading $1 $2"
    (cd "$partial" && run_apt apt-get source --download-only --only-source "$1=$2") ||
        die "the download failed (see above). $(offline_hint "$1")"
    (cd "$partial" && sha256sum -- *.dsc *.tar.* >SHA256SUMS)
    rm -rf "$cache/downloads/$1_$2"
    mv "$partial" "$cache/downloads/$1_$2"
}

# True if the files of the locked version $2 of package $1 are those that the lock names.
matches_lock() {
    awk -v package="$1" '$1 == package { print $3 "  " $4 }' "$lock" |
        (cd "$cache/downloads/$1_$2" && sha256sum --check --strict --status)
}

# The newest version of package $1 beyond $2 that lies in the cache, if any.
cached_newer() {
    found=$2
    for folder in "$cache/downloads/$1"_*; do
        version=${folder##*_}
        if [ -d "$folder" ] && right_series "$1" "$(upstream_version "$version")" &&
            dpkg --compare-versions "$version" gt "$found"; then
            found=$version
        fi
    done
    [ "$found" = "$2" ] || echo "$found"
}

# Sets version to what the archive offers in place of the locked version, which it has dropped.
choose_newer() {
    version=$(newest_version "$1")
    [ -n "$version" ] || die "the archive has no source package $1. $(offline_hint "$1")"
    right_series "$1" "$(upstream_version "$version")" && dpkg --compare-versions "$version" gt "$2" ||
        die "the archive no longer has $1 $2 but $version, which this firmware was not written for" \
            "(it needs $(series_text "$1")). Nothing was built. $(offline_hint "$1")"
}

notice_newer() {
    say "NOTICE: the archive has replaced $1 $2 by $3, a newer release of the same series."
    say "NOTICE: building with $3; its signature was verified. To accept it for good, run"
    say "NOTICE: third_party/fetch.sh --update-lock and commit sources.lock."
}

# Sets version to the release of package $1 to build, with its files complete in the cache.
obtain() {
    locked=$(locked_version "$1")
    [ -n "$locked" ] || die "$lock does not name $1: run third_party/fetch.sh --update-lock."
    version=$locked
    if [ -d "$cache/downloads/$1_$locked" ] && matches_lock "$1" "$locked"; then
        return
    fi
    rm -rf "$cache/downloads/$1_$locked"
    version=$(cached_newer "$1" "$locked")
    if [ -n "$version" ]; then
        notice_newer "$1" "$locked" "$version"
        return
    fi
    read_index
    obtain_from_archive "$1" "$locked"
}

obtain_from_archive() {
    if archive_versions "$1" | grep -qxF "$2"; then
        version=$2
        download "$1" "$2"
        matches_lock "$1" "$2" || refuse_mismatch "$1" "$2"
    else
        choose_newer "$1" "$2"
        download "$1" "$version"
        notice_newer "$1" "$2" "$version"
    fi
}

refuse_mismatch() {
    rm -rf "$cache/downloads/$1_$2"
    die "what the archive sent as $1 $2 has not the SHA-256 in third_party/sources.lock." \
        "Nothing was built. If the lock was edited, restore it from the repository; if you know" \
        "why the file changed, run third_party/fetch.sh --update-lock and look at the difference." \
        "$(offline_hint "$1")"
}

# ---- Unpacking -----------------------------------------------------------------------------------

# Without patches when the source is asked for as it was released.
patches_of() {
    [ -z "$unpatched" ] || return 0
    find "$here/patches" -name "$1-*.patch" | sort
}

# 16 hexadecimal digits that change with standard input and with our patches to package $1.
tree_key() {
    {
        cat
        patches_of "$1" | while read -r patch; do sha256sum <"$patch"; done
    } | sha256sum | cut -c 1-16
}

apply_patches() {
    patches_of "$1" | while read -r patch; do
        (cd "$2" && patch -p1 --batch --forward --silent <"$patch" >&2) ||
            die "${patch#"$here"/} does not apply to this $1. If the source is of another release" \
                "or already patched, take $(series_text "$1"), as it was released."
    done
}

# Unpacks the downloaded version of package $1 unless that was done before. Sets tree.
unpack() {
    downloads=$cache/downloads/$1_$version
    tree=$cache/sources/$1-$(upstream_version "$version")-$(tree_key "$1" <"$downloads/SHA256SUMS")
    [ ! -d "$tree" ] || return 0
    (cd "$downloads" && sha256sum --check --strict --status SHA256SUMS) ||
        die "the downloaded files of $1 in $downloads are damaged: remove that folder, try again."
    partial=$cache/partial/$1-source
    rm -rf "$partial"
    mkdir -p "$cache/partial" "$cache/sources"
    # --no-check: the hashes were compared above, the maintainer's own key is in no keyring here
    dpkg-source --no-check --no-copy --extract "$downloads"/*.dsc "$partial" >"$cache/partial/log" 2>&1 || {
        cat "$cache/partial/log" >&2
        die "dpkg-source cannot unpack $1 (see above)."
    }
    apply_patches "$1" "$partial" || exit 1
    mv "$partial" "$tree"
}

fetch() {
    package=$1
    need_tools apt-get apt-cache dpkg dpkg-source patch flock sha256sum
    lock_cache
    obtain "$1"
    unpack "$1"
    echo "$tree"
}

# ---- From a folder -------------------------------------------------------------------------------

# The parts of a source tree that are compiled or included.
parts_of() {
    case $1 in
    mbedtls) echo library include 3rdparty ;;
    lwip) echo src ;;
    esac
}

# The release of package $1 that lies in folder $2, by its own header.
folder_version() {
    case $1 in
    mbedtls)
        sed -n 's/^#define MBEDTLS_VERSION_STRING  *"\(.*\)"/\1/p' "$2/include/mbedtls/build_info.h"
        ;;
    lwip)
        sed -n 's/^#define LWIP_VERSION_\(MAJOR\|MINOR\|REVISION\)  *\([0-9]*\).*/\2/p' \
            "$2/src/include/lwip/init.h" | paste -s -d .
        ;;
    esac 2>/dev/null
}

check_folder() {
    found=$(folder_version "$1" "$2") || true
    [ -n "$found" ] || die "$2 does not look like a source folder of $1."
    right_series "$1" "$found" || die "$2 is $1 $found; needed is $(series_text "$1")."
    for part in $(parts_of "$1"); do
        [ -d "$2/$part" ] || die "$2 is not complete: $part is missing."
    done
    [ "$1" != mbedtls ] || [ -f "$2/library/error.c" ] ||
        die "$2 lacks generated files (library/error.c): take a release's tarball, or make them" \
            "there with 'make generated_files'."
}

copy_folder() {
    check_folder "$1" "$2"
    # shellcheck disable=SC2046 # the parts are words
    key=$(cd "$2" && find $(parts_of "$1") -type f -exec sha256sum {} + | sort | tree_key "$1")
    tree=$3/$1-$found-$key
    if [ ! -d "$tree" ]; then
        rm -rf "$3/$1-"*
        mkdir -p "$3/$1-partial"
        # shellcheck disable=SC2046
        (cd "$2" && tar -cf - $(parts_of "$1")) | tar -C "$3/$1-partial" -xf -
        apply_patches "$1" "$3/$1-partial" || exit 1
        mv "$3/$1-partial" "$tree"
    fi
    echo "$tree"
}

# ---- The lock ------------------------------------------------------------------------------------

lock_lines() {
    version=$(newest_version "$1")
    right_series "$1" "$(upstream_version "$version")" ||
        die "the archive has $1 ${version:-not at all}; needed is $(series_text "$1")."
    download "$1" "$version"
    while read -r hash file; do
        echo "$1 $version $hash $file"
    done <"$cache/downloads/$1_$version/SHA256SUMS"
}

update_lock() {
    package=mbedtls
    need_tools apt-get apt-cache dpkg flock sha256sum
    lock_cache
    read_index
    mkdir -p "$cache/partial"
    {
        sed -n '/^#/p' "$lock"
        lock_lines mbedtls
        lock_lines lwip
    } >"$cache/partial/sources.lock"
    mv "$cache/partial/sources.lock" "$lock"
    say "wrote $lock"
}

check_newest() {
    package=source
    need_tools apt-get apt-cache flock
    lock_cache
    read_index
    behind=0
    for package in mbedtls lwip; do
        report_newest "$package" "$(locked_version "$package")" "$(newest_version "$package")" ||
            behind=1
    done
    return "$behind"
}

find_cache
case $#:${1:-}:${2:-}:${4:-} in
1:mbedtls:: | 1:lwip::) fetch "$1" ;;
2:mbedtls:--unpatched: | 2:lwip:--unpatched:)
    unpatched=yes
    fetch "$1"
    ;;
5:mbedtls:--from:--into | 5:lwip:--from:--into) copy_folder "$1" "$3" "$5" ;;
1:--update-lock::) update_lock ;;
1:--check-newest::) check_newest ;;
*) usage ;;
esac
