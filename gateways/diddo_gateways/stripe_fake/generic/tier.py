"""What the generic tier knows of the catalogue as a whole: which kinds can be made, where they live, what they emit."""

from dataclasses import dataclass
from functools import cache

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.catalogue import Catalogue
from diddo_gateways.stripe_fake.generic.patterns import Parent, Pattern, Patterns, names_of

__all__ = ["Embedding", "Tier", "tier"]

# Families of events whose name is not the kind's.
FAMILIES = {
    "dispute": ("charge.dispute",),
    "fee_refund": ("application_fee.refund",),
    "bank_account": ("account.external_account", "customer.source"),
    "card": ("account.external_account", "customer.source"),
    "source": ("customer.source", "source"),
    "scheduled_query_run": ("sigma.scheduled_query_run",),
    "source_transaction": ("source.transaction",),
}


@dataclass(frozen=True, slots=True)
class Embedding:
    """A list inside an object: `field` of a `parent` kind holds its children, who name it by `child_field`."""

    parent: str
    field: str
    child_field: str


class Tier:
    """The catalogue as the generic tier reads it."""

    def __init__(self, known: Catalogue) -> None:
        self.known = known
        patterns = Patterns(known)
        self.patterns = {name: patterns.of(operation) for name, operation in known.operations.items()}
        self.makeable = frozenset(
            kind for pattern in self.patterns.values() if pattern.does == "create" for kind in pattern.kinds
        )
        self._events = frozenset(known.event_types())
        self._lists = {
            (pattern.kinds[0], pattern.parent): pattern.operation.path
            for pattern in reversed(self.patterns.values())
            if pattern.does == "list"
        }
        self._embeddings = self._find_embeddings()

    def pattern(self, name: str) -> Pattern:
        """Return what an operation does."""
        return self.patterns[name]

    def embeddings(self, kind: str) -> tuple[Embedding, ...]:
        """Return where objects of a kind are listed inside of others."""
        return self._embeddings.get(kind, ())

    def event(self, kind: str, suffix: str, parent: Parent | None = None) -> str | None:
        """Return the type of event that tells of a change to a kind, or None when Stripe has none."""
        last = kind.replace(".", "_")
        families = FAMILIES.get(kind, (kind, f"customer.{kind}", last))
        if parent is not None and len(families) > 1:
            families = tuple(sorted(families, key=lambda family: not family.startswith(parent.kind)))
        return next((name for family in families if (name := f"{family}.{suffix}") in self._events), None)

    def collection(self, kind: str, parent: str, parent_id: str) -> str:
        """Return the URL of the list of a parent's children, empty when Stripe has none."""
        for (listed, owner), path in self._lists.items():
            if listed == kind and owner is not None and owner.kind == parent:
                return path.replace("{" + owner.placeholder + "}", parent_id)
        path = self._lists.get((kind, None), "")
        return f"{path}?{parent.rpartition('.')[2]}={parent_id}" if path else ""

    def _find_embeddings(self) -> dict[str, tuple[Embedding, ...]]:
        found: dict[str, tuple[Embedding, ...]] = {}
        for parent in self.known.resources:
            for field, node in self.known.fields(parent).items():
                if isinstance(node, dict) and "page" in node:
                    for kind in self.known.resources_in(node["page"]):
                        child = next((name for name in names_of(parent, "id") if name in self.known.fields(kind)), None)
                        if child is not None:
                            found[kind] = (*found.get(kind, ()), Embedding(parent, field, child))
        return found


@cache
def tier() -> Tier:
    """Return the tier of the catalogue, built at the first call."""
    return Tier(catalogue.load())
