"""Months that are closed and signed: which they are, and which of their records are not what was signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl
from psycopg import sql

from finance_pipeline.close import differences as close
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.core.tables import Table
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services import records
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_VERSIONS = pl.Schema(
    {"record_id": pl.String, "counted_version": pl.Int32, "version": pl.Int32, "signed_in": pl.String}
)
_DECIDED = pl.Schema(
    {
        "table_name": pl.String(),
        "record_id": pl.String(),
        "version": pl.Int32(),
        "verdict": pl.String(),
        "actor": pl.String(),
        "reason": pl.String(),
        "decided_at": pl.Datetime("us", "UTC"),
        "proposed_by": pl.String(),
    }
)


@dataclass(frozen=True)
class HeldMonth:
    """A month that is closed, and signed as it is."""

    book: Book
    month: Month
    signature_id: str
    signed_at: datetime
    seal_position: int
    """Where the ledger's chain ended."""

    def seen(self, *, newest: bool = False) -> records.AsSigned:
        """How its records are read as they were signed, or as they are known now."""
        first, last = records.first_and_last(self.book, self.month)
        return records.AsSigned(self.book.id, first, last, self.signature_id, self.signed_at, newest)


def held_months(conn: Connection, book: Book) -> dict[Month, HeldMonth]:
    """The months of a book that are closed and signed, in order."""
    rows = conn.execute(
        "select month, signature_id, signed_at, seal_position from close.held_month where book = %s order by month",
        (book.id,),
    ).fetchall()
    return {Month.parse(row[0]): HeldMonth(book, Month.parse(row[0]), *row[1:]) for row in rows}


def causes_of(conn: Connection, held: HeldMonth) -> pl.DataFrame:
    """Records of a closed month that are not what was signed (close.CAUSES), each with how it stands.

    More columns: difference_id, book, month, status, actor, reason, decided_at, proposed_by. A record that moved from
    one closed month to another is one difference, of the month that signed it, and is in the reports of both.
    """
    rates = records.rates(conn)
    book, month = held.book.id, str(held.month)
    found = close.of_every_kind([_of_kind(conn, held, table, rates) for table in records.HELD.values()])
    identity = [pl.col("signed_in").fill_null(month), *map(pl.col, ("table_name", "record_id", "version"))]
    ids = [close.difference_id(book, *row) for row in found.select(identity).rows()]
    decided = copy_out(conn, query("difference_decisions"), {"book": book}, _DECIDED)
    both = found.with_columns(
        pl.Series("difference_id", ids, dtype=pl.String), book=pl.lit(book), month=pl.lit(month)
    ).join(decided, on=["table_name", "record_id", "version"], how="left", maintain_order="left")
    status = pl.col("verdict").replace_strict(close.STATUS_OF, default=close.WAITING, return_dtype=pl.String)
    return both.with_columns(status=status).drop("verdict", "signed_in")


def _of_kind(conn: Connection, held: HeldMonth, table: Table, rates: pl.DataFrame) -> pl.DataFrame:
    seen = held.seen()
    statement = sql.SQL(query("difference_versions")).format(
        table=sql.Identifier("canonical", table.name),
        current=sql.Identifier("canonical", f"{table.name}_current"),
        table_name=table.name,
    )
    parameters = {"signature": held.signature_id, "book": held.book.id, "first": seen.first, "last": seen.last}
    versions = copy_out(conn, statement, parameters, _VERSIONS)
    newest = records.versions(conn, table, versions)
    counted = records.versions(conn, table, versions.filter(pl.col("counted_version").is_not_null()), "counted_version")
    return close.causes(table, counted, newest, versions, rates, held.book)
