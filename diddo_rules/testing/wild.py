"""Wild text: any characters at all in front of what people write into a cart, for runs that have the time."""

from typing import Any

from diddo_rules.cart import BuyerIdentity, Cart, CartLine, CartStore
from diddo_rules.context import Pick
from diddo_rules.text import is_blank

__all__ = ["gen_wild"]

_SURROGATES = range(0xD800, 0xE000)
_CHARACTERS = 0x110000 - len(_SURROGATES)
_LONGEST = 4
_TEXTS = 3


def gen_wild(pick: Pick, cart: Cart) -> Cart:
    """Return the cart with titles, labels and the buyer's data made wild; what is blank stays so, ids and domains too.

    Surrogates are left out: they are no characters, and no JSON document holds them.
    """
    wild = tuple(_text(pick) for _ in range(_TEXTS))
    buyer = cart.buyer_identity
    changes: dict[str, Any] = {"stores": tuple(_store(store, wild) for store in cart.stores)}
    if buyer is not None:
        changes["buyer_identity"] = _with(buyer, wild[0], *BuyerIdentity.model_fields)
    return cart.model_copy(update=changes)


def _text(pick: Pick) -> str:
    return "".join(_character(pick(_CHARACTERS)) for _ in range(pick(_LONGEST + 1)))


def _character(number: int) -> str:
    return chr(number if number < _SURROGATES.start else number + len(_SURROGATES))


def _store(store: CartStore, wild: tuple[str, ...]) -> CartStore:
    changes: dict[str, Any] = {"cart_lines": tuple(_line(line, wild) for line in store.cart_lines)}
    if store.offer is not None:
        methods = tuple(_with(method, wild[2], "label") for method in store.offer.shipping_methods)
        selected = store.offer.selected_shipping_method
        sent = {"shipping_methods": methods, "selected_shipping_method": selected and _with(selected, wild[2], "label")}
        changes["offer"] = store.offer.model_copy(update=sent)
    return store.model_copy(update=changes)


def _line(line: CartLine, wild: tuple[str, ...]) -> CartLine:
    variant = line.variant and _with(line.variant, wild[1], "title", "description")
    product = line.product and _with(line.product, wild[1], "title", "description")
    return line.model_copy(update={"variant": variant, "product": product})


def _with(record: Any, wild: str, *names: str) -> Any:
    """Return the record with the wild text in front of those of the fields that say something."""
    changes = {name: wild + value for name in names if not is_blank(value := getattr(record, name))}
    return record.model_copy(update=changes)
