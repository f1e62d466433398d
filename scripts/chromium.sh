#!/usr/bin/env bash
# Sees to it that there is a Chromium for the browser tests: $CHROMIUM, one on the path, or Debian's package.
set -euo pipefail
[ -n "${CHROMIUM:-}" ] && [ -x "$CHROMIUM" ] && exit 0
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing chromium ..." >&2
    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null
else
    echo "The browser tests need Chromium: install it ('apt-get install chromium'), or set CHROMIUM to its path." >&2
    exit 1
fi
