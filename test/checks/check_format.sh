#!/bin/sh
# Fails if a C file is not laid out as .clang-format says.
# usage: check_format.sh CLANG_FORMAT SOURCE_DIR
#
# Releases of clang-format differ in details, so the release is fixed; both supported Debians have
# it. To put the files right: the same command with -i in place of --dry-run.
set -eu
cd "$2"
find firmware board test -name '*.[ch]' -exec "$1" --dry-run -Werror --style=file {} +
