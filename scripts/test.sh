#!/usr/bin/env bash
# Runs every check of the project one after the other and ends with a table: what ran, how much, how long.
# Stops at the first check that fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
table=""
started=$SECONDS

# How many tests the log of a check counts, in the words of the tool that ran them.
count() {
    sed -n -E \
        -e 's/.* ([0-9]+) tests? run: ([0-9]+) passed.*/\2 tests/p' \
        -e 's/^test result: ok\. ([1-9][0-9]*) passed.*/\1 doc tests/p' \
        -e 's/^Success! ([0-9]+) passed.*/\1 plan tests/p' \
        -e 's/^=* ?([0-9]+) passed.*/\1 tests/p' \
        -e 's/^ +Tests +([0-9]+) passed.*/\1 page tests/p' \
        -e 's/^ℹ pass ([0-9]+).*/\1 browser tests/p' \
        "$log" | paste -sd+ | sed 's/+/ + /g'
}

run() {
    local began=$SECONDS
    printf '\n==> make %s\n' "$1"
    if ! make --no-print-directory "$1" 2>&1 | tee "$log"; then
        printf '\n==> make %s failed\n' "$1"
        exit 1
    fi
    table+=$(printf '%-14s %4d s  %s' "$1" "$((SECONDS - began))" "$(count)")$'\n'
}

for check in "$@"; do
    run "$check"
done

printf '\n%s%-14s %4d s\n' "$table" "in all" "$((SECONDS - started))"
