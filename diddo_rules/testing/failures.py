"""What a fuzzing run leaves behind: failure files, which repeat a complaint anywhere, and exported carts."""

import hashlib
import json
import platform
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from diddo_rules.cart import Cart
from diddo_rules.context import Case, Context, Point
from diddo_rules.engine import Engine
from diddo_rules.errors import DiddoError
from diddo_rules.testing.complaint import Complaint

__all__ = [
    "HIDDEN",
    "BadFailureFile",
    "ExportedCase",
    "Failure",
    "PlannedCheck",
    "StoredCase",
    "StoredContext",
    "failure_schema",
    "load_cases",
    "load_failure",
    "surroundings",
]

_PACKAGES = ("diddo-rules", "hypothesis", "pluggy", "pydantic")
HIDDEN = "…"
"""What stands where a setting is a secret."""

_SECRET = re.compile("key|password|secret|token")


class BadFailureFile(DiddoError):
    """A file is not what it should be; the text says where."""


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredContext(_Stored):
    """A context in JSON: of the catalogue, which is a function, those of the cart's variants that it knows.

    `known_variants` is null where no catalogue is at hand.
    """

    cart_id: str | None = None
    checkout_session_open: bool = False
    known_variants: tuple[str, ...] | None = None
    point: Point = "api"


class StoredCase(_Stored):
    """A cart, or null, with all its fields, and the context it is judged in."""

    cart: dict[str, Any] | None
    context: StoredContext = StoredContext()

    @classmethod
    def of(cls, case: Case) -> Self:
        """Return what can be stored of a case."""
        context = case.context
        stored = StoredContext(
            cart_id=context.cart_id,
            checkout_session_open=context.checkout_session_open,
            known_variants=_known_variants(case),
            point=context.point,
        )
        return cls(cart=case.cart and case.cart.model_dump(mode="json"), context=stored)

    def case(self) -> Case:
        """Return the case again."""
        known, stored = self.context.known_variants, self.context
        context = Context(
            cart_id=stored.cart_id,
            checkout_session_open=stored.checkout_session_open,
            variant_known=None if known is None else frozenset(known).__contains__,
            point=stored.point,
        )
        return Case(None if self.cart is None else Cart.model_validate(self.cart), context)


def _known_variants(case: Case) -> tuple[str, ...] | None:
    known = case.context.variant_known
    if known is None:
        return None
    lines = [line for store in case.cart.stores for line in store.cart_lines] if case.cart else []
    ids = {line.variant.id for line in lines if line.variant and line.variant.id}
    return tuple(sorted(it for it in ids if known(it)))


class PlannedCheck(_Stored):
    """One check of the plan in which the failure was found, in its place."""

    check: str
    plugin: str
    version: str | None


class Failure(_Stored):
    """A property that a plugin does not keep: the smallest case found, and all that it takes to repeat it.

    `choices` are those that the generator was given, and null where the worker process did not survive them; `seed`
    made the first such case. `case` and `other`, the second one of properties that compare two, hold the carts in full.
    """

    format: Literal[1] = 1
    property: str
    claim: str = ""
    plugin: str
    check: str | None
    code: str | None
    message: str
    case: StoredCase | None
    other: StoredCase | None = None
    choices: tuple[int, ...] | None
    seed: int
    plan: tuple[PlannedCheck, ...] = ()
    settings: dict[str, Any] = {}
    versions: dict[str, str | None] = Field(
        default={}, description="Of Python and of the packages that decide what happens."
    )

    def key(self) -> tuple[str, str, str, str]:
        """Return what makes two failures the same fault."""
        return self.plugin, self.property, self.check or "", self.code or ""

    def file_name(self) -> str:
        """Return the file's name, always the same for the same failure: `<code or property>-<hash>.json`."""
        told = self.model_dump(mode="json", include={"property", "plugin", "check", "code", "case", "other", "choices"})
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        return f"{self.code or self.property}-{digest[:10]}.json"

    def save(self, folder: Path) -> Path:
        """Write the file into a folder, which is made if need be, and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.file_name()
        path.write_text(self.model_dump_json(indent=2) + "\n", "utf-8")
        return path

    @classmethod
    def of(
        cls,
        complaint: Complaint,
        engine: Engine,
        *,
        claim: str,
        choices: Iterable[int] | None,
        seed: int,
    ) -> Self:
        """Return the record of a complaint about a plugin of the engine."""
        point: Point = complaint.case.context.point
        return cls(
            property=complaint.property,
            claim=claim,
            plugin=complaint.plugin,
            check=complaint.check,
            code=complaint.code,
            message=complaint.message,
            case=StoredCase.of(complaint.case),
            other=complaint.other and StoredCase.of(complaint.other),
            choices=None if choices is None else tuple(choices),
            seed=seed,
            **surroundings(engine, complaint.plugin, point),
        )


def failure_schema() -> dict[str, Any]:
    """Return the JSON Schema of failure files."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | Failure.model_json_schema(mode="serialization")


def surroundings(engine: Engine, plugin: str, point: Point = "api") -> dict[str, Any]:
    """Return what a failure file says of the engine and of the machine: plan, settings and versions."""
    versions = {it.name: it.version for it in engine.plugins}
    steps = engine.plan_at(point).steps
    settings = next((step.settings for step in steps if step.plugin == plugin and step.settings is not None), None)
    return {
        "plan": [PlannedCheck(check=it.name, plugin=it.plugin, version=versions[it.plugin]) for it in steps],
        "settings": {} if settings is None else _without_secrets(settings.model_dump(mode="json")),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
    }


def _without_secrets(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: HIDDEN if _SECRET.search(name) and value else value for name, value in settings.items()}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def load_failure(path: Path) -> Failure:
    """Read a failure file.

    Raises:
        BadFailureFile: it cannot be read, or is none.
    """
    try:
        return Failure.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadFailureFile(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BadFailureFile(f"{path} is no failure file: {place + ': ' if place else ''}{first['msg']}") from error


class ExportedCase(NamedTuple):
    """A case of an export, and the codes that were found in it."""

    case: Case
    codes: tuple[str, ...]


def load_cases(path: str | Path) -> Iterator[ExportedCase]:
    """Yield the cases of a file that `diddo fuzz --export` has written: one JSON object a line.

    Each has `cart` (or null), `context` (as in a failure file) and `codes`.

    Raises:
        BadFailureFile: a line is something else; the text names it.
    """
    with Path(path).open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                told = json.loads(line)
                codes = tuple(told.pop("codes"))
                case = StoredCase.model_validate(told).case()
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                raise BadFailureFile(f"{path}, line {number}, is no exported case: {error}") from error
            yield ExportedCase(case, codes)
