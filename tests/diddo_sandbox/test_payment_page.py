"""The payment page of sessions that ask for much, in Chromium and as plain forms: the plain one is in test_pages."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stripe
from playwright.sync_api import Page, expect

from diddo_sandbox.testing import RunningSandbox

from .browsing import axe_finds, fill

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(server: RunningSandbox, key: str) -> Any:
    return stripe.StripeClient(key, base_addresses={"api": server.url}).v1


def item(name: str, amount: int, *, recurring: str | None = None, **more: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"currency": "usd", "unit_amount": amount, "product_data": {"name": name}}
    if recurring is not None:
        data["recurring"] = {"interval": recurring}
    return {"quantity": 1, "price_data": data, **more}


def open_session(shop: Any, server: RunningSandbox, **params: Any) -> Any:
    urls = {"success_url": f"{server.url}/products?paid=1", "cancel_url": f"{server.url}/products"}
    return shop.checkout.sessions.create({**urls, "mode": "payment", **params})


def everything(shop: Any, server: RunningSandbox) -> Any:
    socks = shop.prices.create({"currency": "usd", "unit_amount": 500, "product_data": {"name": "Wool socks"}})
    tax = shop.tax_rates.create({"display_name": "Sales tax", "percentage": 8.5, "inclusive": False})
    coupon = shop.coupons.create({"percent_off": 10, "duration": "once"})
    shop.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "TEN"})
    label = {"type": "custom", "custom": "Size"}
    sizes = {"options": [{"label": "Small", "value": "s"}, {"label": "Large", "value": "l"}]}
    return open_session(
        shop,
        server,
        line_items=[
            item("Crew tee", 2500, adjustable_quantity={"enabled": True, "minimum": 1}, tax_rates=[tax.id]),
            item("Mug", 1200),
        ],
        allow_promotion_codes=True,
        allowed_payment_method_types=["card", "us_bank_account"],
        billing_address_collection="required",
        consent_collection={"promotions": "auto", "terms_of_service": "required"},
        custom_fields=[{"key": "size", "label": label, "type": "dropdown", "dropdown": sizes}],
        custom_text={"submit": {"message": "We ship within two days."}},
        optional_items=[{"price": socks.id, "quantity": 1}],
        phone_number_collection={"enabled": True},
        shipping_address_collection={"allowed_countries": ["US", "CA"]},
        shipping_options=[
            {"shipping_rate_data": {"display_name": name, "fixed_amount": {"amount": amount, "currency": "usd"}}}
            for name, amount in (("Post", 500), ("Courier", 2500))
        ],
        tax_id_collection={"enabled": True},
    )


def shot(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def hold_to_rules(page: Page, width: int) -> None:
    assert axe_finds(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_everything_that_a_session_can_ask_for(
    shop: Any,
    server: RunningSandbox,
    open_page: Callable[..., Page],
    *,
    script: bool,
) -> None:
    session = everything(shop, server)
    page = open_page(session.url, java_script_enabled=script)
    page.get_by_label("Quantity of Crew tee").fill("2")
    page.get_by_label("Wool socks, $5.00").check()
    page.get_by_label("Courier, $25.00").check()
    page.get_by_label("Promotion code").fill("TEN")
    page.get_by_role("button", name="Update order").click()
    # Less a tenth, with 8.5 % (382.5 cents) on the tees and the courier.
    total = f"${(5000 + 1200 + 500 - 670 + 383 + 2500) / 100:.2f}"
    expect(page.get_by_role("button", name=f"Pay {total}")).to_be_visible()
    expect(page.get_by_text("Your order has been updated.")).to_be_visible()
    page.get_by_role("button", name="Pay $").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(13)
    page.get_by_label("Email").fill("ada@example.test")
    page.get_by_label("Phone").fill("+1 415 555 0100")
    for place in ("Shipping address", "Billing address"):
        group = page.get_by_role("group", name=place)
        group.get_by_label("Street address").fill("1 Market Street")
        group.get_by_label("City").fill("San Francisco")
    page.get_by_role("group", name="Shipping address").get_by_label("Name").fill("Ada Okafor")
    page.get_by_role("group", name="Shipping address").get_by_label("Country").select_option("US")
    page.get_by_label("Card number").fill("4242424242424242")
    page.get_by_label("Expiry date").fill("12/34")
    page.get_by_label("Security code").fill("123")
    page.locator("#name").fill("Ada Okafor")
    page.get_by_label("Size").select_option("Large")
    page.get_by_label("I agree to the shop's terms of service").check()
    page.get_by_role("button", name=f"Pay {total}").click()
    page.wait_for_url("**/products?paid=1")
    done = shop.checkout.sessions.retrieve(session.id)
    assert (done.status, f"${done.amount_total / 100:.2f}") == ("complete", total)
    assert (done.custom_fields[0].dropdown.value, done.consent.promotions) == ("l", "opt_out")
    assert done.collected_information.shipping_details.name == "Ada Okafor"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_full_page_is_for_everybody(
    shop: Any,
    server: RunningSandbox,
    open_page: Callable[..., Page],
    scheme: str,
    width: int,
) -> None:
    page = open_page(everything(shop, server).url, color_scheme=scheme, viewport={"width": width, "height": 900})
    hold_to_rules(page, width)
    page.get_by_role("button", name="Pay $").click()
    expect(page.get_by_role("alert")).to_be_focused()
    hold_to_rules(page, width)
    shot(page, f"full-{scheme}-{width}")


def test_a_card_is_saved_without_an_amount(
    shop: Any,
    server: RunningSandbox,
    open_page: Callable[..., Page],
) -> None:
    session = open_session(shop, server, mode="setup", currency="usd", customer_creation="always")
    page = open_page(session.url)
    expect(page.get_by_role("heading", name="Save a payment method")).to_be_visible()
    assert "$" not in page.inner_text("form")
    hold_to_rules(page, 1280)
    shot(page, "setup")
    page.get_by_label("Email").fill("ada@example.test")
    fill(page, "4242424242424242")
    page.get_by_role("button", name="Save payment method").click()
    page.wait_for_url("**/products?paid=1")
    done = shop.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert (done.status, done.setup_intent.status) == ("complete", "succeeded")


def test_a_trial_says_when_it_ends_and_what_follows(
    shop: Any,
    server: RunningSandbox,
    open_page: Callable[..., Page],
) -> None:
    session = open_session(
        shop,
        server,
        mode="subscription",
        line_items=[item("Tea of the month", 1500, recurring="month")],
        subscription_data={"trial_period_days": 14},
    )
    page = open_page(session.url)
    expect(page.get_by_text(re.compile(r"Free until \d\d \w+ \d{4}, then \$15.00 per month\."))).to_be_visible()
    hold_to_rules(page, 1280)
    shot(page, "trial")
    page.get_by_label("Email").fill("ada@example.test")
    fill(page, "4242424242424242")
    page.get_by_role("button", name="Start trial").click()
    page.wait_for_url("**/products?paid=1")
    done = shop.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert done.subscription.status == "trialing"


def test_a_saved_card_and_a_bank_account_pay(
    shop: Any,
    server: RunningSandbox,
    open_page: Callable[..., Page],
) -> None:
    customer = shop.customers.create({"email": "ada@example.test", "name": "Ada"})
    method = shop.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    shop.payment_methods.update(method.id, {"allow_redisplay": "always"})
    asked = {"line_items": [item("Mug", 1200)], "customer": customer.id}
    session = open_session(shop, server, **asked, allowed_payment_method_types=["card", "us_bank_account"])
    page = open_page(session.url)
    expect(page.get_by_label("Mastercard ending in 4444")).to_be_checked()
    expect(page.get_by_label("Card number")).to_be_hidden()
    page.get_by_role("button", name="Pay $12.00").click()
    page.wait_for_url("**/products?paid=1")
    session = open_session(shop, server, **asked, allowed_payment_method_types=["card", "us_bank_account"])
    page = open_page(session.url)
    page.get_by_label("US bank account").check()
    page.get_by_label("Routing number").fill("110000000")
    page.get_by_label("Account number").fill("000123456789")
    page.locator("#name").fill("Ada")
    page.get_by_role("button", name="Pay $12.00").click()
    page.wait_for_url("**/products?paid=1")
    assert shop.checkout.sessions.retrieve(session.id).payment_status == "unpaid"


def test_an_expired_order_is_taken_up_again(
    shop: Any,
    server: RunningSandbox,
    open_page: Callable[..., Page],
) -> None:
    recovery = {"recovery": {"enabled": True}}
    session = open_session(shop, server, line_items=[item("Mug", 1200)], after_expiration=recovery)
    shop.checkout.sessions.expire(session.id)
    page = open_page(session.url)
    hold_to_rules(page, 1280)
    shot(page, "expired")
    page.get_by_role("link", name="Order again").click()
    expect(page.get_by_role("button", name="Pay $12.00")).to_be_visible()


def test_a_form_for_an_embedded_session_can_be_filled_in_at_its_own_url(
    shop: Any,
    server: RunningSandbox,
    open_page: Callable[..., Page],
) -> None:
    session = shop.checkout.sessions.create(
        {
            "mode": "payment",
            "ui_mode": "embedded_page",
            "redirect_on_completion": "never",
            "line_items": [item("Mug", 1200)],
        }
    )
    page = open_page(f"{server.url}/c/pay/{session.id}")
    page.get_by_label("Email").fill("ada@example.test")
    fill(page, "4242424242424242")
    page.get_by_role("button", name="Pay $12.00").click()
    expect(page.get_by_role("heading", name="This is paid")).to_be_visible()


def test_a_gift_of_any_amount(
    shop: Any,
    server: RunningSandbox,
    open_page: Callable[..., Page],
) -> None:
    given = {"enabled": True, "minimum": 500, "preset": 1000}
    price = shop.prices.create({"currency": "usd", "custom_unit_amount": given, "product_data": {"name": "Gift"}})
    page = open_page(open_session(shop, server, line_items=[{"price": price.id, "quantity": 1}]).url)
    amount = page.get_by_label("Amount for Gift")
    expect(amount).to_have_value("10.00")
    amount.fill("1")
    page.get_by_role("button", name="Update order").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter an amount from $5.00")
    page.get_by_label("Amount for Gift").fill("12.50")
    page.get_by_role("button", name="Update order").click()
    expect(page.get_by_role("button", name="Pay $12.50")).to_be_visible()
    hold_to_rules(page, 1280)
