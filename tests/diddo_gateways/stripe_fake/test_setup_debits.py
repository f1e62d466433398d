"""Bank accounts and wallets that are set up to be charged later: mandates, microdeposits, pages of others."""

from typing import Any

import pytest
import stripe
from refusals import refused

from diddo_gateways.stripe_fake.payments.challenges import answer_challenge

RETURN_URL = "https://shop.test/return"
ONLINE = {"customer_acceptance": {"type": "online", "online": {"ip_address": "10.0.0.1", "user_agent": "judge"}}}
ADA = {"name": "Ada", "email": "ada@example.com"}
ACCOUNT = {"account_number": "000123456789", "routing_number": "110000000", "account_holder_type": "individual"}


@pytest.fixture
def setups(v1: Any) -> Any:
    return v1.setup_intents


def us_account(**account: str) -> dict[str, Any]:
    data = {"type": "us_bank_account", "us_bank_account": {**ACCOUNT, **account}, "billing_details": ADA}
    return {"payment_method_data": data, "allowed_payment_method_types": ["us_bank_account"], "confirm": True}


def waiting(setups: Any, **params: Any) -> Any:
    return setups.create({**us_account(), "mandate_data": ONLINE, **params})


class TestMicrodeposits:
    @pytest.mark.parametrize("proof", [{"amounts": [45, 32]}, {"descriptor_code": "SM11AA"}])
    def test_what_was_sent_verifies(
        self, shop: Any, v1: Any, setups: Any, well_formed: Any, proof: dict[str, Any]
    ) -> None:
        customer = v1.customers.create().id
        intent = waiting(setups, customer=customer)
        well_formed(intent)
        assert (intent.status, intent.next_action.type) == ("requires_action", "verify_with_microdeposits")
        done = setups.verify_microdeposits(intent.id, proof)
        well_formed(done)
        assert (done.status, done.next_action) == ("succeeded", None)
        mandate = v1.mandates.retrieve(done.mandate)
        well_formed(mandate)
        assert (mandate.payment_method, mandate.type) == (done.payment_method, "multi_use")
        assert [one.status for one in v1.setup_attempts.list({"setup_intent": intent.id})] == ["succeeded"]
        assert v1.payment_methods.retrieve(done.payment_method).customer == customer
        paid = shop.pay(
            done.payment_method,
            customer=customer,
            off_session=True,
            allowed_payment_method_types=["us_bank_account"],
        )
        assert paid.status == "processing"

    def test_a_guess_counts_until_there_are_none_left(self, shop: Any, setups: Any) -> None:
        intent = waiting(setups)
        error = refused(setups.verify_microdeposits, intent.id, {"amounts": [1, 2]})
        assert error.code == "payment_method_microdeposit_verification_amounts_mismatch"
        assert shop.told(error, "setup_intent")["id"] == intent.id
        refused(setups.verify_microdeposits, intent.id, {"amounts": [1, 2]})
        with pytest.raises(stripe.CardError) as caught:
            setups.verify_microdeposits(intent.id, {"amounts": [1, 2]})
        assert caught.value.code == "payment_method_microdeposit_verification_attempts_exceeded"
        assert setups.retrieve(intent.id).status == "requires_payment_method"
        assert shop.events()[-1] == "setup_intent.setup_failed"

    @pytest.mark.parametrize(
        ("proof", "why"),
        [({"amounts": [10, 11]}, "attempts_exceeded"), ({"descriptor_code": "SM44DD"}, "timeout")],
    )
    def test_documented_failures(self, setups: Any, proof: dict[str, Any], why: str) -> None:
        intent = waiting(setups)
        with pytest.raises(stripe.CardError) as caught:
            setups.verify_microdeposits(intent.id, proof)
        assert caught.value.code == f"payment_method_microdeposit_verification_{why}"
        assert setups.retrieve(intent.id).last_setup_error.code == caught.value.code

    def test_only_where_some_are_under_way(self, shop: Any, setups: Any) -> None:
        intent = setups.create()
        error = refused(setups.verify_microdeposits, intent.id, {"amounts": [32, 45]})
        assert error.code == "intent_invalid_state"
        assert error.user_message == (
            "This SetupIntent cannot be actioned on because it has a status of requires_payment_method. Only a"
            ' SetupIntent with one of the following statuses may be actioned on: ["requires_action"].'
        )
        asked = setups.create(
            {"payment_method": "pm_card_authenticationRequired", "confirm": True, "return_url": RETURN_URL}
        )
        refused(setups.verify_microdeposits, asked.id, {"amounts": [32, 45]})
        assert refused(setups.verify_microdeposits, waiting(setups).id, {"amounts": [1]}).param == "amounts"
        browser = shop.publishable().v1.setup_intents
        mine = waiting(setups)
        proof = {"descriptor_code": "SM11AA", "client_secret": mine.client_secret}
        assert browser.verify_microdeposits(mine.id, proof).status == "succeeded"

    def test_that_cannot_be_sent(self, own_shop: Any) -> None:
        setups = own_shop.client.v1.setup_intents
        intent = setups.create({**us_account(account_number="000666666661"), "mandate_data": ONLINE})
        assert intent.status == "requires_action"
        own_shop.server.advance(60, world=own_shop.name)
        intent = setups.retrieve(intent.id)
        assert (intent.status, intent.last_setup_error.code) == (
            "requires_payment_method",
            "payment_method_microdeposit_failed",
        )
        assert own_shop.events()[-1] == "setup_intent.setup_failed"


