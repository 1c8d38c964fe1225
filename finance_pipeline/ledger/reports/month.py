"""What a month's end is documented with beyond balances and items: currencies, late items, and its place in the chain.

Amounts are minor units, + debit. `asked` is as of the month's last day.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.ledger.reports.asked import Asked, Connection
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

CURRENCIES = pl.Schema(
    dict.fromkeys(("code", "name", "role", "currency"), pl.String)
    | dict.fromkeys(("amount_minor", "functional_minor"), pl.Int64)
)
LATE_ITEMS = pl.Schema(
    {
        "number": pl.String(),
        "effective_on": pl.Date(),
        "accounting_on": pl.Date(),
        "recorded_at": pl.Datetime("us", "UTC"),
        "description": pl.String(),
        "evidence_id": pl.String(),
        "amount_minor": pl.Int64(),
        "is_later": pl.Boolean(),
    }
)


@dataclass(frozen=True)
class Counted:
    """Entries of a book: in a month, and in all months up to it."""

    month_entries: int
    entries: int
    batches: int
    first_number: int | None
    """Numbers of the first and the last entry of the month within their fiscal years."""
    last_number: int | None


def currencies(conn: Connection, asked: Asked, functional: str) -> pl.DataFrame:
    """One row per account and currency other than the book's with a balance (CURRENCIES)."""
    return copy_out(conn, query("report_currencies"), asked.parameters | {"functional": functional}, CURRENCIES)


def late_items(conn: Connection, asked: Asked, month: Month) -> pl.DataFrame:
    """One row per entry of which only one date is in a month (LATE_ITEMS)."""
    return copy_out(conn, query("report_late_items"), asked.parameters | {"first_day": month.first_day}, LATE_ITEMS)


def counted(conn: Connection, asked: Asked, month: Month) -> Counted:
    """How many entries there are, as known then."""
    row = conn.execute(query("report_chain"), asked.parameters | {"first_day": month.first_day}).fetchone()
    assert row is not None
    return Counted(*row)
