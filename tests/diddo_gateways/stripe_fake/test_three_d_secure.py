"""3-D Secure: every card of that group, on session and off, challenged or not, answered either way."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import stripe

from diddo_gateways.stripe_fake.payments.cards import test_cards as read_cards
from diddo_gateways.stripe_fake.payments.challenges import ChallengePage, answer_challenge, challenge_page

RETURN_URL = "https://shop.test/return?order=7#top"
ALL = [card for card in read_cards().all if card.group == "three_d_secure"]
REQUIRED = [card for card in ALL if card.three_d_secure == "required" and not card.lookup_fails]
PASSING = [card for card in REQUIRED if card.decline is None]
DECLINING = [card for card in REQUIRED if card.decline is not None]


def ways(cards: list[Any]) -> list[Any]:
    return [
        pytest.param(way, id=f"{card.name}-{way}")
        for card in cards
        for way in (card.number, *card.payment_methods, *card.tokens)
    ]


def pay(shop: Any, way: str, **params: Any) -> stripe.PaymentIntent:
    given = {"return_url": RETURN_URL, **params}
    if way.startswith("pm_"):
        return shop.pay(way, **given)  # type: ignore[no-any-return]
    card = {"token": way} if way.startswith("tok_") else shop.by_number(way, cvc="123")["card"]
    return shop.pay(None, payment_method_data={"type": "card", "card": card}, **given)  # type: ignore[no-any-return]


def asked(**how: Any) -> dict[str, Any]:
    return {"payment_method_options": {"card": {"request_three_d_secure": "any"}}, **how}


def challenge_of(intent: stripe.PaymentIntent) -> str:
    action: Any = intent.next_action
    assert action.type == "redirect_to_url"
    assert action.redirect_to_url.return_url == RETURN_URL
    assert action.redirect_to_url.url.startswith("http://pages.test/3d_secure/")
    return action.redirect_to_url.url.rpartition("/")[2]  # type: ignore[no-any-return]


def answer(shop: Any, intent: stripe.PaymentIntent, outcome: str) -> Any:
    return shop.call(answer_challenge(shop.server.fake, challenge_of(intent), outcome))  # type: ignore[arg-type]


def details_of(shop: Any, intent_id: str) -> Any:
    intent = shop.client.v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]})
    return intent.latest_charge.payment_method_details.card.three_d_secure


@pytest.mark.parametrize("way", ways(PASSING))
def test_a_challenge_that_is_passed(shop: Any, way: str, well_formed: Any) -> None:
    intent = pay(shop, way)
    well_formed(intent)
    assert (intent.status, intent.latest_charge) == ("requires_action", None)
    url = answer(shop, intent, "complete")
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", "shop.test", "/return", "top")
    assert dict(parse_qsl(parts.query)) == {
        "order": "7",
        "payment_intent": intent.id,
        "payment_intent_client_secret": intent.client_secret,
        "redirect_status": "succeeded",
    }
    paid = shop.client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    well_formed(paid.latest_charge)
    assert (paid.status, paid.next_action, paid.amount_received) == ("succeeded", None, 2000)
    shown = paid.latest_charge.payment_method_details.card.three_d_secure
    assert (shown.result, shown.authentication_flow, shown.version) == ("authenticated", "challenge", "2.2.0")
    assert shop.events() == [
        "payment_intent.created",
        "payment_intent.requires_action",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


@pytest.mark.parametrize("way", ways(REQUIRED))
def test_a_challenge_that_is_failed(shop: Any, way: str) -> None:
    intent = pay(shop, way)
    assert "redirect_status=failed" in answer(shop, intent, "fail")
    failed = shop.client.v1.payment_intents.retrieve(intent.id)
    assert (failed.status, failed.payment_method, failed.latest_charge) == ("requires_payment_method", None, None)
    error = failed.last_payment_error
    assert (error.type, error.code) == ("invalid_request_error", "payment_intent_authentication_failure")
    assert error.message == (
        "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new"
        " PaymentMethod to attempt to fulfill this PaymentIntent again."
    )
    assert error.payment_method.id == intent.payment_method
    assert shop.events()[-1] == "payment_intent.payment_failed"
    again = shop.client.v1.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL}
    )
    assert again.status == "succeeded"


@pytest.mark.parametrize("way", ways(DECLINING))
def test_a_decline_after_the_challenge(shop: Any, way: str) -> None:
    intent = pay(shop, way)
    assert "redirect_status=failed" in answer(shop, intent, "complete")
    failed = shop.client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (failed.status, failed.last_payment_error.code) == ("requires_payment_method", "card_declined")
    charge = failed.latest_charge
    assert (charge.status, charge.failure_code) == ("failed", "card_declined")
    assert charge.payment_method_details.card.three_d_secure.result == "authenticated"
    assert shop.events()[-2:] == ["charge.failed", "payment_intent.payment_failed"]


@pytest.mark.parametrize("way", ways([card for card in ALL if card.lookup_fails]))
def test_a_lookup_that_fails_when_asked_for(shop: Any, way: str) -> None:
    card = read_cards().by_number.get(way) or read_cards().by_payment_method.get(way) or read_cards().by_token[way]
    if card.three_d_secure == "required":
        with pytest.raises(stripe.CardError) as caught:
            pay(shop, way)
        assert (caught.value.code, shop.told(caught.value, "decline_code")) == ("card_declined", "generic_decline")
        intent_id = caught.value.error.payment_intent.id  # type: ignore[union-attr]
    else:
        assert details_of(shop, pay(shop, way).id) is None
        intent = pay(shop, way, **asked())
        assert intent.status == "succeeded"
        intent_id = intent.id
    assert details_of(shop, intent_id).result == "processing_error"


@pytest.mark.parametrize("requested", ["any", "challenge"])
def test_an_optional_challenge_comes_when_asked_for(shop: Any, requested: str) -> None:
    assert pay(shop, "pm_card_threeDSecureOptional").status == "succeeded"
    how = {"payment_method_options": {"card": {"request_three_d_secure": requested}}}
    intent = pay(shop, "pm_card_threeDSecureOptional", **how)
    assert intent.status == "requires_action"
    answer(shop, intent, "complete")
    assert details_of(shop, intent.id).result == "authenticated"


def test_a_frictionless_authentication(shop: Any) -> None:
    intent = pay(shop, "4000000032200000")
    assert intent.status == "succeeded"
    shown = details_of(shop, intent.id)
    assert (shown.result, shown.authentication_flow) == ("authenticated", "frictionless")


@pytest.mark.parametrize(
    ("method", "result"),
    [("pm_card_visa", "attempt_acknowledged"), ("pm_card_amex_threeDSecureNotSupported", "not_supported")],
)
def test_cards_that_know_no_challenge(shop: Any, method: str, result: str) -> None:
    assert details_of(shop, pay(shop, method).id) is None
    intent = pay(shop, method, **asked())
    assert intent.status == "succeeded"
    assert details_of(shop, intent.id).result == result


class TestOffSession:
    @pytest.mark.parametrize("card", [card for card in REQUIRED if card.off_session == "never"], ids=lambda c: c.name)
    def test_is_declined_where_authentication_is_required(self, shop: Any, card: Any) -> None:
        with pytest.raises(stripe.CardError) as caught:
            pay(shop, card.number, off_session=True)
        error = caught.value
        assert (error.http_status, error.code) == (402, "authentication_required")
        assert shop.told(error, "decline_code") == "authentication_required"
        assert error.user_message == "Your card was declined. This transaction requires authentication."
        assert shop.told(error, "charge") is None, "the issuer was not asked"
        assert error.error.payment_intent.latest_charge is None  # type: ignore[union-attr]
        assert shop.events() == ["payment_intent.created", "payment_intent.payment_failed"]

    def test_a_card_that_was_set_up_elsewhere_is_excused(self, shop: Any) -> None:
        method = "pm_card_authenticationRequiredSetupForOffSession"
        assert pay(shop, method, off_session=True).status == "succeeded"
        assert pay(shop, method).status == "requires_action"

    @pytest.mark.parametrize("off_session", [True, "recurring", "one_off"])
    def test_a_card_is_excused_once_it_is_set_up_here(self, shop: Any, off_session: Any) -> None:
        customer = shop.client.v1.customers.create().id
        saved = shop.client.v1.payment_methods.attach("pm_card_authenticationRequiredOnSetup", {"customer": customer})
        with pytest.raises(stripe.CardError, match="requires authentication"):
            pay(shop, saved.id, customer=customer, off_session=off_session)
        intent = pay(shop, saved.id, customer=customer, setup_future_usage="off_session")
        answer(shop, intent, "complete")
        assert pay(shop, saved.id, customer=customer, off_session=off_session).status == "succeeded"
        assert pay(shop, saved.id, customer=customer).status == "requires_action"


def test_error_on_requires_action(shop: Any) -> None:
    with pytest.raises(stripe.CardError) as caught:
        pay(shop, "pm_card_authenticationRequired", error_on_requires_action=True)
    assert (caught.value.http_status, caught.value.code) == (402, "authentication_required")
    assert str(caught.value.user_message).startswith(
        "This payment required an authentication action to complete, but `error_on_requires_action` was set."
    )
    assert caught.value.error.payment_intent.status == "requires_payment_method"  # type: ignore[union-attr]


def test_stripe_js_takes_the_shopper_there_itself(shop: Any) -> None:
    intent = pay(shop, "pm_card_authenticationRequired", use_stripe_sdk=True)
    assert intent.next_action.type == "use_stripe_sdk"  # type: ignore[union-attr]
    url = intent.next_action.use_stripe_sdk.stripe_js  # type: ignore[union-attr]
    assert shop.call(answer_challenge(shop.server.fake, url.rpartition("/")[2], "complete")) is not None
    assert shop.client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_without_a_return_url_the_page_leads_nowhere(shop: Any) -> None:
    intent = shop.client.v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
        }
    )
    assert intent.next_action.type == "use_stripe_sdk"
    challenge = intent.next_action.use_stripe_sdk.stripe_js.rpartition("/")[2]
    assert shop.call(answer_challenge(shop.server.fake, challenge, "complete")) is None
    assert shop.client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_the_server_confirms_once_more_with_manual_confirmation(shop: Any) -> None:
    intent = pay(shop, "pm_card_authenticationRequired", confirmation_method="manual")
    assert "redirect_status=succeeded" in answer(shop, intent, "complete")
    intents = shop.client.v1.payment_intents
    assert intents.retrieve(intent.id).status == "requires_confirmation"
    assert intents.confirm(intent.id, {"return_url": RETURN_URL}).status == "succeeded"
    assert details_of(shop, intent.id).result == "authenticated"


def test_a_browser_does_not_confirm_what_the_server_is_to_confirm(shop: Any) -> None:
    params = {"amount": 2000, "currency": "usd", "confirmation_method": "manual", "payment_method": "pm_card_visa"}
    intent = shop.client.v1.payment_intents.create(params)
    with pytest.raises(stripe.InvalidRequestError, match="cannot be confirmed using your publishable key") as caught:
        shop.publishable().v1.payment_intents.confirm(intent.id, {"client_secret": intent.client_secret})
    assert (caught.value.http_status, caught.value.code) == (400, None)
    assert shop.client.v1.payment_intents.retrieve(intent.id).status == "requires_confirmation"


def test_the_card_can_be_deleted_while_its_challenge_waits(shop: Any) -> None:
    v1 = shop.client.v1
    token = v1.tokens.create({"card": {"number": "4000002760003184", "exp_month": "12", "exp_year": "2040"}})
    customer = v1.customers.create({"source": token.id})
    intent = shop.pay(str(customer.default_source), customer=customer.id, return_url=RETURN_URL)
    v1.customers.payment_sources.delete(customer.id, str(customer.default_source))
    assert shop.call(challenge_page(shop.server.fake, challenge_of(intent))).last4 == "3184"
    answer(shop, intent, "complete")
    assert v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_manual_capture_after_a_challenge(shop: Any) -> None:
    intent = pay(shop, "pm_card_authenticationRequired", capture_method="manual")
    assert "redirect_status=succeeded" in answer(shop, intent, "complete")
    assert shop.client.v1.payment_intents.capture(intent.id).status == "succeeded"


class TestThePage:
    def test_shows_the_payment(self, shop: Any) -> None:
        intent = pay(shop, "pm_card_authenticationRequired", amount=1234, currency="eur")
        page = shop.call(challenge_page(shop.server.fake, challenge_of(intent)))
        assert page == ChallengePage(challenge_of(intent), True, 1234, "eur", "visa", "3184")

    def test_nobody_knows_an_unknown_one(self, shop: Any) -> None:
        assert shop.call(challenge_page(shop.server.fake, "3ds_nobody")) is None
        with pytest.raises(LookupError):
            shop.call(answer_challenge(shop.server.fake, "3ds_nobody", "complete"))

    @pytest.mark.parametrize("second", ["complete", "fail"])
    def test_an_answer_counts_once(self, shop: Any, second: str) -> None:
        intent = pay(shop, "pm_card_authenticationRequired")
        first = answer(shop, intent, "complete")
        assert answer(shop, intent, second) == first
        assert len(list(shop.client.v1.charges.list({"payment_intent": intent.id}))) == 1
        assert not shop.call(challenge_page(shop.server.fake, challenge_of(intent))).open

    def test_two_answers_at_once_charge_once(self, shop: Any) -> None:
        intent = pay(shop, "pm_card_authenticationRequired")
        page = challenge_of(intent)

        async def both() -> list[Any]:
            return await asyncio.gather(*(answer_challenge(shop.server.fake, page, "complete") for _ in range(5)))

        assert len(set(shop.call(both()))) == 1
        assert len(list(shop.client.v1.charges.list({"payment_intent": intent.id}))) == 1

    def test_a_canceled_payment_is_not_charged(self, shop: Any) -> None:
        intent = pay(shop, "pm_card_authenticationRequired")
        shop.client.v1.payment_intents.cancel(intent.id)
        assert "redirect_status=failed" in answer(shop, intent, "complete")
        assert shop.client.v1.payment_intents.retrieve(intent.id).status == "canceled"

    def test_a_later_challenge_replaces_the_first(self, shop: Any) -> None:
        first = pay(shop, "pm_card_authenticationRequired")
        second = shop.client.v1.payment_intents.confirm(
            first.id, {"payment_method": "pm_card_threeDSecure2Required", "return_url": RETURN_URL}
        )
        answer(shop, first, "complete")
        assert shop.client.v1.payment_intents.retrieve(first.id).status == "requires_action"
        answer(shop, second, "complete")
        assert shop.client.v1.payment_intents.retrieve(first.id).status == "succeeded"
