"""What the parameters of a creation, an update or a confirmation make of a payment intent."""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.currencies import check_amount, check_currency
from diddo_gateways.stripe_fake.emails import check_email
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.payments.amount_details import apply_amount_details
from diddo_gateways.stripe_fake.payments.confirmation import check_owner
from diddo_gateways.stripe_fake.payments.descriptors import check_descriptor
from diddo_gateways.stripe_fake.payments.errors import IntentTypesGone, MethodTypeRefused
from diddo_gateways.stripe_fake.payments.intent_states import INTENTS
from diddo_gateways.stripe_fake.payments.method_types import fits, is_ruled_out, takes_unlisted
from diddo_gateways.stripe_fake.resources.charges import shipping
from diddo_gateways.stripe_fake.resources.payment_methods import make_from_params, named
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["apply", "provide", "set_amount"]

PLAIN = (
    "capture_method",
    "customer",
    "customer_account",
    "description",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)
NOT_MODELLED = {
    "application_fee_amount": "An application fee",
    "on_behalf_of": "A payment on behalf of a connected account",
    "transfer_data": "A transfer to a connected account",
}
# Parts of `payment_method_options.card` that would change a payment in ways that are not modelled.
CARD_NOT_MODELLED = {"installments": "Paying in instalments", "mandate_options": "A mandate for a card"}
TYPE_LISTS = ("allowed_payment_method_types", "excluded_payment_method_types")
# What the types that an intent offers depend on.
OFFER = frozenset({"currency", *TYPE_LISTS})
# What an account offers unless it was told otherwise.
OFFERED = ("card", "link")
# What the options of a type say before anybody has set any.
DEFAULTS: dict[str, JsonObject] = {
    "acss_debit": {"verification_method": "automatic"},
    "boleto": {"expires_after_days": 3},
    "oxxo": {"expires_after_days": 3},
    "bancontact": {"preferred_language": "en"},
    "link": {"persistent_token": None},
    "us_bank_account": {"verification_method": "automatic"},
}


def set_amount(intent: JsonObject, amount: int, currency: str) -> None:
    """Set amount and currency of an intent, which belong together: limits and decimals depend on the currency."""
    intent["currency"] = check_currency(currency)
    check_amount(amount, intent["currency"])
    intent["amount"] = amount


async def apply(work: Work, intent: JsonObject, params: Mapping[str, Any]) -> None:
    """Write parameters into an intent; a payment method among them makes it ready to be confirmed."""
    _refuse(params)
    if params.get("customer"):
        await work.fetch("customer", params["customer"], param="customer", status=400)
    _check_texts(params)
    for name in PLAIN:
        if name in params:
            intent[name] = params[name] or None
    if "shipping" in params:
        intent["shipping"] = shipping(params["shipping"])
    if "metadata" in params:
        intent["metadata"] = merged(intent["metadata"], params["metadata"])
    _apply_references(intent, params)
    if "amount_details" in params:
        await apply_amount_details(work, intent, params["amount_details"] or {})
    if "payment_method_configuration" in params:
        await _configure(work, intent, params["payment_method_configuration"])
    offers_change = not intent["payment_method_types"] or not OFFER.isdisjoint(params)
    if offers_change:
        _set_types(intent, params)
    if "payment_method_options" in params:
        _set_options(intent, params["payment_method_options"] or {})
    await _apply_method(work, intent, params, offers_change=offers_change)


def _refuse(params: Mapping[str, Any]) -> None:
    if unmodelled := next((what for name, what in NOT_MODELLED.items() if name in params), None):
        raise NotModelled(unmodelled)
    if "payment_method_types" in params:
        raise IntentTypesGone


def _check_texts(params: Mapping[str, Any]) -> None:
    if params.get("receipt_email"):
        check_email(params["receipt_email"], param="receipt_email")
    for name in ("statement_descriptor", "statement_descriptor_suffix"):
        if params.get(name):
            check_descriptor(params[name], param=name)


