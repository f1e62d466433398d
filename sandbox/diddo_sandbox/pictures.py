"""Product pictures, drawn from the product's name: a colour and its initials."""

from hashlib import blake2b
from html import escape

from diddo_sandbox.catalogue import Catalogue

__all__ = ["picture"]

SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 320" role="img" aria-label="{label}">
<rect width="320" height="320" fill="hsl({hue} 45% 88%)"/><circle cx="160" cy="160" r="96" fill="hsl({hue} 40% 38%)"/>
<text x="160" y="160" fill="#fff" font-family="system-ui, sans-serif" font-size="72" font-weight="600" \
text-anchor="middle" dominant-baseline="central">{initials}</text></svg>"""


def picture(slug: str, catalogue: Catalogue) -> str:
    """Return the SVG of a product, or of any name that is no product's."""
    title = next((one["title"] for one in catalogue.products if one["external_id"] == slug), slug)
    initials = "".join(word[0] for word in title.split()[:2]).upper()
    hue = int.from_bytes(blake2b(slug.encode(), digest_size=2).digest()) % 360
    return SVG.format(label=escape(title, quote=True), hue=hue, initials=escape(initials))
