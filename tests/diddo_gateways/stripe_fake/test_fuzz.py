"""Whatever is sent to a modelled operation, the answer is Stripe's: never a 5xx that says 'defect', never a stop."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stripe._encode import _api_encode  # puts nested values on the wire as the SDK does

from diddo_gateways.documents.sqlite import SqliteDocuments
from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.app import StripeFake
from diddo_gateways.stripe_fake.catalogue import Node
from diddo_gateways.stripe_fake.operations import operations
from diddo_gateways.stripe_fake.resources import load
from diddo_gateways.stripe_fake.shapes import check_shape
from diddo_gateways.worlds import Worlds

load()
KNOWN = catalogue.load()
MODELLED = sorted(operations())
TEXTS = st.sampled_from(
    [
        "",
        "x",
        "0",
        "-1",
        "usd",
        "eur",
        "true",
        "4242424242424242",
        "http://a.test/",
        "a@b.test",
        "ö\U0001f600",
        "é" * 600,
    ]
)
# Ids that exist once `prepared` has run, ids that do not, and ids of the wrong kind.
IDS = ["cus_no", "", "pm_card_visa", "pm_card_chargeDeclined", "tok_visa"]


class InProcess:
    """A fake called without a socket, with one object of each kind that can simply be made."""

    def __init__(self) -> None:
        self.fake = StripeFake(Worlds(SqliteDocuments()), pages_url="http://pages.test")
        self.ids = list(IDS)
        for path, params in {
            "/v1/customers": {"email": "a@b.test"},
            "/v1/products": {"name": "Shirt", "default_price_data": {"currency": "usd", "unit_amount": 500}},
            "/v1/prices": {"currency": "usd", "unit_amount": 5, "product_data": {"name": "x"}},
            "/v1/webhook_endpoints": {"url": "http://a.test", "enabled_events": ["customer.created"]},
            "/v1/payment_intents": {"amount": 500, "currency": "usd"},
            "/v1/checkout/sessions": {
                "mode": "payment",
                "success_url": "http://a.test",
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {"currency": "usd", "unit_amount": 500, "product_data": {"name": "x"}},
                    }
                ],
            },
        }.items():
            status, body = self.call("POST", path, urlencode(list(_api_encode(params))))
            assert status == 200, body
            self.ids.append(body["id"])

    def call(self, method: str, path: str, form: str) -> tuple[int, Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": form.encode() if method == "POST" else b""}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"authorization", b"Bearer sk_test_fuzz"), (b"content-type", b"application/x-www-form-urlencoded")]
        query = b"" if method == "POST" else form.encode()
        scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": headers}
        asyncio.run(self.fake(scope, receive, send))
        return sent[0]["status"], orjson.loads(sent[1]["body"])


FAKE = InProcess()


def values(node: Node, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values for a parameter: mostly of its type, now and then of another."""
    node = KNOWN.resolve(node)
    wrong = st.one_of(TEXTS, st.just({"a": "x"}), st.just(["x"]))
    if depth > 3:
        return wrong
    right: st.SearchStrategy[Any]
    if isinstance(node, str):
        right = {
            "integer": st.integers(-5, 10**12) | st.integers(0, 2000),
            "boolean": st.booleans(),
        }.get(node, TEXTS | st.sampled_from(FAKE.ids))
    elif "enum" in node:
        right = st.sampled_from(node["enum"])
    elif "list" in node:
        right = st.lists(values(node["list"], depth + 1), max_size=3)
    elif "map" in node:
        right = st.dictionaries(TEXTS, TEXTS, max_size=3)
    elif "any_of" in node:
        right = st.one_of([values(part, depth + 1) for part in node["any_of"]])
    elif "fields" in node:
        required = {name: values(node["fields"][name], depth + 1) for name in node["required"]}
        others = {
            name: st.deferred(lambda inner=inner: values(inner, depth + 1))
            for name, inner in node["fields"].items()
            if name not in required
        }  # type: ignore[misc]
        chosen = st.lists(st.sampled_from(sorted(others)), max_size=4, unique=True) if others else st.just([])
        right = chosen.flatmap(
            lambda names: st.fixed_dictionaries({**required, **{name: others[name] for name in names}})
        )
    else:
        right = values(next(iter(node.values())), depth + 1)
    return st.integers(0, 11).flatmap(lambda dice: wrong if dice == 0 else right)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_random_parameters_never_find_a_defect(data: st.DataObject) -> None:
    operation = KNOWN.operations[data.draw(st.sampled_from(MODELLED))]
    path = operation.path
    for part in path.split("/"):
        if part.startswith("{"):
            path = path.replace(part, data.draw(st.sampled_from(FAKE.ids)) or "x", 1)
    assert operation.params is not None
    params = data.draw(values("#" + operation.params))
    form = urlencode(list(_api_encode(params))) if isinstance(params, dict) else "a=b"
    status, body = FAKE.call(operation.method, path, form)
    assert status in (200, 400, 402, 404, 501), body
    if status == 200:
        assert check_shape(body) == [], (operation.name, form)
    else:
        assert set(body) == {"error"}
        assert {"message", "type"} <= set(body["error"])
