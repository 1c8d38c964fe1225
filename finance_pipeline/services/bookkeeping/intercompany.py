"""Intercompany: what books of one group owe each other, as both say it.

Here: comparing, and what of it a month's close has to have explained. Not here: what a bank line between two books is
coded to (services.reconciliation.policies, from the settings).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from finance_pipeline.close.facts import INTERCOMPANY, TO_EXPLAIN
from finance_pipeline.core.money import format_money
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

OWED = pl.Schema(
    {
        "book": pl.String,
        "other": pl.String,
        "currency": pl.String,
        "book_minor": pl.Int64,
        "other_minor": pl.Int64,
        "under_way_minor": pl.Int64,
        "difference_minor": pl.Int64,
        "since": pl.Date,
    }
)


def owed(workspace: Workspace, month_text: str) -> pl.DataFrame:
    """One row per pair of books and currency (OWED): what each says that the other owes it (+) or is owed (-), what of
    that was under way at the month's end, and what does not cancel out: an entry that one of them lacks.
    """
    with workspace.database.transaction(role="reader") as conn:
        return _owed(conn, workspace.settings.books, Month.parse(month_text))


def to_explain(conn: Connection, books: Sequence[Book], book: Book, month: Month) -> pl.DataFrame:
    """One row per other book and currency whose word is not this book's at a month's end (TO_EXPLAIN).

    Nothing is said of them yet. Both have to explain it: each closes for itself.
    """
    if not book.intercompany:
        return TO_EXPLAIN.to_frame()
    pair = {book.id, *(other.book for other in book.intercompany)}
    apart = _owed(conn, [each for each in books if each.id in pair], month).filter(
        pl.col("difference_minor") != 0, (pl.col("book") == book.id) | (pl.col("other") == book.id)
    )
    rows = [_row(book, month, each) for each in apart.iter_rows(named=True)]
    return pl.DataFrame(rows, schema=TO_EXPLAIN)


def _row(book: Book, month: Month, apart: dict[str, Any]) -> dict[str, Any]:
    is_first = apart["book"] == book.id
    other = apart["other"] if is_first else apart["book"]
    ours, theirs = (apart[f"{side}_minor"] for side in (("book", "other") if is_first else ("other", "book")))
    currency = apart["currency"]
    said = [format_money(minor, currency) for minor in (ours, theirs, apart["under_way_minor"])]
    return {
        "subject": f"{book.id}/intercompany/{other}-{currency}",
        "kind": INTERCOMPANY,
        "account": next(each.gl_account for each in book.intercompany if each.book == other),
        "currency": currency,
        "open_minor": apart["difference_minor"],
        "since": apart["since"],
        "age_days": (month.last_day - apart["since"]).days,
        "words": f"{book.id} says {said[0]}, {other} says {said[1]}, under way {said[2]}",
        "has_cleared": False,
    }


def _owed(conn: Connection, books: Sequence[Book], month: Month) -> pl.DataFrame:
    kept = {book.id for book in books}
    pairs = [(book.id, each.book, each.gl_account) for book in books for each in book.intercompany if each.book in kept]
    parameters = {
        "books": [book for book, _, _ in pairs],
        "others": [other for _, other, _ in pairs],
        "codes": [code for _, _, code in pairs],
        "last_day": month.last_day,
    }
    return copy_out(conn, query("intercompany"), parameters, OWED)
