#!/bin/sh
# Gets OpenSSL's libcrypto for another architecture, unpacks it and prints the folder, which is like
# /usr.
#
#   fetch_libcrypto.sh ARCHITECTURE      as Debian calls it: arm64
#
# It is the release that this machine's own Debian has in libssl-dev: a newer one would ask for a newer
# C library than the cross compiler's. apt verifies the archive's signature down to each file.
# TLS_ECHO_CACHE names another cache than ~/.cache/tls-echo, DEBIAN_MIRROR another mirror than the one
# this machine uses itself.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
archive_user=libcrypto
package=libssl-dev
# shellcheck source=third_party/archive.sh
. "$here/archive.sh"

offline_hint() {
    echo "Or name a folder like /usr that has it: -DLIBCRYPTO_ROOT=FOLDER."
}

[ $# -eq 1 ] || {
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p;}' "$0" >&2
    exit 64
}
architecture=$1
need_commands "apt, dpkg, util-linux" apt-get dpkg flock
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null) || true
[ -n "$suite" ] || die "this is no release of Debian. $(offline_hint)"
find_cache
lock_cache
tree=$cache/libcrypto/$suite-$architecture
if [ ! -d "$tree" ]; then
    prepare_apt "$cache/apt-$suite-$architecture" deb main \
        "APT::Architecture \"$architecture\";" "APT::Architectures \"$architecture\";" \
        'Dir::State::status "/dev/null";'
    partial=$cache/partial/libcrypto
    rm -rf "$partial"
    mkdir -p "$partial/tree" "$cache/libcrypto"
    # The last two are what Debian 13's needs in turn.
    (cd "$partial" && run_apt apt-get download libssl-dev libzstd-dev zlib1g-dev) ||
        die "the download failed (see above). $(offline_hint)"
    for file in "$partial"/*.deb; do
        dpkg -x "$file" "$partial/tree"
        dpkg-deb -f "$file" Package Version | sed 's/^[^:]*: //' | paste -s -d ' ' >>"$partial/tree/packages"
    done
    mv "$partial/tree" "$tree"
    rm -rf "$partial"
fi
echo "$tree/usr"
