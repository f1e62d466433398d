"""What a checkout session offers and asks for: discounts, taxes, shipping, optional items, fields, consent, recovery."""

from dataclasses import replace
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from diddo_gateways.stripe_fake.checkout.answers import Answers
from diddo_gateways.stripe_fake.checkout.choices import Choices
from diddo_gateways.stripe_fake.checkout.expiring import recover
from diddo_gateways.stripe_fake.checkout.paying import Declined, Paid, change_session, pay_session
from diddo_gateways.stripe_fake.checkout.totals import add_up

from .test_session_payments import VISA, now, open_session, pay

HOME = {"line1": "1 Market Street", "city": "San Francisco", "country": "US", "postal_code": "94105", "state": "CA"}
ADA = Answers(email="ada@example.com", name="Ada", address=HOME)


def line(amount: int, *, quantity: int = 1, **more: Any) -> dict[str, Any]:
    data = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Hat"}}
    return {"price_data": data, "quantity": quantity, **more}


def answer(shop: Any, session: Any, answers: Answers = ADA, **more: Any) -> Any:
    return shop.call(pay_session(shop.server.fake, session.id, VISA, answers=answers, **more))


def change(shop: Any, session: Any, **choices: Any) -> Any:
    return shop.call(change_session(shop.server.fake, session.id, Choices(**choices)))


def coupon(shop: Any, **params: Any) -> str:
    return str(shop.client.v1.coupons.create({"duration": "once", **params}).id)


def test_a_discount_and_taxes_are_shared_among_the_lines(shop: Any, well_formed: Any) -> None:
    rates = shop.client.v1.tax_rates
    on_top = rates.create({"display_name": "Tax", "percentage": 10, "inclusive": False}).id
    within = rates.create({"display_name": "VAT", "percentage": 25, "inclusive": True}).id
    session = open_session(
        shop,
        line_items=[line(1000, quantity=2, tax_rates=[on_top]), line(500, tax_rates=[within]), line(100)],
        discounts=[{"coupon": coupon(shop, percent_off=20)}],
        expand=["total_details.breakdown", "line_items.data.discounts", "line_items.data.taxes"],
    )
    well_formed(session)
    items = session.line_items.data
    assert [(one.amount_subtotal, one.amount_discount, one.amount_tax, one.amount_total) for one in items] == [
        (2000, 400, 160, 1760),
        (500, 100, 80, 400),
        (100, 20, 0, 80),
    ]
    assert (session.amount_subtotal, session.amount_total) == (2600, 2240)
    assert (session.total_details.amount_discount, session.total_details.amount_tax) == (520, 240)
    parts = session.total_details.breakdown
    assert ([one.amount for one in parts.discounts], [one.amount for one in parts.taxes]) == ([520], [160, 80])
    assert [one.amount for one in items[0].discounts] == [400]
    assert items[1].taxes[0].taxable_amount == 320
    assert answer(shop, session) == Paid(f"https://shop.test/done?session={session.id}")
    done = now(shop, session, expand=["payment_intent", "discounts.coupon"])
    assert done.payment_intent.amount == 2240
    assert done.discounts[0].coupon.times_redeemed == 1


@given(
    amounts=st.lists(st.integers(50, 100_000), min_size=1, max_size=6),
    percent=st.integers(1, 99),
    tax=st.sampled_from([0, 7, 19.6]),
    inclusive=st.booleans(),
)
def test_the_totals_are_the_sums_of_the_lines(amounts: list[int], percent: int, tax: float, inclusive: bool) -> None:  # noqa: FBT001
    rate = {"id": "txr_1", "percentage": tax, "inclusive": inclusive}
    lines = [
        {"id": f"li_{at}", "amount_subtotal": amount, "amount_total": amount, "price": {"product": "prod_1"}}
        for at, amount in enumerate(amounts)
    ]
    content = {
        "line_items": lines,
        "discounts": [{"coupon": {"percent_off": percent, "amount_off": None, "currency": None}}],
        "rates": {"li_0": [rate]} if tax else {},
        "reckoned": False,
    }
    session: dict[str, Any] = {"currency": "usd", "shipping_options": [], "shipping_cost": None}
    try:
        add_up(session, content)
    except stripe.StripeError:
        raise
    except Exception as error:  # noqa: BLE001
        assert "at least $0.50" in str(error)  # noqa: PT017
        return
    details = session["total_details"]
    on_top = 0 if inclusive else details["amount_tax"]
    assert session["amount_total"] == sum(amounts) - details["amount_discount"] + on_top
    assert details["amount_discount"] == (sum(amounts) * percent + 50) // 100
    assert all(0 <= one["amount_discount"] <= one["amount_subtotal"] for one in lines)


