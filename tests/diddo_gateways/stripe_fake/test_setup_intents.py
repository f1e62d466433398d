"""Setup intents, their attempts and mandates, through the SDK."""

from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refused
from tracks import Tracks

from diddo_gateways.stripe_fake.payments.cards import Card, test_cards
from diddo_gateways.stripe_fake.payments.challenges import answer_challenge, challenge_page
from diddo_gateways.stripe_fake.payments.setup_states import ATTEMPTS, SETUPS

RETURN_URL = "https://shop.test/return"
CHALLENGED = "pm_card_authenticationRequiredOnSetup"
ONLINE = {"customer_acceptance": {"type": "online", "online": {"ip_address": "10.0.0.1", "user_agent": "judge"}}}


@pytest.fixture
def setups(v1: Any) -> Any:
    return v1.setup_intents


def set_up(shop: Any, method: str, **params: Any) -> stripe.SetupIntent:
    given = {"payment_method": method, "confirm": True, "return_url": RETURN_URL, **params}
    return shop.client.v1.setup_intents.create(given)  # type: ignore[no-any-return]


def answer(shop: Any, intent: stripe.SetupIntent, outcome: Any = "complete") -> str | None:
    challenge = intent.next_action.redirect_to_url.url.rpartition("/")[2]  # type: ignore[union-attr]
    return shop.call(answer_challenge(shop.server.fake, challenge, outcome))  # type: ignore[no-any-return]


