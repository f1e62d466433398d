"""Payment methods through the SDK: made, shown, attached, detached, used up."""

from typing import Any

import pytest
import stripe

from diddo_gateways.stripe_fake.payments.cards import test_cards as read_cards

UPDATED = "payment_method.updated"


@pytest.fixture
def customer(shop: Any) -> str:
    return shop.client.v1.customers.create({"name": "Ada"}).id


def test_a_card_number_makes_a_payment_method(shop: Any, well_formed: Any) -> None:
    method = shop.client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {"number": "4242 4242 4242 4242", "exp_month": 8, "exp_year": 2031, "cvc": "314"},
            "billing_details": {"name": "Ada", "address": {"postal_code": "94103"}},
            "metadata": {"order": "1"},
        }
    )
    well_formed(method)
    assert method.id.startswith("pm_1")
    assert len(method.id) == 27
    assert method.customer is None
    assert (method.card.brand, method.card.last4, method.card.exp_month, method.card.exp_year) == (
        "visa",
        "4242",
        8,
        2031,
    )
    assert method.card.checks.to_dict() == {
        "address_line1_check": None,
        "address_postal_code_check": "unchecked",
        "cvc_check": "unchecked",
    }
    assert method.billing_details.address.to_dict() == {
        "city": None,
        "country": None,
        "line1": None,
        "line2": None,
        "postal_code": "94103",
        "state": None,
    }
    assert shop.client.v1.payment_methods.retrieve(method.id).to_dict() == method.to_dict()
    assert shop.events() == [], "making one is no event"


def test_a_token_makes_a_payment_method(shop: Any, well_formed: Any) -> None:
    method = shop.client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_mastercard"}})
    well_formed(method)
    assert (method.card.brand, method.card.last4) == ("mastercard", "4444")


@pytest.mark.parametrize("name", sorted(read_cards().by_payment_method))
def test_each_named_payment_method_is_its_card(shop: Any, name: Any) -> None:
    card = read_cards().by_payment_method[name]
    method = shop.client.v1.payment_methods.retrieve(name)
    assert method.id.startswith("pm_1")
    shown = (method.card.brand, method.card.country, method.card.funding, method.card.last4)
    assert shown == (card.brand, card.country, card.funding, card.last4)


def test_a_named_payment_method_is_a_new_one_each_time(shop: Any) -> None:
    retrieve = shop.client.v1.payment_methods.retrieve
    first, second = retrieve("pm_card_visa"), retrieve("pm_card_visa")
    assert first.id != second.id
    assert first.card.fingerprint == second.card.fingerprint
    assert retrieve(first.id).id == first.id


def test_fingerprints_are_the_accounts_own(shop: Any) -> None:
    other = shop.server.client(f"sk_test_{shop.name}_other").v1.payment_methods.retrieve("pm_card_visa")
    assert other.card.fingerprint != shop.client.v1.payment_methods.retrieve("pm_card_visa").card.fingerprint


def test_co_branded_cards_offer_both_networks(shop: Any) -> None:
    method = shop.client.v1.payment_methods.retrieve("pm_card_visa_cartesBancaires")
    assert method.card.networks.available == ["cartes_bancaires", "visa"]


