"""Field :61:, one statement line, in the dialects that banks write it.

[value date][entry date][mark][third letter of the currency][amount][type][reference]//[bank's reference]
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from finance_pipeline.core.money import NotMoney
from finance_pipeline.sources.statements.figures import NotADate, compact_day, loose_minor, nearest_day
from finance_pipeline.sources.statements.model import Entry, Unread

_LINE = re.compile(
    r"\s*(?P<dates>\d{12}|\d{10}|\d{8}|\d{6})?\s*(?P<mark>RC|RD|EC|ED|C|D)\s*(?P<funds>[A-Z])?\s*"
    r"(?P<amount>[+-]?[\d.,' ]*\d[,.]?)\s*(?P<type>[A-Z][A-Z0-9]{3})?(?P<rest>.*)",
    re.IGNORECASE,
)
_REFERENCE_CHARS = 16
"""Of the customer's reference; some banks write a name behind it."""
_NO_REFERENCE = frozenset({"", "NONREF", "NOREF", "NOTPROVIDED", "0"})
_OUT = frozenset({"D", "RC", "ED"})
"""Marks that take money from the account: the reversal of a credit is one."""


def entry_of(lines: list[str], currency: str | None, number: int) -> Entry | Unread:
    """One entry, without what :86: says; a line that is none is Unread."""
    found = _LINE.match(lines[0])
    if found is None:
        return Unread(f"entry {number}: :61:{lines[0][:40]} is not a statement line")
    dates, mark, _, amount, kind, rest = found.groups()
    mark = mark.upper()
    try:
        amount_minor = loose_minor(amount, currency, "," if "," in amount else ".")
    except NotMoney as cause:
        return Unread(f"entry {number}: {cause.what.rstrip('.')}")
    try:
        value_on, booked_on = _days(dates or "")
    except NotADate as cause:
        return Unread(f"entry {number}: {cause}")
    reference, _, bank_reference = rest.partition("//")
    more = ""
    if len(lines) > 1 or len(reference) > _REFERENCE_CHARS:
        under = (line.strip() for line in (reference[_REFERENCE_CHARS:], *lines[1:]))
        more = " ".join(line for line in under if line)
        reference = reference[:_REFERENCE_CHARS]
    return Entry(
        amount_minor=-amount_minor if mark in _OUT else amount_minor,
        status="pending" if mark in ("EC", "ED") else "booked",
        booked_on=booked_on,
        value_on=value_on,
        bank_reference=_reference(bank_reference),
        entry_reference=_reference(reference),
        reversal=mark in ("RC", "RD"),
        transaction_code=kind or None,
        information=more or None,
    )


def _reference(text: str) -> str | None:
    stripped = text.strip()
    return None if stripped.upper() in _NO_REFERENCE else stripped


@lru_cache(maxsize=4096)
def _days(digits: str) -> tuple[date | None, date | None]:
    """Value date and entry date: the latter has no year, and is of the year in which it is nearest to the former.

    Some banks count interest by months of 30 days and write a 30th of February: the entry date is then right. Raises
    NotADate where neither is a day.
    """
    if not digits:
        return None, None
    year_digits = 8 if len(digits) in (8, 12) else 6
    stated, month_and_day = digits[:year_digits], digits[year_digits:]
    if not month_and_day:
        return compact_day(stated), None
    try:
        value_on = compact_day(stated)
    except NotADate:
        first = compact_day(f"{stated[:-2]}01")
        return None, nearest_day(month_and_day, first)
    try:
        return value_on, nearest_day(month_and_day, value_on)
    except NotADate:
        return value_on, None
