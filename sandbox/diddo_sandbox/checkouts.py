"""Checkouts: a cart is validated, locked and sent to the gateway, and submitted when the gateway says it is paid.

A cart's record holds its checkout: `{"id", "run", "gateway", "session_id", "url", "status", "failed_attempts",
"seen"}`. Its being there is the lock.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from diddo_gateways.documents import Change, Conflict, Put
from diddo_gateways.protocol import (
    GatewayError,
    GatewayRefused,
    GatewayUnavailable,
    PaymentLine,
    PaymentSession,
    SessionEvent,
    SessionEventKind,
    SessionRequest,
)
from diddo_gateways.worlds import World
from diddo_plugins.cart import CartNotFound
from diddo_rules import Cart, Case, Context, Report, Violation
from diddo_rules.context import Point
from diddo_sandbox.carts import CartRecord, Carts
from diddo_sandbox.errors import ApiError, PaymentRefused, ServiceUnavailable
from diddo_sandbox.payment_gateways import PaymentGateways
from diddo_sandbox.rules import Rules, refusal
from diddo_sandbox.settings import SandboxSettings

__all__ = ["CHECKOUT", "Checkouts", "Opened"]

log = logging.getLogger(__name__)

# What a gateway's event makes of a checkout; an event that has no edge here comes too late and changes nothing.
CHECKOUT_STATES: dict[str, dict[SessionEventKind, str]] = {
    "initialized": {
        SessionEventKind.PAID: "succeeded",
        SessionEventKind.ATTEMPT_FAILED: "failed",
        SessionEventKind.EXPIRED: "expired",
    },
    "failed": {
        SessionEventKind.PAID: "succeeded",
        SessionEventKind.ATTEMPT_FAILED: "failed",
        SessionEventKind.EXPIRED: "expired",
    },
    "cancelled": {SessionEventKind.PAID: "succeeded", SessionEventKind.EXPIRED: "expired"},
    "succeeded": {},
}
SEEN = 32
# Names a checkout's cart, for pages whose link carries no key: a cart's id is only unique in its world.
CHECKOUT = "checkout"


class Opened(NamedTuple):
    """A checkout that was opened: where it is paid, and what the shopper should be told all the same."""

    url: str
    warnings: tuple[Violation, ...]


class Unpayable(Exception):
    """The cart cannot be put to a gateway: only checks that somebody has switched off let it come so far."""


class Checkouts:
    """The checkouts of all worlds.

    Args:
        carts: the carts that are checked out.
        rules: what validates them.
        gateways: who takes the money.
        settings: where the shopper returns to, and how many failures cancel.
        base_url: the server's own origin.
        run: names this run of the server; a checkout that another run left half open is taken over.
        installation: names what is stored: ids are seeded, so two stores must not share idempotency keys at a gateway.
    """

    def __init__(
        self,
        carts: Carts,
        rules: Rules,
        gateways: PaymentGateways,
        settings: SandboxSettings,
        *,
        base_url: str,
        run: str,
        installation: str,
    ) -> None:
        self._carts = carts
        self._rules = rules
        self._gateways = gateways
        self._settings = settings
        self._base_url = base_url
        self._run = run
        self._installation = installation

    async def validate(self, world: World, cart_id: str, point: Point) -> Report:
        """Validate a cart as `start` does, or as at another point, with a trace; nothing is changed or recorded."""
        return await self._rules.trace(world, *self._case(cart_id, await self._carts.find(world, cart_id), point))

    async def start(self, world: World, cart_id: str) -> Opened:
        """Validate and lock a cart, open its payment session, and return where it is paid.

        Raises:
            ApiError: the cart does not hold, or the gateway refuses it or cannot be reached; the cart stays as it was.
        """
        record, report = await self._lock(world, cart_id)
        try:
            session = await self._gateways.serving(world).create_session(self._request(world, record))
        except (GatewayError, Unpayable) as error:
            await self._unlock(world, cart_id)
            raise _payment_fault(error) from error
        except BaseException:
            await self._unlock(world, cart_id)
            raise
        await self._keep_session(world, cart_id, session)
        return Opened(str(session.url), report.warnings)

    async def learn(self, world: World, event: SessionEvent) -> None:
        """Carry out what a gateway's verified webhook says; one that comes twice or too late changes nothing."""
        cart_id = event.metadata.get("cart_id", "")
        while True:
            record = await self._carts.find(world, cart_id)
            if record is None or not _applies(record.checkout, event):
                log.info("the %s event %s changes nothing of cart %s", event.kind, event.id, cart_id)
                break
            self._apply(world, record, event)
            try:
                await world.commit([record.put(created=world.clock.now())])
            except Conflict:
                continue
            break
        # Also when the event has been seen: the gateway may not have answered the first time.
        if record is not None and record.checkout is not None and record.checkout["status"] == "cancelled":
            await self._expire(world, record.checkout)

    async def find(self, world: World, checkout_id: str) -> tuple[CartRecord, PaymentSession | None] | None:
        """Return the cart of a checkout, with its payment session as the gateway sees it while there is one.

        Raises:
            ApiError: the gateway does not answer, or no longer knows the session.
        """
        document = await world.get(CHECKOUT, checkout_id)
        if document is None:
            return None
        record = await self._carts.read(world, orjson.loads(document.body)["cart_id"])
        checkout = record.checkout
        if checkout is None or checkout["id"] != checkout_id or checkout["session_id"] is None:
            return record, None
        try:
            session = await self._gateways.named(checkout["gateway"], world).retrieve_session(checkout["session_id"])
        except GatewayError as error:
            raise _payment_fault(error) from error
        return record, session

    def _case(self, cart_id: str, record: CartRecord | None, point: Point = "checkout") -> Case:
        cart = None if record is None else Cart.model_validate(record.cart)
        locked = record is not None and record.checkout is not None and not self._abandoned(record.checkout)
        known = self._carts.knows_variant
        return Case(cart, Context(cart_id=cart_id, checkout_session_open=locked, variant_known=known, point=point))

    def _abandoned(self, checkout: Mapping[str, Any]) -> bool:
        return bool(checkout["status"] == "opening" and checkout["run"] != self._run)

    async def _lock(self, world: World, cart_id: str) -> tuple[CartRecord, Report]:
        """Validate a cart and lock it; of many that race, the first to commit wins and the others find it locked."""
        while True:
            record = await self._carts.find(world, cart_id)
            report = await self._rules.validate(world, *self._case(cart_id, record))
            if not report.ok:
                raise refusal(report)
            if record is None:  # somebody has switched that check off, but there is nothing to check out
                raise ApiError(CartNotFound(at="", cart_id=cart_id))
            left_open = record.checkout["id"] if record.checkout else None
            checkout_id = left_open or world.ids.new("checkout_", 20)
            record.checkout = {
                # The same id makes the gateway answer with the session that was being opened, if there is one.
                "id": checkout_id,
                "run": self._run,
                "gateway": self._gateways.name,
                "session_id": None,
                "url": None,
                "status": "opening",
                "failed_attempts": 0,
                "seen": [],
            }
            changes: list[Change] = [record.put(created=world.clock.now())]
            if not left_open:
                changes.append(Put(CHECKOUT, checkout_id, orjson.dumps({"cart_id": cart_id})))
            try:
                await world.commit(changes)
            except Conflict:
                continue
            return record, report

    async def _unlock(self, world: World, cart_id: str) -> None:
        record = await self._carts.read(world, cart_id)
        record.checkout = None
        await world.commit([record.put(created=world.clock.now())])

    async def _keep_session(self, world: World, cart_id: str, session: PaymentSession) -> None:
        record = await self._carts.read(world, cart_id)
        assert record.checkout is not None  # noqa: S101  only who locked it unlocks it
        record.checkout |= {"session_id": session.id, "url": session.url, "status": "initialized"}
        await world.commit([record.put(created=world.clock.now())])

    def _request(self, world: World, record: CartRecord) -> SessionRequest:
        assert record.checkout is not None  # noqa: S101  it was just locked
        cart, checkout = record.cart, record.checkout
        total = (cart["cost"] or {}).get("total")
        if total is None:
            raise Unpayable("the cart has no total")
        buyer = cart["buyer_identity"] or {}  # a team may have switched that check off
        lines = _payment_lines(cart)
        if sum(line.unit_amount * line.quantity for line in lines) != total["value"]:
            raise Unpayable("the cart's lines do not add up to its total")
        return SessionRequest(
            amount=total["value"],
            currency=total["currency"],
            lines=lines,
            success_url=self._return_url(self._settings.success_url, record),
            cancel_url=self._return_url(self._settings.cancel_url, record),
            idempotency_key=f"{self._installation}-{world.name}-{checkout['id']}",
            email=buyer.get("email"),
            metadata={"world": world.name, "cart_id": cart["id"], "checkout_id": checkout["id"]},
        )

    def _return_url(self, template: str | None, record: CartRecord) -> str:
        assert record.checkout is not None  # noqa: S101  it was just locked
        if template is None:
            return f"{self._base_url}/receipt/{record.checkout['id']}"
        return template.replace("{CART_ID}", record.cart["id"])

    def _apply(self, world: World, record: CartRecord, event: SessionEvent) -> None:
        checkout = record.checkout
        assert checkout is not None  # noqa: S101  the event applies to it
        checkout["status"] = CHECKOUT_STATES[checkout["status"]][event.kind]
        checkout["seen"] = [*checkout["seen"], event.id][-SEEN:]
        if event.kind is SessionEventKind.PAID:
            _submit(world, record)
        elif event.kind is SessionEventKind.EXPIRED:
            record.checkout = None
        else:
            checkout["failed_attempts"] += 1
            if checkout["failed_attempts"] >= self._settings.failed_attempts:
                checkout["status"] = "cancelled"

    async def _expire(self, world: World, checkout: Mapping[str, Any]) -> None:
        try:
            await self._gateways.named(checkout["gateway"], world).expire_session(checkout["session_id"])
        except GatewayRefused as error:
            # Paid or expired meanwhile: the gateway's own event says which.
            log.info("the session %s was not expired: %s", checkout["session_id"], error)
        except GatewayUnavailable as error:
            raise _payment_fault(error) from error