def test_a_promotion_code_is_typed_in_and_taken_off(shop: Any) -> None:
    made = shop.client.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon(shop, amount_off=500, currency="usd")}, "code": "HATS"}
    )
    session = open_session(shop, allow_promotion_codes=True)
    refused = change(shop, session, promotion_code="NOPE")
    assert isinstance(refused, Declined)
    assert (refused.message, refused.param) == ("This code is invalid.", "promotion_code")
    assert change(shop, session, promotion_code="hats") is None
    shown = now(shop, session)
    assert (shown.amount_total, shown.discounts[0].promotion_code) == (2000, made.id)
    assert change(shop, session, promotion_code="") is None
    assert now(shop, session).amount_total == 2500
    assert answer(shop, session, choices=Choices(promotion_code="HATS"), expected_amount=2500) == Declined(
        "The total of your order has changed. Look at it again, then confirm.",
        "checkout_amount_mismatch",
        None,
        "expected_amount",
    )
    assert isinstance(answer(shop, session, expected_amount=2000), Paid)
    assert shop.client.v1.promotion_codes.retrieve(made.id).times_redeemed == 1
    closed = open_session(shop)
    assert isinstance(change(shop, closed, promotion_code="HATS"), Declined)


def test_quantities_optional_items_and_shipping_are_chosen(shop: Any, well_formed: Any) -> None:
    socks = shop.client.v1.prices.create({"currency": "usd", "unit_amount": 300, "product_data": {"name": "Socks"}})
    rates = [
        {"shipping_rate_data": {"display_name": name, "fixed_amount": {"amount": amount, "currency": "usd"}}}
        for name, amount in (("Post", 400), ("Courier", 900))
    ]
    session = open_session(
        shop,
        line_items=[line(1000, adjustable_quantity={"enabled": True, "minimum": 1, "maximum": 3}), line(200)],
        optional_items=[{"price": socks.id, "quantity": 2}],
        shipping_options=rates,
    )
    well_formed(session)
    assert (session.amount_total, session.optional_items[0].price) == (1600, socks.id)
    hat, other = (item.id for item in shop.client.v1.checkout.sessions.line_items.list(session.id).data)
    courier = session.shipping_options[1].shipping_rate
    assert change(shop, session, quantities={hat: 3}, shipping_rate=courier) is None
    assert now(shop, session).amount_total == 3 * 1000 + 200 + 900
    for quantities in ({hat: 4}, {other: 2}, {"li_nothing": 1}):
        assert isinstance(change(shop, session, quantities=quantities), Declined)
    assert isinstance(change(shop, session, shipping_rate="shr_no"), Declined)
    assert isinstance(answer(shop, session), Paid)
    assert now(shop, session, expand=["payment_intent"]).payment_intent.amount == 4100


def test_what_is_asked_for_must_be_entered_and_is_shown(shop: Any, well_formed: Any) -> None:
    session = open_session(
        shop,
        billing_address_collection="required",
        consent_collection={"promotions": "auto", "terms_of_service": "required"},
        custom_fields=[
            {"key": "note", "label": {"type": "custom", "custom": "Note"}, "type": "text", "optional": True},
            {
                "key": "gate",
                "label": {"type": "custom", "custom": "Gate"},
                "type": "numeric",
                "numeric": {"minimum_length": 4, "maximum_length": 4},
            },
            {
                "key": "size",
                "label": {"type": "custom", "custom": "Size"},
                "type": "dropdown",
                "dropdown": {"options": [{"label": "Small", "value": "s"}]},
            },
        ],
        name_collection={"individual": {"enabled": True}},
        phone_number_collection={"enabled": True},
        shipping_address_collection={"allowed_countries": ["US"]},
        tax_id_collection={"enabled": True},
    )
    whole = replace(
        ADA,
        phone="+14155550100",
        individual_name="Ada Lovelace",
        shipping_name="Ada",
        shipping_address=HOME,
        custom_fields={"gate": "1234", "size": "s"},
        terms_of_service=True,
        promotions=True,
        business_name="Engines",
        tax_id={"type": "us_ein", "value": "12-3456789"},
    )
    wrong: dict[str, dict[str, Any]] = {
        "phone": {"phone": ""},
        "address[line1]": {"address": {**HOME, "line1": ""}},
        "individual_name": {"individual_name": ""},
        "shipping_name": {"shipping_name": ""},
        "shipping_address[country]": {"shipping_address": {**HOME, "country": "FR"}},
        "custom_fields[gate]": {"custom_fields": {"gate": "12", "size": "s"}},
        "custom_fields[size]": {"custom_fields": {"gate": "1234", "size": "xl"}},
        "terms_of_service": {"terms_of_service": False},
    }
    for param, fields in wrong.items():
        refused = answer(shop, session, replace(whole, **fields))
        assert isinstance(refused, Declined)
        assert refused.param == param
    assert isinstance(answer(shop, session, whole), Paid)
    done = now(shop, session)
    well_formed(done)
    assert (done.consent.promotions, done.consent.terms_of_service) == ("opt_in", "accepted")
    assert [field[field.type].value for field in done.custom_fields] == [None, "1234", "s"]
    assert done.collected_information.shipping_details.address.city == "San Francisco"
    paid = shop.client.v1.payment_intents.retrieve(done.payment_intent, {"expand": ["latest_charge"]})
    assert (paid.shipping.name, paid.shipping.address.city) == ("Ada", "San Francisco")
    assert paid.latest_charge.shipping.to_dict() == paid.shipping.to_dict()
    assert (done.customer_details.phone, done.customer_details.tax_ids[0].value) == ("+14155550100", "12-3456789")
    assert (done.customer_details.individual_name, done.customer_details.business_name) == ("Ada Lovelace", "Engines")