class TestMaking:
    def test_a_bare_one(self, shop: Any, setups: Any, well_formed: Any) -> None:
        intent = setups.create()
        well_formed(intent)
        assert intent.id.startswith("seti_1")
        assert intent.client_secret.startswith(intent.id + "_secret_")
        assert (intent.status, intent.usage, intent.payment_method) == ("requires_payment_method", "off_session", None)
        assert intent.automatic_payment_methods.to_dict() == {"allow_redirects": "always", "enabled": True}
        assert intent.payment_method_options.to_dict() == {
            "card": {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
        }
        assert (intent.latest_attempt, intent.mandate, intent.next_action) == (None, None, None)
        assert shop.events() == ["setup_intent.created"]
        assert setups.retrieve(intent.id).to_dict() == intent.to_dict()

    def test_with_everything_that_shows(self, v1: Any, setups: Any, well_formed: Any) -> None:
        customer = v1.customers.create()
        intent = setups.create(
            {
                "automatic_payment_methods": {"enabled": False},
                "customer": customer.id,
                "description": "a box a month",
                "flow_directions": ["inbound"],
                "metadata": {"order": "1"},
                "payment_method": "pm_card_visa",
                "payment_method_options": {"card": {"request_three_d_secure": "any", "network": "visa"}},
                "usage": "on_session",
            }
        )
        well_formed(intent)
        assert (intent.status, intent.customer, intent.usage) == ("requires_confirmation", customer.id, "on_session")
        assert (intent.description, intent.flow_directions) == ("a box a month", ["inbound"])
        assert intent.metadata.to_dict() == {"order": "1"}
        assert intent.payment_method_types == ["card"]
        assert intent.payment_method_options.card.request_three_d_secure == "any"

    def test_options_of_other_types_are_shown(self, setups: Any, well_formed: Any) -> None:
        intent = setups.create(
            {
                "allowed_payment_method_types": ["us_bank_account", "acss_debit"],
                "payment_method_options": {
                    "us_bank_account": {"verification_method": "microdeposits"},
                    "acss_debit": {"currency": "cad", "mandate_options": {"transaction_type": "personal"}},
                },
            }
        )
        well_formed(intent)
        assert intent.payment_method_types == ["us_bank_account", "acss_debit"]
        assert intent.payment_method_options.us_bank_account.verification_method == "microdeposits"
        assert intent.payment_method_options.acss_debit.mandate_options.transaction_type == "personal"

    def test_what_cannot_be(self, setups: Any) -> None:
        for params in ({"return_url": RETURN_URL}, {"mandate_data": ONLINE}, {"use_stripe_sdk": True}):
            assert "can only be used with `confirm=true`" in refused(setups.create, params).user_message
        error = refused(setups.create, {"payment_method_types": ["card"]})
        assert (error.code, error.param) == ("payment_method_types_no_longer_supported", "payment_method_types")
        error = refused(setups.create, {"customer": "cus_nobody"})
        assert (error.code, error.param) == ("resource_missing", "customer")
        params = {"automatic_payment_methods": {"enabled": False}, "excluded_payment_method_types": ["card"]}
        error = refused(setups.create, params)
        assert "No valid payment method types" in error.user_message
        error = refused(
            setups.create, {"payment_method": "pm_card_visa", "allowed_payment_method_types": ["sepa_debit"]}
        )
        assert error.param == "payment_method"
        with pytest.raises(stripe.APIError) as caught:
            setups.create({"attach_to_self": True})
        assert caught.value.http_status == 501

    def test_somebody_elses_method(self, shop: Any, v1: Any, setups: Any) -> None:
        ada, bob = v1.customers.create(), v1.customers.create()
        method = v1.payment_methods.attach("pm_card_visa", {"customer": ada.id})
        for params, said in (
            ({"customer": bob.id}, "does not belong to the Customer you supplied"),
            ({}, f"belongs to the Customer {ada.id}. Please include the Customer in the `customer` parameter"),
        ):
            error = refused(setups.create, {"payment_method": method.id, **params})
            assert said in error.user_message
            assert (error.code, error.param, shop.told(error, "setup_intent")) == (None, "payment_method", None)
            intent = setups.create(params)
            error = refused(setups.update, intent.id, {"payment_method": method.id})
            assert said in error.user_message
            assert shop.told(error, "setup_intent")["id"] == intent.id

    def test_unknown(self, setups: Any) -> None:
        error = refused(setups.retrieve, "seti_nobody")
        assert (error.http_status, error.param) == (404, "intent")
        assert error.user_message == "No such setupintent: 'seti_nobody'"


class TestConfirming:
    def test_it_saves_the_card(self, shop: Any, v1: Any, well_formed: Any) -> None:
        customer = v1.customers.create()
        intent = set_up(shop, "pm_card_visa", customer=customer.id, expand=["latest_attempt", "payment_method"])
        well_formed(intent)
        assert (intent.status, intent.mandate, intent.next_action) == ("succeeded", None, None)
        assert intent.payment_method.customer == customer.id
        assert intent.payment_method.card.checks.cvc_check == "pass"
        attempt = intent.latest_attempt
        assert attempt.id.startswith("setatt_1")
        assert (attempt.status, attempt.setup_intent, attempt.usage) == ("succeeded", intent.id, "off_session")
        assert (attempt.payment_method_details.card.last4, attempt.setup_error) == ("4242", None)
        assert shop.events()[1:] == ["setup_intent.created", "payment_method.attached", "setup_intent.succeeded"]
        assert shop.pay(intent.payment_method.id, customer=customer.id, off_session=True).status == "succeeded"

    def test_without_a_customer_it_can_still_be_attached_but_not_used(self, shop: Any, v1: Any) -> None:
        method = set_up(shop, "pm_card_visa").payment_method
        for use in (lambda: set_up(shop, method), lambda: shop.pay(method)):
            assert "previously used without being attached" in refused(use).user_message
        customer = v1.customers.create()
        v1.payment_methods.attach(method, {"customer": customer.id})
        assert shop.pay(method, customer=customer.id).status == "succeeded"

    def test_a_decline(self, shop: Any, v1: Any, setups: Any, well_formed: Any) -> None:
        intent = setups.create({"customer": v1.customers.create().id})
        params = {"payment_method": "pm_card_chargeDeclinedExpiredCard", "return_url": RETURN_URL}
        with pytest.raises(stripe.CardError) as caught:
            setups.confirm(intent.id, params)
        error = caught.value
        assert (error.http_status, error.code, error.param) == (402, "expired_card", "exp_month")
        assert (shop.told(error, "decline_code"), shop.told(error, "charge")) == ("expired_card", None)
        assert shop.told(error, "setup_intent")["status"] == "requires_payment_method"
        assert shop.told(error, "payment_method")["customer"] is None
        intent = setups.retrieve(intent.id, {"expand": ["latest_attempt"]})
        well_formed(intent)
        assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
        assert (intent.last_setup_error.code, intent.last_setup_error.type) == ("expired_card", "card_error")
        assert intent.latest_attempt.status == "failed"
        assert intent.latest_attempt.setup_error.code == "expired_card"
        assert shop.events()[-1] == "setup_intent.setup_failed"
        assert setups.confirm(intent.id, {**params, "payment_method": "pm_card_visa"}).last_setup_error is None

    @pytest.mark.parametrize(
        ("option", "result"),
        [
            ({"moto": True}, None),
            ({"three_d_secure": {"transaction_id": "b", "cryptogram": "c", "version": "2.2.0"}}, "authenticated"),
        ],
    )
    def test_a_card_that_is_not_asked(self, shop: Any, option: dict[str, Any], result: str | None) -> None:
        options = {"payment_method_options": {"card": option}, "expand": ["latest_attempt"]}
        intent = set_up(shop, CHALLENGED, **options)
        shown = intent.latest_attempt.payment_method_details.card.three_d_secure  # type: ignore[union-attr]
        assert (intent.status, shown and shown.result) == ("succeeded", result)

    def test_the_return_url(self, shop: Any, setups: Any) -> None:
        intent = setups.create({"payment_method": "pm_card_visa"})
        error = refused(setups.confirm, intent.id)
        assert (error.code, shop.told(error, "setup_intent")["id"]) == (None, intent.id)
        assert error.user_message.startswith("This SetupIntent is configured to accept payment methods enabled in your")
        assert refused(setups.confirm, intent.id, {"return_url": "shop"}).code == "url_invalid"
        alone = setups.create(
            {
                "payment_method": "pm_card_visa",
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )
        assert setups.confirm(alone.id).status == "succeeded"

    def test_with_data_of_a_new_method(self, shop: Any, setups: Any) -> None:
        data = {**shop.by_number("4000056655665556", cvc="123"), "allow_redisplay": "always"}
        params = {"payment_method_data": data, "confirm": True, "return_url": RETURN_URL, "expand": ["payment_method"]}
        method = setups.create(params).payment_method
        assert (method.card.last4, method.allow_redisplay, method.card.checks.cvc_check) == ("5556", "always", "pass")

    def test_an_idempotent_one(self, shop: Any, setups: Any) -> None:
        params = {"payment_method": "pm_card_visa", "confirm": True, "return_url": RETURN_URL}
        first, again = (setups.create(params, {"idempotency_key": "once"}) for _ in range(2))
        assert first.to_dict() == again.to_dict()
        assert shop.events().count("setup_intent.succeeded") == 1

    def test_by_a_browser(self, shop: Any, setups: Any) -> None:
        browser = shop.publishable().v1.setup_intents
        intent = setups.create({"metadata": {"secret": "yes"}})
        secret = {"client_secret": intent.client_secret}
        seen = browser.retrieve(intent.id, secret)
        assert (seen.status, "metadata" in seen, "customer" in seen) == ("requires_payment_method", False, False)
        error = refused(browser.retrieve, intent.id, {"client_secret": "wrong"})
        assert (error.code, error.param) == ("setup_intent_invalid_parameter", "client_secret")
        assert refused(browser.retrieve, intent.id).param == "client_secret"
        data = shop.by_number("4242424242424242")
        assert browser.confirm(intent.id, {**secret, "payment_method_data": data}).status == "succeeded"


class TestChallenge:
    @pytest.mark.parametrize(
        ("outcome", "status", "attempt", "told"),
        [
            ("complete", "succeeded", "succeeded", "setup_intent.succeeded"),
            ("fail", "requires_payment_method", "failed", "setup_intent.setup_failed"),
        ],
    )
    def test_the_answer_decides(
        self, shop: Any, setups: Any, well_formed: Any, outcome: str, status: str, attempt: str, told: str
    ) -> None:
        intent = set_up(shop, CHALLENGED)
        well_formed(intent)
        assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")
        assert shop.events()[-1] == "setup_intent.requires_action"
        waiting = setups.retrieve(intent.id, {"expand": ["latest_attempt"]}).latest_attempt
        assert waiting.status == "requires_action"
        url = answer(shop, intent, outcome)
        assert url is not None
        assert f"?setup_intent={intent.id}&setup_intent_client_secret={intent.client_secret}&redirect_status=" in url
        assert url.endswith("succeeded" if outcome == "complete" else "failed")
        intent = setups.retrieve(intent.id, {"expand": ["latest_attempt"]})
        well_formed(intent)
        assert (intent.status, intent.latest_attempt.status, intent.next_action) == (status, attempt, None)
        assert intent.latest_attempt.id == waiting.id
        shown = intent.latest_attempt.payment_method_details.card.three_d_secure
        assert shown.result == ("authenticated" if outcome == "complete" else "failed")
        assert shop.events()[-1] == told
        if outcome == "fail":
            error = intent.last_setup_error
            assert (error.code, error.type) == ("setup_intent_authentication_failure", "invalid_request_error")

    def test_its_page_has_no_amount(self, shop: Any) -> None:
        intent = set_up(shop, CHALLENGED)
        challenge = intent.next_action.redirect_to_url.url.rpartition("/")[2]  # type: ignore[union-attr]
        page = shop.call(challenge_page(shop.server.fake, challenge))
        assert (page.open, page.amount, page.last4) == (True, None, "3155")
        answer(shop, intent)
        assert not shop.call(challenge_page(shop.server.fake, challenge)).open

    def test_for_stripe_js(self, shop: Any) -> None:
        assert set_up(shop, CHALLENGED, use_stripe_sdk=True).next_action.type == "use_stripe_sdk"  # type: ignore[union-attr]

    def test_another_method_abandons_it(self, shop: Any, v1: Any, setups: Any) -> None:
        intent = set_up(shop, CHALLENGED)
        answered = intent.next_action.redirect_to_url.url  # type: ignore[union-attr]
        setups.confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL})
        shop.call(answer_challenge(shop.server.fake, answered.rpartition("/")[2], "fail"))
        assert setups.retrieve(intent.id).status == "succeeded"
        attempts = v1.setup_attempts.list({"setup_intent": intent.id})
        assert [attempt.status for attempt in attempts] == ["succeeded", "abandoned"]

    def test_set_up_for_off_session_is_not_asked_again(self, shop: Any, v1: Any) -> None:
        customer = v1.customers.create().id
        for usage, then in (("off_session", "succeeded"), ("on_session", None)):
            intent = set_up(shop, CHALLENGED, customer=customer, usage=usage)
            answer(shop, intent)
            if then is None:
                error = shop.declined(intent.payment_method, customer=customer, off_session=True)
                assert error.code == "authentication_required"
            else:
                assert shop.pay(intent.payment_method, customer=customer, off_session=True).status == then


