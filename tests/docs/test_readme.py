"""What the README promises beyond its blocks."""

from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def test_the_purchase_by_hand_ends_submitted(run_page: Any) -> None:
    [purchase] = [said for said in run_page(README).said if '"cart_id"' in said or "SUBMITTED" in said]
    assert '"status":"SUBMITTED"' in purchase
    assert purchase.count('"order_') >= 2
    assert '"ok":true' in purchase


def test_the_rule_in_ten_lines_refuses_a_large_cart(run_page: Any, tmp_path: Path) -> None:
    from diddo_rules import Engine, load_settings  # noqa: PLC0415  only here
    from diddo_sandbox.testing import InProcessSandbox  # noqa: PLC0415  only here

    run_page(README)
    with InProcessSandbox(engine=Engine.from_settings(load_settings(tmp_path, {}))) as sandbox:
        item = {"variant_id": "gulls-scarf", "quantity": 51}
        assert sandbox.request("POST", "/cart/add", {"cart_id": "cart_ready", "item": item}).status == 200
        answer = sandbox.request("POST", "/checkout/cart_ready")
        assert (answer.status, "TOO_MANY_PIECES" in answer.codes) == (422, True)


def test_what_the_readme_names_is_there() -> None:
    links = [
        child.attrs.get("href") or child.attrs.get("src")
        for one in MarkdownIt().parse(README.read_text("utf-8"))
        for child in one.children or []
    ]
    files = [str(link) for link in links if link and not str(link).startswith("http")]
    assert len(files) >= 5
    assert [link for link in files if not (ROOT / link).exists()] == []
