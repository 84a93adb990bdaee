#!/usr/bin/env bash
# Loads an instance and watches what Nightjar does about it: --instance-id ID [--region R] [--minutes 10] [--local] [--key-file F]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/scripts/lib/venv.sh"
PYTHONPATH="$root/scripts" exec "$root/.venv/bin/python" -m stress "$@"
