#!/usr/bin/env bash
# Sees to it that there is a browser for the page's tests: installs Debian's where that is possible, else says how to get one.
set -euo pipefail

for browser in "${CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome /opt/google/chrome/chrome \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
    if [ -n "$browser" ] && [ -x "$browser" ]; then exit 0; fi
done

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "installing chromium for the page's tests" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get install --yes --quiet --no-install-recommends chromium >/dev/null ||
        { apt-get update --quiet >/dev/null && apt-get install --yes --quiet --no-install-recommends chromium >/dev/null; }
    exit
fi
echo "missing: Chromium or Chrome (tests the web page). On Debian and Ubuntu: sudo apt-get install chromium; else set CHROMIUM to its path." >&2
exit 1
