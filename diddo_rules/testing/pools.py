"""The values that generated carts are made of: plain ones first, then those at which software breaks."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product

from diddo_rules.cart import BuyerIdentity
from diddo_rules.money import Money

__all__ = [
    "AMOUNTS",
    "BUYERS",
    "CURRENCIES",
    "DOMAINS",
    "FEES",
    "MARKETPLACES",
    "POOLS",
    "QUANTITIES",
    "TITLES",
    "Pools",
    "money_of",
]

CURRENCIES = ("USD", "EUR", "JPY", "KWD", "GBP", "KRW", "BHD", "CHF")

QUANTITIES = (1, 2, 3, 7, 10, 99, 499, 500)

AMOUNTS = (1000, 0, 1, 5, 99, 100, 999, 1999, 2500, 4999, 10_000, 12_345, 99_999, 100_000, 1_234_567, 99_999_999)
"""Prices of one piece, in minor units."""

FEES = (0, 1, 499, 500, 999, 1500, 2999, 100_000)
"""Prices of shipping, in minor units."""

TITLES = (
    "T-shirt",
    "",
    "Größe M, Überzug",
    "قميص رياضي",
    "サッカー ユニフォーム",
    "👕🧑🏽‍🤝‍🧑🏿",
    "Cafe\u0301 'O\"Brien' <b>&amp;</b>",
    "long " * 60,
)

DOMAINS = (
    "shop.example",
    "a.example",
    "xn--bcher-kva.example",
    "bücher.example",
    "UPPER.EXAMPLE",
    "with-dash.shop.example",
    "localhost:8080",
    f"{'l' * 63}.example",
)

BUYERS = (
    BuyerIdentity(
        first_name="Jane",
        last_name="Doe",
        address_1="1 Main Street",
        city="Springfield",
        province_code="IL",
        country_code="US",
        postal_code="62701",
        email="jane@example.test",
        phone="+12175550100",
    ),
    BuyerIdentity(email="jane@example.test"),
    BuyerIdentity(
        first_name="Jürgen",
        last_name="Größe",
        address_1="Straße des 17. Juni 135",
        address_2="c/o Ångström",
        city="Berlin",
        country_code="DE",
        postal_code="10623",
        email="juergen+test@example.test",
        phone="+49301234567",
    ),
    BuyerIdentity(
        first_name="花子",
        last_name="山田",
        address_1="千代田1-1",
        city="千代田区",
        province_code="13",
        country_code="JP",
        postal_code="100-0001",
        email="hanako@example.test",
        phone="+81312345678",
    ),
    BuyerIdentity(first_name="محمد", address_1="شارع السور", city="الكويت", country_code="KW", phone="+96522000000"),
    BuyerIdentity(first_name="O'Brien-Smith \u202e", last_name="N\u0303" * 50, email="a@b.test"),
    BuyerIdentity(first_name="X", address_1="", address_2=" ", city=""),
    BuyerIdentity(phone="0"),
)

MARKETPLACES = ("SHOPIFY", "AMAZON")

_FOLLOWING = ("last", "same store", "new store", "same store")
"""What comes after a line; the plainest is nothing."""

_TAX_PERCENT = (0, 8, 19, 7)
_METHODS = tuple((count, selected) for count in (1, 2, 3) for selected in range(count))


@dataclass(frozen=True, kw_only=True)
class Pools:
    """Values to choose from, the plainest first; `dataclasses.replace(POOLS, amounts=…)` makes others.

    The tables hold every combination, so that one index chooses a whole line; the first value of each pool varies
    fastest.
    """

    currencies: tuple[str, ...] = CURRENCIES
    quantities: tuple[int, ...] = QUANTITIES
    amounts: tuple[int, ...] = AMOUNTS
    fees: tuple[int, ...] = FEES
    titles: tuple[str, ...] = TITLES
    domains: tuple[str, ...] = DOMAINS
    buyers: tuple[BuyerIdentity, ...] = BUYERS

    @cached_property
    def carts(self) -> tuple[tuple[str, BuyerIdentity], ...]:
        """Every currency with every buyer."""
        return tuple((currency, buyer) for buyer, currency in product(self.buyers, self.currencies))

    @cached_property
    def lines(self) -> tuple[tuple[str, int, int, str, str], ...]:
        """What follows the line, its quantity, the position of its price in `amounts`, its title and marketplace."""
        prices = range(len(self.amounts))
        digits = product(MARKETPLACES, self.titles, prices, self.quantities, _FOLLOWING)
        return tuple(digit[::-1] for digit in digits)

    @cached_property
    def stores(self) -> tuple[tuple[str, int, int, int, int], ...]:
        """A store's domain, fee, number of shipping methods, position of the selected one, and tax in percent."""
        digits = product(_TAX_PERCENT, _METHODS, self.fees, self.domains)
        return tuple((domain, fee, *methods, percent) for percent, methods, fee, domain in digits)

    @cached_property
    def prices(self) -> dict[str, tuple[Money, ...]]:
        """The amounts in each currency."""
        return {currency: tuple(money_of(it, currency) for it in self.amounts) for currency in self.currencies}


POOLS = Pools()


@lru_cache(maxsize=8192)
def money_of(value: int, currency: str) -> Money:
    """Return an amount, validated once; amounts are immutable, so carts can share it."""
    return Money(value=value, currency=currency)