def test_what_was_entered_is_saved_to_the_customer_if_asked(shop: Any) -> None:
    customer = shop.client.v1.customers.create({"email": "ada@example.com"}).id
    update = {"address": "auto", "name": "auto", "shipping": "auto"}
    session = open_session(
        shop, customer=customer, customer_update=update, shipping_address_collection={"allowed_countries": ["US"]}
    )
    assert isinstance(answer(shop, session, replace(ADA, shipping_name="Bob", shipping_address=HOME)), Paid)
    saved = shop.client.v1.customers.retrieve(customer)
    assert (saved.name, saved.address.line1, saved.shipping.name) == ("Ada", "1 Market Street", "Bob")


def test_an_expired_session_is_taken_up_again(own_shop: Any, well_formed: Any) -> None:
    session = open_session(own_shop, after_expiration={"recovery": {"enabled": True, "allow_promotion_codes": True}})
    fake = own_shop.server.fake
    assert own_shop.call(recover(fake, session.id)) is None
    expired = own_shop.client.v1.checkout.sessions.expire(session.id)
    well_formed(expired)
    assert expired.after_expiration.recovery.url == f"http://pages.test/r/{session.id}"
    assert expired.after_expiration.recovery.expires_at == expired.created + 30 * 86_400
    url = own_shop.call(recover(fake, session.id))
    copy = own_shop.client.v1.checkout.sessions.list().data[0]
    assert (copy.url, copy.recovered_from, copy.amount_total) == (url, session.id, 2500)
    assert copy.allow_promotion_codes is True
    own_shop.server.advance(30 * 86_400, own_shop.name)
    assert own_shop.call(recover(fake, session.id)) is None


def test_automatic_tax_collects_nothing_where_nobody_is_registered(shop: Any, well_formed: Any) -> None:
    session = open_session(shop, automatic_tax={"enabled": True})
    well_formed(session)
    assert session.automatic_tax.status == "requires_location_inputs"
    assert isinstance(answer(shop, session), Paid)
    assert (now(shop, session).automatic_tax.status, now(shop, session).amount_total) == ("complete", 2500)
    customer = shop.client.v1.customers.create({})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        open_session(shop, customer=customer.id, automatic_tax={"enabled": True})
    assert caught.value.code == "customer_tax_location_invalid"


def test_a_debit_completes_unpaid_and_is_paid_later(own_shop: Any, well_formed: Any) -> None:
    session = open_session(own_shop, allowed_payment_method_types=["card", "us_bank_account"])
    assert session.payment_method_types == ["card", "us_bank_account"]
    outcomes = {}
    for number in ("000123456789", "000111111116"):
        one = session if not outcomes else open_session(own_shop, allowed_payment_method_types=["us_bank_account"])
        account = {"account_number": number, "routing_number": "110000000", "account_holder_type": "individual"}
        form = replace(VISA, number="", method_data={"type": "us_bank_account", "us_bank_account": account})
        assert isinstance(pay(own_shop, one, form), Paid)
        done = now(own_shop, one)
        well_formed(done)
        assert (done.status, done.payment_status) == ("complete", "unpaid")
        outcomes[number] = one
    own_shop.server.advance(10 * 86_400, own_shop.name)
    own_shop.call(own_shop.server.fake.settled())
    assert [now(own_shop, one).payment_status for one in outcomes.values()] == ["paid", "unpaid"]
    told = [event for event in own_shop.events() if event.startswith("checkout.session.async")]
    assert sorted(told) == ["checkout.session.async_payment_failed", "checkout.session.async_payment_succeeded"]


