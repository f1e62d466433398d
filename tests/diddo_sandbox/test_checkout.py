"""Routes 8, 9, 11, 12 and 15: validating, locking, paying, submitting."""

import json
from collections.abc import Callable

import jwt
import pytest

from diddo_sandbox.testing import InProcessSandbox

from .conftest import CARD, CONTRACT_CODES, HOODIE, SCARF, Api, Shopper, check_out, only_session, status, stripe


def test_the_codes_stand_in_the_contracts_order(in_process: InProcessSandbox) -> None:
    plan = in_process.app._engine.plan  # noqa: SLF001  the order is the engine's, this is where the two meet
    codes = [violation.code for step in plan.steps for violation in step.info.yields]
    assert codes == list(CONTRACT_CODES)


def test_a_cart_becomes_submitted_when_its_card_is_charged(api: Api) -> None:
    cart_id = api.ready_cart()
    total = api("GET", f"/cart/{cart_id}").json["cost"]["total"]
    shopper = check_out(api, cart_id)
    code, page = shopper.look()
    assert code == 200
    assert f"Pay {total['display_value']}" in page
    assert status(api, cart_id)["status"] == "IN_PROGRESS"

    code, leads_to = shopper.pay()
    assert (code, leads_to.startswith("http://sandbox.test/receipt/checkout_")) == (303, True)
    state = status(api, cart_id)
    assert state["status"] == state["cart"]["status"] == "SUBMITTED"
    assert all(store["is_submitted"] for store in state["cart"]["stores"])
    assert len(state["orders"]) == len(state["cart"]["stores"]) == 2
    for order in state["orders"]:
        assert set(order) == {"id", "cart_id", "status", "events", "required_actions"}
        assert order["cart_id"] == cart_id
        assert set(order["events"][0]) == {"id", "created_at"}
    session = only_session(api)
    assert (session["payment_status"], session["amount_total"]) == ("paid", total["value"])
    receipt = api("GET", leads_to.removeprefix("http://sandbox.test")).body.decode()
    assert all(order["id"] in receipt for order in state["orders"])


@pytest.mark.parametrize("cart_id", ["cart_ready", "cart_ready_eur", "cart_ready_jpy", "cart_ready_kwd"])
def test_ready_made_carts_are_paid_in_every_currency(api: Api, cart_id: str) -> None:
    total = api("GET", f"/cart/{cart_id}").json["cost"]["total"]
    check_out(api, cart_id).pay()
    assert status(api, cart_id)["status"] == "SUBMITTED"
    [charge] = stripe(api, "GET", "/v1/charges")["data"]
    assert (charge["amount"], charge["currency"]) == (total["value"], total["currency"].lower())


def test_a_declined_card_leaves_the_page_open_for_another(api: Api) -> None:
    shopper = check_out(api, "cart_ready")
    code, page = shopper.pay(number="4000000000000002")
    assert code == 402
    assert "Your card was declined." in page
    assert "4000000000000002" not in page
    assert 'value="Ada Okafor"' in page
    assert status(api, "cart_ready")["status"] == "IN_PROGRESS"
    assert shopper.pay()[0] == 303
    assert status(api, "cart_ready")["status"] == "SUBMITTED"
    charges = stripe(api, "GET", "/v1/charges")["data"]
    assert [charge["status"] for charge in charges] == ["succeeded", "failed"]


def test_a_challenge_is_passed_or_failed(api: Api) -> None:
    shopper = check_out(api, "cart_ready")
    code, challenge = shopper.pay(number="4000002760003184")
    assert code == 303
    assert "/3d_secure/" in challenge
    back = shopper.answer(challenge, "fail")
    assert back.endswith(shopper.path)
    assert "failed authentication" in shopper.look()[1]
    assert status(api, "cart_ready")["status"] == "IN_PROGRESS"

    _, challenge = shopper.pay(number="4000002760003184")
    assert "/receipt/checkout_" in shopper.answer(challenge, "complete")
    assert status(api, "cart_ready")["status"] == "SUBMITTED"


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"number": ""}, "number", "Enter the card number."),
        ({"number": "4242424242424241"}, "number", "Your card number is incorrect."),
        ({"number": "378282246310005"}, "cvc", "security code"),
        ({"expiry": "13/34"}, "expiry", "expiration month is invalid"),
        ({"expiry": "12/20"}, "expiry", "expiration year is invalid"),
        ({"expiry": "soon"}, "expiry", "month and year"),
        ({"cvc": "12"}, "cvc", "security code is invalid"),
        ({"number": "4111111111111111"}, "number", "test"),
    ],
)
def test_what_was_entered_wrongly_is_said_at_its_field(
    api: Api, fields: dict[str, str], field: str, message: str
) -> None:
    code, page = check_out(api, "cart_ready").pay(**fields)
    assert code in (402, 422)
    said = page.partition(f'id="{field}-error"')[2].partition("</p>")[0]
    assert message in said, page


