"""What becomes of a subscription by what becomes of its invoices.

Events: `customer.subscription.updated`, `.deleted`, `.resumed`, `.pending_update_applied`, `.pending_update_expired`.
"""

from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.billing.ending import end
from diddo_gateways.stripe_fake.billing.invoice_news import News, on_invoice
from diddo_gateways.stripe_fake.billing.pending_updates import apply_update, discard_update
from diddo_gateways.stripe_fake.billing.subscription_dates import schedule
from diddo_gateways.stripe_fake.billing.subscription_methods import remember_method
from diddo_gateways.stripe_fake.billing.subscription_news import snapshot, tell
from diddo_gateways.stripe_fake.billing.subscription_states import ENDED, SUBSCRIPTIONS
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["follow"]

FIRST = "subscription_create"


@on_invoice
async def follow(work: Work, invoice: JsonObject, what: News) -> None:
    """Move a subscription by what happened to one of its invoices; one that is still being made decides for itself."""
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    subscription = await work.get("subscription", details.get("subscription") or "")
    if subscription is None or subscription["latest_invoice"] is None or subscription["status"] in ENDED:
        return
    before = snapshot(subscription)
    events = []
    if what == "paid":
        events = await _paid(work, subscription, invoice)
    elif what == "payment_failed":
        if await _failed(work, subscription, invoice):
            return
    elif what in ("voided", "marked_uncollectible"):
        _given_up(subscription, invoice, what)
        if await discard_update(work, subscription, invoice):
            events = ["pending_update_expired"]
    tell(work, subscription, before, *events)
    if subscription["status"] != before["status"] or events:
        await schedule(work, subscription, invoice["created"])


async def _paid(work: Work, subscription: JsonObject, invoice: JsonObject) -> list[str]:
    """Take note of a payment; return what else there is to tell."""
    await remember_method(work, subscription, invoice)
    if await apply_update(work, subscription, invoice):
        return ["pending_update_applied"]
    is_latest = invoice["id"] == subscription["latest_invoice"]
    if subscription["status"] == "incomplete" and invoice["billing_reason"] == FIRST:
        in_trial = (subscription["trial_end"] or 0) > await now_for(work, subscription["customer"])
        SUBSCRIPTIONS.move(subscription, "collect", "trialing" if in_trial else "active")
    elif subscription["status"] in ("past_due", "unpaid") and is_latest:
        SUBSCRIPTIONS.move(subscription, "collect", "active")
    elif subscription["status"] == "paused" and is_latest and invoice["billing_reason"] == "subscription_update":
        SUBSCRIPTIONS.move(subscription, "resume", "active")
        subscription["status_details"] = None
        return ["resumed"]
    return []


async def _failed(work: Work, subscription: JsonObject, invoice: JsonObject) -> bool:
    """Take note of a failed attempt; after the last one the subscription ends, which is told already."""
    waiting = await work.get("pending_update", subscription["id"])
    if waiting is not None and waiting["invoice"] == invoice["id"]:
        # The subscription goes on as it was.
        return False
    if "fail" not in SUBSCRIPTIONS.edges[subscription["status"]]:
        return False
    before = snapshot(subscription)
    SUBSCRIPTIONS.move(subscription, "fail", "past_due")
    if not _is_last(invoice):
        return False
    tell(work, subscription, before)
    await end(work, subscription, await now_for(work, subscription["customer"]), reason="payment_failed")
    return True


def _is_last(invoice: JsonObject) -> bool:
    """Say whether an invoice that is collected by itself has failed for good."""
    by_itself = invoice["auto_advance"] and invoice["collection_method"] == "charge_automatically"
    return bool(by_itself and invoice["billing_reason"] != FIRST and invoice["next_payment_attempt"] is None)


def _given_up(subscription: JsonObject, invoice: JsonObject, what: News) -> None:
    if subscription["status"] == "incomplete" and invoice["billing_reason"] == FIRST and what == "voided":
        SUBSCRIPTIONS.move(subscription, "lapse")
    elif subscription["status"] in ("past_due", "unpaid") and invoice["id"] == subscription["latest_invoice"]:
        SUBSCRIPTIONS.move(subscription, "collect", "active")