@pytest.mark.parametrize(
    ("params", "param", "message"),
    [
        ({"mode": "setup", "currency": "usd"}, "line_items", "You can not pass `line_items` in `setup` mode."),
        ({"mode": "setup", "line_items": None}, "currency", "Missing required param: currency."),
        ({"subscription_data": {"trial_period_days": 3}}, "subscription_data", "You can not pass `subscription_data` in `payment` mode."),
        ({"mode": "subscription"}, "line_items", "You must provide at least one recurring price in `subscription` mode when using prices."),
        ({"mode": "subscription", "payment_intent_data": {"description": "x"}}, "payment_intent_data", "You can not pass `payment_intent_data` in `subscription` mode."),
        ({"payment_method_collection": "always"}, "payment_method_collection", None),
        ({"allow_promotion_codes": True, "discounts": [{"coupon": "c"}]}, None, "You may only specify one of these parameters: allow_promotion_codes, discounts."),
        ({"discounts": [{"coupon": "c"}, {"coupon": "d"}]}, "discounts", None),
        ({"discounts": [{"coupon": "c"}]}, "discounts[0][coupon]", "No such coupon: 'c'"),
        ({"line_items": [line(500, tax_rates=["txr_no"])]}, "line_items[0][tax_rates][0]", "No such tax rate: 'txr_no'"),
        ({"customer_update": {"name": "auto"}}, "customer_update", None),
        ({"custom_fields": [{"key": "a b", "label": {"type": "custom", "custom": "A"}, "type": "text"}]}, "custom_fields[0][key]", None),
        ({"custom_fields": [{"key": "a", "label": {"type": "custom", "custom": "A"}, "type": "text"}] * 2}, "custom_fields[1][key]", None),
        ({"optional_items": [{"price": "price_no", "quantity": 1}]}, "optional_items[0][price]", "No such price: 'price_no'"),
        ({"permissions": {"update_shipping_details": "server_only"}}, "permissions", None),
        ({"custom_text": {"submit": {"message": "x" * 1201}}}, "custom_text[submit][message]", None),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(
    shop: Any, params: dict[str, Any], param: str | None, message: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        open_session(shop, **params)
    assert (caught.value.http_status, caught.value.param) == (400, param)
    assert message is None or caught.value.user_message == message


def test_what_a_form_of_ones_own_shows_is_not_said_to_the_session(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        open_session(
            shop, ui_mode="elements", success_url=None, cancel_url=None, return_url="https://a.test", submit_type="pay"
        )
    assert caught.value.param == "submit_type"


def test_an_update_changes_prices_and_taxes(shop: Any, well_formed: Any) -> None:
    sessions = shop.client.v1.checkout.sessions
    rate = shop.client.v1.tax_rates.create({"display_name": "Tax", "percentage": 10, "inclusive": False}).id
    session = open_session(shop, line_items=[line(500)])
    [item] = sessions.line_items.list(session.id).data
    dearer = {"id": item.id, "price_data": line(900)["price_data"]}
    assert sessions.update(session.id, {"line_items": [dearer]}).amount_total == 900
    taxed = sessions.update(session.id, {"line_items": [{"id": item.id, "tax_rates": [rate]}]})
    well_formed(taxed)
    assert taxed.amount_total == 990
    assert sessions.update(session.id, {"line_items": [{"id": item.id, "tax_rates": ""}]}).amount_total == 900


@pytest.mark.parametrize(("save", "shown"), [(True, "always"), (False, "limited")])
def test_a_payment_method_is_saved_if_the_shopper_agrees(shop: Any, *, save: bool, shown: str) -> None:
    customer = shop.client.v1.customers.create({"email": "ada@example.com"}).id
    session = open_session(
        shop,
        customer=customer,
        payment_method_data={"allow_redisplay": "limited"},
        saved_payment_method_options={"payment_method_save": "enabled"},
    )
    assert isinstance(pay(shop, session, replace(VISA, save=save)), Paid)
    intent = now(shop, session, expand=["payment_intent.payment_method"]).payment_intent
    assert (intent.payment_method.customer, intent.payment_method.allow_redisplay) == (
        customer if save else None,
        shown,
    )


def test_the_shopper_chooses_what_to_give(shop: Any) -> None:
    given = {"enabled": True, "minimum": 500, "maximum": 5000, "preset": 1000}
    price = shop.client.v1.prices.create(
        {"currency": "usd", "custom_unit_amount": given, "product_data": {"name": "Gift"}}
    )
    session = open_session(shop, line_items=[{"price": price.id, "quantity": 1}])
    assert session.amount_total == 1000
    [line_id] = [one.id for one in shop.client.v1.checkout.sessions.line_items.list(session.id).data]
    refused = change(shop, session, amounts={line_id: 400})
    assert isinstance(refused, Declined)
    assert refused.message == "Enter an amount from $5.00 to $50.00."
    assert change(shop, session, amounts={line_id: 2500}) is None
    assert isinstance(answer(shop, session, expected_amount=2500), Paid)
    assert isinstance(change(shop, open_session(shop), amounts={"li_no": 1}), Declined)
