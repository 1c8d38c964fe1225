"""Intercompany: what books of one group owe each other, as both say it.

Here: comparing, and what of it a month's close has to have explained. Not here: what a bank line between two books is
coded to (services.reconciliation.policies, from the settings).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from finance_pipeline.close.facts import INTERCOMPANY, OF_GROUP, TO_EXPLAIN
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

_ALL_SEALED = 2**62
"""A position that no chain reaches."""


def owed(workspace: Workspace, month_text: str) -> pl.DataFrame:
    """One row per pair of books and currency (OWED): what each says that the other owes it (+) or is owed (-), what of
    that was under way at the month's end, and what does not cancel out: an entry that one of them lacks.
    """
    with workspace.database.transaction(role="reader") as conn:
        return _owed(conn, workspace.settings.books, Month.parse(month_text))


def said_of(
    conn: Connection, books: Sequence[Book], book: Book, month: Month, position: int | None = None
) -> pl.DataFrame:
    """One row per other book of the group and currency: OF_GROUP, as one book sees it; of all that is sealed, or up
    to a position of the chain.
    """
    if not book.intercompany:
        return pl.DataFrame(schema=OF_GROUP)
    pair = {book.id, *(other.book for other in book.intercompany)}
    found = _owed(conn, [each for each in books if each.id in pair], month, position)
    is_first = pl.col("book") == book.id
    codes = {other.book: other.gl_account for other in book.intercompany}
    oriented = found.filter(is_first | (pl.col("other") == book.id)).with_columns(
        other=pl.when(is_first).then("other").otherwise("book"),
        ours_minor=pl.when(is_first).then("book_minor").otherwise("other_minor"),
        theirs_minor=pl.when(is_first).then("other_minor").otherwise("book_minor"),
    )
    return oriented.with_columns(
        subject=pl.format(f"{book.id}/intercompany/{{}}-{{}}", "other", "currency"),
        account=pl.col("other").replace_strict(codes, return_dtype=pl.String),
    ).select(OF_GROUP.names())


def to_explain(conn: Connection, books: Sequence[Book], book: Book, month: Month) -> pl.DataFrame:
    """One row per other book and currency whose word is not this book's at a month's end (TO_EXPLAIN).

    Nothing is said of them yet. Both have to explain it: each closes for itself.
    """
    apart = said_of(conn, books, book, month).filter(pl.col("difference_minor") != 0)
    rows = [_row(book, month, each) for each in apart.iter_rows(named=True)]
    return pl.DataFrame(rows, schema=TO_EXPLAIN)


def _row(book: Book, month: Month, apart: dict[str, Any]) -> dict[str, Any]:
    currency, other = apart["currency"], apart["other"]
    names = ("ours_minor", "theirs_minor", "under_way_minor")
    said = [format_money(apart[name], currency) for name in names]
    return {
        **{name: apart[name] for name in ("subject", "account", "currency", "since")},
        "kind": INTERCOMPANY,
        "open_minor": apart["difference_minor"],
        "age_days": (month.last_day - apart["since"]).days,
        "words": f"{book.id} says {said[0]}, {other} says {said[1]}, under way {said[2]}",
        "has_cleared": False,
    }


def _owed(conn: Connection, books: Sequence[Book], month: Month, position: int | None = None) -> pl.DataFrame:
    kept = {book.id for book in books}
    pairs = [(book.id, each.book, each.gl_account) for book in books for each in book.intercompany if each.book in kept]
    parameters = {
        "books": [book for book, _, _ in pairs],
        "others": [other for _, other, _ in pairs],
        "codes": [code for _, _, code in pairs],
        "last_day": month.last_day,
        "position": _ALL_SEALED if position is None else position,
    }
    return copy_out(conn, query("intercompany"), parameters, OWED)
