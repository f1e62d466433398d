"""Reads Stripe's official SDK into the catalogue that the fake Stripe works from.

Every operation with its typed parameters and its answer, and every resource with its fields, enums, nullability and
expandables: facts only, no prose. Development time only; the fake itself never imports the SDK.

    .venv/bin/python scripts/make_catalogue.py           writes gateways/diddo_gateways/stripe_fake/catalogue.json
    .venv/bin/python scripts/make_catalogue.py --check   says whether that file is up to date
"""

import ast
import datetime as dt
import decimal
import importlib
import inspect
import json
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import stripe
import typing_extensions
from stripe._api_version import _ApiVersion
from stripe._list_object import ListObject
from stripe._object_classes import OBJECT_CLASSES
from stripe._request_options import RequestOptions
from stripe._search_result_object import SearchResultObject
from stripe._stripe_object import StripeObject, UntypedStripeObject
from stripe.v2._list_object import ListObject as ListObjectV2

TARGET = Path(__file__).parent.parent / "gateways/diddo_gateways/stripe_fake/catalogue.json"
SDK = Path(stripe.__file__).parent
LEAVES: dict[Any, str] = {
    str: "string",
    int: "integer",
    bool: "boolean",
    float: "number",
    decimal.Decimal: "decimal",
    dt.datetime: "datetime",
    Any: "any",
    typing_extensions.Any: "any",
    object: "any",
}
LITERALS = (typing.Literal, typing_extensions.Literal)
REQUIRED_MARKS = (typing.Required, typing_extensions.Required)
OPTIONAL_MARKS = (typing.NotRequired, typing_extensions.NotRequired)
# Enums longer than this are written once and referred to.
SHORT_ENUM = 6
WIRE_ENCODINGS = {"int64_string": "string", "decimal_string": "decimal"}

Node = Any
Names = dict[str, tuple[str, str]]


