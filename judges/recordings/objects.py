"""What objects look like, recorded and here: their fields by kind, and where they differ."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Difference", "Observed", "differences", "facts"]

# Objects whose keys are their owner's, not Stripe's.
MAPS = frozenset({"metadata", "currency_options", "fraud_details", "radar_options", "invoice_credit_balance"})
TYPES = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def facts() -> dict[str, Any]:
    """Return what was recorded."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("facts.json").read_bytes())
    return found


@dataclass
class Observed:
    """What objects of each kind looked like.

    Attributes:
        answers: by kind, how many were seen; a deleted one is a kind of its own.
        types: by kind and dotted path (`[]` for the items of a list), the types of JSON that stood there.
    """

    answers: Counter[str] = field(default_factory=Counter)
    types: dict[str, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))

    def add(self, obj: Mapping[str, Any]) -> None:
        """Take in an object, and every object within it."""
        kind = str(obj.get("object"))
        if kind in ("list", "search_result"):
            for item in obj["data"]:
                self.add(item)
            return
        kind += " (deleted)" if obj.get("deleted") else ""
        self.answers[kind] += 1
        self._fields(kind, "", obj)

    def _fields(self, kind: str, place: str, obj: Mapping[str, Any]) -> None:
        for name, value in obj.items():
            path = f"{place}.{name}" if place else name
            self._value(kind, path, name, value)

    def _value(self, kind: str, path: str, name: str, value: Any) -> None:
        self.types[kind][path].add(TYPES[type(value)])
        if isinstance(value, dict) and name not in MAPS:
            if _stands_alone(value):
                self.add(value)
            else:
                self._fields(kind, path, value)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict) and _stands_alone(item):
                    self.add(item)
                else:
                    self._value(kind, f"{path}[]", "", item)


def _stands_alone(value: Mapping[str, Any]) -> bool:
    return value.get("object") == "list" or (isinstance(value.get("object"), str) and "id" in value)


@dataclass(frozen=True, order=True)
class Difference:
    """One field that is not as it was recorded: `lacks` it, `adds` it, or is of another `type`."""

    kind: str
    path: str
    what: str
    recorded: str = ""
    fake: str = ""


def differences(recorded: Mapping[str, Any], observed: Observed) -> list[Difference]:
    """Return where the fake's objects differ from what was recorded of the same kinds."""
    found = []
    for kind, known in recorded["kinds"].items():
        if observed.answers[kind]:
            found += _of_kind(kind, known["fields"], observed.types[kind])
    return sorted(found)


def _of_kind(kind: str, recorded: Mapping[str, str], fake: Mapping[str, set[str]]) -> Iterator[Difference]:
    known = {path: set(said.rstrip("?").split("|")) for path, said in recorded.items()}
    for path, said in recorded.items():
        if path not in fake:
            if not said.endswith("?") and _stood(fake, path):
                yield Difference(kind, path, "lacks", said)
        elif not _compatible(known[path], fake[path]):
            yield Difference(kind, path, "type", said, "|".join(sorted(fake[path])))
    for path, types in fake.items():
        if path not in known and _stood(known, path):
            yield Difference(kind, path, "adds", fake="|".join(sorted(types)))


def _stood(fields: Mapping[str, set[str]], path: str) -> bool:
    """Say whether what the field lies in was ever there: only then does its absence say something."""
    if path.endswith("[]"):
        return False
    parent = path.rpartition(".")[0]
    return not parent or "object" in fields.get(parent, ())


def _compatible(recorded: set[str], fake: set[str]) -> bool:
    """Say whether types agree as far as they were seen: null says nothing of what else there can be."""
    one, other = recorded - {"null"}, fake - {"null"}
    # What is expandable is an id or the object.
    return not one or not other or bool(one & other) or (one | other) <= {"string", "object"}
