"""Whatever is sent to any operation is answered: never a 500, and every good answer in its shape."""

import asyncio
from random import Random
from typing import Any

import catalogue_requests as requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diddo_gateways.documents.memory import MemoryDocuments
from diddo_gateways.stripe_fake.app import StripeFake
from diddo_gateways.stripe_fake.generic.patterns import PLACEHOLDER
from diddo_gateways.stripe_fake.generic.tier import tier
from diddo_gateways.stripe_fake.shapes import check_answer
from diddo_gateways.worlds import Worlds

KNOWN = requests.KNOWN
JUNK = (
    "",
    "0",
    "-1",
    "9" * 26,
    "abc",
    "true",
    "é\U0001f600",
    "a" * 600,
    "[]",
    "null",
    "1.5",
    " ",
    'status:"open"',
    "usd",
)
JUNK_JSON = (None, [], {}, {"a": [{}]}, 1, -1, True, 1.5, "", [["x"]], 10**30)
FINE = {200, 400, 402, 404, 429}


class Maker:
    """Parameters made up for an operation, by a generator that one number decides."""

    def __init__(self, seed: int, ids: dict[str, list[str]]) -> None:
        self._random = Random(seed)  # noqa: S311  requests, not secrets
        self._ids = ids

    def params(self, operation: Any) -> dict[str, Any]:
        """Return some parameters: the required ones nearly always, others now and then, junk among them."""
        definition = KNOWN.definitions[operation.params] if operation.params else {"fields": {}, "required": []}
        params = self._fields(definition, 0, v2=operation.path.startswith("/v2/"))
        if "expand" in definition["fields"] and tier().pattern(operation.name).kinds and self._random.random() < 0.3:
            params["expand"] = self._expand(operation)
        return params

    def path(self, operation: Any) -> str:
        """Return its URL with ids that are there, or that documentation writes, or that nobody has."""
        pattern = tier().pattern(operation.name)
        ids = {}
        for name in PLACEHOLDER.findall(operation.path):
            parent = pattern.parent is not None and pattern.parent.placeholder == name
            kind = pattern.parent.kind if parent and pattern.parent is not None else next(iter(pattern.kinds), "")
            if self._ids.get(kind) and self._random.random() < 0.7:
                ids[name] = self._random.choice(self._ids[kind])
            elif self._random.random() < 0.1:
                ids[name] = "nobody"
        return requests.path_of(operation, ids)

    def _expand(self, operation: Any) -> list[str]:
        """Return two paths down the types of what the operation answers, which may be expandable or not."""
        pattern = tier().pattern(operation.name)
        return [self._path_down(pattern.kinds[0], is_list=pattern.does in ("list", "search")) for _ in range(2)]

    def _path_down(self, kind: str, *, is_list: bool) -> str:
        steps = ["data"] if is_list else []
        for _ in range(self._random.randint(1, 3)):
            field, node = self._random.choice(list(KNOWN.fields(kind).items()))
            steps.append(field)
            inner = list(KNOWN.resources_in(node.get("list", node) if isinstance(node, dict) else node))
            if not inner:
                break
            kind = self._random.choice(inner)
        return ".".join(steps)

    def _fields(self, definition: Any, depth: int, *, v2: bool) -> dict[str, Any]:
        share = 0.0 if depth > 3 else 0.4 if len(definition["fields"]) < 8 else 0.1
        names = [
            name for name in definition["fields"] if self._random.random() < share or self._is_due(definition, name)
        ]
        return {name: self._value(definition["fields"][name], name, depth, v2=v2) for name in names}

    def _is_due(self, definition: Any, name: str) -> bool:
        return name in definition["required"] and self._random.random() < 0.97

    def _value(self, node: Any, name: str, depth: int, *, v2: bool) -> Any:  # noqa: PLR0911  one arm per form
        if self._random.random() < 0.04:
            return self._random.choice(JUNK_JSON if v2 else JUNK)
        node = KNOWN.resolve(node)
        if isinstance(node, str):
            known = self._ids.get(requests.KINDS.get(name, ""))
            is_id = known and node == "string" and self._random.random() < 0.6
            return self._random.choice(known or [""]) if is_id else requests.value_of(node, name, lambda _name: False)
        if "fields" in node:
            return self._fields(node, depth + 1, v2=v2)
        ((form, inner),) = node.items()
        match form:
            case "enum":
                return self._random.choice(inner)
            case "list":
                count = self._random.randint(1, 2)
                return [self._value(inner, name.removesuffix("s"), depth + 1, v2=v2) for _ in range(count)]
            case "map":
                return {"key": self._value(inner, name, depth + 1, v2=v2)}
            case "any_of":
                return self._value(self._random.choice(inner), name, depth, v2=v2)
        return self._value(inner, name, depth, v2=v2)


def learn(body: Any, ids: dict[str, list[str]]) -> None:
    """Keep the id of an answer for later requests."""
    if isinstance(body, dict) and isinstance(body.get("id"), str) and isinstance(body.get("object"), str):
        ids.setdefault(body["object"], []).append(body["id"])


async def send_all(calls: list[tuple[str, int]], *, documentation_ids: bool) -> None:
    """Send requests one after the other, and hold each answer."""
    worlds = Worlds(MemoryDocuments())
    fake = StripeFake(worlds, pages_url="http://pages.test", documentation_ids=documentation_ids)
    ids: dict[str, list[str]] = {}
    for name, seed in calls:
        operation, maker = KNOWN.operations[name], Maker(seed, ids)
        path, params = maker.path(operation), maker.params(operation)
        answer = await requests.send(fake, operation, path, params)
        said = (name, path, params, answer.body)
        not_modelled = answer.status == 501 and "does not model" in answer.body["error"]["message"]
        assert answer.status in FINE or not_modelled, said
        if answer.status == 200 and isinstance(answer.body, dict):
            assert check_answer(operation.returns, answer.body) == [], said
            learn(answer.body, ids)
        elif answer.status != 200:
            assert answer.body["error"]["message"], said


# Operations that go by each other's ids stand together in the catalogue, so a run of neighbours makes a story.
runs = st.tuples(
    st.integers(0, len(KNOWN.operations) - 1), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 2**32)))
)


@settings(
    max_examples=500,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(runs)
def test_no_operation_fails_whatever_it_is_sent(run: tuple[int, list[tuple[int, int]]]) -> None:
    first, steps = run
    names = list(KNOWN.operations)
    calls = [(names[(first + step) % len(names)], seed) for step, seed in steps]
    asyncio.run(send_all(calls, documentation_ids=first % 4 != 0))