@pytest.mark.parametrize(("email", "code"), [("", 422), ("nobody", 402), ("eve@example.test", 303)])
def test_the_page_asks_for_an_address_that_the_shop_did_not_give(api: Api, email: str, code: int) -> None:
    price = "line_items[0][price_data][{}]={}"
    lines = [price.format("currency", "usd"), price.format("unit_amount", 900), "line_items[0][quantity]=1"]
    lines.append(price.format("product_data][name", "Cap"))
    session = stripe(
        api, "POST", "/v1/checkout/sessions", "&".join(["mode=payment", "success_url=https://shop.example/", *lines])
    )
    shopper = Shopper(api.sandbox, session["url"])
    assert 'id="email"' in shopper.look()[1]
    answered, page = shopper.pay(email=email)
    assert answered == code
    if code == 303:
        assert stripe(api, "GET", f"/v1/checkout/sessions/{session['id']}")["customer_details"]["email"] == email
    else:
        assert 'id="email-error"' in page


def test_a_checked_out_cart_cannot_be_changed_or_checked_out_again(api: Api) -> None:
    check_out(api, "cart_ready")
    before = api("GET", "/cart/cart_ready").json
    for answer in (
        api.add(HOODIE, 1, "cart_ready"),
        api.set_quantity("cart_ready", HOODIE, 0),
        api("DELETE", "/cart/items", {"cart_id": "cart_ready", "variant_id": HOODIE}),
        api.buyer("cart_ready"),
        api.choose_first_shipping("cart_ready"),
    ):
        assert (answer.status, answer.codes) == (409, ["CART_MODIFICATION_FORBIDDEN"])
    assert api("POST", "/checkout/cart_ready").codes == ["ALREADY_SUBMITTED"]
    assert api("GET", "/cart/cart_ready").json == before


def test_one_of_many_racing_checkouts_wins(api: Api) -> None:
    cart_id = api.ready_cart()
    answers = api.sandbox.together(50, "POST", f"/checkout/{cart_id}", key=api.key)
    assert sorted(answer.status for answer in answers) == [200] + [409] * 49
    assert {code for answer in answers if answer.status == 409 for code in answer.codes} == {"ALREADY_SUBMITTED"}
    only_session(api)


def test_of_many_shoppers_on_one_page_one_pays(api: Api) -> None:
    shopper = check_out(api, "cart_ready")
    form = "&".join(f"{name}={value}" for name, value in CARD.items()).encode()
    answers = api.sandbox.together(20, "POST", shopper.path, form, key=None)
    assert sorted(answer.status for answer in answers) == [200] * 19 + [303]
    assert all(b"This is paid" in answer.body for answer in answers if answer.status == 200)
    assert len(stripe(api, "GET", "/v1/charges")["data"]) == 1


def test_an_expired_session_unlocks_the_cart(api: Api) -> None:
    shopper = check_out(api, "cart_ready")
    api("POST", "/_sandbox/clock", {"freeze": True})
    api("POST", "/_sandbox/clock", {"advance": 24 * 3600 + 1})
    assert shopper.pay()[0] == 410
    assert status(api, "cart_ready")["status"] == "IN_PROGRESS"
    assert api.add(SCARF, 1, "cart_ready").status == 200
    assert api.choose_first_shipping("cart_ready").status == 200
    check_out(api, "cart_ready").pay()
    assert status(api, "cart_ready")["status"] == "SUBMITTED"


def test_a_session_expired_by_its_owner_unlocks_the_cart_too(api: Api) -> None:
    check_out(api, "cart_ready")
    stripe(api, "POST", f"/v1/checkout/sessions/{only_session(api)['id']}/expire")
    status(api, "cart_ready")
    assert api.add(SCARF, 1, "cart_ready").status == 200


def test_several_failures_cancel_the_checkout(api: Api) -> None:
    shopper = check_out(api, "cart_ready")
    for _ in range(5):
        assert shopper.pay(number="4000000000000002")[0] == 402
        api.sandbox.settle()
    assert shopper.look()[0] == 410
    assert only_session(api)["status"] == "expired"
    assert api("POST", "/checkout/cart_ready").status == 200


def test_a_refund_leaves_the_cart_submitted(api: Api) -> None:
    check_out(api, "cart_ready").pay()
    session = only_session(api)
    stripe(api, "POST", "/v1/refunds", f"payment_intent={session['payment_intent']}")
    assert status(api, "cart_ready")["status"] == "SUBMITTED"


def test_keys_that_share_a_long_beginning_share_nothing_else(in_process: InProcessSandbox) -> None:
    first, second = (Api(in_process, f"sk_test_{'ci-run_' * 14}{number}") for number in (1, 2))
    paid, left = check_out(first, "cart_ready"), check_out(second, "cart_ready")
    assert paid.path != left.path
    assert paid.pay()[0] == 303
    assert (status(first, "cart_ready")["status"], status(second, "cart_ready")["status"]) == (
        "SUBMITTED",
        "IN_PROGRESS",
    )


def test_the_clock_goes_forward_and_not_past_the_century(api: Api) -> None:
    assert api("POST", "/_sandbox/clock", {"advance": 60}).status == 200
    for change in ({"freeze": 1}, {"advance": 4_102_444_800}):
        answer = api("POST", "/_sandbox/clock", change)
        assert (answer.status, answer.codes) == (422, ["INVALID_VALUE"])


