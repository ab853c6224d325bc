#!/bin/sh
# Packs what a build has made for the package, the same bytes whoever does it, when and where.
# usage: pack.sh CPACK CONFIG SECONDS FOLDER
#   with CPack's configuration CONFIG, dated SECONDS since 1970, into FOLDER, which is emptied first
set -eu

cpack=$1
config=$2
folder=$4
export SOURCE_DATE_EPOCH="$3" TZ=UTC LC_ALL=C
umask 022

# The size of the files below a folder in KiB, each rounded up, as Debian's policy counts: a folder
# or a link is one.
installed_size() {
    find "$1" -mindepth 1 -path "$1/DEBIAN" -prune -o -printf '%y %s\n' |
        awk '{ size += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print size }'
}

# CPack counts a link as the file that it points to, and folders as the file system stores them,
# which would make another package of each.
correct_size() {
    tree=$folder/tree
    dpkg-deb --raw-extract "$1" "$tree"
    size=$(installed_size "$tree")
    sed -i "s/^Installed-Size: .*/Installed-Size: $size/" "$tree/DEBIAN/control"
    dpkg-deb --root-owner-group --threads-max=1 -Zxz --build "$tree" "$1"
    rm -rf "$tree"
}

rm -rf "$folder"
"$cpack" --config "$config" -B "$folder"
for deb in "$folder"/*.deb; do
    correct_size "$deb"
done
