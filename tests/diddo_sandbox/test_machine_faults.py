"""Faults planted in the sandbox, one by one: the state machine of the whole flow finds each, and by its name."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import Phase, settings

from diddo_gateways.protocol import PaymentLine, SessionEvent, SessionEventKind, SessionRequest
from diddo_gateways.stripe_fake import deliveries
from diddo_gateways.stripe_fake.payments import refunding
from diddo_gateways.worlds import World
from diddo_rules.testing import (
    CartChargedTwice,
    EventIdChanged,
    FlowFault,
    MoneyDoesNotAddUp,
    PriceDrifted,
    RaceHasNotOneWinner,
    Reply,
    Request,
    RetryAnsweredDifferently,
    ServerFailed,
    ShopperTrapped,
    SubmittedCartChanged,
    TotalsDoNotAddUp,
    WebhookLost,
    check_checkout_flow,
)
from diddo_sandbox import carts, checkouts, pricing
from diddo_sandbox.checkout_servers import InProcessCheckoutServer

# The same runs each time: a fault counts as found when these find it.
BOUNDED = settings(
    max_examples=200,
    stateful_step_count=12,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)
Plant = Callable[[pytest.MonkeyPatch], type[InProcessCheckoutServer] | None]


def charging_twice(_: pytest.MonkeyPatch) -> type[InProcessCheckoutServer]:
    """Each payment that goes through is charged once more."""

    class Server(InProcessCheckoutServer):
        def send(self, request: Request) -> Reply:
            reply = super().send(request)
            if request.path.startswith("/c/pay/") and "receipt" in reply.headers.get("location", ""):
                self._charge_again(request.path.rpartition("/")[2])
            return reply

        def _charge_again(self, session_id: str) -> None:
            key = self.keys[-1]
            headers = {"authorization": f"Bearer {key}"}
            session = super().send(Request("GET", f"/v1/checkout/sessions/{session_id}", headers)).json
            fields = f"amount={session['amount_total']}&currency={session['currency']}&confirm=true"
            fields += f"&payment_method=pm_card_visa&metadata[cart_id]={session['metadata']['cart_id']}"
            fields += "&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never"
            assert super().send(Request("POST", "/v1/payment_intents", headers, fields.encode())).status == 200

        def new_key(self) -> str:
            self.keys = [*getattr(self, "keys", []), super().new_key()]
            return self.keys[-1]

    return Server


def dropping_a_webhook(patch: pytest.MonkeyPatch) -> None:
    """The webhook of a payment is answered, and forgotten."""
    learn = checkouts.Checkouts.learn

    async def forget(self: checkouts.Checkouts, world: World, event: SessionEvent) -> None:
        if event.kind is not SessionEventKind.PAID:
            await learn(self, world, event)

    patch.setattr(checkouts.Checkouts, "learn", forget)


def never_sending_an_event(patch: pytest.MonkeyPatch) -> None:
    """Events of refunds are made, and never sent."""
    post = deliveries._post  # noqa: SLF001  where a webhook leaves

    async def lose(fake: Any, url: str, body: bytes, signed: str) -> tuple[int | None, str | None]:
        lost = orjson.loads(body)["type"] == "charge.refunded"
        return (200, None) if lost else await post(fake, url, body, signed)

    patch.setattr(deliveries, "_post", lose)


def forgetting_expiry(patch: pytest.MonkeyPatch) -> None:
    """A session that expires leaves its cart locked."""
    patch.setitem(checkouts.CHECKOUT_STATES, "initialized", {SessionEventKind.PAID: "succeeded"})


def asking_for_another_price(patch: pytest.MonkeyPatch) -> None:
    """The gateway is asked for a cent more than the cart says."""
    asked = checkouts.Checkouts._request  # noqa: SLF001  what the gateway is asked for

    def dearer(self: checkouts.Checkouts, world: World, record: carts.CartRecord) -> SessionRequest:
        request = asked(self, world, record)
        return replace(request, amount=request.amount + 1, lines=[*request.lines, PaymentLine("A fee", 1)])

    patch.setattr(checkouts.Checkouts, "_request", dearer)


def drifting_prices(patch: pytest.MonkeyPatch) -> None:
    """A line costs more than the catalogue says as soon as it is ready to be paid."""
    choose = carts.choose_method

    def dearer(cart: dict[str, Any], *choice: str) -> None:
        choose(cart, *choice)
        variant = cart["stores"][0]["cart_lines"][0]["variant"]
        variant["price"] = pricing.amount(variant["price"]["value"] + 10, variant["price"]["currency"])

    patch.setattr(carts, "choose_method", dearer)


def forgetting_tax(patch: pytest.MonkeyPatch) -> None:
    """The total is that of the goods and the shipping."""
    cost_of = pricing.cost_of

    def untaxed(*args: Any) -> dict[str, Any]:
        cost = cost_of(*args)
        if cost["tax"] is None:
            return cost
        return cost | {"total": pricing.amount(cost["total"]["value"] - cost["tax"]["value"], cost["tax"]["currency"])}

    patch.setattr(pricing, "cost_of", untaxed)


def renaming_events(patch: pytest.MonkeyPatch) -> None:
    """An event that is sent again has another id."""
    content = deliveries._content  # noqa: SLF001  what a webhook says
    sent: set[tuple[str, str]] = set()

    async def renamed(work: Any, event: Any, target: deliveries.Target) -> Any:
        told = await content(work, event, target)
        if (target.url, told["id"]) in sent:
            return told | {"id": "evt_again"}
        sent.add((target.url, told["id"]))
        return told

    patch.setattr(deliveries, "_content", renamed)


def editing_submitted_carts(patch: pytest.MonkeyPatch) -> None:
    """A submitted cart can be changed like any other."""
    state: Any = carts.CartRecord.state

    def forgotten(record: carts.CartRecord) -> str | None:
        return None if record.cart["status"] == "SUBMITTED" else state.fget(record)

    patch.setattr(carts.CartRecord, "state", property(forgotten))


def letting_all_win(patch: pytest.MonkeyPatch) -> None:
    """Of checkouts that race, each opens a session: the lock is looked at once, and not again when it is taken."""
    lock = checkouts.Checkouts._lock  # noqa: SLF001  what makes one of many win

    async def blind(self: checkouts.Checkouts, world: World, cart_id: str) -> Any:
        seen = await self._carts.find(world, cart_id)
        await asyncio.sleep(0)
        if seen is not None and seen.checkout is None:
            await self._unlock(world, cart_id)
        return await lock(self, world, cart_id)

    patch.setattr(checkouts.Checkouts, "_lock", blind)


def failing(patch: pytest.MonkeyPatch) -> None:
    """Removing what is not there fails."""
    remove = carts.Carts.remove

    async def strict(self: carts.Carts, world: World, cart_id: str, variant_id: str) -> Any:
        cart = (await self.read(world, cart_id)).cart
        held = {line["variant"]["id"] for store in cart["stores"] for line in store["cart_lines"]}
        assert variant_id in held
        return await remove(self, world, cart_id, variant_id)

    patch.setattr(carts.Carts, "remove", strict)


def forgetting_refunds(patch: pytest.MonkeyPatch) -> None:
    """A refund is made, and the charge does not know."""
    patch.setattr(refunding, "_take_from_charge", lambda *_, **__: None)


def forgetting_idempotency(_: pytest.MonkeyPatch) -> type[InProcessCheckoutServer]:
    """Idempotency keys are lost on the way."""

    class Server(InProcessCheckoutServer):
        def send(self, request: Request) -> Reply:
            headers = {name: value for name, value in request.headers.items() if name != "idempotency-key"}
            return super().send(request._replace(headers=headers))

    return Server


def leaving_locks_behind(patch: pytest.MonkeyPatch) -> None:
    """A checkout that a crash cut short stays locked."""
    patch.setattr(checkouts.Checkouts, "_abandoned", lambda *_: False)


PLANTS: list[tuple[Plant, type[FlowFault] | tuple[type[FlowFault], ...]]] = [
    (charging_twice, CartChargedTwice),
    (dropping_a_webhook, WebhookLost),
    (never_sending_an_event, WebhookLost),
    (forgetting_expiry, ShopperTrapped),
    (asking_for_another_price, PriceDrifted),
    (drifting_prices, PriceDrifted),
    (forgetting_tax, TotalsDoNotAddUp),
    (renaming_events, EventIdChanged),
    (editing_submitted_carts, SubmittedCartChanged),
    (letting_all_win, RaceHasNotOneWinner),
    (failing, ServerFailed),
    (forgetting_refunds, MoneyDoesNotAddUp),
    (forgetting_idempotency, RetryAnsweredDifferently),
    (leaving_locks_behind, (ShopperTrapped, WebhookLost)),  # by how far the checkout had come
]


@pytest.mark.parametrize(("plant", "fault"), PLANTS, ids=[plant.__name__ for plant, _ in PLANTS])
def test_a_planted_fault_is_found_by_its_name(
    plant: Plant, fault: type[FlowFault] | tuple[type[FlowFault], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    server_class = plant(monkeypatch) or InProcessCheckoutServer
    # A restart takes as long as a hundred calls: only one of the faults needs it.
    monkeypatch.setattr(server_class, "can_restart", plant is leaving_locks_behind)
    with server_class() as server, pytest.raises(fault):
        check_checkout_flow(server, settings=BOUNDED)
