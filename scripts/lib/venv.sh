#!/usr/bin/env bash
# Makes .venv from scripts/local/requirements.txt (hashes checked) unless it stands already. Prints nothing when there is nothing to do.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=scripts/lib/prerequisites.sh
. "$root/scripts/lib/prerequisites.sh"

requirements="$root/scripts/local/requirements.txt"
venv="$root/.venv"
stamp="$venv/.requirements"

python=$(python_311) || { check_prerequisites; exit 1; }
wanted=$("$python" -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$requirements")

if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    echo "installing the local tools into .venv" >&2
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$requirements"
    echo "$wanted" >"$stamp"
fi
