#!/bin/sh
# Builds one preset twice, in folders of different names and depth, with the same certificates and
# without any compiler cache, and compares the programs byte for byte.
#
#   reproduce.sh SOURCE_DIR PRESET
set -eu

source=$1
preset=$2
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tls-echo-twice.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
unset CMAKE_C_COMPILER_LAUNCHER
export SOURCE_DATE_EPOCH=1767225600

"$source/certs/make-certs.sh" "$scratch/certs" >/dev/null
build_copy() {
    copy=$scratch/$1
    mkdir -p "$copy"
    (cd "$source" && git ls-files -z | xargs -0 cp --parents -t "$copy")
    (cd "$copy" && cmake --preset "$preset" "-DCERTS_DIR=$scratch/certs" &&
        cmake --build "build/$preset" --target tls-echo) >"$copy/log" 2>&1 || {
        cat "$copy/log" >&2
        exit 1
    }
    cp "$copy/build/$preset/bin/tls-echo" "$scratch/$2"
}
build_copy once first
build_copy and/once/more second
sha256sum "$scratch/first" "$scratch/second" | sed "s|$scratch/||"
cmp "$scratch/first" "$scratch/second" || {
    echo "reproduce: the two builds of $preset differ" >&2
    exit 1
}
echo "reproduce: two builds of $preset, the same $(wc -c <"$scratch/first") bytes"
