"""What people ask for: frames of what was published, read as the read-only role. Nothing here computes."""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.services import tables
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_MOMENT = pl.Datetime("us", "UTC")
CONNECTIONS = pl.Schema(
    {
        "connection_id": pl.String(),
        "source": pl.String(),
        "outcome": pl.String(),
        "words": pl.String(),
        "ended_at": _MOMENT,
        "read_at": _MOMENT,
        "dead_letters": pl.Int64(),
    }
)
MONTH_LINES = pl.Schema(
    {"book": pl.String(), "month": pl.String()}
    | dict.fromkeys(("lines", "bank_lines", *(f"tier_{tier}" for tier in range(7)), "unmatched"), pl.Int64())
)
EXCEPTIONS = pl.Schema({**tables.EXCEPTIONS.schema, "text": pl.String()})
REASONS = pl.Schema({"book": pl.String(), "month": pl.String(), "reason": pl.String(), "lines": pl.Int64()})
TIE_OUT_SUMMARY = pl.Schema(
    {
        "book": pl.String(),
        "month": pl.String(),
        "name": pl.String(),
        "compared": pl.Int64(),
        "equal": pl.Int64(),
        "largest_difference_minor": pl.Int64(),
    }
)


def _read(workspace: Workspace, name: str, schema: pl.Schema, **parameters: object) -> pl.DataFrame:
    with workspace.database.transaction(role="reader") as conn:
        return copy_out(conn, query(name), parameters or None, schema)


def connections(workspace: Workspace) -> pl.DataFrame:
    """One row per connection that was ever pulled (CONNECTIONS)."""
    return _read(workspace, "status_connections", CONNECTIONS)


def month_lines(workspace: Workspace, book: str | None = None) -> pl.DataFrame:
    """One row per book-month: lines, and how many stand matched by tier (MONTH_LINES)."""
    return _read(workspace, "month_lines", MONTH_LINES, book=book)


def exceptions(workspace: Workspace, book: str | None = None, month: str | None = None) -> pl.DataFrame:
    """One row per line that a person has to look at (EXCEPTIONS), with the text that came with it."""
    _check(workspace, book, month)
    found = _read(workspace, "exceptions", EXCEPTIONS, book=book, month=month)
    return found.sort("book", "booked_on", "line_id")


def exceptions_by_reason(workspace: Workspace, book: str | None = None) -> pl.DataFrame:
    """One row per book, month of booking and reason (REASONS)."""
    return _read(workspace, "exceptions_by_reason", REASONS, book=book)


def tie_outs(workspace: Workspace, book: str | None = None, month: str | None = None) -> pl.DataFrame:
    """One row per two figures that must be equal (tables.TIE_OUTS)."""
    _check(workspace, book, month)
    return _read(workspace, "tie_outs", tables.TIE_OUTS.schema, book=book, month=month)


def tie_out_summary(workspace: Workspace, book: str | None = None) -> pl.DataFrame:
    """One row per book, month and rule (TIE_OUT_SUMMARY)."""
    return _read(workspace, "tie_out_summary", TIE_OUT_SUMMARY, book=book)


def cash_position(workspace: Workspace, book: str | None = None, month: str | None = None) -> pl.DataFrame:
    """One row per account, in the latest month computed or the one asked for (tables.CASH_POSITION)."""
    _check(workspace, book, month)
    return _read(workspace, "cash_position", tables.CASH_POSITION.schema, book=book, month=month)


def cash_history(workspace: Workspace, book: str | None = None) -> pl.DataFrame:
    """One row per account and month computed (tables.CASH_POSITION)."""
    return _read(workspace, "cash_history", tables.CASH_POSITION.schema, book=book)


def _check(workspace: Workspace, book: str | None, month: str | None) -> None:
    """Refuse an unknown book or a text that is no month, rather than answer with nothing."""
    if book is not None:
        workspace.settings.book(book)
    if month is not None:
        Month.parse(month)
