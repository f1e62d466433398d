"""Random walks of subscriptions through the SDK: no status is come by but along an edge of the table."""

from typing import Any

import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plans import DAY, START, Plans

from diddo_gateways.stripe_fake.billing.subscription_states import ENDED, SUBSCRIPTIONS

STEPS = (
    "good card",
    "bad card",
    "more",
    "less",
    "pause",
    "resume",
    "trial",
    "end trial",
    "cancel",
    "later",
    "week",
    "pay",
)
EDGES = {
    (status, target)
    for status, actions in SUBSCRIPTIONS.edges.items()
    for targets in actions.values()
    for target in targets
}


class Walk:
    """One subscription, its customer, and what may be done with them."""

    def __init__(self, plans: Plans, behaviour: str, days: int) -> None:
        self.plans = plans
        self.now = START
        self.customer = plans.customer()
        self.subscription = plans.subscribe(
            customer=self.customer, payment_behavior=behaviour, **({"trial_period_days": days} if days else {})
        )
        self.item = self.subscription["items"].data[0].id

    def take(self, step: str) -> None:
        """Take a step; one that the state does not allow, or that a card declines, is refused and changes nothing."""
        try:
            self._take(step)
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            assert error.http_status in (400, 402, 404), error  # noqa: PT017

    def _take(self, step: str) -> None:
        subscriptions, one = self.plans.v1.subscriptions, self.subscription.id
        at_once = {"proration_behavior": "always_invoice"}
        match step:
            case "good card" | "bad card":
                card = "pm_card_visa" if step == "good card" else "pm_card_chargeCustomerFail"
                self.plans.card(self.customer, card)
            case "more" | "less":
                quantity = 5 if step == "more" else 1
                subscriptions.update(one, {"items": [{"id": self.item, "quantity": quantity}], **at_once})
            case "pause":
                subscriptions.pause(one)
            case "resume":
                subscriptions.resume(one)
            case "trial" | "end trial":
                subscriptions.update(one, {"trial_end": self.now + 5 * DAY if step == "trial" else "now"})
            case "cancel":
                subscriptions.update(one, {"cancel_at": self.now + 9 * DAY})
            case "later" | "week":
                self.now += DAY if step == "later" else 7 * DAY
                self.plans.advance(self.now)
            case "pay":
                self.plans.v1.invoices.pay(self.plans.now(self.subscription).latest_invoice)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    behaviour=st.sampled_from(["allow_incomplete", "default_incomplete"]),
    days=st.sampled_from([0, 0, 4]),
    steps=st.lists(st.sampled_from(STEPS), max_size=9),
)
def test_a_walk_keeps_to_the_table(shop: Any, well_formed: Any, behaviour: str, days: int, steps: list[str]) -> None:
    walk = Walk(Plans(shop), behaviour, days)
    for step in steps:
        walk.take(step)
    ended = walk.plans.now(walk.subscription)
    well_formed(ended)
    assert (ended.ended_at is not None) == (ended.status == "canceled")
    for invoice in walk.plans.invoices(ended):
        well_formed(invoice)
        assert invoice.amount_due == invoice.amount_paid + invoice.amount_remaining
    taken = _moves(walk)
    assert set(taken) <= EDGES
    assert ended.status not in ENDED or ended["items"].data


def _moves(walk: Walk) -> list[tuple[str, str]]:
    """Return from where to where the subscription's status went, as its events tell."""
    events = walk.plans.v1.events.list({"type": "customer.subscription.updated", "limit": 100}).data
    own = [event.data for event in events if event.data.object["id"] == walk.subscription.id]
    changed = [data for data in own if "status" in (data.previous_attributes or {})]
    return [(data.previous_attributes["status"], data.object["status"]) for data in changed]
