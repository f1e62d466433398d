"""The sandbox's settings: the `[sandbox]` table of `diddo.toml`, and what the command line puts over it."""

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from diddo_rules import Settings, validate_settings
from diddo_rules.settings import Names

__all__ = ["SandboxSettings", "sandbox_settings"]


def _web_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("it must be a whole URL, beginning with http:// or https://")
    return url.rstrip("/") if not parts.path.strip("/") else url


def _origin(url: str) -> str:
    url = _web_url(url)
    if urlsplit(url)[2:] != ("", "", ""):
        raise ValueError("it must be scheme, host and port alone, such as http://localhost:9000")
    return url


def _stripe_version(version: str) -> str:
    from diddo_gateways.stripe_fake.versions import released  # noqa: PLC0415  commands that serve nothing need no fake

    if version not in released():
        raise ValueError(f"it must be one of {', '.join(released())}")
    return version


WebUrl = Annotated[str, AfterValidator(_web_url)]
Origin = Annotated[str, AfterValidator(_origin)]
PATHS = ("state", "catalogue")


def sandbox_settings(loaded: Settings) -> "SandboxSettings":
    """Return the table `[sandbox]`, validated; paths that a file names are relative to that file, as its rules are.

    Raises:
        SettingsError: a key or a value is wrong.
    """
    named_by_file = {name for name in PATHS if loaded.origins.get(f"sandbox.{name}", "").endswith(".toml")}
    table = {
        name: loaded.directory / value if name in named_by_file and isinstance(value, str) else value
        for name, value in loaded.sandbox.items()
    }
    return validate_settings(SandboxSettings, table, section="sandbox", origins=loaded.origins)


class SandboxSettings(BaseModel):
    """How the sandbox runs.

    Attributes:
        host: the address to listen on; the loopback one unless somebody says otherwise.
        port: the TCP port, 0 or `auto` for the next free one.
        public_url: the origin under which browsers reach the server, where it is not host and port: behind a port
            mapping or a proxy. Payment pages are linked to under it.
        state: the file that keeps carts and payments over a restart; memory only when absent.
        auth: whether requests need an API key; without, all share the world `default`.
        gateway: the name of the payment gateway that serves carts.
        gateways: one table of options per gateway.
        catalogue: a catalogue file in place of the seeded one.
        currency: the currency in which an empty cart costs nothing.
        success_url: where a shopper goes after paying; `{CART_ID}` and `{CHECKOUT_SESSION_ID}` are filled in. The
            sandbox's own receipt page when absent.
        cancel_url: where a shopper goes who gives up; `{CART_ID}` is filled in.
        cst_field: the name of the field that carries the customer session token.
        failed_attempts: so many failed payments cancel a checkout.
        raw_cards: whether the fake Stripe takes raw test card numbers through its API.
        documentation_ids: whether ids such as `cus_xxxxxxxxxxxxx` name objects that are made when first asked for, for
            suites that were written against a server that remembers nothing.
        webhook_retries: how often the fake Stripe tries a webhook that fails: three times within hours, as in one of
            Stripe's sandboxes, or for three days, as in live mode.
        stripe_version: the version of Stripe's API that the fake's accounts are set to: that of requests which name none,
            and of events. The newest when absent.
        allowed_hosts: further host names under which the server may be addressed.
        cors_origins: further origins whose pages may call the API; those on localhost always may.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] | Literal["auto"] = 8080
    public_url: Origin | None = None
    state: Path | None = None
    auth: bool = True
    gateway: str = "stripe"
    gateways: dict[str, dict[str, Any]] = {}
    catalogue: Path | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    success_url: WebUrl | None = None
    cancel_url: WebUrl | None = None
    cst_field: Annotated[str, StringConstraints(min_length=1, max_length=40)] = "cst"
    failed_attempts: Annotated[int, Field(ge=1)] = 5
    raw_cards: bool = True
    documentation_ids: bool = False
    webhook_retries: Literal["sandbox", "live"] = "sandbox"
    stripe_version: Annotated[str, AfterValidator(_stripe_version)] | None = None
    allowed_hosts: Names = ()
    cors_origins: Names = ()