@pytest.mark.parametrize(
    ("card", "code", "param"),
    [
        ({"number": "4242424242424241"}, "incorrect_number", "number"),
        ({"number": "12"}, "invalid_number", "number"),
        ({"exp_month": 13}, "invalid_expiry_month", "exp_month"),
        ({"exp_year": 1995}, "invalid_expiry_year", "exp_year"),
        ({"cvc": "99"}, "invalid_cvc", "cvc"),
        ({"number": "4012888888881881"}, "card_declined", "number"),
    ],
)
def test_refused_card_details(shop: Any, card: Any, code: Any, param: Any) -> None:
    details = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123", **card}
    with pytest.raises(stripe.CardError) as caught:
        shop.client.v1.payment_methods.create({"type": "card", "card": details})
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (402, code, param)
    assert caught.value.error.doc_url == f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"card": {"token": "tok_visa"}}, "type"),
        ({"type": "card"}, "card"),
        ({"type": "card", "card": {"exp_month": 1, "exp_year": 2040}}, "card[number]"),
        ({"type": "card", "card": {"number": "4242424242424242", "exp_year": 2040}}, "card[exp_month]"),
    ],
)
def test_missing_parameters(shop: Any, params: Any, param: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.client.v1.payment_methods.create(params)
    assert (caught.value.code, caught.value.param) == ("parameter_missing", param)


def test_an_unknown_token_and_an_unknown_method(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_nobody"}})
    assert (caught.value.code, caught.value.http_status) == ("resource_missing", 400)
    assert caught.value.user_message == "No such token: 'tok_nobody'"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.client.v1.payment_methods.retrieve("pm_nobody")
    assert (caught.value.code, caught.value.http_status) == ("resource_missing", 404)
    assert caught.value.user_message.startswith("No such PaymentMethod: 'pm_nobody'; It's possible this PaymentMethod")


def test_attach_list_update_detach(shop: Any, customer: str, well_formed: Any) -> None:
    methods = shop.client.v1.payment_methods
    visa = methods.attach("pm_card_visa", {"customer": customer})
    amex = methods.attach("pm_card_amex", {"customer": customer})
    well_formed(visa)
    assert visa.customer == customer
    assert visa.card.checks.cvc_check == "pass"
    assert [method.id for method in methods.list({"customer": customer})] == [amex.id, visa.id]
    assert [method.id for method in methods.list({"customer": customer, "type": "card", "limit": 1})] == [amex.id]
    owned = shop.client.v1.customers.payment_methods
    assert [method.id for method in owned.list(customer)] == [amex.id, visa.id]
    assert owned.retrieve(customer, visa.id).id == visa.id
    with pytest.raises(stripe.InvalidRequestError, match="No such PaymentMethod: 'pm_nobody'"):
        owned.retrieve(customer, "pm_nobody")
    changed = methods.update(
        visa.id,
        {
            "allow_redisplay": "limited",
            "billing_details": {"email": "a@b.test"},
            "card": {"exp_year": 2039},
            "metadata": {"order": "7"},
        },
    )
    assert (changed.card.exp_year, changed.billing_details.email) == (2039, "a@b.test")
    assert (changed.allow_redisplay, changed.metadata.to_dict()) == ("limited", {"order": "7"})
    assert [method.id for method in methods.list({"customer": customer, "allow_redisplay": "limited"})] == [visa.id]
    with pytest.raises(stripe.CardError, match="expiration year is invalid"):
        methods.update(visa.id, {"card": {"exp_year": 1999}})
    assert methods.detach(visa.id).customer is None
    assert [method.id for method in methods.list({"customer": customer})] == [amex.id]
    assert shop.events() == [
        "customer.created",
        "payment_method.attached",
        "payment_method.attached",
        "payment_method.updated",
        "payment_method.detached",
    ]


def test_an_update_tells_what_has_changed(shop: Any, customer: str) -> None:
    methods = shop.client.v1.payment_methods
    method = methods.attach("pm_card_visa", {"customer": customer})
    methods.update(method.id, {"metadata": {"order": "7"}, "billing_details": {"name": "Ada"}})
    methods.update(method.id, {"metadata": {"cart": "8"}, "billing_details": {"name": "Ada"}})
    methods.update(method.id, {"metadata": {"cart": "8"}})
    told = [event.data.to_dict()["previous_attributes"] for event in shop.client.v1.events.list({"type": UPDATED})]
    first = {"billing_details": {"name": None}, "metadata": {"order": None}}
    assert told == [{"metadata": {"cart": None}}, first]


def test_a_detached_method_can_be_used_no_more(shop: Any, customer: str) -> None:
    methods = shop.client.v1.payment_methods
    method = methods.attach("pm_card_visa", {"customer": customer})
    methods.detach(method.id)
    expected = (
        "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, "
        "and may not be used again."
    )
    with pytest.raises(stripe.InvalidRequestError, match=expected):
        methods.attach(method.id, {"customer": customer})
    with pytest.raises(stripe.InvalidRequestError, match=expected):
        shop.pay(method.id)
    with pytest.raises(stripe.InvalidRequestError, match="not attached to a customer so detachment is impossible"):
        methods.detach(method.id)


def test_nothing_is_saved_to_a_customer_who_is_gone(shop: Any, customer: str) -> None:
    v1 = shop.client.v1
    given: Any = {"customer": customer, "payment_method": "pm_card_visa"}
    usage: Any = {"amount": 500, "currency": "usd", "setup_future_usage": "off_session"}
    intents = [
        (v1.payment_intents, v1.payment_intents.create({**given, **usage})),
        (v1.setup_intents, v1.setup_intents.create(given)),
    ]
    v1.customers.delete(customer)
    for resource, intent in intents:
        confirmed = resource.confirm(intent.id, {"return_url": "https://shop.test", "expand": ["payment_method"]})
        assert (confirmed.status, confirmed.payment_method.customer) == ("succeeded", None)


def test_the_methods_of_a_deleted_customer_are_detached(shop: Any, customer: str) -> None:
    methods = [shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id for _ in range(3)]
    shop.client.v1.customers.delete(customer)
    assert [shop.client.v1.payment_methods.retrieve(method).customer for method in methods] == [None] * 3
    assert sorted(shop.events()[-4:]) == ["customer.deleted"] + ["payment_method.detached"] * 3


def test_a_method_that_has_paid_unattached_cannot_be_attached(shop: Any, customer: str) -> None:
    paid = shop.pay("pm_card_visa")
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        shop.client.v1.payment_methods.attach(paid.payment_method, {"customer": customer})
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        shop.pay(paid.payment_method)


def test_an_attached_method_pays_as_often_as_wanted(shop: Any, customer: str) -> None:
    method = shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    for _ in range(3):
        assert shop.pay(method.id, customer=customer).status == "succeeded"


def test_a_method_belongs_to_one_customer(shop: Any, customer: str) -> None:
    other = shop.client.v1.customers.create().id
    method = shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    assert shop.client.v1.payment_methods.attach(method.id, {"customer": customer}).customer == customer
    with pytest.raises(stripe.InvalidRequestError, match="already been attached to a customer"):
        shop.client.v1.payment_methods.attach(method.id, {"customer": other})
    with pytest.raises(stripe.InvalidRequestError, match="does not belong to the Customer you supplied") as caught:
        shop.pay(method.id, customer=other)
    assert (caught.value.code, caught.value.param) == (None, "payment_method")
    with pytest.raises(stripe.InvalidRequestError, match=f"belongs to the Customer {customer}. Please incl") as caught:
        shop.pay(method.id)
    assert (caught.value.code, caught.value.param) == ("parameter_missing", "source")


DECLINING = [card for card in read_cards().all if card.refuses_attachment]


@pytest.mark.parametrize("card", DECLINING, ids=lambda card: card.name)
def test_cards_of_the_decline_group_cannot_be_attached(shop: Any, customer: str, card: Any) -> None:
    method = shop.client.v1.payment_methods.create(
        {"type": "card", "card": {"token": card.tokens[0]}} if card.tokens else {}
    )
    with pytest.raises(stripe.CardError) as caught:
        shop.client.v1.payment_methods.attach(method.id, {"customer": customer})
    error = caught.value
    assert (error.http_status, error.code, error.param) == (402, card.decline.code, "")
    assert shop.told(error, "decline_code") == card.decline.decline_code
    assert list(shop.client.v1.payment_methods.list({"customer": customer})) == []


def test_the_card_for_it_attaches_and_then_declines(shop: Any, customer: str) -> None:
    method = shop.client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    assert shop.declined(method.id, customer=customer).code == "card_declined"
    assert shop.client.v1.payment_methods.retrieve(method.id).customer == customer


def test_a_customer_is_not_given_at_creation(shop: Any, customer: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="during PaymentMethod creation"):
        shop.client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}, "customer": customer})


