"""The README does as it says: its blocks are run as they are written, in a fresh folder."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from diddo_sandbox.testing import RunningSandbox, sandbox_server

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text("utf-8")
BIN = Path(sys.executable).parent


def block(language: str, containing: str) -> str:
    """Return the one block of the README that contains a text."""
    tokens = MarkdownIt().parse(TEXT)
    [found] = [
        one.content for one in tokens if one.type == "fence" and one.info == language and containing in one.content
    ]
    return found


def run(folder: Path, *command: str | Path, stdin: str | None = None, **environ: str) -> str:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(  # noqa: S603  our own blocks
        command,
        cwd=folder,
        input=stdin,
        env={**os.environ, "PATH": path, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode in (0, 1), ended.stderr + ended.stdout
    return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSandbox]:
    with sandbox_server() as running:
        yield running


def test_the_purchase_by_hand_ends_submitted(server: RunningSandbox, tmp_path: Path) -> None:
    said = run(tmp_path, "bash", "-euo", "pipefail", stdin=block("bash", "DIDDO="), DIDDO=server.url)
    assert '"status":"SUBMITTED"' in said
    assert said.count('"order_') >= 2
    assert '"ok":true' in said


def test_the_sdk_talks_to_the_server(server: RunningSandbox, tmp_path: Path) -> None:
    code = block("python", "import stripe").replace("http://127.0.0.1:8080", server.url)
    said = run(tmp_path, sys.executable, "-", stdin=code, HOME=str(tmp_path))
    assert "Traceback" not in said


@pytest.fixture
def with_rule(tmp_path: Path) -> Path:
    (tmp_path / "small_orders.py").write_text(block("python", "class TooManyPieces"))
    (tmp_path / "diddo.toml").write_text(block("toml", "small_orders"))
    return tmp_path


def test_the_rule_in_ten_lines_works(with_rule: Path) -> None:
    assert "TOO_MANY_PIECES" in run(with_rule, "diddo", "rules", "list")
    assert "sales team" in run(with_rule, "diddo", "explain", "TOO_MANY_PIECES")
    line = {"quantity": 51, "variant": {"id": "cap"}}
    cart = {"id": "c", "stores": [{"store": "a.example", "cart_lines": [line]}]}
    found = run(with_rule, "diddo", "check", "-", stdin=str(cart).replace("'", '"'))
    assert "The cart has 51 pieces." in found


def test_the_rule_holds_on_the_server(with_rule: Path) -> None:
    from diddo_rules import Engine, load_settings  # noqa: PLC0415  only here
    from diddo_sandbox.testing import InProcessSandbox  # noqa: PLC0415  only here

    with InProcessSandbox(engine=Engine.from_settings(load_settings(with_rule, {}))) as sandbox:
        item = {"variant_id": "gulls-scarf", "quantity": 51}
        assert sandbox.request("POST", "/cart/add", {"cart_id": "cart_ready", "item": item}).status == 200
        answer = sandbox.request("POST", "/checkout/cart_ready")
        assert (answer.status, "TOO_MANY_PIECES" in answer.codes) == (422, True)


def test_the_block_for_ci_passes(tmp_path: Path) -> None:
    (tmp_path / "test_rules.py").write_text(block("python", "def test_valid_carts_pass"))
    said = run(
        tmp_path,
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--hypothesis-profile=ci",
        "-p",
        "no:cacheprovider",
        "test_rules.py",
    )
    assert "2 passed" in said


def test_what_the_readme_names_is_there() -> None:
    links = [
        child.attrs.get("href") or child.attrs.get("src")
        for one in MarkdownIt().parse(TEXT)
        for child in one.children or []
    ]
    files = [str(link) for link in links if link and not str(link).startswith("http")]
    assert len(files) >= 5
    assert [link for link in files if not (ROOT / link).exists()] == []
