#!/bin/sh
# Fails if shellcheck has anything to say about a shell script of ours.
# usage: check_shell.sh SHELLCHECK SOURCE_DIR
set -eu
cd "$2"
find board certs third_party test \( -name '*.sh' -o -name run -o -path '*/debian/p*' \) -type f -exec "$1" --external-sources run .ci/run {} +