def test_the_dry_run_says_everything_and_changes_nothing(api: Api) -> None:
    cart_id = api.add(HOODIE).json["id"]
    answer = api("POST", f"/checkout/{cart_id}/validate")
    assert answer.status == 200
    verdict = answer.json
    assert verdict["ok"] is False
    assert [found["code"] for found in verdict["violations"]] == [
        "BUYER_IDENTITY_MISSING",
        "SHIPPING_ADDRESS_UNAVAILABLE",
    ]
    assert verdict["next"] == {"method": "POST", "path": "/cart/customer", "why": "Says who buys."}
    assert len(verdict["ran"]) + len(verdict["skipped"]) == 9
    assert api.buyer(cart_id).status == 200
    next_call = api("POST", f"/checkout/{cart_id}/validate").json["next"]
    assert (next_call["method"], next_call["path"]) == ("GET", f"/cart/shipping-rates/{cart_id}")
    assert api.choose_first_shipping(cart_id).status == 200
    verdict = api("POST", f"/checkout/{cart_id}/validate").json
    assert (verdict["ok"], verdict["next"]["path"]) == (True, f"/checkout/{cart_id}")
    assert api.set_quantity(cart_id, HOODIE, 2).status == 200


def test_an_unknown_cart_can_be_judged_too(api: Api) -> None:
    verdict = api("POST", "/checkout/nope/validate").json
    assert [found["code"] for found in verdict["violations"]] == ["CART_NOT_FOUND"]
    assert len(verdict["skipped"]) == 8
    assert all("CART_NOT_FOUND" in skipped["reason"] for skipped in verdict["skipped"])


@pytest.mark.parametrize("body", [None, {}, {"first_name": "Ada", "email": "ada@example.test"}])
def test_a_session_token_is_signed_for_a_day(api: Api, body: object) -> None:
    answer = api("POST", "/checkout/cst", body)
    assert answer.status == 200
    claims = jwt.decode(answer.json["cst"], api.sandbox.app.services.secret, algorithms=["HS256"])
    assert claims["exp"] - claims["iat"] == 24 * 3600
    assert claims["sub"] == api.key.removeprefix("sk_test_")
    assert claims["buyer_identity"] == (body or {})


@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        ("qr.svg", "*/*", "image/svg+xml"),
        ("qr.png", "*/*", "image/png"),
        ("qr", "image/png", "image/png"),
        ("qr", "image/svg+xml,image/png;q=0.5", "image/svg+xml"),
        ("qr", "*/*", "image/svg+xml"),
        ("qr", "image/svg+xml;q=0.1, image/png", "image/png"),
        ("qr", "image/png;q=0, */*", "image/svg+xml"),
        ("qr", "", "image/svg+xml"),
    ],
)
def test_a_checkout_as_a_qr_code(api: Api, path: str, accept: str, media_type: str) -> None:
    answer = api.sandbox.request("GET", f"/checkout/cart_ready/{path}", key=api.key, headers={"accept": accept})
    assert (answer.status, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body.startswith(b"\x89PNG" if media_type == "image/png" else b"<?xml")
    assert only_session(api)["status"] == "open"
    assert api("GET", f"/checkout/cart_ready/{path}").codes == ["ALREADY_SUBMITTED"]
    assert api("GET", f"/checkout/cart_no_buyer/{path}").codes[0] == "BUYER_IDENTITY_MISSING"


def test_a_webhook_is_believed_only_with_its_signature(api: Api) -> None:
    check_out(api, "cart_ready")
    session = only_session(api)
    forged = {
        "id": "evt_1",
        "object": "event",
        "type": "checkout.session.completed",
        "data": {"object": session | {"payment_status": "paid"}},
    }
    answer = api.sandbox.request(
        "POST",
        "/_sandbox/gateways/stripe/webhook",
        json.dumps(forged).encode(),
        key=None,
        headers={"stripe-signature": "t=1,v1=" + "0" * 64},
    )
    assert (answer.status, answer.codes) == (400, ["INVALID_REQUEST"])
    assert status(api, "cart_ready")["status"] == "IN_PROGRESS"


def test_a_checkout_that_a_crash_cut_short_is_taken_over(make_api: Callable[[], Api]) -> None:
    """The server died between the lock and the session: the next run goes on instead of trapping the shopper."""
    api = make_api()
    checkouts = api.sandbox.app.services.checkouts
    world = api.sandbox.run(api.sandbox.app.services.worlds.open(api.key.removeprefix("sk_test_")))
    api.sandbox.run(checkouts._lock(world, "cart_ready"))  # noqa: SLF001  what a crash leaves behind
    assert api("POST", "/checkout/cart_ready").codes == ["ALREADY_SUBMITTED"]
    run, checkouts._run = checkouts._run, "the next run"  # noqa: SLF001  a restart
    try:
        assert api("POST", "/checkout/cart_ready").status == 200
    finally:
        checkouts._run = run  # noqa: SLF001  back
    assert only_session(api)["status"] == "open"
