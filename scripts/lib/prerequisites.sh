#!/usr/bin/env bash
# Names every tool that is missing, and how to get it, before anything is built.
set -euo pipefail

missing=0

# need TOOL WHAT-IT-IS-FOR HOW-TO-GET-IT
need() {
    command -v "$1" >/dev/null 2>&1 && return
    echo "missing: $1 ($2). $3" >&2
    missing=1
}

python_311() {
    local candidate
    for candidate in "${PYTHON:-}" python3.11 python3; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

node_20() {
    [ "$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')" -ge 20 ] 2>/dev/null
}

check_prerequisites() {
    need cargo "builds the functions" "Install Rust with rustup: https://rustup.rs"
    need terraform "applies the infrastructure" "Install Terraform 1.9 or newer: https://developer.hashicorp.com/terraform/install"
    python_311 >/dev/null || {
        echo "missing: Python 3.11 with venv (runs the local AWS). Install python3.11 and python3.11-venv, or set PYTHON to it." >&2
        missing=1
    }
    node_20 || {
        echo "missing: Node 20 or newer (builds the web page). Install it from https://nodejs.org" >&2
        missing=1
    }
    return "$missing"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    check_prerequisites
fi
