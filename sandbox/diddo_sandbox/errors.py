"""What the Diddo API answers when it refuses: one class per code, beside those of the checks.

Codes marked `D` are Diddo's own; the others are the sandbox's, where nothing public names one.
"""

from collections.abc import Sequence

from diddo_plugins import cart as plugin
from diddo_rules import Violation

__all__ = [
    "ApiError",
    "CartCurrencyMismatch",
    "CartModificationForbidden",
    "CartNotFound",
    "Forbidden",
    "InternalServerError",
    "InvalidRequest",
    "InvalidValue",
    "MethodNotAllowed",
    "PaymentRefused",
    "ProductNotAvailable",
    "QuantityExceeded",
    "QuantityInvalid",
    "RequestTooLarge",
    "RouteNotFound",
    "SelectedShippingOptionNotFound",
    "ServiceUnavailable",
    "StoreNotFound",
    "Unauthorized",
    "UnknownVariant",
]


class ApiError(Exception):
    """A request was refused: what is wrong with it, the first deciding the HTTP status."""

    def __init__(self, *violations: Violation) -> None:
        super().__init__(", ".join(violation.code for violation in violations))
        self.violations: Sequence[Violation] = violations


class Unauthorized(Violation):
    """Every request names its world by an API key, so that no two users ever meet."""

    code = "UNAUTHORIZED"
    http_status = 401
    template = "{problem}"
    remedy = (
        "Send the header 'Authorization: Bearer sk_test_<name>', the name being up to 128 letters, digits, '_' and '-';"
        " or start the server with --no-auth."
    )
    problem: str


class Forbidden(Violation):
    """A publishable key is public, so it must not read or change carts."""

    code = "FORBIDDEN"
    http_status = 403
    template = "A {kind} key may not call this API."
    remedy = "Use the secret key: sk_test_<any name>."
    kind: str


class InvalidRequest(Violation):
    """The request cannot be read as what the route takes."""

    code = "INVALID_REQUEST"
    http_status = 400
    template = "{problem}"
    remedy = "Correct the request; sending it again unchanged cannot succeed."
    problem: str


class InvalidValue(Violation):
    """The request can be read, but a value in it is out of bounds."""

    code = "INVALID_VALUE"
    http_status = 422
    template = "{problem}"
    remedy = "Send a value within the bounds that /docs gives."
    problem: str


class RequestTooLarge(Violation):
    """Bodies are bounded, so that no request can exhaust the server."""

    code = "REQUEST_TOO_LARGE"
    http_status = 413
    template = "The body is larger than {limit} bytes."
    remedy = "Send less at once."
    limit: int


class RouteNotFound(Violation):
    """No route has this path."""

    code = "NOT_FOUND"
    http_status = 404
    template = "Nothing is served at {path}."
    remedy = "See /docs for the routes."
    path: str


class MethodNotAllowed(Violation):
    """The path exists, but not for this method."""

    code = "METHOD_NOT_ALLOWED"
    http_status = 405
    template = "{path} does not take {method}."
    remedy = "See /docs for the routes."
    path: str
    method: str


class CartNotFound(plugin.CartNotFound):
    """A cart that is named must exist; only `POST /cart/add` makes one. Outside of a checkout its status is 404."""

    http_status = 404


class UnknownVariant(Violation):
    """Only variants of the catalogue can be put in a cart."""

    code = "VARIANT_NOT_FOUND"
    http_status = 400
    template = "There is no variant {variant_id!r}."
    remedy = "Use a variant's external_id from GET /products."
    variant_id: str


class ProductNotAvailable(Violation):
    """A sold-out variant cannot be added."""

    code = "PRODUCT_NOT_AVAILABLE"
    http_status = 422
    template = "The variant {variant_id!r} is not available."
    remedy = "Choose a variant whose 'available' is true in GET /products."
    variant_id: str


class QuantityExceeded(Violation):
    """A line holds a bounded number of pieces."""

    code = "QUANTITY_EXCEEDED"
    http_status = 422
    template = "{quantity} pieces of {variant_id!r} are more than the {limit} that a line may hold."
    remedy = "Ask for fewer pieces."
    quantity: int
    variant_id: str
    limit: int


class QuantityInvalid(Violation):
    """A quantity counts pieces: at least one to add, at least none to set."""

    code = "QUANTITY_INVALID"
    http_status = 422
    template = "A quantity of {quantity} is less than {minimum}."
    remedy = "Send a quantity within the bounds; POST /cart/update with 0 removes a line."
    quantity: int
    minimum: int


class CartCurrencyMismatch(Violation):
    """A cart is paid in one payment, so all its stores must sell in one currency."""

    code = "CART_CURRENCY_MISMATCH"
    http_status = 422
    template = "The cart is in {cart_currency}; {variant_id!r} is sold in {currency}."
    remedy = "Put it in a cart of its own."
    cart_currency: str
    variant_id: str
    currency: str


class CartModificationForbidden(Violation):
    """From the moment that a checkout session exists, what is paid for must not change."""

    code = "CART_MODIFICATION_FORBIDDEN"
    http_status = 409
    template = "The cart {cart_id!r} is {state}, so it can no longer be changed."
    remedy = "Start a new cart, or let the payment session expire: that unlocks the cart."
    cart_id: str
    state: str


class StoreNotFound(Violation):
    """A shipping method can only be chosen for a store of the cart."""

    code = "STORE_NOT_FOUND"
    http_status = 400
    template = "The cart has no store {store!r}."
    remedy = "Use a store of the cart's 'stores'."
    store: str


class SelectedShippingOptionNotFound(Violation):
    """Only a method that the store offers for this cart and address can be chosen."""

    code = "SELECTED_SHIPPING_OPTION_NOT_FOUND"
    http_status = 422
    template = "{store} does not offer the shipping method {shipping_id!r} for this cart."
    remedy = "Choose an id from GET /cart/shipping-rates/:id."
    store: str
    shipping_id: str


class PaymentRefused(Violation):
    """The gateway does not take this payment as it stands, for instance because it is too small."""

    code = "PAYMENT_REFUSED"
    http_status = 422
    template = "The payment gateway refused the payment: {reason}"
    remedy = "Change what the cart costs, or its currency."
    reason: str


class InternalServerError(Violation):
    """A fault of the sandbox or of a plugin, never of the request."""

    code = "INTERNAL_SERVER_ERROR"
    http_status = 500
    template = "{problem}"
    remedy = "See the server's log; then try again."
    problem: str


class ServiceUnavailable(Violation):
    """Something that the request needs does not answer just now."""

    code = "SERVICE_UNAVAILABLE"
    http_status = 503
    template = "{problem}"
    remedy = "Try again a little later."
    problem: str
