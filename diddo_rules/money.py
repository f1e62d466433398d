"""Money as a whole number of minor units and a currency: no floating point comes near it."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Strict, StringConstraints, computed_field

from diddo_rules.errors import DiddoError

__all__ = ["CurrencyMismatch", "Money", "exponent"]

# ISO 4217, where the number of decimals is not two.
_ZERO_DECIMAL = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMAL = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENTS = dict.fromkeys(_ZERO_DECIMAL.split(), 0) | dict.fromkeys(_THREE_DECIMAL.split(), 3)

# Only symbols that name one currency to most readers; any other is shown by its code.
_SYMBOLS = {
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "CA$",
    "EUR": "€",
    "GBP": "£",
    "ILS": "₪",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "MXN": "MX$",
    "NZD": "NZ$",
    "USD": "$",
    "VND": "₫",
}


class CurrencyMismatch(DiddoError, ValueError):
    """Two amounts of different currencies were added, subtracted or compared."""


def exponent(currency: str) -> int:
    """Return how many decimals the currency has: 2 for USD, 0 for JPY, 3 for KWD; 2 for codes unknown here."""
    return _EXPONENTS.get(currency, 2)


class Money(BaseModel):
    """An amount of one currency.

    `value` counts minor units (cents, yen, fils) and may be negative; `currency` is an upper-case ISO 4217 code.
    `display_value` is derived: it is written out, and on input accepted but never trusted.
    Adding, subtracting or ordering amounts of two currencies raises `CurrencyMismatch`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    value: Annotated[int, Strict()]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

    @computed_field(description="The amount as people read it, for example $12.34.")  # type: ignore[prop-decorator]
    @property
    def display_value(self) -> str:
        """The amount as people read it: `$12.34`, `¥1,200`, `KWD 1.234`, `-€0.05`."""
        decimals = exponent(self.currency)
        whole, fraction = divmod(abs(self.value), 10**decimals)
        digits = f"{whole:,}.{fraction:0{decimals}d}" if decimals else f"{whole:,}"
        sign = "-" if self.value < 0 else ""
        return f"{sign}{_SYMBOLS.get(self.currency, self.currency + ' ')}{digits}"

    @classmethod
    def total(cls, amounts: Iterable[Self], *, currency: str) -> Self:
        """Add up amounts of `currency`; none at all give zero."""
        return sum(amounts, start=cls(value=0, currency=currency))

    def __str__(self) -> str:
        return self.display_value

    def __add__(self, other: Self) -> Self:
        if not isinstance(other, Money):
            return NotImplemented
        return self._like(self.value + self._value_of(other))

    def __radd__(self, other: Literal[0]) -> Self:
        """Let `sum(amounts)` work: it starts from the int 0."""
        return self if type(other) is int and other == 0 else NotImplemented

    def __sub__(self, other: Self) -> Self:
        if not isinstance(other, Money):
            return NotImplemented
        return self._like(self.value - self._value_of(other))

    def __neg__(self) -> Self:
        return self._like(-self.value)

    def __mul__(self, times: int) -> Self:
        if type(times) is not int:
            return NotImplemented
        return self._like(self.value * times)

    __rmul__ = __mul__

    def __lt__(self, other: Self) -> bool:
        return self.value < self._value_of(other) if isinstance(other, Money) else NotImplemented

    def __le__(self, other: Self) -> bool:
        return self.value <= self._value_of(other) if isinstance(other, Money) else NotImplemented

    def __gt__(self, other: Self) -> bool:
        return self.value > self._value_of(other) if isinstance(other, Money) else NotImplemented

    def __ge__(self, other: Self) -> bool:
        return self.value >= self._value_of(other) if isinstance(other, Money) else NotImplemented

    def _like(self, value: int) -> Self:
        return type(self)(value=value, currency=self.currency)

    def _value_of(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self} and {other} are not of one currency")
        return other.value
