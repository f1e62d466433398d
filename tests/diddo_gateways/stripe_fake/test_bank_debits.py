"""Bank debits: processing and what the bank answers, mandates, verification, and each test account."""

from typing import Any

import pytest
import stripe
from refusals import refused

from diddo_gateways.stripe_fake.payments.bank_accounts import bank_accounts
from diddo_gateways.stripe_fake.payments.debits import ANSWERED_AFTER, DELAYED_BY
from diddo_gateways.stripe_fake.payments.method_types import type_of

ACCEPTED = {"customer_acceptance": {"type": "offline"}}
BILLING = {"name": "Ada", "email": "ada@shop.test"}
DEBITED = [one for one in bank_accounts().all if not one.microdeposits_fail and one.blocked is None]
VERIFIED = [one for one in DEBITED if one.payment_methods]
NUMBERED = [one for one in DEBITED if one.number]
CURRENCIES = {
    "us_bank_account": "usd",
    "sepa_debit": "eur",
    "acss_debit": "cad",
    "bacs_debit": "gbp",
    "au_becs_debit": "aud",
}
BANKS = {
    "us_bank_account": {"routing_number": "110000000", "account_holder_type": "individual"},
    "acss_debit": {"institution_number": "000", "transit_number": "11000"},
    "bacs_debit": {"sort_code": "108800"},
    "au_becs_debit": {"bsb_number": "000000"},
    "sepa_debit": {},
}


def by_account(kind: str, number: str) -> dict[str, Any]:
    """Return `payment_method_data` of a bank account."""
    name = "iban" if kind == "sepa_debit" else "account_number"
    return {"type": kind, "billing_details": BILLING, kind: {name: number, **BANKS[kind]}}


def debit(shop: Any, method: str | None, kind: str, **params: Any) -> Any:
    given = {"currency": CURRENCIES[kind], "mandate_data": ACCEPTED, "allowed_payment_method_types": [kind]}
    return shop.pay(method, **{**given, **params})


def wait(shop: Any, seconds: int = ANSWERED_AFTER) -> None:
    shop.server.advance(seconds, shop.name)
    shop.call(shop.server.fake.settled())


def test_a_debit_that_succeeds(own_shop: Any, well_formed: Any) -> None:
    intent = debit(own_shop, "pm_usBankAccount_success", "us_bank_account", expand=["latest_charge", "payment_method"])
    well_formed(intent)
    well_formed(intent.payment_method)
    assert (intent.status, intent.amount_received, intent.next_action) == ("processing", 0, None)
    charge = intent.latest_charge
    well_formed(charge)
    assert charge.id.startswith("py_3")
    assert (charge.status, charge.paid, charge.captured) == ("pending", False, False)
    assert charge.payment_method_details.us_bank_account.last4 == "6789"
    assert own_shop.events() == ["payment_intent.created", "charge.pending", "payment_intent.processing"]
    wait(own_shop)
    intent = own_shop.client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge.balance_transaction"]})
    assert (intent.status, intent.amount_received) == ("succeeded", 2000)
    charge = intent.latest_charge
    well_formed(charge)
    assert (charge.status, charge.paid, charge.captured, charge.amount_captured) == ("succeeded", True, True, 2000)
    assert charge.balance_transaction.amount == 2000
    assert own_shop.events()[3:] == ["charge.succeeded", "payment_intent.succeeded"]


def test_a_debit_that_fails_can_be_paid_otherwise(own_shop: Any, well_formed: Any) -> None:
    intent = debit(
        own_shop,
        "pm_usBankAccount_accountClosed",
        "us_bank_account",
        allowed_payment_method_types=["us_bank_account", "card"],
    )
    method = intent.payment_method
    wait(own_shop)
    intent = own_shop.client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    well_formed(intent)
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    error = intent.last_payment_error
    assert (error.type, error.code, error.charge) == ("card_error", "account_closed", intent.latest_charge.id)
    assert (error.payment_method.id, error.payment_method_type) == (method, "us_bank_account")
    assert (intent.latest_charge.status, intent.latest_charge.failure_code) == ("failed", "account_closed")
    assert own_shop.events()[3:] == ["charge.failed", "payment_method.updated", "payment_intent.payment_failed"]
    blocked = own_shop.client.v1.payment_methods.retrieve(method)
    assert blocked.us_bank_account.status_details.blocked.reason == "bank_account_closed"
    paid = own_shop.client.v1.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa", "return_url": "https://shop.test"}
    )
    assert paid.status == "succeeded"


