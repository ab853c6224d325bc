#!/bin/sh
# Makes what a board boots: kernel8.img, initramfs.zst and sdcard.img, in a folder.
#
#   image.sh BOARD PROGRAM FOLDER
#
# BOARD is a folder under board/ with modules and image/, PROGRAM the board's firmware. No root
# needed. The same input gives the same bytes; SOURCE_DATE_EPOCH is the date of all files.
set -eu
export LC_ALL=C TZ=UTC
umask 022
# mkfs.fat lies where an ordinary user does not look.
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "$0")" && pwd)

die() {
    echo "image: $*" >&2
    exit 1
}

usage() {
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p;}' "$0" >&2
    exit 64
}

need_commands() {
    for command in "$@"; do
        command -v "$command" >/dev/null ||
            die "'$command' is missing: install it" \
                "(packages genimage, mtools, dosfstools, kmod, zstd, python3)."
    done
}

# The folder that part $1 of the image comes from.
folder_of() {
    case $1 in
    made) echo "$made" ;;
    kernel) echo "$kernel" ;;
    raspi-firmware) "$here/fetch.sh" raspi-firmware ;;
    *) die "$recipe/files names a source \"$1\" that there is not." ;;
    esac
}

# Puts the kernel and the initramfs into $made.
make_parts() {
    # Without a name and a date in the header.
    gzip -n <"$(echo "$kernel"/boot/vmlinuz-*)" >"$made/kernel8.img"
    "$here/initramfs.py" --program "$program" --kernel "$kernel" \
        --modules "$here/../$board/modules" --output "$made/initramfs.zst"
}

# Collects the files of the card in $card.
fill_card() {
    cp -R "$here/card/." "$card"
    [ ! -d "$recipe/card" ] || cp -R "$recipe/card/." "$card"
    grep -v '^#' "$recipe/files" | while read -r part path target; do
        [ -n "$part" ] || continue
        folder=$(folder_of "$part") || exit 1
        mkdir -p "$card/$(dirname "${target:-.}")"
        # shellcheck disable=SC2086 # the path may be a pattern
        (cd "$folder" && cp -- $path "$card/${target:-}") ||
            die "$recipe/files: there is no $path in $folder."
    done
    find "$card" -type f -exec chmod 644 {} +
}

make_card() {
    MTOOLSRC=/dev/null genimage --config "$recipe/genimage.cfg" --rootpath "$card" \
        --inputpath "$partial" --outputpath "$partial/out" --tmppath "$partial/tmp" \
        --loglevel 1 >"$partial/log" 2>&1 || {
        cat "$partial/log" >&2
        die "genimage failed (see above)."
    }
    mv "$partial/out/sdcard.img" "$made"
}

[ $# = 3 ] || usage
board=$1
program=$2
output=$3
recipe=$here/../$board/image
[ -f "$recipe/genimage.cfg" ] || die "there is no image for the board \"$board\"."
[ -n "${SOURCE_DATE_EPOCH:-}" ] || die "SOURCE_DATE_EPOCH must name the date of the files."
need_commands genimage mcopy mkfs.fat modprobe zstd python3 gzip

kernel=$("$here/fetch.sh" kernel)
partial=$output.partial
made=$partial/made
card=$partial/card
rm -rf "$partial"
mkdir -p "$made" "$card"
make_parts
fill_card
make_card
rm -rf "$output"
mv "$made" "$output"
rm -rf "$partial"
