#!/bin/sh
# Runs a suite on a backend that does nothing, and checks that it fails usefully:
#     expect-failures.sh [EMULATOR] SUITE
# by status 1, with each test that needs the backend named, and a closing line.
set -eu

# What an unfinished port may pass: these only look at what fails.
may_pass='tls_context_error_may_be_null tls_context_garbage'

report=$(mktemp)
trap 'rm -f "$report" "$report.errors"' EXIT

complain() {
    cat "$report"
    echo "the suite on the skeleton: $1" >&2
    exit 1
}

status=0
"$@" > "$report" 2> "$report.errors" || status=$?
[ $status -eq 1 ] || complain "exit status $status, expected 1"

tail -n 1 "$report" | grep -Eq '^[0-9]+ passed, [0-9]+ failed$' || complain "no closing line"
for name in $("$@" --list); do
    grep -Eq "^(not )?ok [0-9]+ - $name\$" "$report" || complain "$name is not reported"
    if grep -Eq "^ok [0-9]+ - $name\$" "$report"; then
        case " $may_pass " in
        *" $name "*) ;;
        *) complain "$name passes" ;;
        esac
    fi
done
grep -q '^#   .*test.c:[0-9]*: ' "$report" || complain "no failure says where"
tail -n 1 "$report"
