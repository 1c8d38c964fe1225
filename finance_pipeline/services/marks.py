"""Marks: what a stage's result of a book-month was computed from, so that unchanged work is not done again."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg

from finance_pipeline.core.identity import digest
from finance_pipeline.core.period import Month
from finance_pipeline.services.bookkeeping import second_documents
from finance_pipeline.store.sql import query

Connection = psycopg.Connection[tuple[Any, ...]]


def mark_of(conn: Connection, book: str, month: Month, stage: str) -> str | None:
    """Digest that a stage last noted for a book-month; None before its first result."""
    row = conn.execute(
        "select digest from ops.stage_mark where book = %s and month = %s and stage = %s", (book, str(month), stage)
    ).fetchone()
    return row[0] if row else None


def set_mark(conn: Connection, book: str, month: Month, stage: str, value: str) -> None:
    """Note a result's digest, in the transaction that publishes the result."""
    conn.execute(
        """
        insert into ops.stage_mark (book, month, stage, digest) values (%s, %s, %s, %s)
        on conflict (book, month, stage) do update set digest = excluded.digest, marked_at = clock_timestamp()
        """,
        (book, str(month), stage, value),
    )


def canonical_digest(conn: Connection, book: str, first: str, last: str) -> str:
    """Digest of which canonical versions are current in the months first to last of a book, of which closed months
    hold back, and of which documents wait for a second person."""
    rows = conn.execute(query("canonical_marks"), {"book": book, "first": first, "last": last}).fetchall()
    held_back = conn.execute("select * from close.withheld(%s)", (book,)).fetchall()
    waiting = second_documents.held(conn, book)
    return digest(*(part for row in (*rows, *held_back) for part in row), *waiting)


def standing_digest(conn: Connection, book: str, month: Month, first_day: date) -> str:
    """Digest of which matches stand that post to a book-month. first_day: of the month, or long ago for the first."""
    parameters = {"book": book, "month": str(month), "first_day": first_day, "last_day": month.last_day}
    row = conn.execute(query("standing_marks"), parameters).fetchone()
    return digest(*(row or ()))


def marks_up_to(conn: Connection, book: str, month: Month, stage: str) -> str:
    """Digest of what a stage last noted for all months of a book up to one: what its balances rest on."""
    rows = conn.execute(
        "select month, digest from ops.stage_mark where book = %s and month <= %s and stage = %s order by month",
        (book, str(month), stage),
    ).fetchall()
    return digest(*(part for row in rows for part in row))


def closing_digest(conn: Connection, book: str, month: Month) -> str:
    """Digest of what a book-month closed with: what the next one starts from. Empty before it was folded."""
    row = conn.execute(
        "select closing_digest from recon.month where book = %s and month = %s", (book, str(month))
    ).fetchone()
    return row[0] if row else ""


def rates_digest(conn: Connection, month: Month) -> str:
    """Digest of which reference rates are published up to the end of a month; what it did may use no later one."""
    row = conn.execute(
        "select count(*), coalesce(max(recorded_seq), 0) from canonical.fx_rate where rate_on <= %s", (month.last_day,)
    ).fetchone()
    return digest(*(row or ()))