def test_every_account_by_its_id(own_shop: Any) -> None:
    check_ends(own_shop, [(one, debit(own_shop, one.payment_methods[0], one.type)) for one in VERIFIED])


def test_every_account_by_its_number(own_shop: Any) -> None:
    def pay(one: Any) -> Any:
        intent = debit(own_shop, None, one.type, payment_method_data=by_account(one.type, one.number))
        if type_of(one.type).verified:
            assert intent.next_action.type == "verify_with_microdeposits"
            intent = own_shop.client.v1.payment_intents.verify_microdeposits(intent.id, {"amounts": [32, 45]})
        return intent

    check_ends(own_shop, [(one, pay(one)) for one in NUMBERED])


def check_ends(shop: Any, debits: list[Any]) -> None:
    """Hold what becomes of each debit against what its test account is for."""
    assert {intent.status for _, intent in debits} == {"processing"}
    wait(shop)
    for one, intent in debits:
        if one.delayed or one.stays:
            assert shop.client.v1.payment_intents.retrieve(intent.id).status == "processing", one.name
    wait(shop, DELAYED_BY)
    for one, intent in debits:
        ended = shop.client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
        expected = "processing" if one.stays else "succeeded" if one.failure is None else "requires_payment_method"
        assert ended.status == expected, one.name
        if one.failure is not None:
            assert ended.latest_charge.failure_code == one.failure.failure_code
            assert ended.last_payment_error.code == one.failure.code
        assert ended.latest_charge.disputed == one.dispute, one.name


@pytest.mark.parametrize("by_number", [True, False])
def test_an_account_whose_risk_is_too_high(shop: Any, by_number: Any) -> None:
    intents = shop.client.v1.payment_intents
    data = by_account("us_bank_account", "000000004954")
    waiting = debit(shop, None, "us_bank_account", payment_method_data=data) if by_number else None

    def pay() -> Any:
        if waiting is None:
            return debit(shop, "pm_usBankAccount_riskLevelHighest", "us_bank_account")
        return intents.verify_microdeposits(waiting.id, {"descriptor_code": "SM11AA"})

    with pytest.raises(stripe.CardError) as caught:
        pay()
    assert caught.value.code == "bank_account_declined"
    charge = shop.client.v1.charges.retrieve(caught.value.error.charge)
    assert (charge.status, charge.outcome.type) == ("failed", "blocked")


def test_an_intent_can_be_canceled_before_the_bank_has_answered(own_shop: Any) -> None:
    intent = debit(own_shop, "pm_sepaDebit_success_de", "sepa_debit")
    canceled = own_shop.client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "requested_by_customer"})
    assert canceled.status == "canceled"
    wait(own_shop)
    assert own_shop.client.v1.charges.retrieve(intent.latest_charge).status == "failed"
    assert own_shop.client.v1.payment_intents.retrieve(intent.id).status == "canceled"