def _payment_fault(error: Exception) -> ApiError:
    if isinstance(error, GatewayUnavailable):
        log.warning("the gateway is not available: %s", error)
        return ApiError(ServiceUnavailable(at="", problem="The payment gateway does not answer."))
    return ApiError(PaymentRefused(at="/cost/total", reason=str(error)))


def _applies(checkout: Mapping[str, Any] | None, event: SessionEvent) -> bool:
    return (
        checkout is not None
        and checkout["id"] == event.metadata.get("checkout_id")
        and event.kind in CHECKOUT_STATES.get(checkout["status"], {})
        and event.id not in checkout["seen"]
    )


def _payment_lines(cart: Mapping[str, Any]) -> list[PaymentLine]:
    """Return what is paid for: each line, then each store's shipping and taxes, as whole amounts that add up."""
    lines = []
    for store in cart["stores"]:
        for line in store["cart_lines"]:
            variant, product = line["variant"] or {}, line["product"] or {}
            if not variant.get("price"):
                raise Unpayable("a line of the cart has no price")
            lines.append(PaymentLine(_name(product, variant), variant["price"]["value"], line["quantity"]))
        if method := (store["offer"] or {}).get("selected_shipping_method"):
            lines.append(PaymentLine(f"Shipping: {method['label']} ({store['store']})", method["price"]["value"]))
            lines.append(PaymentLine(f"Taxes ({store['store']})", method["taxes"]["value"]))
    return [line for line in lines if line.unit_amount]


def _name(product: Mapping[str, Any], variant: Mapping[str, Any]) -> str:
    title = product.get("title") or "Something"
    return title if variant["id"] == product.get("id") else f"{title} ({variant['title']})"


def _submit(world: World, record: CartRecord) -> None:
    created_at = datetime.fromtimestamp(world.clock.time(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    record.cart["status"] = "SUBMITTED"
    for store in record.cart["stores"]:
        store["is_submitted"] = True
        record.orders.append(
            {
                "id": world.ids.new("order_", 20),
                "cart_id": record.cart["id"],
                "status": "SUBMITTED",
                "events": [{"id": world.ids.new("order_event_", 20), "created_at": created_at}],
                "required_actions": [],
            }
        )
