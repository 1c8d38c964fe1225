"""Money: integer minor units beside a currency. No float ever holds an amount.

Rounding is half away from zero at the currency's exponent (the rule of most tax codes and bookkeepers); splits use
the largest remainder, so that parts always add to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING

from finance_pipeline.core.problems import PermanentProblem

if TYPE_CHECKING:
    import polars as pl

# ISO 4217 exponents that are not 2.
_EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
MAX_MINOR = 2**63 - 1


class NotMoney(PermanentProblem):
    """A text that is not an amount of its currency: not a number, too many decimals, too large."""


class UnknownCurrency(PermanentProblem):
    """A code that is not an ISO 4217 currency."""


@cache
def _known_currencies() -> frozenset[str]:
    from babel import Locale

    codes = map(str, Locale("en").currencies)
    return frozenset(code for code in codes if len(code) == 3 and code.isupper())


@cache
def exponent(currency: str) -> int:
    """Decimals of a currency's minor unit by ISO 4217: 2 for EUR, 0 for JPY, 3 for KWD. Raises UnknownCurrency."""
    if currency in _EXPONENTS:
        return _EXPONENTS[currency]
    if currency not in _known_currencies():
        raise UnknownCurrency(f"{currency!r} is not an ISO 4217 currency.")
    return 2


def odd_exponents() -> dict[str, int]:
    """Currency -> decimals of its minor unit, of those that have not two."""
    return dict(_EXPONENTS)


def to_minor(amount: Decimal | str, currency: str) -> int:
    """Minor units of an exact decimal amount. Raises NotMoney rather than round: '1.005' is no amount of EUR."""
    try:
        scaled = Decimal(amount).scaleb(exponent(currency))
        whole = int(scaled)
    except (InvalidOperation, ValueError, OverflowError) as cause:
        raise NotMoney(f"{amount!r} is not an amount of {currency}.") from cause
    if whole != scaled or abs(whole) > MAX_MINOR:
        raise NotMoney(f"{amount} is not an amount of {currency}, which has {exponent(currency)} decimals.")
    return whole


def to_decimal(amount_minor: int, currency: str) -> Decimal:
    """The exact decimal amount of some minor units: 12345 EUR minor is Decimal('123.45')."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def round_half_away(value: Decimal) -> int:
    """The nearest integer, halves away from zero: 0.5 -> 1, -0.5 -> -1."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def convert(amount_minor: int, rate: Decimal, currency: str, into: str) -> int:
    """Minor units of `into` for an amount of `currency`, where one unit of `currency` costs `rate` units of `into`."""
    return round_half_away((to_decimal(amount_minor, currency) * rate).scaleb(exponent(into)))


def split(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Parts of a total in proportion to weights of one sign that add to it exactly, by largest remainder.

    Ties go to the earlier part, so that the same input always splits the same way, and a negative total splits as its
    positive does. Raises ValueError for weights that add to zero.
    """
    sizes = [abs(weight) for weight in weights]
    whole = sum(sizes)
    if whole == 0:
        raise ValueError("weights add to zero")
    parts, remainders = zip(*(divmod(abs(total_minor) * size, whole) for size in sizes), strict=True)
    by_remainder = sorted(range(len(sizes)), key=lambda i: (-remainders[i], i))
    favoured = set(by_remainder[: abs(total_minor) - sum(parts)])
    sign = -1 if total_minor < 0 else 1
    return [sign * (part + (i in favoured)) for i, part in enumerate(parts)]


def format_money(amount_minor: int, currency: str) -> str:
    """An amount as reports print it: 1,234.50 (the currency stands in its own column)."""
    return f"{to_decimal(amount_minor, currency):,}"


def minor_expr(text: pl.Expr, currency: pl.Expr) -> pl.Expr:
    """Int64 minor units of a column of exact decimal texts; null where the text is no amount of its currency.

    The caller sends nulls to the dead letters. Digits beyond the exponent must be zero.
    """
    import polars as pl

    digits = currency.replace_strict(_EXPONENTS, default=2, return_dtype=pl.Int8)
    value = text.cast(pl.Decimal(38, 10), strict=False)
    factor = pl.when(digits == 0).then(1).when(digits == 3).then(1000).when(digits == 4).then(10000).otherwise(100)
    scaled = value * factor.cast(pl.Decimal(38, 0))
    whole = scaled.cast(pl.Int64, strict=False)
    return pl.when(whole.cast(pl.Decimal(38, 10), strict=False) == scaled).then(whole)
