"""How a page is rendered and sent: templates, forms, and the policy that keeps everything on this origin."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["form_of", "page"]

FORM_FIELDS = 300


@lru_cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  slow to import, and no API needs it

    return Environment(
        loader=PackageLoader("diddo_sandbox"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(
    template: str, *, status: int = 200, leads_to: Iterable[str | None] | None = (), **context: Any
) -> HTMLResponse:
    """Render a template as a whole page.

    Args:
        template: the template's file name.
        status: the HTTP status.
        leads_to: URLs to which a form of the page may redirect: a policy of `form-action 'self'` alone would block
            the redirect to another origin, and the button would silently do nothing. None lets it lead anywhere.
        context: the template's variables.
    """
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": _policy(leads_to),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(_templates().get_template(template).render(context), status, headers)


def _policy(leads_to: Iterable[str | None] | None) -> str:
    policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'"
    if leads_to is None:
        return policy
    origins = {f"{parts.scheme}://{parts.netloc}" for url in leads_to if url and (parts := urlsplit(url)).netloc}
    targets = " ".join(["'self'", *sorted(origins)])
    return f"{policy}; form-action {targets}"


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a posted form, trimmed; a repeated one keeps its last value."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        fields = parse_qsl(body, keep_blank_values=True, max_num_fields=FORM_FIELDS)
    except ValueError as error:
        raise HTTPException(400, f"The form has more than {FORM_FIELDS} fields") from error
    return {name: value.strip() for name, value in fields}
