"""Balance transactions: `/v1/balance_transactions`. What moved the account's money; written by `payments.ledger`.

Events: none.
"""

import orjson

from diddo_gateways.documents import Document
from diddo_gateways.stripe_fake.lists import list_body, selected
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.payments.ledger import TRANSACTION, seen_now
from diddo_gateways.stripe_fake.work import Work

__all__: list[str] = []

NOUN = "balance transaction"


@operation("GET /v1/balance_transactions/{id}")
async def retrieve(call: Call) -> Answer:
    """Return a balance transaction."""
    transaction = await call.work.fetch(TRANSACTION, call.path["id"], noun=NOUN)
    seen_now(call.work, transaction)
    return transaction


@operation("GET /v1/balance_transactions")
async def list_(call: Call) -> Answer:
    """List balance transactions."""
    if "payout" in call.params:
        # Only automatic payouts name what they pay out, and there are none here.
        await call.work.fetch("payout", call.params["payout"], param="payout", status=400)
        return list_body([], call.url, has_more=False)
    documents, more = await selected(call, TRANSACTION, noun=NOUN)
    return list_body([_seen(call.work, document) for document in documents], call.url, has_more=more)


def _seen(work: Work, document: Document) -> Document:
    transaction = orjson.loads(document.body)
    seen_now(work, transaction)
    return document._replace(body=orjson.dumps(transaction))