def _apply_references(intent: JsonObject, params: Mapping[str, Any]) -> None:
    """Write what is only kept: hooks, and the references that a payment is known by elsewhere."""
    if "payment_details" in params:
        given = params["payment_details"] or {}
        names = ("customer_reference", "order_reference")
        kept = {**dict.fromkeys(names), **(intent["payment_details"] or {})}
        kept |= {name: given[name] or None for name in names if name in given}
        intent["payment_details"] = kept if given and any(kept.values()) else None
    if "hooks" in params:
        tax = (params["hooks"].get("inputs") or {}).get("tax") or {}
        calculation = tax.get("calculation") if isinstance(tax, Mapping) else None
        intent["hooks"] = {"inputs": {"tax": {"calculation": calculation}}} if calculation else None


async def _configure(work: Work, intent: JsonObject, configuration: str) -> None:
    kind = "payment_method_configuration"
    await work.fetch(kind, configuration, param=kind, status=400)
    intent["payment_method_configuration_details"] = {"id": configuration, "parent": None}


async def _apply_method(work: Work, intent: JsonObject, params: Mapping[str, Any], *, offers_change: bool) -> None:
    if "payment_method" in params:
        provide(intent, await named(work, params["payment_method"]))
    elif "payment_method_data" in params:
        provide(intent, await make_from_params(work, params["payment_method_data"]))
    elif offers_change and intent["payment_method"] is not None:
        _admit(intent, await named(work, intent["payment_method"]))


def _set_types(intent: JsonObject, params: Mapping[str, Any]) -> None:
    for name in TYPE_LISTS:
        if name in params:
            intent[name] = params[name] or None
    offered = OFFERED[:1] if intent["automatic_payment_methods"] is None else OFFERED
    allowed = intent["allowed_payment_method_types"] or offered
    intent["payment_method_types"] = [name for name in allowed if _takes(intent, name)]
    if not intent["payment_method_types"]:
        raise InvalidRequest(
            "No valid payment method types for this Payment Intent. Please ensure that you have activated payment"
            " methods compatible with your chosen currency in your dashboard, or that those are not excluded."
        )
    _default_options(intent)


def _default_options(intent: JsonObject) -> None:
    """Have options of just those types that the intent allows."""
    options, types = intent["payment_method_options"], intent["payment_method_types"]
    for name in [name for name in options if name not in types]:
        del options[name]
    for name in types:
        if name not in options:
            options[name] = _card_options() if name == "card" else dict(DEFAULTS.get(name, {}))


def _card_options() -> JsonObject:
    return {"installments": None, "mandate_options": None, "network": None, "request_three_d_secure": "automatic"}


def _set_options(intent: JsonObject, given: Mapping[str, Any]) -> None:
    """Write options by type; what an intent does not show of them, such as `moto`, counts for a confirmation only."""
    card = given.get("card") or {}
    if unmodelled := next((what for name, what in CARD_NOT_MODELLED.items() if card.get(name)), None):
        raise NotModelled(unmodelled)
    known = catalogue.load()
    shown = known.definitions["payment_intent.payment_method_options"]["fields"]
    for kind, options in given.items():
        fields = known.resolve(shown[kind])["fields"]
        kept = intent["payment_method_options"].setdefault(kind, dict(DEFAULTS.get(kind, {})))
        kept.update({name: value or None for name, value in (options or {}).items() if name in fields})


def provide(intent: JsonObject, method: JsonObject) -> None:
    """Set the payment method of an intent.

    With automatic payment methods any type can be given that is neither excluded nor ruled out by the currency: all of
    them are activated in the sandbox.

    Raises:
        UnexpectedState: the intent takes none any more.
        MethodTypeRefused: the intent does not allow its type.
        InvalidRequest: it is another customer's.
    """
    INTENTS.check(intent, "provide")
    _admit(intent, method)
    check_owner(method, intent)
    INTENTS.move(intent, "provide", "requires_confirmation")
    intent |= {"payment_method": method["id"], "next_action": None}


def _admit(intent: JsonObject, method: JsonObject) -> None:
    """List the type of an intent's payment method among those that it takes.

    Raises:
        MethodTypeRefused: the intent does not allow it.
    """
    kind = method["type"]
    if kind not in intent["payment_method_types"]:
        if not (takes_unlisted(intent) and _takes(intent, kind)):
            raise MethodTypeRefused(kind, intent["payment_method_types"])
        intent["payment_method_types"].append(kind)
        _default_options(intent)


def _takes(intent: JsonObject, kind: str) -> bool:
    return fits(kind, intent["currency"]) and not is_ruled_out(intent, kind)
