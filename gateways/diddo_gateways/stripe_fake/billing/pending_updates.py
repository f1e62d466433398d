"""Updates that wait for their payment: a change that takes effect once its invoice is paid, or never.

What is to become of the subscription is kept as a document of kind `pending_update` under the subscription's id:
`{"items": [subscription items], "fields": {subscription's fields}, "invoice": id}`.

Events: `customer.subscription.pending_update_applied`, `customer.subscription.pending_update_expired`.
"""

from collections.abc import Sequence

from diddo_gateways.stripe_fake.billing.invoicing import void
from diddo_gateways.stripe_fake.billing.subscription_items import items_of, put
from diddo_gateways.stripe_fake.billing.subscription_news import snapshot, tell
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["apply_update", "discard_update", "expire_update", "hold_update"]

KIND = "pending_update"
WAITS_FOR = 23 * 3600
# What of the subscription itself an update that waits can change.
FIELDS = ("billing_cycle_anchor", "billing_cycle_anchor_config", "status", "trial_end", "trial_start")


async def hold_update(
    work: Work, subscription: JsonObject, before: JsonObject, items: Sequence[JsonObject], now: int
) -> None:
    """Take a change back whose invoice, the subscription's latest, was not paid, until it is.

    Args:
        work: the unit of work.
        subscription: as changed.
        before: what it was.
        items: its items before, in full.
        now: the time in Unix seconds.
    """
    wanted = [snapshot(item) for item in await items_of(work, subscription)]
    fields = {name: subscription[name] for name in FIELDS}
    invoice = subscription["latest_invoice"]
    former = {**snapshot(before), "latest_invoice": invoice, "items": subscription["items"]}
    subscription.clear()
    subscription.update(former)
    await _become(work, subscription, items)
    changed = {name: fields[name] for name in ("billing_cycle_anchor", "trial_end") if fields[name] != before[name]}
    subscription["pending_update"] = {
        "billing_cycle_anchor": changed.get("billing_cycle_anchor"),
        "expires_at": now + WAITS_FOR,
        "subscription_items": wanted,
        "trial_end": changed.get("trial_end"),
        "trial_from_plan": None,
    }
    kept = await work.get(KIND, subscription["id"])
    if kept is None:
        kept = {"id": subscription["id"], "object": KIND}
        work.insert(kept)
    kept |= {"items": wanted, "fields": fields, "invoice": invoice}
    work.save(kept)


async def _become(work: Work, subscription: JsonObject, items: Sequence[JsonObject]) -> None:
    """Set a subscription's items to copies: those that it has are overwritten, further ones are made."""
    result = []
    for copy in items:
        item = await work.get("subscription_item", copy["id"])
        if item is None:
            item = snapshot(copy)
        else:
            item.clear()
            item.update(snapshot(copy))
        result.append(item)
    await put(work, subscription, result)


async def apply_update(work: Work, subscription: JsonObject, invoice: JsonObject) -> bool:
    """Carry out the change that waited for an invoice; say whether there was one."""
    kept = await work.get(KIND, subscription["id"])
    if kept is None or kept["invoice"] != invoice["id"]:
        return False
    await _become(work, subscription, kept["items"])
    subscription |= {**kept["fields"], "pending_update": None}
    work.remove(kept)
    return True


async def discard_update(work: Work, subscription: JsonObject, invoice: JsonObject | None = None) -> bool:
    """Forget the change that waits, if it waits for that invoice; say whether there was one."""
    kept = await work.get(KIND, subscription["id"])
    if kept is None or (invoice is not None and kept["invoice"] != invoice["id"]):
        return False
    subscription["pending_update"] = None
    work.remove(kept)
    return True


async def expire_update(work: Work, subscription: JsonObject, at: int) -> None:
    """Give up a change that nobody has paid for in time: its invoice is void, by which it is told."""
    waiting = subscription["pending_update"]
    if waiting is None or waiting["expires_at"] > at:
        return None
    kept = await work.fetch(KIND, subscription["id"])
    invoice = await work.get("invoice", kept["invoice"])
    if invoice is not None and invoice["status"] == "open":
        return await void(work, invoice)
    before = snapshot(subscription)
    await discard_update(work, subscription)
    return tell(work, subscription, before, "pending_update_expired")
