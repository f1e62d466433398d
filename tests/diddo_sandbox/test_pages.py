"""The pages in a real headless Chromium, with axe: as shoppers meet them, with and without a script."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from diddo_sandbox.testing import RunningSandbox

from .browsing import api, axe_finds, fill

pytestmark = pytest.mark.browser


@pytest.fixture
def url(server: RunningSandbox, key: str) -> str:
    return str(api(server, key, "POST", "/checkout/cart_ready")["url"])


def press_pay(page: Page) -> None:
    page.get_by_role("button", name="Pay $").click()


def status(server: RunningSandbox, key: str) -> str:
    return str(api(server, key, "GET", "/cart/status/cart_ready")["status"])


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_card_pays(
    server: RunningSandbox, key: str, url: str, open_page: Callable[..., Page], *, script: bool
) -> None:
    page = open_page(url, java_script_enabled=script)
    expect(page.get_by_role("heading", name="Your order")).to_be_visible()
    expect(page.get_by_text("Harbor Gulls Crew Tee (Navy / S)")).to_be_visible()
    fill(page, "4242 4242 4242 4242")
    press_pay(page)
    expect(page.get_by_role("heading", name="Thank you for your order")).to_be_visible()
    assert page.url.startswith(f"{server.url}/receipt/checkout_")
    assert status(server, key) == "SUBMITTED"
    assert page.get_by_role("listitem").count() == 2


def test_a_decline_is_said_inline_and_another_card_pays(
    server: RunningSandbox, key: str, url: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(url)
    fill(page, "4000000000000002")
    press_pay(page)
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("Your card was declined.")
    expect(summary).to_be_focused()
    number = page.get_by_label("Card number")
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(number).to_have_value("")
    assert "declined" in str(number.evaluate("field => document.getElementById('number-error').textContent"))
    summary.get_by_role("link", name="Your card was declined.").click()
    expect(number).to_be_focused()
    assert axe_finds(page) == []
    if folder := os.environ.get("SCREENSHOTS"):
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=Path(folder) / "payment-page.png")
    fill(page, "4242424242424242")
    press_pay(page)
    expect(page.get_by_role("heading", name="Thank you for your order")).to_be_visible()
    assert status(server, key) == "SUBMITTED"


def test_a_challenge_is_failed_and_then_completed(
    server: RunningSandbox, key: str, url: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(url)
    fill(page, "4000002760003184")
    press_pay(page)
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    assert axe_finds(page) == []
    page.get_by_role("button", name="Fail authentication").click()
    expect(page.get_by_role("alert")).to_contain_text("failed authentication")
    fill(page, "4000002760003184")
    press_pay(page)
    page.get_by_role("button", name="Complete authentication").click()
    expect(page.get_by_role("heading", name="Thank you for your order")).to_be_visible()
    assert status(server, key) == "SUBMITTED"


def test_amex_needs_four_digits(url: str, open_page: Callable[..., Page]) -> None:
    page = open_page(url)
    fill(page, "378282246310005", cvc="123")
    press_pay(page)
    expect(page.get_by_label("Security code")).to_have_attribute("aria-invalid", "true")
    fill(page, "378282246310005", cvc="1234")
    press_pay(page)
    expect(page.get_by_role("heading", name="Thank you for your order")).to_be_visible()


def test_an_empty_form_says_all_that_is_missing(url: str, open_page: Callable[..., Page]) -> None:
    page = open_page(url)
    press_pay(page)
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(4)


def test_a_test_card_fills_itself_in(url: str, open_page: Callable[..., Page]) -> None:
    page = open_page(url)
    page.get_by_text("Test cards").click()
    page.get_by_role("button", name="Use card 4242 4242 4242 4242").click()
    press_pay(page)
    expect(page.get_by_role("heading", name="Thank you for your order")).to_be_visible()


def test_the_way_back_and_the_end_of_the_page(
    server: RunningSandbox, key: str, url: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(url)
    page.get_by_role("link", name="Cancel and go back").click()
    expect(page.get_by_role("heading", name="The cart is not paid yet")).to_be_visible()
    assert axe_finds(page) == []
    [session] = api(server, key, "GET", "/v1/checkout/sessions")["data"]
    api(server, key, "POST", f"/v1/checkout/sessions/{session['id']}/expire", b"")
    page.get_by_role("link", name="Go on paying").click()
    expect(page.get_by_role("heading", name="This payment page has expired")).to_be_visible()
    assert axe_finds(page) == []


def test_the_redirect_may_leave_the_origin(server: RunningSandbox, key: str, open_page: Callable[..., Page]) -> None:
    """A policy of form-action 'self' alone would block it, in silence."""
    shop = server.url.replace("127.0.0.1", "localhost")
    price = "line_items[0][price_data]"
    form = [f"{price}[currency]=usd", f"{price}[unit_amount]=900", f"{price}[product_data][name]=Cap"]
    form += ["line_items[0][quantity]=1", "mode=payment", "customer_email=ada@example.test"]
    form += [f"success_url={shop}/products?paid={{CHECKOUT_SESSION_ID}}"]
    session = api(server, key, "POST", "/v1/checkout/sessions", "&".join(form).encode())
    for number, challenged in (("4242424242424242", False), ("4000002760003184", True)):
        if challenged:
            session = api(server, key, "POST", "/v1/checkout/sessions", "&".join(form).encode())
        page = open_page(session["url"])
        fill(page, number)
        press_pay(page)
        if challenged:
            page.get_by_role("button", name="Complete authentication").click()
        page.wait_for_url(f"{shop}/products?paid={session['id']}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_payment_page_is_for_everybody(url: str, open_page: Callable[..., Page], scheme: str, width: int) -> None:
    page = open_page(url, color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page.get_by_text("Test cards").click()
    assert axe_finds(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    targets = page.locator("input:visible, select:visible, button:visible, summary:visible, a:visible")
    small = [
        target.evaluate("element => element.outerHTML")
        for target in targets.all()
        if (target.bounding_box() or {"height": 0})["height"] < 44
    ]
    assert small == []
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"payment-{scheme}-{width}.png", full_page=True)


def test_everything_is_usable_by_keyboard(url: str, open_page: Callable[..., Page]) -> None:
    page = open_page(url)
    page.get_by_label("Card number").focus()
    for text in ("4242424242424242", "12/34", "123", "Ada Okafor", "", "94105"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you for your order")).to_be_visible()


def test_a_page_weighs_little(server: RunningSandbox, url: str) -> None:
    weight = 0
    for path in (url, server.url + "/static/pages.css", server.url + "/static/payment.js"):
        with urlopen(path) as answer:  # noqa: S310  loopback
            weight += len(gzip.compress(answer.read()))
    assert weight <= 20_000


def test_the_documentation_works_offline(server: RunningSandbox, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{server.url}/docs")
    expect(page.get_by_role("heading", name="Diddo sandbox")).to_be_visible()
    expect(page.get_by_text("/checkout/{cart_id}", exact=True).first).to_be_visible()