class TestMandates:
    def test_none_is_an_error(self, shop: Any) -> None:
        error = refused(lambda: shop.pay("pm_sepaDebit_success_at", currency="eur"))
        assert (error.http_status, error.param) == (400, "mandate_data")
        assert "requires a mandate" in error.user_message

    def test_for_one_payment(self, shop: Any, well_formed: Any) -> None:
        intent = debit(shop, "pm_sepaDebit_success_at", "sepa_debit", expand=["latest_charge"])
        mandate = shop.client.v1.mandates.retrieve(intent.latest_charge.payment_method_details.sepa_debit.mandate)
        well_formed(mandate)
        assert (mandate.type, mandate.status, mandate.payment_method) == (
            "single_use",
            "active",
            intent.payment_method,
        )
        assert mandate.single_use.to_dict() == {"amount": 2000, "currency": "eur"}

    def test_for_later_payments(self, shop: Any) -> None:
        customer = shop.client.v1.customers.create().id
        first = debit(
            shop, "pm_sepaDebit_success_fr", "sepa_debit", customer=customer, setup_future_usage="off_session"
        )
        saved = shop.client.v1.payment_methods.retrieve(first.payment_method)
        assert saved.customer == customer
        later = shop.pay(saved.id, currency="eur", customer=customer, off_session=True, expand=["latest_charge"])
        assert later.status == "processing"
        named = later.latest_charge.payment_method_details.sepa_debit.mandate
        again = shop.pay(saved.id, currency="eur", customer=customer, mandate=named)
        assert again.status == "processing"

    def test_of_another_method(self, shop: Any) -> None:
        intent = debit(shop, "pm_sepaDebit_success_at", "sepa_debit", expand=["latest_charge"])
        mandate = intent.latest_charge.payment_method_details.sepa_debit.mandate
        error = refused(lambda: shop.pay("pm_sepaDebit_success_at", currency="eur", mandate=mandate))
        assert (error.code, error.param) == ("payment_intent_mandate_invalid", "mandate")

    def test_in_the_browser_it_goes_without_saying(self, shop: Any) -> None:
        intent = shop.client.v1.payment_intents.create({"amount": 900, "currency": "eur"})
        data = by_account("sepa_debit", "DE89370400440532013000")
        params = {"client_secret": intent.client_secret, "payment_method_data": data}
        confirmed = shop.publishable().v1.payment_intents.confirm(intent.id, params)
        assert confirmed.status == "processing"


class TestVerification:
    def waiting(self, shop: Any, number: str = "000123456789") -> Any:
        return debit(shop, None, "us_bank_account", payment_method_data=by_account("us_bank_account", number))

    def test_by_a_code(self, shop: Any, well_formed: Any) -> None:
        intent = self.waiting(shop)
        well_formed(intent)
        assert (intent.status, intent.next_action.type) == ("requires_action", "verify_with_microdeposits")
        assert shop.events()[-1] == "payment_intent.requires_action"
        verified = shop.client.v1.payment_intents.verify_microdeposits(intent.id, {"descriptor_code": "SM11AA"})
        assert verified.status == "processing"
        error = refused(shop.client.v1.payment_intents.verify_microdeposits, intent.id, {"descriptor_code": "SM11AA"})
        assert error.code == "payment_intent_unexpected_state"

    def test_an_account_is_verified_once(self, shop: Any) -> None:
        customer = shop.client.v1.customers.create().id
        data = by_account("us_bank_account", "000123456789")
        intent = debit(
            shop,
            None,
            "us_bank_account",
            payment_method_data=data,
            customer=customer,
            setup_future_usage="off_session",
        )
        shop.client.v1.payment_intents.verify_microdeposits(intent.id, {"amounts": [45, 32]})
        method = shop.client.v1.customers.payment_methods.list(customer).data[0].id
        assert debit(shop, method, "us_bank_account", customer=customer).status == "processing"

    def test_wrong_amounts_three_times(self, shop: Any) -> None:
        intent = self.waiting(shop)
        verify = shop.client.v1.payment_intents.verify_microdeposits
        for left in (2, 1):
            error = refused(verify, intent.id, {"amounts": [1, 2]})
            assert error.code == "payment_method_microdeposit_verification_amounts_mismatch"
            assert f"You have {left} verification attempts remaining." in error.user_message
        with pytest.raises(stripe.CardError) as caught:
            verify(intent.id, {"amounts": [1, 2]})
        assert caught.value.code == "payment_method_microdeposit_verification_attempts_exceeded"
        assert shop.client.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"

    @pytest.mark.parametrize(
        ("params", "code"),
        [
            ({"amounts": [10, 11]}, "attempts_exceeded"),
            ({"descriptor_code": "SM33CC"}, "attempts_exceeded"),
            ({"amounts": [40, 41]}, "timeout"),
            ({"descriptor_code": "SM44DD"}, "timeout"),
        ],
    )
    def test_magic_values(self, shop: Any, params: Any, code: str) -> None:
        intent = self.waiting(shop)
        with pytest.raises(stripe.CardError) as caught:
            shop.client.v1.payment_intents.verify_microdeposits(intent.id, params)
        assert caught.value.code == f"payment_method_microdeposit_verification_{code}"

    def test_neither_amounts_nor_a_code(self, shop: Any) -> None:
        intent = self.waiting(shop)
        for params in ({}, {"amounts": [32]}):
            error = refused(shop.client.v1.payment_intents.verify_microdeposits, intent.id, params)
            assert error.code == "payment_method_microdeposit_verification_amounts_invalid"

    @pytest.mark.parametrize("by_id", [True, False])
    def test_microdeposits_that_do_not_arrive(self, own_shop: Any, by_id: Any) -> None:
        if by_id:
            intent = debit(own_shop, "pm_usBankAccount_failMicrodeposits", "us_bank_account")
        else:
            intent = self.waiting(own_shop, "000666666661")
        wait(own_shop)
        intent = own_shop.client.v1.payment_intents.retrieve(intent.id)
        assert intent.status == "requires_payment_method"
        assert intent.last_payment_error.code == "payment_method_microdeposit_failed"


