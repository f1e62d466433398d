"""What the checkout machine believes: a few plain records that predict each answer, and the faults that it can find."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from diddo_rules.testing.cart_calls import BUYERS_SENT, CartCall

__all__ = [
    "CARDS",
    "STATUSES",
    "AnswerNotPredicted",
    "Card",
    "CartChargedTwice",
    "CartModel",
    "EventIdChanged",
    "FlowFault",
    "Good",
    "MoneyDoesNotAddUp",
    "Payment",
    "PriceDrifted",
    "RaceHasNotOneWinner",
    "RetryAnsweredDifferently",
    "ServerFailed",
    "ShopperTrapped",
    "SubmittedCartChanged",
    "TotalsDoNotAddUp",
    "WebhookLost",
    "require",
]

_LARGEST_QUANTITY = 500


class FlowFault(AssertionError):
    """Something that holds in every checkout did not hold; each kind is named for what was found."""


class ServerFailed(FlowFault):
    """No request is answered with a status of 500 or above."""


class CartChargedTwice(FlowFault):
    """A cart is charged once at most."""


class TotalsDoNotAddUp(FlowFault):
    """Lines, shipping and taxes add up to a cart's total."""


class PriceDrifted(FlowFault):
    """What was shown is what is charged: a price stays that of the catalogue, a total that of the checkout."""


class MoneyDoesNotAddUp(FlowFault):
    """The money taken is that of the orders, and the money given back that of the refunds."""


class SubmittedCartChanged(FlowFault):
    """A submitted cart stays as it was."""


class RaceHasNotOneWinner(FlowFault):
    """Of many requests that race, exactly one wins."""


class ShopperTrapped(FlowFault):
    """A cart is locked only while there is a page at which it can be paid; neither expiry nor a crash leaves it so."""


class WebhookLost(FlowFault):
    """Each event is delivered at least once, and a paid cart is submitted."""


class EventIdChanged(FlowFault):
    """An event keeps its id, however often it is delivered."""


class RetryAnsweredDifferently(FlowFault):
    """A request that is repeated, under its idempotency key where it has one, is answered as before."""


class AnswerNotPredicted(FlowFault):
    """Each answer has the status, the codes and the content that the model predicts."""


def require(holds: object, fault: type[FlowFault], found: str) -> None:
    """Raise the fault, saying what was found, unless something holds."""
    if not holds:
        raise fault(found)


STATUSES: Mapping[str, int] = {
    "CART_NOT_FOUND": 404,
    "ALREADY_SUBMITTED": 409,
    "CART_MODIFICATION_FORBIDDEN": 409,
    "BUYER_IDENTITY_MISSING": 400,
    "MISSING_STORES": 400,
    "STORE_NOT_FOUND": 400,
    "VARIANT_NOT_FOUND": 400,
}
"""The HTTP statuses of the codes that the model predicts, where they are not 422."""


class Card(NamedTuple):
    """A test card, what comes of it, and with which code and decline code it is declined."""

    number: str
    outcome: Literal["pays", "declines", "challenges", "is refused"] = "pays"
    code: str = ""
    decline_code: str | None = None
    cvc: str = "123"
    expiry: str = "12/40"
    refund_fails: bool = False

    def __repr__(self) -> str:
        return f"<card {self.number} that {self.outcome}>"


def _declined(number: str, decline_code: str) -> Card:
    return Card(number, "declines", "card_declined", decline_code)


