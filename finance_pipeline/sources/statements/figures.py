"""Amounts and days as banks write them: exact, or refused with what is wrong.

Here: texts to minor units and dates in the dialects that several formats share. Not here: which dialect a format has.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from finance_pipeline.core.money import MAX_MINOR, NotMoney, UnknownCurrency, exponent, to_decimal

_USUAL_DECIMALS = 2
_PIVOT_YEAR = 80
"""Two digits of a year below this are of this century."""
_SPACES = str.maketrans("\u2212", "-", " \u00a0\u2009\u202f'\u2019")
"""Blanks and apostrophes between thousands go; a minus sign of typography is one."""


_EITHER = re.compile(r"[-+]?\d{1,3},\d{3}")
_DIGITS_OF_THOUSANDS = 3


class NotADate(ValueError):
    """A text that is no day of the calendar, or not of a year that a bank has books of."""


@lru_cache(maxsize=256)
def decimals_of(currency: str | None) -> int:
    """Decimals to count in: of the currency, or two where none or an unknown one is stated (others say so)."""
    try:
        return exponent(currency) if currency else _USUAL_DECIMALS
    except UnknownCurrency:
        return _USUAL_DECIMALS


def is_currency(code: str | None) -> bool:
    """Whether ISO 4217 knows a code."""
    try:
        return bool(code) and exponent(code or "") >= 0
    except UnknownCurrency:
        return False


def minor_of(text: str, currency: str | None) -> int:
    """Minor units of a plain decimal text with a point: '-12.50' EUR is -1250. Raises NotMoney rather than round."""
    whole, _, fraction = text.partition(".")
    decimals = decimals_of(currency)
    if len(fraction) > decimals:
        fraction = fraction.rstrip("0")
    negative = whole.startswith("-")
    digits = (whole[1:] if whole[:1] in ("-", "+") else whole) + fraction
    if not (digits.isascii() and digits.isdecimal()) or len(fraction) > decimals:
        raise NotMoney(_no_amount(text, currency, decimals))
    minor = int(digits) * 10 ** (decimals - len(fraction)) if len(digits) < len(str(MAX_MINOR)) * 2 else MAX_MINOR + 1
    if minor > MAX_MINOR:
        raise NotMoney(_no_amount(text, currency, decimals))
    return -minor if negative else minor


def _no_amount(text: str, currency: str | None, decimals: int) -> str:
    shown = text if len(text) <= 40 else f"{text[:40]}..."
    return f"{shown} is not an amount of {currency or 'money'}, which has {decimals} decimals."


def loose_minor(text: str, currency: str | None, mark: str = "") -> int:
    """Minor units of an amount with a comma or a point, thousands apart or not: "1.234,50", "1'234.50", "380115,".

    Parentheses and a sign behind are minus signs. mark: the decimal mark, where the format or a profile says so. Else
    where both stand, the last is the decimal mark; one alone is the decimal mark, unless it stands several times. A
    comma alone before three digits (2,500) may be either, and is no amount. Raises NotMoney.
    """
    if mark == "," and text.replace(",", "", 1).isdecimal() and text.isascii():
        return minor_of(text.replace(",", "."), currency)
    plain = text.strip().translate(_SPACES)
    if plain.startswith("(") and plain.endswith(")"):
        plain = f"-{plain[1:-1]}"
    trailing = plain[-1:]
    if trailing in ("-", "+"):
        plain = trailing + plain[:-1]
    if not mark:
        if _EITHER.fullmatch(plain) and decimals_of(currency) != _DIGITS_OF_THOUSANDS:
            raise NotMoney(f"{text.strip()} may be thousands or not.")
        comma, point = plain.rfind(","), plain.rfind(".")
        mark = "," if comma > point else "."
        if plain.count(mark) > 1:
            mark = "." if mark == "," else ","
    other = "." if mark == "," else ","
    plain = plain.replace(other, "").replace(mark, ".")
    if plain.startswith("."):
        plain = f"0{plain}"
    try:
        return minor_of(plain, currency)
    except NotMoney as cause:
        raise NotMoney(_no_amount(text.strip(), currency, decimals_of(currency))) from cause


def text_of(amount_minor: int, currency: str | None) -> str:
    """The exact decimal text of some minor units, with the currency's decimals (two where none is known)."""
    if currency and is_currency(currency):
        return str(to_decimal(amount_minor, currency))
    sign = "-" if amount_minor < 0 else ""
    whole, part = divmod(abs(amount_minor), 10**_USUAL_DECIMALS)
    return f"{sign}{whole}.{part:0{_USUAL_DECIMALS}}"


def masked(account: str | None) -> str:
    """An account number as words about it show it: its last four characters."""
    return f"...{account[-4:]}" if account else "without a number"


@lru_cache(maxsize=4096)
def iso_day(text: str) -> date:
    """The day of an ISO date or time, as the bank wrote it: its own calendar, no conversion. Raises NotADate."""
    try:
        return _plausible(date.fromisoformat(text[:10]), text)
    except ValueError as cause:
        raise NotADate(f"{text[:30]!r} is not a date") from cause


@lru_cache(maxsize=4096)
def compact_day(text: str) -> date:
    """The day of YYMMDD or YYYYMMDD. Raises NotADate."""
    try:
        if len(text) == len("YYMMDD"):
            short = int(text[:2])
            text = f"{2000 + short if short < _PIVOT_YEAR else 1900 + short}{text[2:]}"
        if len(text) != len("YYYYMMDD") or not (text.isascii() and text.isdecimal()):
            raise ValueError(text)
        return _plausible(date(int(text[:4]), int(text[4:6]), int(text[6:8])), text)
    except ValueError as cause:
        raise NotADate(f"{text[:30]!r} is not a date") from cause


def _plausible(day: date, text: str) -> date:
    """A day of a year that files of banks are about."""
    if not 1950 <= day.year <= 2199:
        raise NotADate(f"{text[:30]!r} is not a date of our time")
    return day


@lru_cache(maxsize=4096)
def nearest_day(month_and_day: str, near: date) -> date:
    """The day MMDD of the year in which it is nearest to another day. Raises NotADate."""
    candidates = []
    for year in (near.year - 1, near.year, near.year + 1):
        try:
            candidates.append(date(year, int(month_and_day[:2]), int(month_and_day[2:4])))
        except ValueError:
            continue
    if not candidates:
        raise NotADate(f"{month_and_day!r} is not a day of a year")
    return min(candidates, key=lambda day: abs(day - near))
