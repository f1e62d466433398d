"""Every operation of the catalogue answers, and what it answers has the shape that the SDK's types promise."""

import asyncio
from collections.abc import Callable
from typing import Any

import catalogue_requests as requests
import pytest

from diddo_gateways.documents.memory import MemoryDocuments
from diddo_gateways.stripe_fake.app import StripeFake
from diddo_gateways.stripe_fake.catalogue import Operation
from diddo_gateways.stripe_fake.generic.patterns import Parent, Pattern
from diddo_gateways.stripe_fake.generic.tier import tier
from diddo_gateways.stripe_fake.shapes import check_answer, check_shape
from diddo_gateways.worlds import Worlds

KNOWN = requests.KNOWN

# Operations that take more than their types require, or that need another state than an object made up has.
REFUSED = {
    "DELETE /v1/customers/{customer}/discount": 404,
    "DELETE /v1/customers/{customer}/sources/{id}": 404,
    "DELETE /v1/subscription_items/{item}": 404,
    "DELETE /v1/subscriptions/{subscription_exposed_id}/discount": 404,
    "GET /v1/apps/secrets/find": 404,
    "GET /v1/checkout/sessions/{session}/line_items": 404,
    "GET /v1/credit_notes/preview": 400,
    "GET /v1/credit_notes/preview/lines": 400,
    "GET /v1/customers/{customer}/balance_transactions/{transaction}": 404,
    "GET /v1/customers/{customer}/payment_methods/{payment_method}": 404,
    "GET /v1/customers/{customer}/sources/{id}": 404,
    "GET /v1/tax/associations/find": 404,
    "POST /v1/apps/secrets/delete": 404,
    "POST /v1/billing/meter_events": 400,
    "POST /v1/charges": 400,
    "POST /v1/charges/{charge}/capture": 400,
    "POST /v1/checkout/sessions": 400,
    "POST /v1/coupons": 400,
    "POST /v1/credit_notes": 400,
    "POST /v1/credit_notes/{id}/void": 404,
    "POST /v1/customer_sessions": 400,
    "POST /v1/customers/{customer}/balance_transactions/{transaction}": 404,
    "POST /v1/customers/{customer}/sources/{id}": 404,
    "POST /v1/customers/{customer}/sources/{id}/verify": 404,
    "POST /v1/invoiceitems": 400,
    "POST /v1/invoices": 400,
    "POST /v1/invoices/create_preview": 400,
    "POST /v1/invoices/{invoice}/add_lines": 400,
    "POST /v1/invoices/{invoice}/attach_payment": 400,
    "POST /v1/invoices/{invoice}/finalize": 400,
    "POST /v1/invoices/{invoice}/lines/{line_item_id}": 404,
    "POST /v1/invoices/{invoice}/mark_uncollectible": 400,
    "POST /v1/invoices/{invoice}/pay": 400,
    "POST /v1/invoices/{invoice}/remove_lines": 404,
    "POST /v1/invoices/{invoice}/send": 400,
    "POST /v1/invoices/{invoice}/update_lines": 404,
    "POST /v1/invoices/{invoice}/void": 400,
    "POST /v1/payment_intents/{intent}/capture": 400,
    "POST /v1/payment_intents/{intent}/confirm": 400,
    "POST /v1/payment_intents/{intent}/increment_authorization": 400,
    "POST /v1/payment_intents/{intent}/verify_microdeposits": 400,
    "POST /v1/payment_links": 400,
    "POST /v1/payment_links/{payment_link}": 400,
    "POST /v1/payment_methods": 400,
    "POST /v1/payment_methods/{payment_method}": 400,
    "POST /v1/payment_methods/{payment_method}/attach": 400,
    "POST /v1/payment_methods/{payment_method}/detach": 400,
    "POST /v1/payouts": 400,
    "POST /v1/payouts/{payout}/reverse": 400,
    "POST /v1/plans": 400,
    "POST /v1/prices": 400,
    "POST /v1/promotion_codes": 400,
    "POST /v1/refunds": 400,
    "POST /v1/refunds/{refund}/cancel": 400,
    "POST /v1/setup_intents/{intent}/confirm": 400,
    "POST /v1/setup_intents/{intent}/verify_microdeposits": 400,
    "POST /v1/shipping_rates": 400,
    "POST /v1/subscription_items": 400,
    "POST /v1/subscription_items/{item}": 404,
    "POST /v1/subscription_schedules": 400,
    "POST /v1/subscriptions": 400,
    "POST /v1/subscriptions/{subscription}/resume": 400,
    "POST /v1/test_helpers/confirmation_tokens": 400,
    "POST /v1/test_helpers/refunds/{refund}/expire": 400,
    "POST /v1/test_helpers/test_clocks/{test_clock}/advance": 400,
    "POST /v1/tokens": 400,
    "POST /v2/core/event_destinations": 400,
}


def new_fake() -> StripeFake:
    return StripeFake(Worlds(MemoryDocuments()), pages_url="http://pages.test", documentation_ids=True)