class TestChanging:
    def test_a_method_makes_it_ready(self, shop: Any, setups: Any) -> None:
        intent = setups.create()
        intent = setups.update(intent.id, {"payment_method": "pm_card_visa", "metadata": {"a": "b"}})
        assert (intent.status, intent.metadata.to_dict()) == ("requires_confirmation", {"a": "b"})
        assert shop.events() == ["setup_intent.created"]

    def test_after_the_end_all_but_the_method(self, shop: Any, setups: Any) -> None:
        intent = set_up(shop, "pm_card_visa")
        assert setups.update(intent.id, {"description": "done"}).description == "done"
        error = refused(setups.update, intent.id, {"payment_method": "pm_card_visa"})
        assert error.code == "setup_intent_unexpected_state"
        assert error.user_message == "You cannot update this SetupIntent because it has already succeeded."
        assert shop.told(error, "setup_intent")["id"] == intent.id

    def test_cancel(self, shop: Any, v1: Any, setups: Any) -> None:
        intent = set_up(shop, CHALLENGED)
        canceled = setups.cancel(intent.id, {"cancellation_reason": "abandoned"})
        assert (canceled.status, canceled.cancellation_reason, canceled.next_action) == ("canceled", "abandoned", None)
        assert [attempt.status for attempt in v1.setup_attempts.list({"setup_intent": intent.id})] == ["abandoned"]
        assert shop.events()[-1] == "setup_intent.canceled"
        error = refused(setups.cancel, intent.id)
        assert error.user_message == "You cannot cancel this SetupIntent because it is already canceled."
        error = refused(setups.confirm, intent.id, {"return_url": RETURN_URL})
        assert error.user_message == "You cannot confirm this SetupIntent because it has been canceled."

    @pytest.mark.parametrize("params", [{}, {"payment_method": "pm_card_visa"}])
    def test_what_is_over_is_over(self, shop: Any, setups: Any, params: dict[str, str]) -> None:
        intent = set_up(shop, "pm_card_visa")
        error = refused(setups.confirm, intent.id, params)
        assert error.user_message == "You cannot confirm this SetupIntent because it has already succeeded."
        error = refused(setups.cancel, intent.id)
        assert error.code == "setup_intent_unexpected_state"
        assert error.user_message == (
            "You cannot cancel this SetupIntent because it has a status of succeeded. Only a SetupIntent with one of"
            " the following statuses may be canceled: `requires_payment_method`, `requires_confirmation`, or"
            " `requires_action`."
        )

    def test_without_a_method(self, setups: Any) -> None:
        intent = setups.create()
        error = refused(setups.confirm, intent.id)
        assert error.user_message.startswith(
            "You cannot confirm this SetupIntent because it's missing a payment method"
        )