class Catalogue:
    """The catalogue under construction; equal definitions are kept once, under the name met first."""

    def __init__(self) -> None:
        self.definitions: dict[str, Node] = {}
        self._known: dict[str, str] = {}
        self._of_class: dict[type, str] = {}
        self._imports: dict[str, Names] = {}
        self.resources: dict[str, Node] = {}

    def operations(self) -> dict[str, Node]:
        """Read every `*_service.py`; the key is `VERB /path`."""
        found: dict[str, Node] = {}
        for file in sorted(SDK.rglob("*_service.py")):
            for name, operation in self._operations_of(file):
                found.setdefault(name, operation)
        return dict(sorted(found.items(), key=lambda item: (item[0].split(" ")[1], item[0])))

    def _operations_of(self, file: Path) -> Iterator[tuple[str, Node]]:
        module = ".".join(("stripe", *file.relative_to(SDK).with_suffix("").parts))
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for service in (node for node in tree.body if isinstance(node, ast.ClassDef)):
            for method in (node for node in service.body if isinstance(node, ast.FunctionDef)):
                call = request_of(method)
                if call is not None:
                    yield self._operation(module, method, call)

    def _operation(self, module: str, method: ast.FunctionDef, call: ast.Call) -> tuple[str, Node]:
        verb, path = ast.literal_eval(call.args[0]), template_of(call.args[1])
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        operation: dict[str, Node] = {}
        annotation = next((arg.annotation for arg in method.args.args if arg.arg == "params"), None)
        if annotation is not None:
            operation["params"] = self.params(module, self._evaluate(module, ast.unparse(annotation)))
        if method.returns is None:
            raise TypeError(f"{module}.{method.name} says nothing of what it returns")
        operation["returns"] = self.node(module, self._evaluate(module, ast.unparse(method.returns)), method.name)
        base = ast.literal_eval(keywords["base_address"])
        if base != "api":
            operation["base"] = base
        if isinstance(call.func, ast.Attribute) and call.func.attr == "_request_stream":
            operation["stream"] = True
        return f"{verb.upper()} {path}", operation

    def thin_events(self) -> dict[str, Node]:
        """Read the types of thin events: each with the kind of object that it is about, or null."""
        found: dict[str, Node] = {}
        for file in sorted((SDK / "events").glob("_v*_event.py")):
            module = f"stripe.events.{file.stem}"
            for cls in (
                node for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)
            ):
                known = getattr(importlib.import_module(module), cls.name)
                if issubclass(known, StripeObject):
                    fetch = next(
                        (node for node in cls.body if getattr(node, "name", "") == "fetch_related_object"), None
                    )
                    found[known.LOOKUP_TYPE] = None if fetch is None else self._fetched(module, fetch)
        return dict(sorted(found.items()))

    def _fetched(self, module: str, method: Any) -> str:
        node: str = self.node(module, self._evaluate(module, ast.unparse(method.returns)), method.name)
        return node.removeprefix("@")

    def params(self, module: str, annotation: Any) -> str:
        """Return the name of the definition of an operation's parameters; the annotation may be `Optional["…"]`."""
        parts = (
            self._evaluate(module, part.__forward_arg__) if isinstance(part, typing.ForwardRef) else part
            for part in (annotation, *typing.get_args(annotation))
        )
        return self._typed_dict(next(part for part in parts if typing_extensions.is_typeddict(part)))

    def resource(self, name: str, cls: type) -> None:
        """Add the shape of one kind of object."""
        if name not in self.resources:
            self.resources[name] = None  # it may refer to itself
            self.resources[name] = self._shape(cls, name)

    def node(self, module: str, annotation: Any, name: str) -> Node:  # noqa: C901, PLR0911, PLR0912  one arm per form
        """Return the catalogue's form of a type annotation found in `module` under `name`."""
        if isinstance(annotation, typing.TypeVar | typing_extensions.TypeVar):
            return "any"
        if isinstance(annotation, str):
            return self.node(module, self._evaluate(module, annotation), name)
        if isinstance(annotation, typing.ForwardRef):
            return self.node(module, self._evaluate(module, annotation.__forward_arg__), name)
        if annotation in (None, type(None)):
            return "null"
        if annotation in LEAVES:
            return LEAVES[annotation]
        origin, args = typing.get_origin(annotation), typing.get_args(annotation)
        if origin in LITERALS:
            return self._enum(list(args), name)
        if origin in (typing.Union, types.UnionType):
            return self._union(module, args, name)
        if origin in (list, typing.List) or annotation is list:  # noqa: UP006  compared, not used
            return {"list": self.node(module, args[0], name) if args else "any"}
        if origin in (dict, typing.Dict, UntypedStripeObject) or annotation in (dict, UntypedStripeObject):  # noqa: UP006
            return {"map": self.node(module, args[-1], name) if args else "any"}
        if origin is not None and str(origin).startswith("collections.abc.Mapping"):
            return {"map": self.node(module, args[-1], name)}
        if origin is ListObject or annotation is ListObject:
            return {"page": self.node(module, args[0], name) if args else "any"}
        if origin is ListObjectV2:
            return {"page_v2": self.node(module, args[0], name)}
        if origin is SearchResultObject:
            return {"search": self.node(module, args[0], name)}
        if typing_extensions.is_typeddict(annotation):
            return "#" + self._typed_dict(annotation)
        if origin is typing.IO or annotation is typing.IO:
            return "file"
        if isinstance(annotation, type) and issubclass(annotation, StripeObject):
            return self._object(annotation, name)
        raise TypeError(f"{module}: {name}: {annotation!r} has no form in the catalogue")

    def _object(self, cls: type, name: str) -> Node:
        if cls is StripeObject:
            return {"map": "any"}
        object_name = cls.__dict__.get("OBJECT_NAME") or inherited(cls, "OBJECT_NAME")
        if object_name is None:
            return "#" + self._shape(cls, name)
        self.resource(object_name, cls)
        return "@" + object_name

    def _union(self, module: str, args: tuple[Any, ...], name: str) -> Node:
        nodes = [self.node(module, arg, name) for arg in args]
        closed = [node for node in nodes if is_enum(node) and self._values(node) != [""]]
        # `Literal["a", "b"] | str` is Stripe's enum, written open by the SDK so that newer values do not break it.
        rest = [node for node in nodes if node != "null" and not is_empty(node) and not (closed and node == "string")]
        # Maps come twice, as Dict and as an SDK class.
        rest = [node for position, node in enumerate(rest) if node not in rest[:position]]
        names = [node for node in rest if isinstance(node, str) and node.startswith("@")]
        if "string" in rest and names and len(rest) == len(names) + 1:
            result: Node = {"expandable": [node[1:] for node in names]}
        else:
            result = rest[0] if len(rest) == 1 else {"any_of": rest}
        if any(is_empty(node) for node in nodes):
            result = {"emptyable": result} if rest else {"enum": [""]}
        return {"nullable": result} if "null" in nodes else result

    def _values(self, node: Node) -> list[Any]:
        enum: list[Any] = (self.definitions[node[1:]] if isinstance(node, str) else node)["enum"]
        return enum

    def _enum(self, values: list[Any], name: str) -> Node:
        node = {"enum": values}
        return node if len(values) <= SHORT_ENUM else "#" + self._intern(name, node, family="enum")

    def _typed_dict(self, cls: type) -> str:
        if cls not in self._of_class:
            module = cls.__module__
            prefix = ".".join(module.removeprefix("stripe.params.").split(".")[:-1])
            name = f"{prefix}.{cls.__name__}".lstrip(".")
            skipped = set(RequestOptions.__annotations__) if inherits_options(cls) else set()
            fields, required = {}, []
            for field, annotation in cls.__annotations__.items():
                if field in skipped:
                    continue
                inner, needed = unmarked(annotation)
                fields[field] = self.node(module, inner, f"{name}.{field}")
                if needed:
                    required.append(field)
            self._of_class[cls] = self._intern(name, {"fields": fields, "required": required}, family="params")
        return self._of_class[cls]

    def _shape(self, cls: type, name: str) -> str:
        if cls not in self._of_class:
            fields: dict[str, Node] = {}
            renamed: dict[str, str] = inherited(cls, "_field_remappings") or {}
            encoded: dict[str, Any] = inherited(cls, "_field_encodings") or {}
            for field, annotation in annotations_of(cls):
                encoding = encoded.get(field)
                node = self.node(cls.__module__, annotation, f"{name}.{field}")
                if isinstance(encoding, str) and encoding in WIRE_ENCODINGS:
                    node = on_wire(node, WIRE_ENCODINGS[encoding])
                fields[renamed.get(field, field)] = node
            required = [field for field, node in fields.items() if not is_nullable(node)]
            fields = {field: node["nullable"] if is_nullable(node) else node for field, node in fields.items()}
            self._of_class[cls] = self._intern(name, {"fields": fields, "required": required}, family="shape")
        return self._of_class[cls]

    def _intern(self, name: str, node: Node, *, family: str) -> str:
        # Parameters and answers of one structure keep names of their own: one word for both would mislead a reader.
        text = family + json.dumps(node)
        known = self._known.get(text)
        if known is None:
            known, number = name, 2
            while known in self.definitions:
                known, number = f"{name}~{number}", number + 1
            self._known[text] = known
            self.definitions[known] = node
        return known

    def _evaluate(self, module: str, source: str) -> Any:
        loaded = importlib.import_module(module)
        names = dict(vars(typing)) | vars(typing_extensions) | vars(loaded)
        for name, (where, what) in self._type_checking_imports(module).items():
            if name not in vars(loaded):
                names[name] = getattr(importlib.import_module(where), what)
        # The SDK's own source: installed code, not input.
        value = eval(source, names)  # noqa: S307
        return eval(value, names) if isinstance(value, str) else value  # noqa: S307

    def _type_checking_imports(self, module: str) -> Names:
        if module not in self._imports:
            file = importlib.import_module(module).__file__
            if file is None:
                raise TypeError(f"{module} has no source")
            tree = ast.parse(Path(file).read_text(encoding="utf-8"))
            blocks = (
                node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            )
            self._imports[module] = {
                alias.asname or alias.name: (node.module or "", alias.name)
                for block in blocks
                for node in block.body
                if isinstance(node, ast.ImportFrom)
                for alias in node.names
            }
        return self._imports[module]