def test_lists_are_by_customer_only(shop: Any, customer: str) -> None:
    shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    assert list(shop.client.v1.payment_methods.list()) == []


def test_attaching_to_nobody(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Must provide customer or customer_account") as missing:
        shop.client.v1.payment_methods.attach("pm_card_visa")
    assert (missing.value.code, missing.value.param) == ("parameter_missing", None)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_nobody'") as caught:
        shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": "cus_nobody"})
    assert caught.value.code == "resource_missing"


def test_only_a_saved_method_can_be_updated(shop: Any) -> None:
    method = shop.client.v1.payment_methods.retrieve("pm_card_visa")
    with pytest.raises(stripe.InvalidRequestError, match="save this PaymentMethod to a customer before"):
        shop.client.v1.payment_methods.update(method.id, {"metadata": {"a": "b"}})


def test_redisplay_can_be_set_at_creation(shop: Any) -> None:
    params = {"type": "card", "card": {"token": "tok_visa"}, "allow_redisplay": "always"}
    assert shop.client.v1.payment_methods.create(params).allow_redisplay == "always"


def test_copying_between_accounts_is_said_not_to_be_modelled(shop: Any) -> None:
    with pytest.raises(stripe.APIError) as caught:
        shop.client.v1.payment_methods.create({"payment_method": "pm_card_visa"})
    assert caught.value.http_status == 501


def test_other_types_are_said_not_to_be_modelled(shop: Any) -> None:
    with pytest.raises(stripe.APIError) as caught:
        shop.client.v1.payment_methods.create({"type": "crypto"})
    assert caught.value.http_status == 501
