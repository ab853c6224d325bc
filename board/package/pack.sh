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
rm -rf "$folder"
exec "$cpack" --config "$config" -B "$folder"
