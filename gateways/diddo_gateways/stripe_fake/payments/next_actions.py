"""What a shopper is shown to pay with a method that is no card: the `next_action` that its type has of its own.

Whatever it is called, it leads to the sandbox's page; its codes can be read, but its pictures show nothing.
"""

from typing import Any

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.catalogue import Node
from diddo_gateways.stripe_fake.resources.charges import digits
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["own_action"]

PICTURES = {
    "image_data_url": "data:image/png;base64,",
    "image_url_png": "https://qr.stripe.com/test.png",
    "image_url_svg": "https://qr.stripe.com/test.svg",
}
# How long vouchers and codes are good for, in seconds, as the action says; nothing ends them by itself.
SHOWN_FOR = 3 * 86_400
LENGTHS = {"entity": 5, "number": 14, "reference": 9, "confirmation_number": 11, "payment_code": 6}


def own_action(name: str, *, url: str, return_url: str | None, now: int) -> JsonObject:
    """Return the `next_action` of that type.

    Args:
        name: its type, such as `boleto_display_details`.
        url: the page that the shopper pays on.
        return_url: where the shopper goes afterwards.
        now: Unix seconds on the world's clock.
    """
    known = catalogue.load()
    definition = known.resolve(known.definitions["payment_intent.next_action"]["fields"][name])
    values: JsonObject = {
        **PICTURES,
        **{field: digits(url + field, length) for field, length in LENGTHS.items()},
        "data": url,
        "expires_after": now + SHOWN_FOR,
        "expires_at": now + SHOWN_FOR,
        "hosted_instructions_url": url,
        "hosted_voucher_url": url,
        "mobile_auth_url": url,
        "return_url": return_url,
        "url": url,
    }
    return {"type": name, name: _filled(definition, values)}


def _filled(definition: Node, values: JsonObject) -> JsonObject:
    known = catalogue.load()
    filled: JsonObject = {}
    for field, node in definition["fields"].items():
        resolved: Any = known.resolve(node)
        nested = isinstance(resolved, dict) and "fields" in resolved
        filled[field] = _filled(resolved, values) if nested else values.get(field)
    return filled
