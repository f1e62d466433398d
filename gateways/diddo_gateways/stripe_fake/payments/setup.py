"""Setup intents: making and changing one; what a confirmation does is in `setup_confirmation`."""

from collections.abc import Mapping
from typing import Any

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.errors import InvalidRequest, NotModelled
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.payments.errors import IntentTypesGone
from diddo_gateways.stripe_fake.payments.method_types import can_be_saved, is_ruled_out, takes_unlisted
from diddo_gateways.stripe_fake.payments.setup_confirmation import check_setup_owner, confirm_setup
from diddo_gateways.stripe_fake.payments.setup_errors import SetupMethodTypeRefused
from diddo_gateways.stripe_fake.payments.setup_outcomes import keep_agreement
from diddo_gateways.stripe_fake.payments.setup_states import SETUPS
from diddo_gateways.stripe_fake.resources.payment_methods import make_from_params, named
from diddo_gateways.stripe_fake.shapes import blank, blank_fields
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = ["KIND", "NOUN", "change_setup_intent", "confirm_setup", "make_setup_intent"]

KIND = "setup_intent"
NOUN = "setupintent"
CONFIGURATION = "payment_method_configuration"

PLAIN = ("customer", "customer_account", "description", "usage")
NOT_MODELLED = {
    "attach_to_self": "Setting up the payment method of one's own account",
    "on_behalf_of": "A setup on behalf of a connected account",
}
TYPE_LISTS = ("allowed_payment_method_types", "excluded_payment_method_types")
# What an account offers unless it was told otherwise.
OFFERED = ("card", "link")
OPTIONS = "setup_intent.payment_method_options"


async def make_setup_intent(work: Work, params: Mapping[str, Any]) -> JsonObject:
    """Make and insert a setup intent from the parameters of its creation, not confirmed and not told of yet."""
    intent_id = work.new_id("seti_1", 23)
    automatic = params.get("automatic_payment_methods", {"enabled": True})
    enabled = automatic["enabled"]
    intent = blank(KIND) | {
        "id": intent_id,
        "automatic_payment_methods": (
            {"allow_redirects": automatic.get("allow_redirects", "always"), "enabled": True} if enabled else None
        ),
        "client_secret": intent_id + work.new_id("_secret_", 27),
        "created": work.now,
        "managed_payments": {"enabled": False},
        "payment_method_configuration_details": (
            {"id": "pmc_1" + work.world.account.removeprefix("acct_1"), "parent": None} if enabled else None
        ),
        "payment_method_options": {
            "card": {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
        },
        "status": "requires_payment_method",
        "usage": "off_session",
    }
    await _apply(work, intent, params)
    work.insert(intent)
    if "single_use" in params:
        single_use = params["single_use"]
        wanted = {**single_use, "currency": check_currency(single_use["currency"])}
        await keep_agreement(work, intent, single_use=wanted)
    return intent


async def change_setup_intent(work: Work, intent: JsonObject, params: Mapping[str, Any]) -> None:
    """Write the parameters of an update or a confirmation into a setup intent.

    Raises:
        UnexpectedState: a payment method is given to an intent that is over.
        SetupMethodTypeRefused: the intent does not allow its type.
        SetupMethodOwned: it is another customer's.
    """
    await _apply(work, intent, params, existing=intent)
    work.save(intent)


async def _apply(work: Work, intent: JsonObject, params: Mapping[str, Any], existing: JsonObject | None = None) -> None:
    _refuse_unmodelled(params)
    if params.get("customer"):
        await work.fetch("customer", params["customer"], param="customer", status=400)
    for name in PLAIN:
        if name in params:
            intent[name] = params[name] or None
    if "flow_directions" in params:
        intent["flow_directions"] = params["flow_directions"]
    if "metadata" in params:
        intent["metadata"] = merged(intent["metadata"], params["metadata"])
    if configuration := params.get("payment_method_configuration"):
        await work.fetch(CONFIGURATION, configuration, param=CONFIGURATION, status=400)
        intent["payment_method_configuration_details"] = {"id": configuration, "parent": None}
    offers_change = existing is None or any(name in params for name in TYPE_LISTS)
    if offers_change:
        _set_types(intent, params)
    _set_options(intent, params.get("payment_method_options") or {})
    method = await _method(work, params)
    if method is not None:
        _provide(intent, method, existing)
    elif offers_change and intent["payment_method"] is not None:
        _admit(intent, await named(work, intent["payment_method"]))


def _refuse_unmodelled(params: Mapping[str, Any]) -> None:
    if "payment_method_types" in params:
        raise IntentTypesGone
    if unmodelled := next((what for name, what in NOT_MODELLED.items() if params.get(name)), None):
        raise NotModelled(unmodelled)


async def _method(work: Work, params: Mapping[str, Any]) -> JsonObject | None:
    if "payment_method" in params:
        return await named(work, params["payment_method"])
    if "payment_method_data" in params:
        return await make_from_params(work, params["payment_method_data"])
    return None


def _provide(intent: JsonObject, method: JsonObject, existing: JsonObject | None) -> None:
    SETUPS.check(intent, "provide")
    _admit(intent, method)
    check_setup_owner(method, intent["customer"], existing)
    SETUPS.move(intent, "provide", "requires_confirmation")
    intent |= {"payment_method": method["id"], "next_action": None}


def _admit(intent: JsonObject, method: JsonObject) -> None:
    """List the type of an intent's payment method among those that it takes.

    Raises:
        SetupMethodTypeRefused: the intent does not allow it.
    """
    kind = method["type"]
    if kind not in intent["payment_method_types"]:
        if not takes_unlisted(intent) or is_ruled_out(intent, kind) or not can_be_saved(kind):
            raise SetupMethodTypeRefused(kind, intent["payment_method_types"])
        intent["payment_method_types"].append(kind)


def _set_types(intent: JsonObject, params: Mapping[str, Any]) -> None:
    for name in TYPE_LISTS:
        if name in params:
            intent[name] = params[name] or None
    offered = OFFERED[:1] if intent["automatic_payment_methods"] is None else OFFERED
    allowed = intent["allowed_payment_method_types"] or offered
    intent["payment_method_types"] = [name for name in allowed if not is_ruled_out(intent, name)]
    if not intent["payment_method_types"]:
        raise InvalidRequest(
            "No valid payment method types for this Setup Intent. Please ensure that you have activated payment methods"
            " compatible with your integration in your dashboard, or that those are not excluded."
        )


def _set_options(intent: JsonObject, given: Mapping[str, Any]) -> None:
    """Write what is given for each type of method over what is there, as far as the intent shows it."""
    known = catalogue.load()
    shown = known.definitions[OPTIONS]["fields"]
    for name, values in given.items():
        if name in shown:
            definition = known.resolve(shown[name])
            former = intent["payment_method_options"].get(name) or blank_fields(definition)
            intent["payment_method_options"][name] = former | {
                key: _filled(value, definition["fields"][key])
                for key, value in values.items()
                if key in definition["fields"]
            }


def _filled(value: Any, node: catalogue.Node) -> Any:
    """Return an object that was given with the keys that it lacks; the empty string unsets."""
    definition = catalogue.load().resolve(node)
    if isinstance(value, dict) and isinstance(definition, dict) and "fields" in definition:
        given = {key: _filled(inner, definition["fields"][key]) for key, inner in value.items()}
        return blank_fields(definition) | given
    return None if value == "" else value
