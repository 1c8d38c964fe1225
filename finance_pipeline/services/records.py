"""Reading canonical records as frames: as they count, or as a closed month's sign-off saw them.

A record counts in its newest version, but for those that a closed month holds back (close.withheld).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from psycopg import sql

from finance_pipeline.canonical import schemas
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.core.tables import Table
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services.bookkeeping import opened_books, second_documents
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

BEFORE_ANY, AFTER_ALL = "0000-00", "9999-12"
"""Month texts that sort before and after every month."""
HELD = {table.name: table for table in (schemas.BANK_TRANSACTIONS, schemas.INVOICES, schemas.PAYMENTS)}
"""What a closed month holds as it was signed. What a bank states, and who a party is, is always the newest."""
NOW = "infinity"
"""The moment as at which everything counts that is known."""
WITHHELD = pl.Schema(
    {
        "table_name": pl.String,
        "record_id": pl.String,
        "version": pl.Int32,
        "month": pl.String,
        "counted_version": pl.Int32,
        "counted_month": pl.String,
    }
)

_rates_read: dict[tuple[object, ...], pl.DataFrame] = {}
"""The rates as this process read them last, by database, count and last number."""


@dataclass(frozen=True)
class AsSigned:
    """How a closed month is computed again: every record as it counted at the sign-off."""

    book: str
    first: str
    last: str
    """Month texts that it covers."""
    signature_id: str
    signed_at: datetime
    newest: bool = False
    """The month's own records as they are known now instead, whether they were let in or not."""


@dataclass(frozen=True)
class AsCounted:
    """How records are read as they count, where several kinds are: what closed months hold back is asked once."""

    withheld: pl.DataFrame
    """WITHHELD."""
    documents_held: Sequence[str] = ()
    """Suppliers' second documents of one number that nobody let count."""


Seen = AsSigned | AsCounted


def first_and_last(book: Book, month: Month) -> tuple[str, str]:
    """Month texts that a month covers; a book's first month takes in everything older."""
    return (BEFORE_ANY if month <= book.first_month else str(month)), str(month)


def first_day(book: Book, month: Month) -> date:
    """First day that a month covers; a book's first month takes in everything older."""
    return date.min if month <= book.first_month else month.first_day


def current(
    conn: Connection,
    table: Table,
    book: str,
    first: str,
    last: str,
    ids: Sequence[str] = (),
    seen: Seen | None = None,
) -> pl.DataFrame:
    """Versions that count of a book's records in some months, or named by id; tombstones included.

    seen: of a closed month what its sign-off saw, instead of what counts now; or what counts, where that was asked
    before. Of a book with a signed opening, what is older than its first day is what the opening lists.
    """
    parameters = {"book": book, "first": first, "last": last, "ids": list(ids)}
    if table.name in HELD and isinstance(seen, AsSigned):
        found = _as_signed(conn, table, parameters, seen)
        if table.name == schemas.INVOICES.name:
            found = _without(found, _not_counting(conn, seen))
    else:
        found = copy_out(conn, _of(table, "records_current"), parameters, table.schema)
        if table.name in HELD:
            counted = seen if isinstance(seen, AsCounted) else as_counted(conn, book)
            found = _as_counted(conn, table, parameters, found, counted)
    return opened_books.seen_by(conn, table, book, first, last, ids, found)


def _as_signed(conn: Connection, table: Table, parameters: dict[str, Any], seen: AsSigned) -> pl.DataFrame:
    moment = {"signature": seen.signature_id, "signed_at": seen.signed_at, "newest": seen.newest}
    months = {"signed_first": seen.first, "signed_last": seen.last}
    return copy_out(conn, _of(table, "records_as_signed"), parameters | moment | months, table.schema)


def as_counted(conn: Connection, book: str) -> AsCounted:
    """How a book's records are read as they count now."""
    return AsCounted(withheld(conn, book), second_documents.held(conn, book))


def _as_counted(
    conn: Connection, table: Table, parameters: dict[str, Any], newest: pl.DataFrame, seen: AsCounted
) -> pl.DataFrame:
    """The newest versions, but for those that a closed month holds back and documents that wait for a second person."""
    held_back = seen.withheld.filter(pl.col("table_name") == table.name)
    if table.name == schemas.INVOICES.name:
        newest = _without(newest, seen.documents_held)
    if held_back.is_empty():
        return newest
    in_months = pl.col("counted_month").is_between(pl.lit(parameters["first"]), pl.lit(parameters["last"]))
    known = held_back.filter(
        in_months | pl.col("record_id").is_in(parameters["ids"]), pl.col("counted_version").is_not_null()
    )
    counted = versions(conn, table, known, "counted_version")
    return pl.concat([newest.join(held_back, on="record_id", how="anti"), counted]).sort("record_id")


def _not_counting(conn: Connection, seen: AsSigned) -> list[str]:
    """Second documents that did not count at a sign-off, or do not now. While one waits no month of it is signed."""
    if seen.newest:
        return second_documents.held(conn, seen.book)
    return second_documents.refused_by(conn, seen.book, seen.signed_at)


def _without(found: pl.DataFrame, ids: Sequence[str]) -> pl.DataFrame:
    return found.filter(~pl.col("record_id").is_in(list(ids))) if ids else found


def versions(conn: Connection, table: Table, wanted: pl.DataFrame, version: str = "version") -> pl.DataFrame:
    """Some versions of records (record_id and the column that says which)."""
    parameters = {"ids": wanted["record_id"].to_list(), "versions": wanted[version].to_list()}
    return copy_out(conn, _of(table, "records_by_version"), parameters, table.schema)


def withheld(conn: Connection, book: str) -> pl.DataFrame:
    """Records whose newest version does not count, because a closed month holds it back (WITHHELD)."""
    return copy_out(conn, "select * from close.withheld(%(book)s)", {"book": book}, WITHHELD)


def rates(conn: Connection) -> pl.DataFrame:
    """Every published reference rate (schemas.FX_RATES).

    A process asks for them several times a month of each book, and they are never changed: they are read again when
    there are more. How many there are and the last number of them is also what a month's digest takes them for.
    """
    found = conn.execute("select count(*), coalesce(max(recorded_seq), 0) from canonical.fx_rate").fetchone()
    known = (conn.info.host, conn.info.port, conn.info.dbname, found)
    frame = _rates_read.get(known)
    if frame is None:
        frame = copy_out(
            conn,
            "select rate_on, currency, per_eur, source, content_hash from canonical.fx_rate",
            None,
            schemas.FX_RATES.schema,
        )
        _rates_read.clear()
        _rates_read[known] = frame
    return frame


def _of(table: Table, name: str) -> sql.Composed:
    """A query over one canonical table: its columns, itself, and the view of its newest versions."""
    return sql.SQL(query(name)).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, table.names)),
        table=sql.Identifier("canonical", table.name),
        current=sql.Identifier("canonical", f"{table.name}_current"),
        table_name=table.name,
    )
