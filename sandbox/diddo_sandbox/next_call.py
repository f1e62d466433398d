"""What to call next, so that the first thing wrong with a cart is put right."""

from collections.abc import Mapping

from diddo_rules import Report

__all__ = ["next_call"]

# By code: method, path and reason; `{cart_id}` is filled in.
CALLS: dict[str, tuple[str, str, str]] = {
    "CART_NOT_FOUND": ("POST", "/cart/add", "Makes a cart."),
    "ALREADY_SUBMITTED": ("GET", "/cart/status/{cart_id}", "Tells how its payment stands."),
    "BUYER_IDENTITY_MISSING": ("POST", "/cart/customer", "Says who buys."),
    "MISSING_TOTAL_COST": ("POST", "/cart/update", "Prices the cart anew."),
    "MISSING_STORES": ("POST", "/cart/add", "Puts something into the cart."),
    "MISSING_STORE_DOMAIN": ("DELETE", "/cart/items", "Takes out what nobody can deliver."),
    "SHIPPING_ADDRESS_UNAVAILABLE": (
        "GET",
        "/cart/shipping-rates/{cart_id}",
        "Offers the methods to choose from with POST /cart/shipping-method.",
    ),
    "MISSING_CART_LINES": ("POST", "/cart/add", "Puts something into the cart."),
    "VARIANT_NOT_FOUND": ("DELETE", "/cart/items", "Takes out what is not sold."),
}


def next_call(report: Report, cart_id: str) -> Mapping[str, str] | None:
    """Return method, path and reason of the next call; None when nothing is wrong, or no call of this API helps."""
    if report.ok:
        return {"method": "POST", "path": f"/checkout/{cart_id}", "why": "Opens the payment session."}
    for violation in report.violations:
        if call := CALLS.get(violation.code):
            method, path, why = call
            return {"method": method, "path": path.format(cart_id=cart_id), "why": why}
    return None