async def call(fake: StripeFake, name: str, params: Any = None, ids: dict[str, str] | None = None) -> Any:
    """Call an operation, hold a good answer against what it promises, and return the answer."""
    operation = KNOWN.operations[name]
    given = requests.least(operation) if params is None else params
    answer = await requests.send(fake, operation, requests.path_of(operation, ids), given)
    assert answer.headers["sandbox-fidelity"] == fake.handled(operation).fidelity
    if answer.status == 200 and isinstance(answer.body, dict):
        assert check_answer(operation.returns, answer.body) == []
    return answer


async def answers(given: Callable[[Operation], Any]) -> dict[str, str]:
    """Call every operation, each on a server of its own, and return what went wrong, by operation."""
    wrong = {}
    for name, operation in KNOWN.operations.items():
        fake = new_fake()
        answer = await call(fake, name, given(operation))
        if answer.status >= 500 and "does not model" not in str(answer.body):
            wrong[name] = str(answer.body)
        elif answer.status != 200 and not answer.body["error"]["message"]:
            wrong[name] = "no message"
        elif given is LEAST and answer.status != REFUSED.get(name, 200):
            wrong[name] = f"{answer.status}: {answer.body}"
    return wrong


def everything(operation: Operation) -> dict[str, Any]:
    """Return every parameter of an operation at once, but for those that exclude each other in lists."""
    definition = KNOWN.definitions[operation.params] if operation.params else {"fields": {}, "required": []}
    return {
        field: requests.value_of(node, field, lambda _name: False)
        for field, node in definition["fields"].items()
        if field not in ("expand", "ending_before", "starting_after", "page", "query")
        or field in definition["required"]
    }


LEAST = requests.least


@pytest.mark.parametrize("given", [LEAST, everything])
def test_every_operation_answers_in_its_shape(given: Callable[[Operation], Any]) -> None:
    assert asyncio.run(answers(given)) == {}


def test_what_is_made_is_kept_listed_changed_and_deleted() -> None:
    asyncio.run(_live_all())


async def _live_all() -> None:
    lived = set()
    for pattern in tier().patterns.values():
        if pattern.does == "create" and pattern.operation.name not in REFUSED and pattern.kinds:
            lived.add(await _live(pattern))
    assert len(lived) > 90


async def _live(made_by: Pattern) -> str:
    """Make one object, put it through every operation on its kind, and return its kind."""
    fake = new_fake()
    made = (await call(fake, made_by.operation.name)).body
    for pattern in tier().patterns.values():
        same_place = _kind_of(pattern.parent) == _kind_of(made_by.parent)
        name = pattern.operation.name
        if "id" in made and made["object"] in pattern.kinds and same_place and name not in REFUSED:
            ids = {pattern.subject: made["id"]} if pattern.subject else {}
            await STEPS.get(pattern.does, _nothing)(fake, pattern, ids, made)
    await _end(fake, made)
    return str(made["object"])


def _kind_of(parent: Parent | None) -> str | None:
    return None if parent is None else parent.kind


async def _nothing(_fake: StripeFake, _pattern: Pattern, _ids: dict[str, str], _made: Any) -> None:
    pass


async def _read(fake: StripeFake, pattern: Pattern, ids: dict[str, str], made: Any) -> None:
    answer = await call(fake, pattern.operation.name, None, ids)
    assert answer.status == 200, answer.body
    # What is told only once is not told again.
    assert answer.body["id"] == made["id"]
    assert answer.body.get("created") == made.get("created")


async def _list(fake: StripeFake, pattern: Pattern, ids: dict[str, str], made: Any) -> None:
    least = requests.least(pattern.operation)
    asked = least | {name: made[name] for name in least if made.get(name)}
    answer = await call(fake, pattern.operation.name, asked, ids)
    if all(made.get(name) == value for name, value in asked.items()):
        assert made["id"] in [element["id"] for element in answer.body["data"]], (pattern.operation.name, answer.body)


async def _update(fake: StripeFake, pattern: Pattern, ids: dict[str, str], _made: Any) -> None:
    answer = await call(fake, pattern.operation.name, _changing(pattern), ids)
    assert answer.status == 200, answer.body
    if "metadata" in _changing(pattern):
        assert answer.body["metadata"] == {"order": "1"}


async def _act(fake: StripeFake, pattern: Pattern, ids: dict[str, str], _made: Any) -> None:
    answer = await call(fake, pattern.operation.name, None, ids)
    assert answer.status in (200, 400), answer.body


STEPS = {"retrieve": _read, "list": _list, "update": _update, "action": _act}


async def _end(fake: StripeFake, made: dict[str, Any]) -> None:
    """Delete an object, and hold the events of its life against their shape."""
    for pattern in tier().patterns.values():
        if pattern.does == "delete" and pattern.subject and made["object"] == pattern.kinds[0] and not pattern.parent:
            left = await call(fake, pattern.operation.name, None, {pattern.subject: made["id"]})
            assert (left.status, left.body["id"]) == (200, made["id"])
    for event in (await call(fake, "GET /v1/events", {"limit": 100})).body["data"]:
        assert check_shape(event) == []
        assert event["type"] in KNOWN.event_types()


def _changing(pattern: Pattern) -> dict[str, Any]:
    """Return the parameters of an update that changes something, if it can."""
    takes = KNOWN.definitions[pattern.operation.params]["fields"] if pattern.operation.params else {}
    return requests.least(pattern.operation) | ({"metadata": {"order": "1"}} if "metadata" in takes else {})