class TestListing:
    def test_filters(self, shop: Any, v1: Any, setups: Any) -> None:
        customer = v1.customers.create().id
        mine = set_up(shop, "pm_card_visa", customer=customer)
        other = setups.create()
        assert [one.id for one in setups.list()] == [other.id, mine.id]
        assert [one.id for one in setups.list({"customer": customer})] == [mine.id]
        assert [one.id for one in setups.list({"payment_method": mine.payment_method})] == [mine.id]
        assert setups.list({"created": {"gt": other.created}}).data == []

    def test_attempts_of_one_intent(self, v1: Any, setups: Any, well_formed: Any) -> None:
        intent = setups.create()
        params = {"return_url": RETURN_URL}
        with pytest.raises(stripe.CardError):
            setups.confirm(intent.id, {**params, "payment_method": "pm_card_chargeDeclined"})
        setups.confirm(intent.id, {**params, "payment_method": "pm_card_visa"})
        attempts = v1.setup_attempts.list({"setup_intent": intent.id})
        assert [attempt.status for attempt in attempts] == ["succeeded", "failed"]
        for attempt in attempts:
            well_formed(attempt)
        assert refused(v1.setup_attempts.list, {}).param == "setup_intent"
        assert refused(v1.setup_attempts.list, {"setup_intent": "seti_nobody"}).http_status == 400