def request_of(method: ast.FunctionDef) -> ast.Call | None:
    """Return the method's `self._request(...)` call, if it makes one."""
    for node in ast.walk(method):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("_request", "_request_stream")
        ):
            return node
    return None


def template_of(node: ast.expr) -> str:
    """Return the path of a request with its ids in braces."""
    constant = node if isinstance(node, ast.Constant) else getattr(getattr(node, "func", None), "value", None)
    if not isinstance(constant, ast.Constant):
        raise TypeError(f"not a constant path: {ast.unparse(node)}")
    return str(constant.value)


def annotations_of(cls: type) -> Iterator[tuple[str, Any]]:
    """Return the fields of a class of the SDK in order, its own after those it inherits."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if issubclass(base, StripeObject) and base is not StripeObject:
            found |= inspect.get_annotations(base)
    for field, annotation in found.items():
        text = annotation if isinstance(annotation, str) else repr(annotation)
        if not field.startswith("_") and field != "OBJECT_NAME" and "ClassVar" not in text:
            yield field, annotation


def inherited(cls: type, name: str) -> Any:
    """Return a class attribute that the SDK's base classes leave undefined."""
    for base in cls.__mro__:
        if base is StripeObject:
            break
        if name in base.__dict__:
            return base.__dict__[name]
    return None


