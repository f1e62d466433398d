"""Who hears of what becomes of invoices: their events, and the objects that follow them, such as subscriptions."""

from collections.abc import Awaitable, Callable
from typing import Literal

import orjson

from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["Follower", "News", "announce_change", "on_invoice", "photograph", "tell_followers"]

News = Literal["finalized", "paid", "payment_failed", "payment_action_required", "voided", "marked_uncollectible"]
# Gets the work, the invoice in its new state, and what happened to it.
Follower = Callable[[Work, JsonObject, News], Awaitable[None]]
_followers: list[Follower] = []


def on_invoice(follower: Follower) -> Follower:
    """Register what is called whenever one of the `News` happens to an invoice, after its own events."""
    _followers.append(follower)
    return follower


async def tell_followers(work: Work, invoice: JsonObject, what: News) -> None:
    """Call the followers, in the order in which they were registered."""
    for follower in _followers:
        await follower(work, invoice, what)


def photograph(invoice: JsonObject) -> JsonObject:
    """Return a copy of an invoice as it is now, to compare it with later."""
    copy: JsonObject = orjson.loads(orjson.dumps(invoice))
    return copy


def announce_change(work: Work, invoice: JsonObject, before: JsonObject) -> None:
    """Save an invoice and emit `invoice.updated` with what it was before; nothing is emitted when nothing changed."""
    work.save(invoice)
    changed = {name: value for name, value in before.items() if invoice.get(name) != value}
    if "metadata" in changed:
        was, now = changed["metadata"] or {}, invoice["metadata"] or {}
        changed["metadata"] = {key: was.get(key) for key in {**was, **now} if was.get(key) != now.get(key)}
    if changed:
        work.emit("invoice.updated", invoice, changed)
