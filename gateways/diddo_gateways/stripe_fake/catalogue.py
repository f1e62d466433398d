"""Stripe's API as data: every operation with its parameters, every resource with its fields.

`catalogue.json` is made by `scripts/make_catalogue.py` from the official SDK's types; `unlisted.json` adds by hand what
those leave out. A type is written as a node:

| node | means |
|---|---|
| `"string"` `"integer"` `"boolean"` `"number"` `"decimal"` `"datetime"` `"any"` | a scalar |
| `"#Name"` | the definition of that name |
| `"@customer"` | a resource, in full |
| `{"expandable": ["customer"]}` | an id, or one of those resources |
| `{"enum": […]}`, `{"list": node}`, `{"map": node}`, `{"any_of": [node, …]}` | as they say |
| `{"emptyable": node}` | a parameter that the empty string unsets |
| `{"nullable": node}` | null is allowed |
| `{"page": node}`, `{"page_v2": node}`, `{"search": node}` | a list object of such elements |

A definition is an enum, or `{"fields": {name: node}, "required": [name, …]}`; in a resource a field that is not
required may be null or absent.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any, NamedTuple

import orjson

__all__ = ["Catalogue", "Node", "Operation", "Route", "load"]

Node = Any
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of Stripe's API: `name` is `VERB /path` with the ids in braces."""

    name: str
    params: str | None
    returns: Node
    # None for the API itself, else the SDK's word for another host, such as `files`.
    base: str | None

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.name.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path, its ids in braces."""
        return self.name.partition(" ")[2]


class Route(NamedTuple):
    """The operation that a request asks for, and the ids in its URL."""

    operation: Operation
    ids: dict[str, str]


class Branch:
    """One step of a URL: what may follow it, and what it is when nothing does."""

    __slots__ = ("operations", "placeholder", "steps")

    def __init__(self) -> None:
        self.steps: dict[str, Branch] = {}
        self.placeholder: Branch | None = None
        # By method: the operation, and the names of the ids that led here.
        self.operations: dict[str, tuple[Operation, tuple[str, ...]]] = {}


class Catalogue:
    """The catalogue, read once.

    Args:
        data: what the SDK's types say.
        unlisted: operations that Stripe's own tools call and the SDK does not list, with the definitions of their
            parameters: they are routed to, and no part of `operations`.
    """

    def __init__(self, data: dict[str, Any], unlisted: dict[str, Any]) -> None:
        self.sdk: str = data["sdk"]
        self.api_version: str = data["api_version"]
        self.resources: dict[str, str] = data["resources"]
        self.definitions: dict[str, Node] = data["definitions"]
        # The types of thin events, each with the kind of object that it is about, or None.
        self.thin_events: dict[str, str | None] = data["thin_events"]
        self.operations = _operations(data)
        self.unlisted = _operations(unlisted)
        self.definitions |= unlisted["definitions"]

    @cached_property
    def _routes(self) -> Branch:
        root = Branch()
        for operation in (*self.operations.values(), *self.unlisted.values()):
            branch = root
            for step in operation.path.split("/")[1:]:
                if PLACEHOLDER.fullmatch(step):
                    branch.placeholder = branch = branch.placeholder or Branch()
                else:
                    branch = branch.steps.setdefault(step, Branch())
            branch.operations[operation.method] = (operation, tuple(PLACEHOLDER.findall(operation.path)))
        return root

    def route(self, method: str, path: str) -> Route | None:
        """Return the operation of a request and the ids in its path, or None when Stripe has no such URL."""
        ids: list[str] = []
        branch = self._find(path, ids)
        found = None if branch is None else branch.operations.get(method)
        return None if found is None else Route(found[0], dict(zip(found[1], ids, strict=True)))

    def methods(self, path: str) -> list[str]:
        """Return the methods that a path takes; none when Stripe has no such path."""
        branch = self._find(path, [])
        return [] if branch is None else sorted(branch.operations)

    def _find(self, path: str, ids: list[str]) -> Branch | None:
        branch = self._routes
        for step in path.split("/")[1:]:
            following = branch.steps.get(step)
            if following is None:
                # An empty step is no id: `/v1/customers/` is not a customer.
                following = branch.placeholder if step else None
                if following is None:
                    return None
                ids.append(step.replace("%2F", "/"))
            branch = following
        return branch

    def fields(self, kind: str) -> dict[str, Node]:
        """Return the fields of a kind of object."""
        fields: dict[str, Node] = self.definitions[self.resources[kind]]["fields"]
        return fields

    def event_types(self) -> list[str]:
        """Return every type of event that an endpoint can listen to, without `*`."""
        params = self.definitions[self.operations["POST /v1/webhook_endpoints"].params or ""]
        types = self.resolve(params["fields"]["enabled_events"]["list"])["enum"]
        return [name for name in types if name != "*"]

    def resolve(self, node: Node) -> Node:
        """Follow a reference to a definition."""
        while isinstance(node, str) and node.startswith("#"):
            node = self.definitions[node[1:]]
        return node

    def resources_in(self, node: Node) -> Iterator[str]:
        """Return the kinds of object that a node holds, or names by id."""
        if isinstance(node, str):
            if node.startswith("@"):
                yield node[1:]
        elif "expandable" in node:
            yield from node["expandable"]
        elif "any_of" in node:
            for part in node["any_of"]:
                yield from self.resources_in(part)


def _operations(data: dict[str, Any]) -> dict[str, Operation]:
    return {
        name: Operation(name, entry.get("params"), entry["returns"], entry.get("base"))
        for name, entry in data["operations"].items()
    }


_loaded: list[Catalogue] = []


def load() -> Catalogue:
    """Return the catalogue, read at the first call."""
    if not _loaded:
        files = resources.files(__package__)
        data, unlisted = (
            orjson.loads(files.joinpath(name).read_bytes()) for name in ("catalogue.json", "unlisted.json")
        )
        _loaded.append(Catalogue(data, unlisted))
    return _loaded[0]
