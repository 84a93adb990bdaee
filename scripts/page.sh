#!/usr/bin/env bash
# Builds the web page into dashboard/dist.
#
#   scripts/page.sh           installs what it is built with, and builds it
#   scripts/page.sh --test    lints, types, unit tests, the build with its limits, and the tests in a browser
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../dashboard"

case "${1:-}" in
    "" | --test) ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "../scripts/page.sh" >&2; exit 2 ;;
esac
command -v npm >/dev/null || { echo "missing: Node 20 or newer with npm (builds the web page). Install it from https://nodejs.org" >&2; exit 1; }

# npm writes the second file when it has installed what the first one names.
if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
    npm ci --no-audit --no-fund --loglevel=error
    touch node_modules/.package-lock.json
fi

if [ "${1:-}" != --test ]; then
    npm run --silent build
    exit
fi
export NO_COLOR=1
npm run --silent lint
npm run --silent typecheck
npm run --silent test
npm run --silent build
../scripts/lib/chromium.sh
npm run --silent test:browser
