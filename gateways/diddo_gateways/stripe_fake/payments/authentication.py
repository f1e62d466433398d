"""3-D Secure: when a payment needs it, what comes of it, and the challenges that wait for an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from diddo_gateways.stripe_fake.payments.cards import Card, Decline
from diddo_gateways.stripe_fake.states import StateTable
from diddo_gateways.stripe_fake.work import JsonObject, Work

__all__ = [
    "CHALLENGES",
    "Verdict",
    "authenticated",
    "authenticated_by_challenge",
    "authenticated_elsewhere",
    "judge",
    "open_challenge",
    "passed_challenge",
]

CHALLENGE = "challenge"
CHALLENGES = StateTable(
    kind=CHALLENGE,
    start=("open",),
    edges={"open": {"complete": ("completed",), "fail": ("failed",)}, "completed": {}, "failed": {}},
)
# An authentication that was passed, kept under the intent's id until the server confirms once more.
PASSED = "authentication"

Requested = Literal["automatic", "any", "challenge"]
Result = Literal["authenticated", "attempt_acknowledged", "not_supported", "processing_error"]

OFF_SESSION_REFUSED = Decline(
    code="authentication_required",
    decline_code="authentication_required",
    message="Your card was declined. This transaction requires authentication.",
)
# Electronic commerce indicators: full authentication, an attempt, none; Mastercard counts differently.
INDICATORS = {"authenticated": ("05", "02"), "attempt_acknowledged": ("06", "01")}
VERSION = "2.2.0"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a payment meets: a challenge, a decline, or neither with what the charge shows of 3-D Secure."""

    challenge: bool = False
    decline: Decline | None = None
    three_d_secure: JsonObject | None = None


def judge(card: Card, *, off_session: bool, set_up: bool, requested: Requested) -> Verdict:
    """Say whether a payment by this card must be authenticated.

    Args:
        card: the test card.
        off_session: the shopper is not there to do it.
        set_up: the payment method was authenticated before, to be charged off session later.
        requested: `request_three_d_secure` of the payment.
    """
    if off_session:
        return _without_the_shopper(card, set_up=set_up)
    return _with_the_shopper(card, requested=requested)


def _with_the_shopper(card: Card, *, requested: Requested) -> Verdict:
    if card.three_d_secure == "frictionless":
        return Verdict(three_d_secure=authenticated(card, flow="frictionless"))
    required = card.three_d_secure == "required" or card.captcha
    if not required and requested == "automatic":
        return Verdict()
    if card.lookup_fails:
        decline = card.decline if required else None
        return Verdict(decline=decline, three_d_secure=shown(card, "processing_error", flow=None))
    if card.three_d_secure == "not_supported":
        return Verdict(three_d_secure=shown(card, "not_supported", flow=None))
    if card.three_d_secure is None and not card.captcha:
        return Verdict(three_d_secure=shown(card, "attempt_acknowledged", flow="frictionless"))
    return Verdict(challenge=True)


def _without_the_shopper(card: Card, *, set_up: bool) -> Verdict:
    excused = card.off_session == "always" or (card.off_session == "once_set_up" and set_up)
    return Verdict(decline=OFF_SESSION_REFUSED if card.three_d_secure == "required" and not excused else None)


def authenticated(card: Card, *, flow: Literal["challenge", "frictionless"]) -> JsonObject:
    """Return what a charge shows of an authentication that was passed."""
    return shown(card, "authenticated", flow=flow)


def authenticated_elsewhere(card: Card, given: Mapping[str, Any]) -> Verdict:
    """Return the verdict on a payment that was authenticated by another provider, from `three_d_secure` as given."""
    own = {name: given[name] for name in ("transaction_id", "version") if name in given}
    if "electronic_commerce_indicator" in given:
        own["electronic_commerce_indicator"] = given["electronic_commerce_indicator"]
    return Verdict(three_d_secure=shown(card, "authenticated", flow=None) | own)


def shown(card: Card, result: Result, *, flow: Literal["challenge", "frictionless"] | None) -> JsonObject:
    """Return `three_d_secure` of a charge's card details."""
    visa, mastercard = INDICATORS.get(result, ("07", None))
    reason = {"not_supported": "network_not_supported", "processing_error": "protocol_error"}.get(result)
    return {
        "authentication_flow": flow,
        "electronic_commerce_indicator": mastercard if card.brand == "mastercard" else visa,
        "exemption_indicator": None,
        "result": result,
        "result_reason": reason,
        "transaction_id": None,
        "version": VERSION,
    }


def open_challenge(
    work: Work, intent: JsonObject, *, return_url: str | None, use_stripe_sdk: bool, session: str | None
) -> JsonObject:
    """Insert a challenge for the intent, and return the `next_action` that leads to it.

    Args:
        work: the unit of work.
        intent: the payment intent or setup intent, whose payment method is to be authenticated.
        return_url: where the shopper goes afterwards.
        use_stripe_sdk: Stripe.js takes the shopper there, not a redirect.
        session: the checkout session that is being paid, when it is.
    """
    challenge = {
        "object": CHALLENGE,
        "id": work.new_id("3ds_", 32),
        "created": work.now,
        intent["object"]: intent["id"],
        "payment_method": intent["payment_method"],
        "return_url": return_url,
        "session": session,
        "status": "open",
    }
    work.insert(challenge)
    url = f"{work.fake.pages_url}/3d_secure/{challenge['id']}"
    if return_url is not None and not use_stripe_sdk:
        return {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}
    sdk = {"type": "three_d_secure_redirect", "stripe_js": url, "source": challenge["id"]}
    return {"type": "use_stripe_sdk", "use_stripe_sdk": sdk}


def is_current(challenge: JsonObject, intent: JsonObject) -> bool:
    """Say whether the intent still waits for this challenge, and not for none or a later one."""
    # Where the action says the URL depends on its type; the id is in it nowhere else.
    return challenge["status"] == "open" and challenge["id"] in str(intent["next_action"])


def keep_passed(work: Work, intent: JsonObject) -> None:
    """Note that the intent's method was authenticated, for the confirmation that is still to come."""
    work.insert({"object": PASSED, "id": intent["id"], "payment_method": intent["payment_method"]})


async def authenticated_by_challenge(work: Work, intent: JsonObject, card: Card) -> Verdict | None:
    """Return the verdict when the intent's method has passed a challenge already; that counts once."""
    if intent["confirmation_method"] != "manual":
        return None
    passed = await work.get(PASSED, intent["id"])
    if passed is None:
        return None
    work.remove(passed)
    return passed_challenge(card) if passed["payment_method"] == intent["payment_method"] else None


def passed_challenge(card: Card) -> Verdict:
    """Return the verdict on a payment whose challenge was passed; that of a captcha says nothing of 3-D Secure."""
    return Verdict(three_d_secure=None if card.captcha else authenticated(card, flow="challenge"))
