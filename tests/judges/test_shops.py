"""A shop written for Stripe, with only the base URL changed, in a real browser."""

import os
import shutil
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from judges.expectations import Unmet
from judges.shops.story import CHAPTERS, Told, telling

SHOP = [sys.executable, "-m", "judges.shops.shop"]


@pytest.fixture(scope="module")
def told(sandbox: Any) -> Iterator[Told]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert chromium, "there is no Chromium; see CONTRIBUTING.md"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-quic"])
        page = browser.new_page()
        page.set_default_timeout(10_000)
        with telling(SHOP, sandbox.url, page) as shop:
            yield shop
        browser.close()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[chapter.__name__ for chapter in CHAPTERS])
def test_a_shop_in_python_lives_through(chapter: Any, told: Told) -> None:
    chapter(told)


def test_a_shop_that_is_told_nothing_does_not_pass(told: Told) -> None:
    with pytest.raises(Unmet, match="orders"):
        told.expect(orders__nothing__status="paid")
    with pytest.raises(Unmet, match="404"):
        told.ask("nothing")


def test_a_forged_webhook_is_not_believed(told: Told) -> None:
    with pytest.raises(Unmet, match="400"):
        told.ask("webhook", type="payment_intent.succeeded")
