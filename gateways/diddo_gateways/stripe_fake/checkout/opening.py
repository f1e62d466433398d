"""Opening a checkout session: from the parameters of its creation to a session that can be paid."""

from diddo_gateways.stripe_fake.billing.redemption import Purchase, redeemable
from diddo_gateways.stripe_fake.checkout.content import new_content
from diddo_gateways.stripe_fake.checkout.lines import Lines
from diddo_gateways.stripe_fake.checkout.rules import check
from diddo_gateways.stripe_fake.checkout.settings import describe, expiry
from diddo_gateways.stripe_fake.checkout.shipping import shipping_options
from diddo_gateways.stripe_fake.checkout.states import expiry_timer
from diddo_gateways.stripe_fake.checkout.totals import add_up
from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.payments.method_types import fits
from diddo_gateways.stripe_fake.payments.owners import own
from diddo_gateways.stripe_fake.payments.setup import make_setup_intent
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["apply_discount", "has_trial", "open_session"]

KIND = "checkout.session"
MOST_LINES = 100
FREE_UNTIL = ("trial_end", "trial_period_days", "billing_cycle_anchor", "billing_cycle_anchor_config")


async def open_session(
    work: Work, params: JsonObject, *, payment_link: str | None = None, recovered_from: str | None = None
) -> JsonObject:
    """Open a session and put it into the work; nothing is told, as at Stripe.

    Args:
        work: the unit of work.
        params: as `POST /v1/checkout/sessions` takes them.
        payment_link: the id of the payment link that opens it.
        recovered_from: the id of the expired session that it stands for.

    Raises:
        StripeError: the parameters do not hold, or ask for what is not modelled.
    """
    check(params, now=work.now)
    customer = None
    if "customer" in params:
        customer = await work.fetch("customer", params["customer"], param="customer", status=400)
    session = blank(KIND)
    session |= describe(params, work)
    session |= {
        "id": work.new_id("cs_test_c1" if params["mode"] == "setup" else "cs_test_a1", 56),
        "created": work.now,
        "customer_details": _known_customer(customer, params),
        "expires_at": expiry(params, now=work.now),
        "payment_link": payment_link,
        "recovered_from": recovered_from,
        "status": "open",
    }
    _check_tax_location(params, customer)
    content = new_content(session["id"], params)
    if params["mode"] == "setup":
        await _set_up(work, session, params)
    else:
        await _sell(work, session, content, params)
    _open_door(work, session)
    work.insert(session)
    work.insert(content)
    work.later("expire_session", session["expires_at"], message_id=expiry_timer(session), session=session["id"])
    return session


async def _sell(work: Work, session: JsonObject, content: JsonObject, params: JsonObject) -> None:
    fixed = check_currency(params["currency"]) if "currency" in params else None
    reader = Lines(work, mode=params["mode"], currency=fixed, trial=has_trial(params))
    content["line_items"] = await reader.read(params["line_items"])
    if "optional_items" in params:
        content["optional_items"] = await reader.read(params["optional_items"], param="optional_items")
        session["optional_items"] = [_optional(item) for item in content["optional_items"]]
        if len(content["line_items"]) + len(content["optional_items"]) > MOST_LINES:
            raise InvalidRequest(f"You can pass at most {MOST_LINES} line items.", param="optional_items")
    reader.check_kinds(content["line_items"])
    content["rates"], content["prices"] = reader.rates, reader.prices
    currency = session["currency"] = reader.currency or ""
    _fit_types(session)
    session["discounts"] = []
    if "shipping_options" in params:
        session["shipping_options"] = await shipping_options(work, params["shipping_options"], currency=currency)
    for given in params.get("discounts", ()):
        await apply_discount(work, session, content, given)
    add_up(session, content)


def _fit_types(session: JsonObject) -> None:
    """Leave the types of payment method that the session's currency can be paid with."""
    types, currency = session["payment_method_types"], session["currency"]
    session["payment_method_types"] = [name for name in types if fits(name, currency)]
    if not session["payment_method_types"]:
        raise InvalidRequest(
            f"None of the payment method types that are allowed ({', '.join(types)}) can be used with the currency"
            f" `{currency}`.",
            param="allowed_payment_method_types",
        )


