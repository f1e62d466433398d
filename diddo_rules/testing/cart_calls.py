"""Calls of the cart API, as a front end makes them: one by one, and as Hypothesis strategies of whole sequences."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from hypothesis import strategies as st

__all__ = ["BUYERS_SENT", "BuyerSent", "CartCall", "api_calls"]

_ROUTES = {
    "read": ("GET", "/cart/{cart_id}"),
    "status": ("GET", "/cart/status/{cart_id}"),
    "add": ("POST", "/cart/add"),
    "update": ("POST", "/cart/update"),
    "remove": ("DELETE", "/cart/items"),
    "customer": ("POST", "/cart/customer"),
    "shipping-rates": ("GET", "/cart/shipping-rates/{cart_id}"),
    "shipping-method": ("POST", "/cart/shipping-method"),
}
_MOST_CALLS = 12
QUANTITIES = (1, 2, 3, 10, 499, 500, 501, 0, -1)
"""Pieces: the plain ones first, then the bounds of 1 to 500 and what lies beyond."""


class CartCall(NamedTuple):
    """One call of the cart API, of any cart.

    Attributes:
        action: the last part of its route, such as `add` or `shipping-method`; `read` is `GET /cart/:id`.
        arguments: the fields of its body, without the cart's id.
    """

    action: str
    arguments: Mapping[str, Any] = MappingProxyType({})

    def request(self, cart_id: str) -> tuple[str, str, dict[str, Any] | None]:
        """Return method, path and JSON body of the call on a cart; `"0"` is no cart yet."""
        method, path = _ROUTES[self.action]
        body = None if method == "GET" else {"cart_id": cart_id, **self.arguments}
        return method, path.format(cart_id=cart_id), body

    @property
    def changes_nothing_twice(self) -> bool:
        """Whether the call, made again at once, must answer the same."""
        return self.action != "add"

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"<{self.action} {given}>" if given else f"<{self.action}>"


class BuyerSent(NamedTuple):
    """A buyer identity and the codes with which it is refused; none when it is accepted."""

    fields: Mapping[str, str]
    codes: tuple[str, ...] = ()


_ADA = {"first_name": "Ada", "last_name": "Okafor", "email": "ada@example.test", "country_code": "US"}
_CALIFORNIA = {"address_1": "1 Market Street", "city": "San Francisco", "province_code": "CA", "postal_code": "94105"}
_NEW_YORK = {"address_1": "5 Canal Street", "city": "New York", "province_code": "NY", "postal_code": "10013"}
_HAMBURG = {"country_code": "DE", "address_1": "Kurvenweg 5", "city": "Hamburg", "postal_code": "20095"}
_INVALID = "BUYER_IDENTITY_INVALID_"
BUYERS_SENT: tuple[BuyerSent, ...] = (
    BuyerSent(_ADA | _CALIFORNIA),
    BuyerSent(_ADA | _NEW_YORK | {"phone": "+1 212 555 0100"}),
    BuyerSent(_ADA | _HAMBURG),
    BuyerSent(_ADA | _CALIFORNIA | {"email": "ada at example"}, (f"{_INVALID}EMAIL",)),
    BuyerSent(
        _ADA | _CALIFORNIA | {"first_name": " ", "postal_code": "94"},
        (f"{_INVALID}FIRST_NAME", f"{_INVALID}POSTAL_CODE"),
    ),
)
"""Buyers that are accepted, the plainest first, then some that are not."""


def api_calls(
    *,
    variants: Sequence[str],
    shipping: Sequence[tuple[str, str]] = (),
    buyers: Sequence[BuyerSent] = BUYERS_SENT,
    max_calls: int = _MOST_CALLS,
) -> st.SearchStrategy[list[CartCall]]:
    """Sequences of calls on one cart: most are in order, some ask for what is not there or go beyond a bound.

    Args:
        variants: ids of variants, plain ones first; ids that the catalogue does not know are welcome.
        shipping: pairs of a store's domain and the id of a shipping method.
        buyers: who may be sent as the buyer.
        max_calls: the longest sequence.
    """
    item = st.fixed_dictionaries({"variant_id": st.sampled_from(variants), "quantity": st.sampled_from(QUANTITIES)})
    items = st.fixed_dictionaries({"item": item})
    removed = st.fixed_dictionaries({"variant_id": st.sampled_from(variants)})
    identities = st.sampled_from(buyers).map(lambda buyer: {"buyer_identity": dict(buyer.fields)})
    plain = st.sampled_from([CartCall(action) for action in ("read", "status", "shipping-rates")])
    kinds = [
        items.map(_calling("add")),
        items.map(_calling("update")),
        removed.map(_calling("remove")),
        identities.map(_calling("customer")),
        plain,
    ]
    if shipping:
        kinds.append(st.sampled_from(shipping).map(_chosen).map(_calling("shipping-method")))
    return st.lists(st.one_of(kinds), max_size=max_calls)


def _calling(action: str) -> Callable[[Mapping[str, Any]], CartCall]:
    return lambda arguments: CartCall(action, arguments)


def _chosen(pair: tuple[str, str]) -> dict[str, Any]:
    store, method = pair
    return {"shipping_options": [{"store": store, "shipping_id": method}]}