CARDS: tuple[Card, ...] = (
    Card("4242424242424242"),
    _declined("4000000000000002", "generic_decline"),
    Card("4000002760003184", "challenges"),
    Card("5555555555554444"),
    Card("378282246310005", cvc="1234"),
    _declined("4000000000009995", "insufficient_funds"),
    _declined("4000000000009987", "lost_card"),
    _declined("4000000000009979", "stolen_card"),
    _declined("4000000000006975", "card_velocity_exceeded"),
    _declined("4100000000000019", "fraudulent"),
    Card("4000000000000069", "declines", "expired_card"),
    Card("4000000000000127", "declines", "incorrect_cvc"),
    Card("4000000000000119", "declines", "processing_error"),
    Card("4000008400001629", "challenges", "card_declined", "generic_decline"),
    Card("4000000000007726"),
    Card("4000000000005126", refund_fails=True),
    Card("4111111111111111", "is refused"),
    Card("4242424242424242", "is refused", expiry="12/20"),
)
"""Cards of every outcome, the plainest first; one that challenges with a code is declined after its challenge."""


class Good(NamedTuple):
    """A variant of the catalogue: who sells it, and for how much; `price` in minor units."""

    variant_id: str
    price: int
    currency: str
    available: bool = True
    store: str = ""


@dataclass(eq=False)
class Payment:
    """A payment session of a cart, as Stripe and the shopper see it; amounts in minor units.

    `refunds` are pairs of an amount and the Unix second at which it comes back, or None.
    """

    cart: "CartModel"
    session_id: str
    page: str
    total: int
    currency: str
    expires_at: int
    status: Literal["open", "complete", "expired"] = "open"
    failures: int = 0
    challenge: str | None = None
    card: Card = CARDS[0]
    refunds: list[tuple[int, int | None]] = field(default_factory=list)

    def given_back(self, now: int) -> int:
        """Return how much has been refunded and has not come back."""
        return sum(amount for amount, returns in self.refunds if returns is None or now < returns)

    def __repr__(self) -> str:
        return f"<payment of {self.total} {self.currency} for cart {self.cart.number}, {self.status}>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001  as Hypothesis calls it
        printer.text(repr(self))


@dataclass(eq=False)
class CartModel:
    """A cart: `offered` holds each store's shipping methods as they were answered, `chosen` the ids selected.

    `state` is `locked` while it has an open payment, `paid` when the shop has not heard of it yet.
    """

    goods: Mapping[str, Good]
    number: int
    cart_id: str = "0"
    lines: dict[str, int] = field(default_factory=dict)
    buyer: Mapping[str, str] | None = None
    offered: dict[str, dict[str, Any]] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)
    state: Literal["open", "locked", "paid", "submitted"] = "open"
    payment: Payment | None = None
    submitted_as: Any = None

    def __repr__(self) -> str:
        return f"<cart {self.number}, {self.state}>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001  as Hypothesis calls it
        printer.text(repr(self))

    @property
    def stores(self) -> set[str]:
        """The stores of its lines."""
        return {self.goods[variant].store for variant in self.lines}

    def unlock(self) -> None:
        """Let the cart be changed again."""
        self.state, self.payment = "open", None

    def refusal(self, call: CartCall) -> tuple[str, ...]:
        """Return the codes with which a call is refused; none when it is accepted."""
        if call.action == "shipping-rates":
            return () if self.buyer else ("BUYER_IDENTITY_MISSING",)
        if call.action in ("read", "status"):
            return ()
        return next(_REFUSALS[call.action](self, call.arguments), ())

    @property
    def checkout_refusal(self) -> tuple[str, ...]:
        """The codes with which a checkout is refused; of a locked cart only the first is known."""
        if self.state != "open":
            return ("ALREADY_SUBMITTED",)
        codes = [] if self.buyer else ["BUYER_IDENTITY_MISSING"]
        codes += [] if self.lines else ["MISSING_STORES"]
        return (*codes, *["SHIPPING_ADDRESS_UNAVAILABLE"] * len(self.stores - self.chosen.keys()))

    def learn(self, call: CartCall, cart: Mapping[str, Any]) -> None:
        """Take in a call that was accepted, with the cart that it answered."""
        if self.state != "open" or call.action in ("read", "status"):
            return
        if call.action == "shipping-rates":
            self._learn_offers(cart)
        elif call.action == "shipping-method":
            self.chosen |= {one["store"]: one["shipping_id"] for one in call.arguments["shipping_options"]}
        elif self._changes(call):
            self.offered, self.chosen = {}, {}

    def _changes(self, call: CartCall) -> bool:
        before = dict(self.lines), self.buyer
        if call.action == "customer":
            self.buyer = call.arguments["buyer_identity"]
        else:
            variant, pieces = _pieces(call)
            if call.action == "add":
                pieces += self.lines.get(variant, 0)
            if call.action == "add" or variant in self.lines:
                self.lines[variant] = pieces
            self.lines = {name: held for name, held in self.lines.items() if held}
        return before != (self.lines, self.buyer)

    def _learn_offers(self, cart: Mapping[str, Any]) -> None:
        for store in cart["stores"]:
            methods = {method["id"]: method for method in store["offer"]["shipping_methods"]}
            before = self.offered.setdefault(store["store"], methods)
            require(methods == before, PriceDrifted, f"{store['store']} offered {before}, and now {methods}")

    def subtotal(self, store: str | None = None) -> int:
        """Return what its goods cost, or those of one store."""
        held = ((self.goods[variant], pieces) for variant, pieces in self.lines.items())
        return sum(good.price * pieces for good, pieces in held if store in (None, good.store))


