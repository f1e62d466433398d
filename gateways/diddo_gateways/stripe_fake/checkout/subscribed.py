"""The subscription that a completed checkout session begins: made once its first invoice is paid."""

from diddo_gateways.stripe_fake.billing.automatic_tax import is_located
from diddo_gateways.stripe_fake.billing.subscribing import make_subscription
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["subscribe"]

# Parameters of `subscription_data` that a subscription takes under the same name.
TAKEN = (
    "billing_cycle_anchor",
    "billing_cycle_anchor_config",
    "billing_mode",
    "default_tax_rates",
    "description",
    "invoice_settings",
    "metadata",
    "pending_invoice_item_interval",
    "proration_behavior",
    "trial_end",
    "trial_period_days",
    "trial_settings",
)


async def subscribe(work: Work, session: JsonObject, content: JsonObject, intent: JsonObject | None) -> None:
    """Make the subscription of a session, and write it and its first invoice into the session.

    Args:
        work: the unit of work.
        session: with the customer.
        content: the session's.
        intent: the payment intent that paid, or the setup intent that saved what later invoices are charged to.
    """
    lines, rates = content["line_items"], content["rates"]
    params: JsonObject = {
        "add_invoice_items": [_item(line, rates) for line in lines if line["price"]["type"] == "one_time"],
        "currency": session["currency"],
        "customer": session["customer"],
        "discounts": [_given(one) for one in content["discounts"]],
        # What is described inline has inactive prices, which are sold all the same.
        "items": [{**_item(line, rates), "sold": True} for line in lines if line["price"]["type"] == "recurring"],
        # Without anything to pay with the first invoice waits, as one of no cost does not.
        "payment_behavior": "default_incomplete",
    }
    data = content["request"].get("subscription_data", {})
    params |= {name: data[name] for name in TAKEN if name in data}
    if session["automatic_tax"]["enabled"] and is_located(await work.get("customer", session["customer"]) or {}):
        params["automatic_tax"] = {"enabled": True}
    if intent is not None and intent["payment_method"] is not None:
        params["default_payment_method"] = intent["payment_method"]
    paid_by = intent if intent is not None and intent["object"] == "payment_intent" else None
    subscription = await make_subscription(work, params, paid_by=paid_by)
    session["subscription"] = subscription["id"]
    session["invoice"] = subscription["latest_invoice"]


def _item(line: JsonObject, rates: JsonObject) -> JsonObject:
    item = {"metadata": line["metadata"], "price": line["price"]["id"]}
    if line["quantity"] is not None:
        item["quantity"] = line["quantity"]
    if line["id"] in rates:
        item["tax_rates"] = [rate["id"] for rate in rates[line["id"]]]
    return item


def _given(discount: JsonObject) -> JsonObject:
    if discount["promotion_code"]:
        return {"promotion_code": discount["promotion_code"]}
    return {"coupon": discount["coupon"]["id"]}
