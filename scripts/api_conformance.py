"""Holds a running sandbox against its own OpenAPI document with Schemathesis: bounded, seeded, on loopback only.

Schemathesis lives in an environment of its own (`.venv-api`), because it slows every start of pytest; the server runs
in the project's.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES, SEED = "15", "20261123"
# What the sandbox does on purpose where a generic rule expects otherwise.
EXCLUDED_CHECKS = [
    "positive_data_acceptance",  # a well-formed request is often rightly refused: an unknown cart, a bad address
    "unsupported_method",  # OPTIONS belongs to CORS
    "allow_header_conformance",  # the framework's Allow lists one route's method, not the path's
    "missing_required_header",  # answered 401 by its own check
]


def main() -> int:
    """Start a server, run Schemathesis against it, stop the server; return Schemathesis' exit code."""
    server = subprocess.Popen(
        [ROOT / ".venv/bin/diddo", "serve", "--port", "0"], stderr=subprocess.PIPE, text=True, cwd=ROOT / "tests"
    )
    try:
        url = _url(server)
        command = [Path(sys.executable).with_name("st"), "run", f"{url}/openapi.json", "--url", url]
        command += ["--header", "Authorization: Bearer sk_test_conformance", "--checks", "all"]
        command += ["--exclude-checks", ",".join(EXCLUDED_CHECKS), "--max-examples", EXAMPLES, "--seed", SEED]
        command += ["--phases", "examples,coverage,fuzzing", "--workers", "1", "--no-color"]
        return subprocess.run(command, check=False, env=os.environ | {"NO_PROXY": "*"}, cwd="/tmp").returncode  # noqa: S108
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)


def _url(server: subprocess.Popen[str]) -> str:
    assert server.stderr is not None  # noqa: S101  it is a pipe
    for line in server.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found[0]
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    sys.exit(main())
