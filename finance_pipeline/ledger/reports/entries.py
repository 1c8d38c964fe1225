"""The journal as it is told: entries with what caused each, read when asked. Amounts are minor units, + debit."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import polars as pl
import psycopg

from finance_pipeline.core.period import Month
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

Connection = psycopg.Connection[tuple[Any, ...]]
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
_NUMBER = re.compile(r"([a-z0-9-]+)-(\d{4})-(\d{6,})")


def journal(conn: Connection, book: str, month: Month, limit: int | None = None) -> pl.DataFrame:
    """One row per entry of a month by accounting date, in the order of their numbers (JOURNAL); the first `limit`."""
    return copy_out(conn, query("ledger_journal"), _month(book, month) | {"limit": limit}, JOURNAL)


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
