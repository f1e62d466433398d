"""The README: its blocks, and what it promises beyond them."""

from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from diddo_rules import Engine, load_settings
from diddo_sandbox.testing import InProcessSandbox

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def test_it_does_as_it_says(run_page: Any, tmp_path: Path) -> None:
    page = run_page(README)
    assert page.skipped == ["they run for as long as you like, and these are the tests"]
    [purchase] = [said for said in page.said if "SUBMITTED" in said]
    assert '"status":"SUBMITTED"' in purchase
    assert purchase.count('"order_') >= 2
    assert '"ok":true' in purchase
    _require_that_the_rule_refuses_a_large_cart(tmp_path)


def _require_that_the_rule_refuses_a_large_cart(folder: Path) -> None:
    with InProcessSandbox(engine=Engine.from_settings(load_settings(folder, {}))) as sandbox:
        item = {"variant_id": "gulls-scarf", "quantity": 51}
        assert sandbox.request("POST", "/cart/add", {"cart_id": "cart_ready", "item": item}).status == 200
        answer = sandbox.request("POST", "/checkout/cart_ready")
        assert (answer.status, "TOO_MANY_PIECES" in answer.codes) == (422, True)


def test_what_it_names_is_there() -> None:
    links = [
        child.attrs.get("href") or child.attrs.get("src")
        for one in MarkdownIt().parse(README.read_text("utf-8"))
        for child in one.children or []
    ]
    files = [str(link) for link in links if link and not str(link).startswith("http")]
    assert len(files) >= 5
    assert [link for link in files if not (ROOT / link).exists()] == []
