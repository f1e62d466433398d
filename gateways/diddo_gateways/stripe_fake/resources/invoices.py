"""Invoices: `/v1/invoices`. The states and their edges are in `billing.invoice_states.INVOICES`.

Events: `invoice.created`, `.updated`, `.deleted`, `.finalized`, `.sent`, `.paid`, `.payment_succeeded`,
`.payment_failed`, `.payment_action_required`, `.voided`, `.marked_uncollectible`, `.finalization_failed`.
"""

from diddo_gateways.stripe_fake.billing import drafting, invoicing
from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.billing.collecting import credit_payment, settle
from diddo_gateways.stripe_fake.billing.invoice_items import currency_of, pending_items
from diddo_gateways.stripe_fake.billing.invoice_news import announce_change, photograph
from diddo_gateways.stripe_fake.billing.invoice_payments import add_payment
from diddo_gateways.stripe_fake.billing.invoice_settings import PLAIN_RENDERING, due_date, invoice_fields
from diddo_gateways.stripe_fake.billing.invoice_states import INVOICES, InvoiceFinal
from diddo_gateways.stripe_fake.billing.previewing import preview
from diddo_gateways.stripe_fake.billing.revising import revise
from diddo_gateways.stripe_fake.billing.subscription_billing import covered
from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.errors import CardError, InvalidRequest, MissingParameter, NotModelled
from diddo_gateways.stripe_fake.generic.scanning import scan
from diddo_gateways.stripe_fake.kinds import filtered_by, term
from diddo_gateways.stripe_fake.lists import created_bounds, cursors, limit_of, list_body, listed, position
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.owners import own, owner_of
from diddo_gateways.stripe_fake.work import JsonObject, Work

KIND = "invoice"
SUBSCRIPTION = "parent.subscription_details.subscription"
# What may be changed of an invoice that is final: nothing that the customer sees.
ALWAYS_UPDATABLE = frozenset(
    {"auto_advance", "default_payment_method", "default_source", "metadata", "payment_settings"}
)
NEW_SETTINGS = {"default_mandate": None, "payment_method_options": None, "payment_method_types": None}
REQUIRES_ACTION = (
    "This payment requires additional user action before it can be completed successfully. Payment can be completed"
    " using the PaymentIntent associated with the invoice. For more details see:"
    " https://stripe.com/docs/billing/subscriptions/overview#requires-action"
)
NOT_SENDABLE = (
    "This invoice cannot be sent right now. Please contact us via https://support.stripe.com/contact with details, so"
    " we can help."
)

FILTERS = ("collection_method", "customer", "customer_account", "status")
filtered_by(KIND, *FILTERS, SUBSCRIPTION)


@operation("POST /v1/invoices")
async def create(call: Call) -> Answer:
    """Make a draft, of pending invoice items if it is to include them."""
    work, params = call.work, call.params
    if "from_invoice" in params:
        refused = next((name for name in params if name not in ("from_invoice", "auto_advance", "metadata")), None)
        if refused:
            raise NotModelled(f"The parameter {refused} beside from_invoice: update the draft instead")
        return await revise(work, params)
    if "customer" not in params:
        raise MissingParameter("customer")
    customer = await work.fetch("customer", params["customer"], param="customer", status=400)
    items = await _items(work, params)
    currency = check_currency(params.get("currency") or currency_of(items) or customer["currency"] or "usd")
    method = params.get("collection_method", "charge_automatically")
    about = {
        "id": work.new_id("in_1", 23),
        "currency": currency,
        "customer": customer["id"],
        "payment_settings": NEW_SETTINGS,
    }
    now = await now_for(work, customer["id"])
    fields = (
        {"rendering": PLAIN_RENDERING}
        | await invoice_fields(work, about, params)
        | {
            "id": about["id"],
            "due_date": due_date(params, collection_method=method, created=now),
        }
    )
    if "discounts" not in params and customer["discount"]:
        fields["discounts"] = [customer["discount"]["id"]]
    return await drafting.draft(
        work,
        customer=customer["id"],
        currency=currency,
        lines=(),
        items=items,
        billing_reason="manual",
        collection_method=method,
        auto_advance=params.get("auto_advance", False) or "automatically_finalizes_at" in params,
        subscription=params.get("subscription"),
        metadata=merged({}, params.get("metadata", {})),
        period=await _period(work, params, now),
        finalizes_at=params.get("automatically_finalizes_at"),
        fields=fields,
    )