def _pieces(call: CartCall) -> tuple[str, int]:
    if call.action == "remove":
        return call.arguments["variant_id"], 0
    item = call.arguments["item"]
    return item["variant_id"], item["quantity"]


_Refusals = Iterator[tuple[str, ...]]


def _locked(model: CartModel) -> _Refusals:
    if model.state != "open":
        yield ("CART_MODIFICATION_FORBIDDEN",)


def _of_add(model: CartModel, arguments: Mapping[str, Any]) -> _Refusals:
    variant, pieces = arguments["item"]["variant_id"], arguments["item"]["quantity"]
    good = model.goods.get(variant)
    if good is None:
        yield ("VARIANT_NOT_FOUND",)
        return
    if pieces < 1:
        yield ("QUANTITY_INVALID",)
    if not good.available:
        yield ("PRODUCT_NOT_AVAILABLE",)
    yield from _locked(model)
    if any(model.goods[held].currency != good.currency for held in model.lines):
        yield ("CART_CURRENCY_MISMATCH",)
    if model.lines.get(variant, 0) + pieces > _LARGEST_QUANTITY:
        yield ("QUANTITY_EXCEEDED",)


def _of_update(model: CartModel, arguments: Mapping[str, Any]) -> _Refusals:
    variant, pieces = arguments["item"]["variant_id"], arguments["item"]["quantity"]
    if pieces < 0:
        yield ("QUANTITY_INVALID",)
    yield from _locked(model)
    if variant in model.lines and pieces > _LARGEST_QUANTITY:
        yield ("QUANTITY_EXCEEDED",)


def _of_remove(model: CartModel, _arguments: Mapping[str, Any]) -> _Refusals:
    yield from _locked(model)


def _of_customer(model: CartModel, arguments: Mapping[str, Any]) -> _Refusals:
    fields = arguments["buyer_identity"]
    if codes := next(buyer.codes for buyer in BUYERS_SENT if buyer.fields == fields):
        yield codes
    yield from _locked(model)


def _of_shipping_method(model: CartModel, arguments: Mapping[str, Any]) -> _Refusals:
    yield from _locked(model)
    for option in arguments["shipping_options"]:
        if option["store"] not in model.stores:
            yield ("STORE_NOT_FOUND",)
        if option["shipping_id"] not in model.offered.get(option["store"], {}):
            yield ("SELECTED_SHIPPING_OPTION_NOT_FOUND",)


# In the order in which the server looks for them: the first is answered.
_REFUSALS: Mapping[str, Callable[[CartModel, Mapping[str, Any]], _Refusals]] = {
    "add": _of_add,
    "update": _of_update,
    "remove": _of_remove,
    "customer": _of_customer,
    "shipping-method": _of_shipping_method,
}
