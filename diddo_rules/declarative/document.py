"""What a file of rules may say, read and checked, with the line of whatever is wrong."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, JsonValue, ValidationError

from diddo_rules.checks import DEFAULT_PRIORITY, Severity
from diddo_rules.context import USUAL_POINTS, Point
from diddo_rules.errors import PluginLoadError
from diddo_rules.json_places import JsonPlaces
from diddo_rules.suggest import did_you_mean
from diddo_rules.toml_lines import line_of

__all__ = ["Call", "Examples", "RuleDocument", "RuleFile", "RulesDocument", "Texts", "rules_schema"]

_HEADER = re.compile(r"\s*\[\[\s*rules\s*\]\]")
_TEMPLATE = "Text with facts in braces, such as `{pieces}`."


class _Closed(BaseModel, extra="forbid", frozen=True):
    pass


class Texts(_Closed):
    """What a rule says in another language."""

    message: Annotated[str, Field(description=_TEMPLATE)]
    remedy: str


class Call(_Closed):
    """The API call that helps."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    why: str


class Examples(_Closed):
    """What to merge onto what the rule looks at: the cart, or one store or line of it."""

    valid: tuple[dict[str, JsonValue], ...] = ()
    violating: tuple[dict[str, JsonValue], ...] = ()


class RuleDocument(_Closed):
    """One rule."""

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$", description="Such as `TOO_MANY_PIECES`.")]
    http_status: Annotated[int, Field(ge=400, le=599)]
    why: Annotated[str, Field(min_length=1, description="Why there is this rule.")]
    message: Annotated[str, Field(min_length=1, description=_TEMPLATE)]
    remedy: Annotated[str, Field(min_length=1, description="What to do about it.")]
    when: Annotated[JsonValue, Field(description="JSON-logic that is true where the rule is violated.")]
    for_each: Annotated[
        Literal["stores", "stores.cart_lines"] | None, Field(description="Look at each of these, not at the cart.")
    ] = None
    at: Annotated[
        str, Field(pattern=r"^(/[a-z_0-9]+)*$", description="The place at fault, within what the rule looks at.")
    ] = ""
    facts: Annotated[dict[str, JsonValue], Field(description="JSON-logic by the name of the fact.")] = {}
    severity: Severity = "error"
    priority: Annotated[int, Field(strict=True)] = DEFAULT_PRIORITY
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    points: tuple[Point, ...] = USUAL_POINTS
    measure: Annotated[str | None, Field(description="The fact of which more is worse.")] = None
    cleared_by: Call | None = None
    translations: Annotated[dict[str, Texts], Field(description="By language tag, such as `de` or `pt-BR`.")] = {}
    examples: Examples = Examples()


class RulesDocument(_Closed):
    """A file of rules."""

    rules: Annotated[tuple[RuleDocument, ...], Field(json_schema_extra={"minItems": 1})]
    schema_: Annotated[str | None, Field(alias="$schema")] = None


def rules_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a file of rules, which editors can use."""
    made = RulesDocument.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "Rules"}


class RuleFile:
    """A file of rules that was read.

    Args:
        path: a TOML file, or a JSON file if its name ends so.

    Raises:
        PluginLoadError: the file cannot be read, or says something that rules do not; each problem with its line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._text = path.read_text("utf-8-sig")
            self.content: Any = self._parse()
            self.rules = RulesDocument.model_validate(self.content).rules
        except ValidationError as error:
            raise PluginLoadError("\n".join(self._explained(error))) from error
        except (OSError, ValueError) as error:  # those of both parsers are ValueErrors, and name the line
            raise PluginLoadError(f"{path.name}: {error}") from error
        if not self.rules:
            raise PluginLoadError(f"{path.name}: there is no rule in it")

    def line(self, rule: int, *keys: str) -> int:
        """Return the line on which a key of a rule stands, by the rule's position; or what is nearest above it."""
        if self.path.suffix == ".json":
            pointer = "".join(f"/{key}" for key in ("rules", str(rule), *keys))
            return JsonPlaces(self._text).region(pointer).line
        if len(self._headers) != len(self.content["rules"]):
            return line_of(self._text, "rules") or 1
        first, *following = [*self._headers[rule:], len(self._lines) + 1]
        block = ["[rules]", *self._lines[first : following[0] - 1]]
        within = line_of("\n".join(block), ".".join(("rules", *keys)))
        return first + (within or 1) - 1

    def fault(self, rule: int, key: str, problem: object) -> PluginLoadError:
        """Return the error that says what is wrong with a key of a rule, and where."""
        return PluginLoadError(self._told(rule, key, str(problem)))

    def _told(self, rule: int, key: str, problem: str) -> str:
        line = self.line(rule, *key.split("."))
        code = self.content["rules"][rule].get("code", f"rule {rule + 1}")
        return f"{self.path.name}:{line}: {code}: {key}: {problem}"

    def _parse(self) -> Any:
        return json.loads(self._text) if self.path.suffix == ".json" else tomllib.loads(self._text)

    @cached_property
    def _lines(self) -> list[str]:
        return self._text.splitlines()

    @cached_property
    def _headers(self) -> list[int]:
        return [number for number, line in enumerate(self._lines, 1) if _HEADER.match(line)]

    def _explained(self, error: ValidationError) -> Iterator[str]:
        for problem in error.errors(include_url=False, include_context=False):
            match problem["loc"]:
                case ("rules", int(rule), *keys) if isinstance(self.content["rules"][rule], Mapping):
                    yield self._told(rule, _dotted(keys) or "rule", _problem(problem, _model_at(keys)))
                case keys:
                    yield f"{self.path.name}: {_dotted(keys) or 'the whole'}: {_problem(problem, RulesDocument)}"


def _dotted(keys: Sequence[str | int]) -> str:
    """Return the keys down to the first position or branch of a union, which are no keys."""
    names = []
    for key in keys:
        if isinstance(key, int) or not re.fullmatch(r"[\w$-]+", key):
            break
        names.append(key)
    return ".".join(names)


def _model_at(keys: Sequence[str | int]) -> type[BaseModel]:
    """Return the model that a key of a rule stands in."""
    match keys:
        case ["cleared_by", _]:
            return Call
        case ["examples", _]:
            return Examples
        case ["translations", _, _]:
            return Texts
    return RuleDocument


def _problem(problem: Mapping[str, Any], model: type[BaseModel]) -> str:
    if problem["type"] != "extra_forbidden":
        return f"{problem['msg']}."
    return f"there is no such key. {did_you_mean(str(problem['loc'][-1]), model.model_fields)}"
