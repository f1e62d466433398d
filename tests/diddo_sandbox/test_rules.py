# ruff: noqa: ARG001 (checks have the signature of their hook)
"""Rolling a rule out on the server: shadow, enforce, off; per world, at run time."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from diddo_gateways.documents.sqlite import SqliteDocuments
from diddo_plugins.buyer_identity import BuyerIdentityMissing
from diddo_rules import Cart, CheckSettings, Engine, Layer, Settings, Violation, check
from diddo_rules.loader import LoadedPlugin
from diddo_rules.testing import Reply
from diddo_sandbox.testing import InProcessSandbox

HOODIE, MUG = "harbor-hoodie-navy-m", "northside-mug-green"


class TooManyPieces(Violation):
    """Big orders are packed by hand, so they are not made online."""

    code = "TOO_MANY_PIECES"
    http_status = 422
    template = "{pieces} pieces are too many."
    remedy = "Take fewer."
    measure = "pieces"
    pieces: int


@check(points=("cart", "checkout"))
def few_pieces(cart: Cart) -> Iterator[TooManyPieces]:
    pieces = sum(line.quantity for store in cart.stores for line in store.cart_lines)
    if pieces > 5:
        yield TooManyPieces(at="/stores", pieces=pieces)


def engine_with(function: Any, **options: Any) -> Engine:
    plugin = ModuleType("pieces")
    setattr(plugin, function.__name__, function)
    return Engine([*Engine.from_settings(Settings()).plugins, LoadedPlugin("pieces", plugin, "test")], **options)


class Client:
    def __init__(self, sandbox: InProcessSandbox, world: str) -> None:
        self.sandbox = sandbox
        self.key = f"sk_test_{world}"

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.sandbox.request(method, path, body, key=self.key, headers=named)

    def add(self, variant_id: str, quantity: int, cart_id: str = "0") -> Reply:
        return self("POST", "/cart/add", {"cart_id": cart_id, "item": {"variant_id": variant_id, "quantity": quantity}})

    def set_quantity(self, cart_id: str, variant_id: str, quantity: int) -> Reply:
        item = {"variant_id": variant_id, "quantity": quantity}
        return self("POST", "/cart/update", {"cart_id": cart_id, "item": item})

    def mode(self, name: str, mode: str) -> Reply:
        return self("POST", "/_sandbox/rules/mode", {"name": name, "mode": mode})

    def shadow(self) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = self("GET", "/_sandbox/rules/shadow").json["records"]
        return records


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    running: list[InProcessSandbox] = []

    def start(engine: Engine, world: str = "default", **options: Any) -> Client:
        sandbox = InProcessSandbox(engine=engine, **options)
        running.append(sandbox.__enter__())
        return Client(sandbox, world)

    yield start
    for sandbox in running:
        sandbox.__exit__(None, None, None)


def test_a_rule_is_shadowed_enforced_and_switched_off_while_the_server_runs(serve: Callable[..., Client]) -> None:
    client = serve(engine_with(few_pieces))
    assert client.mode("TOO_MANY_PIECES", "shadow").status == 200
    cart_id = client.add(HOODIE, 6).json["id"]
    [record] = client.shadow()
    assert (record["cart_id"], record["point"], record["ok"]) == (cart_id, "cart", True)
    assert [it["code"] for it in record["shadow"]["violations"]] == ["TOO_MANY_PIECES"]
    client.mode("TOO_MANY_PIECES", "enforce")
    refused = client.add(MUG, 1, cart_id)
    assert (refused.status, refused.codes) == (422, ["TOO_MANY_PIECES"])
    client.mode("pieces", "off")
    assert client.add(MUG, 1, cart_id).status == 200
    assert len(client.shadow()) == 1


def test_no_cart_is_trapped(serve: Callable[..., Client]) -> None:
    client = serve(engine_with(few_pieces))
    client.mode("TOO_MANY_PIECES", "off")
    cart_id = client.add(HOODIE, 20).json["id"]
    client.add(MUG, 3, cart_id)
    client.mode("TOO_MANY_PIECES", "enforce")
    assert client.set_quantity(cart_id, HOODIE, 10).status == 200, "fewer is better, though still too many"
    assert client.set_quantity(cart_id, HOODIE, 11).codes == ["TOO_MANY_PIECES"], "more is worse"
    assert client("GET", f"/cart/{cart_id}").json["stores"][0]["cart_lines"][0]["quantity"] == 10
    assert client.set_quantity(cart_id, MUG, 0).status == 200
    assert client("POST", f"/checkout/{cart_id}").status == 400, "at checkout all counts"
    assert "TOO_MANY_PIECES" in client("POST", f"/checkout/{cart_id}").codes


def test_a_new_cart_is_refused_as_well(serve: Callable[..., Client]) -> None:
    client = serve(engine_with(few_pieces))
    assert client.add(HOODIE, 6).codes == ["TOO_MANY_PIECES"]
    assert client.add(HOODIE, 5).status == 200


def test_modes_are_a_worlds_own(serve: Callable[..., Client]) -> None:
    one = serve(engine_with(few_pieces), world="one")
    other = Client(one.sandbox, "other")
    one.mode("TOO_MANY_PIECES", "off")
    assert one.add(HOODIE, 6).status == 200
    assert other.add(HOODIE, 6).codes == ["TOO_MANY_PIECES"]
    other.mode("TOO_MANY_PIECES", "shadow")
    other.add(HOODIE, 6)
    assert one.shadow() == []
    assert len(other.shadow()) == 1


def test_modes_outlive_a_restart(tmp_path: Path) -> None:
    def run(engine: Engine) -> InProcessSandbox:
        return InProcessSandbox(engine=engine, documents=SqliteDocuments(tmp_path / "shop.db"))

    with run(engine_with(few_pieces)) as first:
        Client(first, "default").mode("TOO_MANY_PIECES", "off")
        Client(first, "default").mode("BUYER_IDENTITY_MISSING", "shadow")
    with run(engine_with(few_pieces)) as again:
        rules = Client(again, "default")("GET", "/_sandbox/rules").json["rules"]
        modes = {it["check"]: it["mode"] for it in rules}
        assert (modes["pieces:few_pieces"], modes["buyer_identity:buyer_is_known"]) == ("off", "shadow")
    with run(Engine.from_settings(Settings())) as without:
        answer = Client(without, "default")("POST", "/checkout/cart_ready")
        assert answer.status == 200, "what the gone plugin was told is passed over"


def test_the_rules_are_listed_as_they_run(serve: Callable[..., Client]) -> None:
    rules = serve(engine_with(few_pieces))("GET", "/_sandbox/rules").json["rules"]
    assert rules[0] == {
        "check": "cart:cart_exists",
        "plugin": "cart",
        "mode": "enforce",
        "codes": {"CART_NOT_FOUND": {"mode": "enforce", "severity": "error"}},
        "runs": {"checkout": 1, "api": 1},
        "io": False,
    }
    assert rules[-1]["runs"] == {"cart": 1, "checkout": 10}


def test_what_is_no_rule_is_refused_with_what_was_meant(serve: Callable[..., Client]) -> None:
    client = serve(engine_with(few_pieces))
    answer = client.mode("TOO_MANY_PICES", "off")
    assert (answer.status, answer.codes) == (422, ["INVALID_VALUE"])
    assert "Did you mean TOO_MANY_PIECES?" in answer.json["errors"][0]["message"]
    assert client.mode("TOO_MANY_PIECES", "loud").status == 400


def test_many_who_set_modes_at_once_are_all_heard(serve: Callable[..., Client]) -> None:
    client = serve(engine_with(few_pieces))
    answers = client.sandbox.together(8, "POST", "/_sandbox/rules/mode", b'{"name": "TOO_MANY_PIECES", "mode": "off"}')
    assert {it.status for it in answers} == {200}
    assert client.add(HOODIE, 6).status == 200


def test_warnings_travel_with_the_url(serve: Callable[..., Client]) -> None:
    client = serve(engine_with(few_pieces, checks={"TOO_MANY_PIECES": CheckSettings(severity="warning")}))
    assert client.add(HOODIE, 6).status == 200
    assert set(client("POST", "/checkout/cart_ready_eur").json) == {"url"}
    answer = client("POST", "/checkout/cart_force_TOO_MANY_PIECES")
    assert answer.status == 400, "there is no mutator, so there is no such cart"
    noisy = serve(engine_with(few_pieces_always, checks={"TOO_MANY_PIECES": CheckSettings(severity="warning")}))
    paid = noisy("POST", "/checkout/cart_ready")
    assert paid.status == 200
    assert [it["code"] for it in paid.json["warnings"]] == ["TOO_MANY_PIECES"]
    assert paid.json["url"]


@check()
def few_pieces_always(cart: Cart) -> Iterator[TooManyPieces]:
    yield TooManyPieces(at="/stores", pieces=len(cart.stores))


def test_an_io_check_is_asked_by_the_server(serve: Callable[..., Client]) -> None:
    @check()
    async def few_pieces(cart: Cart) -> list[TooManyPieces]:
        return [TooManyPieces(at="/stores", pieces=9)]

    client = serve(engine_with(few_pieces))
    assert client("POST", "/checkout/cart_ready").codes == ["TOO_MANY_PIECES"]
    verdict = client("POST", "/checkout/cart_ready/validate").json
    assert verdict["trace"][-1]["check"] == "pieces:few_pieces"
    assert verdict["trace"][-1]["codes"] == ["TOO_MANY_PIECES"]


def test_a_crash_in_the_shadow_refuses_nobody(serve: Callable[..., Client], caplog: pytest.LogCaptureFixture) -> None:
    @check()
    def few_pieces(cart: Cart) -> Iterator[TooManyPieces]:
        raise RuntimeError("broken on purpose")
        yield

    client = serve(engine_with(few_pieces, checks={"pieces": CheckSettings(mode="shadow")}))
    with caplog.at_level(logging.ERROR):
        assert client("POST", "/checkout/cart_ready").status == 200
        client.mode("pieces", "enforce")
        refused = client("POST", "/checkout/cart_ready_eur")
    assert (refused.status, refused.codes) == (500, ["INTERNAL_SERVER_ERROR"])
    assert [it["shadow"]["crashed"][0]["exception"] for it in client.shadow()] == ["RuntimeError"]
    assert "pieces:few_pieces crashed on cart cart_ready_eur" in caplog.text


def test_a_check_that_changes_the_cart_changes_only_what_checks_see(serve: Callable[..., Client]) -> None:
    @check(points=("cart", "checkout"), priority=1)
    def few_pieces(cart: Cart) -> Iterator[TooManyPieces]:
        vars(cart)["stores"] = ()
        vars(cart)["id"] = "stolen"
        yield from ()

    client = serve(engine_with(few_pieces))
    before = client("GET", "/cart/cart_ready").json
    client("POST", "/checkout/cart_ready")
    assert client("GET", "/cart/cart_ready").json["stores"] == before["stores"]


def test_points_and_stores_by_the_settings(serve: Callable[..., Client]) -> None:
    layer = Layer(checks={"BUYER_IDENTITY_MISSING": CheckSettings(mode="enforce")})
    client = serve(engine_with(few_pieces, points={"cart": layer}))
    assert client.add(HOODIE, 1).status == 200, "the buyer was missing before"
    verdict = client("POST", "/checkout/cart_no_buyer/validate?point=cart").json
    assert [it["code"] for it in verdict["violations"]] == ["BUYER_IDENTITY_MISSING"]
    assert client("POST", "/checkout/cart_no_buyer/validate?point=basket").status == 400


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("pt, fr;q=0.5", "fr"),
        ("en;q=0.9, ja;q=0.1", "en"),
        ("tlh", "en"),
        ("*;q=0.1, ;;;", "en"),
        ("de;q=0, es", "es"),
    ],
)
def test_errors_are_told_in_the_callers_language(serve: Callable[..., Client], header: str, language: str) -> None:
    client = serve(Engine.from_settings(Settings()))
    answer = client("POST", "/checkout/cart_no_buyer", accept_language=header)
    assert answer.headers["content-language"] == language
    assert "Accept-Language" in answer.headers["vary"]
    error, violation = answer.json["errors"][0], BuyerIdentityMissing(at="/buyer_identity")
    assert error["message"] == violation.message_in(language)
    assert error["details"]["remedy"] == violation.remedy_in(language)
    verdict = client("POST", "/checkout/cart_no_buyer/validate", accept_language=header)
    assert verdict.json["violations"][0]["message"] == error["message"]


def test_what_is_only_in_english_says_so(serve: Callable[..., Client]) -> None:
    client = serve(Engine.from_settings(Settings()))
    answer = client(
        "POST", "/cart/add", {"cart_id": "0", "item": {"variant_id": "nope", "quantity": 1}}, accept_language="de"
    )
    assert answer.status == 400
    assert answer.headers["content-language"] == "en"


@check(before=("MISSING_STORES",), after=("VARIANT_NOT_FOUND",), yields=(BuyerIdentityMissing,))
def in_a_circle(cart: Cart) -> Iterator[BuyerIdentityMissing]:
    yield from ()


def test_a_mode_that_would_make_a_circle_is_refused(serve: Callable[..., Client]) -> None:
    modes = {"pieces:in_a_circle": CheckSettings(mode="off")}
    client = serve(engine_with(in_a_circle, checks=modes))
    answer = client.mode("pieces:in_a_circle", "enforce")
    assert (answer.status, answer.codes) == (422, ["INVALID_VALUE"])
    assert "checks wait for each other in a circle" in answer.json["errors"][0]["message"]
    assert client("GET", "/_sandbox/rules").json["rules"][-1]["mode"] == "off"


def test_a_mode_that_was_kept_and_would_now_make_a_circle_holds_no_longer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def client_of(engine: Engine, stack: ExitStack) -> Client:
        documents = SqliteDocuments(tmp_path / "shop.db")
        return Client(stack.enter_context(InProcessSandbox(engine=engine, documents=documents)), "default")

    with ExitStack() as stack:
        client_of(engine_with(few_pieces), stack).mode("pieces", "enforce")
    with ExitStack() as stack:
        changed = engine_with(in_a_circle, checks={"pieces:in_a_circle": CheckSettings(mode="off")})
        assert client_of(changed, stack)("POST", "/checkout/cart_ready").status == 200
    assert "the mode enforce of pieces holds no longer in the world default: checks wait for" in caplog.text
