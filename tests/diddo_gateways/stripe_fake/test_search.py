"""Search: the query language, what it finds, and what it refuses."""

from typing import Any

import pytest
import stripe

from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.generic.search_query import parse

FIELDS: Any = {"amount": "number", "status": "token", "name": "text", "active": "token", "card.brand": "token"}
THING = {
    "amount": 500,
    "status": "open",
    "name": 'Ada "the" Lovelace',
    "active": True,
    "card": {"brand": "visa"},
    "email": None,
    "metadata": {"order id": "6735", "o'key": "x"},
}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('status:"open"', True),
        ("status:'OPEN'", True),
        ('status:"closed"', False),
        ('-status:"closed"', True),
        ("amount>499", True),
        ("amount>500", False),
        ("amount>=500 AND amount<=500", True),
        ("amount:500", True),
        ("-amount<600", False),
        ('name~"love"', True),
        ('name:"love"', False),
        (r'name:"Ada \"the\" Lovelace"', True),
        ('active:"true"', True),
        ("active:true", True),
        ('card.brand:"visa"', True),
        ('metadata["order id"]:"6735"', True),
        ("metadata['order id']:'6735'", True),
        ("metadata[\"o'key\"]:'x'", True),
        ('metadata["none"]:"x"', False),
        ('metadata["none"]:null', True),
        ('-metadata["order id"]:null', True),
        ('status:"open" AND amount>1000', False),
        ('status:"open" OR amount>1000', True),
        ('status:"open" amount>1000', False),
        ('status:"open" and active:true', True),
    ],
)
def test_a_query_is_met_or_not(query: str, found: bool) -> None:  # noqa: FBT001  a column of a table
    assert parse(query, FIELDS).holds(THING) is found


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "empty"),
        ("AND", "unable to parse"),
        ('status:"open" AND', "ends where"),
        ('status "open"', "unable to parse"),
        ('status:"open', "unable to parse"),
        ("status:open", "must stand in quotes"),
        ('nonsense:"x"', "unsupported search field"),
        ('status~"ope"', "needs a text field"),
        ('name~"Ad"', "at least 3 characters"),
        ('status>"a"', "is for numbers"),
        ('amount:"many"', "compared with a number"),
        ('status:"a" AND amount:1 OR amount:2', "cannot combine AND and OR"),
        (" AND ".join(["amount:1"] * 11), "at most 10 clauses"),
        ('(status:"a")', "unable to parse"),
    ],
)
def test_what_is_no_query_is_refused(query: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message) as caught:
        parse(query, FIELDS)
    assert caught.value.param == "query"


def test_customers_are_searched_page_by_page(shop: Any) -> None:
    customers = shop.client.v1.customers
    made = [customers.create({"email": f"{n}@shop.test", "metadata": {"even": str(n % 2 == 0)}}) for n in range(5)]
    page = customers.search({"query": 'email~"shop"', "limit": 2})
    assert (page.object, page.has_more, len(page.data)) == ("search_result", True, 2)
    found = [customer.id for customer in page.auto_paging_iter()]
    assert found == [customer.id for customer in reversed(made)]
    even = customers.search({"query": 'metadata["even"]:"True" AND -email:"0@shop.test"'}).data
    assert [customer.email for customer in even] == ["4@shop.test", "2@shop.test"]
    with pytest.raises(stripe.InvalidRequestError, match="Invalid page token"):
        customers.search({"query": 'email~"shop"', "page": "x"})


def test_payments_are_searched(shop: Any) -> None:
    shop.pay(amount=2000)
    shop.declined("pm_card_chargeDeclined")
    paid = shop.client.v1.payment_intents.search({"query": 'status:"succeeded" AND amount>1000'}).data
    assert [intent.amount for intent in paid] == [2000]
    charges = shop.client.v1.charges.search({"query": 'payment_method_details.card.last4:"4242"'}).data
    assert [charge.status for charge in charges] == ["succeeded"]
