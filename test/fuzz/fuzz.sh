#!/bin/sh
# Fuzzes one target: replays its corpus, then looks for more for so many seconds.
#
#   fuzz.sh PROGRAM NAME SECONDS [--seeds FOLDER] [--keep FOLDER]
#
# --seeds: inputs beside those of corpus/NAME. --keep: where new inputs stay, and those that are a
# finding, in its folders corpus and findings; without it a finding is printed in hex, and all else
# forgotten.
set -eu

usage() {
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p;}' "$0" >&2
    exit 64
}

[ $# -ge 3 ] || usage
program=$1
name=$2
seconds=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tls-echo-fuzz.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
kept=$scratch/kept
seeds=$scratch/seeds
while [ $# -gt 0 ]; do
    case $1 in
    --seeds) seeds=$2 ;;
    --keep) kept=$2 ;;
    *) usage ;;
    esac
    shift 2
done
mkdir -p "$seeds" "$kept/findings" "$kept/corpus"
case $name in
server | client | records) words=$here/tls.dict ;;
*) words=$here/$name.dict ;;
esac

# The bytes of the findings, for whoever has only this log.
report() {
    cat "$scratch/log"
    for input in "$kept"/findings/*; do
        [ -f "$input" ] || continue
        echo "finding $(basename "$input"):"
        od -An -tx1 -v "$input"
    done
    exit 1
}

fuzz() {
    # What takes milliseconds here may take seconds on a busy machine, and is no finding there.
    set -- "$@" -timeout=60 -rss_limit_mb=4096 -max_len=4096 -print_final_stats=1
    [ ! -f "$words" ] || set -- "$@" "-dict=$words"
    set -- "$@" "-artifact_prefix=$kept/findings/" "$kept/corpus" "$seeds"
    # A target whose seeds hold keys has none in the tree.
    [ ! -d "$here/corpus/$name" ] || set -- "$@" "$here/corpus/$name"
    "$program" "$@" 2>"$scratch/log" || report
    grep -E 'DONE|stat::(number_of_executed_units|new_units_added)' "$scratch/log"
}

export UBSAN_OPTIONS=print_stacktrace=1
fuzz -runs=0
[ "$seconds" = 0 ] || fuzz "-max_total_time=$seconds"
