"""What a report is asked for: a day, by which date, and what was known when.

Here: how a moment becomes a place in the ledger's chain. Not here: how a person writes a day or a moment (services).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import polars as pl
import psycopg

from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

Connection = psycopg.Connection[tuple[Any, ...]]
By = Literal["accounting", "effective"]
_FRESHNESS = pl.Schema({"connection_id": pl.String(), "read_at": pl.Datetime("us", "UTC")})


@dataclass(frozen=True)
class Known:
    """What had been recorded of a book at a moment."""

    at: datetime
    """The moment, in UTC. Versions of records, matches and reads count if they were recorded by then."""
    position: int
    """Place in the chain of the last sealed batch by then that holds entries of the book; 0: none yet."""
    sealed_at: datetime | None
    """Recorded time of that batch."""
    link: str | None
    """Its link in the chain, in hexadecimal."""


@dataclass(frozen=True)
class Asked:
    """One question to a book."""

    book: str
    as_of: date
    """Last day that counts, in the book's time zone."""
    by: By
    known: Known

    @property
    def parameters(self) -> dict[str, object]:
        """As the queries report_*.sql read it."""
        return {
            "book": self.book,
            "as_of": self.as_of,
            "by_effective": self.by == "effective",
            "position": self.known.position,
            "known_at": self.known.at,
        }


def known(conn: Connection, book: str, at: datetime) -> Known:
    """What had been recorded of a book at a moment.

    Whatever writes to a book holds the book's lock until it has committed. So the answer is final once nobody who began
    before that moment holds the lock: the caller sees to that.
    """
    row = conn.execute(query("report_known"), {"book": book, "known_at": at}).fetchone()
    return Known(at, *row) if row else Known(at, 0, None, None)


def freshness(conn: Connection, book: str, at: datetime) -> pl.DataFrame:
    """One row per connection that the book's records came from: connection_id, read_at (null: never), oldest first."""
    return copy_out(conn, query("report_freshness"), {"book": book, "known_at": at}, _FRESHNESS)
