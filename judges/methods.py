"""All methods of the SDK for Python."""

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import stripe

__all__ = ["call_every_method"]


def call_every_method(client: stripe.StripeClient) -> dict[str, Any]:
    """Call every method with made-up ids and nothing else; tell which are answered, and whose operation is not known."""
    told: dict[str, Any] = {"answered": 0, "lost": [], "unsent": []}
    for name, call in (*_every_method(client.v1, "v1"), *_every_method(client.v2, "v2")):
        try:
            call()
        except stripe.StripeError as error:
            if error.http_status is None:
                told["unsent"].append(name)
                continue
            if not _is_answer(error):
                told["lost"].append(f"{name}: {error.user_message}")
                continue
        told["answered"] += 1
    return told


def _is_answer(error: stripe.StripeError) -> bool:
    """Return whether a refusal is one of Stripe's, by an operation that is there."""
    sent: Any = error.json_body or {}
    typed = isinstance(sent.get("error"), dict) and "type" in sent["error"]
    return typed and (error.http_status or 500) < 500 and "Unrecognized request URL" not in str(error.user_message)


def _every_method(service: Any, path: str) -> Iterator[tuple[str, Callable[[], object]]]:
    for name, method in inspect.getmembers(type(service), inspect.isfunction):
        if not name.startswith("_") and not name.endswith("_async"):
            ids = ["x_1"] * (len(inspect.signature(method).parameters) - 3)
            yield f"{path}.{name}", partial(method, service, *ids, {}, {})
    for name in inspect.get_annotations(type(service)):
        yield from _every_method(getattr(service, name), f"{path}.{name}")
