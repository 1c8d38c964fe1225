"""Reading current canonical records as frames."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl
from psycopg import sql

from finance_pipeline.canonical import schemas
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.core.tables import Table
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services import opened_books
from finance_pipeline.store.copy import copy_out

BEFORE_ANY, AFTER_ALL = "0000-00", "9999-12"
"""Month texts that sort before and after every month."""


def first_and_last(book: Book, month: Month) -> tuple[str, str]:
    """Month texts that a month covers; a book's first month takes in everything older."""
    return (BEFORE_ANY if month <= book.first_month else str(month)), str(month)


def first_day(book: Book, month: Month) -> date:
    """First day that a month covers; a book's first month takes in everything older."""
    return date.min if month <= book.first_month else month.first_day


def current(conn: Connection, table: Table, book: str, first: str, last: str, ids: Sequence[str] = ()) -> pl.DataFrame:
    """Current versions of a book's records in some months, or named by id; tombstones included.

    Of a book with a signed opening, what is older than its first day is what the opening lists.
    """
    statement = sql.SQL(
        """
        select {columns} from canonical.{current}
        where (book = {book} and month between {first} and {last}) or record_id = any({ids})
        order by record_id
        """
    ).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, table.names)),
        current=sql.Identifier(f"{table.name}_current"),
        book=book,
        first=first,
        last=last,
        ids=list(ids),
    )
    found = copy_out(conn, statement, None, table.schema)
    return opened_books.seen_by(conn, table, book, first, last, ids, found)


def rates(conn: Connection) -> pl.DataFrame:
    """Every published reference rate (schemas.FX_RATES)."""
    return copy_out(
        conn,
        "select rate_on, currency, per_eur, source, content_hash from canonical.fx_rate",
        None,
        schemas.FX_RATES.schema,
    )
