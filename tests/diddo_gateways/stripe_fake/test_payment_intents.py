"""Payment intents through the SDK: every state, every edge, every refusal."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe
from refusals import refused

RETURN_URL = "https://shop.test/return"


@pytest.fixture
def intents(shop: Any) -> Any:
    return shop.client.v1.payment_intents


class TestCreating:
    def test_an_intent_without_a_method(self, shop: Any, intents: Any, well_formed: Any) -> None:
        intent = intents.create(
            {
                "amount": 1999,
                "currency": "EUR",
                "description": "A hat",
                "metadata": {"order": "7"},
                "receipt_email": "ada@example.com",
                "statement_descriptor_suffix": "HATS",
            }
        )
        well_formed(intent)
        assert intent.id.startswith("pi_3")
        assert len(intent.id) == 27
        assert intent.client_secret.startswith(intent.id + "_secret_")
        assert (intent.status, intent.currency, intent.capture_method) == (
            "requires_payment_method",
            "eur",
            "automatic_async",
        )
        assert intent.automatic_payment_methods.to_dict() == {"allow_redirects": "always", "enabled": True}
        assert intent.payment_method_types == ["card", "link"]
        assert set(intent.payment_method_options.to_dict()) == {"card", "link"}
        assert intent.payment_method_configuration_details.id.startswith("pmc_1")
        assert intent.metadata.to_dict() == {"order": "7"}
        assert shop.events() == ["payment_intent.created"]
        assert intents.retrieve(intent.id).to_dict() == intent.to_dict()

    def test_an_intent_with_a_method_waits_for_confirmation(self, intents: Any) -> None:
        intent = intents.create({"amount": 1999, "currency": "usd", "payment_method": "pm_card_visa"})
        assert intent.status == "requires_confirmation"
        assert intent.payment_method.startswith("pm_1")

    def test_confirming_at_once(self, shop: Any, well_formed: Any) -> None:
        intent = shop.pay(metadata={"order": "7"}, expand=["latest_charge", "payment_method"])
        well_formed(intent)
        well_formed(intent.latest_charge)
        assert (intent.status, intent.amount_received, intent.amount_capturable) == ("succeeded", 2000, 0)
        charge = intent.latest_charge
        assert (charge.payment_intent, charge.payment_method) == (intent.id, intent.payment_method.id)
        assert charge.calculated_statement_descriptor == "Stripe"
        card = charge.payment_method_details.card
        assert (card.electronic_commerce_indicator, card.amount_authorized) == ("07", 2000)
        assert (len(card.authorization_code), len(card.network_transaction_id)) == (6, 15)
        assert charge.metadata.to_dict() == {"order": "7"}
        assert charge.to_dict()["destination"] is charge.to_dict()["order"] is charge.to_dict()["dispute"] is None
        assert charge.outcome.to_dict() == {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 20,
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
        assert shop.events() == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]

    def test_events_show_the_intent_as_it_was(self, shop: Any) -> None:
        shop.pay()
        shown = {event.type: event.data.object.to_dict() for event in shop.client.v1.events.list()}
        assert shown["payment_intent.created"]["status"] == "requires_confirmation"
        assert shown["payment_intent.created"]["latest_charge"] is None
        assert shown["payment_intent.succeeded"]["status"] == "succeeded"

    @pytest.mark.parametrize(
        ("params", "code", "param"),
        [
            ({"amount": 0}, "parameter_invalid_integer", "amount"),
            ({"amount": -5}, "parameter_invalid_integer", "amount"),
            ({"amount": "abc"}, "parameter_invalid_integer", "amount"),
            ({"amount": 49}, "amount_too_small", "amount"),
            ({"amount": 100_000_000}, "amount_too_large", "amount"),
            ({"amount": 1001, "currency": "kwd"}, None, "amount"),
            ({"currency": "xyz"}, None, "currency"),
            ({"colour": "red"}, "parameter_unknown", "colour"),
            ({"capture_method": "later"}, None, "capture_method"),
            ({"customer": "cus_nobody"}, "resource_missing", "customer"),
            ({"payment_method": "pm_nobody"}, "resource_missing", "payment_method"),
            ({"payment_method_types": ["card"]}, "payment_method_types_no_longer_supported", "payment_method_types"),
            ({"return_url": RETURN_URL}, None, "return_url"),
            ({"off_session": True}, None, "off_session"),
            ({"receipt_email": "ada"}, "email_invalid", "receipt_email"),
            ({"statement_descriptor_suffix": "A" * 23}, None, "statement_descriptor_suffix"),
            ({"statement_descriptor_suffix": "HATS*"}, None, "statement_descriptor_suffix"),
            ({"statement_descriptor_suffix": "123"}, None, "statement_descriptor_suffix"),
            ({"return_url": "shop", "confirm": True, "payment_method": "pm_card_visa"}, "url_invalid", "return_url"),
        ],
    )
    def test_refused_parameters(self, intents: Any, params: Any, code: str | None, param: str) -> None:
        error = refused(intents.create, {"amount": 1000, "currency": "usd", **params})
        assert (error.http_status, error.code, error.param) == (400, code, param)

    @pytest.mark.parametrize("missing", ["amount", "currency"])
    def test_missing_parameters(self, intents: Any, missing: str) -> None:
        params = {"amount": 1000, "currency": "usd"}
        del params[missing]
        error = refused(intents.create, params)
        assert (error.code, error.param) == ("parameter_missing", missing)
        assert error.user_message == f"Missing required param: {missing}."

    def test_a_card_that_the_intent_does_not_allow(self, intents: Any) -> None:
        params = {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa"}
        error = refused(intents.create, {**params, "allowed_payment_method_types": ["us_bank_account"]})
        assert error.param == "payment_method"
        refused(intents.create, {**params, "excluded_payment_method_types": ["card"]})
        allowed = intents.create({**params, "allowed_payment_method_types": ["card", "us_bank_account"]})
        assert allowed.payment_method_types == ["card", "us_bank_account"]


class TestReturnUrl:
    def test_is_needed_while_methods_may_redirect(self, intents: Any) -> None:
        params = {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
        error = refused(intents.create, params)
        assert error.code is None
        assert error.user_message.startswith("This PaymentIntent is configured to accept payment methods enabled in")
        assert error.error.payment_intent.status == "requires_confirmation"
        assert list(intents.list()) == [], "the request failed as a whole"

    @pytest.mark.parametrize(
        "how",
        [
            {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}},
            {"automatic_payment_methods": {"enabled": False}},
            {"allowed_payment_method_types": ["card"]},
        ],
    )
    def test_is_not_needed_when_none_can(self, intents: Any, how: Any) -> None:
        params = {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
        assert intents.create({**params, **how}).status == "succeeded"

    def test_is_not_needed_by_stripe_js(self, shop: Any, intents: Any) -> None:
        intent = intents.create({"amount": 1000, "currency": "usd"})
        params = {"client_secret": intent.client_secret, "payment_method": "pm_card_visa", "use_stripe_sdk": True}
        assert shop.publishable().v1.payment_intents.confirm(intent.id, params).status == "succeeded"


class TestUpdating:
    def test_before_payment_everything_can_change(self, intents: Any) -> None:
        intent = intents.create({"amount": 1000, "currency": "usd", "metadata": {"a": "1", "b": "2"}})
        changed = intents.update(
            intent.id,
            {
                "amount": 60,
                "currency": "gbp",
                "payment_method": "pm_card_visa",
                "metadata": {"a": "", "c": "3"},
                "setup_future_usage": "off_session",
            },
        )
        assert (changed.amount, changed.currency, changed.status) == (60, "gbp", "requires_confirmation")
        assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
        assert changed.setup_future_usage == "off_session"
        assert intents.update(intent.id, {"metadata": ""}).metadata.to_dict() == {}

    def test_a_new_currency_is_held_against_the_old_amount(self, intents: Any) -> None:
        intent = intents.create({"amount": 60, "currency": "usd"})
        assert refused(intents.update, intent.id, {"currency": "mxn"}).code == "amount_too_small"

    def test_afterwards_only_what_is_said_about_it(self, shop: Any, intents: Any) -> None:
        intent = shop.pay()
        assert intents.update(intent.id, {"description": "late", "metadata": {"a": "b"}}).description == "late"
        error = refused(intents.update, intent.id, {"amount": 1})
        assert error.code == "payment_intent_unexpected_state"
        assert error.user_message == (
            "This PaymentIntent's amount could not be updated because it has a status of succeeded. You may only update"
            " the amount of a PaymentIntent with one of the following statuses: requires_payment_method,"
            " requires_confirmation, requires_action."
        )


class TestConfirming:
    def test_needs_a_method(self, intents: Any) -> None:
        intent = intents.create({"amount": 1000, "currency": "usd"})
        error = refused(intents.confirm, intent.id)
        assert error.code == "payment_intent_unexpected_state"
        assert error.user_message.startswith(
            "You cannot confirm this PaymentIntent because it's missing a payment method."
        )
        assert error.error.payment_intent.id == intent.id

    def test_needs_a_method_of_the_customer(self, shop: Any, intents: Any) -> None:
        customer = shop.client.v1.customers.create().id
        intent = intents.create({"amount": 1000, "currency": "usd", "customer": customer})
        assert refused(intents.confirm, intent.id).user_message == (
            "You cannot confirm this PaymentIntent because it's missing a payment method. To confirm the PaymentIntent"
            f" with {customer}, specify a payment method attached to this customer along with the customer ID."
        )

    def test_once_is_enough(self, shop: Any, intents: Any) -> None:
        error = refused(intents.confirm, shop.pay().id)
        assert error.user_message == (
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
        )
        assert error.error.payment_intent.status == "succeeded"

    def test_many_at_once_charge_once(self, shop: Any, intents: Any) -> None:
        intent = intents.create({"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa"})

        def attempt(_: int) -> str:
            try:
                return str(intents.confirm(intent.id, {"return_url": RETURN_URL}).status)
            except stripe.InvalidRequestError as error:
                return str(error.code)

        with ThreadPoolExecutor(8) as pool:
            outcomes = sorted(pool.map(attempt, range(16)))
        assert outcomes == ["payment_intent_unexpected_state"] * 15 + ["succeeded"]
        assert len(list(shop.client.v1.charges.list({"payment_intent": intent.id}))) == 1

    def test_a_repeated_request_is_not_a_second_attempt(self, shop: Any, intents: Any) -> None:
        intent = intents.create({"amount": 1000, "currency": "usd", "payment_method": "pm_card_chargeDeclined"})
        answers = []
        for _ in range(2):
            with pytest.raises(stripe.CardError) as caught:
                intents.confirm(intent.id, {"return_url": RETURN_URL}, {"idempotency_key": "declined-once"})
            answers.append(caught.value.json_body)
        assert answers[0] == answers[1]
        assert len(list(shop.client.v1.charges.list({"payment_intent": intent.id}))) == 1

    def test_the_customer_may_not_change_behind_the_card(self, shop: Any, intents: Any) -> None:
        customer = shop.client.v1.customers.create().id
        method = shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
        params = {"amount": 1000, "currency": "usd", "customer": customer, "payment_method": method}
        intent = intents.create(params)
        intents.update(intent.id, {"customer": shop.client.v1.customers.create().id})
        error = refused(intents.confirm, intent.id, {"return_url": RETURN_URL})
        assert "does not belong to the Customer you supplied" in error.user_message

    def test_a_canceled_intent(self, intents: Any) -> None:
        intent = intents.create({"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa"})
        intents.cancel(intent.id)
        error = refused(intents.confirm, intent.id, {"return_url": RETURN_URL})
        assert error.user_message == (
            "You cannot confirm this PaymentIntent because it has a status of canceled. Only a PaymentIntent with one of"
            " the following statuses may be confirmed: requires_confirmation, requires_action."
        )

    def test_unknown_intents(self, intents: Any) -> None:
        error = refused(intents.confirm, "pi_nobody")
        assert (error.http_status, error.code, error.param) == (404, "resource_missing", "intent")
        assert error.user_message == "No such payment_intent: 'pi_nobody'"

    def test_a_statement_descriptor_is_not_for_cards(self, shop: Any) -> None:
        error = refused(lambda: shop.pay(statement_descriptor="HATS"))
        assert error.param == "statement_descriptor"


class TestCapturing:
    def test_authorise_then_capture(self, shop: Any, intents: Any, well_formed: Any) -> None:
        intent = shop.pay(capture_method="manual", expand=["latest_charge"])
        well_formed(intent)
        assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 2000, 0)
        charge = intent.latest_charge
        well_formed(charge)
        assert (charge.status, charge.paid, charge.captured, charge.amount_captured) == ("succeeded", True, False, 0)
        assert charge.payment_method_details.card.capture_before == charge.created + 7 * 86400
        captured = intents.capture(intent.id, {"expand": ["latest_charge"]})
        assert (captured.status, captured.amount_capturable, captured.amount_received) == ("succeeded", 0, 2000)
        assert (captured.latest_charge.captured, captured.latest_charge.amount_captured) == (True, 2000)
        waiting = shop.call(shop.server.worlds.documents.waiting())
        assert [world for world, _ in waiting if world == shop.name] == [], "its end is not waited for any more"
        assert shop.events() == [
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.amount_capturable_updated",
            "charge.captured",
            "payment_intent.succeeded",
        ]
        error = refused(intents.capture, intent.id)
        assert error.user_message == ("This PaymentIntent could not be captured because it has already been captured.")

    def test_a_part(self, shop: Any, intents: Any) -> None:
        intent = shop.pay(capture_method="manual")
        error = refused(intents.capture, intent.id, {"amount_to_capture": 2001})
        assert (error.code, error.param) == ("amount_too_large", None)
        assert error.user_message.startswith("The payment could not be captured because the requested capture amount")
        assert error.error.payment_intent.amount_capturable == 2000
        error = refused(intents.capture, intent.id, {"amount_to_capture": 0})
        assert (error.code, error.param) == ("parameter_invalid_integer", "amount")
        error = refused(intents.capture, intent.id, {"amount_to_capture": -1})
        assert (error.user_message, error.param) == ("Invalid non-negative integer", "amount_to_capture")
        captured = intents.capture(intent.id, {"amount_to_capture": 700, "expand": ["latest_charge"]})
        assert (captured.amount, captured.amount_received, captured.amount_capturable) == (2000, 700, 0)
        assert captured.latest_charge.amount_captured == 700
        assert captured.latest_charge.amount_refunded == 0
        assert refused(intents.capture, intent.id).user_message == (
            "The remaining amount on this PaymentIntent could not be captured because the remainder of the authorized"
            " amount has been released."
        )

    def test_through_the_charge(self, shop: Any, intents: Any) -> None:
        intent = shop.pay(capture_method="manual")
        charge = shop.client.v1.charges.capture(intent.latest_charge, {"amount": 500})
        assert (charge.captured, charge.amount_captured) == (True, 500)
        assert intents.retrieve(intent.id).status == "succeeded"

    def test_needs_an_authorisation(self, intents: Any) -> None:
        intent = intents.create({"amount": 1000, "currency": "usd"})
        assert refused(intents.capture, intent.id).user_message == (
            "This PaymentIntent could not be captured because it has a status of requires_payment_method. Only a"
            " PaymentIntent with one of the following statuses may be captured: requires_capture."
        )

    def test_an_authorisation_ends_after_a_week(self, own_shop: Any) -> None:
        intent = own_shop.pay(capture_method="manual")
        own_shop.server.advance(7 * 86400 + 1, own_shop.name)
        own_shop.call(own_shop.server.fake.settled())
        ended = own_shop.client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
        assert (ended.status, ended.cancellation_reason, ended.amount_capturable) == ("canceled", "automatic", 0)
        assert not ended.latest_charge.captured
        assert own_shop.events()[-2:] == ["charge.expired", "payment_intent.canceled"]


class TestCanceling:
    def test_an_authorisation_is_released(self, shop: Any, intents: Any) -> None:
        intent = shop.pay(capture_method="manual")
        canceled = intents.cancel(
            intent.id, {"cancellation_reason": "requested_by_customer", "expand": ["latest_charge"]}
        )
        assert (canceled.status, canceled.cancellation_reason) == ("canceled", "requested_by_customer")
        assert canceled.canceled_at >= canceled.created
        assert (canceled.latest_charge.refunded, canceled.latest_charge.captured) == (False, False)
        assert shop.events()[-1] == "payment_intent.canceled"

    def test_what_is_over_cannot_be(self, shop: Any, intents: Any) -> None:
        error = refused(intents.cancel, shop.pay().id)
        assert error.code == "payment_intent_unexpected_state"
        assert error.user_message == (
            "You cannot cancel this PaymentIntent because it has a status of succeeded. Only a PaymentIntent with one of"
            " the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation,"
            " requires_action, processing."
        )


class TestSavingCards:
    def test_setup_future_usage_attaches(self, shop: Any) -> None:
        customer = shop.client.v1.customers.create().id
        intent = shop.pay(customer=customer, setup_future_usage="off_session")
        method = shop.client.v1.payment_methods.retrieve(intent.payment_method)
        assert method.customer == customer
        assert shop.pay(method.id, customer=customer, off_session=True).status == "succeeded"

    def test_without_a_customer_the_method_can_be_attached_later(self, shop: Any) -> None:
        intent = shop.pay(setup_future_usage="on_session")
        customer = shop.client.v1.customers.create().id
        attached = shop.client.v1.payment_methods.attach(intent.payment_method, {"customer": customer})
        assert attached.customer == customer

    def test_a_declined_card_is_not_saved(self, shop: Any) -> None:
        customer = shop.client.v1.customers.create().id
        shop.declined("pm_card_chargeDeclined", customer=customer, setup_future_usage="off_session")
        assert list(shop.client.v1.payment_methods.list({"customer": customer})) == []


class TestPublishableKeys:
    def test_see_what_the_shopper_may(self, shop: Any, intents: Any) -> None:
        intent = intents.create({"amount": 1000, "currency": "usd", "metadata": {"margin": "40%"}})
        seen = shop.publishable().v1.payment_intents.retrieve(intent.id, {"client_secret": intent.client_secret})
        assert seen.amount == 1000
        assert "metadata" not in seen.to_dict()

    @pytest.mark.parametrize("kind", ["payment_intent", "setup_intent"])
    def test_see_no_more_in_errors(self, shop: Any, kind: str) -> None:
        sums = {"amount": 1000, "currency": "usd"} if kind == "payment_intent" else {}
        intent = getattr(shop.client.v1, f"{kind}s").create({**sums, "metadata": {"margin": "40%"}})
        confirm = getattr(shop.publishable().v1, f"{kind}s").confirm
        for method in ({}, {"payment_method": "pm_card_chargeDeclined"}):
            with pytest.raises(stripe.StripeError) as caught:
                confirm(intent.id, {"client_secret": intent.client_secret, **method})
            seen = shop.told(caught.value, kind)
            assert (seen["id"], seen["status"]) == (intent.id, "requires_payment_method")
            assert not {"metadata", "customer", "latest_charge", "latest_attempt"} & set(seen)

    def test_need_the_client_secret(self, shop: Any, intents: Any) -> None:
        intent = intents.create({"amount": 1000, "currency": "usd"})
        seen = shop.publishable().v1.payment_intents
        assert refused(seen.retrieve, intent.id).param == "client_secret"
        error = refused(seen.retrieve, intent.id, {"client_secret": f"{intent.id}_secret_guess"})
        assert (error.code, error.param) == ("payment_intent_invalid_parameter", "client_secret")

    def test_may_not_do_more(self, shop: Any, intents: Any) -> None:
        intent = intents.create({"amount": 1000, "currency": "usd"})
        with pytest.raises(stripe.AuthenticationError):
            shop.publishable().v1.payment_intents.cancel(intent.id)


class TestLists:
    def test_by_customer_and_by_page(self, shop: Any, intents: Any) -> None:
        customer = shop.client.v1.customers.create().id
        made = [shop.pay(customer=customer).id for _ in range(3)]
        shop.pay()
        assert [intent.id for intent in intents.list({"customer": customer})] == made[::-1]
        paged = intents.list({"customer": customer, "limit": 2}).auto_paging_iter()
        assert [intent.id for intent in paged] == made[::-1]
        assert len(list(shop.client.v1.charges.list({"customer": customer}))) == 3

    def test_charges_of_a_transfer_group(self, shop: Any) -> None:
        charge = shop.pay(transfer_group="ORDER7").latest_charge
        shop.pay()
        assert [found.id for found in shop.client.v1.charges.list({"transfer_group": "ORDER7"})] == [charge]


def test_a_charge_can_be_described(shop: Any, well_formed: Any) -> None:
    charge = shop.pay().latest_charge
    changed = shop.client.v1.charges.update(charge, {"description": "A hat", "metadata": {"a": "b"}})
    well_formed(changed)
    assert (changed.description, changed.metadata.to_dict()) == ("A hat", {"a": "b"})
    assert shop.events()[-1] == "charge.updated"


def test_the_balance_transaction_comes_two_seconds_later(own_shop: Any) -> None:
    intent = own_shop.pay()
    charges = own_shop.client.v1.charges
    assert charges.retrieve(intent.latest_charge).balance_transaction is None
    own_shop.server.advance(2, own_shop.name)
    own_shop.call(own_shop.server.fake.settled())
    assert charges.retrieve(intent.latest_charge).balance_transaction.startswith("txn_3")
    assert own_shop.events()[-1] == "charge.updated"
    at_once = own_shop.pay(capture_method="automatic", expand=["latest_charge"])
    assert at_once.latest_charge.balance_transaction.startswith("txn_3")
