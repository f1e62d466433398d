"""Making subscriptions: their items, trial and cycle, their first invoice, and how that is paid.

Events: `customer.subscription.created`, beside those of the invoice and its payment.
"""

from collections.abc import Sequence

from diddo_gateways.stripe_fake.billing.beginning import begin, first_lines
from diddo_gateways.stripe_fake.billing.clocks import clock_of, now_for
from diddo_gateways.stripe_fake.billing.subscription_billing import bill, collect_now, collected
from diddo_gateways.stripe_fake.billing.subscription_dates import WILL_END_BEFORE, schedule
from diddo_gateways.stripe_fake.billing.subscription_methods import ask_for_method, remember_method
from diddo_gateways.stripe_fake.billing.subscription_states import ENDED, SUBSCRIPTIONS
from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["make_subscription"]

KIND = "subscription"
MOST_ON_CLOCK = 3


async def make_subscription(work: Work, params: JsonObject, *, paid_by: JsonObject | None = None) -> JsonObject:
    """Make a subscription from the parameters of its creation, bill its first period, and return it.

    Args:
        work: the unit of work.
        params: as `POST /v1/subscriptions` takes them.
        paid_by: the payment intent that has paid the first invoice beforehand, or will once its bank says so.

    Raises:
        PaymentFailed: the first payment failed and `payment_behavior` is `error_if_incomplete`; nothing is kept.
        StripeError: the parameters do not hold, or there is nothing to charge.
    """
    if "customer" not in params:
        raise MissingParameter("customer")
    customer = await work.fetch("customer", params["customer"], param="customer", status=400)
    now = await now_for(work, customer["id"])
    await _check_clock(work, customer)
    subscription, items = await begin(work, params, customer)
    await _bill_first(work, subscription, params, items, now, paid_by)
    await schedule(work, subscription, now)
    work.emit("customer.subscription.created", subscription)
    if subscription["status"] == "trialing" and subscription["trial_end"] <= now + WILL_END_BEFORE:
        work.emit("customer.subscription.trial_will_end", subscription)
    return subscription


async def _check_clock(work: Work, customer: JsonObject) -> None:
    if await clock_of(work, customer["id"]) is None:
        return
    alive = [f"status={status}" for status in SUBSCRIPTIONS.edges if status not in ENDED]
    terms = [[f"customer={customer['id']}"], alive]
    if len(await work.world.page(KIND, limit=MOST_ON_CLOCK, terms=terms)) == MOST_ON_CLOCK:
        raise InvalidRequest(
            f"You have reached the limit of {MOST_ON_CLOCK} subscriptions of a customer on a test clock.",
            param="customer",
        )


async def _bill_first(
    work: Work,
    subscription: JsonObject,
    params: JsonObject,
    items: Sequence[JsonObject],
    now: int,
    paid_by: JsonObject | None,
) -> None:
    """Bill what the first period costs, and let the outcome decide how the subscription begins."""
    lines = await first_lines(work, subscription, params, items, now)
    if not lines:
        # All of it is metered: the first invoice comes when the period is over.
        SUBSCRIPTIONS.move(subscription, "collect", "active")
        return
    invoice = await bill(work, subscription, lines, reason="subscription_create", now=now)
    begins = subscription["status"]
    if subscription["collection_method"] == "send_invoice":
        # It is finalized and sent an hour later; until it is due the customer is trusted.
        if begins == "incomplete":
            SUBSCRIPTIONS.move(subscription, "collect", "active")
    else:
        behavior = params.get("payment_behavior", "allow_incomplete")
        # The subscription follows this invoice only once it has it as its latest.
        if paid_by is None:
            paid = await collect_now(work, invoice, behavior=behavior, off_session=bool(params.get("off_session")))
        else:
            paid = await collected(work, invoice, paid_by)
        if begins == "incomplete" and paid:
            SUBSCRIPTIONS.move(subscription, "collect", "active")
        await remember_method(work, subscription, invoice)
        if behavior == "default_incomplete" and paid:
            await ask_for_method(work, subscription)
    subscription["latest_invoice"] = invoice["id"]
