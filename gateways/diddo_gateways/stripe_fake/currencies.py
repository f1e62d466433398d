"""Currencies and amounts as Stripe takes them: which there are, their decimals, and the least and most of a charge."""

from diddo_gateways.stripe_fake.errors import AmountTooSmall
from diddo_gateways.stripe_fake.payments.errors import (
    AmountTooLarge,
    InvalidCurrency,
    ParameterInvalidInteger,
    UnevenAmount,
)

__all__ = ["SUPPORTED", "check_amount", "check_currency", "decimals", "display", "minimum"]

# In the order in which the error lists them: the account's own first.
SUPPORTED = tuple(
    (  # noqa: SIM905  seven lines of words, not 130 lines of one each
        "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf"
        " chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf"
        " idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop"
        " mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd"
        " scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg"
        " xof xpf yer zar zmw"
    ).split()
)
KNOWN = frozenset(SUPPORTED)
ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())  # noqa: SIM905  likewise
THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())  # noqa: SIM905  likewise
# Without decimals by now, and still written with two, which are 00.
WITHOUT_CENTS = frozenset({"isk", "ugx"})
MAXIMUM = 99_999_999

# Minor units. Currencies that are not listed have none of their own (Stripe converts the settlement currency's).
MINIMUMS = {
    "usd": 50,
    "aed": 200,
    "aud": 50,
    "bgn": 100,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
}
SYMBOLS = {
    "usd": "$",
    "aud": "$",
    "brl": "R$",
    "cad": "$",
    "eur": "€",
    "gbp": "£",
    "hkd": "$",
    "inr": "₹",
    "jpy": "¥",
    "mxn": "$",
    "nzd": "$",
    "ron": "Lei",
    "sgd": "$",
}

BELOW_MINIMUM = (
    "The amount must be greater than or equal to the minimum charge amount allowed for your account and the currency"
    " set (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).  If you want to save a Payment"
    " Method for future use without an immediate payment, use a Setup Intent instead:"
    " https://docs.stripe.com/payments/setup-intents"
)


def minimum(currency: str) -> int:
    """Return the least amount of a charge in minor units."""
    return MINIMUMS.get(currency, 1)


def decimals(currency: str) -> int:
    """Return how many decimals amounts of the currency have."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def display(amount: int, currency: str) -> str:
    """Write an amount of minor units as messages do, such as `$0.50` or `¥50`; without the currency's code."""
    places = decimals(currency)
    return f"{SYMBOLS.get(currency, '')}{amount / 10**places:,.{places}f}"


def check_currency(currency: str, *, param: str = "currency") -> str:
    """Return the currency in lower case.

    Raises:
        InvalidCurrency: Stripe does not support it; the message lists those that it does.
    """
    code = currency.lower()
    if code not in KNOWN:
        raise InvalidCurrency(currency, SUPPORTED, param=param)
    return code


def check_amount(amount: int, currency: str, *, param: str = "amount") -> None:
    """Hold a charge's amount (minor units) against the rules of its currency.

    Raises:
        ParameterInvalidInteger: it is zero or less.
        AmountTooSmall: it is below the currency's minimum.
        AmountTooLarge: it has more than eight digits.
        UnevenAmount: a three-decimal amount does not end in 0, or one of a currency without cents in 00.
    """
    if amount < 0:
        raise ParameterInvalidInteger("This value must be greater than or equal to 1.", param=param)
    if amount == 0:
        raise ParameterInvalidInteger(BELOW_MINIMUM, param=param)
    if amount < minimum(currency):
        raise AmountTooSmall(f"Amount must be at least {display(minimum(currency), currency)} {currency}", param=param)
    if amount > MAXIMUM:
        raise AmountTooLarge(f"Amount must be no more than {display(MAXIMUM, currency)}", param=param)
    if currency in THREE_DECIMAL and amount % 10:
        raise UnevenAmount(currency, "the last digit", "0", param=param)
    if currency in WITHOUT_CENTS and amount % 100:
        raise UnevenAmount(currency, "the last two digits", "00", param=param)
