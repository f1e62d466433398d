#!/usr/bin/env bash
# Sees to it that there is Node 20 or newer, and the pinned SDK.
set -euo pipefail
cd "$(dirname "$0")"
if ! command -v npm >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing nodejs and npm ..." >&2
    apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
fi
if ! command -v npm >/dev/null || [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    echo "The judge for Node needs Node 20 or newer, and npm: install them first." >&2
    exit 1
fi
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund
