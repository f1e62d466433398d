#!/usr/bin/env bash
# Makes a virtual environment ($1) holding exactly the locked requirements ($2).
set -euo pipefail
env=$1 requirements=$2
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    { echo "diddo-rules needs Python 3.11 or newer; $python is $("$python" --version)" >&2; exit 1; }
if ! "$python" -c 'import ensurepip' 2>/dev/null; then # Debian packs it apart
    [ "$(id -u)" = 0 ] || { echo "Python's venv module is missing: install it with 'apt-get install python3-venv'." >&2; exit 1; }
    apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
fi

[ -x "$env/bin/python" ] || { echo "making $env ..." >&2; "$python" -m venv "$env"; }
"$env/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt 2> >(grep -v "Location 'file:" >&2)
# uv stays beside what it syncs: the lock names it too.
cat "$requirements" requirements/uv.txt | "$env/bin/uv" pip sync --quiet --python "$env/bin/python" --require-hashes -
