"""What Stripe was seen to refuse, and the headers that it answered with, asked of the fake."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import stripe

from diddo_gateways.stripe_fake.testing import InProcessStripe

__all__ = ["headers", "refusals"]

# What belongs to Stripe's own servers and to TLS.
PRIVATE = frozenset(
    {
        "Content-Security-Policy",
        "Strict-Transport-Security",
        "X-Stripe-Priority-Routing-Enabled",
        "X-Stripe-Routing-Context-Priority-Tier",
        "X-Wc",
    }
)


def refusals(recorded: Mapping[str, Any]) -> list[str]:
    """Return what differs where the fake is asked for what Stripe was seen to refuse."""
    with InProcessStripe() as fake:
        return [text for error in recorded["errors"] for text in _refusal(fake, error)]


def _refusal(fake: InProcessStripe, error: Mapping[str, Any]) -> Iterator[str]:
    request, status = error["request"], error["status"]
    key = "sk_live_mock" if status == 401 else "sk_test_refusals"
    client = fake.client(key)
    try:
        _provoke(client, request, error)
    except stripe.StripeError as refused:
        told = (refused.json_body or {})["error"]
        if refused.http_status != status:
            yield f"{request}: {refused.http_status}, recorded {status}"
        for name, value in error["fields"].items():
            if told.get(name) != value:
                yield f"{request}, {status}: {name} is {told.get(name)!r}, recorded {value!r}"
        extra = sorted(set(told) ^ set(error["keys"]))
        if extra:
            yield f"{request}, {status}: {', '.join(extra)} on one side only"
    else:
        yield f"{request}: answered, recorded {status}"


def _provoke(client: Any, request: str, error: Mapping[str, Any]) -> None:
    """Send what was refused, with ids that name nothing."""
    method, path = request.split()
    fields = error["fields"]
    call = client.raw_request
    params: dict[str, Any] = {}
    match request:
        case "POST /v1/payment_methods/{id}/attach":
            path = path.replace("{id}", "pm_card_chargeDeclined" if "decline_code" in fields else "invalid")
            params = {"customer": _made(call, "/v1/customers")}
        case "POST /v1/payment_intents":
            params = {"amount": 0, "currency": "usd"}
        case "POST /v1/subscriptions":
            price = "invalid" if fields.get("param") else _price(call)
            params = {"customer": _made(call, "/v1/customers"), "items": [{"price": price}]}
        case "GET /v1/invoices":
            params = {"customer": "cus_invalid"}
        case "DELETE /v1/products/{id}" if error["status"] == 400:
            path = path.replace("{id}", _product_with_price(call))
        case _:
            pass
    call(method.lower(), path.replace("{id}", "nothing"), **params)


def _made(call: Any, path: str, **params: Any) -> str:
    made: str = json.loads(call("post", path, **params).body)["id"]
    return made


def _price(call: Any) -> str:
    plan = {"recurring": {"interval": "month"}, "product_data": {"name": "Plan"}}
    return _made(call, "/v1/prices", currency="usd", unit_amount=900, **plan)


def _product_with_price(call: Any) -> str:
    product = _made(call, "/v1/products", name="Plan")
    _made(call, "/v1/prices", currency="usd", unit_amount=900, product=product)
    return product


def headers(recorded: Mapping[str, Any]) -> list[str]:
    """Return what differs in the headers of answers."""
    with InProcessStripe() as fake:
        client = fake.client("sk_test_headers")
        answers = {
            "POST": client.raw_request("post", "/v1/customers").headers,
            "GET and DELETE": client.raw_request("get", "/v1/customers").headers,
        }
    found = []
    for method, known in recorded["headers"].items():
        ours = {name.lower(): value for name, value in answers[method].items()}
        for name, value in known.items():
            told = ours.get(name.lower())
            if name not in PRIVATE and (told is None or (value is not None and told != value)):
                found.append(f"{method}: {name} is {told!r}, recorded {value!r}")
    return found