class TestAccounts:
    @pytest.mark.parametrize("kind", CURRENCIES)
    def test_none_but_test_accounts(self, shop: Any, kind: str) -> None:
        number = "DE02120300000000202051" if kind == "sepa_debit" else "00099999"
        error = refused(shop.client.v1.payment_methods.create, by_account(kind, number))
        assert (error.http_status, error.code) == (400, "account_number_invalid")
        assert number not in str(error.json_body)

    def test_an_iban_that_is_none(self, shop: Any) -> None:
        error = refused(shop.client.v1.payment_methods.create, by_account("sepa_debit", "DE00370400440532013000"))
        assert (error.code, error.param) == ("invalid_bank_account_iban", "sepa_debit[iban]")

    def test_a_routing_number_that_is_none(self, shop: Any) -> None:
        data = by_account("us_bank_account", "000123456789")
        data["us_bank_account"]["routing_number"] = "110000001"
        assert refused(shop.client.v1.payment_methods.create, data).code == "routing_number_invalid"

    @pytest.mark.parametrize("kind", CURRENCIES)
    def test_the_owner_has_a_name(self, shop: Any, kind: str) -> None:
        number = next(one.number for one in NUMBERED if one.type == kind)
        error = refused(shop.client.v1.payment_methods.create, {**by_account(kind, number), "billing_details": {}})
        assert (error.code, error.param) == ("parameter_missing", "billing_details[name]")

    @pytest.mark.parametrize("kind", CURRENCIES)
    def test_currencies(self, shop: Any, kind: str) -> None:
        number = next(one.number for one in NUMBERED if one.type == kind)
        method = shop.client.v1.payment_methods.create(by_account(kind, number))
        error = refused(lambda: shop.pay(method.id, currency="jpy", mandate_data=ACCEPTED))
        assert error.code == "payment_intent_incompatible_payment_method"

    def test_money_that_waits_is_not_authorised(self, shop: Any) -> None:
        error = refused(lambda: debit(shop, "pm_sepaDebit_success_de", "sepa_debit", capture_method="manual"))
        assert error.param == "capture_method"

    def test_names_and_fingerprints_are_unique(self) -> None:
        every = bank_accounts().all
        assert len({one.name for one in every}) == len(every)
        assert len({one.fingerprint("acct_1") for one in every}) == len(every)
