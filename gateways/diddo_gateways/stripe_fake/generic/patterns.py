"""What each operation does, read from its method, its path and what it answers: no operation is listed by hand."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from diddo_gateways.stripe_fake.catalogue import Catalogue, Node, Operation

__all__ = ["Parent", "Pattern", "Patterns", "names_of"]

Does = Literal[
    "create", "retrieve", "update", "delete", "list", "search", "action", "singleton", "set", "find", "preview", "file"
]
PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Test helpers act on the objects that live under the same path without them.
HELPERS = "/test_helpers"
OWN_HELPERS = "/v1/test_helpers/test_clocks"


@dataclass(frozen=True, slots=True)
class Parent:
    """What an operation's objects live in: `/v1/customers/{customer}` for `/v1/customers/{customer}/tax_ids`.

    Attributes:
        kind: the parent's kind.
        placeholder: its name in the path.
        field: the field by which a child names its parent, or None when it does not.
    """

    kind: str
    placeholder: str
    field: str | None


@dataclass(frozen=True, slots=True)
class Pattern:
    """What an operation does.

    Attributes:
        operation: which.
        does: `set` writes a singleton, `find` picks one by its parameters, `preview` makes what is not kept.
        kinds: the kinds of object that it answers; the first is made when nothing says which.
        verb: the last step of an action's path, such as `cancel`.
        subject: the placeholder of the object that it is about, or None.
        parent: what that object lives in, or None.
    """

    operation: Operation
    does: Does
    kinds: tuple[str, ...]
    verb: str
    subject: str | None
    parent: Parent | None

    @property
    def v2(self) -> bool:
        """Whether it belongs to the second version of the API."""
        return self.operation.path.startswith("/v2/")


class Patterns:
    """The patterns of a catalogue."""

    def __init__(self, known: Catalogue) -> None:
        self._known = known
        # Paths with all ids written `{}`, as different operations call the same id by different names.
        self._at: dict[str, dict[str, Operation]] = {}
        for operation in known.operations.values():
            self._at.setdefault(_bare(operation.path), {})[operation.method] = operation

    def of(self, operation: Operation) -> Pattern:
        """Return what an operation does."""
        kinds = tuple(self._known.resources_in(_element(operation.returns)))
        does = self._does(operation, kinds)
        steps = operation.path.split("/")
        placeholders = PLACEHOLDER.findall(operation.path)
        ends_in_one = PLACEHOLDER.fullmatch(steps[-1]) is not None
        subject = placeholders[-1] if does == "action" or (ends_in_one and does != "list") else None
        # What v2 answers to a deletion does not say what was deleted.
        kinds = kinds or (self.kinds_at(operation.path) if subject else ())
        verb = steps[-1] if does == "action" else ""
        return Pattern(operation, does, kinds, verb, subject, self._parent(operation, subject, kinds))

    def kinds_at(self, path: str) -> tuple[str, ...]:
        """Return the kinds of object that a path to one may lead to."""
        found = self._at.get(_bare(path), {})
        operation = found.get("GET") or found.get("POST") or found.get("DELETE")
        return () if operation is None else tuple(self._known.resources_in(_element(operation.returns)))

    def _does(self, operation: Operation, kinds: tuple[str, ...]) -> Does:
        ends = operation.path.split("/")[-1]
        match operation.method:
            case "GET":
                return self._reads(operation, ends)
            case "DELETE":
                return "delete"
            case _ if PLACEHOLDER.fullmatch(ends):
                return "update"
            case _:
                return self._writes(operation, ends, kinds)

    def _reads(self, operation: Operation, ends: str) -> Does:
        form = next(iter(operation.returns)) if isinstance(operation.returns, dict) else ""
        if form in ("page", "page_v2"):
            return "list"
        if form == "search":
            return "search"
        if operation.returns == "any":
            return "file"
        if PLACEHOLDER.fullmatch(ends):
            return "retrieve"
        return "find" if ends == "find" else "preview" if ends == "preview" else "singleton"

    def _writes(self, operation: Operation, ends: str, kinds: tuple[str, ...]) -> Does:
        read = self._at[_bare(operation.path)].get("GET")
        if read is not None and read.returns == operation.returns:
            return "set"
        owner = self._owner(operation.path)
        if owner is not None and set(owner[0]) & set(kinds):
            return "action"
        if ends == "delete":
            return "delete"
        return "preview" if ends == "create_preview" else "create"

    def _owner(self, path: str) -> tuple[tuple[str, ...], str] | None:
        """Return the kinds and the placeholder of the last object that a path leads through."""
        steps = path.split("/")
        while steps and not PLACEHOLDER.fullmatch(steps[-1]):
            steps.pop()
        if not steps:
            return None
        kinds = self.kinds_at("/".join(steps))
        return (kinds, steps[-1][1:-1]) if kinds else None

    def _parent(self, operation: Operation, subject: str | None, kinds: tuple[str, ...]) -> Parent | None:
        path = operation.path
        if subject is not None:
            path = path[: path.rindex("{" + subject + "}")]
        owner = self._owner(path)
        if owner is None:
            return None
        kind, placeholder = owner[0][0], owner[1]
        fields = [self._known.fields(of) for of in kinds]
        names = names_of(kind, placeholder)
        return Parent(kind, placeholder, field=next((name for name in names if any(name in of for of in fields)), None))


def names_of(kind: str, placeholder: str) -> Iterator[str]:
    """Return the names by which a child may know its parent, likeliest first."""
    last = kind.rpartition(".")[2]
    yield last
    yield last.rpartition("_")[2]
    if placeholder != "id":
        yield placeholder.removesuffix("_id")


def _bare(path: str) -> str:
    bare = PLACEHOLDER.sub("{}", path)
    return bare if bare.startswith(OWN_HELPERS) else bare.replace(HELPERS, "", 1)


def _element(node: Node) -> Node:
    """Return what a list holds, or the node itself."""
    for form in ("page", "page_v2", "search"):
        if isinstance(node, dict) and form in node:
            return node[form]
    return node