def inherits_options(cls: type) -> bool:
    """Say whether a params class carries the SDK's request options as fields."""
    return set(RequestOptions.__annotations__) <= set(cls.__annotations__)


def unmarked(annotation: Any) -> tuple[Any, bool]:
    """Take `NotRequired[…]` off; the second value says whether the field is required."""
    origin = typing.get_origin(annotation)
    if origin in OPTIONAL_MARKS:
        return typing.get_args(annotation)[0], False
    if origin in REQUIRED_MARKS:
        return typing.get_args(annotation)[0], True
    return annotation, True


def is_enum(node: Node) -> bool:
    """Say whether a node is an enum written in place or a reference to one."""
    return (isinstance(node, dict) and "enum" in node) or (
        isinstance(node, str) and node.startswith("#") and "enum" in CATALOGUE.definitions[node[1:]]
    )


def is_empty(node: Node) -> bool:
    """Say whether a node is the empty string that unsets a parameter."""
    return bool(node == {"enum": [""]})


def is_nullable(node: Node) -> bool:
    """Say whether a field may be null; the SDK writes fields that may be absent the same way."""
    return isinstance(node, dict) and "nullable" in node


def on_wire(node: Node, encoding: str) -> Node:
    """Return the node with its scalar as it stands on the wire."""
    if is_nullable(node):
        return {"nullable": on_wire(node["nullable"], encoding)}
    if isinstance(node, dict) and "list" in node:
        return {"list": on_wire(node["list"], encoding)}
    return encoding


CATALOGUE = Catalogue()


def resource_classes() -> Iterator[tuple[str, type]]:
    """Return every resource class of the SDK, API v1 and v2, by the name in `object`."""
    from stripe._object_classes import V2_OBJECT_CLASSES  # noqa: PLC0415  absent from older SDKs

    for name, (module, cls) in sorted({**OBJECT_CLASSES, **V2_OBJECT_CLASSES}.items()):
        if not name.endswith(("list", "search_result")) and name != "file_upload":
            yield name, getattr(importlib.import_module(module), cls)


def render() -> str:
    """Return the catalogue's text: one operation, resource or definition a line, so that a diff can be read."""
    operations = CATALOGUE.operations()
    for name, cls in resource_classes():
        CATALOGUE.resource(name, cls)
    parts = [
        f'"sdk": {json.dumps(stripe.VERSION)}',
        f'"api_version": {json.dumps(_ApiVersion.CURRENT)}',
        block("operations", operations),
        block("resources", dict(sorted(CATALOGUE.resources.items()))),
        block("thin_events", CATALOGUE.thin_events()),
        block("definitions", dict(sorted(CATALOGUE.definitions.items()))),
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def block(name: str, entries: dict[str, Node]) -> str:
    """Return one part of the catalogue, an entry a line."""
    lines = (f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in entries.items())
    return f'"{name}": {{\n' + ",\n".join(lines) + "\n}"


def main() -> int:
    """Write the catalogue, or compare it with what the installed SDK gives."""
    text = render()
    if "--check" in sys.argv[1:]:
        fresh = TARGET.read_text(encoding="utf-8") == text
        print("the catalogue is up to date" if fresh else f"{TARGET.name} differs: run scripts/make_catalogue.py")
        return 0 if fresh else 1
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.name}: {len(text):,} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
