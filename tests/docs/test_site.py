"""The built site: everything in it is in it, also when it is opened as files."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

import diddo_rules
import diddo_rules.testing
from diddo_gateways import protocol
from diddo_rules import Engine, Settings, hookspecs

ROOT = Path(__file__).parents[2]
# What the search in files needs, as it was published: iframe-worker 1.0.4, MIT.
SHIM = "e8e412dbcfea9b7e31b5ffa288d7b6035915e714c542f4176a0cdbe262fc9609"
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
LOADS = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//|<link\b[^>]*\bhref=["']?(?:https?:)?//"""
)
LINKS = re.compile(r'''<a\b[^>]*\bhref="(?!https?:|mailto:)([^"#]*)(?:#([^"]*))?"''')
LOADS_IN_CSS = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it, of a copy; any link that leads nowhere fails the build."""
    copy = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "docs", copy / "docs", ignore=shutil.ignore_patterns("reference"))
    shutil.copy(ROOT / "zensical.toml", copy)
    built = subprocess.run(  # noqa: S603  our own script
        [sys.executable, ROOT / "scripts" / "docs", copy], capture_output=True, text=True, check=False, timeout=100
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return copy / "site"


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50
    assert [it.name for it in pages if LOADS.search(it.read_text("utf-8"))] == []
    styles = list(site.rglob("*.css"))
    assert styles
    assert [it.name for it in styles if LOADS_IN_CSS.search(it.read_text("utf-8"))] == []
    shim = (site / "vendor" / "iframe-worker.js").read_bytes()
    assert hashlib.sha256(shim).hexdigest() == SHIM


def test_each_link_leads_to_its_place(site: Path) -> None:
    texts = {page.resolve(): page.read_text("utf-8") for page in site.rglob("*.html") if page.name != "404.html"}
    lost = []
    for page, text in texts.items():
        for target, fragment in LINKS.findall(text):
            leads_to = (page.parent / target).resolve() if target else page
            ids = texts.get(leads_to, "")
            if not leads_to.exists() or (fragment and f'id="{fragment}"' not in ids):
                lost.append(f"{page.name}: {target}#{fragment}")
    assert lost == []


def test_every_public_name_is_explained(site: Path) -> None:
    for page, module in (
        ("python-api", diddo_rules),
        ("testing-api", diddo_rules.testing),
        ("gateway-api", protocol),
    ):
        text = (site / "reference" / f"{page}.html").read_text("utf-8")
        assert [name for name in module.__all__ if f'id="{name}"' not in text] == []


def test_every_code_and_hook_has_its_entry(site: Path) -> None:
    catalogue = (site / "reference" / "errors.html").read_text("utf-8")
    for code, violation in Engine.from_settings(Settings()).violations.items():
        assert f'id="{code}"' in catalogue
        assert all(locale in catalogue for locale in violation.translations)
    hooks = (site / "reference" / "hooks.html").read_text("utf-8")
    assert [hook for hook in hookspecs.HOOKS if f'id="{hook}"' not in hooks] == []


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert chromium, "there is no Chromium; see CONTRIBUTING.md"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield browser.new_page()
        browser.close()


@pytest.mark.browser
def test_it_is_read_and_searched_as_files(site: Path, page: Page) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for name in ("index", "tutorial", "how-to/fuzz", "reference/errors", "reference/hooks"):
        page.goto((site / f"{name}.html").as_uri())
        assert page.title().endswith("diddo-rules")
    _search(page, "TOO_MANY_PIECES")
    allowed = (site.as_uri(), "data:", "about:", "blob:")
    assert [url for url in asked if not url.startswith(allowed)] == []
    assert complaints == []


def _search(page: Page, words: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(words)
    page.get_by_role("link", name=re.compile("A rule in ten lines")).last.wait_for()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(site: Path, page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto((site / "tutorial.html").as_uri())
    found = Axe().run(page, context="article")
    assert [it["id"] for it in found.response["violations"] if it["impact"] in ("critical", "serious")] == []
