"""The shapes of Stripe's objects: a blank one to start from, and the deviations of one that is done."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.catalogue import Catalogue, Node

__all__ = ["SCALARS", "blank", "blank_fields", "check_answer", "check_shape"]

# Fields that Stripe sends only when asked for with `expand`, or only where they apply; see docs/stripe-recordings.md.
ABSENT: dict[str, frozenset[str]] = {
    "charge": frozenset(
        {
            "alternate_statement_descriptors",
            "authorization_code",
            "level3",
            "presentment_details",
            "refunds",
            "transfer",
        }
    ),
    "checkout.session": frozenset(
        {
            "excluded_payment_method_types",
            "line_items",
            "name_collection",
            "optional_items",
            "presentment_details",
            "redirect_on_completion",
            "return_url",
            "tax_id_collection",
        }
    ),
    "credit_note": frozenset({"customer_account"}),
    "customer": frozenset(
        {
            "business_name",
            "cash_balance",
            "customer_account",
            "individual_name",
            "invoice_credit_balance",
            "sources",
            "subscriptions",
            "tax",
            "tax_ids",
        }
    ),
    "event": frozenset({"account", "context", "reason"}),
    "invoice": frozenset({"confirmation_secret", "payments", "threshold_reason"}),
    "invoiceitem": frozenset({"net_amount", "proration_details"}),
    "item": frozenset({"discounts", "taxes"}),
    "line_item": frozenset({"subscription"}),
    "payment_intent": frozenset({"hooks", "presentment_details"}),
    "price": frozenset({"currency_options", "tiers"}),
    "product": frozenset({"identifiers"}),
    "refund": frozenset(
        {
            "description",
            "failure_balance_transaction",
            "failure_reason",
            "instructions_email",
            "next_action",
            "pending_reason",
            "presentment_details",
        }
    ),
    "setup_intent": frozenset({"attach_to_self", "customer_account"}),
    "subscription": frozenset({"presentment_details"}),
    "webhook_endpoint": frozenset({"secret"}),
}
# Fields on the wire that no type of the SDK lists.
LEGACY: dict[str, frozenset[str]] = {
    "charge": frozenset({"destination", "dispute", "order"}),
    "event": frozenset({"user_id"}),
    "card": frozenset({"email", "phone", "wallet"}),
    "product": frozenset({"attributes", "type"}),
    "subscription": frozenset({"plan", "quantity"}),
    # The SDK lists them with the classes of single types of events.
    "v2.core.event": frozenset({"related_object", "data"}),
}
_blanks: dict[str, bytes] = {}


def blank(kind: str) -> dict[str, Any]:
    """Return a new object of a kind with every key that Stripe sends: nulls, empty lists and maps, false.

    Required fields that only behaviour can fill (`id`, `created`, a status) are null until they are set;
    `check_shape` finds those forgotten.
    """
    kept = _blanks.get(kind)
    if kept is None:
        known = catalogue.load()
        kept = _blanks[kind] = orjson.dumps(blank_fields(known.definitions[known.resources[kind]], kind))
    fresh: dict[str, Any] = orjson.loads(kept)
    return fresh


def blank_fields(definition: Node, kind: str = "") -> dict[str, Any]:
    """Return a new object of a definition, likewise; `kind` when it is a whole resource's."""
    known = catalogue.load()
    absent = ABSENT.get(kind, frozenset()) | {"deleted"} | _variants(known, definition) | _maps(known, definition)
    fields = ((field, node, field in definition["required"]) for field, node in definition["fields"].items())
    values = {
        field: _blank_value(known, field, node, required) for field, node, required in fields if field not in absent
    }
    order = [key for key in ("id", "object") if key in values]
    return {key: values[key] for key in [*order, *(key for key in values if key not in order)]}


def _blank_value(known: Catalogue, field: str, node: Node, required: bool) -> Any:  # noqa: FBT001  a row of a table
    if field == "metadata":
        return {}
    resolved = known.resolve(node)
    if not required:
        return None
    if not isinstance(resolved, dict):
        return False if resolved == "boolean" else None
    if "fields" in resolved:
        return blank_fields(resolved)
    if "list" in resolved or "map" in resolved:
        return [] if "list" in resolved else {}
    values = resolved.get("enum", ())
    return values[0] if len(values) == 1 else None


def _maps(known: Catalogue, definition: Node) -> frozenset[str]:
    """Return the fields that hold objects by name where they apply: the official SDK cannot read null there."""
    nodes = {field: known.resolve(node) for field, node in definition["fields"].items()}
    maps = {field: node["map"] for field, node in nodes.items() if isinstance(node, dict) and "map" in node}
    return frozenset(
        field
        for field, inner in maps.items()
        if field not in definition["required"] and isinstance(known.resolve(inner), dict)
    )


def _variants(known: Catalogue, definition: Node) -> frozenset[str]:
    """Return the fields of which only the one that `type` names is sent, as a payment method's `card`."""
    fields = definition["fields"]
    kind = known.resolve(fields.get("type"))
    values = kind.get("enum", ()) if isinstance(kind, dict) else ()
    return frozenset(field for field in fields if field in values and field not in definition["required"])