BANK = "us_bank_account"


def intent_with_account(setups: Any) -> str:
    return str(setups.create({"payment_method": "pm_usBankAccount_success"}).id)


class TestAtOnce:
    def test_an_account_that_is_verified(self, setups: Any) -> None:
        params = {"allowed_payment_method_types": ["us_bank_account"], "confirm": True, "mandate_data": ONLINE}
        intent = setups.create({**params, "payment_method": "pm_usBankAccount_success"})
        assert intent.status == "succeeded"

    def test_an_iban(self, shop: Any, v1: Any, setups: Any, well_formed: Any) -> None:
        data = {"type": "sepa_debit", "sepa_debit": {"iban": "DE89370400440532013000"}, "billing_details": ADA}
        params = {"payment_method_data": data, "allowed_payment_method_types": ["sepa_debit"], "confirm": True}
        error = refused(setups.create, params)
        assert (error.code, error.param) == ("setup_intent_mandate_invalid", "mandate_data")
        customer = v1.customers.create().id
        intent = setups.create({**params, "mandate_data": ONLINE, "customer": customer, "expand": ["mandate"]})
        well_formed(intent)
        assert (intent.status, intent.mandate.payment_method_details.type) == ("succeeded", "sepa_debit")
        later = shop.pay(
            intent.payment_method,
            currency="eur",
            customer=customer,
            off_session=True,
            allowed_payment_method_types=["sepa_debit"],
        )
        assert later.status == "processing"

    def test_in_a_browser_which_shows_the_terms(self, shop: Any, setups: Any) -> None:
        intent = setups.create({"allowed_payment_method_types": ["sepa_debit"]})
        data = {"type": "sepa_debit", "sepa_debit": {"iban": "DE89370400440532013000"}, "billing_details": ADA}
        params = {"client_secret": intent.client_secret, "payment_method_data": data}
        assert shop.publishable().v1.setup_intents.confirm(intent.id, params).status == "succeeded"
        assert setups.retrieve(intent.id).mandate is not None

    def test_with_automatic_methods_any_type_can_be_given(self, v1: Any, setups: Any) -> None:
        params = {"confirm": True, "mandate_data": ONLINE, "return_url": RETURN_URL}
        intent = setups.create({**params, "payment_method": "pm_usBankAccount_success"})
        assert (intent.status, intent.payment_method_types) == ("succeeded", ["card", "link", "us_bank_account"])
        assert setups.update(intent.id, {"description": "x"}).payment_method_types == intent.payment_method_types
        cards = {"automatic_payment_methods": {"enabled": False}, "payment_method": "pm_usBankAccount_success"}
        assert refused(setups.create, cards).code == "setup_intent_invalid_parameter"
        error = refused(setups.update, intent_with_account(setups), {"excluded_payment_method_types": [BANK]})
        assert error.code == "setup_intent_invalid_parameter"
        error = refused(setups.create, {"payment_method_configuration": "pmc_nobody"})
        assert (error.code, error.param) == ("resource_missing", "payment_method_configuration")
        mine = v1.payment_method_configurations.create({"name": "mine"})
        made = setups.create({"payment_method_configuration": mine.id})
        assert made.payment_method_configuration_details.id == mine.id


class TestElsewhere:
    def test_a_wallet_is_authorised_on_its_page(self, shop: Any, v1: Any, setups: Any, well_formed: Any) -> None:
        customer = v1.customers.create().id
        params = {"payment_method_data": {"type": "paypal"}, "allowed_payment_method_types": ["paypal"]}
        intent = setups.create({**params, "confirm": True, "return_url": RETURN_URL, "customer": customer})
        well_formed(intent)
        assert intent.status == "requires_action"
        challenge = intent.next_action.redirect_to_url.url.rpartition("/")[2]
        shop.call(answer_challenge(shop.server.fake, challenge, "complete"))
        intent = setups.retrieve(intent.id)
        assert intent.status == "succeeded"
        later = shop.pay(
            intent.payment_method, customer=customer, off_session=True, allowed_payment_method_types=["paypal"]
        )
        assert later.status == "succeeded"

    @pytest.mark.parametrize(
        ("kind", "params"),
        [
            ("eps", {}),
            ("paypal", {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}),
            ("paypal", {"excluded_payment_method_types": ["paypal"]}),
            ("paypal", {"allowed_payment_method_types": ["card"]}),
        ],
    )
    def test_what_an_intent_rules_out_cannot_be_given(self, setups: Any, kind: str, params: Any) -> None:
        error = refused(setups.create, {**params, "payment_method_data": {"type": kind}})
        assert (error.code, error.param) == ("setup_intent_invalid_parameter", "payment_method")

    def test_what_pays_once_is_not_set_up(self, setups: Any) -> None:
        params = {"payment_method_data": {"type": "eps"}, "allowed_payment_method_types": ["eps"]}
        error = refused(setups.create, {**params, "confirm": True, "return_url": RETURN_URL})
        assert error.param in ("payment_method", "allowed_payment_method_types[0]")
