"""What of a statement file is evidence: rows of statements and entries, as they are landed.

An entry's payload holds nothing of the file or statement it came in, so that an overlapping file repeats it word for
word; only for one that is dated outside of its statement it says the day on which the balances count it. Amounts are
decimal texts, signed.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from finance_pipeline.core.identity import exact_json
from finance_pipeline.core.money import UnknownCurrency, exponent, round_half_away, to_decimal
from finance_pipeline.sources.statements.identity import entry_source_ids, statement_source_id
from finance_pipeline.sources.statements.model import Entry, Statement, StatementFile


class Row(NamedTuple):
    """One statement or entry on its way to the landing."""

    kind: str
    source_id: str
    account: str
    accounting_on: str | None
    """ISO day that decides the month it touches."""
    payload: str


def rows_of(file: StatementFile) -> list[Row]:
    """One row per statement and one per entry."""
    lines = [
        (statement, entry, exact_json(_entry_payload(statement, entry)))
        for statement in file.statements
        for entry in statement.entries
    ]
    rows = [
        Row("statement", statement_source_id(each), each.account, each.closing_on.isoformat(), _statement_payload(each))
        for each in file.statements
    ]
    for source_id, (statement, entry, payload) in zip(entry_source_ids(lines), lines, strict=True):
        day = statement.counts_on(entry)
        rows.append(Row("entry", source_id, statement.account, day.isoformat() if day else None, payload))
    return rows


def _statement_payload(statement: Statement) -> str:
    def decimal(amount_minor: int | None) -> str | None:
        return None if amount_minor is None else str(to_decimal(amount_minor, statement.currency))

    return exact_json(
        {
            "format": statement.format,
            "account": statement.account,
            "currency": statement.currency,
            "statement_id": statement.statement_id,
            "created_at": statement.created_at,
            "opening": decimal(statement.opening_minor),
            "opening_on": statement.opening_on.isoformat(),
            "closing": decimal(statement.closing_minor),
            "closing_on": statement.closing_on.isoformat(),
            "booked": decimal(statement.booked_minor),
            "entry_count": len(statement.entries),
        }
    )


def _entry_payload(statement: Statement, entry: Entry) -> dict[str, object]:
    payload: dict[str, object] = entry._asdict()
    del payload["amount_minor"]
    payload["account"] = statement.account
    payload["currency"] = statement.currency
    payload["amount"] = str(to_decimal(entry.amount_minor, statement.currency))
    payload["booked_on"] = entry.booked_on.isoformat() if entry.booked_on else None
    counted_on = statement.counts_on(entry)
    if counted_on is not None and counted_on != entry.booked_on:
        payload["counted_on"] = counted_on.isoformat()
    payload["value_on"] = entry.value_on.isoformat() if entry.value_on else None
    payload["details"] = [detail._asdict() for detail in entry.details]
    if entry.exchange_rate is None:
        del payload["exchange_rate"]
    elif entry.original_amount is None and entry.original_currency:
        payload["original_amount"] = _before_conversion(entry, statement.currency, entry.exchange_rate)
    return payload


def _before_conversion(entry: Entry, currency: str, rate: str) -> str | None:
    """What OFX leaves to be reckoned: its rate is units of the account's currency for one of the original's.

    Half away from zero; None where the rate is none, or the currency unknown.
    """
    try:
        divisor, digits = Decimal(rate.replace(",", ".")), exponent(entry.original_currency or "")
    except (InvalidOperation, UnknownCurrency):
        return None
    if not (divisor.is_finite() and divisor > 0):
        return None
    reckoned = (to_decimal(abs(entry.amount_minor), currency) / divisor).scaleb(digits)
    return str(Decimal(round_half_away(reckoned)).scaleb(-digits))