class TestMandates:
    def test_for_any_number_of_payments(self, shop: Any, v1: Any, well_formed: Any) -> None:
        intent = set_up(shop, "pm_card_visa", mandate_data=ONLINE)
        mandate = v1.mandates.retrieve(intent.mandate)
        well_formed(mandate)
        assert (mandate.status, mandate.type) == ("active", "multi_use")
        assert mandate.payment_method == intent.payment_method
        assert mandate.customer_acceptance.online.ip_address == "10.0.0.1"

    def test_for_one_payment_after_a_challenge(self, shop: Any, setups: Any, well_formed: Any) -> None:
        intent = set_up(shop, CHALLENGED, mandate_data=ONLINE, single_use={"amount": 900, "currency": "usd"})
        assert intent.single_use_mandate is None
        answer(shop, intent)
        intent = setups.retrieve(intent.id, {"expand": ["single_use_mandate"]})
        well_formed(intent)
        assert intent.mandate is None
        assert intent.single_use_mandate.single_use.to_dict() == {"amount": 900, "currency": "usd"}

    def test_none_without_being_agreed_to(self, shop: Any, v1: Any) -> None:
        assert set_up(shop, "pm_card_visa", single_use={"amount": 900, "currency": "usd"}).single_use_mandate is None
        assert refused(v1.mandates.retrieve, "mandate_nobody").http_status == 404


