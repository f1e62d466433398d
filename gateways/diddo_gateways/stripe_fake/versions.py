"""Older versions of the API: what a request means today, and how an answer or an event looked then.

The server works in the newest version. `versions.json` lists, by the version that brought it, what each change did to
the parameters of operations and to the fields of objects; a request of an older version is led through the changes
since then, oldest first, and its answer back. An edit of parameters has a dotted path `at` (`*` is every element) and

| key | says |
|---|---|
| `to` | where the value stands now; null: it is taken and has no effect |
| `with` | what else is then said, unless it is |
| `number` | where a number stands now, beside the type `timestamp` |
| `values` | today's word for each value; others are refused |
| `absent` | what it was when nobody said anything, `when` others parameters are as given |

An edit of fields has `values` likewise, or `to`, the field of that time for what stands `at` today, there as the object
itself (`in_full`, its kind) and `instead_of` today's field.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

import orjson

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.errors import ParameterRefused, StripeError
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Older", "older", "released", "rendered", "served"]

Edit = Mapping[str, Any]


@cache
def _data() -> JsonObject:
    found: JsonObject = orjson.loads(resources.files(__package__).joinpath("versions.json").read_bytes())
    return found


@cache
def released() -> tuple[str, ...]:
    """Return every version that is served, oldest first."""
    known = catalogue.load().definitions["WebhookEndpointCreateParams.api_version"]["enum"]
    return tuple(sorted(version for version in known if version >= _data()["oldest"]))


def served(version: str, *, param: str | None = None) -> str:
    """Return a version as it is named in the list of those served; betas that follow it are passed over.

    Raises:
        ParameterRefused: it is none of them.
    """
    name = version.partition(";")[0].strip()
    if name not in released():
        first, *_, last = released()
        raise ParameterRefused(
            f"Invalid Stripe API version: {version}. This sandbox serves {first} to {last}.", param=param
        )
    return name


@cache
def older(version: str) -> "Older | None":
    """Return what was different in a version that is served, or None when nothing was."""
    since = [change for change in reversed(_data()["changes"]) if change["version"] > version]
    return Older(since) if since else None


async def rendered(work: Work, event: JsonObject, version: str) -> JsonObject:
    """Return an event, which is not used further, as an endpoint of a version gets it."""
    then = older(version)
    if then is not None:
        await then.render(work, event["data"]["object"])
    return event | {"api_version": version}


class Older:
    """An older version of the API.

    Args:
        changes: those that came since, oldest first.
    """

    def __init__(self, changes: list[JsonObject]) -> None:
        self._changes = changes

    def params(self, operation: str, raw: JsonObject) -> JsonObject:
        """Return parameters as they would be sent today; `raw` is not changed.

        Raises:
            ParameterRefused: a value that the version did not have.
        """
        edits = [edit for change in self._changes for edit in change.get("params", {}).get(operation, ())]
        if not edits:
            return raw
        today: JsonObject = orjson.loads(orjson.dumps(raw))
        for edit in edits:
            _edit_params(today, edit)
        return today

    def refusal(self, operation: str, error: StripeError) -> None:
        """Have an error speak of the parameter at fault by the name that it had then."""
        for change in reversed(self._changes):
            for edit in change.get("params", {}).get(operation, ()):
                today, then = bracketed(edit.get("to") or edit["at"]), bracketed(edit["at"])
                if error.param is not None and (error.param == today or error.param.startswith(today + "[")):
                    error.message = error.message.replace(error.param, error.param.replace(today, then, 1))
                    error.param = error.param.replace(today, then, 1)

    async def answer(self, work: Work, body: bytes) -> bytes:
        """Return an answer as it looked then. Events stay as they were rendered when they came to be."""
        answer = orjson.loads(body)
        await self.render(work, answer)
        return orjson.dumps(answer)

    async def render(self, work: Work, value: Any) -> None:
        """Change an object, and what is in it, to how it looked then."""
        if isinstance(value, list):
            for element in value:
                await self.render(work, element)
        elif isinstance(value, dict) and value.get("object") != "event":
            for inner in list(value.values()):
                await self.render(work, inner)
            for change in reversed(self._changes):
                for edit in change.get("fields", {}).get(value.get("object"), ()):
                    await _edit_field(work, value, edit)


def bracketed(path: str) -> str:
    """Write a dotted path as the API names parameters."""
    first, *rest = path.split(".")
    return first + "".join(f"[{step}]" for step in rest)


def _edit_params(params: JsonObject, edit: Edit) -> None:
    steps = edit["at"].split(".")
    if "absent" in edit:
        if all(params.get(name) == value for name, value in edit.get("when", {}).items()):
            _put(params, steps, edit["absent"])
        return
    for holder, key in list(_places(params, steps)):
        if "values" in edit:
            holder[key] = _word(edit, holder[key])
        elif not isinstance(holder[key], dict) or edit["to"] is None or not edit["to"].startswith(edit["at"]):
            _move(params, edit, holder.pop(key))


def _move(params: JsonObject, edit: Edit, value: Any) -> None:
    """Write a value where it stands today, and what is then to be said with it."""
    if edit["to"] is None:
        return
    if "number" in edit and str(value).isdigit():
        _put(params, edit["number"].split("."), value)
        value = "timestamp"
    _put(params, edit["to"].split("."), value)
    for path, also in edit.get("with", {}).items():
        _put(params, path.split("."), also)


def _word(edit: Edit, value: Any) -> Any:
    words: Mapping[str, str] = edit["values"]
    if not isinstance(value, str):
        return value
    if value not in words:
        *most, last = sorted(words)
        known = f"{', '.join(most)}{',' if len(most) > 1 else ''} or {last}"
        raise ParameterRefused(f"Invalid {edit['at']}: must be one of {known}", param=edit["at"])
    return words[value]


async def _edit_field(work: Work, obj: JsonObject, edit: Edit) -> None:
    for holder, key in list(_places(obj, edit["at"].split("."))):
        if "values" in edit:
            holder[key] = edit["values"].get(holder[key], holder[key])
        else:
            value = holder[key]
            if isinstance(value, str):
                value = await work.get(edit["in_full"], value) or await work.get("deleted", value) or value
            obj[edit["to"]] = value.get("as", value) if isinstance(value, dict) else value
    if "instead_of" in edit:
        obj.pop(edit["instead_of"], None)


def _places(value: Any, steps: list[str]) -> Iterator[tuple[Any, Any]]:
    """Yield each holder with the key or position at which a path ends in it."""
    first, *rest = steps
    if isinstance(value, list):
        keys: list[Any] = list(range(len(value))) if first == "*" else []
    elif isinstance(value, dict):
        keys = list(value) if first == "*" else [first] if first in value else []
    else:
        keys = []
    for key in keys:
        if rest:
            yield from _places(value[key], rest)
        else:
            yield value, key


def _put(params: JsonObject, steps: list[str], value: Any) -> None:
    """Write a value at a path unless something stands there."""
    *holders, last = steps
    for step in holders:
        inner = params.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        params = inner
    params.setdefault(last, value)
