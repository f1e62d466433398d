"""Customer balance transactions: `/v1/customers/{customer}/balance_transactions`.

Events: `customer.updated`, since the balance changes.
"""

from diddo_gateways.stripe_fake.billing.balances import KIND, move_balance
from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.currencies import check_currency
from diddo_gateways.stripe_fake.errors import InvalidRequest, ResourceMissing
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.metadata import merged
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.work import JsonObject


@operation("POST /v1/customers/{customer}/balance_transactions")
async def create(call: Call) -> Answer:
    """Adjust a customer's balance: below zero is credit, above it is still to be paid."""
    work, params = call.work, call.params
    customer = await work.fetch("customer", call.path["customer"], param="customer")
    currency = check_currency(params["currency"])
    if customer["currency"] not in (None, currency):
        raise InvalidRequest(
            f"The customer's currency is {customer['currency']}: the balance cannot be adjusted in {currency}.",
            param="currency",
        )
    return move_balance(
        work,
        customer,
        params["amount"],
        reason="adjustment",
        currency=currency,
        now=await now_for(work, customer["id"]),
        description=params.get("description"),
        metadata=merged({}, params.get("metadata") or {}),
    )


@operation("GET /v1/customers/{customer}/balance_transactions/{transaction}")
async def retrieve(call: Call) -> Answer:
    """Return one change of a customer's balance."""
    return await _transaction(call)


@operation("GET /v1/customers/{customer}/balance_transactions")
async def list_(call: Call) -> Answer:
    """List the changes of a customer's balance."""
    customer = await call.work.fetch("customer", call.path["customer"], param="customer")
    return await listed(call, KIND, terms=[[f"customer={customer['id']}"]])


@operation("POST /v1/customers/{customer}/balance_transactions/{transaction}")
async def update(call: Call) -> Answer:
    """Change what is said about a change of a balance."""
    transaction = await _transaction(call)
    overwrite(transaction, call.params, ("description", "metadata"))
    call.work.save(transaction)
    return transaction


async def _transaction(call: Call) -> JsonObject:
    transaction_id = call.path["transaction"]
    transaction = await call.work.fetch(KIND, transaction_id, param="transaction", noun="customer_balance_transaction")
    if transaction["customer"] != call.path["customer"]:
        raise ResourceMissing(KIND, transaction_id, param="transaction")
    return transaction