def names_of(card: Card) -> list[str]:
    """Return each way to use a card: its number, its ids, its tokens."""
    return [name for name in (card.number, *card.payment_methods, *card.tokens) if name is not None]


def method_params(card: Card, way: str) -> dict[str, Any]:
    if way.startswith("pm_"):
        return {"payment_method": way}
    if way.startswith("tok_"):
        return {"payment_method_data": {"type": "card", "card": {"token": way}}}
    details = {"number": way, "exp_month": 12, "exp_year": 2040, "cvc": "1234"[: card.cvc_length]}
    return {"payment_method_data": {"type": "card", "card": details}}


def set_up_by(shop: Any, card: Card, way: str, customer: str) -> tuple[str, str | None]:
    """Return what comes of setting a card up, and the id of the payment method that is saved by it."""
    v1 = shop.client.v1
    params = {**method_params(card, way), "customer": customer, "confirm": True, "return_url": RETURN_URL}
    try:
        intent = v1.setup_intents.create(params)
    except stripe.CardError as error:
        return f"declined: {error.code}", None
    if intent.status == "requires_action":
        answer(shop, intent)
    assert v1.customers.payment_methods.retrieve(customer, intent.payment_method).card.last4 == card.last4
    return intent.status, intent.payment_method


def charged(shop: Any, method: str, customer: str) -> str:
    """Return what comes of charging a saved card while its owner is not there."""
    try:
        return shop.pay(method, customer=customer, off_session=True).status  # type: ignore[no-any-return]
    except stripe.CardError as error:
        return f"declined: {shop.told(error, 'decline_code') or error.code}"


def expected_setup(card: Card) -> str:
    if card.group == "decline" and not card.attaches:
        assert card.decline is not None
        return f"declined: {card.decline.code}"
    if card.three_d_secure == "required":
        return "declined: card_declined" if card.lookup_fails else "requires_action"
    return "requires_action" if card.group == "captcha" else "succeeded"


def expected_charge(card: Card, *, set_up: bool) -> str:
    excused = card.off_session == "always" or (set_up and card.off_session == "once_set_up")
    if card.three_d_secure == "required" and not excused:
        return "declined: authentication_required"
    return "succeeded" if card.decline is None else f"declined: {card.decline.decline_code or card.decline.code}"


@pytest.mark.parametrize("card", test_cards().all, ids=lambda card: card.name)
def test_every_card_by_each_of_its_names_set_up_and_charged_later(shop: Any, card: Card) -> None:
    customer = shop.client.v1.customers.create().id
    found = {way: set_up_by(shop, card, way, customer) for way in names_of(card)}
    assert {way: outcome for way, (outcome, _) in found.items()} == dict.fromkeys(found, expected_setup(card))
    for method in [method for _, method in found.values() if method is not None][:1]:
        assert charged(shop, method, customer) == expected_charge(card, set_up=True)


@pytest.mark.parametrize("card", test_cards().all, ids=lambda card: card.name)
def test_every_card_saved_without_being_set_up(shop: Any, card: Card) -> None:
    v1 = shop.client.v1
    customer = v1.customers.create().id
    way = names_of(card)[-1]
    params = method_params(card, way)
    data = params.get("payment_method_data")
    method = way if data is None else v1.payment_methods.create(data).id
    try:
        saved = v1.payment_methods.attach(method, {"customer": customer})
    except stripe.CardError as error:
        outcome = f"declined: {error.code}"
    else:
        outcome = charged(shop, saved.id, customer)
    refused = card.group == "decline" and not card.attaches
    assert outcome == (expected_setup(card) if refused else expected_charge(card, set_up=False))


