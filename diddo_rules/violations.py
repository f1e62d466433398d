"""What a check finds: one class per error code, which holds all that anybody ever says about that error."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields
from string import Formatter
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, dataclass_transform

from pydantic_core import to_jsonable_python

from diddo_rules.errors import CheckDefinitionError

__all__ = ["ApiCall", "Translation", "Violation", "pointer"]

_CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


class Translation(NamedTuple):
    """What a violation says in another language; the template may name the same facts as the English one."""

    template: str
    remedy: str


class ApiCall(NamedTuple):
    """A call of the Diddo API, and what it is good for; `{cart_id}` in the path is filled in by who prints it."""

    method: str
    path: str
    why: str


def pointer(*path: str | int) -> str:
    """Return the JSON pointer (RFC 6901) of a place in the cart: `pointer("stores", 0)` is `/stores/0`."""
    return "".join([f"/{step}" if type(step) is int else f"/{_escaped(str(step))}" for step in path])


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


@dataclass_transform(kw_only_default=True, frozen_default=True)
class _ViolationType(type):
    """Makes a violation class a slotted record of its annotated facts, and refuses one that could not be rendered."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        made: Any = super().__new__(mcs, name, bases, namespace)
        if "__dataclass_fields__" in namespace:
            return made  # dataclass() makes the slotted class anew, and so comes by here a second time
        # Frozen for type checkers only: at run time it would make every violation three times as dear.
        record: Any = dataclass(kw_only=True, slots=True, unsafe_hash=True)(made)
        if "code" in namespace:
            _require_renderable(record, namespace.get("__doc__"))
        return record


def _require_renderable(violation: Any, docstring: str | None) -> None:
    """Raise unless the class says all that its users will print."""
    name = violation.__name__
    if not _CODE.fullmatch(violation.code):
        raise CheckDefinitionError(f"{name}.code must be written like MISSING_STORES, not {violation.code!r}")
    for said in ("http_status", "template", "remedy"):
        if not getattr(violation, said, None):
            raise CheckDefinitionError(f"{name} needs a {said}")
    if violation.http_status not in range(400, 600):
        raise CheckDefinitionError(f"{name}.http_status must be an error status (4xx or 5xx)")
    if not docstring:
        raise CheckDefinitionError(f"{name} needs a docstring that says why the rule exists")
    _require_known_facts(violation, violation.template, f"{name}.template")
    for locale, translation in violation.translations.items():
        _require_known_facts(violation, translation.template, f"{name}.translations[{locale!r}]")
    if violation.measure is not None and not hasattr(violation, violation.measure):
        raise CheckDefinitionError(f"{name}.measure is {violation.measure!r}, which is neither a fact nor a property")


def _require_known_facts(violation: Any, template: str, where: str) -> None:
    unknown = _names_in(template) - {field.name for field in fields(violation)}
    if unknown:
        raise CheckDefinitionError(f"{where} names {', '.join(sorted(unknown))}, which is no fact of it")


def _names_in(template: str) -> set[str]:
    """Return the facts a template names: `{total.display_value:>8}` names `total`."""
    return {re.split(r"[.\[]", field)[0] for _, field, _, _ in Formatter().parse(template) if field is not None}


class Violation(metaclass=_ViolationType):
    """One fault of one cart; subclass it once per error code, beside the check that yields it.

    A subclass sets `code`, `http_status`, `template` and `remedy`, has a docstring that says why the rule exists, and
    annotates its facts: strings, ints, bools, `Money`, or tuples of them. It needs no decorator and no constructor.
    Facts are given by name. The template is `str.format` over the facts, rendered only when somebody reads it.

    `at` is the JSON pointer of the place in the cart that is at fault; the empty string is the whole cart.

    Three more things may be said. `translations` holds template and remedy by language tag, such as `de` or `pt-BR`.
    `measure` names the fact or property that tells how bad it is, a number or `Money`, of which more is worse: a
    change of the cart that raises it is refused, one that lowers it is not. `cleared_by` is the call that helps.
    """

    code: ClassVar[str]
    http_status: ClassVar[int]
    template: ClassVar[str]
    remedy: ClassVar[str]
    translations: ClassVar[Mapping[str, Translation]] = MappingProxyType({})
    measure: ClassVar[str | None] = None
    cleared_by: ClassVar[ApiCall | None] = None

    at: str

    @property
    def facts(self) -> dict[str, Any]:
        """The facts by name, without `at`."""
        return {name: getattr(self, name) for name in self.fact_names()}

    @property
    def plain_facts(self) -> dict[str, Any]:
        """The facts as plain JSON values; one that cannot be such a value is told as its `repr`."""
        facts: dict[str, Any] = to_jsonable_python(self.facts, fallback=repr)
        return facts

    @property
    def message(self) -> str:
        """The template with the facts filled in; the template as it stands, and a warning, if that fails."""
        return self._filled(self.template)

    def message_in(self, locale: str | None) -> str:
        """Return the message in a language, `pt-BR` falling back to `pt` and that to English."""
        return self._filled(self._said_in(locale).template)

    def remedy_in(self, locale: str | None) -> str:
        """Return the remedy in a language, with the same fall-back."""
        return self._said_in(locale).remedy

    @classmethod
    def _said_in(cls, locale: str | None) -> Translation:
        while locale:
            if locale in cls.translations:
                return cls.translations[locale]
            locale = locale.rpartition("-")[0]
        return Translation(cls.template, cls.remedy)

    def _filled(self, template: str) -> str:
        try:
            return template.format(at=self.at, **self.facts)
        except Exception as error:  # noqa: BLE001 (the finding counts, whatever becomes of its words)
            name = f"{type(self).__module__}.{type(self).__qualname__}"
            warnings.warn(f"{name} cannot say {template!r}: {type(error).__name__}: {error}", stacklevel=3)
            return template

    @classmethod
    def fact_names(cls) -> tuple[str, ...]:
        """Return the names of the facts, in the order in which the class annotates them."""
        return tuple(field.name for field in fields(cls) if field.name != "at")

    @classmethod
    def fact_types(cls) -> dict[str, str]:
        """Return the type of each fact as the class writes it, for example `{"position": "int"}`."""
        kinds = {field.name: field.type for field in fields(cls) if field.name != "at"}
        return {name: kind.__name__ if isinstance(kind, type) else str(kind) for name, kind in kinds.items()}

    def to_error(self, locale: str | None = None) -> dict[str, Any]:
        """Return the member of the API's `{"errors": [...]}`: code, message, and details of plain JSON values."""
        said = self._said_in(locale)
        details = {"pointer": self.at, "remedy": said.remedy, "facts": self.plain_facts}
        return {"code": self.code, "message": self._filled(said.template), "details": details}
