"""Tokens: card details or a bank account, given once to the server and usable once.

Ids such as `tok_visa` stand for test cards, and `btok_us_verified` for a test bank account; those can be used again and
again. A token that was made is spent by the first use.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from diddo_gateways.stripe_fake.errors import InvalidRequest, MissingParameter, ResourceMissing
from diddo_gateways.stripe_fake.payments.card_objects import billing_of, card_object, default_expiry
from diddo_gateways.stripe_fake.payments.cards import Card, CardDetails, read_card, test_cards
from diddo_gateways.stripe_fake.payments.errors import RawCardsRefused
from diddo_gateways.stripe_fake.work import JsonObject, Work
from diddo_gateways.worlds import TO_ALPHABET

__all__ = ["TokenCard", "bank_account", "card_of_token", "from_number", "make_token", "named_token", "spend"]

KIND = "token"
# Test accounts at the test routing number, and those that the ids for bank accounts stand for.
TEST_ACCOUNTS = frozenset(
    {
        "000000000009",
        "000000004954",
        "000111111113",
        "000111111116",
        "000123456789",
        "000222222227",
        "000333333335",
        "000444444440",
        "000555555559",
        "000666666661",
        "000777777771",
        "000888888885",
        "000999999991",
        "000000004949",
    }
)
NAMED_ACCOUNTS = {"btok_us": "new", "btok_us_verified": "verified"}
CURRENCIES = {"US": "usd", "CA": "cad", "GB": "gbp", "AU": "aud", "NZ": "nzd", "JP": "jpy"}


class TokenAlreadyUsed(InvalidRequest):
    """A token that something was made from already."""

    code = "token_already_used"

    def __init__(self, token_id: str) -> None:
        super().__init__(f"You cannot use a Stripe token more than once: {token_id}.")


class TokenCard(NamedTuple):
    """The card of a token.

    Attributes:
        card: the test card.
        expiry: month and year.
        cvc_sent: whether a security code was given with it.
        billing: the cardholder's name and address as billing details.
    """

    card: Card
    expiry: tuple[int, int]
    cvc_sent: bool
    billing: JsonObject


def from_number(work: Work, given: Mapping[str, Any], *, param: str = "card") -> tuple[Card, tuple[int, int]]:
    """Return the card of a number that was sent, with its expiry.

    Raises:
        MissingParameter: a detail is missing.
        RawCardsRefused: the account takes no numbers.
        CardError: the details are refused.
    """
    for name in ("number", "exp_month", "exp_year"):
        if name not in given:
            raise MissingParameter(f"{param}[{name}]")
    if not work.fake.raw_cards:
        raise RawCardsRefused
    details = CardDetails(given["number"], given["exp_month"], given["exp_year"], given.get("cvc"))
    card, month, year = read_card(details, now=work.now)
    return card, (month, year)


def make_token(work: Work, kind: str, **shown: JsonObject) -> JsonObject:
    """Make and insert a token of a type, such as `card`, that shows what it was made from under that name."""
    token = {
        "id": work.new_id("tok_1", 23),
        "object": KIND,
        **shown,
        "client_ip": None,
        "created": work.now,
        "livemode": False,
        "type": kind,
        "used": False,
    }
    work.insert(token)
    return token


def named_token(work: Work, token_id: str) -> JsonObject | None:
    """Return a new token for an id that stands for a test card or account, or None for any other id."""
    card = test_cards().by_token.get(token_id)
    if card is not None:
        shown = card_object(work, card, expiry=default_expiry(work), cvc_sent=True, owner={})
        return make_token(work, "card", card=shown)
    if token_id in NAMED_ACCOUNTS:
        given = {"country": "US", "account_number": "000123456789", "routing_number": "110000000"}
        shown = bank_account(work, given) | {"status": NAMED_ACCOUNTS[token_id]}
        return make_token(work, "bank_account", bank_account=shown)
    return None


async def spend(work: Work, token_id: str, *, param: str) -> JsonObject:
    """Return a token and mark it as used.

    Raises:
        ResourceMissing: there is none.
        TokenAlreadyUsed: something was made from it already.
    """
    token = named_token(work, token_id) or await work.get(KIND, token_id)
    if token is None:
        raise ResourceMissing(KIND, token_id, param=param, status=400)
    if token["used"]:
        raise TokenAlreadyUsed(token_id)
    token["used"] = True
    work.save(token)
    return token


async def card_of_token(work: Work, token_id: str, *, param: str = "card[token]") -> TokenCard:
    """Return the card of a token, which is used up by that.

    Raises:
        ResourceMissing: there is no such token.
        TokenAlreadyUsed: it was used.
        InvalidRequest: it is not a card's.
    """
    card = test_cards().by_token.get(token_id)
    if card is not None:
        return TokenCard(card, default_expiry(work), cvc_sent=True, billing={})
    token = await spend(work, token_id, param=param)
    if token["type"] != "card":
        raise InvalidRequest(f"The token {token_id} is not a card's: its type is {token['type']}.", param=param)
    shown = token["card"]
    card = test_cards().by_fingerprint(shown["fingerprint"], account=work.world.account)
    expiry = shown["exp_month"], shown["exp_year"]
    return TokenCard(card, expiry, cvc_sent=shown["cvc_check"] is not None, billing=billing_of(shown))


def bank_account(work: Work, given: Mapping[str, Any]) -> JsonObject:
    """Return a new bank account object, which no store holds yet, without its number.

    Raises:
        InvalidRequest: the number is none of a test account.
    """
    number = given["account_number"].replace(" ", "").replace("-", "")
    country = given["country"].upper()
    if country == "US" and number not in TEST_ACCOUNTS:
        raise InvalidRequest(
            "You must use a test bank account number in test mode. Try 000123456789 or see more options at"
            " https://stripe.com/docs/connect/testing#account-numbers.",
            code="account_number_invalid",
            param="bank_account[account_number]",
        )
    routing = given.get("routing_number")
    # Not of the number, which may be somebody's: its last digits have to do.
    told = f"{work.world.account}:bank_account:{country}:{routing}:{number[-4:]}"
    return {
        "id": work.new_id("ba_1", 23),
        "object": "bank_account",
        "account_holder_name": given.get("account_holder_name"),
        "account_holder_type": given.get("account_holder_type"),
        "account_type": given.get("account_type"),
        "bank_name": "STRIPE TEST BANK",
        "country": country,
        "currency": given.get("currency") or CURRENCIES.get(country, "eur"),
        "customer": None,
        "fingerprint": blake2b(told.encode(), digest_size=16).digest().translate(TO_ALPHABET).decode(),
        "last4": number[-4:],
        "metadata": {},
        "routing_number": routing,
        "status": "new",
    }