@operation("POST /v1/invoices/create_preview")
async def create_preview(call: Call) -> Answer:
    """Return what the next invoice of a customer or a subscription would be."""
    return await preview(call.work, call.params)


async def _period(work: Work, params: JsonObject, now: int) -> tuple[int, int]:
    if "subscription" not in params:
        return now, now
    return covered(await work.fetch("subscription", params["subscription"], param="subscription", status=400), now)


async def _items(work: Work, params: JsonObject) -> list[JsonObject]:
    """Return the pending items that a new invoice takes up: those of its currency, and of its subscription alone."""
    subscription = params.get("subscription")
    if subscription is not None:
        await work.fetch("subscription", subscription, param="subscription", status=400)
    elif params.get("pending_invoice_items_behavior", "exclude") == "exclude":
        return []
    items = await pending_items(work, params["customer"], subscription=subscription, only=subscription is not None)
    wanted = params.get("currency", "").lower()
    return [item for item in items if item["currency"] == wanted] if wanted else items


@operation("GET /v1/invoices/{invoice}")
async def retrieve(call: Call) -> Answer:
    """Return an invoice."""
    return await call.work.stored(KIND, call.path["invoice"], param="invoice")


@operation("GET /v1/invoices")
async def list_(call: Call) -> Answer:
    """List invoices."""
    params = call.params
    terms = []
    if "subscription" in params:
        terms.append([f"{SUBSCRIPTION}={params['subscription']}"])
    if "due_date" not in params:
        return await listed(call, KIND, terms=terms)
    least, most = created_bounds(params["due_date"]) or (0, 0)
    after, before = cursors(params)
    documents, more = await scan(
        call.work.world,
        KIND,
        limit=limit_of(params),
        conditions=[lambda invoice: invoice["due_date"] is not None and least <= invoice["due_date"] <= most],
        terms=[*terms, *[[term(name, params[name])] for name in FILTERS if name in params]],
        created=created_bounds(params.get("created")),
        after=None if after is None else await position(call, KIND, after, "starting_after"),
        before=None if before is None else await position(call, KIND, before, "ending_before"),
    )
    return list_body(documents, call.url, has_more=more)


@operation("POST /v1/invoices/{invoice}")
async def update(call: Call) -> Answer:
    """Change a draft; of a final invoice only what the customer does not see."""
    work, params = call.work, call.params
    invoice = await work.fetch(KIND, call.path["invoice"])
    before = photograph(invoice)
    final = invoice["status"] != "draft"
    if final and (refused := next((name for name in params if name not in ALWAYS_UPDATABLE), None)):
        raise InvoiceFinal(refused)
    invoice |= await invoice_fields(work, invoice, params)
    if "metadata" in params:
        invoice["metadata"] = merged(invoice["metadata"], params["metadata"])
    if "auto_advance" in params:
        invoice["auto_advance"] = params["auto_advance"]
    if final:
        if not invoice["auto_advance"]:
            invoice["next_payment_attempt"] = None
    else:
        await _update_draft(work, invoice, params)
    announce_change(work, invoice, before)
    return invoice


async def _update_draft(work: Work, invoice: JsonObject, params: JsonObject) -> None:
    if "collection_method" in params:
        invoice["collection_method"] = params["collection_method"]
        invoice["due_date"] = None
    if {"collection_method", "due_date", "days_until_due"} & set(params):
        method = invoice["collection_method"]
        invoice["due_date"] = due_date(params, collection_method=method, created=invoice["created"])
    if {"auto_advance", "collection_method", "automatically_finalizes_at"} & set(params):
        await drafting.set_window(work, invoice, at=params.get("automatically_finalizes_at"))
    await drafting.reckon_again(work, invoice)


@operation("DELETE /v1/invoices/{invoice}")
async def delete(call: Call) -> Answer:
    """Delete a draft; the items on it are gone with it, though they can still be read."""
    work = call.work
    invoice = await work.fetch(KIND, call.path["invoice"], param="invoice")
    if invoice["status"] != "draft":
        raise InvalidRequest("You can only delete draft invoices.")
    work.emit("invoice.deleted", invoice)
    work.remove(invoice)
    return {"id": invoice["id"], "object": KIND, "deleted": True}


