"""Card numbers, security codes and API keys are kept nowhere, and refused numbers not even as a digest."""

import logging
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import stripe

from diddo_gateways.stripe_fake.checkout.paying import CardForm, pay_session
from diddo_gateways.stripe_fake.payments.cards import test_cards as read_cards

NO_TEST_CARD = "4012888888881881"
MISTYPED = "4012888888881882"
CVC, AMEX_CVC = "739", "7391"
ACCOUNT, PERSONAL = "000123456789", "987654321"


def everything_stored(server: Any) -> str:
    """Return every text and number that the server's documents hold, whatever holds it there."""

    async def read() -> str:
        return "\n".join(texts_in(server.worlds.documents))

    return server.call(read())  # type: ignore[no-any-return]


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, bytes):
        yield value.decode()
    elif isinstance(value, str | int | float | None):
        yield str(value)
    elif isinstance(value, dict):
        for pair in value.items():
            yield from texts_in(pair)
    elif isinstance(value, Iterable):
        for part in value:
            yield from texts_in(part)
    else:
        slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        for name in [*getattr(value, "__dict__", ()), *slots]:
            yield from texts_in(getattr(value, name))


def use_every_card(shop: Any) -> None:
    """Send every test number in every way there is, together with numbers and codes that are refused."""
    customer = shop.client.v1.customers.create().id
    for card in read_cards().by_number.values():
        data = shop.by_number(card.number, cvc=AMEX_CVC if card.cvc_length == 4 else CVC)
        method = shop.client.v1.payment_methods.create(data)
        shop.client.v1.tokens.create({"card": {**data["card"], "exp_month": "12", "exp_year": "2040"}})
        for call in (
            lambda data=data: shop.pay(None, payment_method_data=data),
            lambda method=method: shop.client.v1.payment_methods.attach(method.id, {"customer": customer}),
        ):
            try:
                call()
            except stripe.CardError as error:
                assert card.number not in str(error.json_body)  # noqa: PT017  a decline is one of two good outcomes
    shop.client.v1.tokens.create({"bank_account": {"country": "US", "account_number": ACCOUNT}})
    shop.client.v1.tokens.create({"pii": {"id_number": PERSONAL}})
    shop.client.v1.tokens.create({"cvc_update": {"cvc": CVC}})
    for number, cvc in ((NO_TEST_CARD, CVC), (MISTYPED, CVC), ("4242424242424242", "73")):
        with pytest.raises(stripe.CardError) as refused:
            shop.pay(None, payment_method_data=shop.by_number(number, cvc=cvc))
        assert number not in str(refused.value.json_body)


def test_nothing_of_a_card_is_stored_or_logged(own_shop: Any, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    use_every_card(own_shop)
    session = own_shop.client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [
                {
                    "price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Hat"}},
                    "quantity": 1,
                }
            ],
            "success_url": "https://shop.test",
        }
    )
    for number in (NO_TEST_CARD, "4000000000000002", "4000002760003184", "4242424242424242"):
        form = CardForm(number=number, exp_month=12, exp_year=2040, cvc=CVC, email="a@b.test")
        own_shop.call(pay_session(own_shop.server.fake, session.id, form))
        assert number not in repr(form)
    # The SDK in this process logs what it sends; what counts is the server's own log.
    logged = [record.getMessage() for record in caplog.records if record.name.startswith(("diddo", "uvicorn"))]
    kept = "\n".join([everything_stored(own_shop.server), *logged])
    assert own_shop.name in kept, "the search looks at the right database"
    numbers = [NO_TEST_CARD, MISTYPED, ACCOUNT, PERSONAL, *read_cards().by_number]
    assert [number for number in numbers if number in kept] == []
    for code in (CVC, AMEX_CVC):
        # As JSON or a form would hold it; bare digits can be a row's number.
        assert re.search(rf'["=:]{code}(["&]|\b)', kept) is None
    assert "sk_test_" not in kept


@pytest.mark.parametrize("number", [NO_TEST_CARD, MISTYPED])
def test_a_refused_number_leaves_no_idempotency_record(own_shop: Any, number: str) -> None:
    before = everything_stored(own_shop.server)
    with pytest.raises(stripe.CardError):
        own_shop.client.v1.payment_methods.create(own_shop.by_number(number), {"idempotency_key": "once"})
    assert everything_stored(own_shop.server) == before
    visa = own_shop.by_number("4242424242424242")
    own_shop.client.v1.payment_methods.create(visa, {"idempotency_key": "once"})


def test_an_account_without_raw_card_access(own_shop: Any) -> None:
    own_shop.server.fake.raw_cards = False
    with pytest.raises(stripe.CardError) as caught:
        own_shop.client.v1.payment_methods.create(own_shop.by_number("4242424242424242"))
    assert (caught.value.http_status, caught.value.code) == (402, None)
    assert caught.value.user_message.startswith(
        "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens"
    )
    with pytest.raises(stripe.CardError, match="generally unsafe"):
        own_shop.pay(None, payment_method_data=own_shop.by_number("4242424242424242"))
    assert own_shop.client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}}).id
    assert own_shop.pay("pm_card_visa").status == "succeeded"