class Walk:
    """One setup intent, asked for one thing after another."""

    def __init__(self, shop: Any) -> None:
        self.shop, self.setups = shop, shop.client.v1.setup_intents
        self.intent = self.setups.create()
        self.challenges: list[str] = []
        self.setup, self.attempts = Tracks(SETUPS), Tracks(ATTEMPTS)

    def take(self, step: str, value: Any) -> None:
        try:
            getattr(self, step)(value)
            refused = None
        except stripe.StripeError as error:
            refused = error.http_status
        assert refused in (None, 400, 402)
        self.intent = self.setups.retrieve(self.intent.id)
        # Confirming with a method provides it first: two edges in one request.
        self.setup.follow([self.intent], steps=2 if step == "confirm" else 1)
        assert (self.intent.next_action is not None) == (self.intent.status == "requires_action")
        self.check_attempts()

    def check_attempts(self) -> None:
        made = list(self.shop.client.v1.setup_attempts.list({"setup_intent": self.intent.id, "limit": 100}))
        # A new attempt has an outcome in the same request.
        self.attempts.follow(made, steps=1)
        attempts = [one.status for one in made]
        assert attempts.count("succeeded") == (self.intent.status == "succeeded")
        assert attempts.count("requires_action") <= 1

    def provide(self, method: str) -> None:
        self.setups.update(self.intent.id, {"payment_method": method})

    def confirm(self, method: str | dict[str, Any] | None) -> None:
        given_method: dict[str, Any] = {} if method is None else {"payment_method": method}
        if isinstance(method, dict):
            given_method = {"payment_method_data": method}
        mandate = {"customer_acceptance": {"type": "offline"}}
        params = {"return_url": RETURN_URL, "mandate_data": mandate, **given_method}
        confirmed = self.setups.confirm(self.intent.id, params)
        if confirmed.next_action is not None and confirmed.next_action.type == "redirect_to_url":
            self.challenges.append(confirmed.next_action.redirect_to_url.url.rpartition("/")[2])

    def authenticate(self, outcome: Any) -> None:
        for challenge in self.challenges:
            self.shop.call(answer_challenge(self.shop.server.fake, challenge, outcome))

    def verify(self, code: str) -> None:
        self.setups.verify_microdeposits(self.intent.id, {"descriptor_code": code})

    def cancel(self, _: None) -> None:
        self.setups.cancel(self.intent.id)


METHODS = [
    "pm_card_visa",
    "pm_card_chargeDeclined",
    CHALLENGED,
    "pm_card_threeDSecureRequiredProcessingError",
    "pm_usBankAccount_success",
]
# A bank account that has to be verified, and a wallet that the customer authorises.
DATA: list[dict[str, Any]] = [
    {
        "type": "us_bank_account",
        "billing_details": {"name": "Ada"},
        "us_bank_account": {"account_number": "000123456789", "routing_number": "110000000"},
    },
    {"type": "paypal"},
]
steps = st.one_of(
    st.tuples(st.just("provide"), st.sampled_from(METHODS)),
    st.tuples(st.just("confirm"), st.none() | st.sampled_from(METHODS) | st.sampled_from(DATA)),
    st.tuples(st.just("verify"), st.sampled_from(["SM11AA", "SM33CC", "SM00XX"])),
    st.tuples(st.just("authenticate"), st.sampled_from(["complete", "fail"])),
    st.tuples(st.just("cancel"), st.none()),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=st.lists(steps, max_size=10))
def test_a_setup_intent_moves_along_its_table_only(shop: Any, walk: list[tuple[str, Any]]) -> None:
    walker = Walk(shop)
    for step, value in walk:
        walker.take(step, value)
