"""What the ledger says: frames over its tables, computed when asked. Amounts are minor units, + debit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import polars as pl
import psycopg

from finance_pipeline.core.period import Month
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

Connection = psycopg.Connection[tuple[Any, ...]]
TRIAL_BALANCE = pl.Schema(
    {
        "code": pl.String,
        "name": pl.String,
        "opening_minor": pl.Int64,
        "debit_minor": pl.Int64,
        "credit_minor": pl.Int64,
        "closing_minor": pl.Int64,
    }
)
JOURNAL = pl.Schema(
    {
        "entry_id": pl.String(),
        "number": pl.String(),
        "book": pl.String(),
        "accounting_on": pl.Date(),
        "effective_on": pl.Date(),
        "recorded_at": pl.Datetime("us", "UTC"),
        "currency": pl.String(),
        "description": pl.String(),
        "accounts": pl.List(pl.String),
        "amounts": pl.List(pl.Int64),
        "functional_amounts": pl.List(pl.Int64),
        "source": pl.String(),
        "source_id": pl.String(),
        "purpose": pl.String(),
        "version": pl.Int32(),
        "evidence_id": pl.String(),
        "evidence_hash": pl.String(),
        "match_id": pl.String(),
        "rule": pl.String(),
        "reverses": pl.String(),
        "run_id": pl.String(),
        "correlation_id": pl.String(),
    }
)
BALANCES_BY_DAY = pl.Schema(
    {
        "code": pl.String,
        "on_day": pl.Date,
        "movement_minor": pl.Int64,
        "balance_minor": pl.Int64,
        "functional_movement_minor": pl.Int64,
        "functional_balance_minor": pl.Int64,
    }
)
MONTH_TOTALS = pl.Schema(
    {
        "month": pl.String,
        "entries": pl.Int64,
        "accounts": pl.Int64,
        "debit_minor": pl.Int64,
        "credit_minor": pl.Int64,
    }
)
_NUMBER = re.compile(r"([a-z0-9-]+)-(\d{4})-(\d{6,})")


def trial_balance(conn: Connection, book: str, month: Month) -> pl.DataFrame:
    """One row per account that ever moved (TRIAL_BALANCE), in the book's currency, by accounting date."""
    return copy_out(conn, query("ledger_trial_balance"), _month(book, month), TRIAL_BALANCE)


def month_totals(conn: Connection, book: str, months: Sequence[Month]) -> pl.DataFrame:
    """One row per wanted month: its entries, debits and credits, and accounts of its trial balance (MONTH_TOTALS)."""
    days = {"first_days": [m.first_day for m in months], "last_days": [m.last_day for m in months]}
    return copy_out(conn, query("ledger_month_totals"), {"book": book} | days, MONTH_TOTALS)


def journal(conn: Connection, book: str, month: Month, limit: int | None = None) -> pl.DataFrame:
    """One row per entry of a month by accounting date, in the order of their numbers (JOURNAL); the first `limit`."""
    return copy_out(conn, query("ledger_journal"), _month(book, month) | {"limit": limit}, JOURNAL)


def balances_by_day(
    conn: Connection,
    book: str,
    codes: Sequence[str],
    currency: str,
    *,
    by: Literal["effective", "accounting"] = "effective",
) -> pl.DataFrame:
    """One row per account and day on which it moved in one currency (BALANCES_BY_DAY), oldest first."""
    parameters = {"book": book, "codes": list(codes), "currency": currency, "by_effective": by == "effective"}
    return copy_out(conn, query("ledger_balances_by_day"), parameters, BALANCES_BY_DAY)


def entries_about(conn: Connection, subject: str) -> pl.DataFrame:
    """One row per entry (JOURNAL) with this id or number (us-2026-000123), or caused by this record or match."""
    numbered = _NUMBER.fullmatch(subject)
    return copy_out(
        conn,
        query("ledger_entries_about"),
        {
            "subject": subject,
            "entry_id": _uuid(subject),
            "book": numbered[1] if numbered else None,
            "fiscal_year": int(numbered[2]) if numbered else None,
            "number": int(numbered[3]) if numbered else None,
        },
        JOURNAL,
    )


def _uuid(subject: str) -> UUID | None:
    try:
        return UUID(subject)
    except ValueError:
        return None


def _month(book: str, month: Month) -> dict[str, object]:
    return {"book": book, "first_day": month.first_day, "last_day": month.last_day}
