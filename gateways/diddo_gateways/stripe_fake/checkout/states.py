"""The states of a checkout session, and its timer."""

from collections.abc import Mapping, Sequence
from typing import Any

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.states import StateTable
from diddo_gateways.stripe_fake.work import JsonObject

__all__ = ["SESSIONS", "SessionNotOpen", "expiry_timer"]

PARTICIPLES = {"complete": "completed", "expire": "expired", "update": "updated"}


class SessionNotOpen(InvalidRequest):
    """The session is complete or expired."""

    def __init__(self, action: str, status: str) -> None:
        super().__init__(
            f'Only Checkout Sessions with a status in ["open"] can be {action}. This Checkout Session has a status of'
            f" `{status}`."
        )


def _refuse(action: str, session: Mapping[str, Any], _allowed: Sequence[str]) -> SessionNotOpen:
    return SessionNotOpen(PARTICIPLES[action], session["status"])


SESSIONS = StateTable(
    kind="checkout.session",
    start=("open",),
    edges={
        "open": {"complete": ("complete",), "expire": ("expired",), "update": ("open",)},
        "complete": {},
        "expired": {},
    },
    refuse=_refuse,
)


def expiry_timer(session: JsonObject) -> str:
    """Return the id of the message that expires a session."""
    return f"expire>{session['id']}"