@operation("POST /v1/invoices/{invoice}/finalize")
async def finalize(call: Call) -> Answer:
    """Make a draft final."""
    invoice = await call.work.fetch(KIND, call.path["invoice"])
    await invoicing.finalize(call.work, invoice, auto_advance=call.params.get("auto_advance"))
    return invoice


@operation("POST /v1/invoices/{invoice}/pay")
async def pay(call: Call) -> Answer:
    """Collect an invoice now, or note that it was paid elsewhere."""
    work, params = call.work, call.params
    if "source" in params or "mandate" in params:
        raise NotModelled(f"The parameter {'source' if 'source' in params else 'mandate'} of paying an invoice")
    invoice = await work.fetch(KIND, call.path["invoice"])
    if params.get("paid_out_of_band"):
        return await _paid_elsewhere(work, invoice)
    off_session = params.get("off_session", True)
    method = params.get("payment_method")
    intent = await invoicing.pay(work, invoice, payment_method=method, off_session=off_session)
    if intent is not None and intent["status"] == "requires_action":
        extra = {"payment_intent": intent}
        raise CardError(REQUIRES_ACTION, code="invoice_payment_intent_requires_action", extra=extra, keeps_changes=True)
    return invoice


async def _paid_elsewhere(work: Work, invoice: JsonObject) -> JsonObject:
    if invoice["status"] == "draft":
        await invoicing.finalize(work, invoice)
    if invoice["status"] != "paid" or invoice["amount_due"]:
        INVOICES.check(invoice, "pay")
        await settle(work, invoice, out_of_band=True)
    return invoice


@operation("POST /v1/invoices/{invoice}/send")
async def send(call: Call) -> Answer:
    """Send an invoice by e-mail, which nobody gets; a draft is finalized first."""
    work = call.work
    invoice = await work.fetch(KIND, call.path["invoice"], param="invoice")
    if invoice["status"] == "draft":
        await invoicing.finalize(work, invoice)
    elif invoice["status"] != "open" or invoice["collection_method"] != "send_invoice":
        raise InvalidRequest(NOT_SENDABLE)
    work.emit("invoice.sent", invoice)
    return invoice


@operation("POST /v1/invoices/{invoice}/void")
async def void(call: Call) -> Answer:
    """Declare an open invoice a mistake."""
    invoice = await call.work.fetch(KIND, call.path["invoice"])
    await invoicing.void(call.work, invoice)
    return invoice


@operation("POST /v1/invoices/{invoice}/mark_uncollectible")
async def mark_uncollectible(call: Call) -> Answer:
    """Give up an open invoice."""
    invoice = await call.work.fetch(KIND, call.path["invoice"])
    await invoicing.mark_uncollectible(call.work, invoice)
    return invoice


@operation("POST /v1/invoices/{invoice}/attach_payment")
async def attach_payment(call: Call) -> Answer:
    """Have an intent pay an invoice, or a part of it; one that has succeeded already pays it at once."""
    work, params = call.work, call.params
    invoice = await work.fetch(KIND, call.path["invoice"], param="invoice")
    if "payment_record" in params:
        raise NotModelled("Attaching a payment record")
    if "payment_intent" not in params:
        raise MissingParameter("payment_intent")
    INVOICES.check(invoice, "pay")
    intent = await _attachable(work, invoice, params["payment_intent"])
    own(work, intent["id"], KIND, invoice["id"])
    await add_payment(work, invoice, intent, amount=min(intent["amount"], invoice["amount_remaining"]))
    if intent["status"] == "succeeded":
        await credit_payment(work, invoice, intent)
    return invoice


async def _attachable(work: Work, invoice: JsonObject, intent_id: str) -> JsonObject:
    intent = await work.fetch("payment_intent", intent_id, param="payment_intent", status=400)
    refusal = None
    if await owner_of(work, intent_id) is not None:
        refusal = f"The PaymentIntent {intent_id} already pays something else."
    elif intent["status"] == "canceled":
        refusal = f"The PaymentIntent {intent_id} is canceled and cannot pay an invoice."
    elif intent["currency"] != invoice["currency"]:
        refusal = (
            f"The currency of the PaymentIntent ({intent['currency']}) is not the invoice's ({invoice['currency']})."
        )
    elif intent["customer"] != invoice["customer"]:
        refusal = f"The PaymentIntent {intent_id} does not belong to the invoice's customer."
    if refusal:
        raise InvalidRequest(refusal, param="payment_intent")
    return intent
