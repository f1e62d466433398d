"""The states of disputes, and the error of one that is over.

An inquiry has the statuses that begin with `warning_`: nothing has been withdrawn, and it ends without harm unless it
escalates. `appeal_…` and `prevented` are not here: no test card leads to them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.states import StateTable

__all__ = ["DISPUTES"]

KIND = "dispute"


def _closed(_action: str, _dispute: Mapping[str, Any], _allowed: Sequence[str]) -> InvalidRequest:
    return InvalidRequest("This dispute is already closed")


DISPUTES = StateTable(
    kind=KIND,
    start=("warning_needs_response", "needs_response", "lost"),
    edges={
        "warning_needs_response": {
            "submit": ("warning_under_review",),
            "escalate": ("needs_response",),
            "close": ("warning_closed",),
            "lapse": ("warning_closed",),
        },
        "warning_under_review": {
            "submit": ("warning_under_review",),
            "escalate": ("needs_response",),
            "decide": ("warning_closed",),
            "close": ("warning_closed",),
            "lapse": ("warning_closed",),
        },
        "needs_response": {"submit": ("under_review",), "close": ("lost",), "lapse": ("lost",)},
        "under_review": {"submit": ("under_review",), "decide": ("won", "lost"), "close": ("lost",)},
        "warning_closed": {},
        "won": {},
        "lost": {},
    },
    refuse=_closed,
)
