#!/usr/bin/env bash
# Compiles what Python needs, each `.in` into a `.txt` beside it: every version pinned, every file's hash listed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=scripts/lib/prerequisites.sh
. "$root/scripts/lib/prerequisites.sh"

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"$(python_311)" -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check 'pip-tools==7.6.2'
for source in "$root"/scripts/local/requirements.in "$root"/scripts/requirements/*.in; do
    (
        cd "$(dirname "$source")"
        name=$(basename "$source" .in)
        "$tools/bin/pip-compile" --quiet --generate-hashes --strip-extras --no-annotate --no-header \
            --no-emit-index-url --no-emit-find-links --output-file "$name.txt" "$name.in"
        sed -i "1i # Compiled from $name.in for Python 3.11 (make requirements). Installed with --require-hashes." "$name.txt"
    )
done
