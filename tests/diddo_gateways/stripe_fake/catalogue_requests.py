"""Requests made from the catalogue, and a way to send them without a socket."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.app import StripeFake
from diddo_gateways.stripe_fake.catalogue import Operation
from diddo_gateways.stripe_fake.generic.patterns import PLACEHOLDER
from diddo_gateways.stripe_fake.generic.tier import tier
from diddo_gateways.stripe_fake.generic.values import prefix_of

KNOWN = catalogue.load()
KINDS = {kind.rpartition(".")[2]: kind for kind in reversed(KNOWN.resources)}
FORM, JSON = b"application/x-www-form-urlencoded", b"application/json"
# What a text must be to be taken, where its type does not say so.
TEXTS = {
    "account_number": "000123456789",
    "country": "US",
    "currency": "usd",
    "destination": "acct_xxxxxxxxxxxxx",
    "email": "ada@shop.test",
    "entitlement_feature": "feat_xxxxxxxxxxxxx",
    "number": "4242424242424242",
    "query": 'metadata["order"]:"1"',
    "return_url": "https://shop.test/back",
    "source": "tok_visa",
    "success_url": "https://shop.test/done",
    "url": "https://shop.test/hooks",
}
NUMBERS = {"amount": 2000, "exp_month": 12, "exp_year": 2040, "limit": 10}


class Answer(NamedTuple):
    """What came back: the status, the headers in lower case, and the body, parsed when it is JSON."""

    status: int
    headers: dict[str, str]
    body: Any


def doc_id(kind: str) -> str:
    """Return an id of a kind as documentation writes it."""
    prefix = prefix_of(kind)
    return "named" if prefix is None else prefix.rstrip("13a") + "xxxxxxxxxxxxx"


def path_of(operation: Operation, ids: dict[str, str] | None = None) -> str:
    """Return the URL of an operation, with documentation's ids where none are given."""
    path = operation.path
    pattern = tier().pattern(operation.name)
    kinds = {} if pattern.parent is None else {pattern.parent.placeholder: pattern.parent.kind}
    if pattern.subject is not None:
        kinds[pattern.subject] = pattern.kinds[-1] if "sources/{id}/verify" not in path else "bank_account"
    for name in PLACEHOLDER.findall(path):
        path = path.replace("{" + name + "}", (ids or {}).get(name) or doc_id(kinds.get(name, "customer")))
    return path


def least(operation: Operation) -> dict[str, Any]:
    """Return the fewest parameters that an operation takes."""
    if operation.params is None or not KNOWN.definitions[operation.params]["required"]:
        return {}
    found = _fields(KNOWN.definitions[operation.params], lambda _name: False)
    return found | ({"card": doc_id("issuing.card")} if "card" in found and "/issuing/" in operation.path else {})


def value_of(node: Any, name: str, chosen: Callable[[str], bool]) -> Any:  # noqa: PLR0911  one arm per form
    """Return a value that a parameter takes; `chosen` says which optional ones come along."""
    resolved = KNOWN.resolve(node)
    if isinstance(resolved, str):
        return _scalar(resolved, name)
    if "fields" in resolved:
        return _fields(resolved, chosen)
    ((form, inner),) = resolved.items()
    match form:
        case "enum":
            return inner[0]
        case "list":
            return [value_of(inner, name.removesuffix("s"), chosen)]
        case "map":
            return {"key": value_of(inner, name, chosen)}
        case "any_of":
            return value_of(inner[-1], name, chosen)
    return value_of(inner, name, chosen)


def _fields(definition: Any, chosen: Callable[[str], bool]) -> dict[str, Any]:
    names = [name for name in definition["fields"] if name in definition["required"] or chosen(name)]
    # A form cannot say that an object is there and empty.
    names = names or list(definition["fields"])[:1]
    return {name: value_of(definition["fields"][name], name, chosen) for name in names}


def _scalar(form: str, name: str) -> Any:
    match form:
        case "integer" | "number":
            return NUMBERS.get(name, 1)
        case "boolean":
            return True
        case "decimal":
            return "1.5"
        case "datetime":
            return "2026-11-23T00:00:00.000Z"
        case "any":
            return "x"
    return TEXTS.get(name) or (doc_id(KINDS[name]) if name in KINDS else "text")


def flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Write nested values as a form's pairs."""
    if isinstance(value, dict | list):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in entries:
            yield from flat(inner, f"{name}[{key}]" if name else str(key))
    else:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


async def send(
    fake: StripeFake, operation: Operation, path: str, params: dict[str, Any], *, key: str = "sk_test_walk"
) -> Answer:
    """Send a request of an operation, as an SDK would."""
    form = urlencode(list(flat(params))).encode()
    if operation.path == "/v1/files" and operation.method == "POST":
        media_type, body = _upload(params)
    elif operation.path.startswith("/v2/"):
        media_type, body = JSON, json.dumps(params).encode()
    else:
        media_type, body = FORM, form
    headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", media_type)]
    scope = {
        "type": "http",
        "method": operation.method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"" if operation.method == "POST" else form,
        "headers": headers,
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body if operation.method == "POST" else b"", "more_body": False}

    async def collect(message: Any) -> None:
        sent.append(message)

    await fake(scope, receive, collect)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    content = b"".join(message.get("body", b"") for message in sent[1:])
    is_json = answered["content-type"] == "application/json"
    return Answer(sent[0]["status"], answered, json.loads(content) if is_json else content)


def _upload(params: dict[str, Any]) -> tuple[bytes, bytes]:
    parts = [(b'name="%b"' % name.encode(), value.encode()) for name, value in flat(params) if name != "file"]
    parts.append((b'name="file"; filename="proof.pdf"', b"%PDF\r\n"))
    body = b"".join(b"--line\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % part for part in parts)
    return b"multipart/form-data; boundary=line", body + b"--line--\r\n"
