"""A browser for the pages: a headless Chromium that watches what a page loads and says, with axe."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.request import Request, urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from diddo_sandbox.settings import SandboxSettings
from diddo_sandbox.testing import RunningSandbox, sandbox_server

__all__ = ["api", "axe_finds", "browser", "fill", "open_page", "own_key", "server"]

QUIET = [
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_worlds = count()


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSandbox]:
    with sandbox_server(SandboxSettings()) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert chromium, "there is no Chromium; see CONTRIBUTING.md"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield browser
        browser.close()


class Seen:
    """A page that watches itself: nothing off its origin, nothing in the console."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self._complain(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._only_from(origin, request.url))

    def _complain(self, kind: str, text: str) -> None:
        # The browser itself notes each answer above 399; declines are such answers.
        if kind in ("error", "warning") and "the server responded with a status of" not in text:
            self.complaints.append(text)

    def _only_from(self, origin: str, url: str) -> None:
        if not url.startswith((origin, origin.replace("127.0.0.1", "localhost"), "data:")):
            self.complaints.append(f"off-origin: {url}")


@pytest.fixture
def open_page(browser: Browser, server: RunningSandbox) -> Iterator[Callable[..., Page]]:
    seen: list[Seen] = []
    contexts: list[BrowserContext] = []

    def opened(url: str, **settings: Any) -> Page:
        context = browser.new_context(**settings)
        context.set_default_timeout(10_000)
        contexts.append(context)
        watched = Seen(context, server.url)
        seen.append(watched)
        watched.page.goto(url)
        return watched.page

    yield opened
    for context in contexts:
        context.close()
    assert [complaint for watched in seen for complaint in watched.complaints] == []


def api(server: RunningSandbox, key: str, method: str, path: str, body: bytes | None = None) -> Any:
    request = Request(server.url + path, body, {"Authorization": f"Bearer {key}"}, method=method)  # noqa: S310  loopback
    with urlopen(request) as answer:  # noqa: S310  likewise
        return json.loads(answer.read())


@pytest.fixture(name="key")
def own_key() -> str:
    return f"sk_test_browser{next(_worlds)}"


def fill(page: Page, number: str, *, expiry: str = "12/34", cvc: str = "123") -> None:
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry date").fill(expiry)
    page.get_by_label("Security code").fill(cvc)
    page.get_by_label("Name on card").fill("Ada Okafor")
    page.get_by_label("Postal code").fill("94105")


def axe_finds(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]