def check_shape(obj: Any) -> list[str]:
    """Return how an object deviates from the shape that the SDK's types give its kind; nothing when it does not.

    Unknown and missing fields, wrong types and values outside an enum count; an expandable field may be an id or the
    object. A list object is checked element by element.
    """
    if not isinstance(obj, dict) or not isinstance(obj.get("object"), str):
        return ["not an object with an `object` key"]
    known = catalogue.load()
    if obj["object"] in ("list", "search_result"):
        return list(_Check(known).page(obj, "any", obj["object"]))
    if obj["object"] not in known.resources:
        return [f"there is no kind of object named {obj['object']}"]
    return list(_Check(known).resource(obj, obj["object"], obj["object"]))


def check_answer(node: Node, body: Any) -> list[str]:
    """Return how the answer of an operation deviates from what the operation returns, by its node in the catalogue.

    `check_shape` asks what an object says it is; this asks whether it is what was promised.
    """
    known = catalogue.load()
    if known.resolve(node) in ("any", "null"):
        return []
    return _Check(known).node(body, node, "answer")


class _Check:
    """The walk of `check_shape`: every method yields what deviates at `place`."""

    def __init__(self, known: Catalogue) -> None:
        self.known = known

    def resource(self, value: Any, kind: str, place: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{place}: {value!r} is no {kind}"]
        if value.get("deleted") is True:
            wrong = set(value) ^ {"id", "object", "deleted"}
            return [f"{place}: a deleted object has the keys id, object, deleted, not {sorted(value)}"] if wrong else []
        return self.fields(
            value, self.known.definitions[self.known.resources[kind]], place, LEGACY.get(kind, frozenset())
        )

    def fields(self, value: Any, definition: Node, place: str, legacy: frozenset[str] = frozenset()) -> list[str]:
        if not isinstance(value, dict):
            return [f"{place}: {value!r} is no object"]
        fields, required = definition["fields"], definition["required"]
        found = [f"{place}.{key}: unknown field" for key in value if key not in fields and key not in legacy]
        for field, node in fields.items():
            if field not in value:
                if field in required:
                    found.append(f"{place}.{field}: missing")
            elif value[field] is not None or field in required:
                found += self.node(value[field], node, f"{place}.{field}")
        return found

    def page(self, value: Any, node: Node, place: str) -> list[str]:
        if not isinstance(value, dict) or not isinstance(value.get("data"), list):
            return [f"{place}: {value!r} is no list object"]
        found = [f"{place}.{key}: missing" for key in ("object", "has_more", "url") if key not in value]
        extra = set(value) - {"object", "has_more", "url", "data", "next_page", "total_count"}
        found += [f"{place}.{key}: unknown field" for key in sorted(extra)]
        for position, element in enumerate(value["data"]):
            where = f"{place}.data[{position}]"
            if node == "any":
                found += [f"{where}: {text}" for text in check_shape(element)]
            else:
                found += self.node(element, node, where)
        return found

    def node(self, value: Any, node: Node, place: str) -> list[str]:
        if isinstance(node, str):
            return self.named(value, node, place)
        if "fields" in node:
            return self.fields(value, node, place)
        ((form, inner),) = node.items()
        check: Callable[[Any, Any, str], list[str]] = getattr(self, "form_" + form)
        return check(value, inner, place)

    def named(self, value: Any, node: str, place: str) -> list[str]:
        if node.startswith("@"):
            return self.resource(value, node[1:], place)
        if node.startswith("#"):
            return self.node(value, self.known.resolve(node), place)
        return [] if SCALARS[node](value) else [f"{place}: {value!r} is no {node}"]

    def form_enum(self, value: Any, values: list[Any], place: str) -> list[str]:
        return [] if value in values else [f"{place}: {value!r} is none of {', '.join(map(str, values))}"]

    def form_list(self, value: Any, inner: Node, place: str) -> list[str]:
        if not isinstance(value, list):
            return [f"{place}: {value!r} is no list"]
        return [text for at, element in enumerate(value) for text in self.node(element, inner, f"{place}[{at}]")]

    def form_map(self, value: Any, inner: Node, place: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{place}: {value!r} is no map"]
        return [text for key, element in value.items() for text in self.node(element, inner, f"{place}[{key}]")]

    def form_any_of(self, value: Any, parts: list[Node], place: str) -> list[str]:
        attempts = [self.node(value, part, place) for part in parts]
        return min(attempts, key=len)

    def form_expandable(self, value: Any, kinds: list[str], place: str) -> list[str]:
        if isinstance(value, str):
            return [] if value else [f"{place}: an empty id"]
        kind = value.get("object") if isinstance(value, dict) else None
        return (
            self.resource(value, kind, place) if kind in kinds else [f"{place}: {value!r} is no {' or '.join(kinds)}"]
        )

    def form_nullable(self, value: Any, inner: Node, place: str) -> list[str]:
        return [] if value is None else self.node(value, inner, place)

    def form_page_v2(self, value: Any, inner: Node, place: str) -> list[str]:
        if not isinstance(value, dict) or set(value) != {"data", "next_page_url", "previous_page_url"}:
            return [f"{place}: {value!r} is no page"]
        return self.form_list(value["data"], inner, place)

    def form_page(self, value: Any, inner: Node, place: str) -> list[str]:
        return self.page(value, inner, place)

    def form_search(self, value: Any, inner: Node, place: str) -> list[str]:
        return self.page(value, inner, place)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


SCALARS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "number": _is_number,
    # The SDK's `to_dict` turns the text of the wire into Decimal.
    "decimal": lambda value: isinstance(value, str | Decimal),
    "datetime": lambda value: isinstance(value, str),
    "any": lambda _: True,
    "null": lambda value: value is None,
}
