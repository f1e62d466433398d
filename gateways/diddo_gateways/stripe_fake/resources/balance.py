"""The balance: `/v1/balance`. What the balance transactions of the account add up to, by currency.

Events: none.
"""

from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.ledger import balance_of
from diddo_gateways.stripe_fake.work import JsonObject

__all__: list[str] = []

# The currency of an account in which nothing has moved yet.
SETTLEMENT_CURRENCY = "usd"


@operation("GET /v1/balance")
async def retrieve(call: Call) -> Answer:
    """Return what is available, and what will be."""
    now = call.work.now
    balance = await balance_of(call.work)
    currencies = balance.currencies() or [SETTLEMENT_CURRENCY]
    prefunded = [{"amount": 0, "currency": currency} for currency in currencies]
    return {
        "object": "balance",
        "available": [_amount(currency, balance.available(currency, now)) for currency in currencies],
        "livemode": False,
        "pending": [_amount(currency, balance.pending(currency, now)) for currency in currencies],
        "refund_and_dispute_prefunding": {"available": prefunded, "pending": prefunded},
    }


def _amount(currency: str, amount: int) -> JsonObject:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}
