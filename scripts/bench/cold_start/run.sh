#!/usr/bin/env bash
# Runs the cold-start benchmark on the packages of scripts/package.sh, in a venv of its own (hashes checked).
#
#   scripts/bench/cold_start/run.sh [--runs N] [--warm N] [--json] [--packages DIR] [function…]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=scripts/lib/prerequisites.sh
. "$root/scripts/lib/prerequisites.sh"

requirements="$root/scripts/requirements/bench.txt"
venv="$root/target/bench-venv"
if ! cmp -s "$requirements" "$venv/installed.txt"; then
    python=$(python_311) || {
        echo "run.sh: Python 3.11 with venv is missing. Install python3.11 and python3.11-venv, or set PYTHON to it." >&2
        exit 1
    }
    echo "installing boto3 and scikit-learn into ${venv#"$root"/}" >&2
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$requirements"
    cp "$requirements" "$venv/installed.txt"
fi

cd "$root"
cargo build --locked --release --package nightjar-bench-empty
target=${CARGO_TARGET_DIR:-$root/target}
PYTHONPATH="$root/scripts" exec "$venv/bin/python" -m bench.cold_start --empty "$target/release/empty" "$@"
