"""The states of invoices, and what Stripe says when a state does not allow what is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.states import StateTable

__all__ = ["INVOICES", "InvoiceFinal"]

NOT_OPEN = "You can only pass in open invoices. This invoice isn't open."
FINALIZED = "This invoice is already finalized, you can't re-finalize a non-draft invoice."
NOT_EDITABLE = "Invalid invoice: This invoice is no longer editable"
TEXTS = {
    ("pay", "paid"): "Invoice is already paid",
    ("void", "paid"): "Invoices with `paid` payments cannot be voided.",
    ("give_up", "uncollectible"): "This invoice has already been marked uncollectible.",
}


class InvoiceFinal(InvalidRequest):
    """A field other than the metadata of an invoice that is no draft any more."""

    def __init__(self, param: str) -> None:
        super().__init__("Finalized invoices can't be updated in this way", param=param)


def _refused(action: str, invoice: Mapping[str, Any], _allowed: Sequence[str]) -> InvalidRequest:
    if action == "edit":
        return InvalidRequest(NOT_EDITABLE, code="invoice_not_editable")
    if action == "finalize":
        return InvalidRequest(FINALIZED)
    return InvalidRequest(TEXTS.get((action, invoice["status"]), NOT_OPEN))


INVOICES = StateTable(
    kind="invoice",
    start=("draft",),
    edges={
        # A draft that is paid is finalized first.
        "draft": {"edit": ("draft",), "finalize": ("open",)},
        "open": {"pay": ("paid",), "void": ("void",), "give_up": ("uncollectible",)},
        "paid": {},
        "uncollectible": {"pay": ("paid",)},
        "void": {},
    },
    refuse=_refused,
)
