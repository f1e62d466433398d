"""Pages that only say something."""

from collections.abc import Sequence

from fastapi.responses import HTMLResponse

from diddo_sandbox.pages.rendering import page

__all__ = ["notice"]


def notice(
    heading: str,
    text: str,
    status: int = 200,
    *,
    orders: Sequence[str] = (),
    link: str | None = None,
    link_text: str = "",
) -> HTMLResponse:
    """Return a page with a heading, a sentence, and where to go from there."""
    return page("notice.html", status=status, heading=heading, text=text, orders=orders, link=link, link_text=link_text)