def has_trial(params: JsonObject) -> bool:
    """Say whether the subscription that a session's parameters describe costs nothing at first.

    That is so in a trial, and until a `billing_cycle_anchor` before which nothing is prorated.
    """
    return any(name in params.get("subscription_data", ()) for name in FREE_UNTIL)


def _optional(item: JsonObject) -> JsonObject:
    bounds = item["adjustable_quantity"]
    return {"adjustable_quantity": bounds, "price": item["price"]["id"], "quantity": item["quantity"]}


async def apply_discount(
    work: Work, session: JsonObject, content: JsonObject, given: JsonObject, *, param: str = "discounts[0]"
) -> None:
    """Take a coupon or a promotion code off a session's lines; what it comes to is written when they are added up.

    It is redeemed when the session is completed: until then it is only shown.

    Raises:
        StripeError: there is none of that id, or it may not be redeemed for what the session sells.
    """
    lines = content["line_items"]
    purchase = Purchase(
        currency=session["currency"],
        amount=sum(line["amount_subtotal"] for line in lines),
        products=[line["price"]["product"] for line in lines],
    )
    found = await redeemable(work, given, customer=session["customer"], purchase=purchase, param=param)
    code = found.promotion_code and found.promotion_code["id"]
    shown = blank("discount") | {
        "id": work.new_id("di_1", 23),
        "checkout_session": session["id"],
        "customer": session["customer"],
        "promotion_code": code,
        "source": {"coupon": found.coupon["id"], "type": "coupon"},
        "start": work.now,
    }
    content["discounts"] = [{"coupon": found.coupon, "promotion_code": code, "discount": shown}]
    session["discounts"] = [{"coupon": None if code else found.coupon["id"], "promotion_code": code}]


async def _set_up(work: Work, session: JsonObject, params: JsonObject) -> None:
    """Give a session in setup mode its intent, which is made at once: there is nothing to wait for."""
    if "currency" in params:
        session["currency"] = check_currency(params["currency"])
    data = params.get("setup_intent_data", {})
    given: JsonObject = {
        "automatic_payment_methods": {"enabled": False},
        "usage": "off_session",
        **{name: data[name] for name in ("description", "metadata") if name in data},
    }
    if session["customer"] is not None:
        given["customer"] = session["customer"]
    intent = await make_setup_intent(work, given)
    own(work, intent["id"], KIND, session["id"])
    session["setup_intent"] = intent["id"]
    session["payment_status"] = "no_payment_required"
    work.emit("setup_intent.created", intent)


def _check_tax_location(params: JsonObject, customer: JsonObject | None) -> None:
    """Hold a known customer against automatic taxes, which need to know where the customer is."""
    if customer is None or not params.get("automatic_tax", {}).get("enabled") or customer["address"] is not None:
        return
    updates = params.get("customer_update", {})
    if "auto" not in (updates.get("address"), updates.get("shipping")):
        raise InvalidRequest(
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the"
            " Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto' to"
            " save the address entered in Checkout to the Customer.",
            code="customer_tax_location_invalid",
        )


def _open_door(work: Work, session: JsonObject) -> None:
    """Give a session what it is paid through: the page's URL, or the secret for Stripe.js."""
    if session["ui_mode"] == "hosted_page":
        session["url"] = f"{work.fake.pages_url}/c/pay/{session['id']}#{work.new_id('fid', 40)}"
    else:
        session["client_secret"] = f"{session['id']}_secret_{work.new_id('fid', 40)}"


def _known_customer(customer: JsonObject | None, params: JsonObject) -> JsonObject | None:
    """Return what a session shows of its customer; of names it has none until the shopper gives one."""
    taxed = params["mode"] != "setup"
    if customer is not None:
        known: JsonObject = {name: customer.get(name) for name in ("email", "phone")}
        return {**NOBODY, **known, "tax_exempt": customer["tax_exempt"] if taxed else None}
    email = params.get("customer_email")
    return None if email is None else {**NOBODY, "email": email, "tax_exempt": "none" if taxed else None}


NOBODY: JsonObject = {
    "address": None,
    "business_name": None,
    "email": None,
    "individual_name": None,
    "name": None,
    "phone": None,
    "tax_exempt": "none",
    "tax_ids": None,
}
